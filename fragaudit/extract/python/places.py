"""Where nodes of Python's own syntax tree stand, in code points; the tree itself counts bytes of UTF-8."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from fragaudit.model.values import Span


class Places:
    """The lines of a file, or of an expression that was cut out of one and starts at `origin` (line and column)."""

    def __init__(self, lines: Sequence[str], ascii_only: bool, origin: tuple[int, int] = (1, 1)) -> None:
        self._lines = lines
        self._plain = ascii_only
        self._origin = origin

    def span(self, node: ast.AST) -> Span:
        """Return line, column, end line and end column of a statement or expression."""
        line, end_line = node.lineno, node.end_lineno  # type: ignore[attr-defined]
        start, end = node.col_offset, node.end_col_offset  # type: ignore[attr-defined]
        if not self._plain:
            start, end = self._points(line, start), self._points(end_line, end)
        if self._origin == (1, 1):
            return line, start + 1, end_line, end + 1
        down, right = self._origin[0] - 1, self._origin[1]
        return (
            line + down,
            start + (right if line == 1 else 1),
            end_line + down,
            end + (right if end_line == 1 else 1),
        )

    def _points(self, line: int, offset: int) -> int:
        """Return how many code points the first bytes of a line are."""
        text = self._lines[line - 1]
        return offset if text.isascii() else len(text.encode("utf-8")[:offset].decode("utf-8", "replace"))

    def source(self, node: ast.AST) -> tuple[str, int, int]:
        """Return a node as it is written, with the line and column it starts at."""
        line, column, end_line, end_column = self.span(node)
        down, right = self._origin[0] - 1, self._origin[1] - 1
        first, last = line - down, end_line - down
        start, end = column - 1 - (right if first == 1 else 0), end_column - 1 - (right if last == 1 else 0)
        if first == last:
            return self._lines[first - 1][start:end], line, column
        middle = self._lines[first : last - 1]
        return "".join((self._lines[first - 1][start:], *middle, self._lines[last - 1][:end])), line, column
