"""What goes past the project's own access layer, as the configuration names it."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from fragaudit.model.locations import Location


class Past(Struct, frozen=True, order=True):
    """A store opened past the access layer: its id, where, and what should be called instead."""

    store: str
    at: Location
    instead: str


class Unchecked(Struct, frozen=True, order=True):
    """A result of the access layer that is used unseen: its `value` is taken, or it is `optional` and may be None."""

    at: Location
    call: str
    how: Literal["value", "optional"]
