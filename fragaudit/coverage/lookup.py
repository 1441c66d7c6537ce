"""Does a condition look up a key of an index, and does the index yield an order?"""

from __future__ import annotations

from fragaudit.coverage.columns import column_of, never_null, plain_collation
from fragaudit.coverage.partial import applies
from fragaudit.model.accesses import Access, Condition, SortKey
from fragaudit.model.schema import Index, Key, Table

_BOUND = frozenset({"=", "in", "<", "two-sided", "is null", "row", "true", "false"})
ROWID = frozenset({"rowid", "_rowid_", "oid"})


def serving_conditions(index: Index, access: Access, table: Table, dialect: str) -> tuple[Condition, ...]:
    """Return the conditions of an access that look up the first key of an index; none: it doesn't serve."""
    if not index.keys or not applies(index, access, dialect):
        return ()
    return tuple(c for c in access.conditions if enters(index, c, table, dialect))


def enters(index: Index, condition: Condition, table: Table, dialect: str) -> bool:
    """Say whether a condition alone finds rows through an index: by its first key, or by any where keys are equals.

    The keys of GIN, BRIN and Bloom indexes are (PostgreSQL 15, 11.3 Multicolumn Indexes; F.7 bloom).
    """
    places = range(len(index.keys)) if index.method in ("gin", "brin", "bloom") else range(min(1, len(index.keys)))
    return any(looks_up(index, place, condition, table, dialect) for place in places)


def looks_up(index: Index, place: int, condition: Condition, table: Table, dialect: str) -> bool:
    """Say whether a condition bounds the key at a place of an index."""
    key = index.keys[place]
    if not same_key(key, condition):
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
    if dialect != "mysql" and plain_collation(key.collation or own) != plain_collation(condition.collation or own):
        return False
    return op in _BOUND


def serves_column(table: Table, column: str) -> bool:
    """Say whether rows of a table can be found by a column alone."""
    if table.virtual or table.silent:
        return True
    lowered = column.lower()
    if table.engine == "sqlite" and lowered in ROWID and not table.without_rowid:
        return True
    return any(
        i.keys and i.keys[0].column.lower() == lowered and not i.where_text and i.method in ("btree", "rowid", "hash")
        for i in table.indexes
    )


def same_key(key: Key, condition: Condition) -> bool:
    """Say whether a condition is about a key."""
    if condition.expression:
        return key.expression == condition.expression
    return bool(key.column) and key.column.lower() == condition.column.lower()


def by_row_number(access: Access, table: Table, dialect: str) -> Condition | None:
    """Return the condition that finds a row by the number that SQLite gives it, or by its place in PostgreSQL."""
    if (dialect or table.engine) in ("postgres", "postgresql"):
        return next((c for c in access.conditions if c.column.lower() == "ctid" and c.op in ("=", "in")), None)
    if (dialect or table.engine) != "sqlite" or table.without_rowid:
        return None
    return next(
        (c for c in access.conditions if c.column.lower() in ROWID and column_of(table, c.column) is None), None
    )


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


def finds_one(index: Index, access: Access, table: Table, dialect: str) -> bool:
    """Say whether an index finds a single row: it is unique and each of its keys is compared by `=`."""
    return index.unique and all(
        any(c.op == "=" and looks_up(index, place, c, table, dialect) for c in access.conditions)
        for place in range(len(index.keys))
    )


def sort_possible(access: Access) -> bool:
    """Say whether an index could yield the order at all: nothing but single values stands before it."""
    return all(c.op in ("=", "true", "false") for c in access.conditions if not c.join) and not access.arms


def yields_order(index: Index, access: Access, table: Table, dialect: str) -> bool:
    """Say whether rows found through an index come in the order that is asked for."""
    if index.method not in ("btree", "rowid"):
        return False
    single = {"=", "true", "false"} if dialect == "postgres" else {"=", "true", "false", "is null"}
    fixed = {c.column.lower() for c in access.conditions if c.op in single and not c.expression and not c.join}
    wanted = [s for s in access.sort if s.column.lower() not in fixed]
    if not wanted:
        return True
    keys = list(index.keys)
    engine = dialect or table.engine
    if engine in ("sqlite", "mysql") and index.origin != "primary key":
        keys += _row_keys(table, engine)
    while keys and keys[0].column.lower() in fixed:
        keys.pop(0)
    forward: bool | None = None
    for sort in wanted:
        while keys and keys[0].column.lower() in fixed:
            keys.pop(0)
        if not keys or not same_order(keys[0], sort) or not _own_order(keys[0], table):
            return False
        same = keys[0].descending == sort.descending
        if forward is not None and same != forward:
            return False
        if not _nulls_fit(keys[0], sort, dialect):
            return False
        forward = same
        keys.pop(0)
        if index.unique and not keys and all(k.column and never_null(table, k.column) for k in index.keys):
            return True  # what follows a unique key changes nothing, unless several rows have none
    return True


def begins_order(index: Index, access: Access, table: Table, dialect: str) -> bool:
    """Say whether an index yields the first key of an order, so that only rows that share it are sorted."""
    single = {"=", "true", "false"} if dialect == "postgres" else {"=", "true", "false", "is null"}
    fixed = {c.column.lower() for c in access.conditions if c.op in single and not c.expression and not c.join}
    wanted = [s for s in access.sort if s.column.lower() not in fixed]
    keys = [k for k in index.keys if k.column.lower() not in fixed]
    if index.method not in ("btree", "rowid") or not wanted or not keys:
        return False
    return same_order(keys[0], wanted[0]) and _own_order(keys[0], table) and _nulls_fit(keys[0], wanted[0], dialect)


def _row_keys(table: Table, dialect: str) -> list[Key]:
    """Return the keys that SQLite and InnoDB append to every index: the row's own."""
    primary = next((i for i in table.indexes if i.origin == "primary key"), None)
    if primary is None or (dialect == "sqlite" and primary.method != "rowid" and not table.without_rowid):
        return []
    return list(primary.keys)


def same_order(key: Key, sort: SortKey) -> bool:
    """Say whether a sort key is a key of an index, in either direction."""
    if sort.expression:
        return key.expression == sort.expression
    return bool(key.column) and key.column.lower() == sort.column.lower()


def _nulls_fit(key: Key, sort: SortKey, dialect: str) -> bool:
    """Say whether nulls come at the end that is asked for; PostgreSQL does not ask whether there can be any."""
    if dialect != "postgres":
        return True
    mine = _nulls(key.descending, key.nulls)
    if key.descending != sort.descending:  # read backwards, nulls come at the other end
        mine = "last" if mine == "first" else "first"
    return mine == _nulls(sort.descending, sort.nulls)


def _own_order(key: Key, table: Table) -> bool:
    """Say whether a key is kept in its column's own order, not in that of another collation or of patterns."""
    column = column_of(table, key.column)
    own = plain_collation(column.collation if column is not None else "")
    return plain_collation(key.collation.lower()) in ("", own) and not key.opclass.endswith("pattern_ops")


def _nulls(descending: bool, nulls: str) -> str:
    return nulls or ("first" if descending else "last")
