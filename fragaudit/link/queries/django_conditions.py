"""Conditions of Django's `filter`, `exclude` and `Q`: lookups to comparisons, and the joins that they need."""

from __future__ import annotations

from dataclasses import replace

from msgspec.structs import replace as changed

from fragaudit.link.queries.django_lookups import lookup
from fragaudit.link.queries.django_paths import Paths, Relations
from fragaudit.link.queries.django_renamed import renamed
from fragaudit.link.queries.django_terms import OF, OUTER, Exists, Lookups, Name
from fragaudit.link.queries.draft import Bag, Draft, Entity, Join, Named, Thing
from fragaudit.link.queries.flow import Flow, options
from fragaudit.link.queries.predicates import UNKNOWN, both, computed, denied, either
from fragaudit.model.sql import (
    Column,
    Compare,
    Constant,
    Expression,
    Opaque,
    Operand,
    Output,
    Parameter,
    Predicate,
    Row,
    Source,
    Subquery,
)
from fragaudit.model.values import Arg, Call


class Conditions:
    """Puts conditions into queries of Django."""

    def __init__(self) -> None:
        self._relations: Relations | None = None

    def _paths(self, flow: Flow) -> Paths:
        if self._relations is None:
            self._relations = Relations(flow.mapping)
        return Paths(self._relations)

    def _filtered(
        self, draft: Draft, arguments: tuple[Arg, ...], flow: Flow, call: Call, *, negative: bool = False
    ) -> Draft:
        found: list[tuple[Thing, int]] = []
        outer = flow.here
        for argument in arguments:
            thing = flow.argument(argument)
            if isinstance(thing, Named) and argument.name == "**":
                found += [(Lookups(((name, t, flow.mark(argument.at or call.at)),)), flow._inner(b))
                          for name, t, b in thing.items]  # fmt: skip
                if thing.more:
                    found.append((UNKNOWN, flow.branch))
            elif argument.name in ("*", "**"):
                items = thing.items if isinstance(thing, Bag) and argument.name == "*" else ()
                found += [(i if i is not None else UNKNOWN, flow._inner(b)) for i, b in items]
                if not items:
                    found.append((UNKNOWN, flow.branch))
            elif argument.name is None:
                if isinstance(thing, Bag):
                    found += [(i if i is not None else UNKNOWN, flow._inner(b)) for i, b in thing.items]
                else:
                    found.append((thing if thing is not None else UNKNOWN, flow.branch))
            else:
                mark = flow.mark(argument.at or call.at)
                found.append((Lookups(((argument.name, thing, mark),)), flow.branch))
        scope = f"#{len(draft.clauses)}"
        if negative and (len(found) == 1 or all(b == flow.branch for _, b in found)):
            found = [(Lookups(tuple(t for t, _ in found), negative=True), flow.branch)]
        for thing, branch in found:
            draft, predicate = self._condition(draft, thing, flow, scope, "inner")
            draft = draft.add("where", predicate, branch)
        flow.here = outer
        return draft

    def _condition(self, draft: Draft, thing: Thing, flow: Flow, scope: str, how: str) -> tuple[Draft, Predicate]:
        """Return what a condition is in a query, and the query with the joins it needs."""
        if isinstance(thing, Exists):
            number = flow.pool.query(self.inside(thing.draft, draft, flow))
            return draft, Compare(Subquery(number), "exists", (), flow.here)
        if not isinstance(thing, Lookups):
            return draft, flow.predicate(thing)
        if thing.negative or (thing.any and len(thing.items) > 1):
            how = "left"
        found: list[Predicate] = []
        for item in thing.items:
            if isinstance(item, tuple) and len(item) == 3 and isinstance(item[0], str):
                draft, predicate = self._lookup(
                    draft, item[0], item[1], item[2], flow, scope, how, negative=thing.negative
                )
            else:
                draft, predicate = self._condition(draft, item, flow, scope, how)
            found.append(predicate)
        whole = either(found) if thing.any else both(found)
        return draft, denied(whole, flow.dialect, turned=False) if thing.negative else whole

    def _lookup(
        self,
        draft: Draft,
        name: str,
        value: Thing,
        at: tuple[int, int],
        flow: Flow,
        scope: str,
        how: str,
        *,
        negative: bool = False,
    ) -> tuple[Draft, Predicate]:
        outer, flow.here = flow.here, at
        try:
            without = name.endswith("__isnull") and isinstance(value, Constant) and value.value == "true"
            reached = self._paths(flow).reach(draft, name, flow, how="left" if without else how, scope=scope)
            if reached.computed:
                return reached.draft, Opaque(Parameter())  # HAVING, or a condition on what is computed
            if reached.column is None:
                return reached.draft, UNKNOWN
            if negative and reached.many:
                # NOT over many rows becomes a query of its own, correlated by the key.
                return draft, self._none_of(draft, name, value, flow)
            operand = self._value(value, reached.draft, flow, scope)
            column = reached.column
            kind = ""
            if reached.model is not None:
                kind = next((c.type for c in reached.model.table.columns if c.name == column.name), "")
            made = lookup(column, reached.rest, operand, flow.dialect, kind, at, json=reached.json)
            return reached.draft, made if made is not None else UNKNOWN
        finally:
            flow.here = outer

    def _none_of(self, draft: Draft, name: str, value: Thing, flow: Flow) -> Predicate:
        """Return what `exclude` asks of rows that have many partners; it is negated by the caller."""
        if draft.model is None:
            return Opaque(Parameter())
        first, _, rest = name.partition("__")
        steps = self._paths(flow).relations.step(draft.model, first)
        if not steps:
            return Opaque(Parameter())
        step = steps[0]
        alias = flow.pool.alias(step.model.table.name)
        flow.pool.entity(Entity(alias, step.model, step.model.table.name))
        inner = Draft(OF, draft.file, root=alias, model=step.model)
        inner = inner.add("from", Join(Source(alias, step.model.table.name, -1, "from", at=flow.here)), flow.branch)
        for own, there in step.pairs:
            inner = inner.add(
                "where", Compare(Column(alias, there, flow.here), "=", (Column(draft.root, own),), flow.here)
            )
        if rest and len(steps) == 1:
            inner, predicate = self._lookup(inner, rest, value, flow.here, flow, "", "inner")
            inner = inner.add("where", predicate, flow.branch)
        return Compare(Subquery(flow.pool.query(inner)), "exists", (), flow.here)

    def _value(self, value: Thing, draft: Draft, flow: Flow, scope: str) -> Operand:
        """Return what a lookup compares with; an `F` names the rows that the lookups beside it join."""
        if isinstance(value, Name):
            return self._named(value, draft, flow, scope)[1]
        if isinstance(value, Bag):
            return Row(tuple(self._value(i, draft, flow, scope) for i, _ in value.items))
        drafts = [d for d in options(value) if d.of == OF]
        if drafts:
            inner = self.inside(drafts[0], draft, flow)
            if not inner.has("outputs") and inner.model is not None:
                inner = inner.add("outputs", (Output("pk", Column(inner.root, inner.model.columns.get("pk", "id"))),))
            return Subquery(flow.pool.query(inner))
        return flow.operand(value)

    def _named(self, value: Name, draft: Draft, flow: Flow, scope: str = "") -> tuple[Draft, Operand]:
        if value.outer:
            return draft, Column(OUTER, value.path, flow.here)
        reached = self._paths(flow).reach(draft, value.path, flow, how="left", scope=scope)
        if reached.column is None:
            return draft, Expression("", (), "unknown")
        operand: Operand = reached.column
        if value.function == "arithmetic":
            operand = Expression("", (reached.column,), "arithmetic", (), reached.column.at)
        elif value.function:
            operand = computed(value.function, [reached.column])
        return reached.draft, operand

    def inside(self, inner: Draft, outer: Draft, flow: Flow) -> Draft:
        """Return a query as one inside another: under aliases of its own, its outer references those of the other."""
        mine = {inner.root, *(a for _, a in inner.paths)}
        names = {alias: flow.pool.alias(alias) for alias in sorted(mine) if alias}
        for alias, new in names.items():
            entity = flow.pool.entities.get(alias)
            if entity is not None:
                flow.pool.entity(replace(entity, alias=new))

        def column(item: Column) -> Column:
            if item.source == OUTER:
                reached = self._paths(flow).reach(outer, item.name, flow)
                return reached.column or Column("", item.name, item.at)
            return changed(item, source=names.get(item.source, item.source))

        return renamed(inner, names, column, flow)
