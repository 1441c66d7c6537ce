"""A stretch of a file as a tree with places, and pieces of calls and tuples put where a person would put them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider

from fragaudit.model.findings import Edit
from fragaudit.model.locations import Location


class Page:
    """Whole statements of a file, and where each node of them stands in the file."""

    def __init__(self, path: str, wrapper: MetadataWrapper, first: int, lines: Sequence[str]) -> None:
        self._path = path
        self.module = wrapper.module
        self._places: Mapping[cst.CSTNode, object] = wrapper.resolve(PositionProvider)
        self._first = first
        self._lines = lines

    @classmethod
    def of(cls, path: str, text: str, first: int, last: int) -> Page | None:
        """Return lines `first` to `last` (from 1) of a file; None if they can't be parsed alone."""
        lines = text.splitlines()[first - 1 : last]
        try:
            # What was just parsed has no node in two places, which a copy is to make sure of.
            wrapper = MetadataWrapper(cst.parse_module("\n".join(lines) + "\n"), unsafe_skip_copy=True)
            return cls(path, wrapper, first, lines)
        except (cst.ParserSyntaxError, RecursionError):
            return None

    def at(self, node: cst.CSTNode) -> Location:
        """Return where a node stands."""
        span = self._places[node]
        start, end = span.start, span.end  # type: ignore[attr-defined]
        above = self._first - 1
        return Location(self._path, start.line + above, start.column + 1, end.line + above, end.column + 1)

    def start(self, node: cst.CSTNode) -> Location:
        """Return the empty place before a node."""
        at = self.at(node)
        return Location(self._path, at.line, at.column, at.line, at.column)

    def end(self, node: cst.CSTNode) -> Location:
        """Return the empty place behind a node."""
        at = self.at(node)
        return Location(self._path, at.end_line, at.end_column, at.end_line, at.end_column)

    def before(self, node: cst.CSTNode) -> Location:
        """Return the beginning of the line a node begins on."""
        line = self.at(node).line
        return Location(self._path, line, 1, line, 1)

    def after(self, node: cst.CSTNode) -> Location:
        """Return the beginning of the line behind the one a node ends on."""
        line = self.at(node).end_line + 1
        return Location(self._path, line, 1, line, 1)

    @property
    def path(self) -> str:
        """The file."""
        return self._path

    def line_end(self, line: int) -> Location:
        """Return the end of a line, behind a comment on it."""
        column = len(self._lines[line - self._first]) + 1
        return Location(self._path, line, column, line, column)

    def last_end(self) -> Location:
        """Return the end of the last line."""
        line, column = self._first + len(self._lines) - 1, len(self._lines[-1]) + 1
        return Location(self._path, line, column, line, column)

    def indent(self, at: Location) -> str:
        """Return the white space that the line of a place begins with."""
        line = self._lines[at.line - self._first]
        return line[: len(line) - len(line.lstrip())]

    def calls(self) -> Iterator[cst.Call]:
        """Yield every call, in no particular order."""
        return (n for n in self._places if isinstance(n, cst.Call))


def added_argument(page: Page, call: cst.Call, text: str, *, positional: bool = False) -> list[Edit]:
    """Return the edits that give a call one more argument, its last one (or the last without a keyword)."""
    bracket = _bracket(page.at(call))
    if not call.args:
        return [Edit(bracket, text)]
    plain = [a for a in call.args if a.keyword is None and a.star != "**"]
    if positional and len(plain) < len(call.args):
        return _before(page, call.args[len(plain)], text)
    return _behind(page, bracket, call.args[-1], text)


def added_elements(page: Page, value: cst.Tuple | cst.List, texts: Sequence[str]) -> list[Edit]:
    """Return the edits that add elements to something in brackets: the last ones, or the last before a dictionary."""
    bracket = _bracket(page.at(value.rpar[-1] if isinstance(value, cst.Tuple) else value.rbracket))
    if not value.elements:
        return [Edit(bracket, ", ".join(texts) + ("," if isinstance(value, cst.Tuple) else ""))]
    last = value.elements[-1]
    mapping = isinstance(last.value, cst.Dict) or (
        isinstance(last.value, cst.Call) and isinstance(last.value.func, cst.Name) and last.value.func.value == "dict"
    )
    return [
        edit
        for text in texts
        for edit in (_before(page, last, text) if mapping else _behind(page, bracket, last, text))
    ]


def _bracket(at: Location) -> Location:
    """Return the place before the bracket that something ends with."""
    return Location(at.path, at.end_line, at.end_column - 1, at.end_line, at.end_column - 1)


def _before(page: Page, item: cst.CSTNode, text: str) -> list[Edit]:
    """Return the edit that puts a text before an item: on a line of its own if the item has one."""
    start = page.start(item)
    indent = page.indent(start)
    alone = start.column == len(indent) + 1
    return [Edit(start, f"{text},\n{indent}" if alone else f"{text}, ")]


def _behind(page: Page, bracket: Location, last: cst.Arg | cst.BaseElement, text: str) -> list[Edit]:
    """Return the edits that put a text behind the last item of something in brackets."""
    line = Edit(Location(bracket.path, bracket.line, 1, bracket.line, 1), f"{page.indent(page.start(last))}{text},\n")
    if isinstance(last.comma, cst.Comma):
        end = page.end(last.comma)
        return [Edit(end, f" {text},") if end.line == bracket.line else line]
    end = page.end(last)
    return [Edit(end, f", {text}")] if end.line == bracket.line else [Edit(end, ","), line]
