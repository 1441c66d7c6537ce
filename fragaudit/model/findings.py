"""Verdicts: findings, checklist answers, coverage, and the report that holds them."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from msgspec import Struct

from fragaudit.model.locations import Location, Problem
from fragaudit.model.stores import Service


class Severity(StrEnum):
    """How much a finding matters."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"

    @property
    def rank(self) -> int:
        """Order of severities: a note is 0, an error 2."""
        return ("note", "warning", "error").index(self.value)


class Confidence(StrEnum):
    """How sure we are. `possible` never fails a build unless asked to."""

    CERTAIN = "certain"
    LIKELY = "likely"
    POSSIBLE = "possible"


class Related(Struct, frozen=True, order=True):
    """Another place that belongs to a finding."""

    at: Location
    message: str


class Hit(Struct, frozen=True):
    """What a check yields. The engine adds rule, severity and help from the card, so that they can't disagree.

    `confidence` overrides the card's. `key` names the subject (store, table) for a fingerprint without line numbers.
    `severity` is that of a lesser form of the smell: the finding is never more severe than that.
    """

    at: Location
    message: str
    key: str
    service: str = ""
    related: tuple[Related, ...] = ()
    confidence: Confidence | None = None
    data: dict[str, Any] = {}
    severity: Severity | None = None


class Edit(Struct, frozen=True, order=True):
    """A piece of a file and what replaces it; an empty piece: what is put in there."""

    at: Location
    new: str


class Fix(Struct, frozen=True):
    """Edits that do away with a finding. Not `safe`: what the code does changes, and data may have to follow."""

    safe: bool
    edits: tuple[Edit, ...]


class Finding(Struct, frozen=True):
    """A rule's verdict at a place, with evidence and a way out."""

    rule: str
    name: str
    severity: Severity
    confidence: Confidence
    service: str
    message: str
    help: str
    at: Location
    related: tuple[Related, ...]
    data: dict[str, Any]
    fingerprint: str
    suppressed: str | None = None
    reason: str = ""
    fix: Fix | None = None


class Answer(Struct, frozen=True):
    """One answer of the pre-creation checklist: `answer` is yes, no, review or n/a."""

    question: int
    text: str
    answer: str
    why: str
    evidence: tuple[Location, ...] = ()


class Checklist(Struct, frozen=True):
    """The six answers of one service."""

    service: str
    answers: tuple[Answer, ...]


class Coverage(Struct, frozen=True):
    """Out of how much a verdict was reached.

    Files read in full, skipped because nothing in them can matter, left outside the audit by configuration
    (`excluded`, by reason), and unreadable; SQL statements and accesses likewise. `accesses_no_btree` are those of
    tables whose engine finds rows in another way than by b-trees, which aren't judged.
    """

    files_read: int = 0
    files_skipped: int = 0
    files_unreadable: int = 0
    files_excluded: tuple[tuple[str, int], ...] = ()
    lines: int = 0
    sql_found: int = 0
    sql_parsed: int = 0
    sql_dynamic: int = 0
    sql_unparsed: int = 0
    accesses_found: int = 0
    accesses_resolved: int = 0
    accesses_unknown_table: int = 0
    accesses_no_btree: int = 0
    store_calls_found: int = 0
    store_calls_resolved: int = 0


class Report(Struct, frozen=True):
    """Everything one audit says, sorted; pure data for every renderer."""

    coverage: Coverage
    services: tuple[Service, ...]
    checklists: tuple[Checklist, ...]
    findings: tuple[Finding, ...]
    problems: tuple[Problem, ...]
    sources: dict[str, str] = {}
