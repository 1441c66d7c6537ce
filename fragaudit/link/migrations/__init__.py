"""Migrations written in Python: what they do to the schema, in the order in which they run."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from fragaudit.link.migrations.alembic import Alembic
from fragaudit.link.migrations.django import DjangoMigrations
from fragaudit.link.migrations.scripted import Piccolo, Yoyo
from fragaudit.link.migrations.steps import History, Step
from fragaudit.link.orm import Mapping
from fragaudit.link.orm.django_state import UNMANAGED
from fragaudit.link.schema.order import MIGRATIONS, MODELS
from fragaudit.model.locations import Location
from fragaudit.model.schema import CreateTable
from fragaudit.model.statements import Read, Sited, Written

__all__ = ["History", "Step", "histories", "migrated", "modelled"]

ReadSql = Callable[[Step], Sequence[tuple[Written, Read]]]


def histories(mapping: Mapping) -> tuple[History, ...]:
    """Return every series of migrations of a repository; mark `(n, n)` of a change is place n of the mapping's."""
    found = [*Alembic(mapping).all(), *DjangoMigrations(mapping.reader, mapping.django).all()]
    return (*found, *Yoyo(mapping).all(), *Piccolo(mapping).all())


def migrated(found: Sequence[History], places: tuple[Location, ...], read: ReadSql) -> tuple[Sited, ...]:
    """Return the changes of migrations with their place in the order of things; `read` gives what SQL says."""
    made: list[Sited] = []
    for history in found:
        for number, step in enumerate(history.steps):
            order = (MIGRATIONS, history.folder, 0, f"{number:020d}")
            if step.change is not None:
                made.append(Sited(step.change, _origin(step.path, step.at, places), "migration", order))
                continue
            for written, one in read(step):
                made.extend(Sited(change, written, "migration", order) for change in one.changes)
    return tuple(made)


def modelled(mapping: Mapping, found: Sequence[History]) -> tuple[Sited, ...]:
    """Return the tables of models as changes; what migrations say whole has no unknown part, whatever a model's is."""
    made: list[Sited] = []
    places = mapping.places.all
    whole = {name for history in found if history.framework == "django" for name in history.whole}
    for number, model in enumerate(mapping.defining):
        order = (MODELS, f"{number:020d}")
        table = model.table
        if table.opaque and table.name.lower() in whole and table.opaque != UNMANAGED:
            table = replace(table, opaque="")
        made.append(Sited(CreateTable(table), _origin(model.at.path, model.at, places), "model", order))
    return tuple(made)


def _origin(path: str, at: Location, places: tuple[Location, ...]) -> Written:
    """Return what stands for a text where there is none."""
    return Written("", path, at, (), places=places)
