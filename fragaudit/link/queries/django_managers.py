"""Django's managers and querysets of the project's own: which models have them, and what their methods add."""

from __future__ import annotations

from dataclasses import replace

from fragaudit.link.abstract import ClassRef
from fragaudit.link.orm.core import Model
from fragaudit.link.orm.reader import Read, View
from fragaudit.link.program import Place
from fragaudit.link.queries.django_results import Results
from fragaudit.link.queries.django_terms import OF, Around
from fragaudit.link.queries.draft import Draft
from fragaudit.link.queries.flow import Flow
from fragaudit.link.queries.flow.handing import adopted, handed
from fragaudit.link.queries.predicates import UNKNOWN
from fragaudit.model.values import Attr, Call, Ref, Value

_MANAGERS = frozenset({"objects", "_default_manager", "_base_manager"})
DEEPEST = 16
"""Functions that are followed into each other, in steps of eight."""


class Managers(Results):
    """Knows what stands behind the names of managers, and behind the methods of managers and querysets."""

    def __init__(self) -> None:
        super().__init__()
        self._methods: dict[str, list[Place]] | None = None
        self._holders: dict[Place, list[Model]] | None = None

    def managed(self, model: Model, name: str, flow: Flow) -> Draft | None:
        """Return the query that a manager of a model starts, with the conditions that its `get_queryset` has."""
        value, view = self._manager(model, name, flow)
        if value is None and name not in _MANAGERS:
            return None
        start = self._from(model, flow)
        classes = flow.mapping.classes
        for own in self._classes(value, view, flow) if value is not None and view is not None else ():
            for cls in classes.order(own):
                place = classes.functions(cls).get("get_queryset")
                if place is not None:
                    return self._through(start, place, flow) or start.add("where", UNKNOWN, flow.branch)
        return start

    def _manager(self, model: Model, name: str, flow: Flow) -> tuple[Call | None, View | None]:
        """Return what a manager's attribute is bound to."""
        classes = flow.mapping.classes
        for cls in classes.order(model.cls) if model.cls is not None else ():
            binding = classes.members(cls).get(name)
            if binding is not None:
                value = binding.value
                if not isinstance(value, Call):
                    return None, None
                made = getattr(value.func, "name", "")  # none of what `Manager.from_queryset(X)` makes
                known = made.endswith("Manager") or made == "as_manager" or isinstance(value.func, Call)
                if not known and not any(_is_manager(n) for c in self._classes(value, View(cls.place), flow)
                                         for n in classes.outside(c)):  # fmt: skip
                    return None, None
                return value, View(cls.place)
        return None, None

    def _classes(self, value: Value, view: View, flow: Flow) -> list[ClassRef]:
        """Return the project's managers and querysets that an expression makes a manager of, the manager first."""
        found: list[ClassRef] = []
        waiting: list[Value] = [value]
        while waiting:
            top = waiting.pop(0)
            if isinstance(top, Call):
                waiting += [top.func, *(a.value for a in top.args[:1])]
                continue
            named = flow.reader.project_class(top, view) if isinstance(top, (Ref, Attr)) else None
            if named is not None and named not in flow.mapping.by_class:
                found.append(named)
            elif isinstance(top, Attr):
                waiting.append(top.base)
            elif isinstance(top, Ref):
                made = flow.reader.follow(Read(top, view))
                if isinstance(made.value, Call) and made.value is not value:
                    found += self._classes(made.value, made.view, flow)
        return found

    def receiver(self, place: Place, flow: Flow) -> Draft | None:
        """Return the query that `self` is in a method of a manager or queryset of the project, if one model has it."""
        held = self._held_by(place, flow)
        return self._from(held[0], flow) if len(held) == 1 else None

    def _held_by(self, place: Place, flow: Flow) -> list[Model]:
        """Return the models that have a manager or queryset of the class that a method stands in."""
        if self._holders is None:
            self._holders = {}
            for model in flow.mapping.models:
                if model.framework == OF and model.cls is not None:
                    self._hold(model, flow)
        owner = flow.program.enclosing_class(place)
        return self._holders.get(owner, []) if owner is not None else []

    def _hold(self, model: Model, flow: Flow) -> None:
        classes = flow.mapping.classes
        assert self._holders is not None
        for cls in classes.order(model.cls) if model.cls is not None else ():
            for binding in classes.members(cls).values():
                if isinstance(binding.value, Call):
                    for found in self._classes(binding.value, View(cls.place), flow):
                        for each in classes.order(found):
                            held = self._holders.setdefault(each.place, [])
                            if model not in held:
                                held.append(model)

    def _own_methods(self, name: str, flow: Flow) -> list[Place]:
        """Return the methods of that name of the project's own querysets and managers."""
        if self._methods is None:
            self._methods = {}
            classes = flow.mapping.classes
            for cls in classes.all():
                if any(_is_manager(n) for n in classes.outside(cls)):
                    for method, place in classes.functions(cls).items():
                        self._methods.setdefault(method, []).append(place)
        return self._methods.get(name, [])

    def _overridden(self, draft: Draft, name: str, flow: Flow) -> bool:
        """Say whether a manager of the model has a method of its own by this name, which may ask by something else."""
        return any(draft.model in self._held_by(place, flow) for place in self._own_methods(name, flow))

    def _own_method(self, draft: Draft, name: str, flow: Flow) -> Draft | None:
        """Return what a method of the project's own querysets or managers makes of a query."""
        places = self._own_methods(name, flow)
        if len(places) > 1:
            places = [p for p in places if draft.model in self._held_by(p, flow)]
        if len(places) != 1:
            return None
        if draft.has("where"):
            flow.pool.narrowed.add(name)
        made = self._through(draft, places[0], flow)
        if made is not None:
            flow.pool.extended.add(name)
        return made

    def _through(self, draft: Draft, place: Place, flow: Flow, *, around: bool = False) -> Draft | None:
        """Return what a method makes of a query; None if that can't be followed.

        It is a method of the query or of its manager, or of what has one (`around`).
        """
        parameters = flow.program.scope(place).parameters
        if not parameters or flow.deep > DEEPEST:
            return None
        inner = Flow(flow.shared, place, flow.dialect)
        inner.deep = flow.deep + DEEPEST // 2
        plain = replace(draft, clauses=tuple(replace(c, branch=-1) for c in draft.clauses), file=place.file)
        made = handed({parameters[0].name: Around(plain) if around else plain}, inner)
        if len(made) != 1:
            return None
        known = len(draft.clauses)
        if made[0].clauses[:known] != plain.clauses:  # a query of its own
            return adopted(made[0], 0, flow)
        return adopted(replace(made[0], clauses=(*draft.clauses, *made[0].clauses[known:])), known, flow)


def _is_manager(name: str) -> bool:
    return name.removesuffix("()").endswith(("QuerySet", "Manager"))
