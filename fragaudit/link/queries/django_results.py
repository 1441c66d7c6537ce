"""What else calls of a chain make of a query of Django: its order, what comes back, what is counted or written."""

from __future__ import annotations

from dataclasses import replace

from msgspec.structs import replace as changed

from fragaudit.link.orm.core import Model
from fragaudit.link.queries.django_conditions import Conditions
from fragaudit.link.queries.django_terms import OF, ROWS, Aggregate, Exists, Name, One
from fragaudit.link.queries.draft import Bag, Draft, Entity, Join, Sorted, Thing
from fragaudit.link.queries.flow import Flow, options
from fragaudit.model.sql import (
    Assign,
    Column,
    Constant,
    Expression,
    Order,
    Output,
    Parameter,
    Row,
    Source,
    Subquery,
)
from fragaudit.model.values import Call

_FIRST = {"first": False, "last": True, "afirst": False, "alast": True}
_NEAREST = {"earliest": False, "latest": True, "aearliest": False, "alatest": True}
NEAREST = frozenset({*_FIRST, *_NEAREST})
"""Methods that give one row by some order."""


class Results(Conditions):
    """Adds to queries of Django what they give back."""

    def _from(self, model: Model, flow: Flow, verb: str = "select") -> Draft:
        table = model.table.name
        at = flow.here if flow.here[0] >= 0 else (-1, -1)
        flow.pool.entity(Entity(table, model, table))
        keeps = model.framework.startswith(OF)
        draft = Draft(OF, flow.place.file, verb, root=table, model=model, keeps=keeps)  # type: ignore[arg-type]
        return draft.add(
            "from", Join(Source(table, table, -1, "from" if verb == "select" else "target", at=at)), flow.branch
        )

    def _ordered(self, draft: Draft, call: Call, flow: Flow) -> Draft:
        draft = draft.add("unordered", None, flow.branch)
        keys: list[Order] = []
        outer = flow.here
        for argument in call.args:
            flow.here = flow.mark(argument.at or call.at)
            thing = flow.argument(argument)
            items = [i for i, _ in thing.items] if isinstance(thing, Bag) else [thing]
            if isinstance(thing, Bag) and argument.name != "*":
                items = [None]
            for item in items:
                for one in self._by_relation(draft, item, flow):
                    draft, order = self._key(draft, one, flow)
                    keys.append(order)
        flow.here = outer
        return draft.add("order", tuple(keys), flow.branch)

    def _by_relation(self, draft: Draft, item: Thing, flow: Flow) -> list[Thing]:
        """Return the keys that a key of an order stands for: a relation is ordered as its model is."""
        if not isinstance(item, Constant) or item.kind != "string" or not item.value:
            return [item]
        name, model = item.value.lstrip("-+"), draft.model
        for part in name.split("__"):
            steps = self._paths(flow).relations.step(model, part) if model is not None and part != "pk" else None
            model = steps[-1].model if steps else None
        if model is None or not model.order:
            return [item]
        keys = ((key.lstrip("-+"), key.startswith("-") != item.value.startswith("-")) for key in model.order)
        return [Constant(f"{'-' if descending else ''}{name}__{key}") for key, descending in keys]

    def _key(self, draft: Draft, item: Thing, flow: Flow) -> tuple[Draft, Order]:
        unknown = Order(Expression("", (), "chosen when it runs"))
        if isinstance(item, Sorted):
            return draft, item.order
        if isinstance(item, Name):
            draft, operand = self._named(item, draft, flow)
            usual = "first" if item.descending == (flow.dialect == "postgres") else "last"
            return draft, Order(operand, item.descending, item.nulls if item.nulls != usual else "")
        if not isinstance(item, Constant) or item.kind != "string" or not item.value or item.value == "?":
            return draft, unknown
        name = item.value.lstrip("-+")
        reached = self._paths(flow).reach(draft, name, flow, how="left")
        if reached.column is None or reached.rest or reached.function:
            return draft, unknown
        return reached.draft, Order(reached.column, item.value.startswith("-"))

    def _default_order(self, draft: Draft, flow: Flow) -> Draft:
        """Return a query whose first rows are wanted with the order that its model has when none is written."""
        if draft.has("order", "unordered", "arms") or draft.model is None or not draft.model.order:
            return draft
        keys = []
        for name in draft.model.order:
            draft, order = self._key(draft, Constant(name), flow)
            keys.append(order)
        return draft.add("order", tuple(keys), flow.branch)

    def _nearest(self, draft: Draft, call: Call, name: str, flow: Flow) -> Thing:
        if name in _NEAREST:
            fields = [flow.argument(a) for a in call.args if a.name is None]
            draft = draft.add("unordered", None, flow.branch)
            keys = []
            for field in fields:
                draft, order = self._key(draft, field, flow)
                keys.append(changed(order, descending=order.descending != _NEAREST[name]))
            for name_ in draft.model.latest if draft.model is not None and not fields else ():
                draft, order = self._key(draft, Constant(name_), flow)
                keys.append(changed(order, descending=order.descending != _NEAREST[name]))
            draft = draft.add("order", tuple(keys or [Order(Expression("", (), "get_latest_by"))]), flow.branch)
        else:
            standing = draft.has("order")
            draft = self._default_order(draft, flow)
            unordered = draft.model is None or draft.model.framework == "tortoise"
            if not standing and not draft.has("order") and draft.model is not None and not unordered:
                key = Column(draft.root, draft.model.columns.get("pk", "id"), flow.here)
                draft = draft.add("order", (Order(key),), flow.branch)
            if _FIRST[name]:
                draft = reversed_(draft)
        flow.ask(draft.add("limit", None, flow.branch), call.at)
        return one_of(draft)

    def _counted(self, draft: Draft, call: Call, name: str, flow: Flow) -> Thing:
        draft = draft.add("unordered", None, flow.branch)
        found = []
        for argument in call.args:
            thing = flow.argument(argument)
            if isinstance(thing, Aggregate):
                path = thing.over.path if isinstance(thing.over, Name) else getattr(thing.over, "value", None)
                found.append((thing.name.lower(), path))
        if len(found) == 1 and len(call.args) == 1 and found[0][0] in ("max", "min") and isinstance(found[0][1], str):
            reached = self._paths(flow).reach(draft, found[0][1], flow)
            if reached.column is not None and not reached.rest and reached.draft is draft:
                draft = draft.add("extreme", ((found[0][0], reached.column),), flow.branch)
        flow.ask(draft.add("aggregate", None, flow.branch), call.at)
        return ROWS

    def _values(self, draft: Draft, call: Call, flow: Flow) -> Draft:
        outputs: list[Output] = []
        for argument in call.args:
            thing = flow.argument(argument)
            if argument.name in ("flat", "named"):
                continue
            if isinstance(thing, Constant) and thing.kind == "string" and thing.value:
                reached = self._paths(flow).reach(draft, thing.value, flow, how="left")
                draft = reached.draft
                outputs.append(Output(thing.value, reached.column))
            else:
                outputs.append(Output("?"))
        return draft.add("outputs", tuple(outputs), flow.branch)

    def _annotated(self, draft: Draft, call: Call, flow: Flow) -> Draft:
        for argument in call.args:
            thing = flow.argument(argument)
            for inner in options(thing):
                number = flow.pool.query(self.inside(inner, draft, flow))
                draft = draft.add("outputs", (Output("*"), Output(argument.name or "?", Subquery(number))), flow.branch)
            if isinstance(thing, Exists):
                number = flow.pool.query(self.inside(thing.draft, draft, flow))
                shown = Expression("", (), "exists", (number,))
                draft = draft.add("outputs", (Output("*"), Output(argument.name or "?", shown)), flow.branch)
            if isinstance(thing, Aggregate):
                over = thing.over.path if isinstance(thing.over, Name) else getattr(thing.over, "value", None)
                if isinstance(over, str):
                    draft = self._paths(flow).reach(draft, over, flow, how="left").draft
                if draft.model is not None:
                    key = Column(draft.root, draft.model.columns.get("pk", "id"))
                    draft = draft.add("aggregate", None, flow.branch).add("group", (key,), flow.branch)
            name = argument.name or (
                f"{getattr(thing.over, 'value', '')}__{thing.name.lower()}" if isinstance(thing, Aggregate) else "?"
            )
            kept = dict(draft.paths)
            kept[f"@{name}"] = _standing_for(thing) if f"@{name}" not in kept else ""
            draft = replace(draft, paths=tuple(kept.items()))
        return draft

    def _written(self, draft: Draft, call: Call, name: str, flow: Flow) -> Thing:
        assigns: list[Assign] = []
        for argument in call.args:
            flow.escape(flow.argument(argument), argument.value)
            if argument.name and argument.name not in ("*", "**") and draft.model is not None:
                assigns.append(Assign(draft.model.columns.get(argument.name, argument.name)))
        verb = "update" if "update" in name else "delete"
        draft = replace(draft.add("unordered", None, flow.branch), verb=verb)  # type: ignore[arg-type]
        flow.ask(draft.add("set", tuple(assigns), flow.branch), call.at)
        return ROWS

    def _prefetched(self, draft: Draft, call: Call, flow: Flow) -> None:
        """Report the queries that load related rows: by the key of those already there, level by level."""
        relations = self._paths(flow).relations
        for argument in call.args:
            thing = flow.argument(argument)
            if not isinstance(thing, Constant) or not isinstance(thing.value, str):
                continue
            model = draft.model
            for name in thing.value.split("__"):
                path = relations.related(model, name) if model is not None else None
                if path is None:
                    break
                model = path.model
                if path.many:
                    loaded = self._from(model, flow)
                    at = flow.mark(argument.at or call.at)
                    loaded, predicate = self._lookup(
                        loaded, f"{path.back}__in", Row((Parameter(), Parameter())), at, flow, "", "inner"
                    )
                    flow.ask(loaded.add("where", predicate, flow.branch), call.at)


_TRANSFORMS = {
    "lower": "lower",
    "upper": "upper",
    "length": "length",
    "date": "date",
    "trim": "trim",
    "abs": "abs",
    "year": "year",
}
"""Functions that are lookups as well."""


def _standing_for(thing: Thing) -> str:
    """Return the path that an annotation stands for, behind the function that is applied to it; empty for more."""
    if not isinstance(thing, Name) or thing.outer or not thing.path:
        return ""
    if thing.function in _TRANSFORMS:
        return f" {thing.path}__{_TRANSFORMS[thing.function]}"
    return f"{thing.function} {thing.path}"


def one_of(draft: Draft) -> Thing:
    """Return one row of a query."""
    whole = draft.model is not None and not draft.has("outputs", "arms") and draft.verb == "select"
    return One(draft.model) if whole and draft.model is not None else ROWS


def reversed_(draft: Draft) -> Draft:
    """Return a query whose rows come in the opposite order."""
    clauses = tuple(
        replace(c, value=tuple(changed(o, descending=not o.descending) for o in c.value))
        if c.kind == "order" and isinstance(c.value, tuple)
        else c
        for c in draft.clauses
    )
    return replace(draft, clauses=clauses)
