"""Alternative back ends: implementations behind one selector, of which one is active at a time."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from fragaudit.catalogue import Catalogue
from fragaudit.link.abstract import Abstract, ClassRef, FunctionRef, Instance, Known, Symbol
from fragaudit.link.evaluate import Evaluator
from fragaudit.link.openings import UNDECIDED, Opened
from fragaudit.link.program import Place, Program, Site
from fragaudit.model.facts import MODULE_SCOPE
from fragaudit.model.stores import Kind, Reason
from fragaudit.model.values import Call, Lit, Map, Seq, Value

FEWEST = 2
APART = frozenset({Kind.OBJECT, Kind.QUEUE})
"""Kinds that are no alternative to others."""
DEEPEST = 4
MOST_CALLERS = 200


@dataclass(frozen=True)
class Alternative:
    """One implementation: its class or arm, the openings only it reaches, and the names that select it."""

    label: str
    cls: Place | None
    openings: tuple[Opened, ...]
    names: frozenset[str]


@dataclass(frozen=True)
class SlotFound:
    """Alternatives of which one is active; `kind` is what the role they share keeps, `root` the shared base class.

    `selected` is the text by which a default selects: one implementation may serve several engines.
    """

    kind: Kind
    alternatives: tuple[Alternative, ...]
    default: Alternative | None
    root: Place | None
    reasons: tuple[Reason, ...]
    selected: str = ""


class Slots:
    """Finds slots: by exclusive arms that reach different engines, and by families of classes behind a selector."""

    def __init__(self, evaluator: Evaluator, catalogue: Catalogue, openings: Sequence[Opened]) -> None:
        self._evaluator = evaluator
        self._program: Program = evaluator.program
        self._catalogue = catalogue
        self._by_file: dict[int, list[Opened]] = defaultdict(list)
        for opened in openings:
            self._by_file[opened.site.place.file].append(opened)
        self._callees: dict[Place, tuple[Place, ...]] = {}
        self._callers: dict[Place, set[Place]] = defaultdict(set)
        self._ancestry: dict[Place, tuple[ClassRef, ...]] = {}
        self._owners: dict[Place, Place] = {}
        self._reached: dict[Place, tuple[Opened, ...]] = {}
        self._by_owner: dict[Place, list[Opened]] = defaultdict(list)
        for opened in openings:
            self._by_owner[self._owner(opened.site.place)].append(opened)
        self._called: dict[int, tuple[Place, ...]] = {}
        self._link_calls()

    # -- who calls whom --------------------------------------------------------------------------------------------

    def _owner(self, place: Place) -> Place:
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
            self._called[id(site.call)] = targets
            caller = self._owner(site.place)
            for target in targets:
                if target != caller:
                    callees[caller].add(target)
                    self._callers[target].add(caller)
        self._callees = {place: tuple(sorted(found)) for place, found in callees.items()}

    def _targets(self, site: Site) -> Iterable[Place]:
        name = getattr(site.call.func, "name", None)
        if name is not None and name not in self._program.callable_names:
            return
        for meaning in self._evaluator.evaluate(site.call.func, site.place):
            if isinstance(meaning, ClassRef):
                yield meaning.place
            elif isinstance(meaning, FunctionRef):
                yield self._owner(meaning.place)

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

    def _only_from(self, opened: Opened, allowed: frozenset[Place]) -> bool:
        """Say whether an opening is reached through the allowed units alone."""
        unit = self._owner(opened.site.place)
        if unit in allowed:
            return True
        homes = {cls.file for cls in allowed}
        seen, queue = {unit}, [unit]
        while queue:
            if len(seen) > MOST_CALLERS:
                return False  # what so many reach is no back end's own
            current = queue.pop()
            everyone = self._callers.get(current, set())
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

    # -- families of classes ---------------------------------------------------------------------------------------

    def families(self) -> list[SlotFound]:
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
        if not any(self.reached(unit) for cls in classes for unit in (cls, *self._makers(cls))):
            return None
        relatives = self._relatives(root) | {root} if root is not None else frozenset(classes)
        allowed = relatives | {m for cls in classes for m in self._makers(cls)}
        declared = self._catalogue.abstraction(name)
        # What stands in the module of a back end is that back end's, whatever tools reach for it too.
        own = root.file if root is not None else -1
        homes = frozenset(cls.file for cls in classes if cls.file != own) if declared else frozenset()
        alternatives = []
        for cls in classes:
            makers = self._makers(cls)
            reached = tuple(dict.fromkeys(o for unit in (cls, *makers) for o in self.reached(unit)))
            openings = tuple(o for o in reached if o.site.place.file in homes or self._only_from(o, allowed))
            alternatives.append(Alternative(self._program.scope(cls).name, cls, openings, self._names(cls)))
        engines = _engines(o for a in alternatives for o in a.openings)
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
        like = _engines(o for a in alternatives for o in a.openings if (o.kind in APART) == (kind in APART))
        if len(like) < FEWEST and not declared:
            return None  # a database and files beside it
        leaves = [a for a in alternatives if a.openings or declared]
        default, selected = self._default(leaves, name, kind)
        first = root or classes[0]
        at = self._program.location(first.file, self._program.scope(first).span)
        labels = ", ".join(sorted({a.label for a in leaves}))
        reasons = (Reason(f"implementations of {name}, one active at a time: {labels}", at),)
        return SlotFound(kind, tuple(leaves), default, root, reasons, selected)

    def _ancestors(self, cls: Place) -> tuple[ClassRef, ...]:
        known = self._ancestry.get(cls)
        if known is None:
            known = self._ancestry[cls] = self._evaluator.ancestry(ClassRef(cls))
        return known

    def _makers(self, cls: Place) -> tuple[Place, ...]:
        """Return the units of a class's own module that make it and may hand it what they opened."""
        return tuple(sorted(u for u in self._callers.get(cls, ()) if u.file == cls.file and u.scope != MODULE_SCOPE))

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
        return max(sorted(counts), key=lambda kind: counts[kind])

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
            return False
        return self._program.exclusive(one.place.file, one.branch, other.branch) or one.how == other.how == "return"

    def _selected_by_value(self, site: Site) -> bool:
        """Say whether a site runs only for one value of a setting: `if provider == "x"`, or the rest of such a choice.

        A plain flag says nothing: several may be on at once.
        """
        branches = self._program.files[site.place.file].branches
        around = {branch.group for branch in self._program.branches(site.place.file, site.branch)}
        return any(branch.group in around and branch.label is not None for branch in branches)

    # -- exclusive arms --------------------------------------------------------------------------------------------

    def arms(self) -> list[SlotFound]:
        """Return the slots made of exclusive branches that open, or call what opens, different engines of one kind."""
        found = []
        choices: dict[tuple[int, int], dict[int, list[Site]]] = defaultdict(lambda: defaultdict(list))
        for site in self._program.sites:
            for branch in self._program.branches(site.place.file, site.branch):
                choices[site.place.file, branch.group][branch.arm].append(site)
        for (file, group), by_arm in sorted(choices.items()):
            if len(by_arm) >= FEWEST:
                found.extend(self._choice(file, group, by_arm))
        return found

    def _choice(self, file: int, group: int, by_arm: dict[int, list[Site]]) -> list[SlotFound]:
        sites = {id(site.call) for arm in by_arm.values() for site in arm}
        reached: dict[int, list[Opened]] = {}
        for arm, inside in by_arm.items():
            direct = [o for o in self._by_file[file] if any(o.site.call is s.call for s in inside)]
            units = {t for s in inside for t in self._called.get(id(s.call), ())}
            indirect = [
                o for u in sorted(units) for o in self.reached(u) if self._callers.get(self._owner(o.site.place))
            ]
            reached[arm] = list(dict.fromkeys([*direct, *indirect]))
        del sites
        found = []
        for kind in sorted({o.kind for openings in reached.values() for o in openings}):
            arms = {arm: [o for o in openings if o.kind == kind] for arm, openings in reached.items()}
            arms = {arm: openings for arm, openings in arms.items() if openings}
            common = set.intersection(*({o.key for o in openings} for openings in arms.values())) if arms else set()
            arms = {a: own for a, openings in arms.items() if (own := [o for o in openings if o.key not in common])}
            engines = {frozenset(o.engine for o in openings if o.engine != UNDECIDED) for openings in arms.values()}
            if len(arms) < FEWEST or len(engines - {frozenset()}) < FEWEST:
                continue
            found.append(self._slot_of_arms(file, group, kind, arms))
        return found

    def _slot_of_arms(self, file: int, group: int, kind: Kind, arms: dict[int, list[Opened]]) -> SlotFound:
        branches = {b.arm: b for b in self._program.files[file].branches if b.group == group}
        alternatives, default, chosen = [], None, self._chosen(file, group)
        for arm, openings in sorted(arms.items()):
            label = branches[arm].label
            texts = frozenset(str(v).lower() for v in self._literals(label, file))
            alternative = Alternative(openings[0].engine, None, tuple(openings), texts | {openings[0].engine})
            alternatives.append(alternative)
            if chosen & texts or (not chosen and default is None and branches[arm].kind in ("else", "rest")):
                default = alternative
        if default is None and chosen:
            default = next((a for a in alternatives if chosen & a.names), None)
        span = alternatives[0].openings[0].site.call.at
        first = min(o.site.call.at for a in alternatives for o in a.openings if o.site.place.file == file) if any(
            o.site.place.file == file for a in alternatives for o in a.openings
        ) else span  # fmt: skip
        engines = ", ".join(
            sorted({"a database by its URL" if a.label == UNDECIDED else a.label for a in alternatives})
        )
        reason = Reason(f"exclusive branches, one active at a time: {engines}", self._program.location(file, first))
        return SlotFound(kind, tuple(alternatives), default, None, (reason,))

    def _chosen(self, file: int, group: int) -> frozenset[str]:
        """Return the default values of what a choice tests."""
        found: set[str] = set()
        for branch in self._program.files[file].branches:
            if branch.group == group and branch.subject is not None:
                for meaning in self._evaluator.evaluate(branch.subject, self._scope_of(file, branch.group)):
                    found |= {str(d.value).lower() for d in _defaults(meaning)}
        return frozenset(found)

    def _scope_of(self, file: int, group: int) -> Place:
        facts = self._program.files[file]
        entries = [(u.scope, u.branch) for u in facts.uses] + [(b.scope, b.branch) for b in facts.bindings]
        for scope, inside in entries:
            if any(branch.group == group for branch in self._program.branches(file, inside)):
                return Place(file, scope)
        return Place(file, MODULE_SCOPE)

    def _literals(self, value: Value | None, file: int) -> list[str]:
        if value is None:
            return []
        if isinstance(value, Seq):
            return [text for item in value.items for text in self._literals(item, file)]
        meanings = self._evaluator.evaluate(value, Place(file, MODULE_SCOPE))
        return [str(m.value) for m in meanings if isinstance(m, Known) and isinstance(m.value, str)]

    # -- which is the default --------------------------------------------------------------------------------------

    def _names(self, cls: Place) -> frozenset[str]:
        """Return the lower-case names by which a setting may select a class: its own, its stem's, its module's."""
        name = self._program.scope(cls).name
        path = self._program.files[cls.file].path
        words = _words(name)
        stems = {"".join(words[:end]).lower() for end in range(1, len(words) + 1)}
        module = path.rpartition("/")[2].removesuffix(".py").lower()
        folder = path.split("/")[-2].lower() if "/" in path else ""
        dotted = path.removesuffix(".py").replace("/", ".").removesuffix(".__init__").lower()
        return frozenset(stems | {module, folder, dotted, f"{dotted}.{name.lower()}", name.lower()})

    def _default(self, alternatives: Sequence[Alternative], root: str, kind: Kind) -> tuple[Alternative | None, str]:
        """Return the implementation that a default in the source names, and that text.

        A field, a parameter, the fallback of a variable may be that default.
        """
        scores: dict[int, list[tuple[int, int, str]]] = defaultdict(list)
        own = {a.cls for a in alternatives}
        # Only a text that is the name of one of them, or of its engine, can score.
        names = {n.lower() for a in alternatives for n in (a.label, *a.names, *(o.engine for o in a.openings))}
        for origin, hint, text, owner in [s for name in sorted(names) for s in self._selections.get(name, ())]:
            if owner in own:
                continue  # what a back end says of itself, its usual host for one, selects nothing
            for number, alternative in enumerate(alternatives):
                score = _score(hint, text, alternative, root, kind)
                if score:
                    scores[origin].append((score, -number, text))
        # What names several of the alternatives side by side lists them; it selects none.
        single = [found for found in scores.values() if len({number for _, number, _ in found}) == 1]
        best = max((max(found) for found in single), default=None)
        return (alternatives[-best[1]], best[2]) if best else (None, "")

    @cached_property
    def _selections(self) -> dict[str, list[tuple[int, str, str, Place | None]]]:
        """All (number of the statement, name of what is set, default text, class), by text in lower case."""
        found: dict[str, list[tuple[int, str, str, Place | None]]] = defaultdict(list)
        for selection in dict.fromkeys(self._find_selections()):
            found[selection[2].lower()].append(selection)
        return found

    def _find_selections(self) -> Iterable[tuple[int, str, str, Place | None]]:
        origin = 0
        for number, file in enumerate(self._program.files):
            for binding in file.bindings:
                if binding.value is None:
                    continue
                origin += 1
                owner = self._program.enclosing_class(Place(number, binding.scope))
                around = self._program.scope(owner).name if owner is not None else ""
                for text in self._texts(binding.value, Place(number, binding.scope)):
                    yield origin, f"{around}.{binding.target}", text, owner
                if isinstance(binding.value, Map):
                    for entry in binding.value.entries:
                        if (
                            isinstance(entry.key, Lit)
                            and isinstance(entry.value, Lit)
                            and isinstance(entry.value.value, str)
                        ):
                            yield origin, str(entry.key.value), entry.value.value, owner
            for place, scope in enumerate(file.scopes):
                for parameter in scope.parameters:
                    origin += 1
                    if isinstance(parameter.default, Lit) and isinstance(parameter.default.value, str):
                        owner = self._program.enclosing_class(Place(number, place))
                        yield origin, f"{scope.name}.{parameter.name}", parameter.default.value, owner

    def _texts(self, value: Value, place: Place) -> Iterable[str]:
        if isinstance(value, Lit):
            if isinstance(value.value, str) and len(value.value) < 120:
                yield value.value
        elif isinstance(value, Call):
            for meaning in self._evaluator.evaluate(value, place):
                for default in _defaults(meaning):
                    if isinstance(default.value, str):
                        yield default.value


def _engines(openings: Iterable[Opened]) -> set[str]:
    """Return the engines that openings prove to be different: a database by its URL may be any relational one."""
    found = list(openings)
    engines = {o.engine for o in found} - {UNDECIDED}
    other = any(o.engine == UNDECIDED for o in found) and not any(
        o.kind == Kind.RELATIONAL for o in found if o.engine != UNDECIDED
    )
    return engines | ({UNDECIDED} if other else set())


def _defaults(meaning: Abstract) -> Iterable[Known]:
    if isinstance(meaning, Known):
        yield meaning
    elif isinstance(meaning, Symbol):
        for default in meaning.defaults:
            yield from _defaults(default)
    elif isinstance(meaning, Instance):
        return


_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z0-9]+|[A-Z]+")
_SELECTING = re.compile(
    r"provider|backend|back_end|type|storage|store|engine|kind|driver|_db\b|database|cls|class|impl", re.I
)
_KIND_WORDS = {
    Kind.VECTOR: ("vector", "vec", "embedding"),
    Kind.KV: ("kv", "key", "cache"),
    Kind.GRAPH: ("graph",),
    Kind.RELATIONAL: ("sql", "database", "db", "storage"),
    Kind.DOCUMENT: ("doc", "database", "db"),
}


_GENERAL = frozenset(
    {"base", "connection", "client", "interface", "manager", "abstract", "protocol", "impl", "service"}
)
"""Words that names of unlike things share."""


def _words(name: str) -> list[str]:
    return _WORD.findall(name)


def _score(hint: str, text: str, alternative: Alternative, root: str, kind: Kind) -> int:
    """Weigh a default: an exact class name says most; an engine name only where the setting's name speaks of it."""
    wanted = text.lower()
    about = any(word in hint.lower() for word in _KIND_WORDS.get(kind, ()))
    if text == alternative.label:
        own = any(word in alternative.label.lower() for word in _KIND_WORDS.get(kind, ()))
        return 4 + about + own
    engines = {o.engine for o in alternative.openings}
    if wanted not in alternative.names and wanted not in engines:
        return 0
    if "." in wanted:
        return 4
    if about and _SELECTING.search(hint):
        return 3
    if about:
        return 2
    told = {word.lower() for word in _words(hint.rpartition(".")[2])} & {word.lower() for word in _words(root)}
    return 1 if _SELECTING.search(hint) and (root.lower() in hint.lower() or told - _GENERAL) else 0
