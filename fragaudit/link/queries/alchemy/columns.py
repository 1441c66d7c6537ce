"""Methods of columns and of expressions made of them."""

from __future__ import annotations

from msgspec.structs import replace as changed

from fragaudit.link.queries import peewee
from fragaudit.link.queries.alchemy.comparisons import between, in_, is_, members
from fragaudit.link.queries.draft import Labelled, Thing
from fragaudit.link.queries.flow import Flow
from fragaudit.link.queries.predicates import computed, liked
from fragaudit.model.sql import Column, Compare, Constant, Expression, Operator, Parameter
from fragaudit.model.values import Call

_PATTERNS = {"startswith": ("", "%"), "endswith": ("%", ""), "contains": ("%", "%")}

_COMPARED: dict[str, Operator] = {
    "like": "like",
    "ilike": "ilike",
    "not_like": "not like",
    "notlike": "not like",
    "not_ilike": "not ilike",
    "notilike": "not ilike",
    "regexp_match": "regex",
    "match": "match",
    "is_distinct_from": "is distinct",
    "isnot_distinct_from": "is not distinct",
    "is_not_distinct_from": "is not distinct",
    "overlap": "overlaps",
    "overlaps": "overlaps",
    "contained_by": "contained",
    "has_key": "contains",
    "has_any": "contains",
    "has_all": "contains",
    "bool_op": "other",
}


def of_column(base: Column | Expression, call: Call, name: str, flow: Flow) -> Thing | None:
    """Return what a method of a column, or of an expression, makes of it."""
    things = [flow.argument(a) for a in call.args if a.name is None]
    value = flow.operand(things[0]) if things else Parameter()
    if things and "like" in name:
        value = flow.pattern(things[0])
    at = flow.mark(call.at)
    if isinstance(base, Column):
        base = changed(base, at=flow.here if flow.here[0] >= 0 else at)
    at = flow.here if flow.here[0] >= 0 else at
    if name in ("is_in", "is_not_in"):  # as Piccolo has it
        name = "in_" if name == "is_in" else "not_in"
    if name in ("is_null", "is_not_null"):
        absent = (name == "is_null") != (bool(things) and things[0] == Constant("false", "boolean"))
        return Compare(base, "is null" if absent else "is not null", (), at)
    if isinstance(base, Column) and peewee.is_field(base, flow):
        by_pattern = peewee.matched(base, name, value, flow)
        if by_pattern is not None:
            return by_pattern
    if name in ("in_", "not_in", "notin_"):
        return in_(base, members(call, things[0] if things else None, flow), name, flow, at)
    if name in ("is_", "is_not", "isnot"):
        return is_(base, value, name, at, flow)
    if name in _PATTERNS:
        if name == "contains" and not _is_text(base, flow):
            return Compare(base, "contains", (value,), at)
        if name == "startswith" and flow.dialect == "sqlite":
            return Compare(base, "like", (Parameter(),), at)  # put together when it runs
        return liked(base, "like", value, *_PATTERNS[name], at)
    if name in ("istartswith", "iendswith", "icontains"):
        before, after = _PATTERNS[name[1:]]
        return liked(computed("lower", [base]), "like", value, before, after, at)
    if name == "between":
        return between(base, things, flow)
    if name == "op":
        return Labelled("op", base)
    if name in ("ilike", "not_ilike", "notilike") and flow.dialect not in ("postgres", ""):
        return Compare(computed("lower", [base]), "like" if name == "ilike" else "not like", (value,), at)
    if name in _COMPARED:
        return Compare(base, _COMPARED[name], (value,), at)
    if name == "any":
        return Compare(value, "any", (base,), at)
    if name in ("cosine_distance", "l2_distance", "max_inner_product", "distance_centroid"):
        return computed(name, [base], why="distance")
    if name == "cast":
        return changed(computed("cast", [base], why="cast"), text="")
    if name in ("distinct", "self_group", "over", "filter", "within_group"):
        return base
    if name == "concat":
        return computed("concat", [base, value])
    if name == "collate":
        return computed("collate", [base], why="collate")
    if name in ("astext", "as_string", "as_integer", "as_boolean", "as_float"):
        return computed("", [base], why="a path into a document")
    return computed(name, [base, *[flow.operand(t) for t in things]]) if isinstance(base, Expression) else None


def _is_text(base: Column | Expression, flow: Flow) -> bool:
    """Say whether a column holds text: `contains` is LIKE there, and a test of arrays and documents elsewhere."""
    if isinstance(base, Expression):
        return True
    entity = flow.pool.entities.get(base.source)
    model = entity.model if entity is not None else None
    column = next((c for c in model.table.columns if c.name == base.name), None) if model is not None else None
    return column is None or (
        not column.type.startswith(("json", "array", "hstore")) and not column.type.endswith("[]")
    )
