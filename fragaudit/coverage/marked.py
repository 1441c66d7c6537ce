"""Tables whose rows are marked as deleted and stay: what refers to them is never looked through for their sake."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from fragaudit.coverage.growth import callings, snake
from fragaudit.model.accesses import Access, Condition, Write
from fragaudit.model.schema import ForeignKey, Table, bare
from fragaudit.model.stores import Removed

_MARK = re.compile(r"^(?:is_?)?(?:soft_?)?deleted(?:_?(?:at|on|date|time|timestamp))?$|^date_?deleted$", re.IGNORECASE)
"""Columns that say of a row that it is deleted, or when it was."""
_AROUND = re.compile(
    r"^(?:db|existing|old|the|my|current|orphaned?|stale|expired)_"
    r"|_(?:model|obj|object|row|record|db|entity|instance|orm)$"
)
"""What stands around the kind of an object in its name."""


class Marked:
    """Tells of which tables a service marks rows instead of deleting them, as far as its code shows."""

    def __init__(
        self, tables: Sequence[Table], accesses: Iterable[Access], writes: Iterable[Write], removed: Iterable[Removed]
    ) -> None:
        """Take what a service keeps, how it finds rows, and what it deletes: by statements and as objects."""
        self._tables = {bare(t.name): t for t in tables}
        self._asked = {(bare(a.table), c.column.lower()) for a in accesses for c in _conditions(a)}
        self._deleted = {bare(w.table) for w in writes if w.verb == "delete" and not w.once}
        called = callings(self._tables)
        for item in removed:
            self._deleted |= {bare(item.table)} if item.table else _meant(item.name, called, frozenset(self._tables))

    def unneeded(self, key: ForeignKey, table: Table) -> bool:
        """Say whether nothing looks for the rows of a foreign key: no statement, and no row deleted that they have."""
        parent = self._tables.get(bare(key.table))
        if parent is None or not any(_MARK.match(c.name) for c in parent.columns):
            return False
        if any((bare(table.name), column.lower()) in self._asked for column in key.columns):
            return False
        return not self._goes(bare(key.table), set())

    def _goes(self, name: str, seen: set[str]) -> bool:
        """Say whether rows of a table are deleted, by themselves or with those that they belong to."""
        if name in self._deleted:
            return True
        table = self._tables.get(name)
        seen.add(name)
        above = [bare(k.table) for k in table.foreign_keys if k.on_delete == "cascade"] if table is not None else []
        return any(self._goes(each, seen) for each in above if each not in seen)


def _conditions(access: Access) -> Iterator[Condition]:
    yield from access.conditions
    for arm in access.arms:
        yield from arm


def _meant(name: str, called: dict[str, frozenset[str]], every: frozenset[str]) -> frozenset[str]:
    """Return the tables of which an object may be a row, by what it is called: any, if it is called like none."""
    word = snake(name).lower()
    while (shorter := _AROUND.sub("", word)) != word:
        word = shorter
    return called.get(word, frozenset()) | called.get(f"_{word.rpartition('_')[2]}", frozenset()) or every
