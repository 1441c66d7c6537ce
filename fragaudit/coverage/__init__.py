"""Does an index serve an access? The one predicate that linking, checks and the planner share.

An index serves where its first key is looked up: by a local condition or by a join. What follows the first key makes
it better, never possible. The rules were measured against SQLite, PostgreSQL and MariaDB.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from fragaudit.coverage.categories import category, wanted_conditions
from fragaudit.coverage.columns import (
    COLLECTION,
    column_of,
    is_boolean,
    is_flag,
    is_number,
    is_state,
    is_text,
    never_null,
)
from fragaudit.coverage.engines import no_btree
from fragaudit.coverage.lookup import (
    ROWID,
    begins_order,
    bound_keys,
    by_row_number,
    enters,
    finds_one,
    looks_up,
    same_key,
    same_order,
    serves_column,
    serving_conditions,
    sort_possible,
    yields_order,
)
from fragaudit.coverage.partial import applies, fact, lacking
from fragaudit.model.accesses import Access, Condition, SortKey, Verdict
from fragaudit.model.schema import Index, Key, Table

__all__ = [
    "NO_BTREE",
    "Judgement",
    "applies",
    "bound_keys",
    "column_of",
    "fact",
    "index_name",
    "is_boolean",
    "is_flag",
    "is_number",
    "is_text",
    "judge",
    "judged",
    "looks_up",
    "nearest",
    "never_null",
    "no_btree",
    "serves_column",
    "serving_conditions",
    "yields_order",
]


NO_BTREE = "no b-tree"
"""The kind of access that isn't judged because its engine finds rows in another way."""


class Judgement(Struct, frozen=True):
    """A verdict, the index that serves, why in words, and which kind of access decided."""

    verdict: Verdict
    by: str = ""
    why: str = ""
    category: str = ""


def judged(access: Access, table: Table | None) -> Access:
    """Return an access with its verdict."""
    found = judge(access, table, access.dialect)
    return replace(access, verdict=found.verdict, by=found.by, why=found.why, category=found.category)


def judge(access: Access, table: Table | None, dialect: str) -> Judgement:
    """Decide whether some index of a table serves an access.

    Args:
        access: the access.
        table: the table as the schema has it, None if its definition wasn't found.
        dialect: sqlglot's name of the dialect; what can't be told without it is taken to be served.
    """
    if table is None:
        return Judgement("n/a", why="the table's definition was not found", category="unknown table")
    if without := no_btree(table, dialect):
        return Judgement("n/a", why=without, category=NO_BTREE)
    if table.virtual and table.virtual != COLLECTION:
        return Judgement("n/a", why=f"it is a virtual table ({table.virtual})", category="virtual")
    if table.temporary:
        return Judgement("n/a", why="it is a temporary table", category="temporary")
    serving = [(i, c) for i in table.indexes if (c := serving_conditions(i, access, table, dialect))]
    rowid = by_row_number(access, table, dialect)
    if rowid is not None:
        name = "ctid" if rowid.column.lower() == "ctid" else "rowid"
        return Judgement("covered", name, f"{rowid.column} is the row's own number", "covered")
    if serving:
        return _covered(serving, access, table, dialect)
    if access.arms:
        names = [_arm_served(arm, access, table, dialect) for arm in access.arms]
        if all(names):
            return Judgement("covered", ", ".join(dict.fromkeys(names)), "each alternative of the OR has its index",
                             "covered")  # fmt: skip
    whole = next(
        (i for i in table.indexes if i.where_text and i.method == "btree" and applies(i, access, dialect)), None
    )
    if whole is not None and dialect != "sqlite" and not _more(access, whole, table, dialect):
        return Judgement("covered", index_name(whole), "the index holds the rows asked for and few others", "covered")
    ordered = _order_served(access, table, dialect)
    if ordered is not None and not _selective(access, table, dialect):
        return Judgement("covered", index_name(ordered), "the index yields the order", "covered")
    if access.sort and access.limit and not access.extreme and not _selective(access, table, dialect):
        begun = next(
            (i for i in table.indexes if applies(i, access, dialect) and begins_order(i, access, table, dialect)), None
        )
        if begun is not None:
            order = ", ".join(s.column + (" DESC" if s.descending else "") for s in access.sort)
            why = f"{index_name(begun)} yields only the beginning of the order {order}; the rest is sorted"
            return Judgement("partial", index_name(begun), why, "order begun")
    return _uncovered(access, table, dialect)


def index_name(index: Index) -> str:
    """Return what to call an index in a message."""
    return index.name or f"{index.origin} of {index.table} ({', '.join(str(k) for k in index.keys)})"


def nearest(access: Access, table: Table, dialect: str) -> tuple[Index, str] | None:
    """Return the index that comes nearest to serving an access, and why it doesn't; None if none has its columns."""
    alternatives = [c for arm in access.arms for c in arm]
    conditions = [*access.conditions, *alternatives]
    found: list[tuple[int, Index, str]] = []
    for index in table.indexes:
        held = [c for c in conditions if any(same_key(k, c) for k in index.keys)]
        ordering = not conditions and any(same_order(k, s) for k in index.keys for s in access.sort)
        if not index.keys or not (held or ordering):
            continue
        first = index.keys[0]
        matching = [c for c in held if same_key(first, c)]
        if not matching:
            found.append((0, index, f"begins with {first}, {_unused(first, access)}"))
        elif not applies(index, access, dialect):
            found.append((2, index, f"holds only the rows where {index.where_text}, which does not follow here"))
        elif index.method not in ("btree", "rowid"):
            found.append((1, index, f"is a {index.method} index, which does not serve this comparison"))
        elif any(looks_up(index, 0, c, table, dialect) for c in matching):
            found.append((1, index, "serves only one of the alternatives"))
        elif all(c.op in ("true", "false") for c in matching):
            found.append((1, index, "can't be used for a bare truth value"))
        else:
            what = "collation" if matching[0].op != "prefix" else "operator class or collation"
            found.append((1, index, f"has another {what} than the comparison needs"))
    if not found:
        return None
    best = max(found, key=lambda f: (f[0], -len(f[1].keys), f[1].name))
    return best[1], best[2]


def _unused(first: Key, access: Access) -> str:
    """Say what an access does with the first key of an index instead of looking it up."""
    names = {n.lower() for n in (first.column, first.expression.partition("(")[2].rstrip(")")) if n}
    why = next((u.why for u in access.unindexable if u.column.lower() in names), "")
    if why:
        return f"on which nothing can be looked up here: {why}"
    ordered = any(same_order(first, sort) for sort in access.sort)
    return "which is only what the rows are sorted by" if ordered else "which nothing here is compared with"


def _covered(
    serving: Sequence[tuple[Index, tuple[Condition, ...]]], access: Access, table: Table, dialect: str
) -> Judgement:
    """Name the index that serves best, and say whether a better key is still missing."""
    best, conditions = max(serving, key=lambda found: (*_quality(found[0], access, table, dialect), found[0].name))
    first = conditions[0]
    name = index_name(best)
    local = next((c for c in conditions if not c.join), None)
    if local is None:
        lacking = _join_alone(best, first, access, table, dialect)
        if lacking is not None:
            return lacking
    elif access.sort and access.limit and not yields_order(best, access, table, dialect) and not table.silent:
        bound = bound_keys(best, access, table, dialect)
        if not finds_one(best, access, table, dialect) and sort_possible(access) and not access.unknown:
            order = ", ".join(s.column for s in access.sort)
            return Judgement("partial", name, f"{name} finds the rows ({bound} of its keys), but they are sorted by "
                             f"{order} afterwards although only the first are wanted", "sort")  # fmt: skip
    shown = (local or first).column
    return Judgement("covered", name, f"{shown} is the first key of {name}", "covered")


def _join_alone(best: Index, first: Condition, access: Access, table: Table, dialect: str) -> Judgement | None:
    """Say what an index that serves a join alone leaves to be wished for; None if that is nothing.

    If no other source is narrowed down, every way into the statement reads a table as a whole, unless it could begin
    with the conditions on this one. If the search begins elsewhere, a row found by its own key needs no further keys.
    """
    missing = [c for c in wanted_conditions(access, table, dialect) if not c.join and c.op == "="]
    missing = [c for c in missing if not is_flag(table, c.column)]
    if not missing or access.unknown or table.silent:
        return None
    name = index_name(best)
    begun = access.outer or any(c.filtered for c in access.conditions if c.join)
    entries = [c for c in missing if not is_state(c)]
    if not begun and entries:
        columns = ", ".join(dict.fromkeys(c.column for c in entries))
        why = (
            f"{name} serves only the join by {first.column}; nothing else in the statement narrows down what it reads, "
            f"and no index finds these rows by {columns}, which it could begin with"
        )
        return Judgement("partial", name, why, "entry")
    if finds_one(best, access, table, dialect):
        return None
    columns = ", ".join(dict.fromkeys(c.column for c in missing))
    return Judgement("partial", name, f"{name} serves only the join by {first.column}, not {columns}", "join only")


def _quality(index: Index, access: Access, table: Table, dialect: str) -> tuple[int, int, int, int]:
    local = any(enters(index, c, table, dialect) and not c.join for c in access.conditions)
    unique = int(finds_one(index, access, table, dialect))
    ordered = int(bool(access.sort) and yields_order(index, access, table, dialect))
    return int(local), unique, bound_keys(index, access, table, dialect), ordered


def _arm_served(arm: Sequence[Condition], access: Access, table: Table, dialect: str) -> str:
    for index in table.indexes:
        alone = replace(access, conditions=(*access.conditions, *arm), arms=())
        if dialect == "sqlite":  # which asks of each alternative by itself whether an index applies to it
            alone = replace(access, conditions=tuple(arm), arms=(), facts=())
        if not index.keys or not applies(index, alone, dialect):
            continue
        # A partial index may apply to this alternative alone, and be entered by what holds beside the OR.
        if any(enters(index, c, table, dialect) for c in (*access.conditions, *arm)):
            return index_name(index)
    row = any(c.column.lower() in ROWID and column_of(table, c.column) is None for c in arm)
    return "rowid" if row and (dialect or table.engine) == "sqlite" and not table.without_rowid else ""


def _order_served(access: Access, table: Table, dialect: str) -> Index | None:
    """Return an index that yields the order, or the least or greatest value, that is asked for."""
    wanted = access
    if access.extreme:
        wanted = replace(access, sort=(SortKey(access.extreme),), limit=True)
    elif not (access.sort and access.limit):
        return None
    for index in table.indexes:
        if applies(index, access, dialect) and yields_order(index, wanted, table, dialect):
            return index
    if (dialect or table.engine) == "sqlite" and not table.without_rowid and wanted.sort[0].column.lower() in ROWID:
        return Index("rowid", table.name, (Key("rowid"),), True, "rowid", None, "", (), "primary key", (), ())
    return None


def _selective(access: Access, table: Table, dialect: str) -> bool:
    """Say whether so few rows can be expected that walking an index in the order asked for would meet them late."""
    found = category(access, table, dialect)
    return found is not None and found[0] not in ("flag", "state", "null", "range", "sort", "extreme")


def _more(access: Access, index: Index, table: Table, dialect: str) -> bool:
    """Say whether an access narrows down the rows of a partial index by what the index has no key for.

    That counts where the part is of rows that lack something, as rows not deleted do, which most of them may.
    """
    return lacking(index) and _selective(access, table, dialect)


def _absent(access: Access, table: Table) -> str:
    """Return a column that a statement looks up and its table, as it was found, doesn't have."""
    if not table.columns:
        return ""
    named = [c.column for part in (access.conditions, *access.arms) for c in part if c.column and not c.expression]
    named += [access.extreme] if access.extreme else []
    return next((n for n in named if n.lower() not in ROWID and column_of(table, n) is None), "")


def _uncovered(access: Access, table: Table, dialect: str) -> Judgement:
    found = category(access, table, dialect)
    if found is None:
        if access.unknown and not access.unindexable:
            why = "its conditions are put together when it runs"
            return Judgement("unprovable", why=why, category="unknown conditions")
        why = (
            "nothing in it can be looked up in an index"
            if access.conditions or access.unindexable
            else "it reads all rows"
        )
        return Judgement("n/a", why=why, category="nothing to look up")
    kind, what = found
    if table.silent:
        return Judgement("n/a", why=f"{table.name} is not fully known: {table.silent}", category="silent")
    if table.virtual != COLLECTION and (absent := _absent(access, table)):
        why = f"{table.name} is not fully known: no column {absent} was found"
        return Judgement("n/a", why=why, category="silent")
    if access.unknown:
        why = f"no index can find these rows by {what}, but conditions may be added when it runs"
        return Judgement("unprovable", why=why, category=kind)
    return Judgement("uncovered", why=f"no index can find these rows by {what}", category=kind)
