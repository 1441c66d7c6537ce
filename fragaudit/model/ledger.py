"""The store ledger: which stores a repository keeps, and what was answered when each was created."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from fragaudit.model.locations import Location

Given = Literal["yes", "no", "n/a", "open"]
"""An answer of the checklist; `open`: nobody has given it yet."""

OPEN: Given = "open"


QUESTIONS = range(1, 7)
"""Numbers of the checklist's questions."""


class LedgerAnswer(Struct, frozen=True):
    """The answer to one question of the checklist, and the reason for it."""

    question: int
    answer: Given
    why: str = ""


class LedgerEntry(Struct, frozen=True):
    """One store of the ledger. `owner` is empty as long as nobody is named; `date` is the day it was last recorded."""

    service: str
    kind: str
    engine: str
    identity: str
    at: Location
    owner: str = ""
    date: str = ""
    answers: tuple[LedgerAnswer, ...] = ()

    @property
    def open(self) -> tuple[int, ...]:
        """Numbers of the questions that are still open, or left out."""
        given = {a.question for a in self.answers if a.answer != OPEN}
        return tuple(number for number in QUESTIONS if number not in given)


class Ledger(Struct, frozen=True):
    """The entries of a ledger file.

    `whole` says that the audit looked at everything the ledger speaks of, so that an entry without a store is stale.
    """

    path: str
    entries: tuple[LedgerEntry, ...] = ()
    whole: bool = True
