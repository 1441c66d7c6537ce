"""What runs once, by migrations and by hand, rather than whenever the service is asked: files, and their functions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from fragaudit.model.asides import run_once
from fragaudit.model.facts import FileFacts, Import
from fragaudit.model.values import Call, dotted

if TYPE_CHECKING:
    from fragaudit.link.program import Program

_MAKING_UP = ("faker", "model_bakery", "mixer")
"""Libraries that make up rows, to try an application with."""

_COMMAND_LINES = ("click", "typer", "argparse", "fire", "flask.cli")
"""Libraries of command lines. What a folder of commands is beside them may be another kind: of a bus, of a bot."""


def beside(file: FileFacts) -> str:
    """Return why what a file asks is asked once, empty if it is asked by the service: by its place, or its imports."""
    why = run_once(file.path)
    if why:
        return why
    outside = [item for item in file.imports if not item.level]
    if any(map(_makes_up, outside)):
        return "it makes up rows to try the service with"
    command = "/commands/" in f"/{file.path}" and any(item.module in _COMMAND_LINES for item in outside)
    return "it is a command run by hand" if command else ""


def _makes_up(item: Import) -> bool:
    root, _, inner = item.module.partition(".")
    if root == "factory":  # a project may have a module of that name, which makes the application
        return (
            bool(inner) or item.name is None or item.name[:1].isupper() or item.name in ("fuzzy", "django", "alchemy")
        )
    return root in _MAKING_UP


_COMMAND = re.compile(r"(?:^|[._])(?:cli|click|manager)\.command$")
"""What makes a command of a function. Those of bots are others' commands."""
_LAST = 1 << 30
ONLY_COMMANDS = "only commands that are run by hand come to it"


class Once:
    """Tells why what a line asks is asked once: by its file, or because its function is called by such files alone."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._files = [beside(file) for file in program.files]
        self._functions = self._called_by_commands()
        self._commands = {n: lines for n, file in enumerate(program.files) if (lines := list(_commands(file)))}

    def why(self, file: int, line: int) -> str:
        """Return why what stands at a line of a file is asked once, empty if it is asked by the service."""
        if self._files[file] or not (self._functions.get(file) or self._commands.get(file)):
            return self._files[file]
        own = (f.name for f in self._program.files[file].functions if f.first <= line <= f.last)
        if any(first <= line <= last for first, last in self._commands.get(file, ())):
            return "it is a command run by hand"
        return ONLY_COMMANDS if next(own, "") in self._functions.get(file, ()) else ""

    def _called_by_commands(self) -> dict[int, set[str]]:
        """Return the functions, per file, that only commands import and that no other function speaks of."""
        wanted: dict[int, set[str]] = {}
        for number, file in enumerate(self._program.files):
            if not self._files[number]:
                continue
            for item in file.imports:
                for other in self._program.targets(item, number) if item.name not in (None, "*") else ():
                    if not self._files[other]:
                        wanted.setdefault(other, set()).add(item.name or "")
        if not wanted:
            return {}
        taken = self._taken(wanted)
        return {n: _alone(self._program.files[n], names, taken[n]) for n, names in wanted.items() if n in taken}

    def _taken(self, wanted: Iterable[int]) -> dict[int, set[str]]:
        """Return the names that files of the service import, for each file of which none imports all or the whole."""
        taken: dict[int, set[str]] = {n: set() for n in wanted}
        brought: set[str] = set()
        for number, file in enumerate(self._program.files):
            if self._files[number]:
                continue
            brought.update(file.brings)
            for item in file.imports:
                named = self._program.module(self._program.absolute(item, number), number)
                for other in self._program.targets(item, number):
                    if other == number or other not in taken:
                        continue
                    if other == named and item.name not in (None, "*"):
                        taken[other].add(item.name or "")
                    else:
                        del taken[other]
        for other in list(taken):
            stem = self._program.files[other].path.removesuffix(".py").removesuffix("/__init__").rpartition("/")[2]
            if stem in brought:
                del taken[other]
            else:
                taken[other] |= brought
        return taken


def _commands(file: FileFacts) -> Iterator[tuple[int, int]]:
    """Yield the first and last lines of functions that are commands: `@app.cli.command("send")`, `@click.command()`.

    One ends where the next function or class begins that stands no deeper.
    """
    heads = [(scope.span[0], scope.span[1]) for scope in file.scopes if scope.kind != "module"]
    for scope in file.scopes:
        called = (d.func if isinstance(d, Call) else d for d in scope.decorators)
        if any(_COMMAND.search(dotted(value)) is not None for value in called):
            first, column = scope.span[:2]
            yield first, min((line - 1 for line, own in heads if line > first and own <= column), default=_LAST)


def _alone(file: FileFacts, wanted: set[str], taken: set[str]) -> set[str]:
    """Return the functions of a file that lead from the wanted ones and from none that others take."""
    callers: dict[str, set[str]] = {}
    for function in file.functions:
        callers.setdefault(function.name, set()).update(function.callers)
    found = {name for name in callers if name not in taken}
    while True:
        kept = {n for n in found if callers[n] <= found and (callers[n] or n in wanted)}
        if kept == found:
            break
        found = kept
    led = found & wanted
    while more := {n for n in found - led if not led.isdisjoint(callers[n])}:
        led |= more
    return led
