"""What the names of one scope stand for, in the arms of its choices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from fragaudit.link.program import Program
from fragaudit.link.queries.draft import Thing
from fragaudit.link.queries.flow.asked import MOST_OPTIONS
from fragaudit.link.queries.variants import above
from fragaudit.model.facts import NO_BRANCH


class Names:
    """The local names that something known is bound to, each with the arm of a choice in which it was bound."""

    def __init__(self, program: Program, file: int) -> None:
        self._program = program
        self._file = file
        self._bound: dict[str, list[tuple[Thing, int]]] = {}

    def __contains__(self, name: object) -> bool:
        return name in self._bound

    def know(self, name: str, thing: Thing) -> None:
        """Say what a name stands for from the start, as a parameter does."""
        self._bound[name] = [(thing, NO_BRANCH)]

    @contextmanager
    def knowing(self, names: Mapping[str, Thing]) -> Iterator[None]:
        """Let names stand for something in an expression alone, as those of a lambda do."""
        outer = dict(self._bound)
        for name, thing in names.items():
            self.know(name, thing)
        try:
            yield
        finally:
            self._bound = outer

    def forget(self, name: str) -> None:
        """Say that nothing is known any more of what a name stands for."""
        self._bound.pop(name, None)

    def bind(self, name: str, found: Thing, branch: int, *, extends: bool) -> None:
        """Bind a name in an arm of a choice; `extends`: to something made of what it stood for until then."""
        known = self._bound.get(name, [])
        if extends:
            kept = [(t, b) for t, b in known if self._program.exclusive(self._file, b, branch)]
            home = min((b for t, b in known if (t, b) not in kept), key=self._depth, default=branch)
            fresh = (found, home)
        else:
            kept = [(t, b) for t, b in known if not above(self._program, self._file, branch, b)]
            fresh = (found, branch)
        self._bound[name] = [*kept, fresh][-MOST_OPTIONS:]

    def read(self, name: str, branch: int) -> list[Thing]:
        """Return all that a name may stand for where it is read in an arm of a choice."""
        bound = self._bound.get(name, ())
        if len(bound) == 1 and bound[0][1] in (NO_BRANCH, branch):
            return [bound[0][0]]
        known = [(t, b) for t, b in bound if not self._program.exclusive(self._file, b, branch)]
        found = [t for t, _ in known]
        if len(found) > 1:
            # What is bound where one is now, or around it, has replaced what was bound before.
            last = max((n for n, (_, b) in enumerate(known) if above(self._program, self._file, b, branch)), default=0)
            found = found[last:]
        return found

    def _depth(self, branch: int) -> int:
        return len(self._program.branches(self._file, branch))
