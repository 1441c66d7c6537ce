"""What expressions of SQLAlchemy are besides columns, conditions and queries."""

from __future__ import annotations

from dataclasses import dataclass

from fragaudit.link.queries.draft import Join, Path

OF = "sqlalchemy"

RECORDS = frozenset({"peewee", "piccolo"})
"""Libraries whose model classes start queries themselves, which then go on as those of Core do."""


class _Ran:
    """What comes back from a query that was run: rows, of which nothing more is asked."""


RAN = _Ran()


class Joined:
    """Tables joined by a function of Core, before any query is made of them."""

    def __init__(self, joins: list[Join]) -> None:
        self.joins = joins


@dataclass(frozen=True)
class Loader:
    """How related rows are to be loaded, along one relationship after another, each by its own option."""

    paths: tuple[tuple[str, Path], ...]


AGGREGATES = frozenset(
    {
        "count",
        "sum",
        "avg",
        "array_agg",
        "string_agg",
        "group_concat",
        "json_agg",
        "bool_or",
        "bool_and",
        "jsonb_agg",
        "count_if",
        "percentile_cont",
        "stddev",
        "variance",
        "max",
        "min",
    }
)
