"""What Django's admin, generic views and filter sets will ask, as the attributes of their classes declare it.

Each entry is a query of its own, placed at the line of its attribute: people ask by any one of them alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from fragaudit.link.abstract import ClassRef
from fragaudit.link.orm.classes import Classes
from fragaudit.link.orm.core import Model
from fragaudit.link.orm.reader import Read, View
from fragaudit.link.program import Place
from fragaudit.link.queries.django import DjangoQueries
from fragaudit.link.queries.django_filters import Filter, declared_filters, is_filter_set, named_filters, searched
from fragaudit.link.queries.django_lookups import LOOKUPS
from fragaudit.link.queries.django_terms import OF, Lookups
from fragaudit.link.queries.draft import Draft, Thing
from fragaudit.link.queries.flow import Asked, Flow, options
from fragaudit.link.queries.flow.handing import adopted
from fragaudit.link.queries.predicates import UNKNOWN
from fragaudit.model.facts import NO_BRANCH
from fragaudit.model.locations import Location
from fragaudit.model.sql import Constant, Expression, Opaque, Parameter, Row
from fragaudit.model.statements import BY_ADMIN, BY_CLIENTS
from fragaudit.model.values import Attr, Call, Ref, Span

_VIEWS = ("ViewSet", "APIView", "ListView", "FilterView")
_DATES = ("date", "time")
FEW = "it is one of the few values that the admin lists"


class Declared:
    """Reads the classes of one repository. `dialects` are those that files' services speak, by path."""

    def __init__(self, queries: DjangoQueries, dialects: Mapping[str, str]) -> None:
        self._queries = queries
        self._dialects = dialects
        self._registered: dict[ClassRef, list[Model]] = {}
        self._used: set[ClassRef] = set()

    def all(self, start: Flow) -> list[Asked]:
        """Return what all classes declare, views before the filter sets that they use; `start` is any flow."""
        classes = start.mapping.classes
        found = [(cls, kind) for cls in classes.all() if (kind := _kind(classes, cls))]
        if any(kind == "admin" for _, kind in found):
            self._register(start)
        asked: list[Asked] = []
        for cls, kind in sorted(found, key=lambda each: each[1] == "filters"):
            dialect = self._dialects.get(classes.module(cls), "")
            flow = Flow(start.shared, cls.place, dialect)
            {"admin": self._admin, "view": self._view, "filters": self._filters}[kind](cls, flow)
            asked += [one._replace(maintenance=BY_ADMIN) if kind == "admin" else one for one in flow.asked]
        return asked

    # -- the admin -----------------------------------------------------------------------------------------------------

    def _register(self, flow: Flow) -> None:
        """Note which models a class of the admin is registered for, by its decorator or by a call."""
        program = flow.program
        for number, file in enumerate(program.files):
            for use in file.uses:
                call = use.value
                if isinstance(call, Call) and getattr(call.func, "name", "") == "register" and len(call.args) > 1:
                    view = View(Place(number, use.scope))
                    named = flow.reader.project_class(call.args[1].value, view)
                    if named is not None:
                        self._note(named, [m for v in _each(call.args[0].value) if (m := flow.mapping.model(v, view))])
        for cls in flow.mapping.classes.all():
            for decorator in program.scope(cls.place).decorators:
                if isinstance(decorator, Call) and getattr(decorator.func, "name", "") == "register":
                    view = View(Place(cls.place.file, max(program.scope(cls.place).parent, 0)))
                    self._note(cls, [m for a in decorator.args if (m := flow.mapping.model(a.value, view))])

    def _note(self, cls: ClassRef, models: Sequence[Model]) -> None:
        known = self._registered.setdefault(cls, [])
        known += [m for m in models if m.framework == OF and m not in known]

    def _admin(self, cls: ClassRef, flow: Flow) -> None:
        for model in self._registered.get(cls, ()):
            base = self._base(cls, self._queries._from(model, flow), flow)
            found = _member(flow, cls, "search_fields")
            if found is not None:
                self._search(base, found, flow)
            found = _member(flow, cls, "list_filter")
            for item in (flow.reader.items(found[0]) or []) if found is not None else []:
                first = item if flow.reader.text(item) is not None else next(iter(flow.reader.items(item) or []), None)
                path = flow.reader.text(first) if first is not None else None
                if found is not None and path:
                    self._one(base, path, found[1], flow)
            found = _member(flow, cls, "date_hierarchy")
            path = flow.reader.text(found[0]) if found is not None else None
            if found is not None and path:
                self._one(base, path, found[1], flow)
            found = _member(flow, cls, "ordering")
            names = flow.reader.texts(found[0]) if found is not None else None
            if found is not None and names:
                self._sorted(base, names, found[1], flow)

    # -- views ---------------------------------------------------------------------------------------------------------

    def _view(self, cls: ClassRef, flow: Flow) -> None:
        model, base = self._asked_by(cls, flow)
        if model is None or base is None:
            return
        found = _member(flow, cls, "queryset")
        if found is not None and base.has("where"):
            flow.asked.append(Asked(base, NO_BRANCH, _place(flow, found[1]), flow.place.file))
        found = _member(flow, cls, "search_fields")
        if found is not None:
            self._search(base, found, flow)
        for name in ("filterset_fields", "filter_fields"):
            found = _member(flow, cls, name)
            if found is not None:
                self._filtered(base, named_filters(flow.reader, found[0]), found[1], flow)
        found = _member(flow, cls, "filterset_class") or _member(flow, cls, "filter_class")
        own = flow.reader.project_class(found[0].value, found[0].view) if found is not None else None
        if own is not None and _model_of(flow, own) is model:
            self._used.add(own)
            inside = Flow(flow.shared, own.place, flow.dialect)
            for at, filters in self._of_set(own, inside):
                self._filtered(replace(base, file=own.place.file), filters, at, inside)
            flow.asked += inside.asked
        found = _member(flow, cls, "ordering_fields")
        for name in (flow.reader.texts(found[0]) or ()) if found is not None else ():
            if found is not None and name != "__all__":
                self._sorted(base, (name,), found[1], flow)
        for attribute in ("lookup_field", "slug_field"):
            found = _member(flow, cls, attribute)
            name_ = flow.reader.text(found[0]) if found is not None else None
            if found is not None and name_ and name_ not in ("pk", "id"):
                self._filtered(base, [Filter(name_, "exact")], found[1], flow, "")

    def _asked_by(self, cls: ClassRef, flow: Flow) -> tuple[Model | None, Draft | None]:
        """Return the model that a view is about, and the query that it starts from."""
        found = _member(flow, cls, "queryset")
        made: tuple[Draft, ...] = ()
        if found is not None:
            inner = Flow(flow.shared, found[0].view.place, flow.dialect)
            made = options(inner.thing(found[0].value))
        base = made[0] if len(made) == 1 and made[0].of == OF else None
        model = base.model if base is not None else None
        if base is None:
            found = _member(flow, cls, "model")
            named = flow.mapping.model(found[0].value, found[0].view) if found is not None else None
            model = named if named is not None and named.framework == OF else None
            if model is None:
                found = _member(flow, cls, "serializer_class")
                own = flow.reader.project_class(found[0].value, found[0].view) if found is not None else None
                model = _model_of(flow, own) if own is not None else None
            base = self._queries._from(model, flow) if model is not None else None
        if base is not None:
            moved = Draft(OF, cls.place.file, base.verb, base.clauses, base.root, base.model, base.paths)
            base = self._base(cls, adopted(moved, 0, flow), flow)
        return model, base

    def _base(self, cls: ClassRef, start: Draft, flow: Flow) -> Draft:
        """Return the query that a class starts from: what its own `get_queryset` makes of the usual one."""
        classes = flow.mapping.classes
        for each in classes.order(cls):
            methods = classes.functions(each)
            if "filter_queryset" in methods:
                return start.add("where", UNKNOWN)
            if "get_queryset" in methods:
                made = self._queries._through(start, methods["get_queryset"], flow, around=True)
                return made or start.add("where", UNKNOWN)
        return start

    # -- filter sets ---------------------------------------------------------------------------------------------------

    def _filters(self, cls: ClassRef, flow: Flow) -> None:
        """Ask by the filters of a set that some code uses on a query that isn't known."""
        model = _model_of(flow, cls)
        if model is None or cls in self._used:
            return
        base = self._queries._from(model, flow).add("where", UNKNOWN)
        for at, filters in self._of_set(cls, flow):
            self._filtered(base, filters, at, flow)

    def _of_set(self, cls: ClassRef, flow: Flow) -> Iterator[tuple[Span, list[Filter]]]:
        classes = flow.mapping.classes
        meta = classes.inner(cls, "Meta")
        binding = classes.members(meta).get("fields") if meta is not None else None
        taken: set[str] = set()
        for each in classes.order(cls):
            for name, bound in classes.members(each).items():
                if name not in taken and isinstance(bound.value, Call):
                    taken.add(name)
                    found = declared_filters(flow.reader, name, bound.value, View(each.place))
                    if found and each == cls:
                        yield bound.at, found
        if binding is not None and binding.value is not None and meta is not None:
            named = named_filters(flow.reader, Read(binding.value, View(meta.place)))
            yield binding.at, [f for f in named if f.path not in taken]

    # -- asking --------------------------------------------------------------------------------------------------------

    def _filtered(self, base: Draft, filters: Sequence[Filter], at: Span, flow: Flow, why: str = BY_CLIENTS) -> None:
        for each in filters:
            name = each.path if each.lookup == "exact" else f"{each.path}__{each.lookup}"
            value: Thing = Row((Parameter(), Parameter())) if each.lookup in ("in", "range") else Parameter()
            self._ask(base, Lookups(((name, value, flow.mark(at)),)), at, flow, why)

    def _one(self, base: Draft, path: str, at: Span, flow: Flow) -> None:
        """Ask by one field of the admin's side bar: dates by a range, references by a key.

        Of other fields the side bar lists the values, so there are few of them, and an index would find too many rows.
        """
        mark = flow.mark(at)
        flow.here = mark
        reached = self._queries._paths(flow).reach(base, path, flow)
        if reached.column is None or reached.rest or reached.model is None:
            return
        name = reached.column.name
        kind = next((c.type for c in reached.model.table.columns if c.name == name), "")
        if kind.startswith(_DATES):
            self._filtered(base, [Filter(path, "range")], at, flow)
        elif any(name in key.columns for key in reached.model.table.foreign_keys) or name == path + "_id":
            self._filtered(base, [Filter(path, "exact")], at, flow)
        else:
            few = Opaque(Expression("", (reached.column,), FEW, (), mark))
            draft = reached.draft.add("where", few)
            flow.asked.append(Asked(draft, NO_BRANCH, _place(flow, at), flow.place.file))

    def _search(self, base: Draft, found: tuple[Read, Span], flow: Flow) -> None:
        names = flow.reader.texts(found[0])
        mark = flow.mark(found[1])
        items = tuple((searched(name, LOOKUPS), Parameter(), mark) for name in names or ())
        if items:
            self._ask(base, Lookups(items, any=True), found[1], flow, BY_CLIENTS)

    def _ask(self, base: Draft, condition: Lookups, at: Span, flow: Flow, why: str) -> None:
        draft, predicate = self._queries._condition(base, condition, flow, "#declared", "inner")
        if any(c.kind == "where" for c in base.clauses) or predicate != UNKNOWN:
            draft = draft.add("where", predicate)
            flow.asked.append(Asked(draft, NO_BRANCH, _place(flow, at), flow.place.file, maintenance=why))

    def _sorted(self, base: Draft, names: Sequence[str], at: Span, flow: Flow) -> None:
        draft = base.add("unordered")
        keys = []
        for name in names:
            draft, order = self._queries._key(draft, Constant(name), flow)
            keys.append(order)
        draft = draft.add("order", tuple(keys)).add("limit")
        asked = Asked(draft, NO_BRANCH, _place(flow, at), flow.place.file, maintenance=BY_CLIENTS)
        flow.asked.append(asked)


def _place(flow: Flow, at: Span) -> Location:
    return flow.program.location(flow.place.file, at)


def _kind(classes: Classes, cls: ClassRef) -> str:
    """Say what a class is, of those whose attributes declare what is asked: empty for none of them."""
    outside = classes.outside(cls)
    if is_filter_set(outside):
        return "filters"
    if any(n.rpartition(".")[2].endswith("Admin") for n in outside):
        return "admin"
    return "view" if any(n.rpartition(".")[2].endswith(_VIEWS) for n in outside) else ""


def _member(flow: Flow, cls: ClassRef, name: str) -> tuple[Read, Span] | None:
    """Return what an attribute of a class is bound to and where; where an ancestor's file says it, at the class."""
    for each in flow.mapping.classes.order(cls):
        binding = flow.mapping.classes.members(each).get(name)
        if binding is not None and binding.value is not None:
            at = binding.at if each.place.file == cls.place.file else flow.program.scope(cls.place).span
            return Read(binding.value, View(each.place)), at
    return None


def _model_of(flow: Flow, cls: ClassRef) -> Model | None:
    """Return the model that the `Meta` of a filter set or serializer names."""
    for each in flow.mapping.classes.order(cls):
        meta = flow.mapping.classes.inner(each, "Meta")
        binding = flow.mapping.classes.members(meta).get("model") if meta is not None else None
        if binding is not None and binding.value is not None and meta is not None:
            thing = flow.mapping.model(binding.value, View(meta.place))
            return thing if thing is not None and thing.framework == OF else None
    return None


def _each(value: object) -> Sequence[Ref | Attr]:
    items = getattr(value, "items", None)
    return [v for v in (items if items is not None else [value]) if isinstance(v, (Ref, Attr))]


__all__ = ["Declared"]
