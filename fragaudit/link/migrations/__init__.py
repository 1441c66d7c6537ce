"""Migrations written in Python: what they do to the schema, in the order in which they run."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fragaudit.link.evaluate import Evaluator
from fragaudit.link.migrations.alembic import Alembic
from fragaudit.link.migrations.steps import History, Step
from fragaudit.link.orm.alchemy_table import TableReader
from fragaudit.link.orm.core import Model, Places
from fragaudit.link.orm.reader import Reader
from fragaudit.model.locations import Location
from fragaudit.model.schema import Change
from fragaudit.model.statements import Read, Sited, Written

__all__ = ["History", "Step", "histories", "sited"]

MIGRATIONS, MODELS = 1, 2
"""Where they stand in the order of things: after plain files, models last, as they say what is meant to be there."""


def histories(reader: Reader, places: Places, models: Sequence[Model]) -> tuple[History, ...]:
    """Return every series of migrations of a repository; mark `(n, n)` of their changes is place n of `places`."""
    return tuple(Alembic(reader, TableReader(reader, places), tuple(models)).all())


def sited(
    found: Sequence[History], places: tuple[Location, ...], read: Callable[[Step], Sequence[tuple[Written, Read]]]
) -> tuple[Sited, ...]:
    """Return the changes of migrations with their place in the order of things.

    `read` gives what a text of SQL says.
    """
    made: list[Sited] = []
    for history in found:
        for number, step in enumerate(history.steps):
            order = (MIGRATIONS, history.folder, 0, f"{number:020d}")
            if step.change is not None:
                made.append(Sited(step.change, origin(step.path, step.at, places), "migration", order))
                continue
            for written, one in read(step):
                made.extend(Sited(change, written, "migration", order) for change in one.changes)
    return tuple(made)


def modelled(models: Sequence[Model], places: tuple[Location, ...]) -> tuple[Sited, ...]:
    """Return the tables of models as changes."""
    from fragaudit.model.schema import CreateTable

    made: list[Sited] = []
    for number, model in enumerate(models):
        if model.framework in ("sqlalchemy-single", "django-proxy"):
            continue
        order = (MODELS, f"{number:020d}")
        made.append(Sited(CreateTable(model.table), origin(model.at.path, model.at, places), "model", order))
        made.extend(Sited(change, origin(model.at.path, model.at, places), "model", order) for change in model.extra)
    return tuple(made)


def origin(path: str, at: Location, places: tuple[Location, ...]) -> Written:
    """Return what stands for a text where there is none."""
    return Written("", path, at, (), places=places)


def _changes(steps: Sequence[Step]) -> list[Change]:
    return [step.change for step in steps if step.change is not None]


__all__ += ["Evaluator", "modelled"]
