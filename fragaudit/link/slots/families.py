"""Slots of classes that share a base and are not all in use at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cached_property

from fragaudit.catalogue import Catalogue
from fragaudit.link.abstract import ClassRef
from fragaudit.link.evaluate import Evaluator
from fragaudit.link.openings import Opened
from fragaudit.link.program import Place, Program, Site
from fragaudit.link.slots.calls import Calls
from fragaudit.link.slots.defaults import Defaults
from fragaudit.link.slots.found import APART, FEWEST, Alternative, SlotFound, engines_of
from fragaudit.link.spelled import Spelled
from fragaudit.model.facts import MODULE_SCOPE
from fragaudit.model.stores import Kind, Reason
from fragaudit.model.values import Either


class Families:
    """Finds slots by families of classes behind a selector."""

    def __init__(self, evaluator: Evaluator, catalogue: Catalogue, calls: Calls) -> None:
        """Take what follows names and calls."""
        self._evaluator = evaluator
        self._program: Program = evaluator.program
        self._catalogue = catalogue
        self._calls = calls
        self._defaults = Defaults(evaluator)

    def all(self) -> list[SlotFound]:
        """Return the slots made of classes that share a base and are not all in use at once."""
        found = []
        for root, classes in sorted(self._families.items()):
            slot = self._family(root, self._program.scope(root).name, classes)
            if slot is not None:
                found.append(slot)
        for name, classes in sorted(self._outside_families.items()):
            slot = self._family(None, name.rpartition(".")[2], classes)
            if slot is not None:
                found.append(slot)
        return found

    @cached_property
    def _outside_families(self) -> dict[str, list[Place]]:
        """Classes by the store abstraction of another package that they implement."""
        families: dict[str, list[Place]] = defaultdict(list)
        for file_number, file in enumerate(self._program.files):
            for number, scope in enumerate(file.scopes):
                if scope.kind == "class" and scope.bases:
                    cls = Place(file_number, number)
                    for base in self._evaluator.outside_bases(ClassRef(cls)):
                        if self._catalogue.abstraction(base.name.rpartition(".")[2]):
                            families[base.name].append(cls)
        return families

    @cached_property
    def _families(self) -> dict[Place, list[Place]]:
        families: dict[Place, list[Place]] = defaultdict(list)
        for file_number, file in enumerate(self._program.files):
            for number, scope in enumerate(file.scopes):
                if scope.kind == "class" and scope.bases:
                    cls = Place(file_number, number)
                    for ancestor in self._ancestors(cls)[1:]:
                        families[ancestor.place].append(cls)
        return families

    def _family(self, root: Place | None, name: str, classes: list[Place]) -> SlotFound | None:
        if not any(self._calls.reached(unit) for cls in classes for unit in (cls, *self._makers(cls))):
            return None
        relatives = self._relatives(root) | {root} if root is not None else frozenset(classes)
        allowed = relatives | {m for cls in classes for m in self._makers(cls)}
        declared = self._catalogue.abstraction(name)
        # What stands in the module of a back end is that back end's, whatever tools reach for it too.
        own = root.file if root is not None else -1
        # What the base that all share opens by itself tells none of them from the others.
        shared = {c.place for c in self._ancestors(root)} if root is not None else set()
        homes = frozenset(cls.file for cls in classes if cls.file != own) if declared else frozenset()
        alternatives = []
        for cls in classes:
            reached = tuple(dict.fromkeys(self._reached(cls, bool(declared))))
            openings = tuple(
                o
                for o in reached
                if self._calls.owner(o.site.place) not in shared
                and (o.site.place.file in homes or self._calls.only_from(o, allowed))
            )
            alternatives.append(Alternative(self._program.scope(cls).name, cls, openings, self._defaults.names(cls)))
        engines = engines_of(o for a in alternatives for o in a.openings)
        opening = [a for a in alternatives if a.openings]
        if (len(engines) < FEWEST and not (declared and opening and len(alternatives) >= FEWEST)) or not opening:
            return None
        if len(opening) < FEWEST and not declared:
            return None  # one class that opens several: its branches tell
        if len({a.openings[0].site.place.file for a in opening}) == 1 and len(engines) < FEWEST:
            return None
        if self._used_together(opening):
            return None
        kind = Kind(declared) if declared else self._common_kind(opening)
        like = engines_of(o for a in alternatives for o in a.openings if (o.kind in APART) == (kind in APART))
        if len(like) < FEWEST and not declared:
            return None  # a database and files beside it
        above = {base.place for cls in classes for base in self._ancestors(cls)[1:]}
        leaves = [a for a in alternatives if a.openings or (declared and a.cls not in above)]
        default, selected = self._defaults.default(leaves, name, kind)
        first = root or classes[0]
        at = self._program.location(first.file, self._program.scope(first).span)
        labels = ", ".join(sorted({a.label for a in leaves}))
        reasons = (Reason(f"implementations of {name}, one active at a time: {labels}", at),)
        return SlotFound(kind, tuple(leaves), default, root, reasons, selected)

    def _ancestors(self, cls: Place) -> tuple[ClassRef, ...]:
        return self._evaluator.ancestry(ClassRef(cls))

    def _reached(self, cls: Place, declared: bool) -> Iterator[Opened]:
        """Yield the openings that a class reaches, and those that what makes it may hand it.

        A large class may make a small one in one method and open its stores in another, for purposes of its own.
        """
        yield from self._calls.reached(cls)
        for maker in self._makers(cls):
            if declared or self._program.scope(maker).kind != "class":
                yield from self._calls.reached(maker)
                continue
            making = {self._program.enclosing_function(site.place) for site in self._calls.making(cls, maker)}
            for opened in self._calls.inside(maker):
                if self._program.enclosing_function(opened.site.place) in making:
                    yield opened

    def _makers(self, cls: Place) -> tuple[Place, ...]:
        """Return the units of a class's own module that make it and may hand it what they opened."""
        return tuple(
            sorted(u for u in self._calls.callers.get(cls, ()) if u.file == cls.file and u.scope != MODULE_SCOPE)
        )

    def _relatives(self, root: Place) -> frozenset[Place]:
        """Return all classes under the topmost ancestors of a family: one helper may serve several of its roles.

        A role with a single implementation leaves no choice: what that opens is always open.
        """
        own = self._families.get(root, ())
        found = set(own)
        for top in (c.place for c in self._ancestors(root)):
            together = frozenset(self._families.get(top, ()))
            for cls in self._families.get(top, ()):
                between = [c.place for c in self._ancestors(cls)[1:] if c.place != top and c.place in together]
                if not between or any(len(self._families[place]) >= FEWEST for place in between):
                    found.add(cls)
        return frozenset(found)

    def _common_kind(self, alternatives: Sequence[Alternative]) -> Kind:
        counts: dict[Kind, int] = defaultdict(int)
        for alternative in alternatives:
            for kind in {o.kind for o in alternative.openings}:
                counts[kind] += 1
        return max(sorted(counts), key=lambda kind: (counts[kind], kind not in APART))

    def _used_together(self, alternatives: Sequence[Alternative]) -> bool:
        """Say whether two implementations with different engines are made side by side, outside any choice."""
        made: list[tuple[frozenset[str], Site]] = []
        places = {a.cls for a in alternatives}
        for alternative in alternatives:
            if alternative.cls is None:
                continue
            engines = frozenset(o.engine for o in alternative.openings)
            for site in self._program.sites_by_name.get(alternative.label, ()):
                inside = self._program.enclosing_class(site.place)
                if inside in places or site.place.file == alternative.cls.file:
                    continue  # a back end's own module makes it for whoever selected the module
                if any(m == ClassRef(alternative.cls) for m in self._evaluator.evaluate(site.call.func, site.place)):
                    made.append((engines, site))
        for number, (engines, site) in enumerate(made):
            for others, other in made[number + 1 :]:
                if engines != others and not self._apart(site, other):
                    return True
        return False

    def _apart(self, one: Site, other: Site) -> bool:
        if self._selected_by_value(one) and self._selected_by_value(other):
            return True
        if one.place.file != other.place.file:
            return self._loaded_by_name(one) and self._loaded_by_name(other)
        if self._program.exclusive(one.place.file, one.branch, other.branch) or one.how == other.how == "return":
            return True
        values = [b.value for b in self._program.bindings(one.place, one.target)] if one.place == other.place else []
        return any(isinstance(v, Either) and {one.call, other.call} <= set(v.options) for v in values)

    def _loaded_by_name(self, site: Site) -> bool:
        """Say whether a site is in a function that nobody calls, of a module that a text names, as registries do."""
        function = self._program.enclosing_function(site.place)
        if function is None or self._calls.callers.get(self._calls.owner(site.place)):
            return False
        return site.place.file in self._named

    @cached_property
    def _named(self) -> frozenset[int]:
        spelled = Spelled(self._program)
        return frozenset().union(*(spelled.by(number) for number in range(len(self._program.files))))

    def _selected_by_value(self, site: Site) -> bool:
        """Say whether a site runs only for one value of a setting: `if provider == "x"`, or the rest of such a choice.

        A plain flag says nothing: several may be on at once.
        """
        branches = self._program.files[site.place.file].branches
        around = {branch.group for branch in self._program.branches(site.place.file, site.branch)}
        return any(branch.group in around and branch.label is not None for branch in branches)
