"""Existing indexes: which can be extended, which another one makes superfluous."""

from __future__ import annotations

from collections.abc import Sequence

from fragaudit.advise.patterns import Element, Form
from fragaudit.model.schema import Index, Key, Table


def existing_form(index: Index, table: Table) -> Form | None:
    """Return an index as the keys that one in its place would have to begin with; None if none may take its place."""
    if index.origin != "index" or index.unique or index.method != "btree" or index.where is not None:
        return None
    if index.where_text or index.include or index.table != table.name or not index.keys:
        return None
    blocks = tuple(
        (
            Element(
                key.column, key.expression, key.collation, key.length, key.opclass, len(index.keys) > 1,
                key.descending, bool(key.nulls), "index",
            ),
        )
        for key in index.keys
    )  # fmt: skip
    return Form(blocks)


def superfluous(index: Index, others: Sequence[Index]) -> tuple[Index, str] | None:
    """Return the other index that does all that this one does, and why; None if none does.

    One that guarantees uniqueness is superfluous only beside an equal guarantee; a partial one is smaller than the
    whole, so only its equal or a longer one of the same part counts.
    """
    if index.origin in ("primary key", "foreign key"):
        return None
    for other in sorted(others, key=lambda o: (_rank(o), -len(o.keys), o.name)):
        if other is index or other.table != index.table:
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
        if same and (_rank(other), other.name) > (_rank(index), index.name) and index.method == other.method:
            continue  # of two equal ones only the lesser is superfluous
        what = "it has the keys" if same else "its keys are the first"
        return other, f"{what} of {other.name or described(other)}"
    return None


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


def described(index: Index) -> str:
    """Return an index that has no name by what made it."""
    return f"the {index.origin} ({', '.join(map(str, index.keys))})"


def _stored(index: Index) -> set[str]:
    return {*index.include, *(k.column for k in index.keys)}


def _rank(index: Index) -> int:
    """Order indexes by how hard it is to do without them."""
    return 0 if index.origin == "primary key" else 1 if index.origin == "unique" else 2 if index.unique else 3
