"""How a report should look."""

from __future__ import annotations

from msgspec import Struct


class Look(Struct, frozen=True):
    """Whether to colour, how many columns there are, and whether to count findings instead of showing them."""

    color: bool = False
    width: int = 100
    statistics: bool = False
