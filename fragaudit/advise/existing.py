"""Existing indexes as what a new one in their place would have to begin with."""

from __future__ import annotations

from fragaudit.advise.patterns import Element, Form
from fragaudit.model.schema import Index, Table


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
