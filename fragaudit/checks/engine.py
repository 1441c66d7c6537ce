"""Runs the checks and turns their hits into findings: severity, confidence and help come from the card alone."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from fragaudit.cards import Card, cards, chosen
from fragaudit.checks.registry import registered, takes_repository
from fragaudit.config import Config, RuleConfig
from fragaudit.model.findings import Finding, Hit, Severity
from fragaudit.model.locations import Location, Problem
from fragaudit.model.stores import Repository


def active(config: Config) -> frozenset[str]:
    """Return the codes of the rules that run: selected, not ignored, not off."""
    selected = chosen(config.select) if config.select else frozenset(c.id for c in cards())
    off = {c.id for c in cards() if _setting(c, config).severity == "off"}
    return selected - chosen(config.ignore) - off


def run(repository: Repository, problems: Sequence[Problem], config: Config) -> tuple[Finding, ...]:
    """Return the findings of all active rules over a repository, sorted by place."""
    wanted = active(config)
    found: list[Finding] = []
    told: set[tuple[str, Location, str, str]] = set()
    by_code = {card.id: card for card in cards()}
    if "FA001" in wanted:
        for problem in problems:
            found.append(to_finding(by_code["FA001"], Hit(problem.at, problem.what, key=problem.what), config))
    for code, function in registered().items():
        if code not in wanted:
            continue
        card = by_code[code]
        params = {**card.params, **_setting(card, config).params}
        if takes_repository(code):
            found.extend(to_finding(card, hit, config) for hit in function(repository, **params))
            continue
        for service in repository.services:
            for hit in function(service, **params):
                # What several services share is as it is for all of them.
                if (same := (code, hit.at, hit.key, hit.message)) in told:
                    continue
                told.add(same)
                named = hit if hit.service else msgspec.structs.replace(hit, service=service.name)
                found.append(to_finding(card, named, config))
    return numbered(found)


def to_finding(card: Card, hit: Hit, config: Config) -> Finding:
    """Complete a hit with what the card and the configuration say."""
    setting = _setting(card, config).severity
    severity = Severity(setting) if setting not in (None, "off") else card.severity
    text = "\0".join((card.id, hit.at.path, hit.service, hit.key))
    return Finding(
        rule=card.id,
        name=card.name,
        severity=min(severity, hit.severity or severity, key=lambda s: s.rank),
        confidence=hit.confidence or card.confidence,
        service=hit.service,
        message=hit.message,
        help=card.fix.strip(),
        at=hit.at,
        related=hit.related,
        data=hit.data,
        fingerprint=hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:32],
    )


def numbered(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Sort findings, and tell those apart whose fingerprints are equal by their order."""
    seen: Counter[str] = Counter()
    found = []
    for finding in sorted(findings, key=lambda f: (f.at, f.rule, f.message)):
        seen[finding.fingerprint] += 1
        if seen[finding.fingerprint] > 1:
            again = hashlib.sha256(f"{finding.fingerprint}#{seen[finding.fingerprint]}".encode()).hexdigest()[:32]
            finding = msgspec.structs.replace(finding, fingerprint=again)
        found.append(finding)
    return tuple(found)


def _setting(card: Card, config: Config) -> RuleConfig:
    return config.rules.get(card.id) or config.rules.get(card.name) or RuleConfig()
