"""What varies together: an expression for each turn of the loops that it depends on."""

from __future__ import annotations

from collections.abc import Iterator

from fragaudit.link.pieces import Pieces
from fragaudit.link.texts.displays import elements
from fragaudit.link.texts.reading import Reading, Turn
from fragaudit.link.texts.search import Search
from fragaudit.model.facts import Binding
from fragaudit.model.values import Ref, Span, Value, children

_MOST_TURNS = 64
_MOST_NAMES = 60


def varied(value: Value, reading: Reading, search: Search) -> Iterator[Pieces]:
    """Yield the texts of an expression, turn by turn of the loops it depends on: what varies together does so."""
    turns: list[tuple[Turn, ...]] = [()]
    for binding in _loops(value, reading, search):
        assert binding.value is not None
        inside = reading._replace(before=binding.at[:2], branch=binding.branch)
        items = list(elements(binding.value, inside, search))
        if items and len(items) * len(turns) <= _MOST_TURNS:
            file = reading.place.file
            turns = [(*t, Turn(file, binding.at, item, place)) for t in turns for item, place in items]
    for chosen in turns:
        yield from search.texts(value, reading._replace(turns=(*reading.turns, *chosen)))


def _loops(value: Value, reading: Reading, search: Search) -> list[Binding]:
    """Return the loops of a scope whose items an expression is made of, directly or by way of other names."""
    found: dict[Span, Binding] = {}
    seen: set[str] = set()
    stack = [value]
    while stack and len(seen) < _MOST_NAMES:
        top = stack.pop()
        if not isinstance(top, Ref):
            stack.extend(children(top))
        elif top.name not in seen:
            seen.add(top.name)
            for binding in search.program.bindings(reading.place, top.name):
                if binding.value is None or binding.at[:2] >= reading.before:
                    continue
                if binding.how == "for":
                    found.setdefault(binding.at, binding)
                elif binding.how != "in":
                    stack.append(binding.value)
    return [binding for _, binding in sorted(found.items())]
