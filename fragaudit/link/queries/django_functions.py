"""Django's functions and operators: `Q`, `F`, sub-queries, aggregates, and the shortcuts that take a query."""

from __future__ import annotations

from dataclasses import replace

from fragaudit.link.orm.reader import Read
from fragaudit.link.queries.django_combined import combined
from fragaudit.link.queries.django_managers import Managers
from fragaudit.link.queries.django_results import one_of
from fragaudit.link.queries.django_terms import OF, ROWS, Aggregate, Around, Exists, Lookups, Name, is_django_like
from fragaudit.link.queries.draft import Bag, Entity, Named, Thing
from fragaudit.link.queries.flow import Flow, options
from fragaudit.link.queries.flow.conditions import compared_with
from fragaudit.link.queries.flow.references import entity_of
from fragaudit.link.queries.predicates import UNKNOWN
from fragaudit.model.sql import Constant
from fragaudit.model.values import Attr, Call, Lit, Operation, Ref

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
    "ExtractYear": "year",
    "ExtractMonth": "extract",
    "Coalesce": "coalesce",
    "Concat": "concat",
    "Cast": "cast",
    "Greatest": "greatest",
    "Least": "least",
    "Func": "function",
    "Collate": "collate",
}


class Functions(Managers):
    """Understands what stands on its own, before it is known whose columns it names."""

    def function(self, call: Call, flow: Flow) -> Thing | None:
        """Return what a call of the library's functions is."""
        name = getattr(call.func, "name", "")
        if name == "Q":
            return self._q(call, flow)
        if name == "super":
            own = flow.name("self")
            return own if isinstance(own, Around) or any(d.of == OF for d in options(own)) else None
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
        return entity_of(model, flow) if model is not None else None

    def _is_django(self, call: Call, flow: Flow) -> bool:
        name = flow.reader.callee(call, flow.view)
        return name.startswith(("django", "tortoise", "ormar")) or name == ""

    def _q(self, call: Call, flow: Flow) -> Thing | None:
        items: list[object] = []
        given = next((a.value for a in call.args if a.name == "join_type"), None)  # of Tortoise
        for argument in call.args:
            thing = compared_with(argument, flow)
            if argument.name == "join_type":
                continue
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
        return Lookups(tuple(items), any=getattr(given, "value", "") == "OR")

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
            flow.bind(call.func.base.name, made, extends=True)
        return made

    def operation(self, op: str, things: list[Thing], flow: Flow) -> Thing | None:
        """Return what an operator makes of `Q`, `F` and querysets."""
        if (query := combined(op, things, flow)) is not None:
            return query
        if any(isinstance(t, (Lookups, Exists)) for t in things):
            if op in ("~", "not"):
                return Lookups((things[0],), negative=True)
            if op in ("and", "or") and (taken := _taken(op, things)) is not None:
                return taken
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


def _taken(op: str, things: list[Thing]) -> Thing | None:
    """Return the one of several conditions that Python takes by itself; None unless each of them is known to count.

    A condition with anything in it is true to Python: `a and b` is `b`, `a or b` is `a`.
    """
    if not all(isinstance(t, Exists) or (isinstance(t, Lookups) and _filled(t)) for t in things):
        return None
    return things[-1] if op == "and" else things[0]


def _filled(condition: Lookups) -> bool:
    """Say whether a `Q` has a condition for sure."""
    return any(isinstance(i, (tuple, Exists)) or (isinstance(i, Lookups) and _filled(i)) for i in condition.items)
