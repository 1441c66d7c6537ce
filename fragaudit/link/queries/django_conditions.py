"""Conditions of Django's `filter`, `exclude` and `Q`: lookups to comparisons, and the joins that they need."""

from __future__ import annotations

from dataclasses import replace

from msgspec.structs import replace as changed

from fragaudit.link.queries.django_lookups import LOOKUPS, lookup
from fragaudit.link.queries.django_paths import Paths, Relations
from fragaudit.link.queries.django_renamed import renamed
from fragaudit.link.queries.django_terms import OF, OUTER, Exists, Lookups, Name
from fragaudit.link.queries.draft import Bag, Draft, Entity, Join, Named, Thing
from fragaudit.link.queries.flow import Flow, options
from fragaudit.link.queries.flow.conditions import compared_with
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

_CAST = frozenset(
    {"contains", "icontains", "startswith", "istartswith", "endswith", "iendswith", "iexact", "year", "month", "day"}
)
"""Lookups for which Tortoise writes a cast, or takes a part of a date."""


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
            thing = compared_with(argument, flow)
            if isinstance(thing, Named) and argument.name == "**":
                found += [(Lookups(((name, t, flow.mark(argument.at or call.at)),)), flow.inner(b))
                          for name, t, b in thing.items]  # fmt: skip
                if thing.more:
                    found.append((UNKNOWN, flow.branch))
            elif argument.name in ("*", "**"):
                items = thing.items if isinstance(thing, Bag) and argument.name == "*" else ()
                found += [(i if i is not None else UNKNOWN, flow.inner(b)) for i, b in items]
                if not items:
                    found.append((UNKNOWN, flow.branch))
            elif argument.name is None:
                if isinstance(thing, Bag):
                    found += [(i if i is not None else UNKNOWN, flow.inner(b)) for i, b in thing.items]
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

    def _condition(
        self, draft: Draft, thing: Thing, flow: Flow, scope: str, how: str, *, denying: bool = False
    ) -> tuple[Draft, Predicate]:
        """Return what a condition is in a query, and the query with the joins it needs.

        `denying`: what is around it turns it into its opposite.
        """
        if isinstance(thing, Exists):
            number = flow.pool.query(self.inside(thing.draft, draft, flow))
            return draft, Compare(Subquery(number), "exists", (), flow.here)
        if not isinstance(thing, Lookups):
            return draft, flow.predicate(thing)
        if thing.negative or (thing.any and len(thing.items) > 1):
            how = "left"
        denying = denying != thing.negative
        found: list[Predicate] = []
        for item in thing.items:
            if isinstance(item, tuple) and len(item) == 3 and isinstance(item[0], str):
                draft, predicate = self._lookup(draft, item[0], item[1], item[2], flow, scope, how, negative=denying)
            else:
                draft, predicate = self._condition(draft, item, flow, scope, how, denying=denying)
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
            known = value if isinstance(value, Constant) else None
            absent = name.endswith("__isnull") and known is not None and known.value == "true"
            absent = absent or (known is not None and known.kind == "null" and not negative)
            reached = self._paths(flow).reach(draft, name, flow, how="left" if absent else how, scope=scope)
            if reached.computed:
                return reached.draft, Opaque(Parameter())  # HAVING, or a condition on what is computed
            if reached.column is None:
                return reached.draft, UNKNOWN
            if negative and reached.many:
                # NOT over many rows becomes a query of its own, correlated by the key.
                return draft, self._none_of(draft, name, value, flow)
            after, operand = self._value(value, reached.draft, flow, "left" if negative else how, scope)
            reached = replace(reached, draft=after)
            column = reached.column
            if column is None:
                return reached.draft, UNKNOWN
            if reached.function:
                return reached.draft, Opaque(computed(reached.function, [column]))
            if reached.rest and reached.rest[-1] in _CAST and reached.model and reached.model.framework == "tortoise":
                return reached.draft, Opaque(computed("cast", [column], why="cast"))
            kind = ""
            if reached.model is not None:
                kind = next((c.type for c in reached.model.table.columns if c.name == column.name), "")
            made = lookup(column, reached.rest, operand, flow.dialect, kind, at, json=reached.json)
            if made is not None and negative and not absent and _optional(reached.draft, column.source):
                made = both([made, Compare(column, "is not null", (), at)])  # so that rows without a partner stay
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
        after = steps[-1].pairs[0][0] if len(steps) > 1 else "pk"
        lookups = not rest or rest.partition("__")[0] in LOOKUPS
        if len(steps) > 1 and not lookups and not self._paths(flow).is_key(steps, rest.partition("__")[0]):
            inner, beyond = self._paths(flow).joined(inner, alias, steps[-1], flow)
            inner = replace(inner, root=beyond, model=steps[-1].model)
            inner, predicate = self._lookup(inner, rest, value, flow.here, flow, "", "inner")
            inner = replace(inner, root=alias, model=step.model)
        elif len(steps) > 1:
            rest = rest if lookups else rest.partition("__")[2]
            made = lookup(Column(alias, after, flow.here), tuple(filter(None, rest.split("__"))),
                          self._value(value, inner, flow, "inner", "")[1], flow.dialect, "", flow.here)  # fmt: skip
            predicate = made if made is not None else UNKNOWN
        else:
            path = "__".join(filter(None, (after if lookups else "", rest)))
            inner, predicate = self._lookup(inner, path, value, flow.here, flow, "", "inner")
        inner = inner.add("where", predicate, flow.branch)
        return Compare(Subquery(flow.pool.query(inner)), "exists", (), flow.here)

    def _value(self, value: Thing, draft: Draft, flow: Flow, how: str, scope: str) -> tuple[Draft, Operand]:
        """Return what a lookup compares with, and the query with the joins that it needs.

        An `F` names the rows that the lookups beside it join.
        """
        if isinstance(value, Name):
            return self._named(value, draft, flow, how, scope)
        if isinstance(value, Bag):
            items = []
            for item, _ in value.items:
                draft, operand = self._value(item, draft, flow, how, scope)
                items.append(operand)
            return draft, Row(tuple(items))
        drafts = [d for d in options(value) if d.of == OF]
        if drafts:
            inner = self.inside(drafts[0], draft, flow)
            if not inner.has("outputs") and inner.model is not None:
                inner = inner.add("outputs", (Output("pk", Column(inner.root, inner.model.columns.get("pk", "id"))),))
            return draft, Subquery(flow.pool.query(inner))
        return draft, flow.operand(value)

    def _named(
        self, value: Name, draft: Draft, flow: Flow, how: str = "left", scope: str = ""
    ) -> tuple[Draft, Operand]:
        if value.outer:
            return draft, Column(OUTER, value.path, flow.here)
        reached = self._paths(flow).reach(draft, value.path, flow, how=how, scope=scope)
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


def _optional(draft: Draft, alias: str) -> bool:
    """Say whether a query has rows without a partner in a table that it joins."""
    joins = [c.value.source for c in draft.clauses if c.kind == "join" and isinstance(c.value, Join)]
    return any(source.alias == alias and source.how == "left" for source in joins)
