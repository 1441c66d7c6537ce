"""Adds indexes to models of SQLAlchemy and SQLModel: `index=True` at a column, `Index(…)` in `__table_args__`.

Only the class or table itself is parsed with its formatting, not its file. A column that isn't defined there is named
by its text; `__table_args__` that are computed, or that a base may define, are left alone: the index then stands behind
the class.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence

import libcst as cst

from fragaudit.fix.alchemy_code import (
    binds,
    binds_name,
    column_name,
    flagged,
    index_call,
    last_name,
    special,
)
from fragaudit.fix.alchemy_names import Names
from fragaudit.fix.placing import Page, added_argument, added_elements
from fragaudit.fix.wanted import WantedIndex
from fragaudit.model.findings import Edit

_COLUMNS = frozenset({"Column", "mapped_column"})
_LONGEST = 100
"""Characters of a line; a longer call stands on several."""
_TABLE = re.compile(r"\b(?:class|Table)\b")
"""What a class or the call that makes a table has on its line."""
_BASES = frozenset({"SQLModel", "DeclarativeBase", "DeclarativeBaseNoMeta", "MappedAsDataclass", "AsyncAttrs", "Model",
                    "object", "ABC", "Generic"})  # fmt: skip
"""Bases that have no `__table_args__`."""


def alchemy_index_edits(path: str, text: str, wanted: Sequence[WantedIndex]) -> dict[WantedIndex, tuple[Edit, ...]]:
    """Return the edits that give models their indexes; without those that can't be added safely.

    Args:
        path: the file, for the places of the edits.
        text: its source.
        wanted: the indexes of models in this file; those at other places are passed over.
    """
    lines = text.splitlines()
    # Most places of a table are those of its migrations, which would be parsed for nothing.
    wanted = [w for w in wanted if w.at.line <= len(lines) and _TABLE.search(lines[w.at.line - 1])]
    if not wanted:
        return {}
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return {}
    found: dict[WantedIndex, tuple[Edit, ...]] = {}
    for place in dict.fromkeys(w.at for w in wanted):
        here = [w for w in wanted if w.at == place]
        statement = next((s for s in tree.body if _start(s) <= place.line <= (s.end_lineno or 0)), None)
        if statement is None or not (isinstance(statement, ast.ClassDef) or _makes_table(statement, place.line)):
            continue
        page = Page.of(path, text, _start(statement), statement.end_lineno or place.line)
        if page is None:
            continue
        names = Names(path, text, tree)
        if isinstance(statement, ast.ClassDef) and statement.lineno == place.line:
            found.update(_Class(page, names, statement, tree).edits(here))
        else:
            found.update(_table(page, names, here))
    return found


def _makes_table(statement: ast.stmt, line: int) -> bool:
    """Say whether a statement calls `Table` on a line."""
    calls = (n.func for n in ast.walk(statement) if isinstance(n, ast.Call) and n.lineno == line)
    return any(getattr(func, "attr", getattr(func, "id", "")) == "Table" for func in calls)


def _start(statement: ast.stmt) -> int:
    decorators: Sequence[ast.expr] = getattr(statement, "decorator_list", ())
    return min([statement.lineno, *(d.lineno for d in decorators)])


class _Member:
    """A column of a class: its attribute, where its annotation ends, and its value."""

    def __init__(self, attribute: str, annotation: cst.Annotation | None, value: cst.BaseExpression | None) -> None:
        self.attribute = attribute
        self.annotation = annotation
        self.value = value


class _Class:
    """One model class."""

    def __init__(self, page: Page, names: Names, statement: ast.ClassDef, tree: ast.Module) -> None:
        self._page = page
        self._names = names
        self._tree = tree
        self._statement = statement
        self._class = next(n for n in page.module.body if isinstance(n, cst.ClassDef))
        self._model = any(k.arg == "table" for k in statement.keywords)
        self._members = dict(self._columns())
        column = next((m.value for m in self._members.values() if isinstance(m.value, cst.Call)), None)
        names.seen(column.func if column is not None else None)

    def edits(self, wanted: Sequence[WantedIndex]) -> dict[WantedIndex, tuple[Edit, ...]]:
        """Return the edits of each index."""
        if not self._members:
            return {}  # a model of another library, or one whose columns stand elsewhere
        found: dict[WantedIndex, tuple[Edit, ...]] = {}
        others: list[WantedIndex] = []
        for one in wanted:
            edits = self._at_column(one.column) if one.column else None
            if edits is None:
                others.append(one)
            else:
                found[one] = tuple(edits)
        if others:
            found.update(self._in_arguments(others))
        return found

    def _columns(self) -> Iterator[tuple[str, _Member]]:
        for small in self._statements():
            value, annotation, target = small.value, None, None
            if isinstance(small, cst.AnnAssign):
                target, annotation = small.target, small.annotation
            elif isinstance(small, cst.Assign) and len(small.targets) == 1:
                target = small.targets[0].target
            if not isinstance(target, cst.Name) or target.value.startswith("__"):
                continue
            member = _Member(target.value, annotation, value)
            if isinstance(value, cst.Call) and last_name(value) in _COLUMNS:
                yield column_name(value) or target.value, member
            elif annotation is not None and self._is_plain(annotation, value):
                yield target.value, member

    def _is_plain(self, annotation: cst.Annotation, value: cst.BaseExpression | None) -> bool:
        """Say whether an annotation alone makes a column."""
        if self._model:
            return last_name(annotation.annotation) != "ClassVar" and last_name(value) not in (
                "Relationship",
                "PrivateAttr",
            )
        return value is None and last_name(annotation.annotation) == "Mapped"

    def _statements(self) -> Iterator[cst.Assign | cst.AnnAssign]:
        for line in self._class.body.body:
            if isinstance(line, cst.SimpleStatementLine):
                for small in line.body:
                    if isinstance(small, (cst.Assign, cst.AnnAssign)):
                        yield small

    # -- index=True ----------------------------------------------------------------------------------------------------

    def _at_column(self, column: str) -> list[Edit] | None:
        member = self._members.get(column)
        if member is None:
            return None
        value, page = member.value, self._page
        if isinstance(value, cst.Call) and last_name(value) in _COLUMNS:
            return flagged(page, value)
        if value is None and member.annotation is not None:
            end = page.end(member.annotation)
            made = "Field" if self._model else "mapped_column"
            name, edits = self._names.need(made, "sqlmodel" if self._model else "sqlalchemy.orm")
            return [Edit(end, f" = {name}(index=True)"), *edits] if name else None
        if not self._model or value is None:
            return None
        if isinstance(value, cst.Call) and last_name(value) == "Field":
            whole = next(
                (a.value for a in value.args if a.keyword is not None and a.keyword.value == "sa_column"), None
            )
            if whole is None:
                return flagged(page, value)
            return flagged(page, whole) if isinstance(whole, cst.Call) and last_name(whole) in _COLUMNS else None
        if isinstance(value, cst.Call):
            return None
        name, edits = self._names.need("Field", "sqlmodel")
        if not name:
            return None
        return [Edit(page.start(value), f"{name}(default="), Edit(page.end(value), ", index=True)"), *edits]

    # -- Index(…) ------------------------------------------------------------------------------------------------------

    def _in_arguments(self, wanted: Sequence[WantedIndex]) -> dict[WantedIndex, tuple[Edit, ...]]:
        """Return the edits that put indexes into `__table_args__`, or behind the class."""
        arguments = next((s for s in self._statements() if self._is_arguments(s)), None)
        value = arguments.value if arguments is not None else None
        mapping = isinstance(value, cst.Dict) or (isinstance(value, cst.Call) and last_name(value) == "dict")
        listed = isinstance(value, cst.Tuple) and bool(value.rpar)
        behind = not mapping and not listed and (value is not None or self._may_inherit())
        attributes = {c: f"{self._class.name.value}.{m.attribute}" for c, m in self._members.items()} if behind else {}
        written = {one: text for one in wanted if (text := self._written(one, attributes, behind=behind))}
        if not written:
            return {}
        texts = [text for text, _ in written.values()]
        imports = [edit for _, edits in written.values() for edit in edits]
        if behind:
            made = [Edit(self._page.last_end(), "\n\n\n" + "\n".join(texts))]
        elif isinstance(value, cst.Tuple):
            made = added_elements(self._page, value, texts)
        elif value is not None:
            made = self._around(value, texts)
        else:
            made = self._new(texts)
        return dict.fromkeys(written, (*made, *imports)) if made else {}

    def _written(
        self, one: WantedIndex, attributes: Mapping[str, str], *, behind: bool
    ) -> tuple[str, list[Edit]] | None:
        """Return the call that makes an index; behind the class it has to name some column of it."""
        if behind:
            # Columns of a mixin are sure to be in the table; by what attribute isn't known here.
            others = {k.column: f"{self._class.name.value}.__table__.c.{k.column}" for k in one.keys}
            attributes = {**others, **attributes}
            if not any(k.column.isidentifier() and not special(k) for k in one.keys):
                return None
        return index_call(one, self._names, attributes)

    def _is_arguments(self, small: cst.Assign | cst.AnnAssign) -> bool:
        targets = [t.target for t in small.targets] if isinstance(small, cst.Assign) else [small.target]
        return any(isinstance(t, cst.Name) and t.value == "__table_args__" for t in targets)

    def _may_inherit(self) -> bool:
        """Say whether `__table_args__` may be those of a method or of a base, which new ones would replace."""
        classes = {s.name: s for s in self._tree.body if isinstance(s, ast.ClassDef)}
        waiting, seen = [self._statement], set()
        while waiting:
            one = waiting.pop()
            seen.add(one.name)
            if any(binds(s, "__table_args__") for s in one.body):
                return True
            for base in one.bases:
                base = base.value if isinstance(base, ast.Subscript) else base
                name = base.id if isinstance(base, ast.Name) else base.attr if isinstance(base, ast.Attribute) else "?"
                if name in classes and isinstance(base, ast.Name):
                    waiting += [classes[name]] if name not in seen else []
                elif name not in _BASES and not self._names.makes(name):
                    return True
        return False

    def _around(self, value: cst.BaseExpression, texts: list[str]) -> list[Edit]:
        page = self._page
        at, line = page.at(value), f"({', '.join(texts)}, "
        if at.end_column + len(line) <= _LONGEST:
            return [Edit(page.start(value), line), Edit(page.end(value), ")")]
        indent = page.indent(at)
        inside = "".join(f"{indent}    {text},\n" for text in texts)
        return [Edit(page.start(value), f"(\n{inside}{indent}    "), Edit(page.end(value), f",\n{indent})")]

    def _new(self, texts: list[str]) -> list[Edit]:
        body = self._class.body
        lines = [line for line in body.body if isinstance(line, cst.SimpleStatementLine)]
        if not isinstance(body, cst.IndentedBlock) or not lines:
            return []
        named = next((n for n in lines if any(binds_name(s, "__tablename__") for s in n.body)), None)
        first = body.body[0]
        documented = isinstance(first, cst.SimpleStatementLine) and isinstance(first.body[0], cst.Expr)
        indent = " " * (self._page.start(first).column - 1)
        inside = ", ".join(texts)
        line = f"{indent}__table_args__ = ({inside},)\n"
        if len(line) > _LONGEST:
            line = f"{indent}__table_args__ = (\n" + "".join(f"{indent}    {t},\n" for t in texts) + f"{indent})\n"
        behind = named if named is not None else first if documented else None
        place = self._page.after(behind) if behind is not None else self._page.before(first)
        return [Edit(place, line)]


def _table(page: Page, names: Names, wanted: Sequence[WantedIndex]) -> dict[WantedIndex, tuple[Edit, ...]]:
    """Return the edits of an imperative table."""
    found: dict[WantedIndex, tuple[Edit, ...]] = {}
    for one in wanted:
        call = next((n for n in page.calls() if last_name(n) == "Table" and page.at(n) == one.at), None)
        if call is None:
            continue
        names.seen(call.func)
        column = next(
            (a.value for a in call.args if isinstance(a.value, cst.Call) and last_name(a.value) == "Column"
             and one.column and column_name(a.value) == one.column), None,
        )  # fmt: skip
        if column is not None:
            found[one] = tuple(flagged(page, column))
            continue
        written = index_call(one, names, {})
        if written is not None:
            found[one] = (*added_argument(page, call, written[0], positional=True), *written[1])
    return found
