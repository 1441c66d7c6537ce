"""Modules of the project that texts name: by the dotted path under which something is imported when the code runs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from fragaudit.link.program import Program
from fragaudit.model.facts import FileFacts
from fragaudit.model.values import Call, Lit, Value, children

_PATH = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+")
LONGEST_PATH = 200


class Spelled:
    """Finds the modules that files name in texts: `"shop.stores.Redis"` in settings, `"shop.tasks"` in a list."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._known: dict[int, frozenset[int]] = {}

    def by(self, number: int) -> frozenset[int]:
        """Return the numbers of the files that a file names by dotted paths, those of a package's `__init__` too.

        A single word names too many things: at least the module has to be inside a package.
        """
        known = self._known.get(number)
        if known is None:
            known = self._known[number] = frozenset(
                found
                for path in sorted(_paths(_values(self._program.files[number])))
                if (found := _module(self._program, path, number)) is not None
            )
        return known


def named_modules(program: Program, call: Call, asking: int) -> list[int]:
    """Return the files that a call names by dotted paths in its arguments: `load("shop.stores.redis")`."""
    found = (_module(program, path, asking) for path in sorted(_paths(argument.value for argument in call.args)))
    return [number for number in found if number is not None]


def _module(program: Program, path: str, asking: int) -> int | None:
    while "." in path:
        found = program.module(path, asking)
        if found is not None:
            return found
        path = path.rpartition(".")[0]
    return None


def _values(file: FileFacts) -> Iterator[Value]:
    for binding in file.bindings:
        if binding.value is not None:
            yield binding.value
    for use in file.uses:
        yield use.value


def _paths(values: Iterable[Value]) -> set[str]:
    """Return the texts that can be dotted paths, without the `:name` that some add."""
    found: set[str] = set()
    stack = list(values)
    while stack:
        top = stack.pop()
        if isinstance(top, Lit):
            text = top.value.partition(":")[0] if isinstance(top.value, str) else ""
            if "." in text and len(text) < LONGEST_PATH and _PATH.fullmatch(text):
                found.add(text)
        else:
            stack.extend(children(top))
    return found
