"""Methods of what isn't a query: columns, orders, relationships, tables."""

from __future__ import annotations

from fragaudit.link.queries.alchemy.columns import of_column
from fragaudit.link.queries.alchemy.comparisons import in_
from fragaudit.link.queries.alchemy.existing import of_path, of_predicate
from fragaudit.link.queries.alchemy.orders import SORTS, sorted_by
from fragaudit.link.queries.alchemy.records import of_entity
from fragaudit.link.queries.draft import Entity, Labelled, Path, Sorted, Thing
from fragaudit.link.queries.flow import Flow
from fragaudit.link.queries.predicates import PREDICATES
from fragaudit.model.sql import Column, Expression, Row
from fragaudit.model.values import Call, Lit


def expression(base: Thing, call: Call, name: str, flow: Flow) -> Thing | None:
    """Return what a method of a column, a function or a relationship makes of it."""
    if isinstance(base, Path):
        return of_path(base, call, name, flow)
    if isinstance(base, Entity):
        return of_entity(base, call, name, flow)
    if isinstance(base, Sorted):
        return sorted_by(base, name, flow) if name in SORTS else None
    if isinstance(base, Labelled) and name in SORTS:
        return sorted_by(base, name, flow)
    if isinstance(base, PREDICATES):
        return of_predicate(base, call, name, flow)
    if isinstance(base, Row) and name in ("in_", "not_in", "notin_"):
        return in_(base, flow.argument(call.args[0]) if call.args else None, name, flow, flow.here)
    if not isinstance(base, (Column, Expression)):
        return None
    if name in SORTS:
        return sorted_by(base, name, flow)
    if name == "label":
        given = call.args[0].value if call.args else None
        return Labelled(given.value if isinstance(given, Lit) and isinstance(given.value, str) else "?", base)
    return of_column(base, call, name, flow)
