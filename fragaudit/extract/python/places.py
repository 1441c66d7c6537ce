"""Where nodes of Python's own syntax tree stand, in code points; the tree itself counts bytes of UTF-8."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from fragaudit.model.values import Span


class Places:
    """The lines of one file."""

    def __init__(self, lines: Sequence[str], ascii_only: bool) -> None:
        self._lines = lines
        self._plain = ascii_only

    def span(self, node: ast.AST) -> Span:
        """Return line, column, end line and end column of a statement or expression."""
        line, end_line = node.lineno, node.end_lineno  # type: ignore[attr-defined]
        start, end = node.col_offset, node.end_col_offset  # type: ignore[attr-defined]
        if self._plain:
            return line, start + 1, end_line, end + 1
        return line, self._column(line, start), end_line, self._column(end_line, end)

    def _column(self, line: int, offset: int) -> int:
        text = self._lines[line - 1]
        return offset + 1 if text.isascii() else len(text.encode("utf-8")[:offset].decode("utf-8", "replace")) + 1

    def source(self, node: ast.AST) -> tuple[str, int, int]:
        """Return a node as it is written, with the line and column it starts at."""
        line, column, end_line, end_column = self.span(node)
        if line == end_line:
            return self._lines[line - 1][column - 1 : end_column - 1], line, column
        middle = self._lines[line : end_line - 1]
        text = (self._lines[line - 1][column - 1 :], *middle, self._lines[end_line - 1][: end_column - 1])
        return "".join(text), line, column
