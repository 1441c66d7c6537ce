"""What Python says of the schema: models, and migrations in the order in which they run, SQL inside them included."""

from __future__ import annotations

from collections.abc import Mapping as Dictionary
from collections.abc import Sequence

import msgspec

from fragaudit.link.migrations import History, Step, histories, migrated, modelled
from fragaudit.link.orm import Mapping, Model
from fragaudit.model.locations import Location
from fragaudit.model.statements import Read, Sited, Written


class Defined(msgspec.Struct, frozen=True):
    """Models and migrations of a repository, before their SQL is read.

    `texts` are the statements of SQL that migrations run.
    """

    models: tuple[Model, ...] = ()
    histories: tuple[History, ...] = ()
    places: tuple[Location, ...] = ()
    modelled: tuple[Sited, ...] = ()
    texts: tuple[Written, ...] = ()

    @property
    def files(self) -> frozenset[str]:
        """The migrations that are run here; what else is found of SQL in them is no change of the schema."""
        return frozenset(path for history in self.histories for path in history.files)

    @property
    def carriers(self) -> tuple[Written, ...]:
        """The texts, and an empty one for each path with changes: what a dialect is decided for."""
        paths = sorted({*(m.at.path for m in self.models), *(s.path for h in self.histories for s in h.steps)})
        return (*self.texts, *(Written("", path, Location(path), ()) for path in paths))

    def changes(self, carried: Sequence[Written], read: Sequence[tuple[Written, Sequence[Read]]]) -> tuple[Sited, ...]:
        """Return all changes in order, given the carriers' texts with their dialects, and what they say."""
        dialects: dict[str, str] = {written.path: written.dialect for written in carried}
        said: dict[tuple[str, Location, str], list[tuple[Written, Read]]] = {}
        for written, reads in read:
            said.setdefault((written.path, written.at, written.text), [(written, one) for one in reads])

        def sql(step: Step) -> Sequence[tuple[Written, Read]]:
            return said.get((step.path, step.at, step.sql), ())

        found = (*migrated(self.histories, self.places, sql), *self.modelled)
        return tuple(_spoken(sited, dialects) for sited in found)


def defined(mapping: Mapping) -> Defined:
    """Return what the Python files of a repository define."""
    found = histories(mapping)
    texts = tuple(
        Written(step.sql, step.path, step.at, (), kind="script", maintenance="it is part of a migration")
        for history in found
        for step in history.steps
        if step.sql
    )
    distinct = tuple({(t.path, t.at, t.text): t for t in texts}.values())
    return Defined(mapping.defining, found, mapping.places.all, modelled(mapping, found), distinct)


def _spoken(sited: Sited, dialects: Dictionary[str, str]) -> Sited:
    dialect = sited.origin.dialect or dialects.get(sited.origin.path, "")
    if dialect == sited.origin.dialect:
        return sited
    return msgspec.structs.replace(sited, origin=msgspec.structs.replace(sited.origin, dialect=dialect))
