"""SARIF 2.1.0, as code scanning services take it."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import msgspec

from fragaudit import __version__
from fragaudit.cards import Card, cards
from fragaudit.model.findings import Finding, Report
from fragaudit.model.locations import Location, Problem
from fragaudit.report.card_page import page
from fragaudit.report.look import Look

Json = dict[str, Any]
_LEVELS = {"error": "error", "warning": "warning", "note": "note"}
_PRECISION = {"certain": "very-high", "likely": "high", "possible": "low"}


def render(report: Report, look: Look) -> str:
    """Return a SARIF log with one run."""
    del look
    rules = [_rule(card) for card in cards()]
    index = {card.id: number for number, card in enumerate(cards())}
    log = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "fragaudit",
                        "version": __version__,
                        "semanticVersion": __version__,
                        "rules": rules,
                    }
                },
                "columnKind": "unicodeCodePoints",
                "invocations": [
                    {
                        "executionSuccessful": True,
                        "toolExecutionNotifications": [_notification(problem) for problem in report.problems],
                    }
                ],
                "originalUriBaseIds": {"%SRCROOT%": {"description": {"text": "The working directory of the audit."}}},
                "results": [_result(finding, index[finding.rule]) for finding in report.findings],
            }
        ],
    }
    return msgspec.json.format(msgspec.json.encode(log), indent=2).decode("utf-8") + "\n"


def _rule(card: Card) -> Json:
    return {
        "id": card.id,
        "name": card.name,
        "shortDescription": {"text": card.summary},
        "fullDescription": {"text": card.why.strip()},
        "help": {"text": card.fix.strip(), "markdown": page(card, examples=False)},
        "defaultConfiguration": {"level": _LEVELS[card.severity]},
        "properties": {"precision": _PRECISION[card.confidence], "tags": ["data-layer"]},
    }


def _result(finding: Finding, number: int) -> Json:
    result: Json = {
        "ruleId": finding.rule,
        "ruleIndex": number,
        # What is merely possible is never more than a note, here as in the exit code.
        "level": "note" if finding.confidence == "possible" else _LEVELS[finding.severity],
        "message": {"text": f"{finding.message}. {' '.join(finding.help.split())}"},
        "locations": [{"physicalLocation": _place(finding.at)}],
        "partialFingerprints": {"fragaudit/v1": finding.fingerprint},
        "properties": {"confidence": finding.confidence, "service": finding.service},
    }
    if finding.related:
        result["relatedLocations"] = [
            {"id": n, "physicalLocation": _place(r.at), "message": {"text": r.message}}
            for n, r in enumerate(finding.related, 1)
        ]
    if finding.suppressed is not None:
        kind = "inSource" if finding.suppressed == "inline" else "external"
        result["suppressions"] = [{"kind": kind, "justification": finding.reason}]
    return result


def _notification(problem: Problem) -> Json:
    return {
        "level": "warning",
        "message": {"text": problem.what},
        "locations": [{"physicalLocation": _place(problem.at)}],
    }


def _place(at: Location) -> Json:
    absolute = at.path.startswith("/")
    artifact: Json = {"uri": ("file://" if absolute else "") + quote(at.path)}
    if not absolute:
        artifact["uriBaseId"] = "%SRCROOT%"
    region = {"startLine": at.line, "startColumn": at.column, "endLine": at.end_line, "endColumn": at.end_column}
    return {"artifactLocation": artifact, "region": region}
