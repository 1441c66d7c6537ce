"""What stands in FROM: tables under a name, tables that a query starts from, queries that are used as tables."""

from __future__ import annotations

from dataclasses import replace

from fragaudit.link.queries.alchemy.things import Joined
from fragaudit.link.queries.draft import Draft, Entity, Join, Thing
from fragaudit.link.queries.flow import Flow
from fragaudit.link.queries.predicates import UNKNOWN
from fragaudit.model.sql import Source
from fragaudit.model.values import Call


def drawn_from(draft: Draft, entity: Entity, flow: Flow, at: tuple[int, int]) -> Draft:
    """Return a query with a table in FROM, which is its own if it has none yet."""
    how = "target" if draft.verb != "select" and not draft.root else "from"
    source = Source(entity.alias, entity.table, -1, how, at=at)  # type: ignore[arg-type]
    draft = draft.add("from", Join(source, entity.query), flow.branch)
    if not draft.root:
        draft = replace(draft, root=entity.alias, model=entity.model)
    return draft


def as_table(draft: Draft, flow: Flow) -> Entity:
    """Return a query as something that columns can be taken from."""
    alias = flow.pool.alias("anon")
    return flow.pool.entity(Entity(alias, None, "", flow.pool.query(draft), flow.here))


def aliased(call: Call, flow: Flow) -> Thing | None:
    """Return what `aliased(model)` is: a table under another name, or the rows of a query by the names of a model."""
    base = flow.argument(call.args[0]) if call.args else None
    if isinstance(base, Draft):
        return as_table(base, flow)
    if not isinstance(base, Entity):
        return None
    instead = flow.argument(call.args[1]) if len(call.args) > 1 and call.args[1].name is None else None
    if isinstance(instead, Entity) and instead.query >= 0:  # rows of a query, by the names of a model
        return flow.pool.entity(replace(instead, alias=flow.pool.alias(base.alias), model=base.model))
    name = flow.pool.alias(base.alias)
    return flow.pool.entity(Entity(name, base.model, base.table, base.query, flow.here))


def select_from(draft: Draft, call: Call, flow: Flow) -> Draft:
    """Return a query with what `select_from` puts into FROM."""
    for argument in call.args:
        thing = flow.argument(argument)
        if isinstance(thing, Entity):
            draft = drawn_from(replace(draft, root=""), thing, flow, flow.mark(call.at))
        elif isinstance(thing, Joined):
            for join in thing.joins:
                draft = draft.add("join" if join.source.on is not None else "from", join, flow.branch)
            first = thing.joins[0].source.alias
            entity = flow.pool.entities.get(first)
            draft = replace(draft, root=first, model=entity.model if entity is not None else None)
        elif thing is None:
            draft = draft.add("where", UNKNOWN, flow.branch)
    return draft
