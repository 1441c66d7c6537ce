"""How sure it is that an index is worth its writes, from the shape of the accesses alone.

The shapes are those whose findings real planners agree with less often: flags and states have few values, an open range
may hold most rows, an order with a limit is often cheap without an index, and most rows may be NULL.
"""

from __future__ import annotations

from fragaudit.coverage import judge
from fragaudit.model.accesses import Access
from fragaudit.model.schema import ForeignKey, Table

_UNSURE = frozenset({"flag", "in query", "null", "range", "nothing to look up"})
"""Categories of `coverage` that the planners of SQLite and PostgreSQL agree with in less than nine of ten cases."""


def possible(access: Access, table: Table) -> bool:
    """Return whether an index for the access pays only if its conditions are selective."""
    return (access.category or judge(access, table, access.dialect).category) in _UNSURE


def special(access: Access) -> bool:
    """Return whether only an index of a kind of its own could serve the access, whose absence is no finding."""
    if access.verdict != "n/a" or access.unknown or access.category not in ("", "nothing to look up"):
        return False
    return any(c.op in ("match", "prefix") for c in access.conditions) or any(u.expression for u in access.unindexable)


def refers(key: ForeignKey, deleted: set[str]) -> bool:
    """Return whether rows that a foreign key refers to are deleted, so that its own rows are looked for."""
    return key.on_delete in ("cascade", "set null") or key.table in deleted
