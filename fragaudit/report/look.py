"""How a report should look."""

from __future__ import annotations

from msgspec import Struct


class Look(Struct, frozen=True):
    """Whether to colour, how many columns there are, and whether to count findings instead of showing them.

    `width` 0: as many as it takes. What is searched or cut up by a program has each sentence on one line.
    """

    color: bool = False
    width: int = 100
    statistics: bool = False
