"""What the calls of a chain add to a query."""

from __future__ import annotations

from fragaudit.link.queries.alchemy.joins import joined
from fragaudit.link.queries.alchemy.loading import loaded
from fragaudit.link.queries.alchemy.members import compare, member
from fragaudit.link.queries.alchemy.orders import orders
from fragaudit.link.queries.alchemy.sources import select_from
from fragaudit.link.queries.alchemy.starts import selected, without_outputs
from fragaudit.link.queries.alchemy.things import OF
from fragaudit.link.queries.draft import Bag, Draft, Entity, Join, Keywords, Thing
from fragaudit.link.queries.flow import Flow, options
from fragaudit.link.queries.flow.conditions import compared_with, filtered, filterings
from fragaudit.link.queries.predicates import UNKNOWN
from fragaudit.link.queries.tables import primary_key
from fragaudit.model.sql import Assign, Column
from fragaudit.model.values import Call

SETS = {
    "union": "union",
    "union_all": "union all",
    "intersect": "intersect",
    "except_": "except",
    "except_all": "except",
}

_SAME = frozenset(
    {
        "execution_options",
        "dicts",
        "tuples",
        "objects",
        "namedtuples",
        "iterator",
        "switch",
        "on_conflict",
        "on_conflict_ignore",
        "with_for_update",
        "enable_eagerloads",
        "populate_existing",
        "correlate",
        "params",
        "with_hint",
        "prefix_with",
        "suffix_with",
        "autoflush",
        "returning",
        "with_session",
        "set_label_style",
        "with_labels",
        "enable_assertions",
        "correlate_except",
        "reset_joinpoint",
        "execute_options",
        "ordered_values",
        "with_loader_criteria",
        "cache_key",
        "unique",
        "with_statement_hint",
        "on_conflict_do_nothing",
        "on_duplicate_key_update",
        "inline",
        "compile",
    }
)


def chained(draft: Draft, call: Call, name: str, flow: Flow) -> list[Draft]:
    """Return a query with what a call adds, one for each choice among its arguments."""
    if name in ("where", "filter"):
        return filterings(draft, call.args, flow)
    if name == "order_by":
        return [
            draft.add("order", keys, flow.branch) if keys else draft.add("unordered", None, flow.branch)
            for keys in orders(call, flow)
        ]
    return [_extended(draft, call, name, flow)]


def _extended(draft: Draft, call: Call, name: str, flow: Flow) -> Draft:
    branch = flow.branch
    if name == "options":
        return loaded(draft, call, flow)
    if name == "having":
        return filtered(draft, call.args, flow, "having")
    if name == "filter_by":
        return _filter_by(draft, call, flow)
    if name in ("join", "outerjoin", "join_from", "outerjoin_from"):
        return joined(draft, call, name.startswith("outer"), flow, named=name.endswith("_from"))
    if name == "select_from":
        return select_from(draft, call, flow)
    if name in ("limit", "fetch", "slice"):
        if call.args:
            flow.argument(call.args[0])  # it may ask something itself
        return draft.add("limit", None, branch)
    if name == "offset":
        return draft.add("offset", None, branch)
    if name == "group_by":
        keys_ = tuple(k for a in call.args for k in _keys(flow.argument(a), flow))
        return draft.add("group", keys_, branch)
    if name == "distinct":
        return draft.add("distinct", None, branch)
    if name in ("with_entities", "with_only_columns", "add_columns", "add_column", "column", "add_entity"):
        return selected(without_outputs(draft, name), call, flow)
    if name == "values":
        return _values(draft, call, flow)
    if name in SETS:
        arms = tuple(o[0] for a in call.args if (o := options(flow.argument(a))))
        return Draft(OF, draft.file).add("arms", (SETS[name], (draft, *arms)), branch)
    for argument in call.args:
        flow.escape(flow.argument(argument), argument.value)
    if name != "with_parent" and (name in _SAME or name.startswith(("on_conflict", "with_", "execution"))):
        return draft
    # A method of the project's own query class, or the foreign key of an object whose class isn't known.
    return draft.add("where", UNKNOWN, branch)


def _filter_by(draft: Draft, call: Call, flow: Flow) -> Draft:
    joined = [c.value for c in draft.clauses if c.kind == "join" and isinstance(c.value, Join)]
    alias = joined[-1].source.alias if joined else draft.root
    entity = flow.pool.entities.get(alias)
    for argument in call.args:
        thing = compared_with(argument, flow)
        if argument.name == "**" and isinstance(thing, Keywords) and thing.complete:
            given = thing.entries
        else:
            given = ((argument.name if argument.name not in (None, "*", "**") else "", thing),)
        outer, flow.here = flow.here, flow.mark(argument.at or call.at)
        for name, value in given:
            column = member(entity, name, flow) if entity is not None and name else None
            made = compare(column, "==", value, flow) if column is not None else None
            draft = draft.add("where", made if made is not None else UNKNOWN, flow.branch)
        flow.here = outer
    return draft


def _keys(thing: Thing, flow: Flow) -> list[object]:
    if isinstance(thing, Bag):
        return [k for i, _ in thing.items for k in _keys(i, flow)]
    if isinstance(thing, Entity) and thing.model is not None:
        return [Column(thing.alias, c) for c in primary_key(thing.model)]
    return [flow.operand(thing)]


def _values(draft: Draft, call: Call, flow: Flow) -> Draft:
    entity = flow.pool.entities.get(draft.root)
    assigns: list[Assign] = []
    for argument in call.args:
        thing = flow.argument(argument)
        if argument.name is None or argument.name in ("*", "**"):
            continue
        column = member(entity, argument.name, flow) if entity is not None else None
        name = column.name if isinstance(column, Column) else argument.name
        assigns.append(Assign(name, flow.operand(thing) if thing is not None else None))
    return draft.add("set", tuple(assigns), flow.branch)
