"""Joins: of tables that are named, along relationships, on what is told or on foreign keys."""

from __future__ import annotations

from msgspec.structs import replace as changed

from fragaudit.link.queries.alchemy.relations import led_over, target_of
from fragaudit.link.queries.alchemy.sources import as_table, drawn_from
from fragaudit.link.queries.alchemy.things import OF, Joined
from fragaudit.link.queries.draft import Draft, Entity, Join, Path, Thing
from fragaudit.link.queries.flow import Flow
from fragaudit.link.queries.peewee import join_type
from fragaudit.link.queries.predicates import UNKNOWN, both
from fragaudit.link.queries.tables import equal
from fragaudit.model.sql import Column, Output, Predicate, Source
from fragaudit.model.values import Call, Lit


def joined(draft: Draft, call: Call, outer: bool, flow: Flow, *, named: bool = False) -> Draft:
    """Return a query with the joins that a call adds."""
    arguments = [a for a in call.args if a.name not in ("isouter", "full", "join_type", "attr")]
    flags = {a.name: a.value for a in call.args}
    how = "left" if outer or flags.get("isouter") == Lit(True) else "inner"
    if getattr(flags.get("join_type"), "name", "").startswith("LEFT"):
        how = "left"
    if arguments and (kind := join_type(arguments[-1].value)):
        arguments.pop()
        how = "left" if kind.startswith("LEFT") else how
    how = "full" if flags.get("full") == Lit(True) else how
    if named and arguments:
        left = flow.argument(arguments.pop(0))
        if isinstance(left, Entity):
            draft = drawn_from(draft, left, flow, flow.mark(call.at))
    if not arguments:
        return draft
    target = flow.argument(arguments[0])
    given = flow.argument(arguments[1]) if len(arguments) > 1 else None
    outer_here, flow.here = flow.here, flow.placed(call)
    for join in joins(draft, target, given, len(arguments) > 1, how, flow):
        draft = draft.add("join", join, flow.branch)
    flow.here = outer_here
    return draft


def joins(draft: Draft, target: Thing, given: Thing, explicit: bool, how: str, flow: Flow) -> list[Join]:
    """Return the entries of FROM that a join adds."""
    if isinstance(target, Path):
        other = target.target or target_of(target, flow)
        extra = target.condition
        if other is None:
            return [Join(Source(flow.pool.alias("unknown"), "", -1, "inner", UNKNOWN))]
        return along(target, other, extra, how, flow)
    if isinstance(target, Draft):
        target = as_table(target, flow)
    if not isinstance(target, Entity):
        return [Join(Source(flow.pool.alias("unknown"), "", -1, "inner", UNKNOWN))]
    if isinstance(given, Path):
        return along(given, target, None, how, flow)
    if explicit:
        return [_entry(target, flow.predicate(given), how, flow)]
    if target.query >= 0:
        return [_entry(target, _on_keys_behind(draft, target, flow), how, flow)]
    known = [flow.pool.entities.get(c.value.source.alias) for c in draft.clauses if isinstance(c.value, Join)]
    for entity in known[-1:] + known[:-1]:  # the foreign keys of the table that was joined last come first
        if entity is not None and entity.model is not None and target.model is not None:
            pairs = flow.mapping.pairs(entity.model, target.model)
            if pairs is not None:
                return [_entry(target, both(equal(entity.alias, target.alias, pairs, flow.here)), how, flow)]
    return [_entry(target, UNKNOWN, how, flow)]


def _on_keys_behind(draft: Draft, target: Entity, flow: Flow) -> Predicate:
    """Return what joins a derived table on its own: the foreign key of the table behind it."""
    inner = flow.pool.queries[target.query]
    names = {
        o.operand.name: o.name
        for c in inner.clauses
        if c.kind == "outputs" and isinstance(c.value, tuple)
        for o in c.value
        if isinstance(o, Output) and isinstance(o.operand, Column)
    }
    for clause in draft.clauses:
        entity = flow.pool.entities.get(clause.value.source.alias) if isinstance(clause.value, Join) else None
        if entity is not None and entity.model is not None and inner.model is not None:
            pairs = flow.mapping.pairs(entity.model, inner.model)
            if pairs is not None and all(there in names for _, there in pairs):
                moved = tuple((own, names[there]) for own, there in pairs)
                return both(equal(entity.alias, target.alias, moved, flow.here))
    return UNKNOWN


def _entry(entity: Entity, on: Predicate, how: str, flow: Flow) -> Join:
    return Join(Source(entity.alias, entity.table, -1, how, on, at=flow.here), entity.query)  # type: ignore[arg-type]


def along(path: Path, other: Entity, extra: Predicate | None, how: str, flow: Flow) -> list[Join]:
    """Return the joins along a relationship, by way of its association table if it has one."""
    steps = led_over(path, other, flow)
    if steps is None:
        return [_entry(other, UNKNOWN, how, flow)]
    found = [_entry(entity, both(on), how, flow) for entity, on in steps]
    if extra is not None:
        last = found[-1]
        on = both([p for p in (last.source.on, extra) if p is not None])
        found[-1] = Join(changed(last.source, on=on), last.query)
    return found


def joined_tables(call: Call, name: str, flow: Flow) -> Thing | None:
    """Return what `join(left, right, on)` of Core is."""
    things = [flow.argument(a) for a in call.args if a.name is None]
    outer = name == "outerjoin" or any(a.name == "isouter" and a.value == Lit(True) for a in call.args)
    if len(things) < 2:
        return None
    return join_of(things[0], things[1], things[2] if len(things) > 2 else None, outer, flow)


def join_of(left: Thing, right: Thing, on: Thing, outer: bool, flow: Flow) -> Thing | None:
    """Return two tables (or joins) of Core joined."""
    first = list(left.joins) if isinstance(left, Joined) else []
    if isinstance(left, Entity):
        first = [Join(Source(left.alias, left.table, -1, "from", at=flow.here), left.query)]
    if not first or not isinstance(right, Entity):
        return None
    draft = Draft(OF, flow.place.file)
    for join in first:
        draft = draft.add("from", join)
    made = joins(draft, right, on, on is not None, "left" if outer else "inner", flow)
    result: Thing = Joined([*first, *made])
    return result
