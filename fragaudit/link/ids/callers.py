"""Who calls a function, and what a value of its parameters is there."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cached_property

from fragaudit.link.abstract import Abstract, ClassRef, FunctionRef, Instance
from fragaudit.link.evaluate import argument_of
from fragaudit.link.ids import known
from fragaudit.link.ids.flow import Flow
from fragaudit.link.ids.heads import UNKNOWN, Atom, Chars, From, Head, Here, Thunk, distinct
from fragaudit.link.ids.paths import of_record
from fragaudit.link.program import Place, Site
from fragaudit.model.values import Attr, Call, Ref, Value

MOST_CALLERS = 24
MOST_SITES = 400
"""A name that is called more often is looked at this far."""

_COMMON = frozenset(
    [
        "add",
        "insert",
        "upsert",
        "update",
        "save",
        "write",
        "put",
        "set",
        "index",
        "store",
        "create",
        "append",
        "delete",
        "remove",
        "get",
        "run",
    ]
)


_VECTORS = re.compile(r"vdb|vec|embed|(?:^|_)rag(?:_|$)|similar|semantic", re.IGNORECASE)


class Callers:
    """Finds the calls of a function: direct ones, through a base class, and through a rare method name."""

    def __init__(self, flow: Flow) -> None:
        self._flow = flow
        self._program = flow.program
        self._evaluator = flow.evaluator
        self._found: dict[Place, tuple[Site, ...]] = {}

    def of(self, function: Place) -> tuple[Site, ...]:
        """Return the calls of a function, a bounded number, in order."""
        known = self._found.get(function)
        if known is None:
            self._found[function] = ()
            known = tuple(self._calls(function)) or tuple(self._calls_of_others(function))
            self._found[function] = known
        return known

    def _calls_of_others(self, function: Place) -> Iterator[Site]:
        """Yield the calls of what a method of a store of vectors implements: a back end that nobody chooses right now.

        Whoever calls the method on what all of them derive from would call it on this one.
        """
        owner = self._flow.owner(function)
        if owner is None or self.kind_of(ClassRef(owner)) != "vector":
            return
        name = self._program.scope(function).name
        for ancestor in self._evaluator.ancestry(ClassRef(owner))[1:]:
            for number in self._program.definitions(ancestor.place, name) if name != "__init__" else ():
                for site in self.of(Place(ancestor.place.file, number)):
                    # What another back end calls on itself is its own.
                    if not isinstance(site.call.func, Attr) or not self.called_on_itself(site.call.func):
                        yield site
                return

    def _calls(self, function: Place) -> Iterator[Site]:
        scope = self._program.scope(function)
        parent = Place(function.file, scope.parent)
        owner = parent if self._program.scope(parent).kind == "class" else None
        name = scope.name
        if owner is not None and name == "__init__":
            name = self._program.scope(owner).name
        found = 0
        sites = (*self._program.sites_by_name.get(name, ())[:MOST_SITES], *self._handed_over.get(name, ()))
        for site in sites:
            if found < MOST_CALLERS and self._is_call(site, function, owner):
                found += 1
                yield site

    @cached_property
    def _handed_over(self) -> dict[str, list[Site]]:
        """Calls that run a function they are given, as calls of that function: `run_in_threadpool(save, item)`."""
        found: dict[str, list[Site]] = defaultdict(list)
        for runner, number in known.RUNNERS.items():
            for site in self._program.sites_by_name.get(runner, ()):
                args = site.call.args
                if len(args) > number and isinstance(args[number].value, (Ref, Attr)) and args[number].name is None:
                    func = args[number].value
                    call = Call(func, args[number + 1 :], site.call.at)
                    found[getattr(func, "name", "")].append(site._replace(call=call))
        return found

    def _is_call(self, site: Site, function: Place, owner: Place | None) -> bool:
        func = site.call.func
        if owner is None or not isinstance(func, Attr):
            for meaning in self._evaluator.evaluate(func, site.place):
                if isinstance(meaning, FunctionRef) and meaning.place == function:
                    return True
                if isinstance(meaning, ClassRef) and owner is not None and self._constructs(meaning, owner):
                    return True
            return False
        if isinstance(func.base, Ref) and func.base.name == "super":
            return False
        known = False
        bases = self._evaluator.evaluate(func.base, site.place)
        if self.kind_of(ClassRef(owner)) == "vector" and not self.keeps_vectors(func, bases, site.place):
            return False
        for base in bases:
            if isinstance(base, (Instance, ClassRef)):
                known = True
                of = base.of if isinstance(base, Instance) else base
                if self._reaches(of, owner):
                    return True
        return not known and self._rare(func.name, owner) and site.place.file != function.file

    def kind_of(self, cls: ClassRef) -> str | None:
        """Return what the project's own abstraction that a class belongs to keeps, or None."""
        for ancestor in self._evaluator.ancestry(cls):
            kind = self._evaluator.catalogue.abstraction(self._program.scope(ancestor.place).name)
            if kind is not None:
                return kind
        return None

    def keeps_vectors(self, func: Attr, bases: Iterable[Abstract], place: Place) -> bool:
        """Say whether an object keeps vectors: its declared type decides, else its name."""
        declared = self._declared(func.base, place)
        kinds = declared or {self.kind_of(base.of) for base in bases if isinstance(base, Instance)} - {None}
        if declared and "vector" not in declared:
            return False
        return len(kinds) < 2 or _VECTORS.search(getattr(func.base, "name", "")) is not None

    def _declared(self, value: Value, place: Place) -> set[str | None]:
        """Return what the declared type of a parameter or attribute keeps."""
        annotation, at = None, place
        if isinstance(value, Ref):
            scope = place.scope
            while scope > 0 and annotation is None:
                entry = self._program.files[place.file].scopes[scope]
                annotation = next((p.annotation for p in entry.parameters if p.name == value.name), None)
                at, scope = Place(place.file, scope), entry.parent
        elif isinstance(value, Attr) and isinstance(value.base, Ref) and value.base.name == "self":
            cls = self._program.enclosing_class(place)
            for ancestor in self._evaluator.ancestry(ClassRef(cls)) if cls is not None else ():
                for number in self._program.children(ancestor.place):
                    method = Place(ancestor.place.file, number)
                    for binding in self._program.bindings(method, f"self.{value.name}"):
                        if binding.annotation is not None:
                            annotation, at = binding.annotation, method
        if annotation is None:
            return set()
        typed = self._evaluator.typed(annotation, at)
        return {self.kind_of(meaning.of) for meaning in typed if isinstance(meaning, Instance)} - {None}

    def called_on_itself(self, func: Attr) -> bool:
        """Say whether a method is called by a method of the same object."""
        return isinstance(func.base, Ref) and func.base.name in ("self", "cls")

    def _reaches(self, of: ClassRef, owner: Place) -> bool:
        """Say whether a call on an object of one class can be one of a method of another."""
        if owner in (a.place for a in self._evaluator.ancestry(of)):
            return True
        return of.place in (a.place for a in self._evaluator.ancestry(ClassRef(owner)))

    def _constructs(self, cls: ClassRef, owner: Place) -> bool:
        return owner in (a.place for a in self._evaluator.ancestry(cls))

    def _rare(self, name: str, owner: Place) -> bool:
        """Say whether only one family of classes has a method of that name, which nobody else would call so."""
        if name in _COMMON or "_" not in name:
            return False
        family = {a.place for a in self._evaluator.ancestry(ClassRef(owner))}
        places = self._definitions().get(name, ())
        return all(p in family or owner in {a.place for a in self._evaluator.ancestry(ClassRef(p))} for p in places)

    def _definitions(self) -> dict[str, list[Place]]:
        if not hasattr(self, "_by_name"):
            self._by_name: dict[str, list[Place]] = {}
            for number, file in enumerate(self._program.files):
                for scope in file.scopes:
                    if scope.kind == "function" and scope.parent >= 0 and file.scopes[scope.parent].kind == "class":
                        self._by_name.setdefault(scope.name, []).append(Place(number, scope.parent))
        return self._by_name


def here_of(site: Site) -> Here:
    """Return where the arguments of a call are read."""
    return Here(site.place, site.call.at[0], site.call.at[2], site.branch)


def lifted(flow: Flow, heads: tuple[Head, ...], function: Place, site: Site) -> tuple[Head, ...]:
    """Return values that depend on a function's parameters as they are at a call of it."""
    return distinct(h for head in heads for h in _lift(flow, head, function, site, 0)) or (UNKNOWN,)


def _lift(flow: Flow, head: Head, function: Place, site: Site, deep: int) -> Iterator[Head]:
    if isinstance(head, From) and head.function == function:
        for base in argument(flow, function, head.number, site):
            yield from of_record(flow, base, head.steps) if head.kind == "record" else flow.walk(base, head.steps)
    elif isinstance(head, Chars) and deep < 4:
        yield Chars(
            tuple(
                p
                if isinstance(p, str)
                else tuple(distinct(h for one in p for h in _lift(flow, one, function, site, deep + 1))) or (UNKNOWN,)
                for p in head.parts
            )
        )
    elif isinstance(head, Atom) and head.inner and deep < 4:
        yield Atom(
            head.kind, head.name, tuple(h for one in head.inner for h in _lift(flow, one, function, site, deep + 1))
        )
    else:
        yield head


def argument(flow: Flow, function: Place, number: int, site: Site) -> tuple[Head, ...]:
    """Return what a call gives for a function's parameter: the argument, or the default."""
    scope = flow.program.scope(function)
    if number >= len(scope.parameters):
        return (UNKNOWN,)
    parameter = scope.parameters[number]
    shift = 1 if flow.owner(function) is not None else 0
    position = number - shift if parameter.kind == "positional" else None
    value = argument_of(site.call.args, parameter.name, position)
    if value is not None:
        return flow.force(Thunk(value, here_of(site)))
    if any(a.name in ("*", "**") for a in site.call.args):
        return (UNKNOWN,)
    if parameter.default is not None:
        return flow.force(Thunk(parameter.default, Here(Place(function.file, max(scope.parent, 0)), 0, 0, -1)))
    return (UNKNOWN,)


def roots(heads: tuple[Head, ...], deep: int = 0) -> set[Place]:
    """Return the functions on whose parameters values depend."""
    found: set[Place] = set()
    for head in heads:
        if isinstance(head, From) and head.function is not None:
            found.add(head.function)
        elif isinstance(head, Chars) and deep < 4:
            for part in head.parts:
                if not isinstance(part, str):
                    found |= roots(part, deep + 1)
        elif isinstance(head, Atom) and deep < 4:
            found |= roots(head.inner, deep + 1)
    return found
