"""From groups, slots, holders and calls to the stores of one service."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from fragaudit.catalogue import Catalogue
from fragaudit.link.abstract import Abstract, ClassRef
from fragaudit.link.class_fields import ClassFields
from fragaudit.link.drafts import Draft, Drafting, Found
from fragaudit.link.evaluate import Evaluator
from fragaudit.link.grouping import Grouping, decide_engine
from fragaudit.link.keyspaces import ANY
from fragaudit.link.openings import SiteKey
from fragaudit.link.program import Program
from fragaudit.link.slot_stores import SlotStores
from fragaudit.link.slots.values import settled
from fragaudit.link.usage import Called
from fragaudit.model.locations import Location
from fragaudit.model.stores import (
    Container,
    Kind,
    Opening,
    Store,
    StoreClass,
)


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
        self._drafting = Drafting(evaluator.program, catalogue, found, hint)
        self.drafts: list[Draft] = []
        self._ids: dict[int, str] = {}

    def stores(self) -> tuple[tuple[Store, ...], tuple[StoreClass, ...]]:
        """Return the service's stores, and its classes that hold several of them."""
        opened = settled((o for o in self._found.opened if o.site.place.file in self._files), self._program)
        slots = SlotStores(self._evaluator, self._catalogue, self._found, self._drafting)
        opened = slots.take(opened)
        self.drafts = slots.drafts
        grouping = Grouping(self._program, self._drafting.family)
        groups = grouping.groups(opened)
        decide_engine(groups, self._hint)
        for group in groups:
            self.drafts.append(self._drafting.of(group))
        holders = ClassFields(self._evaluator, self._found, self._files, self.drafts)
        fields = holders.all()
        self._calls()
        stores = self._named()
        index = {id(draft): store for draft, store in zip(self.drafts, stores, strict=True)}
        self._ids = {key: store.id for key, store in index.items()}
        classes = holders.classes([(held, index[id(draft)]) for held, draft in fields])
        return tuple(stores), classes

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
        if (
            draft is not None
            and draft.kind == Kind.RELATIONAL
            and engine
            and self._drafting.family(engine) != draft.engine
        ):
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
        family = self._drafting.family(engine)
        mates = [d for d in self.drafts if self._drafting.family(d.engine) == family]
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


def _first(openings: Sequence[Opening]) -> Location:
    return openings[0].at if openings else Location("")
