"""Relationships: what they lead to, which key they are, which tables they lead over."""

from __future__ import annotations

from fragaudit.link.queries.draft import Entity, Path
from fragaudit.link.queries.flow import Flow
from fragaudit.link.queries.flow.references import entity_of
from fragaudit.link.queries.tables import equal
from fragaudit.model.schema import bare
from fragaudit.model.sql import Column, Predicate


def target_of(path: Path, flow: Flow) -> Entity | None:
    """Return what a relationship leads to, under its table's own name."""
    model = path.entity.model
    relation = model.relations.get(path.name) if model is not None else None
    target = flow.mapping.by_class.get(relation.target) if relation is not None and relation.target else None
    return entity_of(target, flow) if target is not None else None


def led_over(path: Path, other: Entity, flow: Flow) -> list[tuple[Entity, list[Predicate]]] | None:
    """Return the entities that a relationship leads over, each with what joins it; None if that isn't known."""
    own, target = path.entity.model, other.model
    if own is None or target is None:
        return None
    middle = flow.mapping.between(own, path.name)
    if middle is None:
        pairs = flow.mapping.pairs(own, target)
        return [(other, equal(path.entity.alias, other.alias, pairs, flow.here))] if pairs is not None else None
    first, second = flow.mapping.pairs(own, middle), flow.mapping.pairs(middle, target)
    if first is None or second is None:
        return None
    between = flow.pool.entity(Entity(flow.pool.alias(middle.table.name), middle, middle.table.name))
    return [
        (between, equal(path.entity.alias, between.alias, first, flow.here)),
        (other, equal(between.alias, other.alias, second, flow.here)),
    ]


def key_of(path: Path, flow: Flow) -> Column | None:
    """Return the foreign key that comparing a relationship with an object compares."""
    target = target_of(path, flow)
    if target is None or target.model is None or path.entity.model is None:
        return None
    for key in path.entity.model.table.foreign_keys:
        if bare(key.table) == bare(target.table) and len(key.columns) == 1:
            return Column(path.entity.alias, key.columns[0], flow.here)
    return None
