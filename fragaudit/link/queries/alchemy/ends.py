"""What runs a query: a session that is given it, or a method that ends its chain."""

from __future__ import annotations

from dataclasses import replace

from fragaudit.link.orm.reader import Read
from fragaudit.link.queries.alchemy.sources import drawn_from
from fragaudit.link.queries.alchemy.things import OF, RAN, RECORDS
from fragaudit.link.queries.draft import Draft, Drafts, Entity, Thing
from fragaudit.link.queries.flow import Flow, options
from fragaudit.link.queries.flow.conditions import filtered
from fragaudit.link.queries.rows import rows_of
from fragaudit.link.queries.tables import primary_key
from fragaudit.model.sql import Assign, Column, Compare, Parameter, Predicate
from fragaudit.model.values import Attr, Call

RUN = frozenset(
    {
        "execute",
        "scalars",
        "scalar",
        "exec",
        "stream",
        "stream_scalars",
        "scalar_one",
        "scalar_one_or_none",
        "fetch_all",
        "fetch_one",
        "fetch_val",
        "iterate",
        "scalar_all",
    }
)
"""Methods of sessions and connections that run the query they are given."""

ENDS = frozenset(
    {
        "all",
        "one",
        "one_or_none",
        "scalar",
        "scalar_one",
        "scalar_one_or_none",
        "count",
        "first",
        "delete",
        "update",
        "get",
        "yield_per",
        "paginate",
        "first_or_404",
        "one_or_404",
        "get_or_404",
        "scalars",
        "exists_",
        "partitions",
        "aiterator",
    }
)


def run(call: Call, flow: Flow) -> Thing | None:
    """Report the query that a session is given; what comes back are rows."""
    func = call.func
    base = flow.thing(func.base) if isinstance(func, Attr) else None
    first = flow.argument(call.args[0])
    drafts = options(first)
    if not drafts:
        if isinstance(base, (Draft, Drafts)):
            return ended(base, call, getattr(func, "name", ""), flow)
        for argument in call.args[1:]:
            flow.escape(flow.argument(argument), argument.value)
        return None
    for argument in call.args[1:]:
        flow.escape(flow.argument(argument), argument.value)
    for draft in drafts:
        flow.ask(draft, call.at)
    return (rows_of(drafts[0]) if len(drafts) == 1 else None) or RAN


def got(call: Call, flow: Flow) -> Thing | None:
    """Return what `session.get(Model, key)` asks: the row of a primary key."""
    entity = flow.argument(call.args[0])
    if not isinstance(entity, Entity) or entity.model is None or entity.query >= 0:
        return None
    draft = drawn_from(Draft(OF, flow.place.file), entity, flow, flow.mark(call.at))
    at = flow.mark(call.args[1].at or call.at)
    for column in primary_key(entity.model):
        draft = draft.add("where", Compare(Column(entity.alias, column, at), "=", (Parameter(),), at), flow.branch)
    flow.ask(draft, call.at)
    return rows_of(draft) or RAN


def ended(base: Thing, call: Call, name: str, flow: Flow) -> Thing:
    """Report the queries that a method ends; what comes back are rows."""
    for draft in options(base):
        if name == "get" and draft.model is not None and draft.model.framework in RECORDS:
            draft = filtered(draft, call.args, flow).add("limit", None, flow.branch)
        elif name == "get" and draft.model is not None and call.args:
            at = flow.mark(call.at)
            for column in primary_key(draft.model):
                condition: Predicate = Compare(Column(draft.root, column, at), "=", (Parameter(),), at)
                draft = draft.add("where", condition, flow.branch)
        elif name == "get_or_404" and draft.model is not None:
            for column in primary_key(draft.model):
                draft = draft.add("where", Compare(Column(draft.root, column), "=", (Parameter(),)), flow.branch)
        elif name in ("first", "first_or_404", "paginate"):
            draft = draft.add("limit", None, flow.branch)
        elif name == "count":
            draft = draft.add("aggregate", None, flow.branch).add("unordered", None, flow.branch)
        elif name in ("delete", "update"):
            draft = _written(draft, call, name, flow)
        flow.ask(draft, call.at)
    for argument in call.args:
        if argument.name != "synchronize_session":
            flow.escape(flow.argument(argument), argument.value)
    found = rows_of(draft) if len(options(base)) == 1 else None
    return (found.after(name) if found is not None else None) or RAN


def _written(draft: Draft, call: Call, name: str, flow: Flow) -> Draft:
    assigns: tuple[Assign, ...] = ()
    if name == "update" and call.args:
        entries = flow.reader.entries(Read(call.args[0].value, flow.view))
        assigns = tuple(Assign(key) for key in entries)
    draft = replace(draft, verb="delete" if name == "delete" else "update")
    return draft.add("set", assigns, flow.branch)


def ran(call: Call, flow: Flow) -> Thing:
    """Report what arguments of a method of rows ask."""
    for argument in call.args:
        flow.escape(flow.argument(argument), argument.value)
    return RAN
