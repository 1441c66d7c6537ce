"""Where each code point of a string literal stands, kept small.

A layout is a flat tuple of anchors, three numbers each: offset in the text, line and column (from 1). From an anchor
on, each code point stands one column further, and a newline leads to the first column of the next line. So an ordinary
literal needs one anchor, whatever its lines; an escape or a further literal adds one more.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

Layout: TypeAlias = tuple[int, ...]


def position(text: str, layout: Layout, offset: int) -> tuple[int, int] | None:
    """Return line and column of an offset; None if the layout is empty. Before the first anchor it is that anchor's."""
    if not layout:
        return None
    found = 0
    for number in range(0, len(layout), 3):
        if layout[number] > offset:
            break
        found = number
    start, line, column = layout[found : found + 3]
    if offset <= start:
        return line, column
    breaks = text.count("\n", start, offset)
    if breaks:
        return line + breaks, offset - text.rfind("\n", start, offset)
    return line, column + offset - start


def cut(text: str, layout: Layout, start: int, end: int) -> Layout:
    """Return the layout of `text[start:end]`."""
    first = position(text, layout, start)
    if first is None:
        return ()
    kept = [0, *first]
    for number in range(0, len(layout), 3):
        if start < layout[number] < end:
            kept.extend((layout[number] - start, layout[number + 1], layout[number + 2]))
    return tuple(kept)


def shifted(layout: Layout, by: int) -> Layout:
    """Return a layout whose text comes `by` code points later."""
    return tuple(number + by if place % 3 == 0 else number for place, number in enumerate(layout))


def anchors(text: str, layout: Layout) -> Iterator[tuple[int, int, int]]:
    """Yield offset, line and column of every stretch of a text that stands on one line without a gap."""
    for number in range(0, len(layout), 3):
        start, line, column = layout[number : number + 3]
        end = layout[number + 3] if number + 3 < len(layout) else len(text)
        yield start, line, column
        place = text.find("\n", start, end)
        while place != -1 and place + 1 < end:
            line += 1
            yield place + 1, line, 1
            place = text.find("\n", place + 1, end)
