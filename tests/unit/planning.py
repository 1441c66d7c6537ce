"""Tables and accesses for the tests of the planner, in few words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from fragaudit.coverage import judge
from fragaudit.model.accesses import Access, Condition, Operation, SortKey, Write
from fragaudit.model.locations import Location
from fragaudit.model.plan import IndexPlan, Proposal
from fragaudit.model.schema import ColumnDef, ForeignKey, Index, Key, Table

COLUMNS = {
    "id": "bigint", "tenant_id": "bigint", "user_id": "bigint", "status": "text", "email": "varchar(200)",
    "note": "text", "created_at": "timestamptz", "deleted_at": "timestamptz", "active": "boolean",
    "total": "numeric", "doc": "jsonb", "tags": "text[]", "address": "inet", "raw": "json",
}  # fmt: skip


def at(line: int, path: str = "app.sql") -> Location:
    return Location(path, line)


def condition(text: str, **more: Any) -> Condition:
    """A condition from `column`, `column op` or `column op constant`; `=` where no operator is written."""
    column, _, rest = text.partition(" ")
    words: tuple[Operation, ...] = ("is null", "two-sided", "in", "<", "prefix", "true", "false", "row", "match", "=")
    op = next((w for w in words if rest == w or rest.startswith(f"{w} ")), words[-1])
    constant = rest.removeprefix(op).strip() or None
    return Condition(column, op, at(1), constant=constant, **more)


def joined(column: str, other: str, filtered: bool = True) -> Condition:
    return Condition(column, "=", at(1), join=other, filtered=filtered)


def access(line: int, *conditions: str | Condition, sort: str = "", dialect: str = "postgres", **more: Any) -> Access:
    """An uncovered read of `orders`, of the kind that it is without any index.

    Its text is its line's number; `sort` is written as in SQL.
    """
    keys = tuple(_sort_key(part.split()) for part in sort.split(",") if part.strip())
    more.setdefault("verdict", "uncovered")
    found = Access(
        at=at(line),
        table=more.pop("table", "orders"),
        alias=more.pop("alias", "orders"),
        verb="read",
        conditions=tuple(condition(c) if isinstance(c, str) else c for c in conditions),
        sort=keys,
        dialect=dialect,
        site=at(line),
        text=str(line),
        **more,
    )
    if found.category:
        return found
    named = [c.column for part in (found.conditions, *found.arms) for c in part] + [found.extreme]
    columns = {**dict.fromkeys((name for name in named if name), "integer"), **COLUMNS}
    return replace(found, category=judge(found, table(columns=columns), dialect).category)


def _sort_key(words: Sequence[str]) -> SortKey:
    return SortKey(words[0], "desc" in words, "first" if "first" in words else "last" if "last" in words else "")


def index(name: str, *columns: str, table: str = "orders", **more: Any) -> Index:
    """An index, on a line of its own for each name; a key is written as in SQL."""
    line = 1 + sum(name.encode())
    keys = tuple(Key(words[0], descending="desc" in words) for words in (c.split() for c in columns))
    return Index(
        name, table, more.get("keys", keys), more.get("unique", False), more.get("method", "btree"), None,
        more.get("where", ""), more.get("include", ()), more.get("origin", "index"), (at(line, "schema.sql"),),
        ("sql",),
    )  # fmt: skip


def primary(*columns: str) -> Index:
    return index("orders_pkey", *columns, unique=True, origin="primary key")


def table(
    *indexes: Index, name: str = "orders", columns: Mapping[str, str] = COLUMNS, engine: str = "postgres",
    foreign: Sequence[ForeignKey] = (), **more: Any,
) -> Table:  # fmt: skip
    defined = tuple(ColumnDef(c, kind, nullable=c != "id") for c, kind in columns.items())
    return Table(name, defined, indexes, tuple(foreign), (at(1, "schema.sql"),), ("sql",), engine, **more)


def reference(column: str, other: str) -> ForeignKey:
    return ForeignKey((column,), other, ("id",), "", ())


def write(line: int, verb: Any, *columns: str, name: str = "orders") -> Write:
    return Write(at(line), name, verb, columns)


def keys(proposal: Proposal) -> str:
    """The keys of a proposal as text, with the condition of a partial one."""
    where = f" where {proposal.where}" if proposal.where else ""
    return ", ".join(map(str, proposal.keys)) + where


def proposed(plan: IndexPlan, *, possible: bool = False) -> list[str]:
    return sorted(keys(p) for t in plan.tables for p in t.proposals if p.possible == possible)
