"""Django's managers and querysets, `Q`, `F` and sub-queries, and the shortcuts that take them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from msgspec.structs import replace as changed

from fragaudit.link.orm.core import Model
from fragaudit.link.orm.reader import Read, View
from fragaudit.link.program import Place
from fragaudit.link.queries.django_lookups import lookup
from fragaudit.link.queries.django_paths import Paths, Relations
from fragaudit.link.queries.draft import Bag, Clause, Draft, Drafts, Entity, Join, Sorted, Thing
from fragaudit.link.queries.flow import Flow, options
from fragaudit.link.queries.predicates import UNKNOWN, both, computed, denied, either
from fragaudit.model.sql import (
    And,
    Assign,
    Column,
    Compare,
    Constant,
    Expression,
    Opaque,
    Operand,
    Or,
    Order,
    Output,
    Parameter,
    Predicate,
    Row,
    Source,
    Subquery,
)
from fragaudit.model.values import Arg, Attr, Call, Lit, Operation, Ref, Seq, Value

OF = "django"
OUTER = "<outer>"
"""The source of columns of the query around, until that is known."""

_MANAGERS = frozenset({"objects", "_default_manager", "_base_manager"})
_SAME = frozenset(
    {
        "using",
        "select_for_update",
        "defer",
        "only",
        "iterator",
        "aiterator",
        "select_related",
        "annotate_",
        "prefetch_related",
        "all",
        "none",
        "order",
        "with_perm",
        "cache",
        "nocache",
        "timeout",
    }
)
_BY_CONDITIONS = frozenset(
    {"filter", "exclude", "get", "aget", "get_or_create", "aget_or_create", "update_or_create", "aupdate_or_create"}
)
_FIRST = {"first": False, "last": True, "afirst": False, "alast": True}
_NEAREST = {"earliest": False, "latest": True, "aearliest": False, "alatest": True}
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


@dataclass(frozen=True)
class Lookups:
    """A `Q`: conditions by name, and how they are joined, before it is known whose names they are."""

    items: tuple[tuple[str, Thing, tuple[int, int]] | Lookups | Thing, ...] = ()
    any: bool = False
    negative: bool = False


@dataclass(frozen=True)
class Name:
    """An `F`, an expression over one, or an `OuterRef`, before it is known whose name it is."""

    path: str
    function: str = ""
    outer: bool = False
    more: tuple[Thing, ...] = ()
    descending: bool = False


@dataclass(frozen=True)
class Aggregate:
    """An aggregate of `annotate` or `aggregate`."""

    name: str
    over: Thing


class DjangoQueries:
    """Understands the calls of Django."""

    def __init__(self) -> None:
        self._relations: Relations | None = None
        self._methods: dict[str, list[Place]] | None = None
        self._holders: dict[Place, list[Model]] | None = None

    def _paths(self, flow: Flow) -> Paths:
        if self._relations is None:
            self._relations = Relations(flow.mapping)
        return Paths(self._relations)

    # -- what starts a query -------------------------------------------------------------------------------------------

    def attribute(self, base: Thing, name: str, flow: Flow) -> Thing | None:
        """Return the query that a manager starts."""
        model = base.model if isinstance(base, Entity) else None
        if model is None or not is_django_like(model):
            return None
        return self._from(model, flow) if name in _MANAGERS or self._is_manager(model, name, flow) else None

    def _is_manager(self, model: Model, name: str, flow: Flow) -> bool:
        classes = flow.mapping.classes
        for cls in classes.order(model.cls) if model.cls is not None else ():
            binding = classes.members(cls).get(name)
            if binding is not None:
                value = binding.value
                if not isinstance(value, Call):
                    return False
                made = getattr(value.func, "name", "")  # none of what `Manager.from_queryset(X)` makes
                return made.endswith("Manager") or made == "as_manager" or isinstance(value.func, Call)
        return False

    def _from(self, model: Model, flow: Flow, verb: str = "select") -> Draft:
        table = model.table.name
        at = flow.here if flow.here[0] >= 0 else (-1, -1)
        flow.pool.entity(Entity(table, model, table))
        draft = Draft(OF, flow.place.file, verb, root=table, model=model)  # type: ignore[arg-type]
        return draft.add(
            "from", Join(Source(table, table, -1, "from" if verb == "select" else "target", at=at)), flow.branch
        )

    def function(self, call: Call, flow: Flow) -> Thing | None:
        """Return what a call of the library's functions is."""
        name = getattr(call.func, "name", "")
        if name == "Q":
            return self._q(call, flow)
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
            elif argument.name in ("*", "**"):
                items.append(UNKNOWN)
            else:
                items.append((argument.name, thing, mark))
        return Lookups(tuple(items))

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
        return ROWS

    # -- chains --------------------------------------------------------------------------------------------------------

    def method(self, base: Thing, call: Call, name: str, flow: Flow) -> Thing | None:
        """Return what a call adds to a query."""
        if isinstance(base, (Name, Aggregate)):
            if name in ("desc", "asc") and isinstance(base, Name):
                return replace(base, descending=name == "desc")
            return base
        if isinstance(base, Entity) and base.model is not None and is_django_like(base.model):
            if base.model.framework != "tortoise" or name not in _OF_CLASS:
                return None
            return self._extended(self._from(base.model, flow), call, name, flow)
        if base is ROWS:
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
            return ROWS
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
            return ROWS
        return made[0] if len(made) == 1 else Drafts(tuple(made))

    def _extended(self, draft: Draft, call: Call, name: str, flow: Flow) -> Thing:
        if name in _BY_CONDITIONS and self._overridden(draft, name, flow):
            self._arguments(call, flow)
            return draft.add("where", UNKNOWN, flow.branch)
        if name in ("filter", "exclude"):
            return self._filtered(draft, call.args, flow, call, negative=name == "exclude")
        if name in ("get", "aget", "get_or_none"):
            flow.ask(self._filtered(draft.add("unordered", None, flow.branch), call.args, flow, call), call.at)
            return ROWS
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
        if name in _FIRST or name in _NEAREST:
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
            self._arguments(call, flow)
            if call.args and draft.model is not None:
                at = flow.mark(call.at)
                key = Column(draft.root, draft.model.columns.get("pk", "id"), at)
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
            return _reversed(draft)
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
        return own or draft.add("where", UNKNOWN, flow.branch)

    def receiver(self, place: Place, flow: Flow) -> Draft | None:
        """Return the query that `self` is in a method of a manager or queryset of the project, if one model has it."""
        owner = flow.program.enclosing_class(place)
        held = self._held(flow).get(owner, []) if owner is not None else []
        return self._from(held[0], flow) if len(held) == 1 else None

    def _overridden(self, draft: Draft, name: str, flow: Flow) -> bool:
        """Say whether a manager of the model has a method of its own by this name, which may ask by something else."""
        if draft.model is None:
            return False
        places = self._own_methods(flow).get(name, [])
        owners = [flow.program.enclosing_class(p) for p in places]
        return any(o is not None and draft.model in self._held(flow).get(o, []) for o in owners)

    def _held(self, flow: Flow) -> dict[Place, list[Model]]:
        """Return the models by the managers and querysets of the project that they have."""
        if self._holders is None:
            self._holders = {}
            for model in flow.mapping.models:
                if model.framework == OF and model.cls is not None:
                    self._hold(model, flow)
        return self._holders

    def _hold(self, model: Model, flow: Flow) -> None:
        classes = flow.mapping.classes
        assert self._holders is not None
        for cls in classes.order(model.cls) if model.cls is not None else ():
            for binding in classes.members(cls).values():
                waiting: list[Value] = [binding.value] if isinstance(binding.value, Call) else []
                while waiting:
                    value = waiting.pop()
                    if isinstance(value, Call):
                        waiting += [value.func, *(a.value for a in value.args[:1])]
                    elif isinstance(value, Attr):
                        waiting.append(value.base)
                    found = (
                        flow.reader.project_class(value, View(cls.place)) if isinstance(value, (Ref, Attr)) else None
                    )
                    if found is not None and found not in flow.mapping.by_class:
                        for each in classes.order(found):
                            held = self._holders.setdefault(each.place, [])
                            if model not in held:
                                held.append(model)

    def _own_methods(self, flow: Flow) -> dict[str, list[Place]]:
        """Return the methods of the project's own querysets and managers by name."""
        if self._methods is None:
            self._methods = {}
            classes = flow.mapping.classes
            for cls in classes.all():
                if any(n.removesuffix("()").endswith(("QuerySet", "Manager")) for n in classes.outside(cls)):
                    for method, place in classes.functions(cls).items():
                        self._methods.setdefault(method, []).append(place)
        return self._methods

    def _own_method(self, draft: Draft, name: str, flow: Flow) -> Draft | None:
        """Return what a method of the project's own querysets or managers makes of a query."""
        places = self._own_methods(flow).get(name, [])
        if len(places) != 1 or flow._deep > 16:
            return None
        parameters = flow.program.scope(places[0]).parameters
        if not parameters:
            return None
        inner = Flow(flow.mapping, places[0], flow.pool, flow.places, flow.frameworks, flow.dialect)
        inner._deep = flow._deep + 8
        plain = replace(draft, clauses=tuple(replace(c, branch=-1) for c in draft.clauses), file=places[0].file)
        made = inner.handed({parameters[0].name: plain})
        if len(made) != 1:
            return None
        flow.pool.extended.add(name)
        known = len(draft.clauses)
        return flow.adopted(replace(made[0], clauses=(*draft.clauses, *made[0].clauses[known:])), known)

    def _arguments(self, call: Call, flow: Flow) -> None:
        for argument in call.args:
            flow.escape(flow.argument(argument), argument.value)

    # -- conditions ----------------------------------------------------------------------------------------------------

    def _filtered(
        self, draft: Draft, arguments: tuple[Arg, ...], flow: Flow, call: Call, *, negative: bool = False
    ) -> Draft:
        found: list[tuple[Thing, int]] = []
        outer = flow.here
        for argument in arguments:
            thing = flow.argument(argument)
            if argument.name in ("*", "**"):
                items = thing.items if isinstance(thing, Bag) and argument.name == "*" else ()
                known = self._spread(argument, flow) if argument.name == "**" else None
                if known is not None:
                    found += known
                elif items:
                    found += [(i if i is not None else UNKNOWN, flow._inner(b)) for i, b in items]
                else:
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

    def _spread(self, argument: Arg, flow: Flow) -> list[tuple[Thing, int]] | None:
        """Return the conditions of `**{"name": value}`."""
        from fragaudit.model.values import Map

        value = argument.value
        if not isinstance(value, Map):
            return None
        found: list[tuple[Thing, int]] = []
        for entry in value.entries:
            if not isinstance(entry.key, Lit) or not isinstance(entry.key.value, str):
                found.append((UNKNOWN, flow.branch))
                continue
            found.append((Lookups(((entry.key.value, flow.thing(entry.value), flow.here),)), flow.branch))
        return found

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
            operand = self._value(value, reached.draft, flow)
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

    def _value(self, value: Thing, draft: Draft, flow: Flow) -> Operand:
        if isinstance(value, Name):
            return self._named(value, draft, flow)[1]
        if isinstance(value, Bag):
            return Row(tuple(self._value(i, draft, flow) for i, _ in value.items))
        drafts = [d for d in options(value) if d.of == OF]
        if drafts:
            inner = self.inside(drafts[0], draft, flow)
            if not inner.has("outputs") and inner.model is not None:
                inner = inner.add("outputs", (Output("pk", Column(inner.root, inner.model.columns.get("pk", "id"))),))
            return Subquery(flow.pool.query(inner))
        return flow.operand(value)

    def _named(self, value: Name, draft: Draft, flow: Flow) -> tuple[Draft, Operand]:
        if value.outer:
            return draft, Column(OUTER, value.path, flow.here)
        reached = self._paths(flow).reach(draft, value.path, flow, how="left")
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

        return _renamed(inner, names, column, flow)

    # -- order, values, writes -----------------------------------------------------------------------------------------

    def _ordered(self, draft: Draft, call: Call, flow: Flow) -> Draft:
        draft = draft.add("unordered", None, flow.branch)
        keys: list[Order] = []
        for argument in call.args:
            thing = flow.argument(argument)
            items = [i for i, _ in thing.items] if isinstance(thing, Bag) else [thing]
            if isinstance(thing, Bag) and argument.name != "*":
                items = [None]
            for item in items:
                draft, order = self._key(draft, item, flow)
                keys.append(order)
        return draft.add("order", tuple(keys), flow.branch)

    def _key(self, draft: Draft, item: Thing, flow: Flow) -> tuple[Draft, Order]:
        unknown = Order(Expression("", (), "chosen when it runs"))
        if isinstance(item, Sorted):
            return draft, item.order
        if isinstance(item, Name):
            draft, operand = self._named(item, draft, flow)
            return draft, Order(operand, item.descending)
        if not isinstance(item, Constant) or item.kind != "string" or not item.value or item.value == "?":
            return draft, unknown
        name = item.value.lstrip("-+")
        reached = self._paths(flow).reach(draft, name, flow, how="left")
        if reached.column is None or reached.rest:
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
            draft = draft.add("order", tuple(keys or [Order(Expression("", (), "get_latest_by"))]), flow.branch)
        else:
            standing = draft.has("order")
            draft = self._default_order(draft, flow)
            if not standing and not draft.has("order") and draft.model is not None:
                key = Column(draft.root, draft.model.columns.get("pk", "id"), flow.here)
                draft = draft.add("order", (Order(key),), flow.branch)
            if _FIRST[name]:
                draft = _reversed(draft)
        flow.ask(draft.add("limit", None, flow.branch), call.at)
        return ROWS

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
            draft = replace(draft, paths=(*draft.paths, (f"@{name}", "")))
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
        """Report the queries that load related rows: by the key of those already there."""
        for argument in call.args:
            thing = flow.argument(argument)
            if not isinstance(thing, Constant) or not isinstance(thing.value, str) or draft.model is None:
                continue
            name = thing.value.split("__")[0]
            steps = self._paths(flow).relations.step(draft.model, name)
            if not steps or not steps[0].many:
                continue
            step = steps[0]
            inner = self._from(step.model, flow)
            at = flow.mark(argument.at or call.at)
            for _, there in step.pairs:
                compared_ = Compare(Column(inner.root, there, at), "in", (Parameter(), Parameter()), at)
                inner = inner.add("where", compared_, flow.branch)
            flow.ask(inner, call.at)


@dataclass(frozen=True)
class Exists:
    """A query asked only whether it has rows."""

    draft: Draft


class _Rows:
    """What comes back from a query that was run."""


ROWS = _Rows()


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


def is_django_like(model: Model) -> bool:
    """Say whether a model is asked by lookups with double underscores."""
    return model.framework.startswith(("django", "tortoise", "ormar"))


def _reversed(draft: Draft) -> Draft:
    clauses = tuple(
        replace(c, value=tuple(changed(o, descending=not o.descending) for o in c.value))
        if c.kind == "order" and isinstance(c.value, tuple)
        else c
        for c in draft.clauses
    )
    return replace(draft, clauses=clauses)


def _renamed(draft: Draft, names: dict[str, str], column, flow: Flow) -> Draft:  # type: ignore[no-untyped-def]
    """Return a query under other aliases, its columns given by a function."""

    def operand(item: Operand) -> Operand:
        match item:
            case Column():
                moved: Operand = column(item)
                return moved
            case Expression():
                return changed(
                    item, columns=tuple(column(c) for c in item.columns), queries=tuple(map(query, item.queries))
                )
            case Row():
                return Row(tuple(operand(i) for i in item.items))
            case Subquery():
                return Subquery(query(item.query))
            case _:
                return item

    def query(number: int) -> int:
        return flow.pool.query(_renamed(flow.pool.queries[number], names, column, flow))

    def predicate(item: Predicate) -> Predicate:
        match item:
            case And():
                return And(tuple(predicate(i) for i in item.items))
            case Or():
                return Or(tuple(predicate(i) for i in item.items))
            case Compare():
                return changed(item, left=operand(item.left), right=tuple(operand(r) for r in item.right))
            case Opaque():
                return changed(item, operand=operand(item.operand))

    def value(item: object) -> object:
        if isinstance(item, Join):
            on = predicate(item.source.on) if item.source.on is not None else None
            return Join(changed(item.source, alias=names.get(item.source.alias, item.source.alias), on=on), item.query)
        if isinstance(item, (And, Or, Compare, Opaque)):
            return predicate(item)
        if isinstance(item, Order):
            return changed(item, operand=operand(item.operand))
        if isinstance(item, Output):
            return changed(item, operand=operand(item.operand)) if item.operand is not None else item
        if isinstance(item, (Column, Expression, Row, Subquery)):
            return operand(item)
        if isinstance(item, tuple):
            return tuple(value(i) for i in item)
        return item

    clauses = tuple(Clause(c.kind, value(c.value), c.branch) for c in draft.clauses)
    paths = tuple((k, names.get(a, a)) for k, a in draft.paths)
    return replace(draft, clauses=clauses, root=names.get(draft.root, draft.root), paths=paths)


__all__ = ["OF", "ROWS", "DjangoQueries", "Ref", "Seq"]
