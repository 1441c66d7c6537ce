"""What a database adds to tables by itself, once all changes are folded: keys of rows, of partitions, of parents."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec.structs import replace

from fragaudit.model.schema import Index, Key

if TYPE_CHECKING:
    from fragaudit.link.schema.fold import Draft

_INTEGER = frozenset({"integer"})
"""The one type, in any case, that makes SQLite's primary key the row's own number; `int` does not."""


def completed(drafts: dict[str, Draft], key: Callable[[str], str]) -> dict[str, Draft]:
    """Return the tables with copied columns, indexes of partitions, and keys made for foreign keys."""
    for draft in drafts.values():
        for name in draft.like:
            _copy(drafts.get(key(name)), draft)
    for draft in drafts.values():
        if draft.partition_of:
            _inherit(drafts.get(key(draft.partition_of)), draft)
    _raised(drafts, key)
    for draft in drafts.values():
        if draft.engine == "mysql":
            _keys_for_references(draft)
        if draft.engine == "sqlite" and not draft.without_rowid:
            _row_numbers(draft)
    return drafts


def _copy(parent: Draft | None, draft: Draft) -> None:
    if parent is None:
        draft.silent = draft.silent or "it is a copy of a table whose definition was not found"
        return
    for name, column in parent.columns.items():
        draft.columns.setdefault(name, column)
    known = {i.keys for i in draft.indexes}
    draft.indexes += [_implicit(i, draft.name) for i in parent.indexes if i.keys not in known]


def _inherit(parent: Draft | None, draft: Draft) -> None:
    if parent is None:
        draft.silent = draft.silent or "it is a partition of a table whose definition was not found"
        return
    _copy(parent, draft)


def _implicit(index: Index, table: str) -> Index:
    return replace(index, table=table, name="", by=("implicit",))


def _raised(drafts: dict[str, Draft], key: Callable[[str], str]) -> None:
    """Give a partitioned table the indexes that each of its partitions has: a query through it finds them there."""
    parts: dict[str, list[Draft]] = {}
    for draft in drafts.values():
        if draft.partition_of:
            parts.setdefault(key(draft.partition_of), []).append(draft)
    for name, children in parts.items():
        parent = drafts.get(name)
        if parent is None:
            continue
        known = {i.keys for i in parent.indexes}
        for index in children[0].indexes:
            if index.keys not in known and all(index.keys in {i.keys for i in c.indexes} for c in children[1:]):
                parent.indexes.append(replace(_implicit(index, parent.name), at=index.at))


def _keys_for_references(draft: Draft) -> None:
    """InnoDB makes an index for each foreign key that has none."""
    for foreign in draft.foreign_keys:
        columns = [c.lower() for c in foreign.columns]
        served = any([k.column.lower() for k in i.keys[: len(columns)]] == columns for i in draft.indexes)
        if not served:
            keys = tuple(Key(c) for c in foreign.columns)
            draft.indexes.append(Index("", draft.name, keys, False, "btree", None, "", (), "foreign key", foreign.at,
                                       ("implicit",)))  # fmt: skip


def _row_numbers(draft: Draft) -> None:
    for place, index in enumerate(draft.indexes):
        if index.origin == "primary key" and len(index.keys) == 1:
            column = draft.columns.get(index.keys[0].column.lower())
            if column is not None and column.type in _INTEGER:
                draft.indexes[place] = replace(index, method="rowid")
