"""One search for the texts of an expression: what it has asked so far, and how much more it may."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from fragaudit.link.callers import Callers
from fragaudit.link.evaluate import Evaluator
from fragaudit.link.pieces import Gap, Pieces, combined, distinct, source_of
from fragaudit.link.program import Place
from fragaudit.link.texts.reading import Reading
from fragaudit.model.values import Value

MOST_TEXTS = 2_000
"""Texts that one expression may be: the statements that callers hand to a wrapper."""
MOST_STEPS = 30_000
"""Expressions that are looked at for one; what one caller hands on has a budget of its own."""
MOST_ALTOGETHER = 10_000
"""Expressions that are looked at with all budgets: callers of callers have theirs as well."""
DEEPEST = 40
"""Expressions inside one another."""


class Search:
    """What is known while expressions are followed to texts.

    `asked` are the questions that are being answered, each by where it stands and a name, so that what is made of
    itself is entered once; `handed` are the texts that callers hand to a function's parameter by its number; `varying`
    says, by function and number, how many texts callers gave for a parameter; `kinds` tells how an expression is read,
    by its class.
    """

    def __init__(
        self, evaluator: Evaluator, kinds: Mapping[type, Callable[[Any, Reading, Search], Iterable[Pieces]]]
    ) -> None:
        self.evaluator = evaluator
        self.program = evaluator.program
        self.callers = Callers(evaluator)
        self.asked: set[tuple[Place, str]] = set()
        self.handed: dict[tuple[Place, int], list[Pieces]] = {}
        self.varying: dict[Place, dict[int, int]] = {}
        self.steps = 0
        self._altogether = 0
        self._kinds = kinds

    def begin(self) -> None:
        """Start with whole budgets."""
        self.steps = self._altogether = 0
        self.varying.clear()

    def texts(self, value: Value, reading: Reading) -> Sequence[Pieces]:
        """Return the texts that an expression can be, at least one: what can't be followed is a gap."""
        self.steps += 1
        self._altogether += 1
        if self.steps > MOST_STEPS or self._altogether > MOST_ALTOGETHER or reading.deep > DEEPEST:
            return [(Gap(source_of(value)),)]
        kind = self._kinds.get(type(value))
        if kind is not None:
            found = distinct(kind(value, reading._replace(deep=reading.deep + 1), self), MOST_TEXTS)
            if found:
                return found
        return [(Gap(source_of(value)),)]

    def joined(self, parts: Sequence[Value], reading: Reading) -> list[Pieces]:
        """Return the texts that several expressions make one after another."""
        return combined([(part, self.texts(part, reading)) for part in parts])
