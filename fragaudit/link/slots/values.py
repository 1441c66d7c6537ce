"""Slots of values of which a store has one at a time: those of one setting, or of what one call is given."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from fragaudit.link.choices import usual
from fragaudit.link.openings import UNDECIDED, Opened
from fragaudit.link.program import Program
from fragaudit.link.slots.found import FEWEST, Alternative, SlotFound
from fragaudit.model.stores import Kind, Reason, Role


def settled(opened: Iterable[Opened]) -> list[Opened]:
    """Leave out of each choice what ends with the process where something in it lasts: what tests are run with."""
    found = list(opened)
    lasting = {(o.choice, o.kind) for o in found if o.choice and not _passing(o)}
    return [o for o in found if not (o.choice and _passing(o) and (o.choice, o.kind) in lasting)]


def slots_of(opened: Sequence[Opened], program: Program, family: Callable[[str], str]) -> list[SlotFound]:
    """Return the slots made of one value at a time, where the values are of different engines."""
    choices: dict[tuple[str, Kind], list[Opened]] = defaultdict(list)
    for one in opened:
        if one.choice:
            choices[one.choice, one.kind].append(one)
    found = []
    for (_, kind), members in sorted(choices.items(), key=lambda item: item[0]):
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
        default = _default(alternatives, members, program)
        engines = ", ".join(sorted({a.label for a in alternatives} - {UNDECIDED}))
        what = (
            f"{first.site.target} has one value at a time" if first.site.how == "setting" else "one address at a time"
        )
        at = program.location(first.site.place.file, first.site.call.at)
        found.append(SlotFound(kind, tuple(alternatives), default, None, (Reason(f"{what}: {engines}", at),)))
    return found


def _default(alternatives: Sequence[Alternative], members: Sequence[Opened], program: Program) -> Alternative | None:
    chosen = [o for o in members if o.usual]
    if not chosen and all(o.site.how == "setting" for o in members):
        number = usual(program, [(o.site.place.file, o.site.branch) for o in members])
        chosen = [members[number]] if number is not None else []
    return next((a for a in alternatives if len(chosen) == 1 and chosen[0] in a.openings), None)


def _passing(opened: Opened) -> bool:
    return opened.role == Role.SCRATCH and (opened.in_memory or opened.address.scratch)
