"""Which clauses of a query hold together: those that always do, and those that only a choice adds."""

from __future__ import annotations

from dataclasses import dataclass

from fragaudit.link.program import Program
from fragaudit.link.queries.draft import Clause, Draft
from fragaudit.model.facts import NO_BRANCH

MOST_VARIANTS = 12
"""Of one query; the rest is left out, which can only make the audit say less."""


@dataclass(frozen=True)
class Variant:
    """Clauses that hold together. The first variant of a query is what it asks with as little as possible."""

    clauses: tuple[Clause, ...]
    first: bool = True


def variants(draft: Draft, branch: int, program: Program) -> list[Variant]:
    """Return the sets of clauses with which a query may run in an arm of a choice.

    Clauses that other arms add on their own may be absent: the query is judged without them, and with those of one arm
    at a time. Where one of several arms always adds its own, it is not judged without.
    """
    file = draft.file
    always: list[Clause] = []
    maybe: dict[tuple[int, int], list[Clause]] = {}
    whole: dict[int, set[int]] = {}
    for clause in draft.clauses:
        own = opened(program, file, clause.branch)
        if above(program, file, own, branch):
            always.append(clause)
        elif not program.exclusive(file, own, branch):
            group, arm = _fork(program, file, own, branch)
            maybe.setdefault((group, arm), []).append(clause)
            whole.setdefault(group, set()).add(arm)
    if not maybe:
        return [Variant(tuple(always))]
    certain = {g for g, arms in whole.items() if _exhaustive(program, file, g, arms)}
    order = {id(c): n for n, c in enumerate(draft.clauses)}

    def joined(*parts: list[Clause]) -> tuple[Clause, ...]:
        return tuple(sorted((c for part in parts for c in part), key=lambda c: order[id(c)]))

    firsts = [next(v for (g, _), v in maybe.items() if g == group) for group in sorted(certain)]
    found = [Variant(joined(always, *firsts))]
    for (group, _), clauses in maybe.items():
        others = [f for g, f in zip(sorted(certain), firsts, strict=True) if g != group]
        made = joined(always, clauses, *others)
        if made != found[0].clauses:
            found.append(Variant(made, first=False))
    return found[:MOST_VARIANTS]


def opened(program: Program, file: int, branch: int) -> int:
    """Return the arm a clause stands in, the body of a `try` counting as what is around it."""
    entries = program.files[file].branches
    while branch != NO_BRANCH and entries[branch].kind == "try":
        branch = entries[branch].parent
    return branch


def above(program: Program, file: int, own: int, branch: int) -> bool:
    """Say whether an arm is one of those around another, or that one."""
    entries = program.files[file].branches
    while branch != own and branch != NO_BRANCH:
        branch = entries[branch].parent
    return branch == own


def _fork(program: Program, file: int, own: int, branch: int) -> tuple[int, int]:
    """Return the outermost choice (group, arm) that a clause stands in and its use does not."""
    entries = program.files[file].branches
    found = (-1, 0)
    while own != NO_BRANCH and not above(program, file, own, branch):
        found = (entries[own].group, entries[own].arm)
        own = entries[own].parent
    return found


def _exhaustive(program: Program, file: int, group: int, arms: set[int]) -> bool:
    """Say whether some arm with clauses of its own is always taken, unless one is that leaves the block."""
    there = [b for b in program.files[file].branches if b.group == group]
    return any(b.kind == "else" for b in there) and {b.arm for b in there if not b.terminal} <= arms
