"""Django's managers and querysets, `Q`, `F` and sub-queries, and the shortcuts that take them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from fragaudit.link.abstract import ClassRef
from fragaudit.link.orm.core import Model
from fragaudit.link.orm.reader import Read
from fragaudit.link.program import Place
from fragaudit.link.queries.django_managers import Managers
from fragaudit.link.queries.django_results import NEAREST, one_of, reversed_
from fragaudit.link.queries.django_terms import OF, ROWS, Aggregate, Exists, Lookups, Name, One, is_django_like
from fragaudit.link.queries.draft import UNBOUND, Bag, Draft, Drafts, Entity, Named, Thing
from fragaudit.link.queries.flow import Flow, options
from fragaudit.link.queries.predicates import UNKNOWN
from fragaudit.model.sql import Column, Compare, Constant, Parameter
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

_AGGREGATES = frozenset(
    {
        "Count",
        "Sum",
        "Avg",
        "Max",
        "Min",
        "StdDev",
        "Variance",
        "ArrayAgg",
        "StringAgg",
        "JSONBAgg",
        "BoolOr",
        "BoolAnd",
    }
)
_ONE_ARGUMENT = {
    "Lower": "lower",
    "Upper": "upper",
    "Length": "length",
    "Trim": "trim",
    "Abs": "abs",
    "Date": "date",
    "TruncDate": "date",
    "TruncDay": "date_trunc",
    "TruncMonth": "date_trunc",
    "TruncYear": "date_trunc",
    "TruncHour": "date_trunc",
    "TruncWeek": "date_trunc",
    "Trunc": "date_trunc",
    "Extract": "extract",
    "ExtractYear": "extract",
    "ExtractMonth": "extract",
    "Coalesce": "coalesce",
    "Concat": "concat",
    "Cast": "cast",
    "Greatest": "greatest",
    "Least": "least",
    "Func": "function",
    "Collate": "collate",
}


class DjangoQueries(Managers):
    """Understands the calls of Django."""

    # -- what starts a query -------------------------------------------------------------------------------------------

    def attribute(self, base: Thing, name: str, flow: Flow) -> Thing | None:
        """Return the query that a manager starts, or where a relation of a row leads."""
        if base is UNBOUND or isinstance(base, One):
            return self._related(base.model if isinstance(base, One) else None, name, flow)
        model = base.model if isinstance(base, Entity) else None
        if model is None or not is_django_like(model):
            return None
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
                    named = flow.mapping.model(value, flow.view) if isinstance(value, (Ref, Attr)) else None
                    if named is not None and named.framework == OF:
                        yield parameter.name, One(named)
                        break

    def function(self, call: Call, flow: Flow) -> Thing | None:
        """Return what a call of the library's functions is."""
        name = getattr(call.func, "name", "")
        if name == "Q":
            return self._q(call, flow)
        if name == "super":
            own = flow.name("self")
            return own if any(d.of == OF for d in options(own)) else None
        if name == "Prefetch":
            for argument in call.args:
                for draft in options(flow.argument(argument)):
                    # The keys of the rows that are there already are added.
                    flow.ask(draft.add("where", UNKNOWN, flow.branch), call.at)
            return ROWS
        if name in ("get_model", "get_user_model", "get_class"):
            return self._by_label(call, name, flow)
        if name in ("F", "OuterRef") and call.args and isinstance(call.args[0].value, Lit):
            return (
                Name(str(call.args[0].value.value), outer=name == "OuterRef") if self._is_django(call, flow) else None
            )
        if name in ("Exists", "Subquery", "ArraySubquery") and call.args:
            drafts = [d for d in options(flow.argument(call.args[0])) if d.of == OF]
            if not drafts:
                return None
            return Exists(drafts[0]) if name == "Exists" else drafts[0]
        if name in ("get_object_or_404", "aget_object_or_404", "get_list_or_404", "aget_list_or_404") and call.args:
            return self._shortcut(call, name, flow)
        if name in ("reduce",) and len(call.args) > 1:
            return self._reduced(call, flow)
        if name in _AGGREGATES and call.args and self._is_django(call, flow):
            thing = flow.argument(call.args[0])
            for argument in call.args[1:]:
                flow.argument(argument)
            return Aggregate(name, thing)
        if (
            name in _ONE_ARGUMENT or name in ("Value", "Case", "When", "ExpressionWrapper", "Cast")
        ) and self._is_django(call, flow):
            things = [flow.argument(a) for a in call.args]
            if name == "Value":
                return things[0] if things else None
            if name in ("Case", "When"):
                return None
            first = things[0] if things else None
            path = first.path if isinstance(first, Name) else first.value if isinstance(first, Constant) else None
            return Name(path, _ONE_ARGUMENT.get(name, "arithmetic")) if isinstance(path, str) else None
        return None

    def _by_label(self, call: Call, name: str, flow: Flow) -> Thing | None:
        """Return the model that is asked for by its app and name, or the project's user model."""
        if name == "get_user_model":
            label = flow.mapping.user
        else:
            given = [flow.reader.text(Read(a.value, flow.view)) for a in call.args]
            label = ".".join(g for g in given if g) if None not in given else ""
        app, _, own = label.rpartition(".")
        model = flow.mapping.labelled(app, own) if own else None
        return flow.entity_of(model) if model is not None else None

    def _is_django(self, call: Call, flow: Flow) -> bool:
        name = flow.reader.callee(call, flow.view)
        return name.startswith(("django", "tortoise", "ormar")) or name == ""

    def _q(self, call: Call, flow: Flow) -> Thing | None:
        items: list[object] = []
        for argument in call.args:
            thing = flow.argument(argument)
            mark = flow.mark(argument.at or call.at)
            if argument.name is None:
                items.append(thing if thing is not None else UNKNOWN)
            elif argument.name == "_connector" or argument.name == "_negated":
                return Lookups((UNKNOWN,))
            elif isinstance(thing, Named) and argument.name == "**" and not thing.more:
                items += [(name, t, mark) for name, t, _ in thing.items]
            elif argument.name in ("*", "**"):
                items.append(UNKNOWN)
            else:
                items.append((argument.name, thing, mark))
        return Lookups(tuple(items))

    def _joined(self, base: Lookups, call: Call, flow: Flow) -> Thing | None:
        """Follow `q.add(Q(…), Q.OR)`."""
        more = flow.argument(call.args[0]) if call.args else None
        how = call.args[1].value if len(call.args) > 1 else None
        alone = not base.items and not base.negative
        made = (
            more
            if alone
            else Lookups((base, more if more is not None else UNKNOWN), any=getattr(how, "name", "") == "OR")
        )
        if not isinstance(how, (Ref, Attr)) or how.name not in ("OR", "AND"):
            made = Lookups((base, UNKNOWN), any=True)
        if isinstance(call.func, Attr) and isinstance(call.func.base, Ref):
            flow._bind(call.func.base.name, made, extends=True)
        return made

    def operation(self, op: str, things: list[Thing], flow: Flow) -> Thing | None:
        """Return what an operator makes of `Q` and `F`."""
        if any(isinstance(t, (Lookups, Exists)) for t in things):
            if op in ("~", "not"):
                return Lookups((things[0],), negative=True)
            if op in ("&", "|", "and", "or"):
                kept = [t for t in things if not (isinstance(t, Lookups) and not t.items and not t.negative)]
                if any(isinstance(t, Bag) for t in kept):
                    return None
                return Lookups(tuple(t if t is not None else UNKNOWN for t in kept), any=op in ("|", "or"))
        if any(isinstance(t, Name) for t in things) and op in ("+", "-", "*", "/", "%"):
            first = next(t for t in things if isinstance(t, Name))
            return replace(first, function="arithmetic")
        return None

    def _reduced(self, call: Call, flow: Flow) -> Thing | None:
        """Return what `reduce(operator.or_, [Q(…), …])` makes."""
        function, bag = call.args[0].value, flow.argument(call.args[1])
        if not isinstance(bag, Bag) or not any(isinstance(i, Lookups) for i, _ in bag.items):
            return None
        name = getattr(function, "name", "")
        if isinstance(function, Attr) and function.name in ("or_", "and_", "__or__", "__and__"):
            return Lookups(tuple(i if i is not None else UNKNOWN for i, _ in bag.items), any=name.strip("_") == "or")
        result = getattr(function, "result", None)
        if isinstance(result, Operation) and result.op in ("|", "&"):
            return Lookups(tuple(i if i is not None else UNKNOWN for i, _ in bag.items), any=result.op == "|")
        return None

    def _shortcut(self, call: Call, name: str, flow: Flow) -> Thing | None:
        first = flow.argument(call.args[0])
        drafts = [d for d in options(first) if d.of == OF]
        if isinstance(first, Entity) and first.model is not None and is_django_like(first.model):
            drafts = [self._from(first.model, flow)]
        if not drafts:
            return None
        for draft in drafts:
            flow.ask(self._filtered(draft, call.args[1:], flow, call), call.at)
        return ROWS if "list" in name else one_of(drafts[0])

    # -- chains --------------------------------------------------------------------------------------------------------

    def method(self, base: Thing, call: Call, name: str, flow: Flow) -> Thing | None:
        """Return what a call adds to a query."""
        if isinstance(base, (Name, Aggregate)):
            if name in ("desc", "asc") and isinstance(base, Name):
                return replace(base, descending=name == "desc")
            return base
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
            return reversed_(draft)
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
        if name in ("raw", "extra", "dates", "datetimes", "bulk_update", "abulk_update"):
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
