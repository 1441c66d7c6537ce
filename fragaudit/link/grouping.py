"""Which openings are one and the same store, with the reason for each."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from fragaudit.link.identity import Address, distinct, same
from fragaudit.link.openings import UNDECIDED, Opened, SiteKey
from fragaudit.link.program import Program
from fragaudit.model.stores import Kind, Reason

_OF_TESTS = re.compile(r"(?:^|[_.])TEST(?:S|ING)?(?:[_.]|$)", re.IGNORECASE)


@dataclass(slots=True)
class Group:
    """Openings that are one store, being collected; `reasons` say why each joined."""

    family: str
    openings: list[Opened]
    reasons: list[Reason] = field(default_factory=list)
    apart: set[str] = field(default_factory=set)

    @property
    def address(self) -> Address:
        """The best known address: that of settings, of the usual choice and certain ones first, then the commonest.

        What is named after tests is what they are run with. One of several that a call may be given says little by
        itself: of such, the one that most calls may be given.
        """
        told = [o.address for o in self.openings if o.site.how == "setting" and o.address.known]
        counts = Counter(told or [o.address for o in self.openings])
        usual = {o.address for o in self.openings if o.usual}
        given: dict[SiteKey, set[Address]] = defaultdict(set)
        for opened in self.openings:
            given[opened.key].add(opened.address)
        alone = {address for addresses in given.values() if len(addresses) == 1 for address in addresses}
        calls = Counter(address for addresses in given.values() for address in addresses)
        return max(
            counts,
            key=lambda a: (
                a in usual, a.certain and a in alone, a.complete, 0 if a.certain and a in alone else calls[a],
                a.certain, bool(a.symbols), a.known,
                not any(_OF_TESTS.search(symbol) for symbol in a.symbols), counts[a],
            ),
        )  # fmt: skip


class Grouping:
    """Joins openings of one service into stores."""

    def __init__(self, program: Program, family: Callable[[str], str]) -> None:
        """Take the program for places and branches, and a function from engine to family."""
        self._program = program
        self._family = family

    def groups(self, openings: Sequence[Opened]) -> list[Group]:
        """Return the stores of a service's openings, in order of their first opening."""
        groups: list[Group] = []
        by_site: dict[SiteKey, Group] = {}
        ordered = sorted(openings, key=self._order)
        for opened in ordered:
            group = self._find(opened, groups, by_site)
            if group is None:
                group = Group(self._family(opened.engine), [])
                groups.append(group)
            group.openings.append(opened)
            by_site.setdefault(opened.key, group)
        for group in groups:
            group.openings.sort(key=lambda o: (o.site.place.file, o.site.call.at))
        return sorted(groups, key=lambda g: (g.openings[0].site.place.file, g.openings[0].site.call.at))

    def _order(self, opened: Opened) -> tuple[bool, bool, bool, int, tuple[int, int, int, int]]:
        """Order with the best known first: what joins others needs them to be there."""
        address = opened.address
        return (
            opened.alias is not None,
            not address.certain,
            not address.known,
            opened.site.place.file,
            opened.site.call.at,
        )

    def _find(self, opened: Opened, groups: list[Group], by_site: dict[SiteKey, Group]) -> Group | None:
        family = self._family(opened.engine)
        aliased = by_site.get(opened.alias) if opened.alias is not None else None
        if aliased is not None and (
            aliased.family == family
            or opened.undecided
            or not opened.address.known
            or all(o.type == "pool" for o in aliased.openings)
        ):
            group = aliased
            self._because(group, opened, "uses the client opened there", group.openings[0])
            return group
        chosen = self._chosen(opened, family, groups)
        if chosen is not None:
            group, instead = chosen
            if all(o.undecided for o in group.openings) and not opened.undecided:
                group.family = family
            what = "another value of one setting" if opened.site.how == "setting" else "another address of one call"
            self._because(group, opened, what, instead)
            return group
        told = self._set_up(opened, groups) if opened.undecided and not opened.address.known else None
        if told is not None:
            why = f"takes its address from the settings of {opened.library}"
            self._because(told, opened, why, told.openings[0])
            return told
        mates = [g for g in groups if g.family == family and self._compatible(g, opened)]
        for group in mates:
            equal = next((o for o in group.openings if same(o.address, opened.address)), None)
            if equal is not None:
                self._join_equal(group, opened, equal)
                return group
        for group in mates:
            other = next((o for o in group.openings if self._alternatives(o, opened)), None)
            if other is not None:
                self._because(group, opened, "the other branch of one choice", other)
                return group
        for group in mates:
            if not any(distinct(o.address, opened.address) for o in group.openings):
                self._because(group, opened, "no address tells it from that one", group.openings[0])
                return group
        if opened.undecided and not opened.address.known and family == opened.engine:
            only = [g for g in groups if self._compatible(g, opened)]
            if len(only) == 1:
                self._because(only[0], opened, "the only database it can be", only[0].openings[0])
                return only[0]
        return None

    def _chosen(self, opened: Opened, family: str, groups: Sequence[Group]) -> tuple[Group, Opened] | None:
        """Return the store of what is open instead of this one at other times, if it may be of the same engine."""
        if not opened.choice:
            return None
        for group in groups:
            other = next((o for o in group.openings if o.choice == opened.choice and o.kind == opened.kind), None)
            if other is not None and (
                group.family == family or opened.undecided or all(o.undecided for o in group.openings)
            ):
                return group, other
        return None

    def _set_up(self, opened: Opened, groups: Sequence[Group]) -> Group | None:
        """Return the store that the settings of the library say which an opening belongs to."""
        return next(
            (g for g in groups if any(o.site.how == "setting" and o.library == opened.library for o in g.openings)),
            None,
        )

    def _compatible(self, group: Group, opened: Opened) -> bool:
        """A vector store kept in a relational engine is told from the tables beside it, and scratch from data."""
        first = group.openings[0]
        broker = {o.role == "broker" for o in group.openings}
        if (opened.role == "broker") not in broker and not opened.address.certain:
            return False
        return (first.kind == opened.kind or {first.kind, opened.kind} <= {Kind.KV, Kind.QUEUE}) and (
            _passing(first) == _passing(opened)
        )

    def _alternatives(self, one: Opened, other: Opened) -> bool:
        return one.site.place.file == other.site.place.file and self._program.exclusive(
            one.site.place.file, one.site.branch, other.site.branch
        )

    def _join_equal(self, group: Group, opened: Opened, same: Opened) -> None:
        if opened.address.text == same.address.text:
            text = f"the same address {opened.address.shown}" if opened.address.shown else "neither says an address"
            self._because(group, opened, text, same)
            return
        group.apart |= set(opened.address.symbols) ^ set(same.address.symbols)
        self._because(group, opened, f"{opened.address.shown} and {same.address.shown} have one default", same)

    def _because(self, group: Group, opened: Opened, why: str, other: Opened) -> None:
        if any(o.key == opened.key for o in group.openings):
            return  # another of the addresses that one call may have
        at = self._program.location(opened.site.place.file, opened.site.call.at)
        there = self._program.location(other.site.place.file, other.site.call.at)
        group.reasons.append(Reason(f"one store with {there.path}:{there.line}: {why}", at))


def _passing(opened: Opened) -> bool:
    """Say whether a store ends with the process; counters in a server that lasts may lie beside data."""
    return opened.role == "scratch" and (opened.in_memory or opened.address.scratch)


def decide_engine(groups: Sequence[Group], hint: str | None) -> None:
    """Give what was opened without a URL the engine of what it was joined with, or that everything else hints at."""
    for group in groups:
        known = next((o.engine for o in group.openings if not o.undecided), None)
        if known is None and all(o.engine == UNDECIDED for o in group.openings):
            known = hint
        if known is not None:
            group.openings = [replace(o, engine=known) if o.undecided else o for o in group.openings]
