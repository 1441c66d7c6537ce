"""FA002: statements that no dialect parses."""

from __future__ import annotations

from collections.abc import Iterator

from fragaudit.checks.registry import check
from fragaudit.model.findings import Confidence, Hit
from fragaudit.model.stores import Service


@check("FA002")
def unparsed_sql(service: Service) -> Iterator[Hit]:
    """A statement that could not be read."""
    for problem in service.unparsed:
        message = f"this statement can't be read, so its accesses are unknown: {problem.what}"
        confidence = None if problem.sure else Confidence.POSSIBLE
        yield Hit(problem.at, message, problem.what, confidence=confidence)
