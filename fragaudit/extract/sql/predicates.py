"""sqlglot's conditions to predicates: negations pushed down, chains flattened, everything else marked as opaque."""

from __future__ import annotations

import re
from typing import get_args

from sqlglot import exp

from fragaudit.extract.sql.operands import Operands
from fragaudit.model.sql import And, Compare, Expression, Opaque, Operand, Operator, Or, Parameter, Predicate, Subquery

_COMPARED: dict[type[exp.Expr], Operator] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
    exp.Like: "like",
    exp.ILike: "ilike",
    exp.Glob: "glob",
    exp.RegexpLike: "regex",
    exp.RegexpILike: "regex",
    exp.SimilarTo: "regex",
    exp.NullSafeEQ: "is not distinct",
    exp.NullSafeNEQ: "is distinct",
    exp.ArrayContainsAll: "contains",
    exp.ArrayOverlaps: "overlaps",
    exp.JSONBContains: "contains",
    exp.JSONBContainsAnyTopKeys: "contains",
    exp.JSONBContainsAllTopKeys: "contains",
    exp.Match: "match",
}
# Classes that sqlglot got later than our lowest version of it; before, the same operators came as one of those above.
_LATER: dict[str, Operator] = {"ArrayContainedBy": "contained", "JSONBContainsTopKey": "contains"}
_COMPARED.update({getattr(exp, name): operator for name, operator in _LATER.items() if hasattr(exp, name)})
_NEGATED: dict[Operator, Operator] = {
    "=": "<>",
    "<>": "=",
    "<": ">=",
    "<=": ">",
    ">": "<=",
    ">=": "<",
    "in": "not in",
    "not in": "in",
    "like": "not like",
    "not like": "like",
    "ilike": "not ilike",
    "not ilike": "ilike",
    "is null": "is not null",
    "is not null": "is null",
    "is distinct": "is not distinct",
    "is not distinct": "is distinct",
    "true": "false",
    "false": "true",
    "exists": "not exists",
    "not exists": "exists",
}
_NEGATED_BY_ALL = frozenset(
    {"in", "like", "is null", "is not null", "is distinct", "is not distinct", "true", "exists"}
)
_FLIPPED: dict[Operator, Operator] = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
assert set(_NEGATED) <= set(get_args(Operator))
_HOLE = re.compile(r"h\d+\Z")
NOTHING = And(())


class Predicates:
    """Lowers conditions of one statement."""

    def __init__(self, operands: Operands) -> None:
        self._operands = operands

    def predicate(self, node: exp.Expr | None) -> Predicate | None:
        """Return a condition; None for none."""
        return self._lower(node) if node is not None else None

    def _lower(self, node: exp.Expr) -> Predicate:
        while isinstance(node, exp.Paren):
            node = node.this
        if isinstance(node, (*_COMPARED, exp.Between, exp.In, exp.Is)) and _chosen_late(node.this, node.expression):
            return Opaque(self._operand(node), unknown=True)
        lowered = self._plain(node)
        return negated(lowered) if node.args.get("negate") else lowered  # as newer versions say IS NOT

    def _plain(self, node: exp.Expr) -> Predicate:
        if isinstance(node, exp.And):
            return And(tuple(self._lower(item) for item in chain(node, exp.And)))
        if isinstance(node, exp.Or):
            return Or(tuple(self._lower(item) for item in chain(node, exp.Or)))
        if isinstance(node, exp.Not):
            return self._not(node.this)
        if isinstance(node, exp.Escape):
            return self._lower(node.this)
        operator = _COMPARED.get(type(node))
        if operator is not None:
            return self._compared(node.this, operator, node.expression)
        if isinstance(node, exp.Between):
            column = self._operand(node.this)
            low, high = self._operand(node.args["low"]), self._operand(node.args["high"])
            return And((Compare(column, ">=", (low,)), Compare(column, "<=", (high,))))
        if isinstance(node, exp.In):
            return self._in(node)
        if isinstance(node, exp.Is):
            return self._is(node)
        if isinstance(node, exp.Exists):
            return Compare(Subquery(self._operands._subquery(node.this)), "exists")
        if isinstance(node, exp.Column):
            return Compare(self._operand(node), "true")
        if isinstance(node, exp.Boolean):
            return NOTHING if node.this else Opaque(self._operand(node))
        if isinstance(node, exp.Literal):
            return NOTHING if node.this not in ("0", "") else Opaque(self._operand(node))
        if isinstance(node, exp.MatchAgainst):
            columns = tuple(self._operand(c) for c in node.expressions)
            return And(tuple(Compare(c, "match", (self._operand(node.this),)) for c in columns))
        operand = self._operand(node)
        if isinstance(operand, Parameter):
            return Opaque(operand, unknown=True)
        return Opaque(operand)

    def _not(self, node: exp.Expr) -> Predicate:
        result = negated(inner := self._lower(node))
        plain = isinstance(inner, Compare) and inner.op in _NEGATED_BY_ALL
        if self._operands.dialect == "sqlite" and not plain:  # its planner turns no other NOT around
            return Opaque(self._operands.computed(node))
        return result

    def _operand(self, node: exp.Expr) -> Operand:
        return self._operands.operand(node)

    def _compared(self, left: exp.Expr, operator: Operator, right: exp.Expr) -> Predicate:
        if isinstance(left, (exp.Any, exp.All)):
            left, right, operator = right, left, _FLIPPED.get(operator, operator)
        if isinstance(right, (exp.Any, exp.All)):
            return self._quantified(left, operator, right)
        if isinstance(right, exp.Escape):
            right = right.this
        if isinstance(right, exp.Collate) and isinstance(left, exp.Column):  # it holds for the whole comparison
            left, right = exp.Collate(this=left, expression=right.expression), right.this
        return Compare(self._operand(left), operator, (self._operand(right),))

    def _quantified(self, left: exp.Expr, operator: Operator, right: exp.Any | exp.All) -> Predicate:
        held = right.this
        while isinstance(held, exp.Paren):
            held = held.this
        if (operator, type(right)) not in (("=", exp.Any), ("<>", exp.All)):
            return Opaque(Expression("", (), "a quantified comparison", self._queries(held)))
        sense: Operator = "in" if operator == "=" else "not in"
        if isinstance(held, (exp.Array, exp.Tuple)):
            return Compare(self._operand(left), sense, tuple(self._operand(item) for item in held.expressions))
        operand = self._operand(held)
        if isinstance(operand, Subquery) or sense == "not in":
            return Compare(self._operand(left), sense, (operand,))
        return Compare(self._operand(left), "any", (operand,))

    def _queries(self, node: exp.Expr) -> tuple[int, ...]:
        operand = self._operand(node)
        return (operand.query,) if isinstance(operand, Subquery) else ()

    def _in(self, node: exp.In) -> Predicate:
        left = self._operand(node.this)
        query = node.args.get("query")
        if query is not None:
            return Compare(left, "in", (self._operand(query),))
        field = node.args.get("field") or node.args.get("unnest")
        if field is not None:
            return Compare(left, "in", (self._operand(field),))
        return Compare(left, "in", tuple(self._operand(item) for item in node.expressions))

    def _is(self, node: exp.Is) -> Predicate:
        left, right = self._operand(node.this), node.expression
        if isinstance(right, exp.Not):
            return negated(self._lower(exp.Is(this=node.this, expression=right.this)))
        if isinstance(right, exp.Null):
            return Compare(left, "is null")
        if isinstance(right, exp.Boolean):
            return Compare(left, "true" if right.this else "false")
        return Compare(left, "is not distinct", (self._operand(right),))


def _chosen_late(left: exp.Expr, right: exp.Expr | None) -> bool:
    """Say whether what is compared is a hole, so that its column is known only when the statement runs."""
    if isinstance(left, exp.Column) and not isinstance(left.this, exp.Identifier):
        return isinstance(left.this, exp.Placeholder) and _HOLE.match(str(left.this.name)) is not None
    holes = [s for s in (left, right) if isinstance(s, exp.Placeholder) and _HOLE.match(str(s.name))]
    return bool(holes) and not any(s is not None and s.find(exp.Column, exp.Query) for s in (left, right))


def chain(node: exp.Expr, kind: type[exp.Expr]) -> list[exp.Expr]:
    """Return the members of a chain of one operator from left to right, however deep the tree of it is."""
    found: list[exp.Expr] = []
    waiting = [node]
    while waiting:
        item = waiting.pop()
        while isinstance(item, exp.Paren):
            item = item.this
        if isinstance(item, kind):
            waiting += [item.args["expression"], item.this]
        else:
            found.append(item)
    return found


def negated(predicate: Predicate) -> Predicate:
    """Return NOT of a predicate, pushed down to its comparisons."""
    if isinstance(predicate, And):
        return Or(tuple(negated(item) for item in predicate.items))
    if isinstance(predicate, Or):
        return And(tuple(negated(item) for item in predicate.items))
    if isinstance(predicate, Compare) and predicate.op in _NEGATED:
        return Compare(predicate.left, _NEGATED[predicate.op], predicate.right, predicate.at)
    if isinstance(predicate, Compare):
        return Compare(predicate.left, "other", predicate.right, predicate.at)
    return predicate
