"""Who calls whom, and what is opened by whom: by classes, outermost functions and modules."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property

from fragaudit.link.abstract import ClassRef, FunctionRef
from fragaudit.link.evaluate import Evaluator
from fragaudit.link.openings import Opened
from fragaudit.link.program import Place, Program, Site
from fragaudit.model.facts import MODULE_SCOPE

DEEPEST = 4
MOST_CALLERS = 200


class Calls:
    """The calls of a repository between its units, and the openings inside them."""

    def __init__(self, evaluator: Evaluator, openings: Sequence[Opened]) -> None:
        """Follow the calls of all sites."""
        self._evaluator = evaluator
        self._program: Program = evaluator.program
        self.by_file: dict[int, list[Opened]] = defaultdict(list)
        self._by_key = {opened.key: opened for opened in openings}
        for opened in openings:
            self.by_file[opened.site.place.file].append(opened)
        self._callees: dict[Place, tuple[Place, ...]] = {}
        self.callers: dict[Place, set[Place]] = defaultdict(set)
        self._owners: dict[Place, Place] = {}
        self._reached: dict[Place, tuple[Opened, ...]] = {}
        self._by_owner: dict[Place, list[Opened]] = defaultdict(list)
        for opened in openings:
            self._by_owner[self.owner(opened.site.place)].append(opened)
        self.called: dict[int, tuple[Place, ...]] = {}
        self._link_calls()

    def owner(self, place: Place) -> Place:
        """Return the unit a place belongs to: its class, else its outermost function, else its module."""
        known = self._owners.get(place)
        if known is None:
            cls = self._program.enclosing_class(place)
            known = cls or self._program.enclosing_function(place) or Place(place.file, MODULE_SCOPE)
            self._owners[place] = known
        return known

    def _link_calls(self) -> None:
        callees: dict[Place, set[Place]] = defaultdict(set)
        for site in self._program.sites:
            targets = tuple(self._targets(site))
            if not targets:
                continue
            self.called[id(site.call)] = targets
            caller = self.owner(site.place)
            for target in targets:
                if target != caller:
                    callees[caller].add(target)
                    self.callers[target].add(caller)
        self._callees = {place: tuple(sorted(found)) for place, found in callees.items()}

    def _targets(self, site: Site) -> Iterable[Place]:
        name = getattr(site.call.func, "name", None)
        if name is not None and name not in self._program.callable_names:
            return
        for meaning in self._evaluator.evaluate(site.call.func, site.place):
            if isinstance(meaning, ClassRef):
                yield meaning.place
            elif isinstance(meaning, FunctionRef):
                yield self.owner(meaning.place)

    def reached(self, unit: Place) -> tuple[Opened, ...]:
        """Return the openings in a class, function or module and in the project code it calls."""
        known = self._reached.get(unit)
        if known is not None:
            return known
        seen, level = {unit}, [unit]
        found: list[Opened] = []
        for depth in range(DEEPEST + 1):
            following: list[Place] = []
            for current in level:
                found.extend(self._by_owner.get(current, ()))
                for target in self._callees.get(current, ()) if depth < DEEPEST else ():
                    if target not in seen:
                        seen.add(target)
                        following.append(target)
            level = following
        known = self._reached[unit] = tuple(found)
        return known

    def inside(self, unit: Place) -> Sequence[Opened]:
        """Return the openings in a class, function or module itself."""
        return self._by_owner.get(unit, ())

    def making(self, cls: Place, maker: Place) -> Iterator[Site]:
        """Yield where a unit makes objects of a class."""
        for site in self._program.sites_by_name.get(self._program.scope(cls).name, ()):
            if self.owner(site.place) == maker and cls in self.called.get(id(site.call), ()):
                yield site

    @cached_property
    def _importers(self) -> dict[int, set[int]]:
        """The files that import something from a file."""
        found: dict[int, set[int]] = defaultdict(set)
        for number, file in enumerate(self._program.files):
            for item in file.imports:
                module = self._program.absolute(item, number)
                for name in (module, f"{module}.{item.name}"):
                    target = self._program.module(name, number)
                    if target is not None and target != number:
                        found[target].add(number)
        return found

    def only_from(self, opened: Opened, allowed: frozenset[Place]) -> bool:
        """Say whether an opening is reached through the allowed units alone, and so is the client that it uses."""
        client = self._by_key.get(opened.alias) if opened.alias is not None else None
        if client is not None and client.alias is None and not self._reached_from(client, allowed):
            return False
        return self._reached_from(opened, allowed)

    def _reached_from(self, opened: Opened, allowed: frozenset[Place]) -> bool:
        unit = self.owner(opened.site.place)
        if unit in allowed:
            return True
        homes = {cls.file for cls in allowed}
        seen, queue = {unit}, [unit]
        while queue:
            if len(seen) > MOST_CALLERS:
                return False  # what so many reach is no back end's own
            current = queue.pop()
            everyone = self.callers.get(current, set())
            callers = everyone - allowed
            # A function of the back end's own module that nobody calls is its entry, called by name.
            if current.scope == MODULE_SCOPE and self._importers.get(current.file, set()) <= homes:
                continue  # an object of the back end's own, made where its module is loaded
            if current.scope == MODULE_SCOPE or (not everyone and current.file not in homes):
                return False
            for caller in callers:
                if caller not in seen:
                    seen.add(caller)
                    queue.append(caller)
        return True
