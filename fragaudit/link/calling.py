"""Which functions the calls written with a name lead to: asked once a call, looked up for every function."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from fragaudit.link.abstract import ClassRef, FunctionRef, Instance
from fragaudit.link.answers import Circles
from fragaudit.link.program import Place, Site
from fragaudit.model.values import Attr

if TYPE_CHECKING:
    from fragaudit.link.evaluate import Evaluator

MOST_CALLERS = 24

Key = tuple[str, Place]
"""What a call leads to: `on` an object of a class or of one that derives from it, to a `function`, or to the
`__init__` of a `class`."""


class Callers(NamedTuple):
    """The first calls of a function, in order of file and appearance, and whether there are more."""

    sites: Sequence[Site]
    cut: bool


class _Named:
    """The calls written with one name. The first `done` were looked at; `pending` ones of them hung on a question.

    `circular` are those whose answer holds only while none of some circles is entered.
    """

    __slots__ = ("circular", "done", "leading", "pending", "sites")

    def __init__(self, sites: Sequence[Site]) -> None:
        self.sites = sites
        self.done = 0
        self.leading: dict[Key, list[int]] = {}
        self.pending: list[int] = []
        self.circular: dict[Circles, list[int]] = {}

    def entered(self, entered: Circles) -> list[int]:
        """Return the calls whose answers do not hold in circles that are entered, in order."""
        doubtful = [numbers for circles, numbers in self.circular.items() if circles & entered]
        return sorted(number for numbers in doubtful for number in numbers)

    def following(self, number: int, doubtful: Sequence[int], wanted: Iterable[Key]) -> tuple[int, bool]:
        """Return the first call from a number on that leads to something wanted or may do so, and whether it may."""
        least, may = max(number, self.done), True
        for key in wanted:
            leading = self.leading.get(key)
            if leading is not None:
                at = bisect_left(leading, number)
                if at < len(leading) and leading[at] < least:
                    least, may = leading[at], False
        for numbers in (self.pending, doubtful):
            if numbers:
                at = bisect_left(numbers, number)
                if at < len(numbers) and numbers[at] <= least:
                    least, may = numbers[at], True
        return least, may

    def settled(self, end: int) -> bool:
        """Say whether what the calls before one lead to is known wherever that is asked."""
        unsettled = (self.pending, *self.circular.values())
        return end <= self.done and not any(numbers and numbers[0] < end for numbers in unsettled)

    def settle(self, number: int, keys: Sequence[Key], circles: Circles | None) -> None:
        """Remember what a call leads to; no circles: that hangs on an open question.

        Asking what a call leads to can lead to the same question, which may have settled it by now.
        """
        if number == self.done:
            self.done += 1
            if circles is None:
                self.pending.append(number)
                return
        elif circles is None or number not in self.pending:
            return
        else:
            self.pending.remove(number)
        for key in keys:
            insort(self.leading.setdefault(key, []), number)
        if circles:
            insort(self.circular.setdefault(circles, []), number)


class Calling:
    """Finds the calls of functions."""

    def __init__(self, evaluator: Evaluator) -> None:
        self._evaluator = evaluator
        # By name, and by whether objects tell whose method is called.
        self._named: dict[tuple[str, bool], _Named] = {}
        self._sure: dict[Place, Callers] = {}

    def of(self, function: Place, owner: Place | None) -> Callers:
        """Return the first calls of a function; `owner` is the class whose method it is."""
        known = self._sure.get(function)
        if known is not None:
            return known
        program = self._evaluator.program
        name = program.scope(function).name
        on_objects = owner is not None and name != "__init__"
        if owner is not None and not on_objects:
            name = program.scope(owner).name
        named = self._named.get((name, on_objects))
        if named is None:
            named = self._named[name, on_objects] = _Named(program.sites_by_name.get(name, ()))
        wanted: list[Key] = [("function", function)]
        if owner is not None:
            wanted += [("class", owner), ("on", owner)]
        found: list[Site] = []
        doubtful = named.entered(self._evaluator.answers.entered)
        number, end = 0, len(named.sites)
        while len(found) < MOST_CALLERS:
            number, may = named.following(number, doubtful, wanted)
            if number >= end:
                break
            if not may or self._leads(named, number, on_objects, wanted):
                found.append(named.sites[number])
            number += 1
        callers = Callers(found, number < end)
        if named.settled(number):
            self._sure[function] = callers
        return callers

    def _leads(self, named: _Named, number: int, on_objects: bool, wanted: Sequence[Key]) -> bool:
        """Say whether a call leads to one of the functions that are wanted."""
        answers = self._evaluator.answers
        begun = answers.begin()
        keys = tuple(dict.fromkeys(self._keys(named.sites[number], on_objects)))
        named.settle(number, keys, answers.end(begun))
        return any(key in keys for key in wanted)

    def _keys(self, site: Site, on_objects: bool) -> Iterator[Key]:
        func = site.call.func
        if on_objects and isinstance(func, Attr):
            for base in self._evaluator.evaluate(func.base, site.place):
                if isinstance(base, (Instance, ClassRef)):
                    of = base.of if isinstance(base, Instance) else base
                    for ancestor in self._evaluator.ancestry(of):
                        yield "on", ancestor.place
            return
        for meaning in self._evaluator.evaluate(func, site.place):
            if isinstance(meaning, FunctionRef):
                yield "function", meaning.place
            elif isinstance(meaning, ClassRef):
                maker = self._evaluator.constructor_owner(meaning)
                if maker is not None:
                    yield "class", maker
