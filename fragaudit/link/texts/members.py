"""Attributes: of modules, classes, and objects, with what their methods keep in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fragaudit.link.abstract import ClassRef, Instance, Package
from fragaudit.link.pieces import Pieces, constant, distinct
from fragaudit.link.program import Place
from fragaudit.link.texts.functions import returned
from fragaudit.link.texts.names import bound, held, in_module
from fragaudit.link.texts.reading import Frame, Reading
from fragaudit.link.texts.search import Search
from fragaudit.model.values import Attr, Value


def of_attribute(value: Attr, reading: Reading, search: Search) -> Iterator[Pieces]:
    """Yield the texts that an attribute holds."""
    if value.name == "value" and isinstance(value.base, Attr):
        yield from of_attribute(value.base, reading, search)  # of a member of an enumeration
    for base in search.evaluator.evaluate(value.base, reading.place):
        match base:
            case Package(file=int() as file):
                yield from in_module(file, value.name, reading, search)
            case ClassRef():
                yield from _member(base, value.name, reading, None, search)
            case Instance():
                yield from _member(base.of, value.name, reading, base, search)
            case _:
                continue


def _member(cls: ClassRef, name: str, reading: Reading, instance: Instance | None, search: Search) -> Sequence[Pieces]:
    found: list[Pieces] = []
    for family in (search.evaluator.ancestry(cls), search.callers.descendants(cls.place)):
        for ancestor in family:
            found = list(_own(ancestor.place, name, reading, instance, search))
            if any(constant(pieces) not in ("", "NULL") for pieces in found) and family[0] == cls:
                return distinct(found)
            if found and family[0] != cls:
                return distinct(text for other in family for text in _own(other.place, name, reading, instance, search))
    return found


def _own(cls: Place, name: str, reading: Reading, instance: Instance | None, search: Search) -> Iterator[Pieces]:
    program = search.program
    key = (cls, name)
    if key in search.asked:
        return
    search.asked.add(key)
    try:
        bindings = [b for b in program.bindings(cls, name) if b.value is not None]
        if bindings:
            yield from held(name, bindings, [], Reading(cls, deep=reading.deep), search)
        if instance is None:
            return
        for number in program.definitions(cls, name):
            if _is_property(program.scope(Place(cls.file, number)).decorators):
                yield from returned(Place(cls.file, number), (), reading, search)
        for method, inner, binding in program.assigned(cls, name):
            if inner != method.scope or binding.value is None:
                continue
            frame = None
            if instance.site is not None and program.scope(method).name == "__init__":
                there = Reading(instance.site.place, instance.site.call.at[:2], deep=reading.deep)
                frame = Frame(method, instance.site.call.args, there)
            at = Reading(method, binding.at[:2], binding.branch, frame, reading.deep)
            yield from bound(binding.target, binding, [], at, search)
    finally:
        search.asked.discard(key)


def _is_property(decorators: Sequence[Value]) -> bool:
    return any(getattr(d, "name", "") in ("property", "cached_property") for d in decorators)
