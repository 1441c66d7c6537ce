"""Documents to services: which of the tables that a service asks are documented, and whether what is said is true."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import msgspec

from fragaudit.link.asking import Places
from fragaudit.link.servings import Servings
from fragaudit.model.accesses import Access
from fragaudit.model.asides import run_by_migration
from fragaudit.model.documents import Claim, Documentation, Documented, Section, Serving, Undocumented, Untrue
from fragaudit.model.locations import Location
from fragaudit.model.schema import Index, Table, bare
from fragaudit.model.stores import Service

_JUDGED = ("covered", "partial", "uncovered")
Beside = Callable[[Table], Location | None]
"""Returns where a comment in the code speaks of a table's indexes, if one does."""


def documented(
    services: Sequence[Service],
    tables: Sequence[Table],
    sections: Sequence[Section],
    comments: Sequence[Serving],
    beside: Beside,
    places: Places,
) -> tuple[Service, ...]:
    """Return the services with what is documented of their indexes.

    Args:
        services: the services, with their tables and accesses.
        tables: all tables of the repository.
        sections: the sections on indexes of all its documents.
        comments: what comments on indexes say that these are for.
        beside: looks for a comment beside the definition of a table; asked only where no section names the table.
        places: finds the functions and files that a section names.
    """
    names = _names(tables)
    # Where anything of the schema is unknown, an index that was not found may still be there.
    complete = not any(t.silent for t in tables) and not any(s.unparsed for s in services)
    roots = [s.root for s in services]
    servings = Servings(tables, _by_table(services), places)
    beliefs = [wrong for serving in comments for wrong in servings.untrue(serving)]
    unserved = {s: [wrong for serving in s.servings for wrong in servings.untrue(serving)] for s in sections}
    found = []
    for service in services:
        own = [s for s in sections if _speaks_to(s.at.path, service.root, roots)]
        said: list[Documented] = []
        left: list[Undocumented] = []
        for table in asked(service):
            section = next((s for s in own if _names_table(s, table)), None)
            at = section.at if section is not None else beside(table)
            if at is None:
                left.append(Undocumented(_where(table), table.name))
            else:
                said.append(Documented(table.name, "section" if section is not None else "comment", at))
        untrue = [wrong for s in own for c in s.claims if (wrong := _untrue(c, names, complete and _about(s, tables)))]
        untrue += [wrong for s in own for wrong in unserved[s]]
        untrue += [wrong for wrong in beliefs if _speaks_to(wrong.at.path, service.root, roots)]
        told = Documentation(tuple(said), tuple(sorted(left)), tuple(sorted(set(untrue), key=_order)))
        found.append(msgspec.structs.replace(service, documentation=told))
    return _each_once(found)


def _by_table(services: Sequence[Service]) -> dict[str, list[Access]]:
    found: dict[str, dict[Access, None]] = {}
    for service in services:
        for access in service.accesses:
            found.setdefault(access.table, {})[access] = None
    return {table: list(own) for table, own in found.items()}


def _order(wrong: Untrue) -> tuple[Location, str, str, tuple[str, ...]]:
    return wrong.at, wrong.index, wrong.serves, wrong.says


def _where(table: Table) -> Location:
    """Return where a table is defined: by a model or schema file rather than by a migration, which nobody edits."""
    return min(table.defined_at, key=lambda at: run_by_migration(at.path))


def asked(service: Service) -> list[Table]:
    """Return the tables with access patterns that indexes could serve, sorted by name."""
    judged = {a.table for a in service.accesses if a.verdict in _JUDGED}
    return [t for t in service.schema if t.name in judged and t.defined_at and not t.temporary and t.view is None]


def _each_once(services: Sequence[Service]) -> tuple[Service, ...]:
    """Say of a document of several services only once what isn't true."""
    told: set[Untrue] = set()
    found = []
    for service in services:
        fresh = tuple(u for u in service.documentation.untrue if u not in told)
        told.update(fresh)
        found.append(
            msgspec.structs.replace(service, documentation=msgspec.structs.replace(service.documentation, untrue=fresh))
        )
    return tuple(found)


def _speaks_to(path: str, root: str, roots: Sequence[str]) -> bool:
    """Say whether a document is about a service: it is in no folder of another one alone."""
    return all(_inside(root, other) or not _inside(path, other) for other in roots)


def _inside(path: str, folder: str) -> bool:
    return folder in ("", ".") or path == folder or path.startswith(f"{folder}/")


def _names_table(section: Section, table: Table) -> bool:
    words = section.words
    return bare(table.name) in words or any(i.name and i.name.lower() in words for i in table.indexes)


def _about(section: Section, tables: Sequence[Table]) -> bool:
    """Say whether a section is about the tables of the schema, not about those of something else."""
    return any(_names_table(section, table) for table in tables)


class _Names(msgspec.Struct, frozen=True):
    indexes: dict[str, tuple[tuple[Table, Index], ...]]
    others: frozenset[str]
    unnamed: tuple[str, ...]


def _names(tables: Sequence[Table]) -> _Names:
    indexes: dict[str, list[tuple[Table, Index]]] = {}
    others: set[str] = set()
    unnamed: set[str] = set()
    for table in tables:
        others.add(bare(table.name))
        others.update(column.name.lower() for column in table.columns)
        for index in table.indexes:
            if index.name:
                indexes.setdefault(index.name.lower(), []).append((table, index))
            elif index.origin == "index":
                unnamed.add(bare(table.name))
    return _Names({n: tuple(i) for n, i in indexes.items()}, frozenset(others), tuple(sorted(unnamed)))


def _untrue(claim: Claim, names: _Names, complete: bool) -> Untrue | None:
    """Return how a claim is wrong, None if it isn't or nobody can tell; `complete`: what isn't known isn't there."""
    name = claim.name.lower()
    known = names.indexes.get(name, ())
    if not known:
        # Only such names are surely of indexes; and one that the database makes up can't be compared.
        certain = complete and (claim.sure or re.match(r"(?:idx|ix)_", name)) and name not in names.others
        return Untrue(claim.at, claim.name) if certain and not any(t in name for t in names.unnamed) else None
    if not claim.columns or any(_agrees(claim.columns, index) for _, index in known):
        return None
    table, index = known[0]
    if table.silent or not table.columns:
        return None
    at = index.at[0] if index.at else None
    return Untrue(claim.at, index.name, claim.columns, tuple(str(k) for k in index.keys), at)


def _agrees(said: tuple[str, ...], index: Index) -> bool:
    keys = [key.column.lower() for key in index.keys]
    if not all(keys):
        return True  # an expression can be written in many ways
    more = {name.lower() for name in index.include}
    return list(said[: len(keys)]) == keys and set(said[len(keys) :]) <= more
