"""Comparisons that are methods or functions: IN, IS, BETWEEN."""

from __future__ import annotations

from fragaudit.link.queries.draft import Bag, Entity, Thing
from fragaudit.link.queries.flow import Flow
from fragaudit.link.queries.predicates import both, negated
from fragaudit.model.sql import Compare, Constant, Operand, Operator, Parameter, Predicate, Row, Subquery


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
    right = (operand, Parameter()) if isinstance(operand, Parameter) else (operand,)
    return Compare(base, sense, right, at)


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
