"""Modules of the project that texts name: by the dotted path under which something is imported when the code runs."""

from __future__ import annotations

import re

from fragaudit.link.program import Program
from fragaudit.model.facts import FileFacts
from fragaudit.model.values import Lit, Value, children

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
                for path in sorted(_paths(self._program.files[number]))
                if (found := self._module(path, number)) is not None
            )
        return known

    def _module(self, path: str, asking: int) -> int | None:
        while "." in path:
            found = self._program.module(path, asking)
            if found is not None:
                return found
            path = path.rpartition(".")[0]
        return None


def _paths(file: FileFacts) -> set[str]:
    """Return the texts of a file that can be dotted paths, without the `:name` that some add."""
    found: set[str] = set()
    stack: list[Value] = [binding.value for binding in file.bindings if binding.value is not None]
    stack.extend(use.value for use in file.uses)
    while stack:
        top = stack.pop()
        if isinstance(top, Lit):
            text = top.value.partition(":")[0] if isinstance(top.value, str) else ""
            if "." in text and len(text) < LONGEST_PATH and _PATH.fullmatch(text):
                found.add(text)
        else:
            stack.extend(children(top))
    return found
