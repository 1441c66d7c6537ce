"""How a file calls what it needs of SQLAlchemy, and the imports that are missing."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cached_property

import libcst as cst

from fragaudit.model.findings import Edit
from fragaudit.model.locations import Location

_MAKERS = frozenset({"declarative_base", "generate_base", "automap_base"})


class Names:
    """The names of one file."""

    def __init__(self, path: str, text: str, tree: ast.Module) -> None:
        self._path = path
        self._text = text
        self._lines = text.splitlines()
        self._tree = tree
        self._prefix = ""

    def seen(self, func: cst.BaseExpression | None) -> None:
        """Note how the file calls a column: of `sa.Column` and `db.Column` the module or extension has the rest."""
        if isinstance(func, cst.Attribute) and isinstance(func.value, cst.Name) and func.attr.value != "mapped_column":
            self._prefix = func.value.value

    def need(self, name: str, module: str) -> tuple[str, list[Edit]]:
        """Return how to write a name of a module, and the import that is missing; empty if something else has it."""
        if self._prefix and name in ("Index", "text"):
            return f"{self._prefix}.{name}", []
        for statement in self._tree.body:
            if isinstance(statement, ast.ImportFrom) and _library(statement.module):
                for alias in statement.names:
                    if alias.name == name or alias.name == "*":
                        return alias.asname or name, []
        for statement in self._tree.body:
            if isinstance(statement, ast.Import):
                for alias in statement.names:
                    if alias.name == module:
                        return f"{alias.asname or alias.name}.{name}", []
        # Most files that lack an import don't have the name at all, which is sooner found out.
        if re.search(rf"\b{name}\b", self._text) and name in self._bound:
            return "", []
        return name, [self._import(name, module)]

    def makes(self, name: str) -> bool:
        """Say whether a name is bound to a declarative base made here with no class to base it on."""
        for statement in self._tree.body:
            if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Call):
                func, call = statement.value.func, statement.value
                made = func.id if isinstance(func, ast.Name) else getattr(func, "attr", "")
                bound = any(isinstance(t, ast.Name) and t.id == name for t in statement.targets)
                if bound and made in _MAKERS:
                    return not call.args and not any(k.arg in ("cls", None) for k in call.keywords)
        return False

    @cached_property
    def _bound(self) -> set[str]:
        found: set[str] = set()
        for node in ast.walk(self._tree):
            if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
                found.add(node.name)
            elif isinstance(node, (ast.Import, ast.ImportFrom)):
                found |= {a.asname or a.name.partition(".")[0] for a in node.names}
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                found.add(node.id)
        return found

    def _import(self, name: str, module: str) -> Edit:
        imports = [s for s in self._tree.body if isinstance(s, (ast.Import, ast.ImportFrom))]
        same = next((s for s in imports if isinstance(s, ast.ImportFrom) and s.module == module and not s.level), None)
        if same is not None:
            return self._inside(name, same)
        near = next((s for s in imports if any(map(_library, _modules(s)))), None)
        rest = [s for s in imports if not (isinstance(s, ast.ImportFrom) and s.module == "__future__")]
        statement = near or (rest[0] if rest else None)
        line = statement.lineno if statement is not None else 1
        return Edit(Location(self._path, line, 1, line, 1), f"from {module} import {name}\n")

    def _inside(self, name: str, statement: ast.ImportFrom) -> Edit:
        """Return the edit that adds a name to an import where it belongs among those that are sorted."""
        later = next((a for a in statement.names if _order(a.name) > _order(name)), None)
        if later is not None:
            line, column = later.lineno, self._column(later.lineno, later.col_offset)
            before = self._lines[line - 1][: column - 1]
            alone = f"\n{before}" if not before.strip() else " "
            return Edit(Location(self._path, line, column, line, column), f"{name},{alone}")
        last = statement.names[-1]
        line = last.end_lineno or last.lineno
        column = self._column(line, last.end_col_offset or 0)
        before = self._lines[last.lineno - 1][: self._column(last.lineno, last.col_offset) - 1]
        alone = f"\n{before}" if not before.strip() else " "
        return Edit(Location(self._path, line, column, line, column), f",{alone}{name}")

    def _column(self, line: int, offset: int) -> int:
        """Return the column (from 1, in characters) of an offset in bytes."""
        return len(self._lines[line - 1].encode()[:offset].decode(errors="replace")) + 1


def _library(module: str | None) -> bool:
    return (module or "").partition(".")[0] in ("sqlalchemy", "sqlmodel")


def _modules(statement: ast.Import | ast.ImportFrom) -> Iterator[str]:
    if isinstance(statement, ast.ImportFrom):
        yield statement.module or ""
    else:
        yield from (a.name for a in statement.names)


def _order(name: str) -> tuple[int, str]:
    """Return where a name stands among sorted imports: constants, classes, the rest."""
    return (0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2, name)
