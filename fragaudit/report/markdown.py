"""Markdown for a pull request or a job's summary: findings as a table, the checklist as a task list."""

from __future__ import annotations

import re
from collections import Counter

from fragaudit.model.findings import Answer, Checklist, Finding, Report
from fragaudit.model.locations import Location
from fragaudit.report.excerpt import clean
from fragaudit.report.look import Look

MOST = 200
"""Findings shown; a comment may not be longer than 65,536 characters on any of the forges."""
_MARKS = {"error": "🔴 error", "warning": "🟠 warning", "note": "🔵 note"}
_SPECIAL = re.compile(r"([\\`*_\[\]<>#!|~&@])")


def render(report: Report, look: Look) -> str:
    """Return the report of `check`."""
    del look
    live = [f for f in report.findings if f.suppressed is None]
    lines = ["# fragaudit", "", _summary(report, live), ""]
    if live:
        lines += ["| | rule | where | what |", "|---|---|---|---|", *map(_row, live[:MOST]), ""]
    if len(live) > MOST:
        lines += [f"{len(live) - MOST} more findings are not shown here.", ""]
    if report.problems:
        lines += ["## Could not be read", ""]
        lines += [f"- {_code(str(p.at))} {plain(p.what)}" for p in report.problems[:MOST]] + [""]
    for checklist in report.checklists:
        lines += _checklist(checklist)
    c = report.coverage
    lines.append(
        f"Looked at {c.files_read} files ({c.lines:,} lines), {c.files_skipped} without anything about stores, "
        f"{c.files_unreadable} unreadable."
    )
    return "\n".join(lines) + "\n"


def _summary(report: Report, live: list[Finding]) -> str:
    counts = Counter(f.severity for f in live)
    parts = [f"{counts[s]} {s}{'s' if counts[s] > 1 else ''}" for s in counts]
    possible = sum(f.confidence == "possible" for f in live)
    hidden = len(report.findings) - len(live)
    text = f"**{len(live)} finding{'' if len(live) == 1 else 's'}**" + (
        f": {', '.join(sorted(parts))}" if parts else ""
    )
    text += f"; {possible} only possible" if possible else ""
    return text + (f"; {hidden} accepted" if hidden else "") + "."


def _row(f: Finding) -> str:
    sure = "" if f.confidence == "certain" else f" ({f.confidence})"
    also = "".join(f"<br>{_code(_short(r.at))} {plain(r.message)}" for r in f.related[:5])
    what = "<br>".join(plain(line) for line in f.message.split("\n"))
    return f"| {_MARKS[f.severity]}{sure} | {f.rule} {f.name} | {_code(_short(f.at))} | {what}{also} |"


def _checklist(checklist: Checklist) -> list[str]:
    head = [f"## Before creating databases: {plain(checklist.service)}", ""]
    return [*head, *map(_answer, checklist.answers), ""]


def _answer(answer: Answer) -> str:
    done = " " if answer.answer == "review" else "x"
    places = ", ".join(_code(_short(at)) for at in answer.evidence[:3])
    return f"- [{done}] {plain(answer.text)} **{answer.answer}**: {plain(answer.why)}{f' ({places})' if places else ''}"


def _short(at: Location) -> str:
    return f"{at.path}:{at.line}"


def plain(text: str) -> str:
    """Return text that means itself in Markdown: no link, mention, HTML or table cell comes of it."""
    return _SPECIAL.sub(r"\\\1", clean(" ".join(text.split()))).replace("\\@", "@\u200b")


def _code(text: str) -> str:
    fenced = clean(text).replace("|", "\\|")
    ticks = "`" * (max((len(run) for run in re.findall("`+", fenced)), default=0) + 1)
    pad = " " if fenced.startswith("`") or fenced.endswith("`") else ""
    return f"{ticks}{pad}{fenced}{pad}{ticks}"
