"""MongoDB: filters of pymongo and motor, and the queries of Beanie's and MongoEngine's documents."""

from __future__ import annotations

from collections.abc import Iterator

from fragaudit.link.orm.documents import COLLECTION, collection_name
from fragaudit.link.queries.draft import Bag, Begins, Draft, Entity, Join, Named, Thing
from fragaudit.link.queries.flow import Flow, options
from fragaudit.link.queries.predicates import PREDICATES, UNKNOWN, both, either
from fragaudit.model.sql import (
    Column,
    Compare,
    Constant,
    Expression,
    Mark,
    Opaque,
    Operator,
    Order,
    Parameter,
    Predicate,
    Source,
)
from fragaudit.model.values import Arg, Attr, Call, Lit, Operation, Value

OF = "mongodb"
LIBRARIES = frozenset({"pymongo", "motor", "beanie", "mongoengine"})
_FINDS = {
    "find": "select", "find_one": "select", "find_one_and_update": "update", "find_one_and_replace": "update",
    "find_one_and_delete": "delete", "update_one": "update", "update_many": "update", "replace_one": "update",
    "delete_one": "delete", "delete_many": "delete", "count_documents": "select", "aggregate": "select",
}  # fmt: skip
_DOCUMENT = {"find": "select", "find_one": "select", "find_many": "select", "get": "select", "count": "select"}
METHODS = frozenset(_FINDS)
_KEPT = frozenset({"skip", "batch_size", "hint", "max_time_ms", "allow_disk_use", "only", "exclude", "no_cache",
                   "select_related", "project", "set_options", "collation"})  # fmt: skip
_ENDS = frozenset({"to_list", "first", "first_or_none", "count", "delete", "update", "update_one", "set", "get",
                   "delete_one", "exists", "modify", "inc", "upsert"})  # fmt: skip
_COMPARED: dict[str, Operator] = {"$eq": "=", "$gt": ">", "$gte": ">=", "$lt": "<", "$lte": "<=", "$ne": "<>",
                                  "$nin": "not in"}  # fmt: skip
_LOOKUPS: dict[str, Operator] = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<=", "ne": "<>", "nin": "not in"}


class Mongo:
    """Understands what collections and documents are asked."""

    def function(self, call: Call, flow: Flow) -> Thing | None:
        """Return what a method of a collection asks."""
        func = call.func
        if not isinstance(func, Attr) or func.name not in _FINDS:
            return None
        if not flow.reader.callee(call, flow.view).startswith(("pymongo", "motor")):
            return None
        name = collection_name(flow.reader, func.base, flow.view)
        model = flow.mapping.by_table.get(name.lower()) if name else None
        if model is None or model.table.virtual != COLLECTION:
            return None
        entity = flow.pool.entity(Entity(model.table.name, model, model.table.name))
        return self._asked(entity, func.name, _FINDS[func.name], call, flow)

    def _asked(self, entity: Entity, name: str, verb: str, call: Call, flow: Flow) -> Thing:
        draft = self._start(entity, verb, call, flow)
        given = next((a for a in call.args if a.name in (None, "filter")), None)
        if name == "aggregate":
            draft = self._matched(draft, given, flow)
        elif given is not None:
            at = self._mark(given, call, flow)
            draft = draft.add("where", self._filter(draft.root, flow.argument(given), at, flow), flow.branch)
        way = next((a for a in call.args if a.name == "sort"), None)
        if way is not None:
            draft = draft.add("order", tuple(self._keys(draft.root, [way], flow)), flow.branch)
        if name == "find_one" or any(a.name == "limit" for a in call.args):
            draft = draft.add("limit", None, flow.branch)
        if name == "count_documents":
            draft = draft.add("aggregate", None, flow.branch)
        if name == "find":
            return draft
        flow.ask(draft, call.at)
        return Bag()

    def _start(self, entity: Entity, verb: str, call: Call, flow: Flow) -> Draft:
        how = "from" if verb == "select" else "target"
        source = Source(entity.alias, entity.table, -1, how, at=flow.mark(call.at))  # type: ignore[arg-type]
        draft = Draft(OF, flow.place.file, verb, root=entity.alias, model=entity.model)  # type: ignore[arg-type]
        return draft.add("from", Join(source), flow.branch)

    def _mark(self, argument: Arg, call: Call, flow: Flow) -> Mark:
        return flow.mark(argument.at or call.at)

    def _matched(self, draft: Draft, given: Arg | None, flow: Flow) -> Draft:
        """Return the aggregation with what its first steps leave: `$match`, then `$sort` and `$limit`."""
        steps = flow.argument(given) if given is not None else None
        if not isinstance(steps, Bag):
            return draft.add("where", UNKNOWN, flow.branch)
        for step, branch in steps.items:
            names = {n: t for n, t, _ in step.items} if isinstance(step, Named) and not step.more else {}
            if "$match" in names:
                draft = draft.add("where", self._filter(draft.root, names["$match"], flow.here, flow), branch)
            elif "$sort" in names and isinstance(names["$sort"], Named):
                keys = tuple(self._named_keys(draft.root, names["$sort"], flow))
                draft = draft.add("order", keys, branch)
            elif "$limit" in names:
                return draft.add("limit", None, branch)
            else:
                break
        return draft

    # -- filters -------------------------------------------------------------------------------------------------------

    def _filter(self, root: str, thing: Thing, at: Mark, flow: Flow) -> Predicate:
        """Return what a filter's dictionary asks."""
        if isinstance(thing, PREDICATES):
            return thing
        if not isinstance(thing, Named) or thing.more:
            return UNKNOWN
        found: list[Predicate] = []
        for name, value, branch in thing.items:
            if not flow.holds(branch):
                return UNKNOWN
            found.append(self._entry(root, name, value, at, flow))
        return both(found)

    def _entry(self, root: str, name: str, value: Thing, at: Mark, flow: Flow) -> Predicate:
        if name in ("$or", "$and", "$nor"):
            items = value.items if isinstance(value, Bag) else ()
            parts = [self._filter(root, item, at, flow) for item, _ in items]
            if not parts or name == "$nor":
                return UNKNOWN
            return either(parts) if name == "$or" else both(parts)
        if name.startswith("$"):
            return Opaque(Expression("", (), name))
        column = Column(root, "_id" if name == "id" else name, at)
        if isinstance(value, Named) and any(n.startswith("$") for n, _, _ in value.items):
            return both([self._tested(column, n, v, at, flow) for n, v, _ in value.items if n != "$options"])
        return self._equal(column, value, at, flow)

    def _equal(self, column: Column, value: Thing, at: Mark, flow: Flow) -> Predicate:
        operand = flow.operand(value)
        if isinstance(operand, Constant) and operand.kind == "null":
            return Compare(column, "is null", (), at)
        return Compare(column, "=", (operand if isinstance(operand, Constant) else Parameter(),), at)

    def _tested(self, column: Column, name: str, value: Thing, at: Mark, flow: Flow) -> Predicate:
        if name == "$in":
            items = tuple(flow.operand(i) for i, _ in value.items) if isinstance(value, Bag) else ()
            return Compare(column, "in", items or (Parameter(), Parameter()), at)
        if name == "$regex":
            return self._pattern(column, value, at)
        if name in ("$exists", "$not"):
            return Compare(column, "is not null" if name == "$exists" else "other", (), at)
        operator = _COMPARED.get(name)
        return (
            Compare(column, operator, (Parameter(),), at) if operator is not None else Compare(column, "other", (), at)
        )

    def _pattern(self, column: Column, value: Thing, at: Mark) -> Predicate:
        text = value.value if isinstance(value, Constant) else value.text if isinstance(value, Begins) else ""
        if text and text.startswith("^") and text[1:2].isalnum():
            return Compare(column, ">=", (Parameter(),), at)
        return Compare(column, "regex", (Parameter(),), at)

    # -- orders --------------------------------------------------------------------------------------------------------

    def _keys(self, root: str, arguments: list[Arg], flow: Flow) -> Iterator[Order]:
        """Yield the keys of `sort("a", -1)`, `sort([("a", 1)])`, `sort("-a")`, `sort(-Model.a)`."""
        things = [flow.argument(a) for a in arguments]
        first = things[0] if things else None
        if isinstance(first, Constant) and len(things) == 2:
            yield Order(Column(root, first.value or "", flow.here), _is_down(arguments[1].value))
            return
        if isinstance(first, Named):
            yield from self._named_keys(root, first, flow)
            return
        listed = [i for i, _ in first.items] if isinstance(first, Bag) else things
        values = _items(arguments[0].value) if isinstance(first, Bag) else [a.value for a in arguments]
        for thing, value in zip(listed, values, strict=False):
            if isinstance(thing, Bag) and len(thing.items) == 2 and isinstance(thing.items[0][0], Constant):
                pair = _items(value)
                yield Order(Column(root, thing.items[0][0].value or "", flow.here), bool(pair) and _is_down(pair[-1]))
            elif isinstance(thing, Constant) and thing.value:
                yield Order(Column(root, thing.value.lstrip("+-"), flow.here), thing.value.startswith("-"))
            elif isinstance(value, Operation) and value.op in ("-", "+") and len(value.operands) == 1:
                inner = flow.thing(value.operands[0])
                yield Order(inner if isinstance(inner, Column) else _CHOSEN, value.op == "-")
            else:
                yield Order(thing if isinstance(thing, Column) else _CHOSEN)

    def _named_keys(self, root: str, found: Named, flow: Flow) -> Iterator[Order]:
        for name, thing, _ in found.items:
            down = isinstance(thing, Constant) and (thing.value or "").startswith("-")
            yield Order(Column(root, name, flow.here), down or isinstance(thing, Expression))

    # -- documents and cursors -----------------------------------------------------------------------------------------

    def attribute(self, base: Thing, name: str, flow: Flow) -> Thing | None:
        """Return the query that `objects` of a document starts."""
        if name != "objects" or not _is_document(base, "mongoengine"):
            return None
        assert isinstance(base, Entity)
        return self._start(base, "select", Call(Lit(None), (), flow.statement), flow)

    def operation(self, op: str, things: list[Thing], flow: Flow) -> Thing | None:
        """Collections have no operators."""
        del op, things, flow
        return None

    def item(self, base: Thing, key: Value, flow: Flow) -> Thing | None:
        """Return the first documents of a query."""
        if isinstance(base, Draft) and base.of == OF:
            limited = base.add("limit", None, flow.branch)
            if isinstance(key, Operation) and key.op == ":":
                return limited
            flow.ask(limited, flow.statement)
            return Bag()
        return None

    def each(self, found: Thing, flow: Flow) -> Thing | None:
        """Return nothing: what a loop is at leads nowhere here."""
        del found, flow
        return None

    def method(self, base: Thing, call: Call, name: str, flow: Flow) -> Thing | None:
        """Return what a document is asked, or what a call adds to a query."""
        if _is_document(base, "beanie") and name in _DOCUMENT:
            assert isinstance(base, Entity)
            return self._of_document(base, call, name, flow)
        if _is_document(base, "mongoengine") and name == "objects":
            assert isinstance(base, Entity)
            return self._filtered(self._start(base, "select", call, flow), call, flow)
        drafts = [d for d in options(base) if d.of == OF]
        if not drafts:
            return None
        draft = drafts[0]
        if name in ("filter", "find", "find_one", "find_many") or (name in ("get", "first") and call.args):
            draft = self._filtered(draft, call, flow)
            if name in ("find", "filter", "find_many"):
                return draft
        if name in ("sort", "order_by"):
            return draft.add("order", tuple(self._keys(draft.root, list(call.args), flow)), flow.branch)
        if name == "limit":
            return draft.add("limit", None, flow.branch)
        if name in _ENDS or name in ("get", "find_one"):
            if name in ("first", "first_or_none", "get", "find_one"):
                draft = draft.add("limit", None, flow.branch)
            flow.ask(draft, call.at)
            return Bag()
        return draft if name in _KEPT else draft.add("where", UNKNOWN, flow.branch)

    def _of_document(self, base: Entity, call: Call, name: str, flow: Flow) -> Thing:
        draft = self._start(base, "select", call, flow)
        if name == "get":
            condition = Compare(Column(base.alias, "_id", flow.mark(call.at)), "=", (Parameter(),), flow.mark(call.at))
            flow.ask(draft.add("where", condition, flow.branch), call.at)
            return Bag()
        draft = self._filtered(draft, call, flow)
        if name == "find_one":
            flow.ask(draft.add("limit", None, flow.branch), call.at)
            return Bag()
        return draft

    def _filtered(self, draft: Draft, call: Call, flow: Flow) -> Draft:
        """Return a query with a call's conditions: expressions, dictionaries, keywords with MongoEngine's lookups."""
        columns = draft.model.columns if draft.model is not None else {}
        for argument in call.args:
            thing, at = flow.argument(argument), self._mark(argument, call, flow)
            if argument.name is None:
                condition = self._filter(draft.root, thing, at, flow)
            elif argument.name in ("*", "**"):
                condition = UNKNOWN
            elif argument.name in ("fetch_links", "session", "limit", "skip", "sort", "projection_model"):
                continue
            else:
                field, _, lookup = argument.name.partition("__")
                column = Column(draft.root, columns.get(field, field), at)
                condition = self._looked_up(column, lookup, thing, at, flow)
            draft = draft.add("where", condition, flow.branch)
        return draft

    def _looked_up(self, column: Column, lookup: str, thing: Thing, at: Mark, flow: Flow) -> Predicate:
        if not lookup:
            return self._equal(column, thing, at, flow)
        if lookup == "in":
            return self._tested(column, "$in", thing, at, flow)
        if lookup == "startswith":
            return Compare(column, ">=", (Parameter(),), at)
        operator = _LOOKUPS.get(lookup)
        return Compare(column, operator, (Parameter(),), at) if operator is not None else UNKNOWN


_CHOSEN = Expression("", (), "chosen when it runs")


def _is_document(base: Thing, framework: str) -> bool:
    return isinstance(base, Entity) and base.model is not None and base.model.framework == framework


def _items(value: Value) -> list[Value]:
    return list(getattr(value, "items", ())) if not isinstance(value, Call) else []


def _is_down(value: Value) -> bool:
    """Say whether a direction is downwards: -1, `DESCENDING`."""
    if isinstance(value, Operation) and value.op == "-":
        return True
    return getattr(value, "name", "") == "DESCENDING" or (isinstance(value, Lit) and value.value == -1)
