"""The baseline: findings that were there when the tool came, accepted for now, told by fingerprint."""

from __future__ import annotations

from pathlib import Path

import msgspec
from msgspec import Struct

from fragaudit.model.findings import Finding, Report

SCHEMA = 1


class BaselineError(Exception):
    """The baseline can't be used; the message names the file and what is wrong."""


class Accepted(Struct, frozen=True, order=True):
    """A finding of the baseline. The fingerprint alone counts; the rest is for the people who review the file."""

    path: str
    rule: str
    service: str
    message: str
    fingerprint: str


class Baseline(Struct, frozen=True):
    """The accepted findings, sorted."""

    schema: int = SCHEMA
    findings: tuple[Accepted, ...] = ()


def of(report: Report) -> Baseline:
    """Return the baseline that accepts every finding of a report; those ignored inline need none."""
    return Baseline(SCHEMA, tuple(sorted(_accepted(f) for f in report.findings if f.suppressed is None)))


def _accepted(finding: Finding) -> Accepted:
    message = finding.message.partition("\n")[0]
    return Accepted(finding.at.path, finding.rule, finding.service, message, finding.fingerprint)


def encode(baseline: Baseline) -> str:
    """Return the text of a baseline file."""
    return msgspec.json.format(msgspec.json.encode(baseline), indent=2).decode("utf-8") + "\n"


def load(path: Path) -> Baseline:
    """Return the baseline of a file. Raises BaselineError."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BaselineError(f"{path}: the baseline can't be read: {error.strerror}") from None
    try:
        baseline = msgspec.json.decode(data, type=Baseline)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise BaselineError(f"{path}: is no baseline: {error}; `fragaudit baseline` writes one") from None
    if baseline.schema != SCHEMA:
        raise BaselineError(f"{path}: is a baseline of schema {baseline.schema}, and only {SCHEMA} is known")
    return baseline


def applied(report: Report, baseline: Baseline) -> tuple[Report, int]:
    """Return the report with the accepted findings suppressed, and how many entries match nothing any more."""
    wanted = {f.fingerprint for f in baseline.findings}
    marked = tuple(
        msgspec.structs.replace(f, suppressed="baseline", reason="accepted in the baseline")
        if f.fingerprint in wanted and f.suppressed is None
        else f
        for f in report.findings
    )
    gone = wanted - {f.fingerprint for f in report.findings}
    return msgspec.structs.replace(report, findings=marked), len(gone)
