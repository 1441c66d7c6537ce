"""How sure it is that an index is worth its writes, from the shape of the accesses alone.

The shapes are those whose findings real planners agree with less often: flags and states have few values, an open range
may hold most rows, an order with a limit is often cheap without an index, and most rows may be NULL.
"""

from __future__ import annotations

import re

from fragaudit.advise.dialects import column_of, is_flag
from fragaudit.model.accesses import Access, Condition
from fragaudit.model.schema import ForeignKey, Table

_FEW_VALUES = re.compile(
    r"(?:^|_)(?:status|state|kind|type|category|level|priority|role|gender|flag|mode|phase|stage|severity)(?:_id)?$"
    r"|^(?:is|has|can|was)_|_flag$",
    re.IGNORECASE,
)


def possible(access: Access, table: Table) -> bool:
    """Return whether an index for the access pays only if its conditions are selective."""
    if access.arms or access.extreme:
        return False
    return not any(_narrow(c, table) for c in access.conditions)


def _narrow(condition: Condition, table: Table) -> bool:
    if condition.join and condition.op in ("=", "in"):
        return condition.filtered
    if condition.op in ("=", "in"):
        column = column_of(table, condition.column)
        return not is_flag(column) and not (condition.column and _FEW_VALUES.search(condition.column))
    return condition.op in ("two-sided", "prefix", "row", "match")


def refers(key: ForeignKey, deleted: set[str]) -> bool:
    """Return whether rows that a foreign key refers to are deleted, so that its own rows are looked for."""
    return key.table in deleted
