"""Reports on the small services that tests of vectors write out."""

from __future__ import annotations

from textwrap import dedent

from fragaudit.model.findings import Report
from fragaudit.model.vectors import VectorWrite
from fragaudit.pipeline import audit_sources


def audited(files: dict[str, str]) -> Report:
    """Return the report on files that can all be read."""
    report = audit_sources({path: dedent(text) for path, text in files.items()})
    assert report.problems == ()
    return report


def found(files: dict[str, str]) -> list[tuple[str, str, str]]:
    """Return the place of each write, its container and the verdict."""
    report = audited(files)
    return [(f"{w.at.path}:{w.at.line}", w.container, w.verdict) for s in report.services for w in s.vector_writes]


def writes(source: str) -> tuple[VectorWrite, ...]:
    """Return the writes in a file of its own."""
    return tuple(w for service in audited({"app.py": source}).services for w in service.vector_writes)
