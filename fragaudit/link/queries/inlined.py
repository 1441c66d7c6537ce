"""Calls of functions that are understood anew for each call: the queries they come to with these arguments."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from fragaudit.link.abstract import ClassRef, FunctionRef
from fragaudit.link.program import Place, Program
from fragaudit.link.queries.draft import Bag, Choice, Draft, Drafts, Keywords, Thing, comparisons
from fragaudit.link.queries.flow import Asked, Flow, options
from fragaudit.link.queries.flow.handing import adopted, carried
from fragaudit.link.queries.flow.statements import run
from fragaudit.link.queries.predicates import GIVEN, UNKNOWN
from fragaudit.link.queries.receivers import Receiver, method, receiver
from fragaudit.link.queries.scopes import statements_of
from fragaudit.link.queries.variants import above, opened, variants
from fragaudit.model.facts import NO_BRANCH
from fragaudit.model.locations import Location
from fragaudit.model.sql import And, Parameter
from fragaudit.model.values import Attr, Call, Ref

DEEPEST = 4
"""Functions that call each other with filters of the first one's caller."""
MOST = 4_000
"""Calls in a repository that are understood anew."""


class _Ran:
    """What comes back from a function that ran its queries."""


RAN = _Ran()


def inlined(call: Call, things: list[Thing], flow: Flow) -> Thing | None:
    """Return what a call gives if its function is one to be understood anew; None for any other.

    `things` are the call's arguments.

    Queries that the function runs are reported at the call, unless they are the same for every call; those that it
    hands on are what the call gives.
    """
    places = flow.pool.forwarding.get(getattr(call.func, "name", ""), frozenset())
    if not places or flow.within >= DEEPEST or flow.pool.inlined >= MOST:
        return None
    if not any(options(thing) for thing in things):
        places = places - flow.pool.given_queries
        if not places:
            return None
    found = {(place, on) for place, on in _called(call, flow) if place in places}
    if len(found) != 1:
        return None
    place, on = found.pop()
    if place == flow.place or (place in flow.pool.given_queries and _varies(things, flow)):
        return None
    flow.pool.inlined += 1
    inner = flow.inside(place)
    inner.within = flow.within + 1
    inner.pinned = flow.pinned or flow.placed(call)
    for name, thing in _given(call, things, place, on, flow):
        inner.names.know(name, thing)
    run(statements_of(flow.program, place), inner)
    alone = _alone(place, flow)
    asked = [one._replace(draft=given(one, flow.program), branch=NO_BRANCH) for one in inner.asked]
    asked = [one for one in asked if one.at not in alone or (not alone[one.at] and not _open(one.draft))]
    at = flow.location(call)
    flow.asked += [one._replace(at=at, file=flow.place.file) for one in asked if not one.lazy]
    handed = tuple(adopted(one.draft, 0, flow) for one in asked if one.lazy)
    if not handed and any(one.lazy for one in inner.asked):
        return None  # what is handed on is the same for every call
    return Drafts(handed[:4]) if handed else RAN


def _varies(things: list[Thing], flow: Flow) -> bool:
    """Say whether a query among arguments depends on choices made before: what it may be is told apart no further."""
    return any(len(variants(draft, flow.branch, flow.program)) > 1 for thing in things for draft in options(thing))


def _alone(place: Place, flow: Flow) -> dict[Location, bool]:
    """Return where a function asks something that is understood without its calls, and whether wholly."""
    known = flow.pool.alone.get(place)
    if known is None:
        flow.pool.alone[place] = {}
        inner = flow.inside(place)
        know_object(place, inner)
        run(statements_of(flow.program, place), inner)
        known = flow.pool.alone[place] = {
            one.at: not _open(one.draft) and not (one.lazy and len(variants(one.draft, one.branch, flow.program)) > 1)
            for one in inner.asked
            if one.draft.root or one.draft.has("arms")
        }
    return known


def _open(draft: Draft) -> bool:
    """Say whether conditions of a query aren't known."""
    return any(c.value == UNKNOWN for c in draft.clauses if c.kind in ("where", "join"))


def given(one: Asked, program: Program) -> Draft:
    """Return a query as it is for the arguments of one call: with the conditions on what is given, without others.

    Of a condition that is there only in one arm of a choice it isn't known whether it holds, unless it compares with
    an argument; an order or limit there is left out.
    """
    draft, kept = one.draft, []
    # Arms are those of one file: a query that another file put together is asked in none of them.
    here = one.branch if one.file == draft.file else NO_BRANCH
    for clause in draft.clauses:
        own = opened(program, draft.file, clause.branch)
        if above(program, draft.file, own, here):
            kept.append(clause)
        elif program.exclusive(draft.file, own, here) or clause.kind in ("order", "limit", "offset", "outputs"):
            continue
        elif clause.value == And(()):
            continue  # the conditions on arguments of which there are none
        elif clause.kind == "where" and _names_given(clause.value):
            kept.append(clause)
        elif clause.kind != "where" or not _names_left_out(clause.value):
            kept.append(replace(clause, kind="where", value=UNKNOWN))
    return replace(draft, clauses=tuple(replace(c, branch=NO_BRANCH) for c in kept))


def _names_given(value: object) -> bool:
    return any(isinstance(o, Parameter) and o.name == GIVEN for c in comparisons(value) for o in c.right)


def _names_left_out(value: object) -> bool:
    """Say whether a condition is one on a parameter that the call leaves out."""
    return any(c.op in ("is null", "is not null") for c in comparisons(value))


def know_object(place: Place, flow: Flow) -> None:
    """Let a method know its object: one of its class, made somewhere."""
    scope = flow.program.scope(place)
    parent = Place(place.file, max(scope.parent, 0))
    decorators = {getattr(d, "name", "") for d in scope.decorators}
    if scope.parameters and flow.program.scope(parent).kind == "class" and "staticmethod" not in decorators:
        first = scope.parameters[0].name
        if first == "self":
            flow.names.know(first, Receiver(ClassRef(parent)))


def _called(call: Call, flow: Flow) -> Iterator[tuple[Place, Receiver | None]]:
    """Yield the functions that a call may mean, methods with what they are called on."""
    func = call.func
    if isinstance(func, Attr) and isinstance(func.base, Call) and func.base.func == Ref("super"):
        yield from _above(func.name, flow)
        return
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


def _above(name: str, flow: Flow) -> Iterator[tuple[Place, Receiver | None]]:
    """Yield the method that `super()` leads to for the object that a method is understood for."""
    scope = flow.program.scope(flow.place)
    own = flow.name(scope.parameters[0].name) if scope.parameters else None
    if isinstance(own, Receiver):
        place = method(own, name, flow.mapping, after=ClassRef(Place(flow.place.file, max(scope.parent, 0))))
        if place is not None:
            yield place, own


def _given(
    call: Call, things: list[Thing], place: Place, on: Receiver | None, flow: Flow
) -> Iterator[tuple[str, Thing]]:
    """Yield what the parameters of a function stand for in a call."""
    scope = flow.program.scope(place)
    parameters = list(scope.parameters)
    static = any(getattr(d, "name", "") == "staticmethod" for d in scope.decorators)
    if on is not None and parameters and not static:
        yield parameters.pop(0).name, on
    plain = [p.name for p in parameters if p.kind == "positional"]
    taken = {p.name for p in parameters if p.kind in ("positional", "keyword")}
    passed: dict[str, Thing] = {}
    rest: list[tuple[object, int]] = []
    named: dict[str, Thing] = {}
    complete, number = True, 0
    for argument, own in zip(call.args, things, strict=True):
        thing = _crossing(own, flow, place)
        if argument.name is None:
            if number < len(plain):
                passed[plain[number]] = thing
            else:
                rest.append((thing, NO_BRANCH))
            number += 1
        elif argument.name == "*":
            rest += thing.items if isinstance(thing, Bag) else ((None, NO_BRANCH),)
            number = len(plain)
        elif argument.name == "**":
            complete &= isinstance(thing, Keywords) and thing.complete
            named.update(thing.entries if isinstance(thing, Keywords) else ())
        else:
            named[argument.name] = thing
    passed.update({n: named.pop(n) for n in list(named) if n in taken})
    for parameter in parameters:
        if parameter.kind == "*":
            yield parameter.name, Bag(tuple(rest))
        elif parameter.kind == "**":
            yield parameter.name, Keywords(tuple(named.items()), complete)
        elif parameter.name in passed or parameter.default is None or not complete:
            yield parameter.name, passed.get(parameter.name)
        else:
            yield parameter.name, flow.inside(place).thing(parameter.default)


def _crossing(thing: Thing, flow: Flow, place: Place) -> Thing:
    """Return an argument as another function gets it: what is there only in one arm of a choice isn't known there.

    What the function adds to a query stands in arms of its own file.
    """
    if thing is None:
        return Parameter(GIVEN)
    if isinstance(thing, Bag):
        return Bag(tuple((i if flow.holds(branch) else None, NO_BRANCH) for i, branch in thing.items))
    if isinstance(thing, Draft):
        return replace(carried(thing, flow), file=place.file)
    if isinstance(thing, Drafts):
        return Drafts(tuple(replace(carried(d, flow), file=place.file) for d in thing.options))
    return None if isinstance(thing, Choice) else thing
