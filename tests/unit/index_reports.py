"""What reports and accesses say of indexes, as short as tests compare it."""

from __future__ import annotations

from collections.abc import Iterable

from fragaudit.model.accesses import Access
from fragaudit.pipeline import audit_sources


def told(files: dict[str, str], rule: str = "FA201") -> list[tuple[str, int, str]]:
    """Return path, line and confidence of the findings of a rule."""
    found = audit_sources(files).findings
    return [(f.at.path, f.at.line, f.confidence.value) for f in found if f.rule == rule]


def judged(found: Iterable[Access]) -> list[tuple[int, str, tuple[str, ...], str]]:
    """Return line, table, columns of conditions, and verdict of accesses."""
    return [(a.at.line, a.table, tuple(c.column for c in a.conditions), a.verdict) for a in found]
