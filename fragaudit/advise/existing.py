"""Existing indexes: what a new one in their place would have to begin with, and what needs no new one."""

from __future__ import annotations

from collections.abc import Sequence

from fragaudit.advise.cover import serves
from fragaudit.advise.patterns import Element, Form
from fragaudit.advise.quoting import where_of
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


def there(wanted: Sequence[Form], table: Table) -> bool:
    """Return whether an existing index already begins with what one of the forms asks for."""
    return any(
        serves(index.keys, form.where, "btree" if index.method == "rowid" else index.method, form)
        and _part(index.where_text) in ("", _part(where_of(form.where, "")))
        for index in table.indexes
        for form in wanted
    )


def _part(condition: str) -> str:
    """Return the condition of a partial index as it can be compared."""
    return "".join(c for c in condition.lower() if c not in '()"` ')
