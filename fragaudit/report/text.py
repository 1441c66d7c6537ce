"""The report people read: findings with their source, the checklist of each service, and out of how much."""

from __future__ import annotations

from collections import Counter

from fragaudit.model.findings import Answer, Checklist, Finding, Report
from fragaudit.model.locations import Location
from fragaudit.report.look import Look
from fragaudit.report.paper import Paper

STYLES = {"error": "bold red", "warning": "bold magenta", "note": "bold cyan"}
_ANSWERS = {"yes": "yes", "no": "no", "review": "review", "n/a": "n/a"}


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
    _checklists(paper, report.checklists)
    _coverage(paper, report)
    _summary(paper, report, live)
    return paper.text()


def render_checklists(report: Report, look: Look) -> str:
    """Return the checklists alone."""
    paper = Paper(look)
    _checklists(paper, report.checklists)
    if not report.checklists:
        paper.line("no service was found")
    return paper.text()


def _finding(paper: Paper, report: Report, finding: Finding) -> None:
    style = STYLES[finding.severity]
    place = f"{finding.at.path}:{finding.at.line}:{finding.at.column}"
    sure = "" if finding.confidence == "certain" else f" ({finding.confidence})"
    paper.line((place, "bold"), ": ", (finding.severity, style), " ", (f"{finding.rule} {finding.name}", "bold"), sure)
    for line in finding.message.split("\n"):
        paper.prose(line, indent="  ")
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


def _checklists(paper: Paper, checklists: tuple[Checklist, ...]) -> None:
    for checklist in checklists:
        paper.line(("Before creating databases: ", "bold"), (checklist.service, "bold"))
        for answer in checklist.answers:
            _answer(paper, answer)
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
    read = (
        f"{c.files_read} files read, {c.files_skipped} without anything about stores, {c.files_unreadable} unreadable"
    )
    paper.prose(f"Looked at {read} ({c.lines:,} lines); {len(report.services)} service(s), {stores} store(s), "
                f"{c.store_calls_resolved} calls on them.")  # fmt: skip
    left = [f"{count} {reason}" for reason, count in c.files_excluded if count]
    if left:
        paper.prose(f"Left out: {', '.join(left)}.")


def _summary(paper: Paper, report: Report, live: list[Finding]) -> None:
    counts = Counter(f.severity for f in live)
    parts = [f"{counts[s]} {s}(s)" for s in ("error", "warning", "note") if counts[s]]  # type: ignore[index]
    possible = sum(f.confidence == "possible" for f in live)
    hidden = len(report.findings) - len(live)
    text = f"{len(live)} finding(s)" + (f": {', '.join(parts)}" if parts else "")
    text += f"; {possible} of them only possible" if possible else ""
    text += f"; {hidden} ignored with a reason" if hidden else ""
    paper.prose(text + ".", style="bold" if live else "")
