"""JUnit XML: a test suite for each file with findings; what can't fail a build is a skipped test."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from xml.sax.saxutils import escape, quoteattr

from fragaudit.model.findings import Finding, Report
from fragaudit.model.locations import Problem
from fragaudit.report.excerpt import clean
from fragaudit.report.look import Look


def render(report: Report, look: Look) -> str:
    """Return the test report. Notes and what is merely possible are skipped, unreadable files are errors."""
    del look
    live = [f for f in report.findings if f.suppressed is None and f.rule != "FA001"]
    suites = [_suite(path, list(found)) for path, found in groupby(live, key=lambda f: f.at.path)]
    suites += [_unreadable(path, list(found)) for path, found in groupby(report.problems, key=lambda p: p.at.path)]
    if not suites:
        suites = ['  <testsuite name="fragaudit" tests="1" failures="0" errors="0" skipped="0">\n'
                  '    <testcase classname="fragaudit" name="no findings"/>\n  </testsuite>\n']  # fmt: skip
    failures = sum(not _skipped(f) for f in live)
    tests = max(len(live) + len(report.problems), 1)
    head = (
        f'<testsuites name="fragaudit" tests="{tests}" failures="{failures}" errors="{len(report.problems)}" '
        f'skipped="{len(live) - failures}">\n'
    )
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + head + "".join(suites) + "</testsuites>\n"


def _skipped(finding: Finding) -> bool:
    return finding.confidence == "possible" or finding.severity == "note"


def _suite(path: str, findings: Sequence[Finding]) -> str:
    skipped = sum(map(_skipped, findings))
    counts = f'tests="{len(findings)}" failures="{len(findings) - skipped}" errors="0" skipped="{skipped}"'
    return f"  <testsuite name={_attribute(path)} {counts}>\n{''.join(map(_case, findings))}  </testsuite>\n"


def _case(finding: Finding) -> str:
    name = f"{finding.rule} {finding.name} line {finding.at.line}"
    message = finding.message.partition("\n")[0]
    places = "".join(f"\n{r.at.path}:{r.at.line}: {r.message}" for r in finding.related)
    text = f"{finding.at}: {finding.message}{places}\n{finding.help}"
    head = f"    <testcase classname={_attribute(finding.at.path)} name={_attribute(name)}>\n"
    if _skipped(finding):
        return head + f"      <skipped message={_attribute(message)}/>\n    </testcase>\n"
    kind = _attribute(finding.severity)
    body = f"      <failure type={kind} message={_attribute(message)}>{_text(text)}</failure>\n"
    return head + body + "    </testcase>\n"


def _unreadable(path: str, problems: Sequence[Problem]) -> str:
    cases = "".join(
        f"    <testcase classname={_attribute(path)} name={_attribute(f'readable line {p.at.line}')}>\n"
        f'      <error type="unreadable" message={_attribute(p.what)}/>\n    </testcase>\n'
        for p in problems
    )
    counts = f'tests="{len(problems)}" failures="0" errors="{len(problems)}" skipped="0"'
    return f"  <testsuite name={_attribute(path)} {counts}>\n{cases}  </testsuite>\n"


def _attribute(text: str) -> str:
    # Control characters, which XML forbids even as references, are made visible.
    return quoteattr(clean(" ".join(text.split())))


def _text(text: str) -> str:
    return escape("\n".join(clean(line) for line in text.splitlines()))
