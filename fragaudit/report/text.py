"""The report people read: findings with their source, the checklist of each service, and out of how much."""

from __future__ import annotations

import re
from collections import Counter

from fragaudit.model.findings import Answer, Finding, Report, Severity
from fragaudit.model.locations import Location
from fragaudit.report.look import Look
from fragaudit.report.paper import Paper
from fragaudit.wording import counted

STYLES = {"error": "bold red", "warning": "bold magenta", "note": "bold cyan"}
_ANSWERS = {"yes": "yes", "no": "no", "review": "review", "n/a": "n/a"}

_NUMBERED = re.compile(r"\d\. ")


def render(report: Report, look: Look) -> str:
    """Return the report of `check`."""
    paper = Paper(look)
    live = [f for f in report.findings if f.suppressed is None]
    if look.statistics:
        _statistics(paper, live)
    else:
        for finding in live:
            _finding(paper, report, finding)
    for problem in report.problems:
        if not any(f.rule == "FA001" and f.at == problem.at for f in live):
            paper.line((f"{problem.at}: ", ""), ("problem ", "bold cyan"), problem.what)
    _checklists(paper, report)
    _coverage(paper, report)
    _summary(paper, report, live)
    return paper.text()


def render_checklists(report: Report, look: Look) -> str:
    """Return the checklists alone."""
    paper = Paper(look)
    _checklists(paper, report)
    if not report.checklists:
        paper.line("no service was found")
    return paper.text()


def _finding(paper: Paper, report: Report, finding: Finding) -> None:
    style = STYLES[finding.severity]
    place = f"{finding.at.path}:{finding.at.line}:{finding.at.column}"
    sure = "" if finding.confidence == "certain" else f" ({finding.confidence})"
    paper.line((place, "bold"), ": ", (finding.severity, style), " ", (f"{finding.rule} {finding.name}", "bold"), sure)
    for line in finding.message.split("\n"):
        paper.prose(line, indent="     " if _NUMBERED.match(line) else "  ", first="  ")
    source = report.sources.get(finding.at.path)
    if source is not None:
        paper.excerpt(source, finding.at, style)
    for related in finding.related:
        paper.line("  ", (f"{related.at.path}:{related.at.line}:{related.at.column}", "bold"), f": {related.message}")
        source = report.sources.get(related.at.path)
        if source is not None:
            paper.excerpt(source, related.at, "cyan")
    paper.prose(finding.help, indent="        ", first="  help: ")
    paper.line()


def _statistics(paper: Paper, findings: list[Finding]) -> None:
    counts = Counter((f.rule, f.name, f.severity) for f in findings)
    for (rule, name, severity), count in sorted(counts.items()):
        paper.line(f"{count:>5}  ", (f"{rule} {name}", "bold"), "  ", (severity, STYLES[severity]))
    if counts:
        paper.line()


def _checklists(paper: Paper, report: Report) -> None:
    keeps = {service.name for service in report.services if service.stores or service.tables}
    empty = [c.service for c in report.checklists if c.service not in keeps]
    if len(report.checklists) == 1:
        empty = []
    for checklist in report.checklists:
        if checklist.service in empty:
            continue
        paper.line(("Before creating databases: ", "bold"), (checklist.service, "bold"))
        for answer in checklist.answers:
            _answer(paper, answer)
        paper.line()
    if empty:
        paper.prose(f"No store and no table was found in {', '.join(empty)}.")
        paper.line()


def _answer(paper: Paper, answer: Answer) -> None:
    mark = {"review": "cyan", "n/a": "dim"}.get(answer.answer, "bold")
    paper.line(f"  {answer.question}. {answer.text} ", (_ANSWERS[answer.answer], mark))
    paper.prose(answer.why, indent="     ")
    if answer.evidence:
        shown = [_short(at) for at in answer.evidence[:3]]
        rest = len(answer.evidence) - len(shown)
        for number, place in enumerate(shown):
            more = f" and {rest} more" if rest and number == len(shown) - 1 else ""
            paper.line("     ", ("at " + place + more, "dim"))


def _short(at: Location) -> str:
    return f"{at.path}:{at.line}"


def _coverage(paper: Paper, report: Report) -> None:
    c = report.coverage
    stores = sum(len(s.stores) for s in report.services)
    files = c.files_read + c.files_skipped + c.files_unreadable
    read = (
        f"Looked at {counted(files, 'file')} ({counted(c.lines, 'line')}): {c.files_read:,} read, {c.files_skipped:,} "
        f"without anything about stores, {c.files_unreadable:,} unreadable."
    )
    paper.prose(
        f"{read} Found {counted(len(report.services), 'service')}, {counted(stores, 'store')}, "
        f"{counted(c.store_calls_resolved, 'call')} on them."
    )
    if c.accesses_no_btree:
        accesses = counted(c.accesses_no_btree, "access", "accesses")
        paper.prose(f"Not judged: {accesses} of tables whose engine finds rows in another way than by b-trees.")
    left = [f"{count} {reason}" for reason, count in c.files_excluded if count]
    if left:
        paper.prose(f"Left out: {', '.join(left)}.")


def _summary(paper: Paper, report: Report, live: list[Finding]) -> None:
    counts = Counter(f.severity for f in live)
    parts = [counted(counts[s], s) for s in Severity if counts[s]]
    possible = sum(f.confidence == "possible" for f in live)
    hidden = len(report.findings) - len(live)
    text = counted(len(live), "finding") + (f": {', '.join(parts)}" if parts else "")
    text += f"; {possible} of them only possible" if possible else ""
    text += f"; {hidden} suppressed by ignores or the baseline" if hidden else ""
    paper.prose(text + ".", style="bold" if live else "")
