"""Queries on their way between functions: as the one that is handed one gets it, as the one that is given it back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from fragaudit.link.abstract import FunctionRef
from fragaudit.link.queries.draft import Draft, Drafts, Thing
from fragaudit.link.queries.flow.asked import MOST_OPTIONS
from fragaudit.link.queries.flow.scope import DEEPEST, Flow
from fragaudit.link.queries.flow.statements import run
from fragaudit.link.queries.predicates import UNKNOWN
from fragaudit.link.queries.scopes import statements_of
from fragaudit.link.queries.variants import variants
from fragaudit.model.facts import NO_BRANCH
from fragaudit.model.values import Call


def adopted(draft: Draft, known: int, flow: Flow) -> Draft:
    """Return a query made elsewhere as if written here, its first clauses left as they are."""
    clauses = (*draft.clauses[:known], *(replace(c, branch=flow.branch) for c in draft.clauses[known:]))
    return replace(draft, clauses=clauses, file=flow.place.file)


def carried(draft: Draft, flow: Flow) -> Draft:
    """Return a query as a function gets it that it is handed to."""
    return settled(draft, flow.branch, flow)


def settled(draft: Draft, branch: int, flow: Flow) -> Draft:
    """Return a query with the clauses that always hold; of others it is only known that there may be some."""
    found = variants(draft, branch, flow.program)
    clauses = found[0].clauses
    draft = replace(draft, clauses=tuple(replace(c, branch=NO_BRANCH) for c in clauses))
    return draft.add("where", UNKNOWN) if len(found) > 1 else draft


def handed(names: Mapping[str, Thing], flow: Flow) -> tuple[Draft, ...]:
    """Return the queries that a scope returns without running them, given what some of its names stand for."""
    if flow.deep > DEEPEST // 2:
        return ()
    for name, thing in names.items():
        flow.names.know(name, thing)
    run(statements_of(flow.program, flow.place), flow)
    return tuple(settled(one.draft, one.branch, flow) for one in flow.asked if one.lazy)


def made(call: Call, flow: Flow) -> Thing:
    """Return the queries that a function of the project hands on, as far as every call of it gets the same."""
    if getattr(call.func, "name", "") not in flow.pool.makers:
        return None
    functions = [m for m in flow.reader.meanings(call.func, flow.view) if isinstance(m, FunctionRef)]
    if len(functions) != 1 or functions[0].place == flow.place:
        return None
    place = functions[0].place
    if place not in flow.pool.returned:
        flow.pool.returned[place] = ()  # one that calls itself hands on nothing
        flow.pool.returned[place] = handed({}, flow.inside(place))
    drafts = flow.pool.returned[place]
    if not drafts or flow.deep > DEEPEST // 2:
        return None
    name = flow.program.scope(place).name
    moved = [adopted(d, 0, flow) for d in drafts[:MOST_OPTIONS]]
    return Drafts(tuple(replace(d, origin=(name, len(d.clauses))) for d in moved))
