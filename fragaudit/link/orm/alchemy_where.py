"""The conditions of SQLAlchemy's partial indexes: comparisons of a table's columns, as text or in Python."""

from __future__ import annotations

from collections.abc import Callable

from fragaudit.link.orm.core import predicate
from fragaudit.link.orm.members import compared, listed, same
from fragaudit.link.orm.reader import Read, Reader
from fragaudit.model.schema import Key
from fragaudit.model.sql import KEPT, And, Column, Compare, Constant, Operand, Operator, Parameter, Predicate
from fragaudit.model.values import Attr, Call, Item, Lit, Operation, Ref

_NULL_TESTS: dict[str, tuple[Operator, Operator]] = {
    "is_": ("is null", "true"), "isnot": ("is not null", "false"), "is_not": ("is not null", "false"),
}  # fmt: skip
_MEMBERS: dict[str, Operator] = {"in_": "in", "not_in": "not in", "notin_": "not in"}
_COMPARED: dict[str, Operator] = {"==": "=", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_NEGATED: dict[str, Operator] = {"in": "not in", "not in": "in", "=": "<>", "true": "false", "is null": "is not null"}

KeyOf = Callable[[Read], Key | None]
"""Tells which column of the table an expression is."""


def where(read: Read, reader: Reader, key: KeyOf) -> tuple[Predicate, str]:
    """Return the predicate of a partial index, and its text as far as it is known."""
    found = _conditions(read, reader, key)
    if found:
        return (found[0] if len(found) == 1 else And(tuple(found))), " AND ".join(map(_shown, found))
    followed = reader.follow(read)
    value, view = followed.value, followed.view
    text = reader.text(followed)
    if text is None and isinstance(value, Call) and value.args and reader.last(value, view) in _TEXTS:
        text = reader.text(Read(value.args[0].value, view))
    if text is not None:
        return predicate(text), " ".join(text.split())
    return predicate("?"), "?"


_TEXTS = ("text", "literal_column")


def _conditions(read: Read, reader: Reader, key: KeyOf) -> list[Compare] | None:
    """Return comparisons that hold together; None if they aren't that, or not all of them are understood."""
    followed = read if isinstance(read.value, Call) else reader.follow(read)
    value, view = followed.value, followed.view
    if isinstance(value, Call) and reader.last(value, view) == "and_":
        parts = [_conditions(Read(a.value, view), reader, key) for a in value.args]
        return [c for part in parts for c in part or ()] if None not in parts else None
    if isinstance(value, Operation) and value.op == "&":
        parts = [_conditions(Read(o, view), reader, key) for o in value.operands]
        return [c for part in parts for c in part or ()] if None not in parts else None
    denied = value.operands[0] if isinstance(value, Operation) and value.op == "~" else None
    if isinstance(value, Call) and value.args and reader.last(value, view) == "not_":
        denied = value.args[0].value
    if denied is not None:
        inner = _conditions(Read(denied, view), reader, key) or []
        op = _NEGATED.get(inner[0].op) if len(inner) == 1 else None
        return [Compare(inner[0].left, op, inner[0].right)] if op is not None else None
    found = _comparison(followed, reader, key)
    return [found] if found is not None else None


def _comparison(read: Read, reader: Reader, key: KeyOf) -> Compare | None:
    value, view = read.value, read.view
    if isinstance(value, (Ref, Attr, Item)):
        column = _column(read, key)
        return Compare(column, "true") if column is not None else None
    if isinstance(value, Operation) and value.op in _COMPARED and len(value.operands) == 2:
        return _compared(value, read, reader, key)
    if not isinstance(value, Call) or not isinstance(value.func, Attr) or not value.args:
        return None
    name, first = value.func.name, Read(value.args[0].value, view)
    if name not in _NULL_TESTS and name not in _MEMBERS:
        return None
    column = _column(Read(value.func.base, view), key)
    if column is None:
        return None
    if name in _NULL_TESTS:
        constant = reader.constant(first)
        absent, true = _NULL_TESTS[name]
        if constant is None:
            return Compare(column, absent)
        return Compare(column, true if constant else "false" if true == "true" else "true")
    members: tuple[Operand, ...] | None = listed(first, reader)
    if members is None:
        kept = same(first.value)
        members = (kept,) if kept is not None else None
    return Compare(column, _MEMBERS[name], members) if members is not None else None


def _compared(value: Operation, read: Read, reader: Reader, key: KeyOf) -> Compare | None:
    column, given = _column(Read(value.operands[0], read.view), key), Read(value.operands[1], read.view)
    if column is None:
        return None
    if given.value == Lit(None):
        return Compare(column, "is null" if value.op == "==" else "is not null")
    constant = compared(given, reader)
    return Compare(column, _COMPARED[value.op], (constant,)) if constant is not None else None


def _column(read: Read, key: KeyOf) -> Column | None:
    found = key(read)
    return Column("", found.column) if found is not None and found.column else None


def _shown(compare: Compare) -> str:
    name = compare.left.name if isinstance(compare.left, Column) else "?"
    values = ", ".join(_constant(c) for c in compare.right)
    if compare.op in ("in", "not in"):
        return f"{name} {compare.op.upper()} ({values})"
    return f"{name} {compare.op} {values}".strip()


def _constant(operand: Operand) -> str:
    if isinstance(operand, Parameter):
        return operand.name.removeprefix(KEPT)
    if not isinstance(operand, Constant):
        return "?"
    return f"'{operand.value}'" if operand.kind == "string" else str(operand.value)
