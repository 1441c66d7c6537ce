"""Predicates and operands put together from Python's operators, as the libraries' own operators do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from msgspec.structs import replace

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
    columns: list[Column] = []
    queries: list[int] = []
    parts: list[str] = []
    for operand in operands:
        if isinstance(operand, Column):
            columns.append(operand)
            parts.append(operand.name.lower())
        elif isinstance(operand, Expression):
            columns += operand.columns
            queries += operand.queries
            parts.append(operand.text)
        elif isinstance(operand, Constant):
            parts.append(f"'{operand.value}'" if operand.kind == "string" else str(operand.value))
        elif isinstance(operand, Subquery):
            queries.append(operand.query)
            parts.append("")
        else:
            parts.append("")
    whole = bool(columns) and all(parts) and not queries
    text = f"{function.lower()}({', '.join(parts)})" if whole else ""
    at = columns[0].at if columns else NOWHERE
    return Expression(text, tuple(columns), why or f"{function.lower()}()", tuple(queries), at)


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
