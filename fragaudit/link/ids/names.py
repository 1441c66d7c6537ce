"""What a name is at a place: the bindings that reach it, a parameter, an import."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fragaudit.link.abstract import Bound, Handle, Instance
from fragaudit.link.ids.heads import (
    Atom,
    Chars,
    Frame,
    From,
    Head,
    Here,
    Made,
    Step,
    Thunk,
)
from fragaudit.link.ids.reaching import reaching
from fragaudit.link.program import Place
from fragaudit.model.facts import MODULE_SCOPE, Binding
from fragaudit.model.values import Lit, Ref, Seq, Value

if TYPE_CHECKING:
    from fragaudit.link.ids.flow import Flow


def name(flow: Flow, name: str, here: Here) -> Iterator[Head]:
    """Yield what a name is where it is read, with what has been put into it since it was made."""
    frame, scope = here.frame, here.place.scope
    scopes = flow.program.files[here.place.file].scopes
    first = True
    while scope >= 0:
        place = Place(here.place.file, scope)
        entry = scopes[scope]
        if first or entry.kind != "class":
            inside = frame if frame is not None and frame.function == place else None
            found = list(_in_scope(flow, name, place, here, inside, nested=not first))
            if found:
                yield from flow.growth.grown(flow, name, place, here, found)
                return
        first = False
        scope = entry.parent
    for meaning in flow.evaluator.name(name, Place(here.place.file, MODULE_SCOPE)):
        yield from flow.from_meaning(meaning)


def _in_scope(flow: Flow, name: str, place: Place, here: Here, frame: Frame | None, nested: bool) -> Iterator[Head]:
    handed = frame.get(name) if frame is not None else None
    bindings = flow.program.bindings(place, name)
    entry = flow.program.scope(place)
    number = next((n for n, p in enumerate(entry.parameters) if p.name == name), None)
    chosen, complete = reaching(flow.program, place.file, bindings, None if nested else here)
    for binding in chosen:
        yield from bound(flow, name, binding, place, here.frame)
    if number is not None and not complete:
        if handed is not None:
            yield from flow.force(handed)
        elif frame is not None and entry.parameters[number].default is not None:
            yield from flow.force(Thunk(entry.parameters[number].default or Lit(None), _at(place.file, entry.parent)))
        else:
            yield From(place, number, name)
    if number is None and handed is not None:
        yield from flow.force(handed)  # a parameter of a lambda
    if bindings or number is not None or handed is not None:
        return
    if flow.program.imports(place, name) or flow.program.definitions(place, name):
        meanings = flow.evaluator.name(name, place)
        if any(isinstance(meaning, (Instance, Handle, Bound)) for meaning in meanings):
            made = [head for head in _imported(flow, name, place) if isinstance(head, Made)]
            if made:
                yield from made
                return
        for meaning in meanings:
            yield from flow.from_meaning(meaning)


def _imported(flow: Flow, name: str, place: Place) -> Iterator[Head]:
    """Yield what another module of the project binds an imported name to: an object that it makes for all."""
    for item in flow.program.imports(place, name):
        file = flow.program.module(flow.program.absolute(item, place.file), place.file)
        if item.name is None or file is None or file == place.file:
            continue
        outer = Place(file, MODULE_SCOPE)
        if flow.program.bindings(outer, item.name):
            yield from flow.force(Thunk(Ref(item.name), Here(outer, 0, 0, -1)))


def bound(flow: Flow, name: str, binding: Binding, place: Place, frame: Frame | None) -> Iterator[Head]:
    """Yield what one binding gives a name: a value, an element of what a loop runs over, or an addition to it."""
    if binding.value is None:
        return
    # A loop's span is the whole loop, but what it runs over stands at its head.
    at = Here(place, binding.at[0], 0 if binding.how == "for" else binding.at[2], binding.branch, frame)
    thunk = Thunk(binding.value, at)
    if binding.how in ("for", "in"):
        for head in flow.force(thunk):
            for element in flow.step(head, None):
                yield from flow.walk(element, _path(binding.key))
    elif binding.how == "+=":
        # Asked as a value is: a long row of additions is as deep as a nested one, and ends where that would.
        earlier = flow._earlier.setdefault(name, Ref(name))
        before = flow.force(Thunk(earlier, Here(place, binding.at[0], binding.at[0] - 1, binding.branch, frame)))
        added = flow.force(thunk)
        if any(isinstance(h, Chars) for h in (*before, *added)):
            yield Chars((before, added))
        elif any(isinstance(h, Atom) and h.kind in ("number", "counter") for h in before):
            yield Atom("counter", name)
        else:
            yield from before
            yield from added
    else:
        yield from flow.force(thunk)


def _at(file: int, scope: int) -> Here:
    return Here(Place(file, max(scope, MODULE_SCOPE)), 0, 0, -1)


def _path(key: Value | None) -> tuple[Step, ...]:
    match key:
        case Lit(value=int(number)):
            return (number,)
        case Seq():
            return tuple(item.value for item in key.items if isinstance(item, Lit) and isinstance(item.value, int))
        case _:
            return ()
