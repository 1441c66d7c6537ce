"""The report of `check` as one page: findings with their source, the checklist of each service, coverage."""

from __future__ import annotations

from collections import Counter

from fragaudit.model.findings import Checklist, Finding, Report
from fragaudit.model.locations import Location
from fragaudit.report.excerpt import lines_of
from fragaudit.report.look import Look
from fragaudit.report.page import page, text

_AROUND = 2
"""Lines of source shown before and after a place."""
_LONGEST = 240


def render(report: Report, look: Look) -> str:
    """Return the page."""
    del look
    live = [f for f in report.findings if f.suppressed is None]
    counts = Counter(f.severity for f in live)
    parts = [f'<span class="{s}">{n} {s}{"s" if n > 1 else ""}</span>' for s in ("error", "warning", "note")
             if (n := counts[s])]  # type: ignore[index]  # fmt: skip
    body = ["<main>\n<h1>fragaudit</h1>\n"]
    body.append(f"<p>{len(live)} finding{'' if len(live) == 1 else 's'}{': ' if parts else ''}{', '.join(parts)}"
                f"{_accepted(report, live)}</p>\n")  # fmt: skip
    body += ["<h2>Findings</h2>\n"] * bool(live) + [_finding(report, f) for f in live]
    if report.problems:
        body.append("<h2>Could not be read</h2>\n<ul>\n")
        body += [f"<li><code>{text(p.at)}</code> {text(p.what)}</li>\n" for p in report.problems]
        body.append("</ul>\n")
    if report.checklists:
        body.append("<h2>Before creating databases</h2>\n")
        body += [_checklist(c) for c in report.checklists]
    c = report.coverage
    left = "".join(f", {count} {text(reason)}" for reason, count in c.files_excluded if count)
    body.append(
        f'<p class="faint">Looked at {c.files_read} files ({c.lines:,} lines), {c.files_skipped} without anything '
        f"about stores, {c.files_unreadable} unreadable{'; left out' if left else ''}{left.removeprefix(',')}.</p>\n"
        "</main>\n"
    )
    return page("fragaudit", "".join(body))


def _accepted(report: Report, live: list[Finding]) -> str:
    hidden = len(report.findings) - len(live)
    return f"; {hidden} accepted" if hidden else ""


def _finding(report: Report, f: Finding) -> str:
    sure = "" if f.confidence == "certain" else f" ({f.confidence})"
    message = "<br>".join(text(line) for line in f.message.split("\n"))
    related = "".join(
        f"<details><summary><code>{text(r.at)}</code> {text(r.message)}</summary>{_excerpt(report, r.at)}</details>\n"
        for r in f.related
    )
    return (
        f'<section class="card {f.severity}" id="{f.fingerprint}">\n'
        f'<h3><span class="{f.severity}">{f.severity}</span> {f.rule} {f.name}{sure}</h3>\n'
        f"<p><code>{text(f.at)}</code></p>\n<p>{message}</p>\n{_excerpt(report, f.at)}{related}"
        f'<p class="faint">{text(" ".join(f.help.split()))}</p>\n</section>\n'
    )


def _excerpt(report: Report, at: Location) -> str:
    source = report.sources.get(at.path)
    lines = lines_of(source) if source is not None else ()
    if not 1 <= at.line <= len(lines):
        return ""
    shown = []
    for number in range(max(1, at.line - _AROUND), min(len(lines), at.line + _AROUND) + 1):
        line = lines[number - 1][:_LONGEST]
        if number == at.line:
            end = at.end_column - 1 if at.end_line == at.line else len(line)
            start = min(at.column - 1, len(line))
            end = max(end, start)
            code = f"{text(line[:start])}<mark>{text(line[start:end])}</mark>{text(line[end:])}"
        else:
            code = text(line)
        shown.append(f'<span class="faint">{number:>5} </span>{code}')
    # A region that scrolls must be reachable by keyboard.
    return f'<pre tabindex="0" role="group" aria-label="source of {text(at)}">{chr(10).join(shown)}</pre>\n'


def _checklist(checklist: Checklist) -> str:
    rows = "".join(
        f"<tr><td>{a.question}</td><td>{text(a.text)}</td><td><strong>{a.answer}</strong></td><td>{text(a.why)}"
        + "".join(f"<br><code>{text(f'{at.path}:{at.line}')}</code>" for at in a.evidence[:3])
        + "</td></tr>\n"
        for a in checklist.answers
    )
    head = "<tr><th>no.</th><th>question</th><th>answer</th><th>why</th></tr>\n"
    return f"<h3>{text(checklist.service)}</h3>\n<table>\n<thead>\n{head}</thead>\n<tbody>\n{rows}</tbody>\n</table>\n"
