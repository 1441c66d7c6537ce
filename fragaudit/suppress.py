"""Inline ignores: which findings they silence, and which of them are findings themselves."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence

import msgspec

from fragaudit.cards import chosen, codes
from fragaudit.model.facts import Ignore
from fragaudit.model.findings import Finding, Hit
from fragaudit.model.locations import Location


def suppress(
    findings: Sequence[Finding], ignores: Mapping[str, Sequence[Ignore]], ran: frozenset[str]
) -> tuple[tuple[Finding, ...], tuple[Hit, ...]]:
    """Mark findings that an ignore speaks of, and report the ignores that are of no use.

    An ignore counts on any line of the finding's span. One without a reason silences nothing.

    Args:
        findings: what the checks found.
        ignores: ignores by path.
        ran: the codes of the rules that ran; an ignore of another one can't be called unused.

    Returns:
        The findings, some marked as suppressed, and hits of FA003 for useless ignores.
    """
    used: set[tuple[str, Ignore]] = set()
    marked = []
    for finding in findings:
        match = next((i for i in ignores.get(finding.at.path, ()) if _speaks(i, finding)), None)
        if match is None:
            marked.append(finding)
            continue
        used.add((finding.at.path, match))
        if match.reason:
            finding = msgspec.structs.replace(finding, suppressed="inline", reason=match.reason)
        marked.append(finding)
    hits = [
        hit
        for path in sorted(ignores)
        for ignore in ignores[path]
        if (hit := _useless(path, ignore, (path, ignore) in used, ran)) is not None
    ]
    return tuple(marked), tuple(hits)


def _speaks(ignore: Ignore, finding: Finding) -> bool:
    on_line = finding.at.line <= ignore.line <= max(finding.at.line, finding.at.end_line)
    return on_line and finding.rule != "FA003" and finding.rule in chosen(ignore.rules)


def _useless(path: str, ignore: Ignore, used: bool, ran: frozenset[str]) -> Hit | None:
    at = Location(path, *ignore.at)
    if not ignore.rules:
        message = "is meant as an ignore but isn't one; write `fragaudit: ignore[rule] reason`"
        return Hit(at, message, "malformed")
    unknown = [name for name in ignore.rules if not chosen((name,))]
    if unknown:
        near = difflib.get_close_matches(unknown[0], codes(), n=1, cutoff=0.4)
        hint = f"; did you mean {near[0]}?" if near else ""
        return Hit(at, f"ignores {unknown[0]}, which is no rule{hint}", f"unknown:{unknown[0]}")
    names = ", ".join(ignore.rules)
    if not ignore.reason:
        return Hit(at, f"gives no reason for ignoring {names}; without one it ignores nothing", f"reason:{names}")
    if not used and chosen(ignore.rules) <= ran:
        return Hit(at, f"ignores {names}, which is not reported here", f"unused:{names}")
    return None
