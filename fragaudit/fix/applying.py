"""Puts edits into a text."""

from __future__ import annotations

from collections.abc import Iterable

from fragaudit.model.findings import Edit


def applied(text: str, edits: Iterable[Edit]) -> str:
    """Return a text with edits made; where two overlap, the first one in the text is made alone.

    Lines and columns are those of the text before, from 1; the end of an edit is exclusive.
    """
    lines = text.splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))

    def offset(line: int, column: int) -> int:
        return starts[min(line - 1, len(starts) - 1)] + column - 1

    done: list[str] = []
    end = 0
    for edit in sorted(set(edits)):
        first, last = offset(edit.at.line, edit.at.column), offset(edit.at.end_line, edit.at.end_column)
        if first < end:
            continue
        done.extend((text[end:first], edit.new))
        end = last
    return "".join((*done, text[end:]))
