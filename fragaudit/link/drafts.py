"""Stores being put together: from openings that are one store to its draft."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from fragaudit.catalogue import Catalogue
from fragaudit.link.grouping import Group
from fragaudit.link.holders import Held
from fragaudit.link.openings import UNDECIDED, Opened, SiteKey
from fragaudit.link.program import Place, Program
from fragaudit.link.reach import Reach
from fragaudit.link.roles import names_of, role_of
from fragaudit.link.slots import SlotFound
from fragaudit.link.usage import Called
from fragaudit.model.locations import Location
from fragaudit.model.stores import Container, Kind, Opening, Reason, Role, Slot, StoreCall
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


class Drafting:
    """Makes drafts for one service; `hint` is the engine of databases that nothing else tells."""

    def __init__(self, program: Program, catalogue: Catalogue, found: Found, hint: str | None) -> None:
        """Take everything that was found in the repository."""
        self.program = program
        self.hint = hint
        self._catalogue = catalogue
        self.used = frozenset(called.opening for called in found.called if called.opening is not None)

    def family(self, engine: str) -> str:
        """Return the family of an engine: engines of one family at one address are one store."""
        engine = self.hint or engine if engine == UNDECIDED else engine
        known = self._catalogue.engine(engine)
        return known.family if known is not None else engine

    def of(self, group: Group) -> Draft:
        """Return the draft of a group of openings."""
        role, why = role_of(group, self.program, self.used)
        leading = min(group.openings, key=lambda o: (o.type == "pool", o.alias is not None))
        address = group.address
        return Draft(
            kind=leading.kind,
            engine=leading.engine,
            library=leading.library,
            role=role,
            identity=address.shown or AT_RUN_TIME,
            certain=address.certain and address.known,
            openings=once(self.opening(o) for o in group.openings),
            sites=frozenset(o.key for o in group.openings),
            reasons=[why, *group.reasons],
            variables=tuple(sorted({s for o in group.openings for s in o.address.symbols})),
            apart=tuple(sorted(group.apart)),
            containers=self.containers(group.openings),
        )

    def opening(self, opened: Opened) -> Opening:
        """Return an opening as reports have it."""
        place = opened.site.place
        at = self.program.location(place.file, opened.site.call.at)
        return Opening(
            at,
            opened.engine,
            opened.library,
            opened.address.shown,
            self._conditional(opened),
            names_of(place, self.program),
            opened.site.target.removeprefix("self."),
        )

    def _conditional(self, opened: Opened) -> bool:
        """Say whether something decides that a store is opened: a test around it, or a function asked for it."""
        place = opened.site.place
        kinds = {b.kind for b in self.program.branches(place.file, opened.site.branch)}
        if kinds & {"if", "else", "match", "rest"}:
            return True
        function = self.program.enclosing_function(place)
        if function is None:
            return False
        scope = self.program.scope(function)
        return scope.name not in ("__init__", "__post_init__", "__aenter__", "__enter__", "lifespan", "startup", "main")

    def containers(self, openings: Sequence[Opened]) -> set[Container]:
        """Return the containers that openings name."""
        found: set[Container] = set()
        for opened in openings:
            at = self.program.location(opened.site.place.file, opened.site.call.at)
            found.update(Container(name, dynamic, at) for name, dynamic in opened.containers)
        return found


def once(openings: Iterable[Opening]) -> list[Opening]:
    """Keep one opening for each place: a call with several possible addresses is written once."""
    found: dict[Location, Opening] = {}
    for opening in openings:
        found.setdefault(opening.at, opening)
    return list(found.values())
