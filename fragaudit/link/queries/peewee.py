"""What Peewee means by operators and methods that mean something else in SQLAlchemy, or nothing."""

from __future__ import annotations

from fragaudit.link.queries.draft import Draft, Entity, Sorted, Thing
from fragaudit.link.queries.flow import Flow, options
from fragaudit.link.queries.flow.conditions import filtered
from fragaudit.link.queries.predicates import UNKNOWN, compared, pattern
from fragaudit.model.sql import Column, Compare, Operand, Operator, Order, Parameter, Predicate
from fragaudit.model.values import Attr, Call, Ref, Value

_SETS = {"|": "union", "&": "intersect", "-": "except"}
"""What operators make of two queries."""
_PATTERNS = {
    "startswith": ("", "%"),
    "endswith": ("%", ""),
    "contains": ("%", "%"),
    "ilike": ("", ""),
    "like": ("", ""),
}
_LOOKUPS: dict[str, Operator] = {"": "=", "eq": "=", "ne": "<>", "lt": "<", "lte": "<=", "gt": ">", "gte": ">="}


def is_field(column: Thing, flow: Flow) -> bool:
    """Say whether something is a field of a model of Peewee."""
    entity = flow.pool.entities.get(column.source) if isinstance(column, Column) else None
    return entity is not None and _is_model(entity)


def _is_model(entity: Entity | Draft) -> bool:
    return entity.model is not None and entity.model.framework == "peewee"


def operated(op: str, things: list[Thing], flow: Flow) -> Thing | None:
    """Return what an operator makes of a field, apart from `<<`, or of two queries; None if that is nothing special."""
    first = things[0]
    if isinstance(first, Column) and is_field(first, flow):
        if op == "-" and len(things) == 1:
            return Sorted(Order(first, descending=True))
        if op == ">>":
            return compared(first, "=", flow.operand(things[1]), flow.here)
        if op in ("%", "**"):
            return _matched(first, op == "**", flow.operand(things[1]), flow)
        return None
    drafts = [options(t) for t in things]
    if op not in _SETS or len(things) != 2 or any(len(d) != 1 or not _is_model(d[0]) for d in drafts):
        return None
    arms = tuple(d[0] for d in drafts)
    return Draft(arms[0].of, flow.place.file, model=arms[0].model).add("arms", (_SETS[op], arms), flow.branch)


def matched(column: Column, name: str, value: Operand, flow: Flow) -> Predicate | None:
    """Return what a method of a field compares by a pattern; None for other methods."""
    if name not in _PATTERNS:
        return None
    return _matched(column, name != "like", pattern(value, *_PATTERNS[name]), flow)


def _matched(column: Column, folded: bool, value: Operand, flow: Flow) -> Predicate:
    """Return a comparison by a pattern: for SQLite, LIKE is written where case doesn't matter, GLOB where it does."""
    if flow.dialect == "sqlite":
        return Compare(column, "like" if folded else "glob", (value,), flow.here)
    return Compare(column, "ilike" if folded else "like", (value,), flow.here)


def join_type(value: Value) -> str:
    """Return the kind of join that an argument names, empty if it names none: `JOIN.LEFT_OUTER`."""
    return value.name if isinstance(value, Attr) and isinstance(value.base, Ref) and value.base.name == "JOIN" else ""


def by_lookups(draft: Draft, entity: Entity, call: Call, flow: Flow) -> Draft:
    """Return what `Model.filter(field__lookup=value)` asks; lookups over relations are not followed."""
    draft = filtered(draft, [a for a in call.args if a.name is None], flow)
    for argument in call.args:
        if argument.name is None:
            continue
        field, _, lookup = argument.name.partition("__")
        column = entity.model.columns.get(field) if entity.model is not None else None
        value = flow.operand(flow.argument(argument))
        at = flow.mark(argument.at or call.at)
        asked: Predicate | None = None
        if column is not None and lookup in _LOOKUPS:
            asked = flow.compare(Column(entity.alias, column, at), _LOOKUPS[lookup], value)
        elif column is not None and lookup == "in":
            asked = Compare(Column(entity.alias, column, at), "in", (value, Parameter()), at)
        draft = draft.add("where", asked if asked is not None else UNKNOWN, flow.branch)
    return draft
