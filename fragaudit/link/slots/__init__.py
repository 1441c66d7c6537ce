"""Alternative back ends: implementations behind one selector, of which one is active at a time."""

from __future__ import annotations

from collections.abc import Sequence

from fragaudit.catalogue import Catalogue
from fragaudit.link.evaluate import Evaluator
from fragaudit.link.openings import Opened
from fragaudit.link.slots.arms import Arms
from fragaudit.link.slots.calls import Calls
from fragaudit.link.slots.families import Families
from fragaudit.link.slots.found import APART, SlotFound

__all__ = ["APART", "SlotFound", "slots"]


def slots(evaluator: Evaluator, catalogue: Catalogue, openings: Sequence[Opened]) -> tuple[SlotFound, ...]:
    """Return the slots of a repository: families of classes behind a selector, and exclusive arms."""
    calls = Calls(evaluator, openings)
    return (*Families(evaluator, catalogue, calls).all(), *Arms(evaluator, calls).all())
