"""From groups, slots, holders and calls to the stores of one service."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from fragaudit.catalogue import Catalogue
from fragaudit.link.abstract import Abstract, ClassRef
from fragaudit.link.evaluate import Evaluator
from fragaudit.link.grouping import Group, Grouping, decide_engine
from fragaudit.link.holders import Held
from fragaudit.link.identity import distinct
from fragaudit.link.keyspaces import ANY
from fragaudit.link.openings import UNDECIDED, Opened, SiteKey
from fragaudit.link.program import Place, Program
from fragaudit.link.reach import Reach
from fragaudit.link.roles import names_of, role_of, role_of_slot
from fragaudit.link.slots import APART, SlotFound
from fragaudit.link.usage import Called
from fragaudit.model.locations import Location
from fragaudit.model.stores import (
    ClassField,
    Container,
    Kind,
    Opening,
    Reason,
    Role,
    Slot,
    Store,
    StoreCall,
    StoreClass,
)
from fragaudit.wording import AT_RUN_TIME


@dataclass(slots=True)
class Draft:
    """A store being put together."""

    kind: Kind
    engine: str
    library: str
    role: Role
    identity: str
    certain: bool
    openings: list[Opening]
    sites: frozenset[SiteKey]
    reasons: list[Reason]
    slot: Slot | None = None
    root: Place | None = None
    variables: tuple[str, ...] = ()
    apart: tuple[str, ...] = ()
    scope: str = ""
    containers: set[Container] = field(default_factory=set)
    calls: set[StoreCall] = field(default_factory=set)
    implementations: frozenset[Place] = frozenset()


@dataclass(frozen=True, slots=True)
class Found:
    """Everything found in the whole repository, before it is divided among services."""

    opened: tuple[Opened, ...]
    slots: tuple[SlotFound, ...]
    held: tuple[Held, ...]
    called: tuple[Called, ...]
    reach: Reach


class Assembly:
    """Puts the stores of one service together; `files` are the numbers of its files."""

    def __init__(
        self, evaluator: Evaluator, catalogue: Catalogue, found: Found, files: frozenset[int], hint: str | None
    ):
        self._evaluator = evaluator
        self._program: Program = evaluator.program
        self._catalogue = catalogue
        self._found = found
        self._files = files
        self._hint = hint
        self._places = {o.key: o.site.place for o in found.opened}
        self._opened: dict[SiteKey, list[Opened]] = defaultdict(list)
        for opened in found.opened:
            self._opened[opened.key].append(opened)
        self._used = frozenset(called.opening for called in found.called if called.opening is not None)
        self.drafts: list[Draft] = []
        self._ids: dict[int, str] = {}

    def stores(self) -> tuple[tuple[Store, ...], tuple[StoreClass, ...]]:
        """Return the service's stores, and its classes that hold several of them."""
        opened = [o for o in self._found.opened if o.site.place.file in self._files]
        opened = self._slots(opened)
        grouping = Grouping(self._program, self._family)
        groups = grouping.groups(opened)
        decide_engine(groups, self._hint)
        for group in groups:
            self.drafts.append(self._draft(group))
        fields = self._held()
        self._calls()
        stores = self._named()
        index = {id(draft): store for draft, store in zip(self.drafts, stores, strict=True)}
        self._ids = {key: store.id for key, store in index.items()}
        classes = self._classes([(held, index[id(draft)]) for held, draft in fields])
        return tuple(stores), classes

    def _family(self, engine: str) -> str:
        engine = self._hint or engine if engine == UNDECIDED else engine
        known = self._catalogue.engine(engine)
        return known.family if known is not None else engine

    # -- concrete stores -------------------------------------------------------------------------------------------

    def _draft(self, group: Group) -> Draft:
        role, why = role_of(group, self._program, self._used)
        leading = min(group.openings, key=lambda o: (o.type == "pool", o.alias is not None))
        address = group.address
        return Draft(
            kind=leading.kind,
            engine=leading.engine,
            library=leading.library,
            role=role,
            identity=address.shown or AT_RUN_TIME,
            certain=address.certain and address.known,
            openings=_once(self._opening(o) for o in group.openings),
            sites=frozenset(o.key for o in group.openings),
            reasons=[why, *group.reasons],
            variables=tuple(sorted({s for o in group.openings for s in o.address.symbols})),
            apart=tuple(sorted(group.apart)),
            containers=self._containers(group.openings),
        )

    def _opening(self, opened: Opened) -> Opening:
        place = opened.site.place
        at = self._program.location(place.file, opened.site.call.at)
        return Opening(
            at,
            opened.engine,
            opened.library,
            opened.address.shown,
            self._conditional(opened),
            names_of(place, self._program),
            opened.site.target.removeprefix("self."),
        )

    def _conditional(self, opened: Opened) -> bool:
        """Say whether something decides that a store is opened: a test around it, or a function asked for it."""
        place = opened.site.place
        kinds = {b.kind for b in self._program.branches(place.file, opened.site.branch)}
        if kinds & {"if", "else", "match", "rest"}:
            return True
        function = self._program.enclosing_function(place)
        if function is None:
            return False
        scope = self._program.scope(function)
        return scope.name not in ("__init__", "__post_init__", "__aenter__", "__enter__", "lifespan", "startup", "main")

    def _containers(self, openings: Sequence[Opened]) -> set[Container]:
        found: set[Container] = set()
        for opened in openings:
            at = self._program.location(opened.site.place.file, opened.site.call.at)
            found.update(Container(name, dynamic, at) for name, dynamic in opened.containers)
        return found

    # -- slots -----------------------------------------------------------------------------------------------------

    def _slots(self, opened: list[Opened]) -> list[Opened]:
        """Make one draft a slot; return the openings that belong to none."""
        remaining = list(opened)
        here = {o.key for o in opened}
        for slot in sorted(self._found.slots, key=self._slot_order):
            inside = [o for a in slot.alternatives for o in a.openings if o.key in here]
            members = [o for o in inside if o in remaining or slot.root is not None]
            if members and any(
                d.slot and d.kind == slot.kind and {m.key for m in members} <= d.sites for d in self.drafts
            ):
                continue  # the same back ends behind another of their bases
            if len({o.engine for o in members}) < 1 or not members:
                continue
            if slot.root is None and len({o.engine for o in members}) < 2:
                continue
            if any(
                d.root is not None and slot.root is not None and self._nested(d.root, slot.root) for d in self.drafts
            ):
                remaining = [o for o in remaining if o.key not in {m.key for m in members}]
                continue
            twin = self._twin(slot.kind, members)
            if twin is not None:
                twin.sites |= frozenset(m.key for m in members)
            else:
                self.drafts.append(self._slot_draft(slot, members))
            taken = {m.key for m in members}
            remaining = [o for o in remaining if o.key not in taken]
        for one in list(remaining):
            twin = self._twin(one.kind, [one])
            if twin is not None:
                twin.sites |= {one.key}
                remaining.remove(one)
        return remaining

    def _slot_order(self, slot: SlotFound) -> tuple[bool, bool, int, str]:
        """Order with declared roles first: a base class that several roles share says less than each role's own."""
        name = self._program.scope(slot.root).name if slot.root is not None else ""
        return slot.root is None, not self._catalogue.abstraction(name), -len(slot.alternatives), slot.kind

    def _twin(self, kind: Kind, members: Sequence[Opened]) -> Draft | None:
        """Return a slot that openings may belong to: same kind, known engines, no address that proves another store."""
        settled = [m for m in members if m.address.certain and m.address.known]
        engines = {m.engine for m in members}
        for draft in self.drafts:
            if draft.slot is not None and draft.kind == kind and engines <= {*draft.slot.alternatives, UNDECIDED}:
                inside = [o for key in sorted(draft.sites) for o in self._opened[key]]
                if not any(self._proven_apart(m, inside) for m in settled):
                    return draft
        return None

    def _proven_apart(self, opened: Opened, members: Sequence[Opened]) -> bool:
        mates = [o for o in members if self._family(o.engine) == self._family(opened.engine)]
        return not mates or all(distinct(o.address, opened.address) for o in mates)

    def _nested(self, one: Place, other: Place) -> bool:
        """Say whether one root class is an ancestor of the other: their implementations are one set."""
        first = {c.place for c in self._evaluator.ancestry(ClassRef(one))}
        second = {c.place for c in self._evaluator.ancestry(ClassRef(other))}
        return one in second or other in first

    def _slot_draft(self, slot: SlotFound, members: list[Opened]) -> Draft:
        default = slot.default
        chosen = [o for o in default.openings if o.kind == slot.kind] or list(default.openings) if default else []
        real = [o for o in members if o.kind == slot.kind and o.role != Role.SCRATCH] or members
        leading = chosen[0] if chosen else min(real, key=lambda o: (o.site.place, o.site.call.at))
        name = default.label if default is not None else None
        engine = leading.engine
        if default is not None and not chosen and slot.kind in (Kind.KV, Kind.VECTOR, Kind.GRAPH):
            engine = default.label
        # Files that a back end also writes are none of the alternatives.
        like = [o for o in members if (o.kind in APART) == (slot.kind in APART)] or members
        alternatives = {o.engine if o.engine != UNDECIDED else (self._hint or UNDECIDED) for o in like}
        alternatives |= {a.label for a in slot.alternatives if not a.openings}
        alternatives = alternatives - {UNDECIDED} or alternatives
        if engine == UNDECIDED:
            selected = self._catalogue.engine(slot.selected.lower()) if slot.selected else None
            engine = selected.name if selected is not None else self._hint or UNDECIDED
        default_name = (engine if chosen else name) if default is not None else None
        group = Group(self._family(engine), chosen or [leading])
        role, why = role_of(group, self._program, self._used)
        at = self._program.location(slot.root.file, self._program.scope(slot.root).span) if slot.root else None
        role, why = role_of_slot(slot.kind, self._program.scope(slot.root).name if slot.root else "", at, role, why)
        address = group.address
        return Draft(
            kind=slot.kind,
            engine=engine,
            library=leading.library if engine == leading.engine else "project",
            role=role,
            identity=(address.shown if chosen or default is None else "") or AT_RUN_TIME,
            certain=False,
            openings=_once(sorted({self._opening(o) for o in (chosen or members)})),
            sites=frozenset(o.key for o in members),
            reasons=[*slot.reasons, why],
            slot=Slot(tuple(sorted(alternatives)), default_name),
            root=slot.root,
            containers=self._containers(chosen or members),
            implementations=frozenset(a.cls for a in slot.alternatives if a.cls is not None),
        )

    # -- classes that hold stores ----------------------------------------------------------------------------------

    def _held(self) -> list[tuple[Held, Draft]]:
        """Give every store attribute its store; attributes known by type alone make stores of their own."""
        fields: list[tuple[Held, Draft]] = []
        unknown: dict[Place, list[Held]] = defaultdict(list)
        for held in self._found.held:
            if held.cls.file not in self._files:
                continue
            draft = self._known(held)
            if draft is None and held.kind is not None and held.opening is None:
                unknown[held.cls].append(held)
            elif draft is not None:
                fields.append((held, draft))
        for kind in Kind:
            fields.extend(self._declared(kind, unknown))
        return fields

    def _known(self, held: Held) -> Draft | None:
        if held.opening is not None:
            return next((d for d in self.drafts if held.opening in d.sites), None)
        if held.implementation is None:
            return None
        ancestry = {c.place for c in self._evaluator.ancestry(ClassRef(held.implementation))}
        for draft in self.drafts:
            if held.kind not in (None, draft.kind):
                continue
            if draft.root in ancestry or held.implementation in draft.implementations:
                if held.container:
                    at = self._program.location(held.cls.file, held.at)
                    draft.containers.add(Container(held.container, False, at))
                return draft
        inside = [d for d in self.drafts if any(self._within(key, held.implementation) for key in d.sites)]
        return inside[0] if len(inside) == 1 else None

    def _within(self, key: SiteKey, cls: Place) -> bool:
        if key[0] != cls.file:
            return False
        opened = next((o for o in self._found.opened if o.key == key), None)
        return opened is not None and self._program.within(opened.site.place, cls)

    def _declared(self, kind: Kind, unknown: dict[Place, list[Held]]) -> list[tuple[Held, Draft]]:
        """Stores that are only declared: as many as the class with the most holds, beyond those that were opened."""
        by_class = {cls: [h for h in held if h.kind == kind] for cls, held in unknown.items()}
        by_class = {cls: held for cls, held in by_class.items() if held}
        if not by_class:
            return []
        fields: list[tuple[Held, Draft]] = []
        drafts = [d for d in self.drafts if d.kind == kind and d.role != Role.BROKER and d.role != Role.SCRATCH]
        if kind in (Kind.RELATIONAL, Kind.DOCUMENT) and not drafts:
            drafts = [d for d in self.drafts if d.kind in (Kind.RELATIONAL, Kind.DOCUMENT) and d.role == Role.DATA]
        for cls in sorted(by_class, key=lambda c: (-len(by_class[c]), c)):
            taken: list[Draft] = []
            for held in sorted(by_class[cls], key=lambda h: h.at):
                draft = next((d for d in drafts if d not in taken and d.scope == held.field), None)
                draft = draft or next((d for d in drafts if d not in taken), None)
                if draft is None:
                    draft = self._declared_draft(held, kind)
                    drafts.append(draft)
                    self.drafts.append(draft)
                taken.append(draft)
                fields.append((held, draft))
        return fields

    def _declared_draft(self, held: Held, kind: Kind) -> Draft:
        at = self._program.location(held.cls.file, held.at)
        owner = self._program.qualified(held.cls)
        opening = Opening(at, held.declared, "project", held.field, held.conditional, owner, held.field)
        return Draft(
            kind=kind,
            engine=held.declared,
            library="project",
            role=Role.DATA,
            identity=f"{self._program.scope(held.cls).name}.{held.field}",
            certain=False,
            openings=[opening],
            sites=frozenset(),
            reasons=[Reason(f"role data: declared as {held.declared}, which keeps {kind} data", at)],
            scope=held.field,
        )

    def _classes(self, fields: list[tuple[Held, Store]]) -> tuple[StoreClass, ...]:
        by_class: dict[Place, list[ClassField]] = defaultdict(list)
        for held, store in fields:
            at = self._program.location(held.cls.file, held.at)
            by_class[held.cls].append(ClassField(held.field, store.kind, at, held.declared, store.id))
        found = []
        for cls, members in sorted(by_class.items()):
            scope = self._program.scope(cls)
            found.append(StoreClass(scope.name, self._program.location(cls.file, scope.span), tuple(sorted(members))))
        return tuple(found)

    # -- calls -----------------------------------------------------------------------------------------------------

    def _calls(self) -> None:
        for called in self._found.called:
            if called.file not in self._files:
                continue
            draft = self._target(called)
            if draft is not None:
                draft.calls.add(called.call)
                if called.call.container:
                    dynamic = "{" in called.call.container or called.call.container.endswith(ANY)
                    known = {c.name for c in draft.containers}
                    if called.call.container not in known:
                        draft.containers.add(Container(called.call.container, dynamic, called.call.at))

    def store_of(self, opening: SiteKey | None, owner: Abstract | None, engine: str) -> str:
        """Return the id of the store that a call reaches, or an empty string. Asked after `stores`."""
        draft = self._reached(opening, owner, engine)
        if draft is None and owner is None and not engine:
            vectors = [d for d in self.drafts if d.kind == Kind.VECTOR]
            draft = vectors[0] if len(vectors) == 1 else None
        if draft is not None and draft.kind == Kind.RELATIONAL and engine and self._family(engine) != draft.engine:
            return ""  # one of several back ends of which a database is the usual one
        return self._ids[id(draft)] if draft is not None else ""

    def _target(self, called: Called) -> Draft | None:
        return self._reached(called.opening, called.owner, called.engine)

    def _reached(self, opening: SiteKey | None, owner: Abstract | None, engine: str) -> Draft | None:
        if opening is not None:
            for draft in self.drafts:
                if opening in draft.sites:
                    return draft
        if isinstance(owner, ClassRef):
            ancestry = {c.place for c in self._evaluator.ancestry(owner)}
            for draft in self.drafts:
                if draft.root in ancestry or owner.place in draft.implementations:
                    return draft
            kind = self._catalogue.abstraction(self._program.scope(owner.place).name)
            mates = [d for d in self.drafts if d.kind == kind]
            return mates[0] if len(mates) == 1 else None
        family = self._family(engine)
        mates = [d for d in self.drafts if self._family(d.engine) == family]
        return mates[0] if len(mates) == 1 else None

    # -- names -----------------------------------------------------------------------------------------------------

    def _named(self) -> list[Store]:
        """Number the stores and make them final, in order of kind and first opening."""
        self.drafts.sort(key=lambda d: (list(Kind).index(d.kind), d.engine, d.identity, _first(d.openings)))
        counts: dict[str, int] = defaultdict(int)
        stores = []
        for draft in self.drafts:
            base = f"{draft.kind}:{draft.engine}"
            counts[base] += 1
            identifier = base if counts[base] == 1 else f"{base}#{counts[base]}"
            stores.append(
                Store(
                    identifier,
                    draft.kind,
                    draft.engine,
                    draft.library,
                    draft.role,
                    draft.identity,
                    draft.certain,
                    tuple(draft.openings),
                    tuple(sorted(draft.containers)),
                    tuple(sorted(draft.calls)),
                    draft.slot,
                    draft.variables,
                    draft.apart,
                    offered=self._offered(draft),
                    reasons=tuple(draft.reasons),
                )
            )
        return stores

    def _offered(self, draft: Draft) -> bool:
        places = [self._places[key] for key in sorted(draft.sites) if key in self._places]
        return bool(places) and not any(self._found.reach.used(place) for place in places)


def _once(openings: Iterable[Opening]) -> list[Opening]:
    """Keep one opening for each place: a call with several possible addresses is written once."""
    found: dict[Location, Opening] = {}
    for opening in openings:
        found.setdefault(opening.at, opening)
    return list(found.values())


def _first(openings: Sequence[Opening]) -> Location:
    return openings[0].at if openings else Location("")
