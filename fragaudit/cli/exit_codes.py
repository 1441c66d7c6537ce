"""How a run ends."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum

from fragaudit.model.findings import Finding, Severity


class ExitCode(IntEnum):
    """0: nothing at or above `--fail-on`; 1: findings; 2: the audit could not be made."""

    CLEAN = 0
    FINDINGS = 1
    NO_AUDIT = 2


def exit_code(findings: Iterable[Finding], fail_on: str) -> ExitCode:
    """Return how a run with these findings ends. Suppressed ones, and those merely possible, never fail it."""
    if fail_on == "never":
        return ExitCode.CLEAN
    least = Severity(fail_on).rank
    failing = (f for f in findings if f.suppressed is None and f.confidence != "possible" and f.severity.rank >= least)
    return ExitCode.FINDINGS if any(failing) else ExitCode.CLEAN
