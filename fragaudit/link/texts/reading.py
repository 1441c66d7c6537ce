"""From where an expression is read."""

from __future__ import annotations

from typing import NamedTuple

from fragaudit.link.pieces import Pieces
from fragaudit.link.program import Place
from fragaudit.model.facts import NO_BRANCH
from fragaudit.model.values import Arg, Span, Value

END = (1 << 30, 0)
"""A place after all that a file says."""


class Frame(NamedTuple):
    """A call that is being looked into: what its arguments are, and where they are written."""

    function: Place
    args: tuple[Arg, ...]
    reading: Reading


class Turn(NamedTuple):
    """One turn of a loop: the loop, by file and place, and what its iterable gives this time."""

    file: int
    at: Span
    item: Value
    reading: Reading


class Reading(NamedTuple):
    """From where an expression is read: its scope, what comes before it, and the call that led here."""

    place: Place
    before: tuple[int, int] = END
    branch: int = NO_BRANCH
    frame: Frame | None = None
    deep: int = 0
    self_name: str = ""
    self_texts: tuple[Pieces, ...] = ()
    turns: tuple[Turn, ...] = ()


def frames(frame: Frame | None) -> int:
    """Return how many calls led to where an expression is read, a bounded number."""
    count = 0
    while frame is not None and count < 20:
        count += 1
        frame = frame.reading.frame
    return count
