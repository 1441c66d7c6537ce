"""FA404 and FA405: tables that two services write, and entities that two services keep apart."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import combinations

from fragaudit.checks.registry import check
from fragaudit.model.findings import Confidence, Hit, Related
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


@check("FA404", whole=True)
def shared_table(repository: Repository) -> Iterator[Hit]:
    """A table that two or more services write in one database."""
    writing: dict[tuple[str, str], list[tuple[Service, Use]]] = defaultdict(list)
    reading: dict[tuple[str, str], list[str]] = defaultdict(list)
    for service in repository.services:
        for use in service.uses:
            for key in _keys(use):
                if use.writes:
                    writing[key].append((service, use))
                elif use.reads:
                    reading[key].append(service.name)
    told: set[tuple[str, tuple[str, ...]]] = set()
    for _, found in sorted(writing.items()):
        names = tuple(service.name for service, _ in found)
        if len(names) < 2 or (found[0][1].container, names) in told:
            continue
        # Two services of equal settings each have their own database, if each makes the table for itself.
        if not found[0][1].database and sum(bool(use.own) for _, use in found) != 1:
            continue
        told.add((found[0][1].container, names))
        owners = [service.name for service, use in found if use.own]
        owner = next(((s, u) for s, u in found if u.own), found[0])
        first = next((s, u) for s, u in found if s is not owner[0])
        others = _listed([n for n in names if n != first[0].name])
        message = f"{first[0].name} writes {first[1].container}, a table that {others} writes too"
        message += f"; {owners[0]} defines it" if len(owners) == 1 else ""
        readers = sorted({name for k in _keys(owner[1]) for name in reading[k]} - set(names))
        message += f"; read by {_listed(readers)}" if readers else ""
        related = [Related(u.writes[0], f"{s.name} writes it here") for s, u in found if s is not first[0]]
        related += [Related(owner[1].defined_at[0], "defined here")] if owner[1].defined_at else []
        yield Hit(first[1].writes[0], message, f"table:{first[1].container}", first[0].name, tuple(related),
                  data={"table": first[1].container, "writers": list(names), "readers": readers,
                        "owner": owners[0] if len(owners) == 1 else None})  # fmt: skip


def _keys(use: Use) -> Iterator[tuple[str, str]]:
    """Yield what a table is known by in other services: the database, or else the setting that holds its address."""
    name = use.container.rpartition(".")[2].lower()
    if "{" in name:
        return
    if use.database:
        yield use.database, name
    elif use.variable:
        yield f"setting {use.variable}", name


@check("FA405", whole=True)
def duplicated_entity(repository: Repository, *, shared: int, likeness: float) -> Iterator[Hit]:
    """Two services that keep the same entity in tables of their own.

    `shared` distinctive columns must agree in name and type, and be `likeness` of all the distinctive ones.
    """
    tables = [(s, t, u) for s in repository.services for t, u in _own(s)]
    for (one, table, use), (other, twin, theirs) in combinations(tables, 2):
        if one is other or (use.database and use.database == theirs.database):
            continue
        if not set(table.defined_at).isdisjoint(twin.defined_at):
            continue  # one definition, or several of one name that are read as one: what each has isn't told
        alike, ratio = _alike(table, twin)
        same_name = _entity(table.name) == _entity(twin.name)
        if len(alike) < shared or ratio < likeness or not (same_name or len(alike) >= 2 * shared):
            continue
        strong = same_name and ratio >= 0.8 and len(alike) >= shared + 1
        message = (
            f"{other.name} keeps {twin.name} with {', '.join(alike[:6])}{' …' if len(alike) > 6 else ''}, "
            f"as {one.name} does in {table.name}"
        )
        at = theirs.defined_at[0]
        yield Hit(at, message, f"entity:{twin.name}:{table.name}", other.name,
                  (Related(use.defined_at[0], f"{table.name} of {one.name}"),),
                  None if strong else Confidence.POSSIBLE,
                  data={"table": twin.name, "other": table.name, "columns": alike,
                        "services": [one.name, other.name]})  # fmt: skip


def _own(service: Service) -> Iterator[tuple[Table, Use]]:
    uses = {use.container.lower(): use for use in service.uses if use.own}
    for table in service.schema:
        use = uses.get(table.name.lower())
        if use is not None and table.columns and not _PLUMBING.search(table.name.lower()):
            yield table, use


def _alike(one: Table, other: Table) -> tuple[list[str], float]:
    """Return the distinctive columns that agree in name and type, and which part of all distinctive ones they are."""
    first = {c.name.lower(): _type(c.type) for c in one.columns if c.name.lower() not in _COMMON}
    second = {c.name.lower(): _type(c.type) for c in other.columns if c.name.lower() not in _COMMON}
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
