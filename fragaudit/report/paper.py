"""Where text reports are written: styled or plain, wrapped where that helps and never inside places or source."""

from __future__ import annotations

import io
import textwrap

from rich.console import Console
from rich.text import Text

from fragaudit.model.locations import Location
from fragaudit.report.excerpt import clean, lines_of, marked
from fragaudit.report.look import Look


class Paper:
    """A page that is written from top to bottom."""

    def __init__(self, look: Look) -> None:
        """Take colours and width from the look."""
        self._file = io.StringIO()
        self.width = look.width
        self._console = Console(
            file=self._file,
            width=look.width,
            force_terminal=look.color,
            color_system="standard" if look.color else None,
            no_color=not look.color,
            highlight=False,
            markup=False,
            emoji=False,
            legacy_windows=False,
        )

    def line(self, *parts: str | tuple[str, str]) -> None:
        """Write a line of plain and (text, style) parts; it is not wrapped."""
        text = Text()
        for part in parts:
            if isinstance(part, tuple):
                text.append(clean(part[0]), style=part[1])
            else:
                text.append(clean(part))
        self._console.print(text, soft_wrap=True)

    def prose(self, text: str, indent: str = "", first: str | None = None, style: str = "") -> None:
        """Write sentences, wrapped at the page's width; long words (paths) stay whole."""
        lines = textwrap.wrap(
            clean(" ".join(text.split())),
            max(self.width, 40),
            initial_indent=indent if first is None else first,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
        for line in lines:
            self._console.print(Text(line, style=style), soft_wrap=True)

    def excerpt(self, source: str, at: Location, style: str) -> None:
        """Write the line of a place with its span marked."""
        lines = lines_of(source)
        if not 1 <= at.line <= len(lines):
            return
        line = lines[at.line - 1]
        end = at.end_column - 1 if at.end_line == at.line else len(line)
        shown, mark = marked(line, at.column - 1, end, max(self.width - 8, 30))
        self.line((f"{at.line:>5} | ", "dim"), shown)
        self.line(("      | ", "dim"), (mark, style))

    def text(self) -> str:
        """Return what was written, lines without trailing blanks."""
        return "\n".join(line.rstrip() for line in self._file.getvalue().split("\n"))
