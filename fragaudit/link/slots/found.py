"""What a slot is: alternatives of which one is active at a time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from fragaudit.link.abstract import Abstract, Instance, Known, Symbol
from fragaudit.link.openings import UNDECIDED, Opened
from fragaudit.link.program import Place
from fragaudit.model.stores import Kind, Reason

FEWEST = 2
APART = frozenset({Kind.OBJECT, Kind.QUEUE})
"""Kinds that are no alternative to others."""


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


def engines_of(openings: Iterable[Opened]) -> set[str]:
    """Return the engines that openings prove to be different: a database by its URL may be any relational one."""
    found = list(openings)
    engines = {o.engine for o in found} - {UNDECIDED}
    other = any(o.engine == UNDECIDED for o in found) and not any(
        o.kind == Kind.RELATIONAL for o in found if o.engine != UNDECIDED
    )
    return engines | ({UNDECIDED} if other else set())


def defaults_of(meaning: Abstract) -> Iterable[Known]:
    """Yield the constants that a value is unless something else is set."""
    if isinstance(meaning, Known):
        yield meaning
    elif isinstance(meaning, Symbol):
        for default in meaning.defaults:
            yield from defaults_of(default)
    elif isinstance(meaning, Instance):
        return
