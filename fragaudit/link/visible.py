"""Which tables of a repository are those of which service, where SQL files of no service define some."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fragaudit.link.schema.apart import Schemas
from fragaudit.model.schema import Table, bare
from fragaudit.model.stores import Kind, Service, TableOrigin


def visible_tables(
    services: Sequence[Service],
    paths: Sequence[frozenset[str]],
    counted: Mapping[str, int],
    schemas: Schemas,
    named: Sequence[Sequence[tuple[str, str]]],
) -> list[tuple[Table, ...]]:
    """Return the tables that each service defines or uses; `named` are those that its statements name, in which file.

    What stands in SQL files of no service is of those that use it; of what nobody does, of all that have a database.
    """
    keeping = [any(store.kind in (Kind.RELATIONAL, Kind.DOCUMENT) for store in s.stores) for s in services]
    found = []
    used = [
        {
            id(t)
            for name, path in dict.fromkeys(names)
            if (path.endswith(".py") or counted[path] == 1) and (t := schemas.of(number).table(name)) is not None
        }
        for number, names in enumerate(named)
    ]
    by_anyone = set[int]().union(*used)
    for number, own in enumerate(paths):
        keeps = keeping[number] or not any(keeping)

        def defines(table: Table, own: frozenset[str] = own, keeps: bool = keeps) -> bool:
            here = [at.path for at in table.defined_at if at.path in own]
            sure = any(path.endswith(".py") or counted[path] == 1 for path in here)
            return sure or (bool(here) and keeps and id(table) not in by_anyone)

        found.append(tuple(t for t in schemas.of(number).tables if id(t) in used[number] or defines(t)))
    return found


def visible_origins(
    origins: Sequence[TableOrigin], visible: Sequence[Table], counted: Mapping[str, int]
) -> tuple[TableOrigin, ...]:
    """Return where the tables of a service are defined: not those in SQL files of no service that others use."""
    known = {bare(table.name) for table in visible}
    return tuple(
        o for o in origins if o.at.path.endswith(".py") or counted[o.at.path] == 1 or bare(o.name) in known
    )  # fmt: skip
