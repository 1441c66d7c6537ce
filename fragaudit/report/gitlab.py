"""GitLab's code quality report: an array of issues in the form of Code Climate."""

from __future__ import annotations

from typing import Any

import msgspec

from fragaudit.model.findings import Finding, Report
from fragaudit.report.excerpt import clean
from fragaudit.report.look import Look

_LEVELS = {"error": "major", "warning": "minor", "note": "info"}


def render(report: Report, look: Look) -> str:
    """Return the issues of all findings that are not suppressed; a fingerprint tells old ones from new ones."""
    del look
    issues = [_issue(f) for f in report.findings if f.suppressed is None]
    return msgspec.json.format(msgspec.json.encode(issues), indent=2).decode("utf-8") + "\n"


def _issue(finding: Finding) -> dict[str, Any]:
    return {
        "type": "issue",
        "check_name": f"{finding.rule} {finding.name}",
        "description": clean(" ".join(finding.message.split())),
        "content": {"body": finding.help},
        "categories": ["Bug Risk"],
        # What is merely possible is never more than information, as in the exit code.
        "severity": "info" if finding.confidence == "possible" else _LEVELS[finding.severity],
        "fingerprint": finding.fingerprint,
        "location": {
            "path": finding.at.path,
            "lines": {"begin": finding.at.line, "end": max(finding.at.line, finding.at.end_line)},
        },
        "other_locations": [
            {"path": r.at.path, "lines": {"begin": r.at.line, "end": max(r.at.line, r.at.end_line)}}
            for r in finding.related
        ],
    }
