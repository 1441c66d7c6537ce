"""What callers give together: an expression for each call of the function whose parameters it is made of."""

from __future__ import annotations

from collections.abc import Iterator

from fragaudit.link.pieces import MOST_OF_A_PART, Pieces
from fragaudit.link.program import Place
from fragaudit.link.texts.loops import varied
from fragaudit.link.texts.reading import Frame, Reading
from fragaudit.link.texts.search import Search
from fragaudit.model.facts import MODULE_SCOPE
from fragaudit.model.values import Value

_MOST_CALLS = 300
"""Calls of one function, by way of all that hand on their own parameters."""
_MOST_BETWEEN = 3
"""Functions on the way that hand on their own parameters."""


def given_together(value: Value, reading: Reading, search: Search) -> dict[Pieces, Reading]:
    """Return the texts of an expression by the call that gives them, if parameters of a function vary in it; else none.

    `CREATE INDEX … ON {table} ({columns})` is not each table with the columns of each other one; and one parameter may
    vary more than is combined with what else a text is made of.
    """
    several = frozenset(
        f for f, counts in search.varying.items() if len(counts) > 1 or max(counts.values()) > MOST_OF_A_PART
    )
    function = _around(reading.place, several, search)
    if function is None or reading.frame is not None:
        return {}
    frames = list(_calls(function, several, search, 0))
    if not 1 < len(frames) <= _MOST_CALLS:
        return {}
    found: dict[Pieces, Reading] = {}
    for frame in frames:
        search.begin()
        for text in varied(value, reading._replace(frame=frame), search):
            found.setdefault(text, _outermost(frame))
    return found


def _outermost(frame: Frame) -> Reading:
    while frame.reading.frame is not None:
        frame = frame.reading.frame
    return frame.reading


def _around(place: Place, several: frozenset[Place], search: Search) -> Place | None:
    """Return the innermost of some functions that a place is in."""
    scope = place.scope
    while scope > MODULE_SCOPE:
        here = Place(place.file, scope)
        if here in several:
            return here
        scope = search.program.scope(here).parent
    return None


def _calls(function: Place, several: frozenset[Place], search: Search, between: int) -> Iterator[Frame]:
    """Yield the calls of a function, each as often as what calls it is called with parameters that it hands on."""
    for site in search.callers.calls(function):
        reading = Reading(site.place, site.call.at[:2], site.branch)
        outer = _around(site.place, several - {function}, search) if between < _MOST_BETWEEN else None
        if outer is None:
            yield Frame(function, site.call.args, reading)
        else:
            for frame in _calls(outer, several - {function}, search, between + 1):
                yield Frame(function, site.call.args, reading._replace(frame=frame))
