"""Related rows: loaded with a query, beside it, or where a relationship is read."""

from __future__ import annotations

from fragaudit.link.queries.alchemy.joins import along
from fragaudit.link.queries.alchemy.relations import led_over, target_of
from fragaudit.link.queries.alchemy.sources import drawn_from
from fragaudit.link.queries.alchemy.things import OF, Loader
from fragaudit.link.queries.draft import Draft, Entity, Path, Thing
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
        for path in thing.paths:
            draft = draft.add("loaded", path.name, flow.branch)
            target = target_of(path, flow)
            if target is None:
                continue
            if thing.name in NOT_LOADING:
                continue
            outer, flow.here = flow.here, flow.mark(argument.at or call.at)
            name = flow.pool.alias(target.alias)
            other = flow.pool.entity(Entity(name, target.model, target.table))
            if thing.name == "joinedload" and len(thing.paths) == 1 and path.entity.alias == draft.root:
                for join in along(path, other, None, "left", flow):
                    draft = draft.add("join", join, flow.branch)
            else:
                _beside(path, other, flow, call)
            flow.here = outer
    return draft


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
        _beside(path, other, flow, Call(Ref(name), (), flow.statement), several=False)
    return Rows(target.model)


def _beside(path: Path, other: Entity, flow: Flow, call: Call, *, several: bool = True) -> None:
    """Report the query by which rows of a relationship are loaded: by the keys of those already there."""
    steps = led_over(path, other, flow)
    if not steps:
        return
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
    flow.ask(inner, call.at)
