"""Repositories of libraries: FastCRUD, and those of Advanced Alchemy, which ask with the filters they are given."""

from __future__ import annotations

from collections.abc import Iterator

from fragaudit.link.abstract import Instance
from fragaudit.link.orm.core import Model
from fragaudit.link.orm.reader import Read, View, argument
from fragaudit.link.queries.draft import Bag, Draft, Entity, Join, Keywords, Thing
from fragaudit.link.queries.flow import Flow
from fragaudit.link.queries.flow.conditions import conditions_of
from fragaudit.link.queries.flow.references import entity_of
from fragaudit.link.queries.predicates import UNKNOWN, both, compared, liked
from fragaudit.link.queries.receivers import Receiver, type_argument
from fragaudit.link.queries.tables import primary_key
from fragaudit.model.sql import Column, Compare, Operand, Operator, Order, Parameter, Predicate, Source
from fragaudit.model.values import Arg, Attr, Call, Value

OF = "crud"
LIBRARIES = frozenset({"fastcrud", "advanced_alchemy", "litestar"})
_FAST = {"get": "select", "exists": "select", "count": "select", "get_multi": "select", "select": "select",
         "update": "update", "delete": "delete", "db_delete": "delete", "get_multi_by_cursor": "select"}  # fmt: skip
_ADVANCED = {
    "get": "select", "get_one": "select", "get_one_or_none": "select", "get_many": "select", "list": "select",
    "list_and_count": "select", "get_many_and_count": "select", "count": "select", "exists": "select",
    "delete_where": "delete", "delete": "delete",
}  # fmt: skip
_BY_KEY = frozenset({"get", "delete"})
"""Methods of Advanced Alchemy that are given a primary key."""
METHODS = frozenset({*_FAST, *_ADVANCED})
_OPTIONS = frozenset(
    {
        # FastCRUD
        "db", "schema_to_select", "return_as_model", "one_or_none", "offset", "limit", "sort_columns", "sort_orders",
        "return_total_count", "distinct_on_primary", "object", "allow_multiple", "commit", "return_columns",
        "server_data", "db_row", "cursor", "sort_column", "sort_order",
        # Advanced Alchemy
        "auto_commit", "auto_expunge", "auto_refresh", "load", "execution_options", "error_messages", "sanity_check",
        "uniquify", "bind_group", "order_by", "count_with_window_function", "with_for_update", "use_cache",
        "chunk_size",
    }
)  # fmt: skip
"""Keyword arguments that are no filters."""
_UNCLEAR = frozenset({"where", "filters", "joins_config", "id_attribute", "statement"})
"""Arguments that may add any condition."""
_COMPARED: dict[str, Operator] = {
    "eq": "=", "gt": ">", "lt": "<", "gte": ">=", "lte": "<=", "ne": "<>", "is_not": "is not null", "like": "like",
    "notlike": "not like", "ilike": "ilike", "notilike": "not ilike", "match": "match", "not_in": "not in",
}  # fmt: skip
_AROUND = {"startswith": ("", "%"), "endswith": ("%", ""), "contains": ("%", "%")}


class Crud:
    """Understands the calls of repositories that libraries make."""

    def function(self, call: Call, flow: Flow) -> Thing | None:
        """Return what a call of a repository's method comes to."""
        func = call.func
        if not isinstance(func, Attr) or func.name not in METHODS:
            return None
        owner = _owner(func.base, flow)
        if owner is None:
            return None
        model, fast = owner
        verb = (_FAST if fast else _ADVANCED).get(func.name)
        if verb is None:
            return None
        if fast and func.name in ("delete", "update") and "is_deleted" in model.columns:
            verb = "update"
        entity = entity_of(model, flow)
        at = flow.mark(call.at)
        how = "from" if verb == "select" else "target"
        source = Source(entity.alias, entity.table, -1, how, at=at)  # type: ignore[arg-type]
        draft = Draft(OF, flow.place.file, verb, root=entity.alias, model=model).add("from", Join(source))  # type: ignore[arg-type]
        for predicate in self._conditions(call, func.name, entity, flow, fast=fast):
            draft = draft.add("where", predicate, flow.branch)
        if fast and func.name == "select":
            return draft
        if func.name == "count":
            draft = draft.add("aggregate", None, flow.branch)
        elif fast and func.name == "get_multi":
            draft = self._sorted(draft, call, entity, flow).add("limit", None, flow.branch)
        flow.ask(draft, call.at)
        return Bag()

    def _conditions(self, call: Call, name: str, entity: Entity, flow: Flow, *, fast: bool) -> Iterator[Predicate]:
        plain = [a for a in call.args if a.name in (None, "*")]
        if fast:
            plain = []  # the session and options, whose order nobody mixes up with filters
        elif name in _BY_KEY:
            key = primary_key(entity.model) if entity.model is not None else ()
            if len(key) == 1 and len(plain) == 1:
                at = flow.mark(plain[0].at or call.at)
                yield Compare(Column(entity.alias, key[0], at), "=", (Parameter(),), at)
                return
        for one in plain:
            if getattr(getattr(one.value, "func", None), "name", "") not in ("LimitOffset", "OrderBy"):
                yield from (predicate for predicate, _ in conditions_of([one], flow))
        for one in call.args:
            if one.name in (None, "*") or one.name in _OPTIONS:
                continue
            if one.name in _UNCLEAR:
                yield UNKNOWN
                continue
            thing = flow.argument(one)
            if one.name == "**":
                complete = isinstance(thing, Keywords) and thing.complete
                for key_, value in thing.entries if isinstance(thing, Keywords) else ():
                    yield self._filter(key_, value, one, call, entity, flow)
                if not complete:
                    yield UNKNOWN
            else:
                yield self._filter(one.name or "", thing, one, call, entity, flow)

    def _filter(self, name: str, thing: Thing, one: Arg, call: Call, entity: Entity, flow: Flow) -> Predicate:
        """Return the condition of one filter: `name=…`, `age__gt=…`."""
        field, _, lookup = name.partition("__")
        model = entity.model
        column = model.columns.get(field) if model is not None else None
        if column is None:
            return UNKNOWN
        outer, flow.here = flow.here, flow.mark(one.at or call.at)
        left = Column(entity.alias, column, flow.here)
        found = self._looked_up(left, lookup, thing, flow)
        flow.here = outer
        return found

    def _looked_up(self, left: Column, lookup: str, thing: Thing, flow: Flow) -> Predicate:
        value: Operand = flow.operand(thing)
        if not lookup:
            return flow.compare(left, "=", value)
        if lookup == "in":
            items = tuple(flow.operand(i) for i, _ in thing.items) if isinstance(thing, Bag) else ()
            return Compare(left, "in", items or (Parameter(), Parameter()), flow.here)
        if lookup == "is":
            return compared(left, "=", value, flow.here)
        if lookup == "is_not":
            return compared(left, "<>", value, flow.here)
        if lookup == "between":
            low, high = Compare(left, ">=", (Parameter(),), flow.here), Compare(left, "<=", (Parameter(),), flow.here)
            return both([low, high])
        if lookup in _AROUND:
            return liked(left, "like", value, *_AROUND[lookup], flow.here)
        operator = _COMPARED.get(lookup)
        return compared(left, operator, value, flow.here) if operator is not None else UNKNOWN

    def _sorted(self, draft: Draft, call: Call, entity: Entity, flow: Flow) -> Draft:
        columns, orders = argument(call, "sort_columns"), argument(call, "sort_orders")
        names = flow.reader.texts(Read(columns, flow.view)) if columns is not None else None
        if not names or entity.model is None:
            return draft
        ways = (flow.reader.texts(Read(orders, flow.view)) if orders is not None else None) or ()
        keys = [
            Order(Column(entity.alias, entity.model.columns.get(n, n), flow.here), way == "desc")
            for n, way in zip(names, (*ways, *("asc",) * len(names)), strict=False)
        ]
        return draft.add("order", tuple(keys), flow.branch)

    def attribute(self, base: Thing, name: str, flow: Flow) -> Thing | None:
        """Repositories have no attributes that are asked."""
        del base, name, flow
        return None

    def operation(self, op: str, things: list[Thing], flow: Flow) -> Thing | None:
        """Repositories have no operators."""
        del op, things, flow
        return None

    def each(self, found: Thing, flow: Flow) -> Thing | None:
        """Return nothing: what a loop is at leads nowhere here."""
        del found, flow
        return None

    def item(self, base: Thing, key: Value, flow: Flow) -> Thing | None:
        """Repositories have no items."""
        del base, key, flow
        return None

    def method(self, base: Thing, call: Call, name: str, flow: Flow) -> Thing | None:
        """What a method is called on is no thing of its own here."""
        return self.function(call, flow) if isinstance(base, Receiver) and name in METHODS else None


def _owner(value: Value, flow: Flow) -> tuple[Model, bool] | None:
    """Return the model of a library's repository, and whether it is one of FastCRUD."""
    mapping = flow.mapping
    thing = flow.thing(value) if getattr(value, "name", "") in ("self", "cls") else None
    found = [thing] if isinstance(thing, Receiver) else []
    for meaning in flow.reader.meanings(value, flow.view) if not found else ():
        if isinstance(meaning, Instance):
            found.append(Receiver(meaning.of, meaning.site))
    for one in found:
        order = mapping.classes.order(one.cls)
        outside = mapping.classes.outside(one.cls)
        fast = any(_is_fast(n) for n in outside)
        if not fast and not any(_is_advanced(n) for n in outside):
            continue
        given = argument(one.site.call, "model", 0) if fast and one.site is not None else None
        if given is not None and one.site is not None:
            model = mapping.model(given, View(one.site.place))
            if model is not None:
                return model, fast
        for cls in order:
            named = mapping.classes.members(cls).get("model_type")
            if named is not None and named.value is not None:
                model = mapping.model(named.value, View(cls.place))
                return (model, fast) if model is not None else None
        model = type_argument(order, mapping)
        return (model, fast) if model is not None else None
    made = flow.reader.follow(Read(value, flow.view)) if not found else None
    if made is not None and isinstance(made.value, Call) and _is_fast(flow.reader.callee(made.value, made.view)):
        given = argument(made.value, "model", 0)
        model = mapping.model(given, made.view) if given is not None else None
        return (model, True) if model is not None else None
    return None


def _is_fast(name: str) -> bool:
    return name.startswith("fastcrud") and name.removesuffix("[]").endswith("FastCRUD")


def _is_advanced(name: str) -> bool:
    return name.startswith(("advanced_alchemy", "litestar")) and name.endswith(("Repository", "RepositoryService"))
