r"""Excerpts of source: a line and the mark under its span, made to fit, with nothing in it that could steer a terminal.

Everything is counted in columns of a terminal: a tab is up to four, a wide character two, a control character is shown
as `\x1b`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from rich.cells import cell_len

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")
_TAB = 4
_BEFORE = 12
"""Columns kept before a span that doesn't fit from the start of its line."""
_CUT = "..."


def clean(text: str) -> str:
    """Make characters visible that would steer a terminal: control characters, and those that reorder or hide text."""
    if text.isprintable():  # as nearly all of it is
        return text
    return _CONTROL.sub(lambda match: _escape(match[0]), text)


def _escape(character: str) -> str:
    number = ord(character)
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}"


@lru_cache(maxsize=64)
def lines_of(source: str) -> Sequence[str]:
    """Return the lines of a text as Python and editors count them."""
    return source.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def marked(line: str, start: int, end: int, room: int) -> tuple[str, str]:
    """Return a line as shown, and below it the mark of its span.

    Args:
        line: the line of source.
        start: where the span starts in it, counted from 0, in code points.
        end: where it ends, exclusive; at least one column is marked.
        room: how many columns there are; a longer line is cut on either side of the span.
    """
    start = min(max(start, 0), len(line))
    end = max(min(end, len(line)), start + 1)
    shown, edges = _shown(line)
    left = edges[start]
    right = max(edges[min(end, len(line))], left + 1)
    first = 0
    if right > room and left > _BEFORE:
        # Enough of what stands before, unless the whole span fits with more of it.
        first = max(0, min(left - _BEFORE, max(right - room + len(_CUT), 0)))
        first = max(first, left - room + _BEFORE)
    text, offset = _window(shown, first, room)
    left, right = left - first + offset, min(right - first + offset, room)
    return text, " " * left + "^" * max(right - left, 1)


def plain(line: str, room: int) -> str:
    """Return a line as shown, cut where it is too long."""
    return _window(_shown(line)[0], 0, room)[0]


def _shown(line: str) -> tuple[list[tuple[str, int]], list[int]]:
    """Return the line as pieces with their widths, and the column where each character starts (the last: ends)."""
    if line.isascii() and line.isprintable():
        return [(character, 1) for character in line], list(range(len(line) + 1))
    pieces: list[tuple[str, int]] = []
    edges = [0]
    for character in line:
        if character == "\t":
            piece = " " * (_TAB - edges[-1] % _TAB)
        else:
            piece = clean(character)
        width = cell_len(piece)
        pieces.append((piece, width))
        edges.append(edges[-1] + width)
    return pieces, edges


def _window(pieces: Sequence[tuple[str, int]], first: int, room: int) -> tuple[str, int]:
    """Return what is seen of the line from a column on, and by how much it moved to the right for the cut's dots."""
    total = sum(width for _, width in pieces)
    if not first and total <= room:
        return "".join(piece for piece, _ in pieces).rstrip(), 0
    text, column = "", 0
    for piece, width in pieces:
        if column >= first and column - first + width <= room:
            text += piece
        elif column < first < column + width:
            text += " " * (column + width - first)
        column += width
    if first:
        text = _CUT + text[len(_CUT) :]
    if total - first > room:
        text = text[: -len(_CUT)] + _CUT
    return text.rstrip(), 0
