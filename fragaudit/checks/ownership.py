"""FA404 and FA405: tables that two services write, and entities that two services keep apart."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations

from msgspec import Struct

from fragaudit.checks.registry import check
from fragaudit.model.findings import Confidence, Hit, Related
from fragaudit.model.locations import Location
from fragaudit.model.schema import Table
from fragaudit.model.stores import Repository, Service
from fragaudit.model.uses import Use

_COMMON = frozenset(
    {
        "id", "uuid", "name", "title", "type", "kind", "status", "state", "description", "created_at", "updated_at",
        "deleted_at", "created", "updated", "modified", "modified_at", "created_by", "updated_by", "version",
        "metadata", "data", "payload", "is_active", "active", "timestamp", "date", "key", "value", "tenant_id",
        "user_id",
    }
)  # fmt: skip
"""Columns that tables of any entity have: they show nothing."""

_PLUMBING = re.compile(
    r"(?:^|_)(?:migrations?|alembic_version|schema_version|outbox|inbox|jobs?|tasks?|events?|logs?|audit\w*|locks?|"
    r"sessions?|settings?|idempotency\w*|processed_\w+)$"
)
"""Names of tables that each service has its own of by design."""


_SETUP = re.compile(r"(?:^|_)(?:alembic_version|schema_version|django_migrations|\w*_?migrations?)$")
"""Names of tables in which tools note what they have done: any number of services may have one each."""


class _Writer(Struct, frozen=True):
    service: Service
    use: Use


@check("FA404", whole=True)
def shared_table(repository: Repository) -> Iterator[Hit]:
    """A table, or keys, that two or more services write in one database.

    Where addresses can't be compared it is only possible: one service writes what another one, or shared code, defines.
    """
    every = [_Writer(service, use) for service in repository.services for use in service.uses if use.sort != "topic"]
    writing, reading = [w for w in every if w.use.writes], [w for w in every if not w.use.writes and w.use.reads]
    told: set[tuple[str, tuple[str, ...]]] = set()
    for sure in (True, False):
        for found in _groups(writing, _keys if sure else _loosely):
            names = tuple(w.service.name for w in found)
            if len(set(names)) < 2 or (found[0].use.container, names) in told:
                continue
            if sure:
                # Two services of equal settings each have their own database, if each makes the table for itself.
                if not found[0].use.database and sum(w.use.own for w in found) != 1:
                    continue
            elif not _may_be_one(found) or any(set(names) <= set(n) for c, n in told if c == found[0].use.container):
                continue
            told.add((found[0].use.container, names))
            yield _shared(found, reading, sure)


def _groups(
    writing: Sequence[_Writer], keys: Callable[[Use, Service], Iterator[tuple[str, str]]]
) -> Iterator[list[_Writer]]:
    grouped: dict[tuple[str, str], list[_Writer]] = defaultdict(list)
    for writer in writing:
        for known_by in keys(writer.use, writer.service):
            grouped[known_by].append(writer)
    yield from (found for _, found in sorted(grouped.items(), key=lambda item: item[0]))


def _keys(use: Use, service: Service) -> Iterator[tuple[str, str]]:
    """Yield what a container is known by in other services: the database, or else the settings of its address."""
    name = use.container.rpartition(".")[2].lower() if use.sort == "table" else use.container
    if "{" in name:
        return
    if use.database:
        yield use.database, name
    elif use.variable and use.sort == "table":
        yield f"setting {use.variable} {service.store(use.store).kind}", name


def _loosely(use: Use, service: Service) -> Iterator[tuple[str, str]]:
    """Yield what a table may be known by in other services: the kind of its store."""
    name = use.container.rpartition(".")[2].lower()
    if use.sort == "table" and "{" not in name and not _SETUP.search(name):
        yield service.store(use.store).kind, name


def _may_be_one(found: Sequence[_Writer]) -> bool:
    """Say whether tables of one name may be one: their databases may be, and one definition is behind them.

    That is shared code's, or the only one that any of them has.
    """
    databases = {w.use.database for w in found} - {""}
    settings = {w.use.variable for w in found} - {""}
    # Settings of other names may be given one address; a service that writes what it never makes has it from elsewhere.
    made = [w for w in found if w.use.own or w.use.defined_at]
    if len(databases) > 1 or (len(settings) > 1 and len(made) != 1) or all(w.use.database for w in found):
        return False
    if not _one_engine(found):
        return False
    owners = [w for w in found if w.use.own]
    shared = [set(w.use.defined_at) for w in found if w.use.defined_at and not w.use.own]
    return len(owners) == 1 or (not owners and len(shared) == len(found) and bool(set.intersection(*shared)))


def _one_engine(found: Sequence[_Writer]) -> bool:
    """Say whether the stores can be one: those whose engine is known have the same."""
    return len({w.service.store(w.use.store).engine for w in found} - {"sql"}) < 2


def _shared(found: Sequence[_Writer], reading: Sequence[_Writer], sure: bool) -> Hit:
    names = tuple(w.service.name for w in found)
    owners = [w.service.name for w in found if w.use.own]
    owner = next((w for w in found if w.use.own), found[0])
    first = next(w for w in found if w is not owner)
    container = first.use.container
    what = "a table" if first.use.sort == "table" else "keys" if container.endswith("*") else "a key"
    others = _listed([n for n in names if n != first.service.name])
    verb = "writes" if len(names) == 2 else "write"
    message = f"{first.service.name} writes {container}, {what} that {others} {verb} too"
    message += f"; {owners[0]} defines it" if len(owners) == 1 else ""
    message += "" if sure else ", if their databases are one"
    known_by = {k for w in found for k in _keys(w.use, w.service)}
    readers = sorted({w.service.name for w in reading if known_by & set(_keys(w.use, w.service))} - set(names))
    message += f"; read by {_listed(readers)}" if readers else ""
    related = [Related(w.use.writes[0], f"{w.service.name} writes it here") for w in found if w is not first]
    related += [Related(owner.use.defined_at[0], "defined here")] if owner.use.defined_at else []
    return Hit(first.use.writes[0], message, f"table:{container}", first.service.name, tuple(related),
               None if sure else Confidence.POSSIBLE,
               data={"table": container, "writers": list(names), "readers": readers,
                     "owner": owners[0] if len(owners) == 1 else None})  # fmt: skip


@check("FA405", whole=True)
def duplicated_entity(repository: Repository, *, shared: int, likeness: float) -> Iterator[Hit]:
    """Two services that keep the same entity in tables of their own.

    `shared` distinctive columns must agree in name and type, and be `likeness` of all the distinctive ones.
    """
    tables = [(s, t, u, columns) for s in repository.services for t, u, columns in _own(s)]
    named = {s.name: {t.name for o, t, _, _ in tables if o is s} for s in repository.services}
    for (one, table, use, mine), (other, twin, theirs, others) in combinations(tables, 2):
        if one is other or (use.database and use.database == theirs.database):
            continue
        if table.name != twin.name and (named[other.name] & {table.name} or named[one.name] & {twin.name}):
            continue  # each has its own counterpart
        same_table = not set(use.defined_at).isdisjoint(theirs.defined_at)
        if same_table and not (use.columns and theirs.columns):
            continue  # one definition, or several of one name that are read as one: what each has isn't told
        alike, ratio = _alike(mine, others)
        same_name = _entity(table.name) == _entity(twin.name)
        if len(alike) < shared or ratio < likeness or not (same_name or len(alike) >= 2 * shared):
            continue
        apart = bool(use.database and theirs.database) or use.variable != theirs.variable
        strong = same_name and ratio >= 0.8 and len(alike) >= shared + 1 and (apart or table.name != twin.name)
        message = (
            f"{other.name} keeps {twin.name} with {', '.join(alike[:6])}{' …' if len(alike) > 6 else ''}, "
            f"as {one.name} does in {table.name}"
        )
        yield Hit(_first(theirs, other), message, f"entity:{twin.name}:{table.name}", other.name,
                  (Related(_first(use, one), f"{table.name} of {one.name}"),),
                  None if strong else Confidence.POSSIBLE,
                  data={"table": twin.name, "other": table.name, "columns": alike,
                        "services": [one.name, other.name]})  # fmt: skip


def _first(use: Use, service: Service) -> Location:
    """Return where a service defines a table: in its own folder, if there."""
    return next((at for at in use.defined_at if at.path.startswith(f"{service.root}/")), use.defined_at[0])


def _own(service: Service) -> Iterator[tuple[Table, Use, dict[str, str]]]:
    """Yield the tables that a service defines for itself, with its own columns of each and their types."""
    uses = {use.container.lower(): use for use in service.uses if use.own}
    for table in service.schema:
        use = uses.get(table.name.lower())
        if use is not None and table.columns and not _PLUMBING.search(table.name.lower()):
            columns = use.columns or tuple((c.name, c.type) for c in table.columns)
            yield table, use, {n.lower(): _type(t) for n, t in columns if n.lower() not in _COMMON}


def _alike(first: dict[str, str], second: dict[str, str]) -> tuple[list[str], float]:
    """Return the distinctive columns that agree in name and type, and which part of all distinctive ones they are."""
    alike = sorted(
        n for n in first.keys() & second.keys() if not first[n] or not second[n] or first[n] == second[n]
    )  # fmt: skip
    every = len(first.keys() | second.keys())
    return alike, len(alike) / every if every else 0.0


def _type(text: str) -> str:
    """Return a type's family: sizes, precisions and the names of dialects make no difference."""
    word = re.match(r"[a-z]+", text.lower())
    name = word[0] if word else ""
    families = {"varchar": "text", "char": "text", "character": "text", "string": "text", "citext": "text",
                "nvarchar": "text", "int": "integer", "bigint": "integer", "smallint": "integer",
                "serial": "integer", "bigserial": "integer",
                "numeric": "decimal", "real": "float", "double": "float", "bool": "boolean", "timestamptz": "timestamp",
                "datetime": "timestamp", "jsonb": "json"}  # fmt: skip
    return families.get(name, name)


def _entity(name: str) -> str:
    """Return a table's entity: without schema, in the singular; `crm_customers` and `customer` are one."""
    last = name.rpartition(".")[2].lower().rpartition("_")[2]
    return re.sub(r"ies$", "y", last) if last.endswith("ies") else last.removesuffix("s")


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
