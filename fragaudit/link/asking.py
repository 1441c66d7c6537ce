"""Places in code that a document names: the functions, files and lines, and which accesses of a table stand there."""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct

from fragaudit.link.candidates import below
from fragaudit.model.accesses import Access
from fragaudit.model.facts import FileFacts, Scope
from fragaudit.model.values import Attr, Ref, Value, calls

_PLACE = re.compile(r"^([\w./-]+\.(?:py|sql))(?::(\d+))?$")
_FUNCTION = re.compile(r"^(?:[\w./-]+\.py::)?([^\W\d][\w.]*)(?:\(.*\))?$")
MOST = 20
"""Functions of one name that are looked at; a name of more says nothing."""


class Asked(Struct, frozen=True):
    """The accesses of a table at a place; `exact`: they stand right there, else merely in the same file.

    `gone`: no such file is there. `more` are those of what the place calls, as far as that is seen.
    """

    found: tuple[Access, ...]
    more: tuple[Access, ...] = ()
    exact: bool = True
    gone: bool = False


class Places:
    """Finds what a document means by the name of a function, a file or a line."""

    def __init__(self, code: Sequence[FileFacts], there: Callable[[str], bool]) -> None:
        self._files = {facts.path: facts for facts in code}
        self._there = there
        self._functions: dict[str, list[tuple[FileFacts, Scope]]] | None = None

    def holds(self, site: str) -> bool:
        """Say whether a place is in a file that was read, and is written as the audit writes it."""
        match = _PLACE.match(site)
        return match is not None and match[1] in self._files

    def asked(self, site: str, accesses: Sequence[Access], document: str) -> Asked | None:
        """Return which accesses of a table stand at a place, None where that can't be told.

        Args:
            site: the place as a document names it.
            accesses: those of the table.
            document: the document, which means what is near it.
        """
        if match := _PLACE.match(site):
            paths = self._paths(match[1])
            if not paths:
                return None if self._there(match[1]) else Asked((), gone=True)
            inside = tuple(a for a in accesses if a.at.path in paths)
            if match[2] is None:
                return Asked(inside) if inside else None
            line = int(match[2])
            here = tuple(a for a in inside if a.at.line <= line <= max(a.at.line, a.at.end_line) or a.site.line == line)
            return Asked(here) if here else Asked(inside, exact=False)
        match = _FUNCTION.match(site)
        return self._by_function(match[1], accesses, document) if match is not None else None

    def _paths(self, said: str) -> frozenset[str]:
        said = said.removeprefix("./")
        if said in self._files:
            return frozenset((said,))
        return frozenset(path for path in self._files if path.endswith(f"/{said}"))

    def _by_function(self, name: str, accesses: Sequence[Access], document: str) -> Asked | None:
        named = self._named(name)
        around = re.sub(r"(?:^|/)docs?$", "", posixpath.dirname(document))
        named = [(facts, scope) for facts, scope in named if below(facts.path, around)] or named
        if not named or len(named) > MOST:
            return None
        found: list[Access] = []
        for facts, scope in named:
            own = _inside(facts, scope, accesses)
            if not own:
                return None  # it asks through others
            found += own
        called = {callee for facts, scope in named for callee in _called(facts, scope)}
        reached = [reached for callee in sorted(called) for reached in self._named(callee)[:MOST]]
        return Asked(tuple(found), tuple(a for facts, scope in reached for a in _inside(facts, scope, accesses)))

    def _named(self, name: str) -> list[tuple[FileFacts, Scope]]:
        if self._functions is None:
            self._functions = defaultdict(list)
            for _, facts in sorted(self._files.items()):
                for scope in facts.scopes:
                    if scope.kind == "function":
                        self._functions[scope.name].append((facts, scope))
        *owners, last = name.split(".")
        found = self._functions.get(last, [])
        if not owners:
            return found
        return [(facts, scope) for facts, scope in found if _owner(facts, scope) == owners[-1]]


def _owner(facts: FileFacts, scope: Scope) -> str:
    parent = facts.scopes[scope.parent]
    return parent.name if parent.kind == "class" else facts.path.rpartition("/")[2].removesuffix(".py")


def _inside(facts: FileFacts, scope: Scope, accesses: Sequence[Access]) -> list[Access]:
    here = [a for a in accesses if a.at.path == facts.path]
    lines = [(first, last) for first, last, _ in _parts(facts, scope)] if here else []
    return [a for a in here if any(first <= a.at.line <= last for first, last in lines)]


def _called(facts: FileFacts, scope: Scope) -> Iterator[str]:
    """Yield the last names of what is called within a function."""
    for _, _, value in _parts(facts, scope):
        for call in calls(value):
            if isinstance(call.func, Attr | Ref):
                yield call.func.name


def _parts(facts: FileFacts, scope: Scope) -> Iterator[tuple[int, int, Value]]:
    """Yield the expressions of a function and of those inside it: first line, last line, value."""
    inner = {next(n for n, other in enumerate(facts.scopes) if other is scope)}
    for number, other in enumerate(facts.scopes):
        if other.parent in inner:
            inner.add(number)
    for use in facts.uses:
        if use.scope in inner:
            yield use.line, max([use.line, *(call.at[2] for call in calls(use.value))]), use.value
    for binding in facts.bindings:
        if binding.scope in inner and binding.value is not None:
            yield binding.at[0], binding.at[2], binding.value
