"""Does a partial index hold every row that an access is after? Only if its condition follows from the access's own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fragaudit.model.accesses import Access, Condition
from fragaudit.model.schema import Index
from fragaudit.model.sql import And, Column, Compare, Constant, Operand, Predicate

_WITH_NULLS = ("is null", "is distinct", "is not distinct")
"""Comparisons that a null may pass."""


def applies(index: Index, access: Access, dialect: str) -> bool:
    """Say whether a partial index holds every row that an access is after."""
    if not index.where_text:
        return True
    if index.where is None:
        return False
    return all(_implied(part, access, dialect) for part in _parts(index.where))


def fact(column: str, op: str, constants: Sequence[str] | None) -> str:
    """Return a comparison of a column as text; None for constants: its values aren't known."""
    values = " ?" if constants is None else f" {', '.join(_number(c) for c in constants)}" if constants else ""
    return f"{column.lower()} {op}{values}"


def _number(text: str) -> str:
    return {"true": "1", "false": "0"}.get(text, text)


def _parts(predicate: Predicate) -> Iterator[Predicate]:
    if isinstance(predicate, And):
        for item in predicate.items:
            yield from _parts(item)
    else:
        yield predicate


def _implied(part: Predicate, access: Access, dialect: str) -> bool:
    """Say whether a condition of a partial index follows from the conditions of an access."""
    if not isinstance(part, Compare) or not isinstance(part.left, Column):
        return False
    name, op = part.left.name.lower(), part.op
    facts = [f.split(" ", 1)[1] for f in access.facts if f.split(" ", 1)[0] == name]
    if op == "is not null":
        if access.extreme.lower() == name and dialect == "postgres":  # which looks for it among what isn't null
            return True
        if any(_compared(c, name) for c in access.conditions) or any(not f.startswith(_WITH_NULLS) for f in facts):
            return True
        arms = access.arms if dialect != "sqlite" else ()
        return bool(arms) and all(any(_compared(c, name) for c in arm) for arm in arms)
    constants = [_text(r) for r in part.right]
    if any(c is None for c in constants):
        return False
    wanted = [_number(c) for c in constants if c is not None]
    if " ".join((op, ", ".join(wanted))).strip() in facts:
        return True
    if dialect == "sqlite":  # which compares the conditions as they are written
        return False
    truths = {"true": ("= 1", "true"), "false": ("= 0", "false")}
    if op in truths:
        return any(f in truths[op] for f in facts)
    if op == "=" and wanted in (["1"], ["0"]) and ("true" if wanted == ["1"] else "false") in facts:
        return True
    return bool(wanted) and any(_stronger(f, op, wanted) for f in facts)


def _compared(condition: Condition, name: str) -> bool:
    """Say whether a condition lets no null pass, as planners see it: a comparison of rows tells them nothing."""
    return condition.column.lower() == name and condition.op not in ("is null", "row") and not condition.expression


def _stronger(known: str, op: str, wanted: Sequence[str]) -> bool:
    """Say whether a known comparison implies another one of the same column, as PostgreSQL proves it."""
    known_op, _, value = known.partition(" ")
    if op == "in" and known_op == "=":
        return value in wanted
    if op == "in" and known_op == "in":
        return set(value.split(", ")) <= set(wanted)
    if op == "<>" and known_op == "=":
        return value != "?" and value != wanted[0]
    if op == "not in" and known_op == "=":
        return value != "?" and value not in wanted
    if op in ("<", "<=", ">", ">=") and known_op in ("=", "<", "<=", ">", ">="):
        try:
            left, right = float(value), float(wanted[0])
        except ValueError:
            return False
        if known_op == "=":
            return {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[op]
        if op[0] != known_op[0]:
            return False
        strict = op in ("<", ">") and known_op not in ("<", ">")
        if op[0] == "<":
            return left < right if strict else left <= right
        return left > right if strict else left >= right
    return False


def _text(operand: Operand) -> str | None:
    if not isinstance(operand, Constant) or operand.value is None:
        return None
    return f"'{operand.value}'" if operand.kind == "string" else operand.value
