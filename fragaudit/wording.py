"""Small words that messages and reports share, and those that names are made of."""

from __future__ import annotations

import re

AT_RUN_TIME = "an address known only at run time"
"""What stands for an address of which the source says nothing."""

_WORDS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z0-9]+|[A-Z]+")


def words_in(name: str) -> list[str]:
    """Return the words of a name, however it is written: `searchUnified`, `search-unified`, `SEARCH_UNIFIED`."""
    return _WORDS.findall(name)


def counted(count: int, noun: str, plural: str = "") -> str:
    """Return a count with its noun: `1 file`, `1,200 files`; with a plural of its own, `2 accesses`."""
    return f"{count:,} {noun if count == 1 else plural or f'{noun}s'}"
