"""sqlglot's expressions to operands: columns, constants, parameters, and what is computed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlglot import exp
from sqlglot.errors import SqlglotError

from fragaudit.model.sql import (
    NOWHERE,
    Column,
    Constant,
    Expression,
    Mark,
    Operand,
    Parameter,
    Row,
    Subquery,
)

Subqueries = Callable[[exp.Expr], int]
"""Lowers a query inside an expression and returns its number."""
MOST_NODES = 120
"""Of an expression that is written out as text; a larger one is never an index's."""
TEXT_TYPES = frozenset(
    t
    for t in (exp.DType.TEXT, exp.DType.VARCHAR, exp.DType.NVARCHAR, exp.DType.CHAR, exp.DType.NCHAR,
              exp.DType.BPCHAR, exp.DType.NAME)
)  # fmt: skip
_PARAMETERS = (exp.Placeholder, exp.Parameter, exp.SessionParameter)
_ARITHMETIC = (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.IntDiv, exp.Neg, exp.BitwiseAnd, exp.BitwiseOr,
               exp.BitwiseXor, exp.BitwiseLeftShift, exp.BitwiseRightShift, exp.BitwiseNot)  # fmt: skip
_JSON = (exp.JSONExtract, exp.JSONExtractScalar, exp.JSONBExtract, exp.JSONBExtractScalar, exp.Bracket, exp.Dot)


def mark(node: Any) -> Mark:
    """Return where an identifier or literal stands, NOWHERE if the parser did not keep it."""
    meta = node.meta if isinstance(node, exp.Expr) else {}
    start = meta.get("start")
    return (start, meta["end"] + 1) if start is not None else NOWHERE


def span(node: exp.Expr) -> Mark:
    """Return from where to where the identifiers and literals of an expression reach."""
    places = [m for n in node.walk() if (m := mark(n)) != NOWHERE]
    return (min(m[0] for m in places), max(m[1] for m in places)) if places else NOWHERE


class Operands:
    """Lowers expressions of one statement, identifiers folded as its dialect does."""

    def __init__(self, dialect: str, subquery: Subqueries) -> None:
        self.dialect = dialect
        self._subquery = subquery
        self._lower = dialect not in ("mysql", "sqlite", "tsql", "bigquery")

    def name(self, identifier: Any) -> str:
        """Return an identifier as the dialect folds it."""
        if not isinstance(identifier, exp.Identifier):
            return str(identifier.name) if isinstance(identifier, exp.Expr) else str(identifier or "")
        text: str = identifier.this if isinstance(identifier.this, str) else identifier.name
        return text if identifier.args.get("quoted") or not self._lower else text.lower()

    def column(self, node: exp.Column) -> Column:
        """Return a column reference; a schema written before the table is left off."""
        source = node.args.get("table")
        return Column(self.name(source) if source is not None else "", self.name(node.this), mark(node.this))

    def operand(self, node: exp.Expr, *, text: bool = True) -> Operand:
        """Return an expression as an operand; `text`: with what it says, for comparing it with an index's."""
        while isinstance(node, exp.Paren):
            node = node.this
        if isinstance(node, exp.Column):
            return self.column(node) if not isinstance(node.this, exp.Star) else Expression("*")
        if isinstance(node, exp.Literal):
            return Constant(node.this, "string" if node.is_string else "number")
        if isinstance(node, exp.Boolean):
            return Constant("true" if node.this else "false", "boolean")
        if isinstance(node, exp.Null):
            return Constant(None, "null")
        if isinstance(node, _PARAMETERS):
            return Parameter(str(node.name or ""))
        if isinstance(node, exp.Neg) and isinstance(node.this, exp.Literal):
            return Constant("-" + node.this.this, "number")
        if isinstance(node, exp.Query):
            return Subquery(self._subquery(node))
        if isinstance(node, exp.Tuple):
            return Row(tuple(self.operand(item) for item in node.expressions))
        if isinstance(node, exp.Alias):
            return self.operand(node.this, text=text)
        if isinstance(node, exp.Cast) and isinstance(inner := _bare(node.this), (exp.Literal, *_PARAMETERS)):
            return self.operand(inner)
        return self.computed(node, text=text)

    def computed(self, node: exp.Expr, *, text: bool = True) -> Expression:
        """Return an expression with the columns and queries in it."""
        columns: list[Column] = []
        queries: list[int] = []
        count = 0

        def stop(inner: exp.Expr) -> bool:
            return isinstance(inner, (exp.Query, exp.Column))

        for inner in node.walk(prune=stop):
            count += 1
            if isinstance(inner, exp.Column):
                if not isinstance(inner.this, exp.Star):
                    columns.append(self.column(inner))
            elif isinstance(inner, exp.Query):
                queries.append(self._subquery(inner))
        written = canonical(node, self.dialect) if text and columns and not queries and count <= MOST_NODES else ""
        return Expression(written, tuple(columns), why(node), tuple(queries), columns[0].at if columns else NOWHERE)


def _bare(node: exp.Expr) -> exp.Expr:
    while isinstance(node, exp.Paren):
        node = node.this
    return node


def why(node: exp.Expr) -> str:
    """Return what stands around a column: a function's name, or `cast`, `arithmetic` and so on."""
    node = _bare(node)
    if isinstance(node, exp.Cast):
        return "cast"
    if isinstance(node, _ARITHMETIC):
        return "arithmetic"
    if isinstance(node, exp.DPipe):
        return "concatenation"
    if isinstance(node, _JSON):
        return "a path into a document"
    if isinstance(node, exp.Collate):
        return "collate"
    if isinstance(node, exp.Case):
        return "CASE"
    if isinstance(node, exp.Distance):
        return "distance"
    if isinstance(node, exp.Anonymous):
        return f"{str(node.this).lower()}()"
    if isinstance(node, exp.Func):
        return f"{node.sql_name().lower()}()"
    return type(node).__name__.lower()


def canonical(node: exp.Expr, dialect: str) -> str:
    """Return the text of an expression without what doesn't change it: qualifiers, quotes, case, idle casts."""

    def plain(inner: exp.Expr) -> exp.Expr:
        if isinstance(inner, exp.Paren):
            return inner.this if isinstance(inner.this, (exp.Column, exp.Func, exp.Literal, exp.Cast)) else inner
        if isinstance(inner, exp.Column):
            return exp.column(exp.to_identifier(inner.name.lower(), quoted=False))
        if isinstance(inner, exp.Cast) and inner.to.this in TEXT_TYPES:
            held = _bare(inner.this)
            if isinstance(held, exp.Literal) or (isinstance(held, exp.Column) and inner is not node):
                return plain(held)
        return inner

    try:
        tree = _bare(_bare(node).copy())
        node = tree
        return str(tree.transform(plain, copy=False).sql(dialect or None, comments=False)).lower()
    except (SqlglotError, RecursionError, ValueError):
        return ""
