"""Functions of the library that make expressions: `and_`, `cast`, `case`, `func.…`."""

from __future__ import annotations

from msgspec.structs import replace as changed

from fragaudit.link.queries.alchemy.comparisons import between
from fragaudit.link.queries.alchemy.existing import exists
from fragaudit.link.queries.alchemy.joins import joined_tables
from fragaudit.link.queries.alchemy.orders import SORTS, sorted_by
from fragaudit.link.queries.alchemy.sources import aliased
from fragaudit.link.queries.draft import Bag, Labelled, Thing
from fragaudit.link.queries.flow import Flow
from fragaudit.link.queries.flow.conditions import conditions_of
from fragaudit.link.queries.predicates import both, computed, denied, either
from fragaudit.model.sql import Column, Constant, Expression, Operand, Parameter, Row
from fragaudit.model.values import Call

FUNCTIONS = frozenset(
    {
        "and_",
        "or_",
        "not_",
        "desc",
        "asc",
        "nulls_last",
        "nullslast",
        "nulls_first",
        "nullsfirst",
        "cast",
        "type_coerce",
        "literal",
        "literal_column",
        "bindparam",
        "case",
        "extract",
        "exists",
        "aliased",
        "distinct",
        "tuple_",
        "between",
        "text",
        "true",
        "false",
        "null",
        "any_",
        "all_",
        "label",
        "column",
        "join",
        "outerjoin",
        "col",
        "collate",
        "alias",
        "func",
    }
)


def term(name: str, call: Call, flow: Flow) -> Thing | None:
    """Return what a function of the library makes of its arguments."""
    if name in ("and_", "or_"):
        conditions = conditions_of(call.args, flow)
        if name == "and_":
            if all(branch == flow.branch for _, branch in conditions):
                return both([p for p, _ in conditions])
            return Bag(tuple(conditions))
        optional = any(branch != flow.branch and not flow.holds(branch) for _, branch in conditions)
        arms = [p for p, _ in conditions]
        if optional:
            return None
        return either(arms)
    if name in ("true", "false", "null"):
        return Constant(None, "null") if name == "null" else Constant(name, "boolean")
    if name in ("aliased", "alias"):
        return aliased(call, flow)
    if name in ("join", "outerjoin"):
        return joined_tables(call, name, flow)
    if name in ("exists", "EXISTS"):
        return exists(call, flow)
    things = [flow.argument(a) for a in call.args if a.name is None]
    if name == "not_":
        if things and isinstance(things[0], Column):
            return flow.truth(things[0], False)
        return denied(flow.predicate(things[0]), flow.dialect, turned=True) if things else None
    if name in SORTS:
        return sorted_by(things[0] if things else None, name, flow)
    if name in ("literal", "bindparam", "text", "literal_column", "column"):
        return Parameter() if name in ("literal", "bindparam") else None
    if name == "col":
        return things[0] if things else None
    if name in ("any_", "all_"):
        return Labelled(name, things[0] if things else None)
    if name == "tuple_":
        return Row(tuple(flow.operand(t) for t in things))
    if name == "between" and len(things) == 3:
        return between(flow.operand(things[0]), things[1:], flow)
    if name == "cast":
        return _cast(things[0] if things else None, call, flow)
    if name in ("distinct", "label", "type_coerce") and things:
        return things[0]
    operands: list[Operand] = [o for t in things for o in _flat(t, flow)]
    if name == "extract":
        return computed("extract", operands)
    if name == "case":
        return computed("case", operands, why="CASE")
    return computed(name, operands)


def _cast(thing: Thing, call: Call, flow: Flow) -> Expression:
    operand = flow.operand(thing)
    kind = getattr(call.args[1].value, "name", "") if len(call.args) > 1 else ""
    kind = kind or getattr(getattr(call.args[1].value, "func", None), "name", "") if len(call.args) > 1 else ""
    kind = {"string": "varchar", "unicode": "varchar", "text": "text"}.get(kind.lower(), kind.lower())
    found = computed("cast", [operand], why="cast")
    return changed(found, text=f"cast({operand.name.lower()} as {kind})") if isinstance(operand, Column) else found


def _flat(thing: Thing, flow: Flow) -> list[Operand]:
    if isinstance(thing, Bag):
        return [o for item, _ in thing.items for o in _flat(item, flow)]
    return [flow.operand(thing)]
