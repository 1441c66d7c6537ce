"""SQL that functions of Django's `RunPython` execute: what they change of the schema counts like `RunSQL`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from fragaudit.link.abstract import FunctionRef
from fragaudit.link.orm.reader import Read, Reader, View
from fragaudit.link.program import Place
from fragaudit.model.locations import Location
from fragaudit.model.values import Attr, Call, Lit, Ref, Seq, Span, Text, Value, calls, children

_CHANGES = re.compile(r"\s*(?:create|alter|drop)\s+(?:\w+\s+){0,2}(?:index|table|view)\b", re.IGNORECASE)
DEEPEST = 3
"""Functions of one file that call or hand on each other."""


def executed(reader: Reader, function: Value, view: View) -> Iterator[tuple[str, Location]]:
    """Yield the statements that a function gives to calls, in source order, with those calls' places.

    Functions of the same file that it calls, or hands to something that runs them later, count too.
    """
    seen: set[Place] = set()
    waiting = [(place, 0) for place in _functions(reader, function, view)]
    while waiting:
        place, deep = waiting.pop(0)
        if place in seen or deep > DEEPEST:
            continue
        seen.add(place)
        inside = View(place)
        found: list[tuple[Location, str]] = []
        for value, span in _values(reader, place):
            for at, given in _given(value, span):
                if isinstance(given, (Ref, Attr)):
                    waiting += [
                        (p, deep + 1) for p in _functions(reader, given, inside) if p.file == place.file
                    ]  # fmt: skip
                if isinstance(given, (Lit, Text, Ref, Attr, Call)):
                    text = reader.text(Read(given, inside))
                    if text is not None and _CHANGES.match(text):
                        found.append((reader.location(inside, at), text))
        yield from ((text, at) for at, text in sorted(set(found)))


def _functions(reader: Reader, value: Value, view: View) -> list[Place]:
    if isinstance(value, (Ref, Attr)):
        return [m.place for m in reader.meanings(value, view) if isinstance(m, FunctionRef)]
    return []


def touches_schema(reader: Reader, function: Place) -> bool:
    """Say whether a method of a migration's operation asks the schema editor for anything."""
    return any(
        isinstance(call.func, Attr) and call.func.base == Ref("schema_editor")
        for value, _ in _values(reader, function)
        for call in calls(value)
    )


def _values(reader: Reader, place: Place) -> Iterator[tuple[Value, Span]]:
    """Yield the values of a function's statements, with their places."""
    file = reader.program.files[place.file]
    yield from ((b.value, b.at) for b in file.bindings if b.scope == place.scope and b.value is not None)
    yield from ((u.value, (u.line, 1, u.line, 1)) for u in file.uses if u.scope == place.scope)


def _given(value: Value, span: Span) -> Iterator[tuple[Span, Value]]:
    """Yield what each call inside a value is given and what it calls, with the call's place; items one by one.

    So are the items of a list that a loop runs over.
    """
    stack: list[tuple[Value, Span | None]] = [(value, span if isinstance(value, Seq) else None)]
    while stack:
        top, around = stack.pop()
        if isinstance(top, Call):
            yield top.at, top.func
            stack.extend((argument.value, top.at) for argument in top.args)
            stack.append((top.func, None))
            continue
        if around is not None:
            yield around, top
        if not isinstance(top, (Lit, Text)):
            stack.extend((child, around if isinstance(top, Seq) else None) for child in children(top))
