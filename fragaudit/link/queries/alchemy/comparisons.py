"""Comparisons that are methods or functions, IN, IS and BETWEEN, and what Python makes of several."""

from __future__ import annotations

from fragaudit.link.orm.members import listed, same
from fragaudit.link.orm.reader import Read
from fragaudit.link.queries import peewee
from fragaudit.link.queries.draft import Bag, Entity, Thing
from fragaudit.link.queries.flow import Flow
from fragaudit.link.queries.predicates import both, negated
from fragaudit.model.sql import KEPT, Column, Compare, Constant, Operand, Operator, Parameter, Predicate, Row, Subquery
from fragaudit.model.values import Call, Ref


def in_(base: Operand, given: Thing, name: str, flow: Flow, at: tuple[int, int]) -> Predicate:
    """Return a test of membership."""
    sense: Operator = "in" if name == "in_" else "not in"
    if isinstance(given, Bag):
        rows = isinstance(base, Row)
        items = tuple(
            Row(tuple(flow.operand(i) for i, _ in item.items)) if rows and isinstance(item, Bag) else flow.operand(item)
            for item, _ in given.items
        )
        return Compare(base, sense, items or (Parameter(),), at)
    if isinstance(given, Entity) and given.query >= 0:
        return Compare(base, sense, (Subquery(given.query),), at)
    operand = flow.operand(given)
    # A list that is bound when it runs: any number of values.
    several = isinstance(operand, Parameter) and not operand.name.startswith(KEPT)
    right = (operand, Parameter()) if several else (operand,)
    return Compare(base, sense, right, at)


def members(call: Call, given: Thing, flow: Flow) -> Thing:
    """Return what `in_` is given: members that are written out somewhere, where what is understood leaves them open."""
    known = given.items if isinstance(given, Bag) else ()
    if not call.args or not (given is None or known) or (known and all(isinstance(i, Constant) for i, _ in known)):
        return given
    value = call.args[0].value
    if isinstance(value, Ref) and flow.program.bindings(flow.place, value.name):
        return given  # a list that may have grown
    found = listed(Read(value, flow.view), flow.reader)
    if found is None:
        return given if known else same(value)
    if known and len(found) != len(known):
        return given
    return Bag(tuple((m, flow.branch) for m in found))


def is_(base: Operand, value: Operand, name: str, at: tuple[int, int], flow: Flow) -> Predicate:
    """Return what `column.is_(value)` asks, or `is_not`."""
    found: Predicate
    if isinstance(value, Constant) and value.kind == "boolean":
        return flow.truth(base, (value.value == "true") == (name == "is_"))
    if isinstance(value, Constant) and value.kind == "null":
        found = Compare(base, "is null", (), at)
    else:
        found = Compare(base, "is not distinct", (value,), at)
    return found if name == "is_" else negated(found)


def between(base: Operand, things: list[Thing], flow: Flow) -> Predicate:
    """Return a range, both ends included."""
    low = flow.operand(things[0]) if things else Parameter()
    high = flow.operand(things[1]) if len(things) > 1 else Parameter()
    return both([Compare(base, ">=", (low,), flow.here), Compare(base, "<=", (high,), flow.here)])


def taken(op: str, things: list[Thing], flow: Flow) -> Thing | None:
    """Return the one of several comparisons that Python takes by itself; None if it refuses, or that isn't known.

    Only comparisons by `==` and `!=` have a truth: they are false and true of anything but the same column.
    Those of Peewee are always true.
    """
    for thing in things[:-1]:
        if not isinstance(thing, Compare) or not isinstance(thing.left, Column) or thing.op not in ("=", "<>"):
            return None
        true = thing.op == "<>" or peewee.is_field(thing.left, flow)
        if true != (op == "and"):
            return thing
    return things[-1] if isinstance(things[-1], Compare) else None
