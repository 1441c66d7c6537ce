"""Indexes beside each other: which one does all that another does, which are used, which lead on a foreign key."""

from __future__ import annotations

from collections.abc import Sequence

from fragaudit.coverage import index_name
from fragaudit.coverage.lookup import enters
from fragaudit.coverage.partial import applies
from fragaudit.model.accesses import Access
from fragaudit.model.schema import ForeignKey, Index, Key, Table


def superfluous(index: Index, others: Sequence[Index]) -> tuple[Index, str] | None:
    """Return the other index that does all that this one does, and why; None if none does.

    One that guarantees uniqueness is superfluous only beside an equal guarantee; a partial one is smaller than the
    whole, so only its equal or a longer one of the same part counts.
    """
    if index.origin in ("primary key", "foreign key") or any(k.expression == "?" for k in index.keys):
        return None  # what isn't understood can't be told to be the same
    places = {id(other): place for place, other in enumerate(others)}
    for other in sorted(others, key=lambda o: (_rank(o), -len(o.keys), o.name)):
        if other is index or other.table != index.table or _one_text(other, index):
            continue
        ordered = other.method in ("btree", "rowid") and index.method in ("btree", "hash")
        if not ordered and (other.method, other.keys) != (index.method, index.keys):
            continue
        if other.where_text.lower() != index.where_text.lower():
            continue
        if not begins(other.keys, index.keys) or not set(index.include) <= _stored(other):
            continue
        same = len(other.keys) == len(index.keys)
        if index.unique and not (same and other.unique):
            continue
        first = (_rank(other), places[id(other)]) < (_rank(index), places.get(id(index), len(others)))
        if same and index.method == other.method and not first:
            continue  # of two equal ones only the lesser is superfluous, or the later
        what = "it has the keys" if same else "its keys are the first"
        return other, f"{what} of {index_name(other)}"
    return None


def _one_text(one: Index, other: Index) -> bool:
    """Say whether two indexes are two readings of one statement, whose names are put together when it runs."""
    if one.origin != "index" or other.origin != "index":
        return False
    return bool({(at.path, at.line) for at in one.at} & {(at.path, at.line) for at in other.at})


def begins(keys: Sequence[Key], first: Sequence[Key]) -> bool:
    """Return whether an index on the keys can be read as one on the first of them, forwards or backwards."""
    if len(first) > len(keys):
        return False
    pairs = list(zip(first, keys, strict=False))
    if any(
        (a.column.lower(), a.expression, a.opclass, a.collation, a.length, bool(a.nulls))
        != (b.column.lower(), b.expression, b.opclass, b.collation, b.length, bool(b.nulls))
        for a, b in pairs
    ):
        return False
    return len({a.descending != b.descending for a, b in pairs}) <= 1


def _stored(index: Index) -> set[str]:
    return {*index.include, *(k.column for k in index.keys)}


def _rank(index: Index) -> int:
    """Order indexes by how hard it is to do without them."""
    return 0 if index.origin == "primary key" else 1 if index.origin == "unique" else 2 if index.unique else 3


def uses(access: Access, index: Index, table: Table) -> bool:
    """Say whether an access can use an index: to look rows up, for an order or for groups."""
    if index.name in access.by.split(", "):
        return True
    ordered = {k.column.lower() for k in access.sort} | {access.extreme.lower()}
    ordered |= {name.lower() for name in (*access.group, *access.distinct)}
    conditions = [*access.conditions, *(c for arm in access.arms for c in arm)]
    first = any(enters(index, c, table, access.dialect) for c in conditions)
    return index.keys[0].column.lower() in ordered or (first and applies(index, access, access.dialect))


def leads(index: Index, foreign: ForeignKey) -> bool:
    """Say whether an index finds the rows of a foreign key: its columns come first, in any order."""
    columns = {c.lower() for c in foreign.columns}
    first = {k.column.lower() for k in index.keys[: len(columns)]}
    partial = index.where_text and not index.where_text.lower().strip("() ").endswith("is not null")
    return first == columns and index.method in ("btree", "rowid", "hash") and not partial
