"""What `separator.join(…)` makes: lists of texts as they are made, and as they grow."""

from __future__ import annotations

from collections.abc import Iterator

from fragaudit.link.pieces import Gap, Pieces, choices, distinct, limited, source_of
from fragaudit.link.program import Place
from fragaudit.link.texts.displays import containers
from fragaudit.link.texts.names import MOST_GROWN, arms_around
from fragaudit.link.texts.reading import Reading, Turn
from fragaudit.link.texts.search import Search
from fragaudit.model.facts import NO_BRANCH, Binding
from fragaudit.model.values import UNKNOWN, Attr, Call, Lit, Map, Ref, Seq, Span, Text, Value, children

_MORE = Gap("…")
_MOST_ITEMS = 60
_GROWING = ("append", "extend", "insert")


def joined_list(separator: Pieces, value: Value, reading: Reading, search: Search) -> list[Pieces]:
    """Return the texts of `separator.join(value)`."""
    found: list[Pieces] = []
    for items in _lists(value, reading, search):
        parts: list[Pieces] = []
        for number, item in enumerate(items):
            parts.extend([separator, item] if number else [item])
        found.append(limited(tuple(piece for pieces in parts for piece in pieces)))
    return distinct(text for text in found if text) or [(Gap(source_of(value)),)]


def _lists(value: Value, reading: Reading, search: Search) -> list[tuple[Pieces, ...]]:
    """Return the lists of texts that a value can be: as made, and with what is appended where that may be so."""
    if isinstance(value, Seq):
        return _items_of(value, reading, search)
    if not isinstance(value, Ref):
        return [items for c, place in containers(value, reading, search) for items in _items_of(c, place, search)]
    program, place = search.program, reading.place
    around = {NO_BRANCH, reading.branch} | arms_around(place.file, reading.branch, search)
    lists: list[tuple[Pieces, ...]] = []
    made = program.bindings(place, value.name)
    if not made:
        return [items for c, there in containers(value, reading, search) for items in _items_of(c, there, search)]
    for at, branch, change in sorted(_changes(value.name, place, search), key=lambda c: c[0]):
        if at[:2] >= reading.before or program.exclusive(place.file, branch, reading.branch):
            continue
        inner = reading._replace(before=at[:2], branch=branch)
        if isinstance(change, Binding):
            new = _lists(change.value, inner, search) if isinstance(change.value, (Seq, Ref)) else []
            lists = new if branch in around else [*lists, *new]
            continue
        added = _items_of(Seq(tuple(a.value for a in change.args)), inner, search)
        more = [(*items, *extra) for items in lists for extra in added]
        if len(more) > MOST_GROWN or getattr(change.func, "name", "") != "append":
            more = [items if items[-1:] == ((_MORE,),) else (*items, (_MORE,)) for items in lists]
        lists = more if branch in around else [*lists, *more]
        lists = list(dict.fromkeys(lists))
    return lists


def _changes(name: str, place: Place, search: Search) -> Iterator[tuple[Span, int, Binding | Call]]:
    """Yield what makes and changes a list in a scope, with its place and branch."""
    for binding in search.program.bindings(place, name):
        if binding.value is not None and binding.how != "+=":
            yield binding.at, binding.branch, binding
        elif binding.value is not None:
            yield binding.at, binding.branch, Call(Ref("+="), (), binding.at)
    for site in search.program.sites_by_file.get(place.file, ()):
        func = site.call.func
        if site.place == place and isinstance(func, Attr) and func.name in _GROWING and func.base == Ref(name):
            yield site.call.at, site.branch, site.call


def _items_of(container: Map | Seq, reading: Reading, search: Search) -> list[tuple[Pieces, ...]]:
    """Return the texts of a display's items; none if they can't be told one by one, as of a comprehension."""
    items = container.items if isinstance(container, Seq) else ()
    if len(items) > _MOST_ITEMS or any(isinstance(item, Seq) for item in items):
        return []
    if len(items) == 1 and _repeated(items[0], reading.place, search):
        return _each(items[0], reading, search)
    options = {number: list(search.texts(item, reading)) for number, item in enumerate(items)}
    return [tuple(chosen.values()) for chosen in choices(options)]


def _each(item: Value, reading: Reading, search: Search) -> list[tuple[Pieces, ...]]:
    """Return the texts of a comprehension's element for all that it is made of; none if that isn't known."""
    loops = {b.at: b for name in _names(item) for b in search.program.bindings(reading.place, name) if b.how == "in"}
    if len(loops) != 1:
        return []
    (loop,) = loops.values()
    inside = reading._replace(before=max(reading.before, loop.at[2:]))  # the loop stands in what is being made
    found = []
    for container, there in containers(loop.value or UNKNOWN, reading, search):
        of = container.items if isinstance(container, Seq) else tuple(e.key or UNKNOWN for e in container.entries)
        turns = (Turn(reading.place.file, loop.at, one, there) for one in of[:_MOST_ITEMS])
        texts = [search.texts(item, inside._replace(turns=(*reading.turns, turn))) for turn in turns]
        found.append(tuple(one[0] if len(one) == 1 else (Gap(source_of(item)),) for one in texts))
    return found


def _names(item: Value) -> Iterator[str]:
    stack = [item]
    while stack:
        top = stack.pop()
        if isinstance(top, Ref):
            yield top.name
        stack.extend(children(top))


def _repeated(item: Value, place: Place, search: Search) -> bool:
    """Say whether the only item of a display is a comprehension's element, which stands for any number of them."""
    if not isinstance(item, (Lit, Text)):
        return True
    stack: list[Value] = [item]
    while stack:
        top = stack.pop()
        stack.extend(children(top))
        if isinstance(top, Ref) and any(b.how == "in" for b in search.program.bindings(place, top.name)):
            return True
    return False
