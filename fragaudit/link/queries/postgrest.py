"""Requests of PostgREST clients, as supabase-py builds them: `client.table("x").select("*").eq("a", v).execute()`."""

from __future__ import annotations

from dataclasses import dataclass, replace

from fragaudit.link.orm.reader import Read
from fragaudit.link.queries.draft import Bag, Draft, Entity, Join, Thing
from fragaudit.link.queries.flow import Flow
from fragaudit.link.queries.predicates import UNKNOWN, compared, negated
from fragaudit.model.sql import Assign, Column, Compare, Constant, Operator, Order, Parameter, Predicate, Source
from fragaudit.model.values import Attr, Call, Lit, Map, Value

OF = "postgrest"
LIBRARIES = frozenset({"supabase", "postgrest", "supabase_py", "supabase_auth"})
_COMPARED: dict[str, Operator] = {
    "eq": "=", "neq": "<>", "gt": ">", "gte": ">=", "lt": "<", "lte": "<=", "like": "like", "ilike": "ilike",
    "contains": "contains", "contained_by": "contained", "overlaps": "overlaps", "text_search": "match", "fts": "match",
    "plfts": "match", "phfts": "match", "wfts": "match", "cs": "contains", "cd": "contained", "ov": "overlaps",
}  # fmt: skip
_VERBS = {"select": "select", "insert": "insert", "upsert": "insert", "update": "update", "delete": "delete"}
_KEPT = frozenset({"single", "maybe_single", "csv", "explain", "returns", "schema"})


@dataclass(frozen=True)
class Request:
    """A request while it is built. It asks nothing until it is executed; `negative`: the next condition is turned."""

    draft: Draft
    negative: bool = False


class PostgRest:
    """Understands the builders of PostgREST clients."""

    def function(self, call: Call, flow: Flow) -> Thing | None:
        """Return the request that naming a table starts."""
        func = call.func
        if not isinstance(func, Attr) or func.name not in ("table", "from_") or len(call.args) != 1:
            return None
        name = flow.reader.text(Read(call.args[0].value, flow.view))
        if not name:
            return None
        flow.pool.entity(Entity(name, flow.mapping.by_table.get(name.lower()), name))
        source = Source(name, name, -1, "from", at=flow.mark(call.at))
        return Request(Draft(OF, flow.place.file, root=name).add("from", Join(source), flow.branch))

    def attribute(self, base: Thing, name: str, flow: Flow) -> Thing | None:
        """Return a request whose next condition is turned around."""
        del flow
        return replace(base, negative=True) if isinstance(base, Request) and name == "not_" else None

    def operation(self, op: str, things: list[Thing], flow: Flow) -> Thing | None:
        """Requests have no operators."""
        del op, things, flow
        return None

    def each(self, found: Thing, flow: Flow) -> Thing | None:
        """Return nothing: what a loop is at leads nowhere here."""
        del found, flow
        return None

    def item(self, base: Thing, key: Value, flow: Flow) -> Thing | None:
        """Requests have no items."""
        del base, key, flow
        return None

    def method(self, base: Thing, call: Call, name: str, flow: Flow) -> Thing | None:
        """Return what a call adds to a request."""
        if not isinstance(base, Request):
            return None
        draft = base.draft
        given = [flow.argument(a) for a in call.args if a.name is None]
        if name == "execute":
            flow.ask(draft, call.at)
            return given or None
        if name in _VERBS:
            assigns: tuple[Assign, ...] = ()
            if name == "update" and call.args and isinstance(call.args[0].value, Map):
                assigns = tuple(Assign(key) for key in flow.reader.entries(Read(call.args[0].value, flow.view)))
            verb = _VERBS[name]
            how = "from" if verb == "select" else "target"
            clauses = tuple(
                replace(c, value=Join(Source(draft.root, draft.root, -1, how, at=flow.mark(call.at))))  # type: ignore[arg-type]
                if c.kind == "from"
                else c
                for c in draft.clauses
            )
            draft = replace(draft, verb=verb, clauses=clauses)  # type: ignore[arg-type]
            return Request(draft.add("set", assigns, flow.branch))
        if name in _KEPT:
            return base
        if name == "order":
            column = _text(given[0] if given else None)
            descending = any(a.name == "desc" and a.value == Lit(True) for a in call.args)
            key = (Order(Column(draft.root, column), descending),) if column else ()
            return Request(draft.add("order", key, flow.branch))
        if name in ("limit", "range"):
            return Request(draft.add("limit", None, flow.branch))
        conditions = self._conditions(draft, call, name, given, flow)
        for condition in conditions:
            draft = draft.add("where", negated(condition) if base.negative else condition, flow.branch)
        return Request(draft)

    def _conditions(self, draft: Draft, call: Call, name: str, given: list[Thing], flow: Flow) -> list[Predicate]:
        """Return the conditions of one call; one that isn't understood may be any."""
        at = flow.mark(call.args[0].at or call.at) if call.args else flow.mark(call.at)
        if name == "match" and call.args:
            entries = flow.reader.entries(Read(call.args[0].value, flow.view))
            return [Compare(Column(draft.root, key, at), "=", (Parameter(),), at) for key in entries] or [UNKNOWN]
        if name == "filter" and len(given) == 3:
            name, given = _text(given[1]), [given[0], given[2]]
        column = _text(given[0] if given else None)
        if not column or len(given) < 2 or "." in column:
            return [UNKNOWN]
        left = Column(draft.root, column, at)
        if name in ("is_", "is"):
            value = _text(given[1]).lower()
            tests: dict[str, Operator] = {"null": "is null", "true": "true", "false": "false"}
            none = isinstance(given[1], Constant) and given[1].kind == "null"
            return [Compare(left, "is null" if none else tests.get(value, "is null"), (), at)]
        if name in ("in_", "in"):
            items = tuple(flow.operand(i) for i, _ in given[1].items) if isinstance(given[1], Bag) else ()
            return [Compare(left, "in", items or (Parameter(), Parameter()), at)]
        operator = _COMPARED.get(name)
        return [compared(left, operator, flow.operand(given[1]), at)] if operator is not None else [UNKNOWN]


def _text(thing: Thing) -> str:
    return thing.value or "" if isinstance(thing, Constant) and thing.kind == "string" else ""
