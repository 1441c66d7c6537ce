"""Workflow commands of GitHub Actions: one annotation for each finding."""

from __future__ import annotations

from fragaudit.model.findings import Finding, Report, Severity
from fragaudit.report.excerpt import clean
from fragaudit.report.look import Look

_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def render(report: Report, look: Look) -> str:
    """Return the annotations of all findings that are not suppressed."""
    del look
    return "".join(_annotation(f) + "\n" for f in report.findings if f.suppressed is None)


def _annotation(f: Finding) -> str:
    level = "notice" if f.confidence == "possible" else _LEVELS[f.severity]
    # End columns only mean something on one line.
    end = f",endColumn={f.at.end_column}" if f.at.end_line == f.at.line else ""
    place = f"file={_property(f.at.path)},line={f.at.line},endLine={f.at.end_line},col={f.at.column}{end}"
    also = "".join(f"\n{r.at.path}:{r.at.line}: {r.message}" for r in f.related)
    text = f"{f.message}{also}\n{' '.join(f.help.split())}"
    return f"::{level} {place},title={_property(f'{f.rule} {f.name}')}::{_data(text)}"


def _data(text: str) -> str:
    # Line breaks first: what is left of control characters must reach no terminal that shows the log.
    return "%0A".join(clean(line.replace("%", "%25")) for line in text.splitlines())


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
