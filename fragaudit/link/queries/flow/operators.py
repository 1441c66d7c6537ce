"""What Python's operators make of things of the database: conditions, expressions, longer lists of conditions."""

from __future__ import annotations

from fragaudit.link.queries.draft import Bag, Draft, EachColumn, Thing
from fragaudit.link.queries.flow.asked import options
from fragaudit.link.queries.flow.conditions import compared
from fragaudit.link.queries.flow.scope import Flow
from fragaudit.link.queries.predicates import GIVEN, PREDICATES, PYTHON_OPERATORS, UNKNOWN, both, denied, either, mixed
from fragaudit.model.sql import Column, Expression, Operand, Parameter, Predicate, Row, Subquery
from fragaudit.model.values import Operation

_OF_PYTHON = frozenset({"and", "or", "not"})


def operation(value: Operation, flow: Flow) -> Thing:
    """Return what an operator makes of its operands."""
    op = value.op
    found = [flow.thing(operand) for operand in value.operands]
    each = next((t for t in found if isinstance(t, EachColumn)), None)
    if each is not None:
        return _of_each(op, each, flow)
    for framework in flow.frameworks.values():
        made = framework.operation(op, found, flow)
        if made is not None:
            return made
    asked = sum(_is_condition(t) or (op == "not" and isinstance(t, Column)) for t in found)
    if op in _OF_PYTHON and asked > (op != "not"):
        # Python asks the condition itself for its truth and takes one of the two, or refuses.
        return UNKNOWN
    made = _of_conditions(op, found, flow)
    if made is not None:
        return made
    if op in PYTHON_OPERATORS and len(found) == 2:
        return _comparison(value, found, flow)
    if op == "+" and all(isinstance(t, Bag) for t in found):
        return Bag(tuple(i for t in found if isinstance(t, Bag) for i in t.items))
    operands = [flow.operand(t) for t in found]
    if any(_is_sql(o) for o in operands) and op != ":":
        return mixed(op, operands)
    for thing, operand in zip(found, value.operands, strict=True):
        flow.escape(thing, operand)
    return None


def compared_by(operator: str, left: Thing, right: Thing, flow: Flow) -> Predicate | None:
    """Return a comparison by one of Python's operators, None if nothing of the database is compared."""
    one, other = flow.operand(left), flow.operand(right)
    if operator not in PYTHON_OPERATORS or not (_is_sql(one) or _is_sql(other)):
        return None
    return flow.compare(one, PYTHON_OPERATORS[operator], other)


def _of_conditions(op: str, found: list[Thing], flow: Flow) -> Thing:
    """Return what AND, OR and NOT make of conditions, None for anything else."""
    if op in ("&", "and") and any(isinstance(t, PREDICATES) or _has_conditions(t) for t in found):
        if any(isinstance(t, Bag) for t in found):
            return Bag(tuple(i for t in found for i in (t.items if isinstance(t, Bag) else ((t, flow.branch),))))
        return both([flow.predicate(t) for t in found])
    if op == "|" and any(isinstance(t, PREDICATES) for t in found):
        return either([flow.predicate(t) for t in found if not (isinstance(t, Bag) and not t.items)])
    if op == "~":
        if isinstance(found[0], Column):
            return flow.truth(found[0], False)
        if isinstance(found[0], (*PREDICATES, Bag)) or any(d.exists for d in options(found[0])):
            return denied(flow.predicate(found[0]), flow.dialect, turned=True)
    if op in ("&", "|") and all(options(t) for t in found):
        return options(found[0])[0].add("where", UNKNOWN, flow.branch)
    return None


def _comparison(value: Operation, found: list[Thing], flow: Flow) -> Thing:
    left, right = (flow.operand(compared(t, v, flow)) for t, v in zip(found, value.operands, strict=True))
    if not (_is_sql(left) or _is_sql(right)):
        return None
    if isinstance(found[1], Bag):
        right = Row(tuple(flow.operand(i) for i, _ in found[1].items))
    return flow.compare(left, PYTHON_OPERATORS[value.op], right)


def _of_each(op: str, each: EachColumn, flow: Flow) -> Thing:
    """Return the conditions on each of several columns: with values that the statement is given."""
    if op not in PYTHON_OPERATORS:
        return None
    operator = PYTHON_OPERATORS[op]
    return both([flow.compare(c, operator, Parameter(GIVEN)) if c is not None else UNKNOWN for c in each.columns])


def _is_condition(found: Thing) -> bool:
    return isinstance(found, PREDICATES) or (isinstance(found, Draft) and found.exists)


def _has_conditions(found: Thing) -> bool:
    return isinstance(found, Bag) and any(isinstance(i, PREDICATES) for i, _ in found.items)


def _is_sql(operand: Operand) -> bool:
    return (
        isinstance(operand, (Column, Subquery))
        or (isinstance(operand, Expression) and bool(operand.columns or operand.queries or operand.text))
        or (isinstance(operand, Row) and any(_is_sql(i) for i in operand.items))
    )
