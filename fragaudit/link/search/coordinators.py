"""Which functions ask the searches of several services, and which services those are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from fragaudit.link.abstract import Abstract, ClassRef, Display, External, Instance, Known, Symbol
from fragaudit.link.evaluate import Evaluator
from fragaudit.link.program import Place, Site
from fragaudit.link.search.naming import Naming, names_in, words_of
from fragaudit.link.search.offers import Offers
from fragaudit.link.settings import readable
from fragaudit.model.facts import MODULE_SCOPE
from fragaudit.model.search import Coordinator
from fragaudit.model.values import Attr, Call, Lit, Ref, Seq, Value, children, dotted

Services: TypeAlias = Mapping[str, tuple[frozenset[int], frozenset[str]]]
"""By name, the numbers of each service's own files, and every name it may be called by."""


@dataclass(frozen=True, slots=True)
class _Target:
    """What one search call asks: a class or file of the project, or words that may name a service."""

    file: int | None
    words: frozenset[str]


class Coordinators:
    """Finds what asks several searches; `names` are functions and classes that the configuration says do."""

    def __init__(self, evaluator: Evaluator, naming: Naming, offers: Offers, names: Sequence[str]) -> None:
        self._evaluator = evaluator
        self._program = evaluator.program
        self._naming = naming
        self._offers = offers
        self._named = frozenset(names)

    def by_service(self, services: Services) -> dict[str, list[Coordinator]]:
        """Return the coordinators by the service they stand in."""
        found: dict[str, list[Coordinator]] = {}
        asking: dict[Place, list[Site]] = {}
        for site in self._program.sites:
            if self._asks(site):
                function = self._program.enclosing_function(site.place)
                if function is not None:
                    asking.setdefault(function, []).append(site)
        for function, sites in asking.items():
            home = next((name for name, (files, _) in services.items() if function.file in files), None)
            if home is None:
                continue
            coordinator = self._coordinator(function, sites, services)
            if coordinator is not None:
                found.setdefault(home, []).append(coordinator)
        return {name: sorted(entries, key=lambda c: c.at) for name, entries in found.items()}

    def _coordinator(self, function: Place, sites: Sequence[Site], services: Services) -> Coordinator | None:
        targets: set[_Target] = set()
        looped = unresolved = False
        for site in sites:
            some, loop, complete = self._targets(site)
            targets |= some
            looped = looped or loop
            unresolved = unresolved or not complete
        named = self._is_named(function)
        if len(targets) < 2 and not (looped and unresolved) and not named:
            return None
        reached: set[str] = set()
        strangers = 0
        for target in targets:
            name = self._service_of(target, services)
            if name is None:
                strangers += 1
            else:
                reached.add(name)
        scope = self._program.scope(function)
        owner = self._program.enclosing_class(function)
        name = f"{self._program.scope(owner).name}.{scope.name}" if owner is not None else scope.name
        at = self._program.location(function.file, scope.span)
        return Coordinator(at, name, tuple(sorted(reached)), strangers, unresolved)

    def _is_named(self, function: Place) -> bool:
        owner = self._program.enclosing_class(function)
        names = {self._program.scope(function).name} | (
            {self._program.scope(owner).name} if owner is not None else set()
        )
        return any(name.rpartition(".")[2] in names for name in self._named)

    def _asks(self, site: Site) -> bool:
        """Say whether a call asks a search of another object, or another service by URL."""
        func = site.call.func
        if site.how == "header":
            return False
        if isinstance(func, Attr) and self._naming.is_search(func.name):
            return not self._is_self(func.base, site)
        return self._naming.is_remote(site)

    def _is_self(self, base: Value, site: Site) -> bool:
        return isinstance(base, Ref) and base.name in ("self", "cls", "super")

    def _targets(self, site: Site) -> tuple[set[_Target], bool, bool]:
        """Return what a call asks, whether that changes in a loop, and whether all of it is known."""
        func = site.call.func
        asked: Value = func.base if isinstance(func, Attr) and self._naming.is_search(func.name) else (
            self._naming.url(site) or func
        )  # fmt: skip
        loops = [name for name in names_in(asked) if self._looped(name, site.place) is not None]
        if not loops:
            return {self._target(asked, site.place)}, False, True
        iterable, place = self._looped(loops[0], site.place) or (asked, site.place)
        elements = self._elements(iterable, place)
        if not elements:
            return set(), True, False
        return {self._target(value, where) for value, where in elements}, True, True

    def _looped(self, name: str, place: Place) -> tuple[Value, Place] | None:
        scope = place.scope
        while scope > MODULE_SCOPE:
            here = Place(place.file, scope)
            for binding in self._program.bindings(here, name):
                if binding.how in ("for", "in") and binding.value is not None:
                    return binding.value, here
            scope = self._program.scope(here).parent
        return None

    def _elements(self, iterable: Value, place: Place) -> list[tuple[Value, Place]]:
        """Return what a loop goes over: the elements of a display, a mapping's values with their keys."""
        if isinstance(iterable, Call):
            last = getattr(iterable.func, "name", "")
            if last in ("values", "items", "keys", "copy") and isinstance(iterable.func, Attr):
                iterable = iterable.func.base
            elif last in ("list", "tuple", "sorted", "enumerate", "zip", "set") and iterable.args:
                iterable = iterable.args[0].value
        found: list[tuple[Value, Place]] = []
        for meaning in self._evaluator.evaluate(iterable, place):
            if not isinstance(meaning, Display):
                return []
            if isinstance(meaning.value, Seq):
                if not meaning.value.items:
                    return []  # filled elsewhere
                found += [(item, meaning.place) for item in meaning.value.items]
            else:
                if not meaning.value.entries or any(e.key is None for e in meaning.value.entries):
                    return []
                found += [(Seq((e.key or e.value, e.value)), meaning.place) for e in meaning.value.entries]
        return found

    def _target(self, asked: Value, place: Place) -> _Target:
        words: set[str] = set()
        file = None
        stack = [asked]
        while stack:
            value = stack.pop()
            if isinstance(value, Lit) and isinstance(value.value, str):
                words |= words_of(value.value)
            elif isinstance(value, (Ref, Attr)):
                words |= words_of(dotted(value))
            meanings = self._evaluator.evaluate(value, place) if not isinstance(value, Lit) else ()
            for meaning in meanings:
                file = file if file is not None else self._file_of(meaning)
                words |= self._spoken(meaning)
            if not isinstance(value, (Ref, Attr)):
                stack.extend(children(value))
        return _Target(file, frozenset(words))

    def _file_of(self, meaning: Abstract) -> int | None:
        cls = meaning.of if isinstance(meaning, Instance) else meaning if isinstance(meaning, ClassRef) else None
        if cls is None:
            return None
        for ancestor in self._evaluator.ancestry(cls):
            for offered in self._offers.all:
                if offered.owner == ancestor.place:
                    return cls.place.file
        return None

    def _spoken(self, meaning: Abstract) -> set[str]:
        match meaning:
            case Known() | Symbol():
                return words_of(readable(meaning)) | (words_of(meaning.name) if isinstance(meaning, Symbol) else set())
            case External():
                return words_of(meaning.name)
            case Instance():
                return words_of(self._program.scope(meaning.of.place).name)
            case ClassRef():
                return words_of(self._program.scope(meaning.place).name)
            case _:
                return set()

    def _service_of(self, target: _Target, services: Mapping[str, tuple[frozenset[int], frozenset[str]]]) -> str | None:
        if target.file is not None:
            for name, (files, _) in services.items():
                if target.file in files:
                    return name
        best: tuple[int, str] | None = None
        for name, (_, others) in services.items():
            for called in (name, *others):
                words = words_of(called)
                if words and words <= target.words and (best is None or len(words) > best[0]):
                    best = (len(words), name)
        return best[1] if best is not None else None
