"""Slots as stores: alternative back ends of one service, and the openings that turn out to be one of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from fragaudit.catalogue import Catalogue
from fragaudit.link.abstract import ClassRef
from fragaudit.link.drafts import Draft, Drafting, Found, once
from fragaudit.link.evaluate import Evaluator
from fragaudit.link.grouping import Group
from fragaudit.link.identity import distinct
from fragaudit.link.openings import UNDECIDED, Opened, SiteKey
from fragaudit.link.program import Place
from fragaudit.link.roles import role_of, role_of_slot
from fragaudit.link.slots import APART, SlotFound
from fragaudit.link.slots.values import slots_of
from fragaudit.model.stores import OF_PROJECT, Kind, Role, Slot
from fragaudit.wording import AT_RUN_TIME


class SlotStores:
    """Makes one draft a slot."""

    def __init__(self, evaluator: Evaluator, catalogue: Catalogue, found: Found, drafting: Drafting) -> None:
        """Take everything that was found in the repository."""
        self._evaluator = evaluator
        self._program = evaluator.program
        self._catalogue = catalogue
        self._found = found
        self._drafting = drafting
        self._opened: dict[SiteKey, list[Opened]] = defaultdict(list)
        for opened in found.opened:
            self._opened[opened.key].append(opened)
        self.drafts: list[Draft] = []

    def take(self, opened: list[Opened]) -> list[Opened]:
        """Make the drafts of a service's slots; return the openings that belong to none."""
        remaining = list(opened)
        here = {o.key for o in opened}
        values = slots_of(opened, self._program, self._drafting.family)
        for slot in sorted((*self._found.slots, *values), key=self._slot_order):
            inside = [o for a in slot.alternatives for o in a.openings if o.key in here]
            members = [o for o in inside if o in remaining or slot.root is not None]
            if not members or (slot.root is None and len({o.engine for o in members}) < 2):
                continue
            taken = {m.key for m in members}
            if any(d.slot and d.kind == slot.kind and taken <= d.sites for d in self.drafts):
                continue  # the same back ends behind another of their bases
            if any(
                d.root is not None and slot.root is not None and self._nested(d.root, slot.root) for d in self.drafts
            ):
                remaining = [o for o in remaining if o.key not in taken]
                continue
            twin = self._twin(slot.kind, members)
            if twin is not None:
                twin.sites |= taken
            else:
                self.drafts.append(self._slot_draft(slot, members))
            remaining = [o for o in remaining if o.key not in taken]
        # What uses a client is wherever that is.
        clients = {o.key for o in remaining}
        for one in sorted(remaining, key=lambda o: o.alias in clients and o.alias != o.key):
            using = next((d for d in self.drafts if one.alias in d.sites), None)
            if using is None and one.alias in clients and one.alias != one.key:
                continue
            draft = using or self._twin(one.kind, [one])
            if draft is not None:
                draft.sites |= {one.key}
                remaining = [o for o in remaining if o is not one]
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
                # Connectors to other people's databases, by their drivers, aren't what the ORM keeps its tables in.
                if draft.root is not None and UNDECIDED in engines and _drivers(members).isdisjoint(_drivers(inside)):
                    continue
                if not any(self._proven_apart(m, inside) for m in settled):
                    return draft
        return None

    def _proven_apart(self, opened: Opened, members: Sequence[Opened]) -> bool:
        mates = [o for o in members if self._drafting.family(o.engine) == self._drafting.family(opened.engine)]
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
        alternatives = {o.engine if o.engine != UNDECIDED else (self._drafting.hint or UNDECIDED) for o in like}
        alternatives |= {a.label for a in slot.alternatives if not a.openings}
        alternatives = alternatives - {UNDECIDED} or alternatives
        if engine == UNDECIDED:
            selected = self._catalogue.engine(slot.selected.lower()) if slot.selected else None
            engine = selected.name if selected is not None else self._drafting.hint or UNDECIDED
        default_name = (engine if chosen else name) if default is not None else None
        group = Group(self._drafting.family(engine), chosen or [leading])
        role, why = role_of(group, self._program, self._drafting.used)
        at = self._program.location(slot.root.file, self._program.scope(slot.root).span) if slot.root else None
        role, why = role_of_slot(slot.kind, self._program.scope(slot.root).name if slot.root else "", at, role, why)
        address = group.address
        return Draft(
            kind=slot.kind,
            engine=engine,
            library=leading.library if engine == leading.engine else OF_PROJECT,
            role=role,
            identity=(address.shown if chosen or default is None else "") or AT_RUN_TIME,
            certain=False,
            openings=once(sorted({self._drafting.opening(o) for o in (chosen or members)})),
            sites=frozenset(o.key for o in members),
            reasons=[*slot.reasons, why],
            slot=Slot(tuple(sorted(alternatives)), default_name),
            root=slot.root,
            containers=self._drafting.containers(chosen or members),
            implementations=frozenset(a.cls for a in slot.alternatives if a.cls is not None),
        )


def _drivers(openings: Iterable[Opened]) -> set[str]:
    return {opened.library for opened in openings}
