"""Python files to facts. The only user of libcst here; no tree leaves this package."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import libcst as cst

from fragaudit.catalogue import Catalogue
from fragaudit.extract.python.comments import ignores
from fragaudit.extract.python.positions import spans
from fragaudit.extract.python.relevance import pieces, split_lines
from fragaudit.extract.python.walk import Walk
from fragaudit.extract.source import decode
from fragaudit.extract.tables import defined_tables
from fragaudit.model.facts import Ddl, FileFacts
from fragaudit.model.locations import Location, Problem

STACK_BYTES = 256 * 1024 * 1024
"""libcst's parser recurses on the C stack without a check of its own; the default 8 MB overflow at some 1,500 levels
of brackets. Only address space is reserved."""


def extract_python(path: str, data: bytes, catalogue: Catalogue) -> FileFacts:
    """Return the facts of a Python file; what can't be read becomes a problem in them."""
    text = decode(path, data, python=True)
    if isinstance(text, Problem):
        return FileFacts(path, "python", 0, parsed=False, problems=(text,))
    lines = text.count("\n") + 1
    try:
        ranges = pieces(text, catalogue)
    except (RecursionError, MemoryError):
        return FileFacts(path, "python", lines, parsed=False, problems=(_too_deep(path),))
    found = ignores(path, text) if "fragaudit" in text else ()
    if ranges == []:
        return FileFacts(path, "python", lines, parsed=False, ignores=found)
    try:
        walk = _deep(lambda: _walk(text, ranges))
    except cst.ParserSyntaxError as error:
        problem = _syntax_problem(path, ranges, error)
        return FileFacts(path, "python", lines, parsed=False, ignores=found, problems=(problem,))
    except (RecursionError, MemoryError):
        return FileFacts(path, "python", lines, parsed=False, ignores=found, problems=(_too_deep(path),))
    tables = tuple(Ddl(name, scope, at) for text, scope, at in walk.ddl for name in defined_tables(text))
    return FileFacts(
        path,
        "python",
        lines,
        parsed=True,
        scopes=tuple(walk.scopes),
        branches=tuple(walk.branches),
        imports=tuple(walk.imports),
        bindings=tuple(walk.bindings),
        uses=tuple(walk.uses),
        tables=tables,
        vectors=tuple(walk.vectors),
        ignores=found,
    )


def _syntax_problem(path: str, ranges: list[tuple[int, int]] | SyntaxError, error: cst.ParserSyntaxError) -> Problem:
    """Say where the syntax breaks; Python's own account is the one that people know."""
    if isinstance(ranges, SyntaxError):
        at = Location(path, max(1, ranges.lineno or 1), max(1, ranges.offset or 1))
        return Problem(at, f"can't be parsed: {ranges.msg}")
    at = Location(path, max(1, error.raw_line), max(1, error.raw_column + 1))
    return Problem(at, "can't be parsed: " + (error.message.strip().splitlines() or ["syntax error"])[0])


def _walk(text: str, ranges: list[tuple[int, int]] | SyntaxError) -> Walk:
    if not isinstance(ranges, SyntaxError):
        lines = split_lines(text)
        numbers = [number for first, last in ranges for number in range(first, last + 1)]
        try:
            return _parsed("".join(lines[number - 1] for number in numbers), numbers)
        except cst.ParserSyntaxError:
            pass  # pieces that libcst can't read without what stands between them; the whole file decides
    return _parsed(text, None)


def _parsed(text: str, numbers: list[int] | None) -> Walk:
    """Walk a text whose lines carry these numbers in the file; None: its own."""
    module = cst.parse_module(text)
    walk = Walk()
    walk.module(module, spans(module, numbers))
    return walk


def _too_deep(path: str) -> Problem:
    return Problem(Location(path), "nested too deeply to be parsed")


def _deep(work: Callable[[], Walk]) -> Walk:
    """Run work with a deep stack and without the cyclic collector, which finds nothing in a tree being built."""
    outcome: list[Walk | BaseException] = []

    def run() -> None:
        try:
            outcome.append(work())
        except BaseException as error:  # noqa: BLE001  # carried over to the calling thread
            outcome.append(error)

    with _collector_paused():
        previous = threading.stack_size(STACK_BYTES)
        try:
            thread = threading.Thread(target=run)
            thread.start()
        finally:
            threading.stack_size(previous)
        thread.join()
    if isinstance(outcome[0], BaseException):
        raise outcome[0]
    return outcome[0]


@contextmanager
def _collector_paused() -> Iterator[None]:
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()
