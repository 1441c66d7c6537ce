"""A statement as another database has it, for its planner to be asked; nothing is run."""

from __future__ import annotations

from typing import Literal

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from fragaudit.extract.sql.dialects import attempts
from fragaudit.extract.sql.limits import exceeded
from fragaudit.extract.sql.placeholders import normalised
from fragaudit.extract.sql.trees import trees

Target = Literal["sqlite", "postgres"]
NESTED = 3
"""How deep what is left out may stand in itself: what takes the place of something isn't looked into at once."""


class TranslationError(ValueError):
    """The statement can't be said in the other dialect; the message says why."""


def transpiled(text: str, dialect: str, target: Target) -> str:
    """Return one statement in the dialect of a planner, every value a parameter of its own or as written.

    For SQLite names lose their schema, orders their NULLS FIRST, values and columns their casts, since each of these
    would keep its planner from an index that the database itself would use; what it has no syntax for becomes a
    parameter or a function of the same columns. For PostgreSQL parameters are numbered one by one: an equal name says
    nothing of its type.

    Raises:
        TranslationError: it can't be parsed, is too large, or is no query.
    """
    problem = exceeded(text)
    if problem:
        raise TranslationError(problem)
    try:
        tree = _parsed(normalised(text), dialect)
        if not isinstance(tree, (exp.Query, exp.DML)):
            raise TranslationError("it is no query")
        if target == "sqlite":
            for _ in range(NESTED):
                tree = tree.transform(_lite)
            for node in list(tree.find_all(exp.Placeholder, exp.Parameter)):
                node.replace(exp.Placeholder(this="p"))
        else:
            for number, node in enumerate(list(tree.find_all(exp.Placeholder, exp.Parameter)), 1):
                node.replace(exp.Parameter(this=exp.Literal.number(number)))
        return tree.sql(dialect=target, unsupported_level=sqlglot.ErrorLevel.IGNORE)
    except (SqlglotError, RecursionError, AttributeError, TypeError, ValueError) as error:
        if isinstance(error, TranslationError):
            raise
        raise TranslationError(f"it can't be translated: {type(error).__name__}") from error


def _parsed(text: str, dialect: str) -> exp.Expr:
    """Return the tree of a statement, by the first grammar that has it where its dialect isn't known."""
    for chosen in attempts(dialect, text)[: 1 if dialect else None]:
        try:
            found = trees(text, chosen)
        except SqlglotError:
            continue
        if found:
            return found[0]
    raise TranslationError("it can't be parsed")


def _lite(node: exp.Expr) -> exp.Expr:
    if isinstance(node, exp.Column) or (isinstance(node, exp.Table) and isinstance(node.this, exp.Identifier)):
        node.set("db", None)
        node.set("catalog", None)
    elif isinstance(node, exp.Ordered):
        node.set("nulls_first", not node.args.get("desc"))
    elif isinstance(node, exp.Query):
        node.set("locks", [])
        distinct = node.args.get("distinct")
        if isinstance(distinct, exp.Distinct):
            distinct.set("on", None)
    elif isinstance(node, exp.EQ) and isinstance(node.expression, exp.Any):
        inner = node.expression.this
        if isinstance(inner, (exp.Query, exp.Subquery)):
            return exp.In(this=node.this, query=inner)
        return exp.In(this=node.this, expressions=[exp.Placeholder(this="p"), exp.Placeholder(this="q")])
    elif isinstance(node, exp.ILike):
        return exp.Like(this=exp.func("lower", node.this), expression=node.expression)
    elif isinstance(node, (exp.Cast, exp.TryCast)):
        return _inner(node)
    elif isinstance(node, (exp.Interval, exp.Array, exp.CurrentTimestamp, exp.CurrentDate, exp.CurrentTime)):
        return node if any(node.find_all(exp.Column)) else exp.Placeholder(this="p")
    elif isinstance(node, exp.Extract):
        return exp.Anonymous(this="extract", expressions=[node.expression])
    elif isinstance(node, exp.Dot) and isinstance(node.expression, exp.Func):
        return node.expression
    elif isinstance(node, exp.AtTimeZone):
        return _inner(node)
    return node


def _inner(node: exp.Expr) -> exp.Expr:
    inner: exp.Expr = node.this
    return inner
