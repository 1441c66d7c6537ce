"""Does a partial index hold every row that an access is after? Only if its condition follows from the access's own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fragaudit.model.accesses import Access, Condition
from fragaudit.model.schema import Index, Table
from fragaudit.model.sql import KEPT, And, Column, Compare, Constant, Operand, Parameter, Predicate

_WITH_NULLS = ("is null", "is distinct", "is not distinct")
"""Comparisons that a null may pass."""


def applies(index: Index, access: Access, dialect: str) -> bool:
    """Say whether a partial index holds every row that an access is after."""
    if not index.where_text:
        return True
    if index.where is None:
        return False
    return all(_implied(part, access, dialect) for part in _parts(index.where))


def lacking(index: Index) -> bool:
    """Say whether a partial index is of rows that lack something, as rows not deleted do, which most of them may."""
    return _of(index, "<>") or _of(index, "is null")


def part(access: Access, table: Table) -> Index | None:
    """Return a partial index of the rows that an access is after and some others, which may be few altogether."""
    for index in table.indexes:
        partial = index.where_text and index.method == "btree" and not _of(index, "is null")
        if partial and applies(index, access, access.dialect):
            return index
    return None


def may_serve(access: Access, table: Table) -> Index | None:
    """Return a partial index that may serve a lookup by its first column after all.

    Its condition can't be read, or says no more than that the column isn't some value: the one looked up hardly is.
    """
    looked = {c.column.lower() for c in access.conditions if c.op == "=" and not c.expression}
    for index in table.indexes:
        first = index.keys[0].column.lower() if index.keys else ""
        if index.where_text and index.method == "btree" and first in looked:
            parts = tuple(_parts(index.where)) if index.where is not None else ()
            if all(_is_not(p, first) for p in parts):
                return index
    return None


def _is_not(part: Predicate, column: str) -> bool:
    if not isinstance(part, Compare) or not isinstance(part.left, Column):
        return False
    return part.op == "<>" and part.left.name.lower() == column


def _of(index: Index, op: str) -> bool:
    """Say whether a partial index is of rows with a comparison of a kind."""
    parts = _parts(index.where) if index.where is not None else ()
    return any(isinstance(p, Compare) and p.op == op for p in parts) or (
        index.where_text.lower().strip("() ").endswith(op)
    )


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
    known_op, values = _members(known)
    if op in ("=", "in") and known_op == "in":
        return values <= set(wanted)
    if op in ("<>", "not in") and known_op == "not in":
        return set(wanted) <= values
    if op in ("<>", "not in") and known_op == "in":
        certain = not any(v == "?" or v.startswith(KEPT) for v in {*values, *wanted})
        return certain and values.isdisjoint(wanted)
    known_op, _, value = known.partition(" ")
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


def _members(known: str) -> tuple[str, set[str]]:
    """Return whether a comparison is with one of some values, or with none of them, and which these are."""
    op = next((o for o in ("not in", "in", "<>", "=") if known.startswith(f"{o} ")), "")
    found = set(known.removeprefix(op).strip().split(", "))
    return {"=": "in", "<>": "not in"}.get(op, op), found


def _text(operand: Operand) -> str | None:
    if isinstance(operand, Parameter) and operand.name.startswith(KEPT):
        return operand.name
    if not isinstance(operand, Constant) or operand.value is None:
        return None
    return f"'{operand.value}'" if operand.kind == "string" else operand.value
