"""Attributes of classes and their objects, and what the linker itself knows of a value."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fragaudit.link.abstract import Abstract, ClassRef, External, FunctionRef, Instance, Known, Symbol, Template
from fragaudit.link.ids.heads import (
    UNKNOWN,
    Atom,
    Chars,
    From,
    Head,
    Made,
    distinct,
)
from fragaudit.link.ids.names import bound
from fragaudit.link.program import Place, Program

if TYPE_CHECKING:
    from fragaudit.link.ids.flow import Flow


def owner(program: Program, function: Place) -> Place | None:
    """Return the class whose method a function is, if its first parameter is the object or class itself."""
    scope = program.scope(function)
    parent = Place(function.file, scope.parent)
    if scope.parent < 0 or program.scope(parent).kind != "class":
        return None
    static = any(getattr(d, "name", "") == "staticmethod" for d in scope.decorators)
    return None if static else parent


def class_attribute(flow: Flow, cls: ClassRef, name: str, made: Made | None) -> Iterator[Head]:
    """Yield what an attribute of a class's objects is: assigned in methods, in the class, or a property's result.

    `made` is the call that made the object: its `__init__` is then read with that call's arguments.
    """
    for ancestor in flow.evaluator.ancestry(cls):
        found = list(_assigned(flow, ancestor.place, name, made))
        for number in flow.program.definitions(ancestor.place, name):
            place = Place(ancestor.place.file, number)
            if any(getattr(d, "name", "") in ("property", "cached_property", "computed_field")
                   or getattr(getattr(d, "func", None), "name", "") == "computed_field"
                   for d in flow.program.scope(place).decorators):  # fmt: skip
                frame = flow.frame(place, (), made.here, made) if made is not None else None
                found.extend(flow.results(place, frame))
        for binding in flow.program.bindings(ancestor.place, name):
            found.extend(bound(flow, name, binding, ancestor.place, None))
        if found:
            yield from found
            return
    for meaning in flow.evaluator.attribute(Instance(cls), name):
        if isinstance(meaning, (Known, Symbol, Template)):
            yield from of_object(flow, meaning, cls, name)


def of_object(flow: Flow, meaning: Abstract, cls: ClassRef, name: str) -> Iterator[Head]:
    """Yield what a field of an object comes to: as whoever makes it says, where the project neither does nor tells."""
    told = not isinstance(meaning, Symbol) or meaning.strong or bool(meaning.defaults)
    if told or flow.makers.give(cls, name):
        yield from from_meaning(flow, meaning)
    else:
        yield From(None, -1, "self", (f".{name}",), "result")


def _assigned(flow: Flow, cls: Place, name: str, made: Made | None) -> Iterator[Head]:
    for method, inner, binding in flow.program.assigned(cls, name):
        if inner != method.scope:
            continue
        frame = None
        if made is not None and flow.program.scope(method).name == "__init__":
            frame = flow.frame(method, made.call.args, made.here, made)
        yield from bound(flow, binding.target, binding, method, frame)


def from_meaning(flow: Flow, meaning: Abstract) -> Iterator[Head]:
    """Yield what the linker's own answer comes to."""
    match meaning:
        case Known(value=str(text)):
            yield Chars((text,))
        case Known(value=None):
            yield Atom("none")
        case Known():
            yield Atom("number", str(meaning.value))
        case Symbol():
            yield Atom("setting" if meaning.strong else "field", meaning.name)
        case Template():
            yield Chars(tuple(distinct(from_meaning(flow, part)) or (UNKNOWN,) for part in meaning.parts))
        case External():
            yield Atom("external", meaning.name)
        case ClassRef():
            yield Atom("class name", flow.program.scope(meaning.place).name)
        case FunctionRef():
            yield UNKNOWN
        case _:
            yield UNKNOWN
