"""Where text reports are written: styled or plain, wrapped where that helps and never inside places or source."""

from __future__ import annotations

import textwrap

from rich.color import ColorSystem
from rich.style import Style

from fragaudit.model.locations import Location
from fragaudit.report.excerpt import clean, lines_of, marked
from fragaudit.report.look import Look

LINE = 120
"""Columns of source that are shown where the page has no width: of a line that goes on and on, what is meant."""


class Paper:
    """A page that is written from top to bottom."""

    def __init__(self, look: Look) -> None:
        """Take colours and width from the look."""
        self._lines: list[str] = []
        self._color = look.color
        self.width = look.width

    def line(self, *parts: str | tuple[str, str]) -> None:
        """Write a line of plain and (text, style) parts; it is not wrapped."""
        self._lines.append("".join(self._styled(*p) if isinstance(p, tuple) else clean(p) for p in parts))

    def _styled(self, text: str, style: str) -> str:
        # A report has ten times as many lines as findings, and a console takes longer over each than all of the rest.
        text = clean(text)
        if not self._color or not style or not text:
            return text
        return Style.parse(style).render(text, color_system=ColorSystem.STANDARD)

    def prose(self, text: str, indent: str = "", first: str | None = None, style: str = "") -> None:
        """Write sentences, wrapped at the page's width if it has one; long words (paths) stay whole."""
        text = clean(" ".join(text.split()))
        if not self.width:
            if not text:
                return
            self._lines.append(self._styled((indent if first is None else first) + text, style))
            return
        lines = textwrap.wrap(
            text,
            max(self.width, 40),
            initial_indent=indent if first is None else first,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
        for line in lines:
            self._lines.append(self._styled(line, style))

    def excerpt(self, source: str, at: Location, style: str) -> None:
        """Write the line of a place with its span marked."""
        lines = lines_of(source)
        if not 1 <= at.line <= len(lines):
            return
        line = lines[at.line - 1]
        end = at.end_column - 1 if at.end_line == at.line else len(line)
        shown, mark = marked(line, at.column - 1, end, max((self.width or LINE) - 8, 30))
        self.line((f"{at.line:>5} | ", "dim"), shown)
        self.line(("      | ", "dim"), (mark, style))

    def text(self) -> str:
        """Return what was written, lines without trailing blanks."""
        return "".join(f"{line.rstrip()}\n" for line in self._lines)
