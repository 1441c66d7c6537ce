"""Related rows: loaded with a query, beside it, or where a relationship is read."""

from __future__ import annotations

from dataclasses import replace

from fragaudit.link.queries.alchemy.joins import along
from fragaudit.link.queries.alchemy.relations import led_over, target_of
from fragaudit.link.queries.alchemy.sources import drawn_from
from fragaudit.link.queries.alchemy.things import OF, Loader
from fragaudit.link.queries.draft import Draft, Entity, Join, Path, Thing
from fragaudit.link.queries.flow import Flow
from fragaudit.link.queries.flow.references import entity_of
from fragaudit.link.queries.rows import Rows, lazily
from fragaudit.model.sql import Column, Compare, Parameter
from fragaudit.model.values import Call, Ref

LOADERS = frozenset({"selectinload", "subqueryload", "joinedload", "immediateload"})

NOT_LOADING = frozenset({"contains_eager", "raiseload", "noload"})
"""Options after which reading a relationship asks nothing, and that ask nothing themselves."""


def loaded(draft: Draft, call: Call, flow: Flow) -> Draft:
    """Report the queries that load related rows beside a query's own, and add the joins that load them with it."""
    for argument in call.args:
        thing = flow.argument(argument)
        if not isinstance(thing, Loader):
            continue
        outer, flow.here = flow.here, flow.mark(argument.at or call.at)
        beside: Draft | None = None
        last: Entity | None = None
        for name, path in thing.paths:
            draft = draft.add("loaded", path.name, flow.branch)
            target = target_of(path, flow) if name in LOADERS else None
            if target is None:
                last = None
                continue
            other = flow.pool.entity(Entity(flow.pool.alias(target.alias), target.model, target.table))
            held, own = beside or draft, last or path.entity
            if name == "joinedload" and _reads(held, own.alias):
                for join in along(replace(path, entity=own), other, None, "left", flow):
                    held = held.add("join", join, flow.branch)
                draft, beside = (held, None) if beside is None else (draft, held)
            else:
                _ask(beside, call, flow)
                beside = _beside(path, other, flow, several=name != "immediateload")
            last = other
        _ask(beside, call, flow)
        flow.here = outer
    return draft


def _ask(draft: Draft | None, call: Call, flow: Flow) -> None:
    if draft is not None:
        flow.ask(draft, call.at)


def _reads(draft: Draft, alias: str) -> bool:
    """Say whether a query reads something under an alias."""
    return any(isinstance(c.value, Join) and c.value.source.alias == alias for c in draft.clauses)


def read(base: Rows, name: str, flow: Flow) -> Thing | None:
    """Report the query that reading a relationship of an object comes to, and return the objects it leads to."""
    path = lazily(base, name, entity_of(base.model, flow), flow.mapping)
    target = target_of(path, flow) if path is not None else None
    if path is None or target is None or target.model is None:
        return None
    other = flow.pool.entity(Entity(flow.pool.alias(target.alias), target.model, target.table))
    key = (flow.place, base.model.table.name, name)
    if key not in flow.pool.read:
        flow.pool.read.add(key)
        _ask(_beside(path, other, flow, several=False), Call(Ref(name), (), flow.statement), flow)
    return Rows(target.model)


def _beside(path: Path, other: Entity, flow: Flow, *, several: bool) -> Draft | None:
    """Return the query by which rows of a relationship are loaded: by the keys of those already there."""
    steps = led_over(path, other, flow)
    if not steps:
        return None
    inner = drawn_from(Draft(OF, flow.place.file), other, flow, flow.here)
    for entity, on in steps:
        for condition in on:
            if not isinstance(condition, Compare):
                continue
            own = next(
                (c for c in (condition.left, *condition.right) if isinstance(c, Column) and c.source == entity.alias),
                None,
            )
            if entity is steps[0][0] and own is not None:
                keys = (Parameter(), Parameter()) if several else (Parameter(),)
                condition = Compare(own, "in" if several else "=", keys, flow.here)
                inner = inner.add("where", condition, flow.branch)
            else:
                inner = inner.add("where", condition, flow.branch)
    return inner
