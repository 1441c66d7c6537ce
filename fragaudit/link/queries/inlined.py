"""Calls of functions that are understood anew for each call: the queries they come to with these arguments."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fragaudit.link.abstract import ClassRef, FunctionRef
from fragaudit.link.program import Place
from fragaudit.link.queries.draft import Bag, Drafts, Keywords, Thing
from fragaudit.link.queries.receivers import Receiver, method, receiver
from fragaudit.link.queries.scopes import statements_of
from fragaudit.model.facts import NO_BRANCH
from fragaudit.model.values import Attr, Call

if TYPE_CHECKING:
    from fragaudit.link.queries.flow import Flow

DEEPEST = 4
"""Functions that call each other with filters of the first one's caller."""
MOST = 4_000
"""Calls in a repository that are understood anew."""


class _Ran:
    """What comes back from a function that ran its queries."""


RAN = _Ran()


def inlined(call: Call, flow: Flow) -> Thing | None:
    """Return what a call gives if its function is one to be understood anew; None for any other.

    Queries that the function runs are reported at the call; those that it hands on are what the call gives.
    """
    places = flow.pool.forwarding.get(getattr(call.func, "name", ""), frozenset())
    if not places or flow.within >= DEEPEST or flow.pool.inlined >= MOST:
        return None
    found = {(place, on) for place, on in _called(call, flow) if place in places}
    if len(found) != 1:
        return None
    place, on = found.pop()
    if place == flow.place:
        return None
    flow.pool.inlined += 1
    inner = flow.inside(place)
    inner.within = flow.within + 1
    inner.pinned = flow.pinned or flow.placed(call)
    for name, thing in _given(call, place, on, flow):
        inner.know(name, thing)
    inner.run(statements_of(flow.program, place))
    at = flow.location(call)
    flow.asked += [one._replace(at=at, file=flow.place.file) for one in inner.asked if not one.lazy]
    handed = tuple(flow.adopted(inner.settled(one), 0) for one in inner.asked if one.lazy)
    return Drafts(handed[:4]) if handed else RAN


def know_object(place: Place, flow: Flow) -> None:
    """Let a method know its object: one of its class, made somewhere."""
    scope = flow.program.scope(place)
    parent = Place(place.file, max(scope.parent, 0))
    decorators = {getattr(d, "name", "") for d in scope.decorators}
    if scope.parameters and flow.program.scope(parent).kind == "class" and "staticmethod" not in decorators:
        first = scope.parameters[0].name
        if first == "self":
            flow.know(first, Receiver(ClassRef(parent)))


def _called(call: Call, flow: Flow) -> Iterator[tuple[Place, Receiver | None]]:
    """Yield the functions that a call may mean, methods with what they are called on."""
    func = call.func
    if isinstance(func, Attr):
        base = flow.thing(func.base)
        receivers = [base] if isinstance(base, Receiver) else []
        if base is None:
            receivers = [r for m in flow.reader.meanings(func.base, flow.view) if (r := receiver(m)) is not None]
        for found in receivers:
            place = method(found, func.name, flow.mapping)
            if place is not None:
                yield place, found
        if base is not None or receivers:
            return
    for meaning in flow.reader.meanings(func, flow.view):
        if isinstance(meaning, FunctionRef) and meaning.owner is None:
            yield meaning.place, None


def _given(call: Call, place: Place, on: Receiver | None, flow: Flow) -> Iterator[tuple[str, Thing]]:
    """Yield what the parameters of a function stand for in a call."""
    scope = flow.program.scope(place)
    parameters = list(scope.parameters)
    static = any(getattr(d, "name", "") == "staticmethod" for d in scope.decorators)
    if on is not None and parameters and not static:
        yield parameters.pop(0).name, on
    plain = [p.name for p in parameters if p.kind == "positional"]
    taken = {p.name for p in parameters if p.kind in ("positional", "keyword")}
    given: dict[str, Thing] = {}
    rest: list[tuple[object, int]] = []
    options: dict[str, Thing] = {}
    complete, number = True, 0
    for argument in call.args:
        thing = flow.argument(argument)
        if argument.name is None:
            if number < len(plain):
                given[plain[number]] = thing
            else:
                rest.append((thing, NO_BRANCH))
            number += 1
        elif argument.name == "*":
            rest += thing.items if isinstance(thing, Bag) else ((None, NO_BRANCH),)
            number = len(plain)
        elif argument.name == "**":
            complete &= isinstance(thing, Keywords) and thing.complete
            options.update(thing.entries if isinstance(thing, Keywords) else ())
        else:
            options[argument.name] = thing
    given.update({n: options.pop(n) for n in list(options) if n in taken})
    for parameter in parameters:
        if parameter.kind == "*":
            yield parameter.name, Bag(tuple(rest))
        elif parameter.kind == "**":
            yield parameter.name, Keywords(tuple(options.items()), complete)
        elif parameter.name in given or parameter.default is None:
            yield parameter.name, given.get(parameter.name)
        else:
            yield parameter.name, flow.inside(place).thing(parameter.default)


__all__ = ["RAN", "inlined"]
