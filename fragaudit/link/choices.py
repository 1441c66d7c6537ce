"""Values of which an expression has one at a time: what a name is given in branches, what a function returns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, replace

from fragaudit.link.abstract import Abstract, FunctionRef, Known, Package, Symbol, Template
from fragaudit.link.evaluate import Evaluator
from fragaudit.link.program import Place, Program
from fragaudit.model.facts import MODULE_SCOPE, NO_BRANCH
from fragaudit.model.values import Attr, Call, Either, Ref, Value, children

FEWEST, MOST_OPTIONS = 2, 8
DEEPEST = 6


@dataclass(frozen=True, slots=True)
class Option:
    """One of the values that an expression has, and the branch of a file that gives it that value."""

    meaning: Abstract
    file: int
    branch: int


Inner = Iterator[list[Option] | None]
"""The options of each part of an expression, asked for one after the other: the first that can't be told ends it."""


class Choices:
    """Follows an expression to the values of which the program chooses one."""

    def __init__(self, evaluator: Evaluator) -> None:
        """Take what follows names."""
        self._evaluator = evaluator
        self._program: Program = evaluator.program

    def of(self, value: Value | None, place: Place) -> tuple[Option, ...]:
        """Return the options of an expression; none where its values are different callers', or follow one another."""
        found = self._options(value, place, NO_BRANCH, 0) if value is not None else None
        return tuple(found) if found is not None and len(found) >= FEWEST else ()

    def _options(self, value: Value, place: Place, branch: int, deep: int) -> list[Option] | None:
        if deep > DEEPEST:
            return None
        inner: Inner | None = None
        match value:
            case Either():
                inner = (self._options(option, place, branch, deep + 1) for option in value.options)
            case Ref():
                inner = self._named(value.name, place, deep)
            case Attr():
                modules = [m.file for m in self._evaluator.evaluate(value.base, place) if isinstance(m, Package)]
                if len(modules) == 1 and modules[0] is not None:
                    inner = self._named(value.name, Place(modules[0], MODULE_SCOPE), deep)
            case Call():
                inner = self._returned(value, place, deep)
            case _:
                pass
        if inner is None:
            meanings = self._evaluator.evaluate(value, place)
            if len(meanings) != 1 or not isinstance(meanings[0], (Known, Symbol, Template)):
                return None
            return [Option(meanings[0], place.file, branch)]
        found: list[Option] = []
        for options in inner:
            if options is None:
                return None
            # What a branch takes from elsewhere is chosen by the branch.
            found += [replace(o, file=place.file, branch=branch) for o in options] if branch >= 0 else options
            if len(found) > MOST_OPTIONS:
                return None
        return found

    def _named(self, name: str, place: Place, deep: int) -> Inner | None:
        """Return the options of each binding of a name; None where bindings don't say all that it is."""
        program = self._program
        scope = program.bound_in(place, name)
        if (scope, name) not in program.bound[place.file]:
            return None
        entries = program.files[place.file].scopes
        here = Place(place.file, scope)
        bindings = program.bindings(here, name)
        imports = program.imports(here, name)
        if program.definitions(here, name) or any(p.name == name for p in entries[scope].parameters):
            return None
        if len(imports) == 1 and not bindings:
            module = program.module(program.absolute(imports[0], place.file), place.file)
            if module is None or imports[0].name is None:
                return None
            return self._named(imports[0].name, Place(module, MODULE_SCOPE), deep + 1)
        if imports or any(b.value is None or b.how not in ("=", "walrus") for b in bindings):
            return None
        branches = [b.branch for b in bindings]
        if any(self._follows(place.file, a, b) for n, a in enumerate(branches) for b in branches[n + 1 :]):
            return None
        if any(self._by_callers(here, branch) for branch in branches):
            return None
        return (self._options(b.value, here, b.branch, deep + 1) for b in bindings if b.value is not None)

    def _by_callers(self, place: Place, branch: int) -> bool:
        """Say whether a function chooses by what it is given, and is asked in several places: they may differ."""
        function = self._program.enclosing_function(place)
        if function is None:
            return False
        scope = self._program.scope(function)
        names = {p.name for p in scope.parameters} - {"self", "cls"}
        told = (arm.subject for arm in self._program.branches(place.file, branch) if arm.subject is not None)
        if not any(_mentions(subject, names) for subject in told):
            return False
        owner = self._program.enclosing_class(function)
        called = self._program.scope(owner).name if owner is not None and scope.name == "__init__" else scope.name
        return len(self._program.sites_by_name.get(called, ())) > 1

    def _follows(self, file: int, first: int, second: int) -> bool:
        """Say whether whatever runs the second of two statements has run the first: its value is only for a while."""
        around = {branch.group for branch in self._program.branches(file, first)}
        within = {branch.group for branch in self._program.branches(file, second)}
        return within <= around and not self._program.exclusive(file, first, second)

    def _returned(self, call: Call, place: Place, deep: int) -> Inner | None:
        """Return the options of what a function of the project returns."""
        callees = self._evaluator.evaluate(call.func, place)
        if len(callees) != 1 or not isinstance(callees[0], FunctionRef):
            return None
        function = callees[0].place
        returns = self._program.returns[function.file].get(function.scope, ())
        if not returns or any(use.how != "return" or self._by_callers(function, use.branch) for use in returns):
            return None
        return (self._options(use.value, function, use.branch, deep + 1) for use in returns)


def _mentions(value: Value, names: Set[str]) -> bool:
    return (isinstance(value, Ref) and value.name in names) or any(_mentions(v, names) for v in children(value))


def usual(program: Program, places: Sequence[tuple[int, int]]) -> int | None:
    """Return which of several (file, branch) is taken unless something else is asked for, None if that isn't told.

    It is the only one that no branch surrounds but those around all of them, or else the only `else`. Of several files
    nothing here tells which is run.
    """
    if len({file for file, _ in places}) > 1:
        return None
    around = [{(file, b.group, b.arm): b.kind for b in program.branches(file, branch)} for file, branch in places]
    common = set.intersection(*(set(arms) for arms in around)) if around else set()
    own = [{kind for arm, kind in arms.items() if arm not in common} for arms in around]
    for test in (lambda kinds: not kinds, lambda kinds: bool(kinds) and kinds <= {"else", "rest"}):
        chosen = [number for number, kinds in enumerate(own) if test(kinds)]
        if chosen:
            return chosen[0] if len(chosen) == 1 else None
    return None
