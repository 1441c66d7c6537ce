"""The key that would serve one access, and its definition."""

from __future__ import annotations

from fragaudit.coverage import is_boolean
from fragaudit.model.accesses import Access
from fragaudit.model.schema import Key, Table

LONGEST_NAME = 63


def key_for(access: Access, table: Table) -> tuple[Key, ...] | None:
    """Return the keys of an index that serves an access: equalities, then one range or the order; None for none."""
    if access.arms and not access.conditions:
        return None  # an index for each alternative
    equal = [c for c in access.conditions if c.op == "=" and not c.expression and not is_boolean(table, c.column)]
    names = list(dict.fromkeys([*(c.column for c in equal if not c.join), *(c.column for c in equal if c.join)]))
    keys = [Key(n) for n in names]
    sets = [c.column for c in access.conditions if c.op in ("in", "is null") and c.column not in names]
    ranges = [c.column for c in access.conditions if c.op in ("<", "two-sided", "row") and c.column not in names]
    if sets:
        keys.append(Key(sets[0]))
    elif access.sort and access.limit:
        keys += [Key(s.column, descending=s.descending) for s in access.sort if s.column not in names]
    elif ranges:
        keys.append(Key(ranges[0]))
    if access.extreme and access.extreme not in names:
        keys.append(Key(access.extreme))
    return tuple(keys) or None


def ddl(table: Table, keys: tuple[Key, ...]) -> str:
    """Return the statement that creates an index."""
    own = table.name.rpartition(".")[2]
    name = "_".join(("idx", own, *(k.column for k in keys)))[:LONGEST_NAME]
    return f"CREATE INDEX {name} ON {table.name} ({', '.join(str(k) for k in keys)});"
