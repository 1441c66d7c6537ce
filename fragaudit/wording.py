"""Small words that messages and reports share."""

from __future__ import annotations

AT_RUN_TIME = "an address known only at run time"
"""What stands for an address of which the source says nothing."""


def counted(count: int, noun: str, plural: str = "") -> str:
    """Return a count with its noun: `1 file`, `1,200 files`; with a plural of its own, `2 accesses`."""
    return f"{count:,} {noun if count == 1 else plural or f'{noun}s'}"
