"""Who calls a function of the project, by way of any class that shares it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property
from itertools import islice

from fragaudit.link.abstract import ClassRef, FunctionRef, Instance
from fragaudit.link.evaluate import Evaluator, argument_of
from fragaudit.link.program import Place, Site
from fragaudit.model.values import Attr, Call, Function, Lit, Map, Other, Seq, Value

MOST_CALLERS = 1_000


class Callers:
    """Answers who calls what; answers are remembered."""

    def __init__(self, evaluator: Evaluator) -> None:
        self._evaluator = evaluator
        self._program = evaluator.program
        self._calls: dict[Place, tuple[Site, ...]] = {}
        self._known: dict[tuple[Place, int], tuple[tuple[Site, Value | None], ...]] = {}

    def giving(self, function: Place, number: int) -> tuple[tuple[Site, Value | None], ...]:
        """Return the calls of a function or method with what they give for a parameter, in order of appearance.

        Calls that give what can be no text are left out; None is given by a call that leaves a default in place.
        """
        known = self._known.get((function, number))
        if known is None:
            self._known[function, number] = ()  # while it is looked for
            known = self._known[function, number] = self._find(function, number)
        return known

    def calls(self, function: Place) -> tuple[Site, ...]:
        """Return the calls of a function or method, in order of appearance."""
        known = self._calls.get(function)
        if known is None:
            owner = self.owner(function)
            found = (site for site in self._named(function, owner) if self._is_call(site, function, owner))
            known = self._calls[function] = tuple(islice(found, MOST_CALLERS))
        return known

    def shift(self, function: Place) -> int:
        """Return how many leading parameters a call does not write: 1 for methods."""
        owner = self.owner(function)
        static = any(getattr(d, "name", "") == "staticmethod" for d in self._program.scope(function).decorators)
        return 1 if owner is not None and not static else 0

    def owner(self, function: Place) -> Place | None:
        """Return the class that a method stands in."""
        parent = Place(function.file, self._program.scope(function).parent)
        return parent if parent.scope >= 0 and self._program.scope(parent).kind == "class" else None

    def descendants(self, cls: Place) -> tuple[ClassRef, ...]:
        """Return the classes of the project that derive from a class, in order."""
        return tuple(self._descendants.get(cls, ()))

    @cached_property
    def _descendants(self) -> dict[Place, list[ClassRef]]:
        found: dict[Place, list[ClassRef]] = defaultdict(list)
        for number, file in enumerate(self._program.files):
            for scope_number, scope in enumerate(file.scopes):
                if scope.kind == "class" and scope.bases:
                    cls = ClassRef(Place(number, scope_number))
                    for ancestor in self._evaluator.ancestry(cls)[1:]:
                        found[ancestor.place].append(cls)
        return found

    def _find(self, function: Place, number: int) -> tuple[tuple[Site, Value | None], ...]:
        owner = self.owner(function)
        scope = self._program.scope(function)
        parameter = scope.parameters[number]
        found: list[tuple[Site, Value | None]] = []
        for site in self._named(function, owner):
            argument = argument_of(site.call.args, parameter.name, number - self.shift(function))
            left_out = argument is None and parameter.default is not None
            if (left_out or _may_be_text(argument)) and self._is_call(site, function, owner):
                found.append((site, argument))
                if len(found) == MOST_CALLERS:
                    break
        return tuple(found)

    def _named(self, function: Place, owner: Place | None) -> Iterator[Site]:
        """Yield the calls of what bears the name of a function, or of its class if it makes objects."""
        name = self._program.scope(function).name
        names = [name]
        if owner is not None and name == "__init__":
            names = [self._program.scope(c.place).name for c in (ClassRef(owner), *self.descendants(owner))]
        elif owner is not None and name == "__call__":
            return
        for called in dict.fromkeys(names):
            yield from self._program.sites_by_name.get(called, ())

    def _is_call(self, site: Site, function: Place, owner: Place | None) -> bool:
        func = site.call.func
        if isinstance(func, Attr) and owner is not None and self._program.scope(function).name != "__init__":
            return self._on(site, func, owner)
        for meaning in self._evaluator.evaluate(func, site.place):
            if isinstance(meaning, FunctionRef) and meaning.place == function:
                return True
            if isinstance(meaning, ClassRef) and owner in [c.place for c in self._evaluator.ancestry(meaning)]:
                return True
        return False

    def _on(self, site: Site, func: Attr, owner: Place) -> bool:
        if isinstance(func.base, Call) and getattr(func.base.func, "name", "") == "super":
            asking = self._program.enclosing_class(site.place)
            return asking is not None and owner in (c.place for c in self._evaluator.ancestry(ClassRef(asking)))
        for base in self._evaluator.evaluate(func.base, site.place):
            if isinstance(base, (Instance, ClassRef)):
                of = base.of if isinstance(base, Instance) else base
                if owner in (ancestor.place for ancestor in self._evaluator.ancestry(of)):
                    return True
                if of in self._evaluator.ancestry(ClassRef(owner)):
                    return True  # an abstract base stands for its implementations
        return False


def _may_be_text(value: Value | None) -> bool:
    if isinstance(value, Lit):
        return isinstance(value.value, str)
    return value is not None and not isinstance(value, (Map, Seq, Function, Other))
