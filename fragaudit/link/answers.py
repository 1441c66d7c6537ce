"""Remembers what questions come to whose answers lead to other questions, and at times back to themselves."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from itertools import islice
from typing import Any, NamedTuple, TypeAlias, TypeVar

DEEPEST = 200
"""Questions open at a time, each asked by the one before it; what lies deeper is asked on its own first."""

LARGEST_CIRCLE = 400
"""Answers found on the way round a circle of questions: of a larger one all are kept as they were found first.

To answer each of its questions for itself takes as much work as the square of that; no circle in real code is so large.
"""

MOST_PUT_OFF = 40
"""Questions put off on the way to one: what would take more is left out of its answer."""

_NOTHING = 1 << 30
_THE_ASKER = -1

Circles: TypeAlias = int
"""A set of circles, as bits."""

T = TypeVar("T")

_Task: TypeAlias = tuple[Callable[..., tuple[Any, ...]], tuple[Any, ...], bool]
"""What answers a question, on what, and whether the question may lead to itself."""


class _Opened:
    """An open question at some depth. Once answered, it hangs on the one that its own answer hangs on."""

    __slots__ = ("depth", "on")

    def __init__(self, depth: int) -> None:
        self.depth = depth
        self.on: _Opened | None = None

    def lowest(self) -> int:
        """Return the depth of the question that all this hangs on, which is still open."""
        top = self
        while top.on is not None:
            top = top.on
        return top.depth


class _Hanging(NamedTuple):
    """An answer that is good only as long as the question it hangs on is open, and no circle it was found by way of.

    `opens` says whether its own question may be open.
    """

    answer: tuple[Any, ...]
    on: _Opened
    met: Circles
    opens: bool


class Answers:
    """The answers to questions, the same in whatever order they are asked.

    A question that is asked while it is open answers nothing. An answer that was found with such a gap is good only
    as long as the question it hangs on is open: `lowest` is the place of the first one, as in Tarjan's search for the
    strongly connected components of a graph. So each question of a circle is answered for itself, as if it were the
    first that is asked, and what was found on the way to it is forgotten.

    An answer that was found by way of circles is good as long as none of their questions is open. Circles are numbered
    and sets of them are bits of one number, as they are joined and compared for every answer near a circle.
    """

    def __init__(self) -> None:
        self.known: dict[Hashable, tuple[Any, ...]] = {}
        """Answers that are good wherever their question is asked."""
        self._circular: dict[Hashable, tuple[tuple[Any, ...], Circles]] = {}
        self._circles: dict[frozenset[Hashable], Circles] = {}
        self._parts: dict[Hashable, Circles] = {}
        """The circles that a question is part of."""
        self._open: dict[Hashable, tuple[int, _Task]] = {}
        self.entered: Circles = 0
        """The circles a question of which is open."""
        self._hanging: dict[Hashable, _Hanging] = {}
        self._way: list[Hashable] = []
        """The questions whose answers hang, in the order in which they were answered."""
        self._depth = 0
        self._at: list[_Opened | None] = [*[None] * DEEPEST, _Opened(_THE_ASKER)]
        self._put_off: dict[Hashable, _Task] = {}
        self._lowest = _NOTHING
        self._met: Circles = 0

    def of(self, key: Hashable, work: Callable[..., tuple[T, ...]], *on: Any) -> tuple[T, ...]:
        """Return the answer to a question, by `work` on something if it is not known."""
        known = self.known.get(key)
        if known is not None:
            return known
        return self._answer(key, (work, on, True)) if self._depth else self._answer_first(key, (work, on, True))

    def through(self, key: Hashable, work: Callable[..., tuple[T, ...]], *on: Any) -> tuple[T, ...]:
        """Return the answer to a question that leads to itself only by way of others: it need not be open."""
        known = self.known.get(key)
        if known is not None:
            return known
        return self._answer(key, (work, on, False)) if self._depth else self._answer_first(key, (work, on, False))

    def begin(self) -> tuple[int, Circles]:
        """Begin to watch what the answers hang on that are given from now on; give `end` what this returns."""
        begun = self._lowest, self._met
        self._lowest, self._met = _NOTHING, 0
        return begun

    def end(self, begun: tuple[int, Circles]) -> Circles | None:
        """Return the circles that may not be entered for the answers given since then; None if they hang on more."""
        outer, met = begun
        circles = self._met if self._lowest == _NOTHING else None
        self._lowest, self._met = min(outer, self._lowest), met | self._met
        return circles

    def _answer_first(self, key: Hashable, task: _Task) -> tuple[Any, ...]:
        """Return the answer to a question that no other one asks."""
        found = self._answer(key, task)
        if self._put_off:
            found = self._answer_deep(key, task, found)
        self._forget()
        return found

    def _forget(self) -> None:
        """Forget what is good only until a first question is answered."""
        if self._way:
            self._hanging.clear()
            self._way.clear()
        self._lowest, self._met = _NOTHING, 0

    def _answer_deep(self, key: Hashable, task: _Task, found: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return the answer to a question that was answered without what lies too deep below it: that comes first."""
        waiting, begun = [(key, task)], {key}
        while True:
            deeper = [other for other in self._put_off.items() if other[0] not in begun][: MOST_PUT_OFF - len(begun)]
            if not deeper:
                if self._put_off:  # what was found of it has to do
                    self._keep(key, found, 0, 0)
                waiting.pop()
            self._put_off.clear()
            self._forget()
            if not waiting:
                return found
            waiting.extend(deeper)
            begun.update(other for other, _ in deeper)
            key, task = waiting[-1]
            known = self.known.get(key)
            found = self._answer(key, task) if known is None else known

    def _answer(self, key: Hashable, task: _Task) -> tuple[Any, ...]:
        opened = self._open.get(key)
        if opened is not None:
            if opened[0] < self._lowest:
                self._lowest = opened[0]
            return ()
        hanging = self._hanging.get(key)
        if hanging is not None and not hanging.met & self.entered:
            self._lowest = min(self._lowest, hanging.on.lowest())
            self._met |= hanging.met
            return hanging.answer
        circular = self._circular.get(key)
        if circular is not None and not circular[1] & self.entered:
            self._met |= circular[1]
            return circular[0]
        depth = self._depth
        if depth >= DEEPEST:
            self._put(key, task)
            return ()
        work, on, opens = task
        outer_lowest, outer_met, entered = self._lowest, self._met, self.entered
        if opens:
            self._open[key] = (depth, task)
            self._at[depth] = None
            self.entered = entered | self._parts.get(key, 0)
        self._depth = depth + 1
        self._lowest, self._met = _NOTHING, 0
        hung = len(self._way)
        try:
            found = work(*on)
            lowest, met = self._lowest, self._met
        finally:
            if opens:
                del self._open[key]
                self.entered = entered
            self._depth = depth
            self._lowest, self._met = outer_lowest, outer_met
        if lowest < depth:
            self._hang(key, found, lowest, met, opens)
        elif lowest == depth:
            self._met |= self._keep(key, found, hung, met)
        elif met:
            self._circular[key] = (found, met)
            self._met |= met
        else:
            self.known[key] = found
        return found

    def _hang(self, key: Hashable, found: tuple[Any, ...], lowest: int, met: Circles, opens: bool) -> None:
        """Remember an answer for as long as an open question stays open."""
        on = self._at[lowest]
        if on is None:
            on = self._at[lowest] = _Opened(lowest)
        self._hanging[key] = _Hanging(found, on, met, opens)
        self._way.append(key)
        if opens:
            own = self._at[self._depth]
            if own is not None:
                own.on = on
        self._lowest = min(self._lowest, lowest)
        self._met |= met

    def _put(self, key: Hashable, task: _Task) -> None:
        """Leave a question out for now: it, and one half-way to it, have to be answered before the first one."""
        for half_way, (_, how) in islice(self._open.items(), len(self._open) // 2, len(self._open) // 2 + 1):
            self._put_off.setdefault(half_way, how)
        self._put_off.setdefault(key, task)
        self._lowest = _THE_ASKER

    def _keep(self, key: Hashable, found: tuple[Any, ...], began: int, met: Circles) -> Circles:
        """Remember the answer to a question that leads to itself; forget the others found since it was asked.

        Return the circles that may not be entered for it to be good.
        """
        on_the_way = {other: self._hanging.pop(other, None) for other in self._way[began:]}
        del self._way[began:]
        if len(on_the_way) > LARGEST_CIRCLE:
            self.known.update((other, hanging.answer) for other, hanging in on_the_way.items() if hanging is not None)
            self.known[key] = found
            return 0
        circle = frozenset((key, *(o for o, hanging in on_the_way.items() if hanging is None or hanging.opens)))
        bit = self._circles.get(circle)
        if bit is None:
            bit = self._circles[circle] = 1 << len(self._circles)
            for each in circle:
                self._parts[each] = self._parts.get(each, 0) | bit
        circles = bit | met
        self._circular[key] = (found, circles)
        return circles
