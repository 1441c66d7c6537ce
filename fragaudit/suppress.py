"""Inline ignores: which findings they silence, and which of them are findings themselves."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet

import msgspec

from fragaudit.cards import chosen, codes
from fragaudit.model.facts import Ignore
from fragaudit.model.findings import Finding, Hit
from fragaudit.model.locations import Location

RULE = "FA003"
"""Useless ignores. It can't be ignored: that would be another ignore of no use."""


def suppress(
    findings: Sequence[Finding],
    ignores: Mapping[str, Sequence[Ignore]],
    ran: frozenset[str],
    unread: AbstractSet[str] = frozenset(),
) -> tuple[tuple[Finding, ...], tuple[Hit, ...]]:
    """Mark findings that an ignore speaks of, and report the ignores that are of no use.

    An ignore counts on any line of the finding's span. One without a reason silences nothing.

    Args:
        findings: what the checks found.
        ignores: ignores by path.
        ran: the codes of the rules that ran; an ignore of another one can't be called unused.
        unread: files that could not be read in full; what could have been found in them isn't known.

    Returns:
        The findings, some marked as suppressed, and hits of FA003 for useless ignores.
    """
    used: set[tuple[str, Ignore, str]] = set()
    marked = []
    for finding in findings:
        path = finding.at.path
        speaking = [ignore for ignore in ignores.get(path, ()) if _speaks(ignore, finding)]
        used |= {(path, ignore, finding.rule) for ignore in speaking}
        reason = next((ignore.reason for ignore in speaking if ignore.reason), "")
        if reason:
            finding = msgspec.structs.replace(finding, suppressed="inline", reason=reason)
        marked.append(finding)
    hits: list[Hit] = []
    for path in sorted(ignores):
        for ignore in ignores[path]:
            matched = frozenset(rule for p, i, rule in used if (p, i) == (path, ignore))
            hits += _useless(path, ignore, matched, frozenset() if path in unread else ran)
    return tuple(marked), tuple(hits)


def _speaks(ignore: Ignore, finding: Finding) -> bool:
    on_line = finding.at.line <= ignore.line <= max(finding.at.line, finding.at.end_line)
    return on_line and finding.rule != RULE and finding.rule in chosen(ignore.rules)


def _useless(path: str, ignore: Ignore, matched: frozenset[str], ran: frozenset[str]) -> Iterator[Hit]:
    at = Location(path, *ignore.at)
    if not ignore.rules:
        yield Hit(at, "is meant as an ignore but isn't one; write `fragaudit: ignore[rule] reason`", "malformed")
        return
    unknown = [name for name in ignore.rules if not chosen((name,))]
    if unknown:
        near = difflib.get_close_matches(unknown[0].lower(), (c for c in codes() if c.islower()), n=1, cutoff=0.4)
        hint = f"; did you mean {near[0]}?" if near else "; `fragaudit rules` lists them all"
        yield Hit(at, f"ignores {unknown[0]}, which is no rule{hint}", f"unknown:{unknown[0]}")
        return
    if not ignore.reason:
        names = ", ".join(ignore.rules)
        yield Hit(at, f"gives no reason for ignoring {names}; without one it ignores nothing", f"reason:{names}")
        return
    # Each name on its own: one that is needed doesn't keep one that isn't.
    unused = [name for name in ignore.rules if chosen((name,)) <= ran and not chosen((name,)) & matched]
    if unused:
        names = ", ".join(unused)
        why = "it can't be ignored" if chosen(tuple(unused)) == {RULE} else "nothing to ignore is found here"
        yield Hit(at, f"ignores {names}, but {why}", f"unused:{names}")
