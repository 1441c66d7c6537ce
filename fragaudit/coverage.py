"""Does an index serve an access? The one predicate that linking, checks and the planner share.

An index serves where its first key is looked up: by a local condition or by a join. What follows the first key makes
it better, never possible. The rules were measured against SQLite, PostgreSQL and MariaDB.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from fragaudit.model.accesses import Access, Condition, SortKey, Verdict
from fragaudit.model.schema import ColumnDef, Index, Key, Table
from fragaudit.model.sql import And, Column, Compare, Constant, Operand, Predicate

_BOUND = frozenset({"=", "in", "<", "two-sided", "is null", "row", "true", "false"})
_ROWID = frozenset({"rowid", "_rowid_", "oid"})
_FLAG = re.compile(
    r"(?:^|_)(?:gender|sex|flag|enabled|disabled|active|archived|deleted|visible|public|private|visibility|locked|verified"
    r"|approved|read|seen|done|completed|processed|finished|published|valid|default|primary|required|hidden)$"
    r"|^(?:is|has|can|was|should|allow|use)_|^(?:is|has)[A-Z]",
    re.IGNORECASE,
)
"""Columns that hold two values or three, by their names: half of the table may share one."""
_STATE = re.compile(
    r"(?:^|_)(?:status|state|kind|type|category|role|level|priority|severity|mode|phase|stage)$|(?<=[a-z])(?:Status|State"
    r"|Kind|Type|Category|Role|Level|Priority)$"
)
"""Columns that hold a handful of values. Planners look one up all the same, unless it is the usual one."""
_USUAL = frozenset(
    {"active", "enabled", "published", "completed", "complete", "done", "success", "succeeded", "ok", "valid", "normal",
     "default", "public", "live", "paid", "user", "finished"}
)  # fmt: skip


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
    if table.virtual:
        return Judgement("n/a", why=f"it is a virtual table ({table.virtual})", category="virtual")
    if table.temporary:
        return Judgement("n/a", why="it is a temporary table", category="temporary")
    serving = [(i, c) for i in table.indexes if (c := serving_conditions(i, access, table, dialect))]
    rowid = _by_row_number(access, table, dialect)
    if rowid is not None:
        return Judgement("covered", "rowid", f"{rowid.column} is the row's own number", "covered")
    if serving:
        return _covered(serving, access, table, dialect)
    if access.arms:
        names = [_arm_served(arm, access, table, dialect) for arm in access.arms]
        if all(names):
            return Judgement("covered", ", ".join(dict.fromkeys(names)), "each alternative of the OR has its index",
                             "covered")  # fmt: skip
    whole = next((i for i in table.indexes if i.where_text and applies(i, access, dialect)), None)
    if whole is not None:
        return Judgement("covered", index_name(whole), "the index holds the rows asked for and few others", "covered")
    ordered = _order_served(access, table, dialect)
    if ordered is not None and not _selective(access, table, dialect):
        return Judgement("covered", index_name(ordered), "the index yields the order", "covered")
    return _uncovered(access, table, dialect)


# -- one index -----------------------------------------------------------------------------------------------------


def serving_conditions(index: Index, access: Access, table: Table, dialect: str) -> tuple[Condition, ...]:
    """Return the conditions of an access that look up the first key of an index; none: it doesn't serve."""
    if not index.keys or not applies(index, access, dialect):
        return ()
    return tuple(c for c in access.conditions if looks_up(index, 0, c, table, dialect))


def looks_up(index: Index, place: int, condition: Condition, table: Table, dialect: str) -> bool:
    """Say whether a condition bounds the key at a place of an index."""
    key = index.keys[place]
    if not _same_key(key, condition):
        return False
    op = condition.op
    if op == "match":
        return index.method not in ("btree", "rowid", "hash", "brin")
    if op == "row" and index.method not in ("btree", "rowid"):
        return False
    if index.method in ("gin", "fulltext", "spatial", "vector", "bloom", "spgist"):
        return index.method == "bloom" and op == "="
    if index.method == "hash":
        return op in ("=", "in")
    column = column_of(table, key.column)
    collation = (key.collation or (column.collation if column is not None else "")).lower()
    if op == "prefix":
        if dialect == "postgres":
            return key.opclass.endswith("pattern_ops") or collation in ("c", "posix", "c.utf8", "ucs_basic")
        return dialect != "sqlite" or collation == "nocase"
    if op in ("true", "false") and dialect == "sqlite":
        return False
    if key.opclass.endswith("pattern_ops") and op in ("<", "two-sided", "row"):
        return False
    # The comparison's collation must be the key's; each is the column's own unless it names another.
    own = (column.collation if column is not None else "").lower()
    if dialect != "mysql" and _binary(key.collation or own) != _binary(condition.collation or own):
        return False
    return op in _BOUND


def _binary(collation: str) -> str:
    return "" if collation.lower() in ("binary", "default") else collation.lower()


def applies(index: Index, access: Access, dialect: str) -> bool:
    """Say whether a partial index holds every row that an access is after."""
    if not index.where_text:
        return True
    if index.where is None:
        return False
    return all(_implied(part, access, dialect) for part in _parts(index.where))


def serves_column(table: Table, column: str) -> bool:
    """Say whether rows of a table can be found by a column alone."""
    if table.virtual or table.silent:
        return True
    lowered = column.lower()
    if table.engine == "sqlite" and lowered in _ROWID and not table.without_rowid:
        return True
    return any(
        i.keys and i.keys[0].column.lower() == lowered and not i.where_text and i.method in ("btree", "rowid", "hash")
        for i in table.indexes
    )


def column_of(table: Table, name: str) -> ColumnDef | None:
    """Return a column by name, in any case."""
    lowered = name.lower()
    return next((c for c in table.columns if c.name.lower() == lowered), None) if name else None


def index_name(index: Index) -> str:
    """Return what to call an index in a message."""
    return index.name or f"{index.origin} of {index.table} ({', '.join(str(k) for k in index.keys)})"


def is_boolean(table: Table, name: str) -> bool:
    """Say whether a column holds only true and false."""
    column = column_of(table, name)
    return column is not None and column.type.startswith(("bool", "bit", "tinyint(1)"))


def is_flag(table: Table, name: str) -> bool:
    """Say whether two or three different values can be expected in a column: by its type, or by its name."""
    column = column_of(table, name)
    if column is not None and column.type.startswith("enum"):
        return True
    return is_boolean(table, name) or _FLAG.search(name) is not None


def _same_key(key: Key, condition: Condition) -> bool:
    if condition.expression:
        return key.expression == condition.expression
    return bool(key.column) and key.column.lower() == condition.column.lower()


def _by_row_number(access: Access, table: Table, dialect: str) -> Condition | None:
    if (dialect or table.engine) != "sqlite" or table.without_rowid:
        return None
    return next(
        (c for c in access.conditions if c.column.lower() in _ROWID and column_of(table, c.column) is None), None
    )


def nearest(access: Access, table: Table, dialect: str) -> tuple[Index, str] | None:
    """Return the index that comes nearest to serving an access, and why it doesn't; None if none has its columns."""
    conditions = [*access.conditions, *(c for arm in access.arms for c in arm)]
    found: list[tuple[int, Index, str]] = []
    for index in table.indexes:
        held = [c for c in conditions if any(_same_key(k, c) for k in index.keys)]
        sorted_by = [s for s in access.sort if any(_same_order(k, s) for k in index.keys)]
        if not index.keys or not (held or sorted_by):
            continue
        first = index.keys[0]
        matching = [c for c in held if _same_key(first, c)]
        if not matching:
            why = f"begins with {first}, which nothing here is compared with"
            found.append((0, index, why))
        elif not applies(index, access, dialect):
            found.append((2, index, f"holds only the rows where {index.where_text}, which does not follow here"))
        elif index.method not in ("btree", "rowid"):
            found.append((1, index, f"is a {index.method} index, which does not serve this comparison"))
        else:
            what = "collation" if matching[0].op != "prefix" else "operator class or collation"
            found.append((1, index, f"has another {what} than the comparison needs"))
    if not found:
        return None
    best = max(found, key=lambda f: (f[0], -len(f[1].keys), f[1].name))
    return best[1], best[2]


# -- partial indexes ---------------------------------------------------------------------------------------------------


def fact(column: str, op: str, constants: Sequence[str] | None) -> str:
    """Return a comparison of a column as text; None for constants: its values aren't known."""
    values = " ?" if constants is None else f" {', '.join(_number(c) for c in constants)}" if constants else ""
    return f"{column.lower()} {op}{values}"


def _number(text: str) -> str:
    return {"true": "1", "false": "0"}.get(text, text)


def _parts(predicate: Predicate) -> Iterator[Predicate]:
    if isinstance(predicate, And):
        for item in predicate.items:
            yield from _parts(item)
    else:
        yield predicate


def _implied(part: Predicate, access: Access, dialect: str) -> bool:
    """Say whether a condition of a partial index follows from the conditions of an access."""
    if not isinstance(part, Compare) or not isinstance(part.left, Column):
        return False
    name, op = part.left.name.lower(), part.op
    facts = [f.split(" ", 1)[1] for f in access.facts if f.split(" ", 1)[0] == name]
    if op == "is not null":
        conditions = (*access.conditions, *(c for arm in access.arms[:1] for c in arm))
        compared = any(c.column.lower() == name and c.op != "is null" and not c.expression for c in conditions)
        return compared or any(f != "is null" for f in facts)
    constants = [_text(r) for r in part.right]
    if any(c is None for c in constants):
        return False
    wanted = [_number(c) for c in constants if c is not None]
    if " ".join((op, ", ".join(wanted))).strip() in facts:
        return True
    truths = {"true": ("= 1", "true"), "false": ("= 0", "false")}
    if op in truths:
        return any(f in truths[op] for f in facts)
    if op == "=" and wanted in (["1"], ["0"]) and ("true" if wanted == ["1"] else "false") in facts:
        return True
    if dialect == "sqlite" or not wanted:
        return False
    return any(_stronger(f, op, wanted) for f in facts)


def _stronger(known: str, op: str, wanted: Sequence[str]) -> bool:
    """Say whether a known comparison implies another one of the same column, as PostgreSQL proves it."""
    known_op, _, value = known.partition(" ")
    if op == "in" and known_op == "=":
        return value in wanted
    if op == "in" and known_op == "in":
        return set(value.split(", ")) <= set(wanted)
    if op == "<>" and known_op == "=":
        return value != "?" and value != wanted[0]
    if op == "not in" and known_op == "=":
        return value != "?" and value not in wanted
    if op in ("<", "<=", ">", ">=") and known_op in ("=", "<", "<=", ">", ">="):
        try:
            left, right = float(value), float(wanted[0])
        except ValueError:
            return False
        if known_op == "=":
            return {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[op]
        if op[0] != known_op[0]:
            return False
        strict = op in ("<", ">") and known_op not in ("<", ">")
        if op[0] == "<":
            return left < right if strict else left <= right
        return left > right if strict else left >= right
    return False


def _text(operand: Operand) -> str | None:
    if not isinstance(operand, Constant) or operand.value is None:
        return None
    return f"'{operand.value}'" if operand.kind == "string" else operand.value


# -- verdicts ----------------------------------------------------------------------------------------------------------


def _covered(
    serving: Sequence[tuple[Index, tuple[Condition, ...]]], access: Access, table: Table, dialect: str
) -> Judgement:
    """Name the index that serves best, and say whether a better key is still missing."""
    best, conditions = max(serving, key=lambda found: (*_quality(found[0], access, table, dialect), found[0].name))
    first = conditions[0]
    name = index_name(best)
    local = next((c for c in conditions if not c.join), None)
    if local is None:
        missing = [
            c for c in _wanted(access, table, dialect) if not c.join and c.op == "=" and not is_flag(table, c.column)
        ]
        if missing and not access.unknown and not table.silent:
            columns = ", ".join(dict.fromkeys(c.column for c in missing))
            return Judgement(
                "partial", name, f"{name} serves only the join by {first.column}, not {columns}", "join only"
            )
    elif access.sort and access.limit and not _sorted(best, access, table, dialect) and not table.silent:
        bound = bound_keys(best, access, table, dialect)
        if not _unique(best, access, table, dialect) and _sort_possible(access) and not access.unknown:
            order = ", ".join(s.column for s in access.sort)
            return Judgement("partial", name, f"{name} finds the rows ({bound} of its keys), but they are sorted by "
                             f"{order} afterwards although only the first are wanted", "sort")  # fmt: skip
    shown = (local or first).column
    return Judgement("covered", name, f"{shown} is the first key of {name}", "covered")


def _quality(index: Index, access: Access, table: Table, dialect: str) -> tuple[int, int, int, int]:
    local = any(looks_up(index, 0, c, table, dialect) and not c.join for c in access.conditions)
    unique = int(_unique(index, access, table, dialect))
    ordered = int(bool(access.sort) and _sorted(index, access, table, dialect))
    return int(local), unique, bound_keys(index, access, table, dialect), ordered


def bound_keys(index: Index, access: Access, table: Table, dialect: str) -> int:
    """Return how many keys of an index an access bounds, from the first on: equalities, then one of anything else."""
    count = 0
    for place in range(len(index.keys)):
        found = [c for c in access.conditions if looks_up(index, place, c, table, dialect)]
        if not found:
            break
        count += 1
        if not any(c.op in ("=", "in", "is null", "true", "false") for c in found):
            break
    return count


def _unique(index: Index, access: Access, table: Table, dialect: str) -> bool:
    """Say whether an index finds a single row: it is unique and each of its keys is compared by `=`."""
    return index.unique and all(
        any(c.op == "=" and looks_up(index, place, c, table, dialect) for c in access.conditions)
        for place in range(len(index.keys))
    )


def _sort_possible(access: Access) -> bool:
    """Say whether an index could yield the order at all: nothing but single values stands before it."""
    return all(c.op in ("=", "true", "false") for c in access.conditions if not c.join) and not access.arms


def _sorted(index: Index, access: Access, table: Table, dialect: str) -> bool:
    """Say whether rows found through an index come in the order that is asked for."""
    if index.method not in ("btree", "rowid"):
        return False
    single = {"=", "true", "false"} if dialect == "postgres" else {"=", "true", "false", "is null"}
    fixed = {c.column.lower() for c in access.conditions if c.op in single and not c.expression and not c.join}
    wanted = [s for s in access.sort if s.column.lower() not in fixed]
    if not wanted:
        return True
    keys = list(index.keys)
    if (dialect or table.engine) in ("sqlite", "mysql") and index.origin != "primary key":
        keys += _row_keys(table)
    while keys and keys[0].column.lower() in fixed:
        keys.pop(0)
    forward: bool | None = None
    for sort in wanted:
        while keys and keys[0].column.lower() in fixed:
            keys.pop(0)
        if not keys or not _same_order(keys[0], sort):
            return False
        same = keys[0].descending == sort.descending
        if forward is not None and same != forward:
            return False
        if dialect == "postgres" and _nulls(keys[0].descending, keys[0].nulls) != _nulls(sort.descending, sort.nulls) \
                and same and not _not_null(table, sort.column):  # fmt: skip
            return False
        forward = same
        key = keys.pop(0)
        if index.unique and not keys and key.column:
            return True  # what follows a unique key changes nothing
    return True


def _row_keys(table: Table) -> list[Key]:
    """Return the keys that SQLite and InnoDB append to every index: the row's own."""
    primary = next((i for i in table.indexes if i.origin == "primary key"), None)
    return list(primary.keys) if primary is not None else []


def _same_order(key: Key, sort: SortKey) -> bool:
    if sort.expression:
        return key.expression == sort.expression
    return bool(key.column) and key.column.lower() == sort.column.lower()


def _nulls(descending: bool, nulls: str) -> str:
    return nulls or ("first" if descending else "last")


def _not_null(table: Table, name: str) -> bool:
    column = column_of(table, name)
    if column is not None and not column.nullable:
        return True
    return any(i.origin == "primary key" and name.lower() in [k.column.lower() for k in i.keys] for i in table.indexes)


def _arm_served(arm: Sequence[Condition], access: Access, table: Table, dialect: str) -> str:
    for index in table.indexes:
        alone = replace(access, conditions=(*access.conditions, *arm), arms=())
        if index.keys and applies(index, alone, dialect):
            if any(looks_up(index, 0, c, table, dialect) for c in arm):
                return index_name(index)
    row = any(c.column.lower() in _ROWID and column_of(table, c.column) is None for c in arm)
    return "rowid" if row and (dialect or table.engine) == "sqlite" and not table.without_rowid else ""


def _order_served(access: Access, table: Table, dialect: str) -> Index | None:
    """Return an index that yields the order, or the least or greatest value, that is asked for."""
    wanted = access
    if access.extreme:
        wanted = replace(access, sort=(SortKey(access.extreme),), limit=True)
    elif not (access.sort and access.limit):
        return None
    for index in table.indexes:
        if applies(index, access, dialect) and _sorted(index, wanted, table, dialect):
            return index
    if (dialect or table.engine) == "sqlite" and not table.without_rowid and wanted.sort[0].column.lower() in _ROWID:
        return Index("rowid", table.name, (Key("rowid"),), True, "rowid", None, "", (), "primary key", (), ())
    return None


def _wanted(access: Access, table: Table, dialect: str) -> list[Condition]:
    """Return the conditions that a plain index could serve and that are worth one."""
    return [
        c
        for c in access.conditions
        if c.op not in ("true", "false", "match")
        and not (c.op == "prefix" and dialect in ("postgres", "sqlite"))
        and not c.expression
        and not (c.op in ("=", "in") and is_boolean(table, c.column))
    ]


def _selective(access: Access, table: Table, dialect: str) -> bool:
    """Say whether so few rows can be expected that walking an index in the order asked for would meet them late."""
    found = _category(access, table, dialect)
    return found is not None and found[0] not in ("flag", "state", "null", "range", "sort", "extreme")


def _uncovered(access: Access, table: Table, dialect: str) -> Judgement:
    found = _category(access, table, dialect)
    if found is None:
        why = (
            "nothing in it can be looked up in an index"
            if access.conditions or access.unindexable
            else "it reads all rows"
        )
        return Judgement("n/a", why=why, category="nothing to look up")
    category, what = found
    if table.silent:
        return Judgement("n/a", why=f"{table.name} is not fully known: {table.silent}", category="silent")
    if access.unknown:
        return Judgement("unprovable", why=f"no index can find these rows by {what}, but conditions may be added when it "
                         "runs", category=category)  # fmt: skip
    return Judgement("uncovered", why=f"no index can find these rows by {what}", category=category)


def _category(access: Access, table: Table, dialect: str) -> tuple[str, str] | None:
    """Return which kind of lookup is missing its index, the surest first, and its columns; None: there is none."""
    wanted = _wanted(access, table, dialect)
    local = [c for c in wanted if not c.join]
    sure = [c for c in local if c.op in ("=", "in") and not is_flag(table, c.column) and not _is_state(c)]
    if sure:
        return "equality", _listed(sure)
    both = [c for c in local if c.op == "two-sided"]
    if both:
        return "two-sided range", _listed(both)
    joins = [c for c in wanted if c.join and c.join != "(query)" and c.op in ("=", "in")]
    if access.correlated and joins:
        return "correlated", _listed(joins)
    if access.outer and joins:
        return "outer join", _listed(joins)
    if any(c.filtered for c in joins):
        return "filtered join", _listed(joins)
    if access.extreme and not local:
        return "extreme", access.extreme
    if access.arms and not _flags_alone(access, table):
        return "alternatives", " or ".join(_listed(arm) for arm in access.arms)
    states = [c for c in local if c.op == "=" and not is_flag(table, c.column) and not _is_usual(c)]
    if states:
        return "state", _listed(states)
    flags = [c for c in local if c.op == "="]
    if flags:
        return "flag", _listed(flags)
    if any(c.join == "(query)" for c in wanted):
        return "in query", _listed([c for c in wanted if c.join == "(query)"])
    local = [c for c in local if c.op != "in"]  # several values of a flag are most of the table
    if local:
        return ("null" if all(c.op == "is null" for c in local) else "range"), _listed(local)
    if joins:
        return "unfiltered join", _listed(joins)
    ranges = [c for c in wanted if c.join and c.filtered and c not in joins]
    if ranges:
        return "range join", _listed(ranges)
    if access.sort and access.limit and not joins and _sort_possible(access):
        return "sort", ", ".join(s.column + (" DESC" if s.descending else "") for s in access.sort)
    return None


def _is_state(condition: Condition) -> bool:
    return _STATE.search(condition.column) is not None


def _is_usual(condition: Condition) -> bool:
    return condition.constant is not None and condition.constant.strip("'").lower() in _USUAL


def _flags_alone(access: Access, table: Table) -> bool:
    return all(all(is_boolean(table, c.column) for c in arm) for arm in access.arms)


def _listed(conditions: Sequence[Condition]) -> str:
    return ", ".join(dict.fromkeys(c.column for c in conditions))
