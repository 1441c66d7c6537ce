"""Methods of tables of Core and of model classes that start queries themselves, as Peewee's and Piccolo's do."""

from __future__ import annotations

from fragaudit.link.queries import peewee
from fragaudit.link.queries.alchemy.joins import join_of
from fragaudit.link.queries.alchemy.sources import drawn_from
from fragaudit.link.queries.alchemy.things import AGGREGATES, OF, RAN, RECORDS
from fragaudit.link.queries.draft import Draft, Entity, Thing
from fragaudit.link.queries.flow import Flow
from fragaudit.link.queries.flow.conditions import filtered
from fragaudit.link.queries.tables import primary_key
from fragaudit.model.sql import Column, Compare, Expression, Parameter
from fragaudit.model.values import Call

_RECORD_VERBS = {
    "select": "select", "update": "update", "delete": "delete", "insert": "insert", "get": "select",
    "get_or_none": "select", "get_by_id": "select", "create": "insert", "insert_many": "insert",
    "bulk_create": "insert", "get_or_create": "insert", "objects": "select", "count": "select", "exists": "select",
    "filter": "select",
}  # fmt: skip


def of_entity(base: Entity, call: Call, name: str, flow: Flow) -> Thing | None:
    """Return what a method of a table or model class is."""
    if name in ("select", "update", "delete", "insert") and base.model is not None and base.model.cls is None:
        draft = Draft(OF, flow.place.file, name)  # type: ignore[arg-type]
        made = drawn_from(draft, base, flow, flow.mark(call.at))
        return filtered(made, call.args, flow)
    if base.model is not None and base.model.framework in RECORDS:
        return _of_record(base, call, name, flow)
    if name == "alias":
        return flow.pool.entity(Entity(flow.pool.alias(base.alias), base.model, base.table, base.query, flow.here))
    if name in ("join", "outerjoin"):
        things = [flow.argument(a) for a in call.args if a.name is None]
        on = things[1] if len(things) > 1 else None
        return join_of(base, things[0] if things else None, on, name == "outerjoin", flow)
    return None


def _of_record(base: Entity, call: Call, name: str, flow: Flow) -> Thing | None:
    """Return what a method of a model class of Peewee or Piccolo starts, or reports."""
    at = flow.mark(call.at)
    verb = _RECORD_VERBS.get(name)
    if name == "alias":
        return flow.pool.entity(Entity(flow.pool.alias(base.alias), base.model, base.table, base.query, flow.here))
    if verb is None:
        return None
    start = Draft(OF, flow.place.file, verb)  # type: ignore[arg-type]
    draft = drawn_from(start, base, flow, at)
    if name in ("get", "get_or_none"):
        flow.ask(filtered(draft, call.args, flow).add("limit", None, flow.branch), call.at)
        return RAN
    if name == "filter":
        return peewee.by_lookups(draft, base, call, flow)
    things = [flow.argument(a) for a in call.args]
    if name == "get_by_id" and base.model is not None:
        for column in primary_key(base.model):
            draft = draft.add("where", Compare(Column(base.alias, column, at), "=", (Parameter(),), at), flow.branch)
    if name in ("get_by_id", "create", "insert_many", "bulk_create", "get_or_create"):
        flow.ask(draft, call.at)
        return RAN
    if any(isinstance(t, Expression) and t.why.removesuffix("()") in AGGREGATES for t in things):
        draft = draft.add("aggregate", None, flow.branch)
    return draft
