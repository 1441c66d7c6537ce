"""EXISTS: over a query, over what a relationship leads to, with conditions added."""

from __future__ import annotations

from dataclasses import replace

from fragaudit.link.queries.alchemy.comparisons import is_
from fragaudit.link.queries.alchemy.members import compare, member
from fragaudit.link.queries.alchemy.orders import SORTS
from fragaudit.link.queries.alchemy.relations import key_of, led_over, target_of
from fragaudit.link.queries.alchemy.things import OF
from fragaudit.link.queries.draft import Draft, Entity, Join, Path, Sorted, Thing
from fragaudit.link.queries.flow import Flow, options
from fragaudit.link.queries.flow.conditions import conditions_of, filtered
from fragaudit.link.queries.predicates import both
from fragaudit.model.sql import Compare, Expression, Order, Predicate, Source, Subquery
from fragaudit.model.values import Call


def exists(call: Call, flow: Flow) -> Thing | None:
    """Return what `exists(…)` is: a condition if it is given a query, else a query that is one."""
    things = [flow.argument(a) for a in call.args if a.name is None]
    drafts = options(things[0]) if things else ()
    if drafts:
        return Compare(Subquery(flow.pool.query(drafts[0])), "exists", (), flow.here)
    draft = Draft(OF, flow.place.file, exists=True)
    return filtered(draft, [a for a in call.args if a.name is None], flow) if things else draft


def related(path: Path, call: Call, flow: Flow) -> Predicate | None:
    """Return EXISTS over what a relationship leads to."""
    target = target_of(path, flow)
    if target is None:
        return None
    if target.alias == path.entity.alias:
        target = flow.pool.entity(Entity(flow.pool.alias(target.alias), target.model, target.table))
    steps = led_over(path, target, flow)
    draft = Draft(OF, flow.place.file, root=target.alias, model=target.model)
    for argument in call.args:
        if argument.name is None:
            draft = filtered(draft, [argument], flow)
        elif argument.name not in ("*", "**"):
            thing = flow.argument(argument)
            column = member(target, argument.name, flow)
            made = compare(column, "==", thing, flow)
            if made is not None:
                draft = draft.add("where", made, flow.branch)
    for entity, on in steps or []:
        draft = draft.add("from", Join(Source(entity.alias, entity.table, -1, "from", at=flow.here)), flow.branch)
        for condition in on:
            draft = draft.add("where", condition, flow.branch)
    if not steps:
        return None
    return Compare(Subquery(flow.pool.query(draft)), "exists", (), flow.here)


def of_path(base: Path, call: Call, name: str, flow: Flow) -> Thing | None:
    """Return what a method of a relationship is."""
    if name in ("any", "has"):
        return related(base, call, flow)
    if name == "of_type":
        other = flow.argument(call.args[0]) if call.args else None
        return replace(base, target=other) if isinstance(other, Entity) else base
    if name == "and_":
        return replace(base, condition=both([p for p, _ in conditions_of(call.args, flow)]))
    if name in ("contains", "is_", "is_not"):
        if name == "contains":
            return related(base, Call(call.func, (), call.at), flow)
        key = key_of(base, flow)
        things = [flow.argument(a) for a in call.args]
        if key is None or not things:
            return None
        return is_(key, flow.operand(things[0]), name, flow.here, flow)
    return None


def of_predicate(base: Thing, call: Call, name: str, flow: Flow) -> Thing | None:
    """Return what a method of a condition makes of it."""
    if name in ("where", "filter") and isinstance(base, Compare) and base.op == "exists":
        number = base.left.query if isinstance(base.left, Subquery) else -1
        if number >= 0:
            inner = filtered(flow.pool.queries[number], call.args, flow)
            return Compare(Subquery(flow.pool.query(inner)), "exists", (), base.at)
    if name in ("self_group", "label", "correlate", "select_from"):
        return base
    return Sorted(Order(Expression("", (), "comparison"))) if name in SORTS else None
