"""What an object that is deleted may be a row of, by what it is called."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from fragaudit.coverage.naming import snake

_AROUND = re.compile(
    r"^(?:db|existing|old|the|my|current|orphaned?|stale|expired)_"
    r"|_(?:model|obj|object|row|record|db|entity|instance|orm)$"
)
"""What stands around the kind of an object in its name."""


def meant(names: Iterable[str], called: Mapping[str, frozenset[str]], every: frozenset[str]) -> frozenset[str]:
    """Return the tables of which objects may be rows; of one that is called like no table, any.

    Args:
        names: what the objects are called.
        called: the tables by what they are called, see `growth.callings`.
        every: all tables.
    """
    found: set[str] = set()
    for name in names:
        word = snake(name).lower()
        while (shorter := _AROUND.sub("", word)) != word:
            word = shorter
        last = f"_{word.rpartition('_')[2]}"
        found |= called.get(word, frozenset()) | called.get(last, frozenset()) or every
    return frozenset(found)
