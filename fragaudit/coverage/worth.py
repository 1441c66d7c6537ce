"""Is an index worth its writes? What the text alone can say of it."""

from __future__ import annotations

import re
from collections.abc import Container, Sequence

from fragaudit.coverage.columns import is_document, is_flag, is_passing, is_state
from fragaudit.model.accesses import Access, Condition
from fragaudit.model.schema import ForeignKey, Table

SURE = frozenset(
    {"equality", "two-sided range", "filtered join", "outer join", "extreme", "alternatives", "correlated",
     "unfiltered join", "range join", "sort", "state", "entry"}
)  # fmt: skip
"""Kinds of accesses for which planners agree in at least 97 of 100 cases that an index is missing. What is left, a
column of two values, a range open at one end, a test for null, may return so much that no index pays."""
_LOOKUP = re.compile(
    r"(?:^|_)(?:types?|kinds?|status(?:es)?|states?|roles?|levels?|priorit(?:y|ies)|languages?|countr(?:y|ies)"
    r"|currenc(?:y|ies)|settings?|config(?:uration)?s?|meta(?:data)?|versions?|migrations?|leaders?|locks?|units?"
    r"|genders?|colou?rs?|seasons?|weekdays?|months?|categor(?:y|ies)|severit(?:y|ies)|licen[cs]es?|tiers?|plans?"
    r"|templates?|plugins?|providers?|themes?)$"
    r"|(?:settings|configurations?|migrations?|templates?|plugins?|providers?|licen[cs]es?)$",
    re.IGNORECASE,
)
_DESCRIBING = re.compile(
    r"(?:^|_)(?:name|title|label|description|slug|colou?r|icon|order|position|sort|rank|enabled|default|editable|active"
    r"|search_vector)$",
    re.IGNORECASE,
)
"""What an entry of a list is shown as: however much of it there is, the list stays one of a few entries."""
_PRESET = re.compile(r"(?:is_)?default$", re.IGNORECASE)
"""Where one entry is chosen unless another one is, the entries are there to choose from."""
_WIDEST_LOOKUP = 5
_TIMES = ("timestamp", "datetime", "date", "time")


def sure(access: Access, table: Table) -> bool:
    """Say whether an index that an access lacks is worth having, as far as its shape and the table's tell."""
    return not access.maintenance and access.category in SURE and not is_small(table) and _few(access, table)


def _few(access: Access, table: Table) -> bool:
    """Say whether few rows can be expected, where the code itself names the value that it looks for.

    A value that is written out is one of a handful, or a row that the program put there itself, unless rows have it for
    a while only; in a file of queries it may as well be an example of what is looked for. An OR finds as many rows as
    the widest of its alternatives.
    """
    local = [c for c in access.conditions if not c.join]
    examples = access.at.path.endswith(".sql")
    if access.category == "alternatives":
        return all(_narrow(arm, table, examples) for arm in access.arms)
    if access.category == "entry":
        return _narrow([c for c in local if not is_state(c)], table, examples)
    return access.category not in ("equality", "state") or _narrow(local, table, examples)


def _narrow(conditions: Sequence[Condition], table: Table, examples: bool) -> bool:
    """Say whether conditions that hold together leave few rows; values written out may be `examples` of those asked."""
    compared = [c for c in conditions if c.op in ("=", "in") and not is_flag(table, c.column)]
    compared = [c for c in compared if not is_document(table, c.column)]
    if any(examples or c.constant is None or is_passing(c) for c in compared):
        return True
    ranges = [c for c in conditions if c.op == "<"]
    return any(c.op in ("two-sided", "prefix", "row", "match") for c in conditions) or bool(compared and ranges)


def followed(key: ForeignKey, table: Table, deleted: Container[str]) -> bool:
    """Say whether the rows of a foreign key are looked for, as rows that it refers to go.

    Args:
        key: the foreign key.
        table: the table that has it.
        deleted: names of the tables from which statements delete, without their schema, in lower case.
    """
    gone = key.on_delete in ("cascade", "set null") or key.table.rpartition(".")[2].lower() in deleted
    return gone and not is_small(table)


def is_small(table: Table) -> bool:
    """Say whether a table is shaped like one of a few rows: a list of kinds, settings, a single row of state."""
    key = {k.column.lower() for i in table.indexes if i.origin == "primary key" for k in i.keys}
    columns = [c for c in table.columns if not c.type.startswith(_TIMES) and _DESCRIBING.search(c.name) is None]
    columns = [c for c in columns if c.name.lower() not in key]
    narrow = len(columns) <= _WIDEST_LOOKUP or any(_PRESET.match(c.name) for c in table.columns)
    return narrow and _LOOKUP.search(_snake(table.name.rpartition(".")[2])) is not None


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
