"""Python files to facts: Python's own parser reads the statements, libcst the literals whose every sign counts."""

from __future__ import annotations

import ast
import contextlib
import sys
import warnings

from fragaudit.catalogue import Catalogue
from fragaudit.extract.python.comments import ignores
from fragaudit.extract.python.made import brings, made
from fragaudit.extract.python.newer import needs, rewritten
from fragaudit.extract.python.places import Places
from fragaudit.extract.python.relevance import Relevant, relevant, split_lines
from fragaudit.extract.python.walk import Walk
from fragaudit.extract.source import decode
from fragaudit.extract.sql.tables import defined_tables
from fragaudit.model.facts import Ddl, FileFacts
from fragaudit.model.locations import Location, Problem

_IN_ANY = tuple(f"can't be parsed: {what}" for what in ("(unicode error)", "bytes can only", "dict unpacking"))
"""What no Python reads, though libcst, which looks at the grammar alone, does."""


def extract_python(path: str, data: bytes, catalogue: Catalogue, whole: bool = False) -> FileFacts:
    """Return the facts of a Python file, of all of it if `whole`; what can't be read becomes a problem in them.

    `ast` reads some ten times faster than libcst, tells where everything stands, and refuses nesting that no reader
    survives; it reads what the Python that runs it reads.
    """
    text = decode(path, data, python=True)
    if isinstance(text, Problem):
        return FileFacts(path, "python", 0, parsed=False, problems=(text,))
    count = text.count("\n") + 1
    found = ignores(path, text) if "fragaudit" in text else ()
    tree = _tree(path, text)
    if isinstance(tree, Problem):
        return FileFacts(path, "python", count, parsed=False, ignores=found, problems=(tree,))
    lines = split_lines(text)
    chosen = Relevant(tree.body, frozenset()) if whole else relevant(tree, text, lines, catalogue)
    walk = Walk(Places(lines, text.isascii()), chosen.left_out)
    try:
        # A file of which nothing else matters still says which modules belong together.
        walk.module(chosen.statements or [s for s in tree.body if isinstance(s, (ast.Import, ast.ImportFrom))])
    except RecursionError:
        return FileFacts(path, "python", count, parsed=False, ignores=found, problems=(_too_deep(path),))
    makes = made(tree, text, walk.imports)
    inside = brings(text)
    if not chosen.statements:
        return FileFacts(path, "python", count, parsed=False, imports=tuple(walk.imports), ignores=found, makes=makes,
                         brings=inside)  # fmt: skip
    tables = tuple(Ddl(name, scope, at) for text, scope, at in walk.ddl for name in defined_tables(text))
    return FileFacts(
        path,
        "python",
        count,
        parsed=True,
        scopes=tuple(walk.scopes),
        branches=tuple(walk.branches),
        imports=tuple(walk.imports),
        bindings=tuple(walk.bindings),
        uses=tuple(walk.uses),
        tables=tables,
        vectors=tuple(walk.vectors),
        ignores=found,
        mentions=catalogue.mentions(text),
        makes=makes,
        functions=chosen.functions,
        brings=inside,
    )


def _tree(path: str, text: str) -> ast.Module | Problem:
    try:
        return _parsed(text)
    except (RecursionError, MemoryError):
        return _too_deep(path)
    except (SyntaxError, ValueError) as error:
        if "too many" in str(error):
            return _too_deep(path)
        with contextlib.suppress(SyntaxError, ValueError, RecursionError, MemoryError):
            return _parsed(rewritten(text))
        line, column = getattr(error, "lineno", 1) or 1, getattr(error, "offset", 1) or 1
        what = f"can't be parsed: {getattr(error, 'msg', error)}"
        least = needs(text)
        if not what.startswith(_IN_ANY) and _older_than(least) and _newer_syntax(text):
            own = f"{sys.version_info[0]}.{sys.version_info[1]}"
            what += f" (it needs Python {least} or newer, and this is {own}: run fragaudit with a newer one)"
        return Problem(Location(path, max(1, line), max(1, column)), what)


def _older_than(version: str) -> bool:
    """Say whether the Python that runs this is older than another."""
    return sys.version_info[:2] < tuple(map(int, version.split(".")))


def _parsed(text: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about the audited code, which is not ours to warn of
        return ast.parse(text)


def _newer_syntax(text: str) -> bool:
    """Say whether libcst, which knows the syntax of other Pythons too, can read a file."""
    import libcst as cst  # only where something is wrong

    try:
        cst.parse_module(text)
    except Exception:  # noqa: BLE001  # whatever it stumbles over, the file is no better for it
        return False
    return True


def _too_deep(path: str) -> Problem:
    return Problem(Location(path), "nested too deeply to be parsed")
