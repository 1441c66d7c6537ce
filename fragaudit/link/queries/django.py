"""Django's managers and querysets, `Q`, `F` and sub-queries, and the shortcuts that take them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from fragaudit.link.abstract import ClassRef
from fragaudit.link.orm.core import Model
from fragaudit.link.program import Place
from fragaudit.link.queries.django_functions import Functions
from fragaudit.link.queries.django_results import NEAREST, one_of, reversed_
from fragaudit.link.queries.django_terms import OF, ROWS, Aggregate, Around, Links, Lookups, Name, One, is_django_like
from fragaudit.link.queries.draft import UNBOUND, Draft, Drafts, Entity, Thing
from fragaudit.link.queries.flow import Flow, options
from fragaudit.link.queries.flow.references import entity_of
from fragaudit.link.queries.predicates import UNKNOWN
from fragaudit.model.sql import Column, Compare, Constant, Output, Parameter
from fragaudit.model.values import Attr, Call, Lit, Operation, Ref, Value, alternatives

_SAME = frozenset(
    {"using", "select_for_update", "defer", "only", "iterator", "aiterator", "select_related", "all", "none"}
)
"""Methods after which the same rows are asked for."""

_CACHED = frozenset({"cache", "nocache", "timeout", "cachalot"})
"""Methods of that kind that libraries add."""

_BY_CONDITIONS = frozenset(
    {"filter", "exclude", "get", "aget", "get_or_create", "aget_or_create", "update_or_create", "aupdate_or_create"}
)
"""Methods by whose arguments rows are looked up, unless a manager has its own."""


class DjangoQueries(Functions):
    """Understands the calls of Django."""

    # -- what starts a query -------------------------------------------------------------------------------------------

    def attribute(self, base: Thing, name: str, flow: Flow) -> Thing | None:
        """Return the query that a manager starts, or where a relation of a row leads."""
        if isinstance(base, Around):
            return base.query if name == "queryset" else None
        if base is UNBOUND or isinstance(base, One):
            return self._related(base.model if isinstance(base, One) else None, name, flow)
        if isinstance(base, Links):
            return entity_of(base.model, flow) if name == "through" else None
        model = base.model if isinstance(base, Entity) else None
        if model is None or not is_django_like(model):
            return None
        steps = self._paths(flow).relations.step(model, name) if name in model.relations else None
        if steps is not None and len(steps) > 1:
            return Links(steps[0].model)
        return self.managed(model, name, flow)

    def _related(self, model: Model | None, name: str, flow: Flow) -> Thing | None:
        """Return the row or the query of rows that an attribute of a row gives; `model` is None if it isn't known."""
        relations = self._paths(flow).relations
        found = relations.related(model, name) if model is not None else relations.only(name)
        if found is None:
            return None
        if not found.many:
            return One(found.model)
        loaded = self._from(found.model, flow)
        loaded, predicate = self._lookup(loaded, found.back, Parameter(), flow.here, flow, "", "inner")
        return loaded.add("where", predicate, flow.branch)

    def each(self, found: Thing, flow: Flow) -> Thing | None:
        """Return the row that a loop over a query is at."""
        drafts = [d for d in options(found) if d.of == OF]
        return one_of(drafts[0]) if len(drafts) == 1 and isinstance(one_of(drafts[0]), One) else None

    def given(self, place: Place, flow: Flow) -> Iterator[tuple[str, Thing]]:
        """Yield what names of a function stand for: `self` of managers and models, parameters annotated as models."""
        scope = flow.program.scope(place)
        own = self.receiver(place, flow)
        owner = flow.program.enclosing_class(place)
        model = flow.mapping.by_class.get(ClassRef(owner)) if owner is not None else None
        for number, parameter in enumerate(scope.parameters):
            if number == 0 and owner is not None:
                if own is not None:
                    yield parameter.name, own
                elif model is not None and model.framework == OF and parameter.name == "self":
                    yield parameter.name, One(model)
            elif parameter.annotation is not None:
                for value in alternatives(parameter.annotation):
                    if isinstance(value, Lit) and isinstance(value.value, str):
                        value = Ref(value.value)
                    named = flow.mapping.model(value, flow.view) if isinstance(value, (Ref, Attr)) else None
                    if named is not None and named.framework == OF:
                        yield parameter.name, One(named)
                        break

    # -- chains --------------------------------------------------------------------------------------------------------

    def method(self, base: Thing, call: Call, name: str, flow: Flow) -> Thing | None:
        """Return what a call adds to a query."""
        if isinstance(base, (Name, Aggregate)):
            if name in ("desc", "asc") and isinstance(base, Name):
                given = {a.name: a.value for a in call.args}
                last, first = (given.get(f"nulls_{end}") == Lit(True) for end in ("last", "first"))
                return replace(base, descending=name == "desc", nulls="last" if last else "first" if first else "")
            return base
        if isinstance(base, Around):
            return base.query if name == "get_queryset" else None
        if isinstance(base, Lookups) and name == "add":
            return self._joined(base, call, flow)
        if isinstance(base, Entity) and base.model is not None and is_django_like(base.model):
            if base.model.framework != "tortoise" or name not in _OF_CLASS:
                return None
            return self._extended(self._from(base.model, flow), call, name, flow)
        if base is ROWS or isinstance(base, One):
            for argument in call.args:
                flow.escape(flow.argument(argument), argument.value)
            return ROWS
        drafts = [d for d in options(base) if d.of == OF]
        if not drafts:
            return None
        made: list[Thing] = []
        for number, draft in enumerate(drafts):
            before = len(flow.asked)
            made.append(self._extended(draft, call, name, flow))
            if number and len(flow.asked) > before and not isinstance(made[-1], Draft):
                continue
        found = [d for t in made for d in options(t)]
        if not found:
            return made[0] if isinstance(made[0], One) and all(m == made[0] for m in made) else ROWS
        return found[0] if len(found) == 1 else Drafts(tuple(found))

    def item(self, base: Thing, key: Value, flow: Flow) -> Thing | None:
        """Return the first rows of a query."""
        if base is ROWS:
            return ROWS
        drafts = [d for d in options(base) if d.of == OF]
        if not drafts:
            return None
        flow.escape(flow.thing(key), key)
        made = [self._default_order(d, flow).add("limit", None, flow.branch) for d in drafts]
        if not (isinstance(key, Operation) and key.op == ":"):  # one row, which is asked for at once
            for draft in made:
                flow.ask(draft, flow.statement)
            return one_of(made[0])
        return made[0] if len(made) == 1 else Drafts(tuple(made))

    def _extended(self, draft: Draft, call: Call, name: str, flow: Flow) -> Thing:
        if name in _BY_CONDITIONS and self._overridden(draft, name, flow):
            self._arguments(call, flow)
            return draft.add("where", UNKNOWN, flow.branch)
        if name in ("filter", "exclude"):
            return self._filtered(draft, call.args, flow, call, negative=name == "exclude")
        if name in ("get", "aget", "get_or_none"):
            flow.ask(self._filtered(draft.add("unordered", None, flow.branch), call.args, flow, call), call.at)
            return one_of(draft)
        if name in ("get_or_create", "aget_or_create", "update_or_create", "aupdate_or_create"):
            kept = tuple(a for a in call.args if a.name not in ("defaults", "create_defaults"))
            for argument in call.args:
                if argument not in kept:
                    flow.escape(flow.argument(argument), argument.value)
            flow.ask(self._filtered(draft, kept, flow, call), call.at)
            if draft.model is not None:
                flow.ask(self._from(draft.model, flow, "insert"), call.at)
            return ROWS
        if name in ("create", "acreate", "bulk_create", "abulk_create"):
            self._arguments(call, flow)
            if draft.model is not None:
                flow.ask(self._from(draft.model, flow, "insert"), call.at)
            return ROWS
        if name in NEAREST:
            return self._nearest(draft, call, name, flow)
        if name in ("exists", "aexists"):
            flow.ask(draft.add("unordered", None, flow.branch).add("limit", None, flow.branch), call.at)
            return ROWS
        if name == "get_queryset":
            return draft
        if name in ("contains", "acontains") and draft.model is not None:
            at = flow.mark(call.at)
            found = Compare(Column(draft.root, draft.model.columns.get("pk", "id"), at), "=", (Parameter(),), at)
            flow.ask(draft.add("where", found, flow.branch).add("limit", None, flow.branch), call.at)
            return ROWS
        if name in ("count", "acount", "aggregate", "aaggregate"):
            return self._counted(draft, call, name, flow)
        if name in ("in_bulk", "ain_bulk"):
            named = next((flow.argument(a) for a in call.args if a.name == "field_name"), Constant("pk"))
            self._arguments(call, flow)
            if call.args and draft.model is not None:
                at = flow.mark(call.at)
                field = str(named.value) if isinstance(named, Constant) else ""
                if field not in draft.model.columns:
                    return ROWS
                key = Column(draft.root, draft.model.columns[field], at)
                draft = draft.add("where", Compare(key, "in", (Parameter(), Parameter()), at), flow.branch)
            flow.ask(draft, call.at)
            return ROWS
        if name in ("update", "aupdate", "delete", "adelete", "_raw_delete"):
            return self._written(draft, call, name, flow)
        if name == "order_by":
            return self._ordered(draft, call, flow)
        if name in ("limit", "offset"):  # of Tortoise
            self._arguments(call, flow)
            return self._default_order(draft, flow).add("limit" if name == "limit" else "offset", None, flow.branch)
        if name == "reverse":
            return reversed_(self._default_order(draft, flow))
        if name == "distinct":
            self._arguments(call, flow)
            return draft.add("distinct", None, flow.branch)
        if name in ("values", "values_list"):
            return self._values(draft, call, flow)
        if name in ("annotate", "alias"):
            return self._annotated(draft, call, flow)
        if name in ("union", "intersection", "difference"):
            arms = tuple(o[0] for a in call.args if (o := options(flow.argument(a))))
            kind = {"union": "union", "intersection": "intersect", "difference": "except"}[name]
            made = Draft(OF, draft.file, model=draft.model)
            return made.add("arms", (kind, (draft, *arms)), flow.branch)
        if name == "prefetch_related":
            self._prefetched(draft, call, flow)
            return draft
        if name in ("dates", "datetimes"):
            first = flow.argument(call.args[0]) if call.args else None
            self._arguments(call, flow)
            asked = Lookups(
                ((f"{getattr(first, 'value', '')}__isnull", Constant("false", "boolean"), flow.mark(call.at)),)
            )
            draft, predicate = self._condition(draft.add("unordered", None, flow.branch), asked, flow, "", "inner")
            return draft.add("where", predicate, flow.branch).add("outputs", (Output("?"),), flow.branch)
        if name in ("raw", "extra", "bulk_update", "abulk_update"):
            self._arguments(call, flow)
            return ROWS if name not in ("extra",) else draft.add("where", UNKNOWN, flow.branch)
        if name in _SAME:
            self._arguments(call, flow)
            return draft
        own = self._own_method(draft, name, flow)
        self._arguments(call, flow)
        return own or (draft if name in _CACHED else draft.add("where", UNKNOWN, flow.branch))

    def _arguments(self, call: Call, flow: Flow) -> None:
        for argument in call.args:
            flow.escape(flow.argument(argument), argument.value)


_OF_CLASS = frozenset(
    {
        "filter",
        "exclude",
        "get",
        "get_or_none",
        "all",
        "first",
        "create",
        "bulk_create",
        "get_or_create",
        "update_or_create",
        "annotate",
        "exists",
        "in_bulk",
    }
)
"""Methods of Tortoise's model classes, which are those of a manager."""


__all__ = ["OF", "DjangoQueries"]
