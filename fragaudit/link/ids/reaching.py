"""Which bindings of a name reach a place: the nearest before it, and those of branches that may have run instead."""

from __future__ import annotations

from collections.abc import Sequence

from fragaudit.link.ids.heads import Here
from fragaudit.link.program import Program
from fragaudit.model.facts import Binding


def reaching(program: Program, file: int, bindings: Sequence[Binding], here: Here | None) -> tuple[list[Binding], bool]:
    """Return the bindings that can reach a place, and whether no other value can.

    Args:
        program: the program.
        file: the file's number.
        bindings: all bindings of the name in its scope, in source order.
        here: the place; None: any, as from a nested function that runs later.
    """
    bound = [b for b in bindings if b.how != "declare" and b.value is not None]
    if here is None or here.first == 0:
        return [b for b in bound if b.how != "in"] or bound, False
    inside = [b for b in bound if b.how == "in"]
    if inside:
        within = _around(inside, here)
        if within:
            return within, True
    plain = [b for b in bound if b.how != "in"]
    before = [b for b in plain if _precedes(b, here)]
    found: list[Binding] = []
    mine = _arms(program, file, here.branch)
    for binding in reversed(before):
        if program.exclusive(file, binding.branch, here.branch):
            continue
        found.append(binding)
        # One that stands in no branch but those around the place has overwritten all earlier ones.
        if binding.how != "for" and _arms(program, file, binding.branch) <= mine:
            return found[::-1], True
        if binding.how == "for" and here.first <= binding.at[2]:
            return found[::-1], True
    if not found:
        # Later in a loop's body, or handed on by a `lambda`.
        return [b for b in plain if not program.exclusive(file, b.branch, here.branch)], False
    return found[::-1], False


def _around(inside: Sequence[Binding], here: Here) -> list[Binding]:
    last = here.last or here.first + 10_000
    later = [b for b in inside if b.at[0] >= here.first and b.at[2] <= last]
    if here.last:
        return later
    first = min((b.at[0] for b in later), default=0)
    return [b for b in later if b.at[0] == first]


def _precedes(binding: Binding, here: Here) -> bool:
    if binding.how == "walrus":
        return binding.at[0] <= max(here.first, here.last)
    if binding.how == "for":
        return binding.at[0] <= here.first
    return binding.at[2] < here.first or (binding.at[0] < here.first and binding.at[2] <= here.first)


def _arms(program: Program, file: int, branch: int) -> set[tuple[int, int]]:
    return {(b.group, b.arm) for b in program.branches(file, branch)}
