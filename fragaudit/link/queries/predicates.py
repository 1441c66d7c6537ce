"""Predicates and operands put together from Python's operators, as the libraries' own operators do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from msgspec.structs import replace

from fragaudit.link.queries.draft import columns, queries
from fragaudit.model.sql import (
    NOWHERE,
    And,
    Column,
    Compare,
    Constant,
    Expression,
    Mark,
    Opaque,
    Operand,
    Operator,
    Or,
    Parameter,
    Predicate,
    Row,
    Subquery,
)

UNKNOWN = Opaque(Parameter(), unknown=True)
"""A condition that isn't understood."""

GIVEN = "given"
"""The name of a parameter of a statement that an argument of a call is."""
PREDICATES = (Compare, And, Or, Opaque)
OPERANDS = (Column, Constant, Parameter, Expression, Row, Subquery)
_NEGATED: dict[str, Operator] = {
    "=": "<>", "<>": "=", "<": ">=", "<=": ">", ">": "<=", ">=": "<", "in": "not in", "not in": "in",
    "like": "not like", "not like": "like", "ilike": "not ilike", "not ilike": "ilike", "is null": "is not null",
    "is not null": "is null", "is distinct": "is not distinct", "is not distinct": "is distinct", "true": "false",
    "false": "true", "exists": "not exists", "not exists": "exists",
}  # fmt: skip
PYTHON_OPERATORS: dict[str, Operator] = {
    "==": "=", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">=", "is": "=", "is not": "<>",
}  # fmt: skip
_FLIPPED: dict[str, Operator] = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


def negated(predicate: Predicate) -> Predicate:
    """Return NOT of a predicate, pushed down to its comparisons."""
    if isinstance(predicate, And):
        return (
            Or(tuple(negated(item) for item in predicate.items))
            if len(predicate.items) > 1
            else both([negated(item) for item in predicate.items])
        )
    if isinstance(predicate, Or):
        return And(tuple(negated(item) for item in predicate.items))
    if isinstance(predicate, Compare):
        return replace(predicate, op=_NEGATED.get(predicate.op, "other"))
    return predicate


def denied(predicate: Predicate, dialect: str, *, turned: bool) -> Predicate:
    """Return NOT of a predicate as a library writes it and a planner reads it.

    SQLite turns no NOT around but that of a few comparisons; `turned`: the library itself turns comparisons around.
    """
    while isinstance(predicate, (And, Or)) and len(predicate.items) == 1:
        predicate = predicate.items[0]
    plain = isinstance(predicate, Compare) and (turned or predicate.op in _TURNED)
    if dialect == "sqlite" and not plain and not isinstance(predicate, Opaque):
        inside = tuple(columns(predicate))
        return Opaque(Expression("", inside, "NOT", tuple(queries(predicate)), inside[0].at if inside else NOWHERE))
    return negated(predicate)


_TURNED = frozenset({"=", "in", "like", "is null", "is not null", "exists", "not exists", "true", "false"})


def both(items: Sequence[Predicate]) -> Predicate:
    """Return the conjunction of predicates; of none, one that always holds."""
    return items[0] if len(items) == 1 else And(tuple(items))


def either(items: Sequence[Predicate]) -> Predicate:
    """Return the disjunction of predicates; of none, one that always holds."""
    return items[0] if len(items) == 1 else Or(tuple(items)) if items else And(())


def compared(left: Operand, op: Operator, right: Operand, at: Mark = NOWHERE) -> Predicate:
    """Return a comparison as the libraries write it: with NULL as IS NULL, columns on the left."""
    if isinstance(left, (Constant, Parameter)) and not isinstance(right, (Constant, Parameter)):
        left, right, op = right, left, _FLIPPED.get(op, op)
    if isinstance(right, Constant) and right.kind == "null":
        if op == "=":
            return Compare(left, "is null", (), at)
        if op == "<>":
            return Compare(left, "is not null", (), at)
    return Compare(left, op, (right,), at)


def computed(function: str, operands: Sequence[Operand], *, why: str = "") -> Expression:
    """Return the call of a function on operands, with the text that an index on it would have."""
    found: list[Column] = []
    inner: list[int] = []
    parts: list[str] = []
    for operand in operands:
        if isinstance(operand, Column):
            found.append(operand)
            parts.append(operand.name.lower())
        elif isinstance(operand, Expression):
            found += operand.columns
            inner += operand.queries
            parts.append(operand.text)
        elif isinstance(operand, Constant):
            parts.append(f"'{operand.value}'" if operand.kind == "string" else str(operand.value))
        elif isinstance(operand, Subquery):
            inner.append(operand.query)
            parts.append("")
        else:
            parts.append("")
    whole = bool(found) and all(parts) and not inner
    text = f"{function.lower()}({', '.join(parts)})" if whole else ""
    at = found[0].at if found else NOWHERE
    return Expression(text, tuple(found), why or f"{function.lower()}()", tuple(inner), at)


def mixed(operator: str, operands: Sequence[Operand]) -> Expression:
    """Return arithmetic on operands."""
    found = computed("", operands, why="arithmetic")
    parts = [o.name.lower() if isinstance(o, Column) else getattr(o, "text", "") or str(getattr(o, "value", "") or "")
             for o in operands]  # fmt: skip
    return replace(found, text=f" {operator} ".join(parts) if all(parts) and found.columns else "")


def pattern(value: Operand, before: str, after: str) -> Operand:
    """Return the pattern that a library makes of a value: known where the value or the pattern's beginning is."""
    if isinstance(value, Constant) and value.kind == "string":
        return Constant(f"{before}{value.value}{after}", "string")
    if before:
        return Constant(f"{before}…{after}", "string")
    return Parameter()


def liked(left: Operand, op: Literal["like", "ilike"], value: Operand, before: str, after: str, at: Mark) -> Predicate:
    """Return LIKE with a pattern that begins or ends with a wildcard."""
    if isinstance(left, (Column, Expression)) and op == "ilike":
        return Compare(left, "ilike", (pattern(value, before, after),), at)
    return Compare(left, op, (pattern(value, before, after),), at)
