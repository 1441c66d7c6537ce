"""Attributes of models and tables: the columns and relationships that they stand for."""

from __future__ import annotations

from dataclasses import replace

from fragaudit.link.queries.alchemy.hybrids import declared, hybrid
from fragaudit.link.queries.alchemy.relations import key_of
from fragaudit.link.queries.draft import Entity, Path, Thing
from fragaudit.link.queries.flow import Flow
from fragaudit.link.queries.predicates import PYTHON_OPERATORS
from fragaudit.model.sql import Column, Predicate


def member(base: Thing, name: str, flow: Flow) -> Thing | None:
    """Return a column or relation by the attribute that stands for it."""
    if not isinstance(base, Entity):
        return None
    if name in ("c", "columns", "__table__", "__mapper__", "inserted", "excluded"):
        return replace(base, core=name != "__mapper__")
    if base.query >= 0:
        return Column(base.alias, name, flow.here)
    model = base.model
    if model is None or model.framework.startswith(("django", "tortoise")):
        return None
    if base.core and any(c.name == name for c in model.table.columns):
        return Column(base.alias, name, flow.here)
    column = model.columns.get(name)
    if column is not None:
        return Column(base.alias, column, flow.here)
    if name in model.relations:
        return Path(base, name)
    if model.cls is not None and declared(model.cls, name, flow):
        return hybrid(base, name, flow)
    return Column(base.alias, name, flow.here) if any(c.name == name for c in model.table.columns) else None


def compare(left: Thing, operator: str, right: Thing, flow: Flow) -> Predicate | None:
    """Return a comparison of two things."""
    if isinstance(left, Path):
        left = key_of(left, flow)
    if left is None:
        return None
    return flow.compare(flow.operand(left), PYTHON_OPERATORS[operator], flow.operand(right))
