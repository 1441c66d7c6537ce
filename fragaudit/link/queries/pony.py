"""Pony: `select(u for u in User if u.city == x)`, `User.get(email=x)`, `User.select(lambda u: …)`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from fragaudit.link.queries.draft import Bag, Draft, Entity, Join, Path, Thing
from fragaudit.link.queries.flow import Flow, options
from fragaudit.link.queries.flow.operators import compared_by
from fragaudit.link.queries.predicates import PREDICATES, UNKNOWN, both, denied, either, liked
from fragaudit.link.queries.tables import primary_key
from fragaudit.model.sql import Column, Compare, Expression, Order, Parameter, Predicate, Source
from fragaudit.model.values import Arg, Attr, Call, Either, Function, Lit, Operation, Ref, Value

OF = "pony"
GENERATOR = "<for>"
"""What a generator expression is lowered to a call of, where its conditions matter."""
_VERBS = {"select": "select", "left_join": "select", "get": "select", "exists": "select", "delete": "delete"}
_OF_ENTITY = frozenset({"select", "get", "get_for_update", "exists", "select_random"})
_ENDS = frozenset({"first", "get", "exists", "count", "delete", "sum", "min", "max", "avg", "fetch", "to_list",
                   "random", "show"})  # fmt: skip


class Pony:
    """Understands the queries of Pony."""

    def function(self, call: Call, flow: Flow) -> Thing | None:
        """Return the query that a generator expression is."""
        name = getattr(call.func, "name", "")
        first = call.args[0].value if call.args else None
        if name not in _VERBS or not isinstance(first, Call) or first.func != Ref(GENERATOR):
            return None
        draft = self._generated(first, _VERBS[name], flow)
        if draft is None or name in ("select", "left_join"):
            return draft
        flow.ask(draft.add("limit", None, flow.branch) if name in ("get", "exists") else draft, call.at)
        return Bag()

    def _generated(self, call: Call, verb: str, flow: Flow) -> Draft | None:
        given: dict[str, Thing] = {}
        draft: Draft | None = None
        conditions: list[Value] = []
        result: Value | None = None
        for argument in call.args:
            if argument.name is None:
                result = argument.value
            elif argument.name == "if":
                conditions.append(argument.value)
            else:
                with flow.names.knowing(given):
                    thing = flow.thing(argument.value)
                entity, draft = self._source(thing, draft, call, verb, flow)
                if entity is None:
                    return None
                given[argument.name] = entity
        if draft is None:
            return None
        with flow.names.knowing(given):
            draft = self._filtered(draft, conditions, flow)
            if isinstance(result, Call) and getattr(result.func, "name", "") in ("count", "sum", "max", "min", "avg"):
                draft = draft.add("aggregate", None, flow.branch)
        return draft

    def _source(
        self, thing: Thing, draft: Draft | None, call: Call, verb: str, flow: Flow
    ) -> tuple[Entity | None, Draft | None]:
        """Return what a loop of a generator runs over, and the query with it."""
        if isinstance(thing, Entity) and thing.model is not None and thing.model.framework == OF:
            how = "target" if verb != "select" and draft is None else "from"
            source = Source(thing.alias, thing.table, -1, how, at=flow.mark(call.at))  # type: ignore[arg-type]
            if draft is None:
                draft = Draft(OF, flow.place.file, verb, root=thing.alias, model=thing.model)  # type: ignore[arg-type]
            return thing, draft.add("from", Join(source), flow.branch)
        if isinstance(thing, Path) and draft is not None:
            found = self._joined(thing, flow)
            if found is not None:
                entity, join = found
                return entity, draft.add("join", join, flow.branch)
        return None, draft

    def _joined(self, path: Path, flow: Flow) -> tuple[Entity, Join] | None:
        """Return the table that an attribute leads to, and how it is joined."""
        model = path.entity.model
        relation = model.relations.get(path.name) if model is not None else None
        target = flow.mapping.by_class.get(relation.target) if relation is not None and relation.target else None
        pairs = flow.mapping.pairs(model, target) if model is not None and target is not None else None
        if target is None or relation is None:
            return None
        if not relation.many and relation.columns:
            pairs = tuple(zip(relation.columns, primary_key(target), strict=False))
        if pairs is None:
            return None
        entity = flow.pool.entity(Entity(flow.pool.alias(target.table.name), target, target.table.name))
        on = both([
            Compare(Column(path.entity.alias, a, flow.here), "=", (Column(entity.alias, b, flow.here),), flow.here)
            for a, b in pairs
        ])  # fmt: skip
        return entity, Join(Source(entity.alias, entity.table, -1, "inner", on, at=flow.here))

    # -- conditions ----------------------------------------------------------------------------------------------------

    def _filtered(self, draft: Draft, conditions: Sequence[Value], flow: Flow) -> Draft:
        joins: list[Join] = []
        for condition in conditions:
            draft = draft.add("where", self._condition(condition, joins, flow), flow.branch)
        for join in joins:
            draft = draft.add("join", join, flow.branch)
        return draft

    def _condition(self, value: Value, joins: list[Join], flow: Flow) -> Predicate:
        """Return a condition as Pony reads the Python of it."""
        if isinstance(value, Either):
            return either([self._condition(option, joins, flow) for option in value.options])
        if isinstance(value, Operation) and value.op == "or":
            return either([self._condition(operand, joins, flow) for operand in value.operands])
        if isinstance(value, Operation) and value.op == "and":
            return both([self._condition(operand, joins, flow) for operand in value.operands])
        if isinstance(value, Operation) and value.op == "not":
            return denied(self._condition(value.operands[0], joins, flow), flow.dialect, turned=True)
        if isinstance(value, Operation) and value.op in ("in", "not in") and len(value.operands) == 2:
            return self._contained(value, joins, flow)
        if isinstance(value, Operation) and len(value.operands) == 2:
            left, right = (self._term(o, joins, flow) for o in value.operands)
            made = compared_by(value.op, left, right, flow)
            return made if made is not None else UNKNOWN
        if isinstance(value, Call) and isinstance(value.func, Attr) and value.func.name in ("startswith", "endswith"):
            column = self._term(value.func.base, joins, flow)
            around = ("", "%") if value.func.name == "startswith" else ("%", "")
            given = flow.operand(flow.argument(value.args[0])) if value.args else Parameter()
            return liked(column, "like", given, *around, flow.here) if isinstance(column, Column) else UNKNOWN
        thing = self._term(value, joins, flow)
        return flow.predicate(thing) if isinstance(thing, (*PREDICATES, Column)) else UNKNOWN

    def _contained(self, value: Operation, joins: list[Join], flow: Flow) -> Predicate:
        """Return `x in values`: a list, a query, or a text that holds another."""
        left, right = (self._term(o, joins, flow) for o in value.operands)
        if isinstance(left, Column):
            drafts = options(right)
            if drafts:
                found: Predicate = Compare(left, "in", (flow.operand(drafts[0]),), flow.here)
            elif isinstance(right, Bag):
                items = tuple(flow.operand(i) for i, _ in right.items)
                found = Compare(left, "in", items or (Parameter(),), flow.here)
            else:
                found = Compare(left, "in", (Parameter(), Parameter()), flow.here)
        elif isinstance(right, Column):
            found = liked(right, "like", flow.operand(left), "%", "%", flow.here)
        else:
            return UNKNOWN
        return found if value.op == "in" else denied(found, flow.dialect, turned=True)

    def _term(self, value: Value, joins: list[Join], flow: Flow) -> Thing:
        """Return an operand; what it leads through is joined."""
        if isinstance(value, Attr):
            base = self._term(value.base, joins, flow)
            if isinstance(base, Path):
                led = (base.entity.alias, base.name)
                known = next((j for j in joins if flow.pool.led.get(j.source.alias) == led), None)
                if known is not None:
                    entity: Entity | None = flow.pool.entities[known.source.alias]
                else:
                    found = self._joined(base, flow)
                    entity = found[0] if found is not None else None
                    if found is not None:
                        joins.append(found[1])
                        flow.pool.led[found[0].alias] = led
                return self.attribute(entity, value.name, flow) if entity is not None else None
            if isinstance(base, Entity):
                return self.attribute(base, value.name, flow)
        thing = flow.thing(value)
        return self._key(thing, flow) if isinstance(thing, Path) and not isinstance(value, Attr) else thing

    def _key(self, path: Path, flow: Flow) -> Thing:
        model = path.entity.model
        relation = model.relations.get(path.name) if model is not None else None
        if relation is None or len(relation.columns) != 1:
            return None
        return Column(path.entity.alias, relation.columns[0], flow.here)

    def attribute(self, base: Thing, name: str, flow: Flow) -> Thing | None:
        """Return a column or a relation of an entity."""
        if not isinstance(base, Entity) or base.model is None or base.model.framework != OF:
            return None
        if name in base.model.relations:
            return Path(base, name)
        column = base.model.columns.get(name)
        if column is None and name == "id":
            key = primary_key(base.model)
            column = key[0] if len(key) == 1 else None
        return Column(base.alias, column, flow.here) if column is not None else None

    def operation(self, op: str, things: list[Thing], flow: Flow) -> Thing | None:
        """Return what comparing a relation with an object compares: its foreign key."""
        del op, things, flow
        return None

    def item(self, base: Thing, key: Value, flow: Flow) -> Thing | None:
        """Return the object of a primary key: `User[3]`; or the first rows of a query, which is asked for at once."""
        if isinstance(base, Draft) and base.of == OF:
            limited = isinstance(key, Operation) and key.operands != (Lit(None), Lit(None))
            flow.ask(base.add("limit", None, flow.branch) if limited else base, flow.statement)
            return Bag()
        if isinstance(base, Entity) and base.model is not None and base.model.framework == OF:
            self._ask_by_key(base, flow)
            return Bag()
        return None

    def _ask_by_key(self, base: Entity, flow: Flow) -> None:
        assert base.model is not None
        source = Source(base.alias, base.table, -1, "from", at=flow.here)
        draft = Draft(OF, flow.place.file, root=base.alias, model=base.model).add("from", Join(source), flow.branch)
        for column in primary_key(base.model):
            condition = Compare(Column(base.alias, column, flow.here), "=", (Parameter(),), flow.here)
            draft = draft.add("where", condition, flow.branch)
        flow.ask(draft, flow.statement)

    # -- methods -------------------------------------------------------------------------------------------------------

    def each(self, found: Thing, flow: Flow) -> Thing | None:
        """Return nothing: what a loop is at leads nowhere here."""
        del found, flow
        return None

    def method(self, base: Thing, call: Call, name: str, flow: Flow) -> Thing | None:
        """Return what a method of an entity asks, or what a call adds to a query."""
        if isinstance(base, Entity) and base.model is not None and base.model.framework == OF:
            return self._of_entity(base, call, name, flow) if name in _OF_ENTITY else None
        drafts = [d for d in options(base) if d.of == OF]
        if not drafts:
            return None
        draft = drafts[0]
        if name in _ENDS:
            draft = draft.add("aggregate", None, flow.branch) if name in ("count", "sum", "avg") else draft
            draft = draft.add("limit", None, flow.branch) if name in ("first", "get", "exists") else draft
            flow.ask(replace(draft, verb="delete") if name == "delete" else draft, call.at)
            return Bag()
        if name in ("filter", "where"):
            return self._given(draft, call.args, flow)
        if name in ("order_by", "sort_by"):
            return draft.add("order", tuple(self._orders(draft, call, flow)), flow.branch)
        if name in ("limit", "page"):
            return draft.add("limit", None, flow.branch)
        if name in ("without_distinct", "distinct", "prefetch", "for_update"):
            return draft
        return draft.add("where", UNKNOWN, flow.branch)

    def _of_entity(self, base: Entity, call: Call, name: str, flow: Flow) -> Thing:
        source = Source(base.alias, base.table, -1, "from", at=flow.mark(call.at))
        draft = Draft(OF, flow.place.file, root=base.alias, model=base.model).add("from", Join(source), flow.branch)
        draft = self._given(draft, call.args, flow)
        if name == "select":
            return draft
        flow.ask(draft.add("limit", None, flow.branch), call.at)
        return Bag()

    def _given(self, draft: Draft, arguments: Sequence[Arg], flow: Flow) -> Draft:
        """Return a query with what a lambda or keyword arguments add."""
        entity = flow.pool.entities.get(draft.root)
        for argument in arguments:
            if argument.name is None and isinstance(argument.value, Function) and entity is not None:
                names = argument.value.parameters
                with flow.names.knowing(dict.fromkeys(names[:1], entity)):
                    draft = self._filtered(draft, [argument.value.result], flow)
                continue
            if argument.name in (None, "*", "**") or entity is None:
                draft = draft.add("where", UNKNOWN, flow.branch)
                continue
            column = self.attribute(entity, argument.name or "", flow)
            column = self._key(column, flow) if isinstance(column, Path) else column
            known = isinstance(column, Column)
            thing = flow.argument(argument)
            made = flow.compare(column, "=", flow.operand(thing)) if known and isinstance(column, Column) else UNKNOWN
            draft = draft.add("where", made, flow.branch)
        return draft

    def _orders(self, draft: Draft, call: Call, flow: Flow) -> Iterator[Order]:
        entity = flow.pool.entities.get(draft.root)
        for argument in call.args:
            value, descending = argument.value, False
            given: dict[str, Thing] = {}
            if isinstance(value, Function):
                given = dict.fromkeys(value.parameters[:1], entity)
                value = value.result
            if isinstance(value, Call) and getattr(value.func, "name", "") == "desc" and value.args:
                value, descending = value.args[0].value, True
            with flow.names.knowing(given):
                thing = self._term(value, [], flow)
            operand = thing if isinstance(thing, Column) else Expression("", (), "chosen when it runs")
            yield Order(operand, descending)
