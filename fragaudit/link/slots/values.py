"""Slots of values of which a store has one at a time: those of one setting, or of what one call is given."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from fragaudit.link.choices import usual
from fragaudit.link.openings import BY_CLASS, UNDECIDED, Opened
from fragaudit.link.program import Program
from fragaudit.link.slots.found import FEWEST, Alternative, SlotFound
from fragaudit.model.stores import Kind, Reason, Role

_FILES = frozenset({"sqlite", "duckdb"})
"""Engines whose databases are files."""


def settled(opened: Iterable[Opened], program: Program) -> list[Opened]:
    """Leave out of each choice what only tests or tries are run with.

    That is what ends with the process where something else lasts, and a file where the place of a server is a setting
    whose engine is known nowhere; unless it is what is taken where nothing is set.
    """
    found = list(opened)
    left: set[Opened] = set()
    for members in _choices(found).values():
        default = _default(members, program)
        lasting = [o for o in members if not _passing(o)]
        if lasting:
            left.update(o for o in members if _passing(o))
        if any(o.undecided and o.address.symbols for o in lasting):
            left.update(o for o in lasting if o.engine in _FILES and o is not default)
    return [o for o in found if o not in left]


def _choices(opened: Iterable[Opened]) -> dict[tuple[str, Kind], list[Opened]]:
    choices: dict[tuple[str, Kind], list[Opened]] = defaultdict(list)
    for one in opened:
        if one.choice:
            choices[one.choice, one.kind].append(one)
    return dict(sorted(choices.items(), key=lambda item: item[0]))


def slots_of(opened: Sequence[Opened], program: Program, family: Callable[[str], str]) -> list[SlotFound]:
    """Return the slots made of one value at a time, where the values are databases of different engines.

    Caches, sessions and brokers of different engines stay what they are: several applications may each have one.
    """
    found = []
    for (_, kind), members in _choices(opened).items():
        by_class = all(one.choice.endswith(BY_CLASS) for one in members)
        if kind not in (Kind.RELATIONAL, Kind.DOCUMENT) and not by_class:
            continue
        by_family: dict[str, list[Opened]] = defaultdict(list)
        for one in members:
            by_family[UNDECIDED if one.engine == UNDECIDED else family(one.engine)].append(one)
        if len(by_family.keys() - {UNDECIDED}) < FEWEST:
            continue
        alternatives = [
            Alternative(group[0].engine, None, tuple(group), frozenset({group[0].engine}))
            for _, group in sorted(by_family.items())
        ]
        first = min(members, key=lambda o: (o.site.place.file, o.site.call.at))
        chosen = _default(members, program)
        default = next((a for a in alternatives if chosen in a.openings), None)
        engines = ", ".join(sorted({a.label for a in alternatives} - {UNDECIDED}))
        what = (
            f"{first.site.target} has one value at a time"
            if first.site.how == "setting"
            else "one class at a time"
            if by_class
            else "one address at a time"
        )
        at = program.location(first.site.place.file, first.site.call.at)
        found.append(SlotFound(kind, tuple(alternatives), default, None, (Reason(f"{what}: {engines}", at),)))
    return found


def _default(members: Sequence[Opened], program: Program) -> Opened | None:
    """Return what is taken unless something else is asked for, if that is told."""
    chosen = [o for o in members if o.usual]
    if not chosen and all(o.site.how == "setting" for o in members):
        number = usual(program, [(o.site.place.file, o.site.branch) for o in members])
        chosen = [members[number]] if number is not None else []
    return chosen[0] if len(chosen) == 1 else None


def _passing(opened: Opened) -> bool:
    return opened.role == Role.SCRATCH and (opened.in_memory or opened.address.scratch)
