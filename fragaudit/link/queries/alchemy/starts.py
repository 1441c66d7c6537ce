"""What starts a query: `select(…)`, `session.query(…)`, and what it gives."""

from __future__ import annotations

from dataclasses import replace

from fragaudit.link.queries.alchemy.sources import drawn_from
from fragaudit.link.queries.alchemy.things import AGGREGATES, OF
from fragaudit.link.queries.draft import Bag, Draft, Entity, Labelled, Thing
from fragaudit.link.queries.flow import Flow
from fragaudit.link.queries.predicates import UNKNOWN
from fragaudit.model.sql import Column, Expression, Output
from fragaudit.model.values import Attr, Call

STARTS = {"select": "select", "update": "update", "delete": "delete", "insert": "insert", "query": "select"}


def started(call: Call, verb: str, flow: Flow) -> Draft:
    """Return the query that a call starts."""
    draft = Draft(OF, flow.place.file, verb)  # type: ignore[arg-type]
    if not call.args and isinstance(call.func, Attr):
        draft = draft.add("where", UNKNOWN, flow.branch)  # of a row's relationship, whose key is asked as well
    return selected(draft, call, flow, start=True)


def selected(draft: Draft, call: Call, flow: Flow, *, start: bool = False) -> Draft:
    """Return a query with what it gives, and the tables of that."""
    at = flow.mark(call.at)
    outputs: list[Output] = []
    found: list[tuple[Thing, bool]] = []
    for argument in call.args:
        thing = flow.argument(argument)
        items = [i for i, _ in thing.items] if isinstance(thing, Bag) else [thing]
        found += [(i, argument.name is None or argument.name == "*") for i in items]
    for thing, positional in found:
        if not positional:
            continue
        if isinstance(thing, Entity):
            draft = drawn_from(draft, thing, flow, at)
            outputs.append(Output(f"{thing.alias}.*"))
        else:
            draft = _output(draft, thing, outputs, flow)
            for column in _columns(thing):
                entity = flow.pool.entities.get(column.source)
                if entity is not None and not draft.root:
                    draft = drawn_from(draft, entity, flow, at)
    extremes = [o.operand for o in outputs if isinstance(o.operand, Expression)]
    if start and len(outputs) == 1 and extremes and extremes[0].why in ("min()", "max()") and extremes[0].columns:
        kind = extremes[0].why[:3]
        draft = draft.add("extreme", ((kind, extremes[0].columns[0]),), flow.branch)
    return draft.add("outputs", tuple(outputs), flow.branch)


def without_outputs(draft: Draft, name: str) -> Draft:
    """Return a query without what it gave, unless a call adds to that."""
    if name.startswith("add_") or name == "column":
        return draft
    return replace(draft, clauses=tuple(c for c in draft.clauses if c.kind not in ("outputs", "aggregate", "extreme")))


def _output(draft: Draft, thing: Thing, outputs: list[Output], flow: Flow) -> Draft:
    name = ""
    if isinstance(thing, Labelled):
        name, thing = thing.name, thing.value
    operand = flow.operand(thing)
    if isinstance(operand, Column):
        name = name or operand.name
    if isinstance(operand, Expression) and operand.why.removesuffix("()") in AGGREGATES:
        draft = draft.add("aggregate", None, flow.branch)
        # `func.count(func.distinct(x))` and plain counts read the rows that the conditions leave
    outputs.append(Output(name or "?", operand))
    return draft


def _columns(thing: Thing) -> list[Column]:
    if isinstance(thing, Labelled):
        return _columns(thing.value)
    if isinstance(thing, Column):
        return [thing]
    if isinstance(thing, Expression):
        return list(thing.columns)
    return []
