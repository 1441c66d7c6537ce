"""Dictionaries and lists as they are written: what they hold for a key, what a loop over them gives."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from fragaudit.link.abstract import Display, FunctionRef
from fragaudit.link.evaluate import argument_of
from fragaudit.link.pieces import Fixed, Pieces, constant
from fragaudit.link.program import Place
from fragaudit.link.texts.reading import Frame, Reading
from fragaudit.link.texts.search import DEEPEST, Search
from fragaudit.model.facts import MODULE_SCOPE
from fragaudit.model.values import UNKNOWN, Attr, Call, Either, Item, Lit, Map, Ref, Seq, Value


def items_at(value: Item, reading: Reading, search: Search) -> Iterator[tuple[Value, Reading]]:
    """Yield the values that `base[key]` can be, each with where it is read."""
    texts = search.texts(value.key, reading)
    keys = [constant(pieces) for pieces in texts]
    patterns = [_pattern(pieces) for pieces in texts]
    for container, place in containers(value.base, reading, search):
        if isinstance(container, Seq):
            number = keys[0] if len(keys) == 1 and keys[0] is not None else ""
            if number.lstrip("-").isdigit() and -len(container.items) <= int(number) < len(container.items):
                yield container.items[int(number)], place
            else:
                yield from ((item, place) for item in container.items)
            continue
        for entry in container.entries:
            if entry.key is None:
                for inner, there in containers(entry.value, place, search):
                    if isinstance(inner, Map):
                        yield from ((e.value, there) for e in inner.entries if fits(e.key, there, patterns, search))
            elif fits(entry.key, place, patterns, search):
                yield entry.value, place


def containers(value: Value, reading: Reading, search: Search) -> Iterator[tuple[Map | Seq, Reading]]:
    """Yield the displays that a value can be."""
    if isinstance(value, (Map, Seq)):
        yield value, reading
    elif isinstance(value, Item):
        yield from _contained(value, reading, search)
    elif isinstance(value, Call):
        for callee in search.evaluator.evaluate(value.func, reading.place):
            if isinstance(callee, FunctionRef):
                frame = Frame(callee.place, value.args, reading)
                for use in search.program.returns[callee.place.file].get(callee.place.scope, ()):
                    inside = Reading(callee.place, (use.line, 1 << 20), use.branch, frame, reading.deep + 1)
                    if inside.deep < DEEPEST and not isinstance(use.value, Call):
                        yield from containers(use.value, inside, search)
    elif isinstance(value, Ref) and (given := _given(value.name, reading, search)) is not None:
        if reading.deep < DEEPEST:
            yield from containers(given[0], given[1]._replace(deep=reading.deep + 1), search)
    elif isinstance(value, (Ref, Attr, Either)):
        for meaning in search.evaluator.evaluate(value, reading.place):
            if isinstance(meaning, Display):
                yield meaning.value, Reading(meaning.place, deep=reading.deep)


def _given(name: str, reading: Reading, search: Search) -> tuple[Value, Reading] | None:
    """Return what a parameter is given by the call that led here; None if it is none, or any call may have led here."""
    program, scope = search.program, reading.place.scope
    while scope > MODULE_SCOPE:
        here = Place(reading.place.file, scope)
        for number, parameter in enumerate(program.scope(here).parameters):
            if parameter.name == name:
                frame = reading.frame
                if frame is None or frame.function != here:
                    search.varying.setdefault(here, {})[number] = 2  # or more
                    return None
                argument = argument_of(frame.args, name, number - search.callers.shift(here))
                return (argument, frame.reading) if argument is not None else None
        if program.bindings(here, name):
            return None
        scope = program.scope(here).parent
    return None


def _contained(value: Item, reading: Reading, search: Search) -> Iterator[tuple[Map | Seq, Reading]]:
    """Yield the displays that `base[key]` can be; one that holds itself, `d = {"a": d["a"]}`, is entered once."""
    key = (reading.place, f"[{id(value)}]")
    if key in search.asked:
        return
    search.asked.add(key)
    try:
        for inner, place in items_at(value, reading, search):
            yield from containers(inner, place, search)
    finally:
        search.asked.discard(key)


def fits(key: Value | None, reading: Reading, patterns: Sequence[re.Pattern[str]], search: Search) -> bool:
    """Say whether a key may be one of those that are looked for."""
    if key is None:
        return False
    texts = [constant(pieces) for pieces in search.texts(key, reading)]
    return any(text is None or pattern.fullmatch(text) for text in texts for pattern in patterns)


def _pattern(pieces: Pieces) -> re.Pattern[str]:
    return re.compile("".join(re.escape(p.text) if isinstance(p, Fixed) else ".*" for p in pieces), re.DOTALL)


def elements(value: Value, reading: Reading, search: Search) -> Iterator[tuple[Value, Reading]]:
    """Yield what iterating over a value gives, pairs as displays."""
    if isinstance(value, Call) and isinstance(value.func, Attr):
        method = value.func.name
        if method in ("items", "values", "keys"):
            for container, place in containers(value.func.base, reading, search):
                for entry in container.entries if isinstance(container, Map) else ():
                    key = entry.key or UNKNOWN
                    pair = {"keys": key, "values": entry.value}.get(method, Seq((key, entry.value)))
                    yield pair, place
        elif method in ("split", "splitlines"):
            yield value.func.base, reading
        return
    if isinstance(value, Call) and isinstance(value.func, Ref) and value.args:
        first = value.args[0].value
        if value.func.name in ("sorted", "reversed", "list", "tuple", "set", "iter", "tqdm"):
            yield from elements(first, reading, search)
        elif value.func.name == "enumerate":
            yield from ((Seq((UNKNOWN, item)), place) for item, place in elements(first, reading, search))
        return
    for container, place in containers(value, reading, search):
        items = container.items if isinstance(container, Seq) else [e.key for e in container.entries if e.key]
        yield from ((item, place) for item in items)


def taken_apart(item: Value, reading: Reading, key: Value | None, search: Search) -> Iterator[tuple[Value, Reading]]:
    """Yield the part of an item that a loop binds to one of its names."""
    if not isinstance(key, Lit) or not isinstance(key.value, int):
        yield item, reading
        return
    for container, place in containers(item, reading, search):
        if isinstance(container, Seq) and key.value < len(container.items):
            yield container.items[key.value], place
