"""Is an index worth its writes? What the text alone can say of it."""

from __future__ import annotations

import re
from collections.abc import Container

from fragaudit.model.accesses import Access
from fragaudit.model.schema import ForeignKey, Table

SURE = frozenset(
    {"equality", "two-sided range", "filtered join", "outer join", "extreme", "alternatives", "correlated",
     "unfiltered join", "range join", "sort", "state"}
)  # fmt: skip
"""Kinds of accesses for which planners agree in at least 97 of 100 cases that an index is missing. What is left, a
column of two values, a range open at one end, a test for null, may return so much that no index pays."""
_LOOKUP = re.compile(
    r"(?:^|_)(?:types?|kinds?|status(?:es)?|states?|roles?|levels?|priorit(?:y|ies)|languages?|countr(?:y|ies)"
    r"|currenc(?:y|ies)|settings?|config(?:uration)?s?|meta(?:data)?|versions?|migrations?|leaders?|locks?|units?"
    r"|genders?|colou?rs?|seasons?|weekdays?|months?)$",
    re.IGNORECASE,
)
_WIDEST_LOOKUP = 5
_TIMES = ("timestamp", "datetime", "date", "time")


def sure(access: Access, table: Table) -> bool:
    """Say whether an index that an access lacks is worth having, as far as its shape and the table's tell."""
    return not access.maintenance and access.category in SURE and not is_small(table)


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
    columns = [c for c in table.columns if not c.type.startswith(_TIMES)]
    name = table.name.rpartition(".")[2]
    return len(columns) <= _WIDEST_LOOKUP and _LOOKUP.search(_snake(name)) is not None


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
