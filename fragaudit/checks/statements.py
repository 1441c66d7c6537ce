"""FA002: statements that no dialect parses."""

from __future__ import annotations

from collections.abc import Iterator

from fragaudit.checks.registry import check
from fragaudit.model.findings import Hit
from fragaudit.model.stores import Service


@check("FA002")
def unparsed_sql(service: Service) -> Iterator[Hit]:
    """A statement that could not be read."""
    for problem in service.unparsed:
        yield Hit(
            problem.at, f"this statement can't be read, so its accesses are unknown: {problem.what}", problem.what
        )
