"""Where text reports are written: styled or plain, wrapped where that helps and never inside places or source."""

from __future__ import annotations

import io
import re
import textwrap

from rich.console import Console
from rich.text import Text

from fragaudit.model.locations import Location
from fragaudit.report.look import Look

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
LONGEST_LINE = 400


def clean(text: str) -> str:
    """Make control characters of file names and source visible, so that they can't steer a terminal."""
    return _CONTROL.sub(lambda match: f"\\x{ord(match[0]):02x}", text)


def _one_line(text: str) -> str:
    return clean(text).replace("\n", "\\n")


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
                text.append(_one_line(part[0]), style=part[1])
            else:
                text.append(_one_line(part))
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
        lines = source.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        if not 1 <= at.line <= len(lines):
            return
        text = lines[at.line - 1][:LONGEST_LINE]
        end = at.end_column if at.end_line == at.line else len(text) + 1
        start, end = min(at.column - 1, len(text)), max(min(end - 1, len(text)), at.column)
        room = max(self.width - 12, 30)
        shift = 0
        if end > room and start > 8:
            shift = start - 8
        shown = text[shift : shift + room]
        gutter = f"{at.line:>5} | "
        mark = "^" * max(1, min(end - shift, len(shown)) - (start - shift))
        before = "".join("\t" if c == "\t" else " " * (len(clean(c))) for c in shown[: start - shift])
        self.line((gutter, "dim"), shown)
        self.line(("      | ", "dim"), before, (mark, style))

    def text(self) -> str:
        """Return what was written, lines without trailing blanks."""
        return "\n".join(line.rstrip() for line in self._file.getvalue().split("\n"))
