"""Remembers what questions come to whose answers lead to other questions, and at times back to themselves."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from itertools import islice
from typing import Any, TypeAlias, TypeVar

DEEPEST = 200
"""Questions open at a time, each asked by the one before it; what lies deeper is asked on its own first."""

LARGEST_CIRCLE = 400
"""Answers found on the way round a circle of questions: of a larger one all are kept as they were found first.

To answer each of its questions for itself takes as much work as the square of that; no circle in real code is so large.
"""

MOST_PUT_OFF = 40
"""Questions put off on the way to one: what would take more is left out of its answer."""

LARGEST_REMEMBERED = 24
"""Questions of a circle that is remembered with an answer found by way of it while another question was open.

To remember larger ones took more than twice the time on a repository of 130,000 lines, none of whose 59,000 answers
hung on the order without it. So an answer that takes the first of several found may hang on it, in larger circles.
"""

_NOTHING = 1 << 30
_THE_ASKER = -1
_NONE: frozenset[Hashable] = frozenset()
_NO_CIRCLES: frozenset[frozenset[Hashable]] = frozenset()

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


class Answers:
    """The answers to questions, the same in whatever order they are asked.

    A question that is asked while it is open answers nothing. An answer that was found with such a gap is good only
    as long as the question it hangs on is open: `lowest` is the place of the first one, as in Tarjan's search for the
    strongly connected components of a graph. So each question of a circle is answered for itself, as if it were the
    first that is asked, and what was found on the way to it is forgotten.
    """

    def __init__(self) -> None:
        self.known: dict[Hashable, tuple[Any, ...]] = {}
        """Answers that are good wherever their question is asked."""
        # Those of questions that lead to themselves, with all the questions that lie on the way: none may be open.
        self._circular: dict[Hashable, tuple[tuple[Any, ...], frozenset[Hashable]]] = {}
        self._circles: dict[frozenset[Hashable], frozenset[Hashable]] = {}
        self._open: dict[Hashable, tuple[int, _Task]] = {}
        # With what they hang on, and the circles they were answered by way of.
        self._hanging: dict[Hashable, tuple[tuple[Any, ...], _Opened, frozenset[frozenset[Hashable]]]] = {}
        self._depth = 0
        self._at = [*map(_Opened, range(DEEPEST)), _Opened(_THE_ASKER)]
        self._put_off: dict[Hashable, _Task] = {}
        self._lowest = _NOTHING
        self._met = _NO_CIRCLES

    def of(self, key: Hashable, work: Callable[..., tuple[T, ...]], *on: Any) -> tuple[T, ...]:
        """Return the answer to a question, by `work` on something if it is not known."""
        return self._ask(key, (work, on, True))

    def through(self, key: Hashable, work: Callable[..., tuple[T, ...]], *on: Any) -> tuple[T, ...]:
        """Return the answer to a question that leads to itself only by way of others: it need not be open."""
        return self._ask(key, (work, on, False))

    def _ask(self, key: Hashable, task: _Task) -> tuple[Any, ...]:
        known = self.known.get(key)
        if known is not None:
            return known
        return self._answer(key, task) if self._depth else self._answer_first(key, task)

    def any_open(self, circle: frozenset[Hashable]) -> bool:
        """Say whether a question of a circle is being asked."""
        return not circle.isdisjoint(self._open)

    def begin(self) -> tuple[int, frozenset[frozenset[Hashable]]]:
        """Begin to watch what the answers hang on that are given from now on; give `end` what this returns."""
        begun = self._lowest, self._met
        self._lowest, self._met = _NOTHING, _NO_CIRCLES
        return begun

    def end(self, begun: tuple[int, frozenset[frozenset[Hashable]]]) -> frozenset[Hashable] | None:
        """Return the questions none of which may be open for the answers given since then; None if one of them is."""
        outer, met = begun
        circle = _NONE.union(*self._met) if self._lowest == _NOTHING else None
        self._lowest, self._met = min(outer, self._lowest), met | self._met
        return circle

    def _answer_first(self, key: Hashable, task: _Task) -> tuple[Any, ...]:
        """Return the answer to a question that no other one asks; what lies too deep below it is answered before."""
        waiting, begun = [(key, task)], {key}
        while True:
            key, task = waiting[-1]
            found = self.known.get(key)
            if found is None:
                found = self._answer(key, task)
            if not self._put_off and len(waiting) == 1:  # as nearly always
                self._hanging.clear()
                self._lowest, self._met = _NOTHING, _NO_CIRCLES
                return found
            deeper = [other for other in self._put_off.items() if other[0] not in begun][: MOST_PUT_OFF - len(begun)]
            if not deeper:
                if self._put_off:  # what was found of it has to do
                    self._keep(key, found, 0, _NO_CIRCLES)
                waiting.pop()
            self._put_off.clear()
            self._hanging.clear()
            self._lowest, self._met = _NOTHING, _NO_CIRCLES
            if not waiting:
                return found
            waiting.extend(deeper)
            begun.update(other for other, _ in deeper)

    def _answer(self, key: Hashable, task: _Task) -> tuple[Any, ...]:
        opened = self._open.get(key)
        if opened is not None:
            self._lowest = min(self._lowest, opened[0])
            return ()
        hanging = self._hanging.get(key)
        if hanging is not None and not any(map(self.any_open, hanging[2])):
            self._lowest = min(self._lowest, hanging[1].lowest())
            self._met |= hanging[2]
            return hanging[0]
        circular = self._circular.get(key)
        if circular is not None and circular[1].isdisjoint(self._open):
            self._met |= {circular[1]}
            return circular[0]
        depth = self._depth
        if depth >= DEEPEST:
            self._put(key, task)
            return ()
        work, on, opens = task
        if opens:
            self._open[key] = (depth, task)
            self._at[depth] = _Opened(depth)
        self._depth = depth + 1
        begun = self.begin()
        hung = len(self._hanging)
        try:
            found = work(*on)
            lowest, met = self._lowest, self._met
        finally:
            if opens:
                del self._open[key]
            self._depth = depth
            self._lowest, self._met = begun
        if lowest < depth:
            opened_by = self._at[lowest]
            small = frozenset(circle for circle in met if len(circle) <= LARGEST_REMEMBERED) if met else _NO_CIRCLES
            self._hanging[key] = (found, opened_by, small)
            self._met |= small
            if opens:
                self._at[depth].on = opened_by
            self._lowest = min(self._lowest, lowest)
        elif lowest == depth:
            circle = self._keep(key, found, hung, met)
            if circle:
                self._met |= {circle}
        elif met:
            # It may be part of the circles that it was answered by way of.
            circle = next(iter(met)) if len(met) == 1 else _NONE.union(*met)
            self._circular[key] = (found, self._circles.setdefault(circle, circle))
            self._met |= met
        else:
            self.known[key] = found
        return found

    def _put(self, key: Hashable, task: _Task) -> None:
        """Leave a question out for now: it, and one half-way to it, have to be answered before the first one."""
        for half_way, (_, how) in islice(self._open.items(), len(self._open) // 2, len(self._open) // 2 + 1):
            self._put_off.setdefault(half_way, how)
        self._put_off.setdefault(key, task)
        self._lowest = _THE_ASKER

    def _keep(
        self, key: Hashable, found: tuple[Any, ...], began: int, met: frozenset[frozenset[Hashable]]
    ) -> frozenset[Hashable]:
        """Remember the answer to a question that leads to itself; forget the others found since it was asked.

        Return the questions that have to be closed for it to be good.
        """
        on_the_way = list(islice(self._hanging.items(), began, None))
        for other, _ in on_the_way:
            del self._hanging[other]
        if len(on_the_way) > LARGEST_CIRCLE:
            self.known.update((other, answer) for other, (answer, *_) in on_the_way)
            self.known[key] = found
            return _NONE
        circle = frozenset((*(other for other, _ in on_the_way), key)).union(*met)
        circle = self._circles.setdefault(circle, circle)
        self._circular[key] = (found, circle)
        return circle
