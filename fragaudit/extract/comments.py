"""Comments in code that speak of indexes: beside a definition, above it, in a docstring, or given to the database."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

_COMMENT = re.compile(r"(?:--|#)+[ \t]*(.*)$")
_SPOKEN = re.compile(r"[^\W\d_]{2,}")
_INDEX = re.compile(r"\bind(?:ex(?:es|ed|ing)?|ices)\b", re.IGNORECASE)
_DECLARES = re.compile(
    r"\bcreate\s+(?:unique\s+)?index\b|index\w*\s*\(|^\s*(?:unique\s+|fulltext\s+)?(?:key|index)\b", re.IGNORECASE
)
_MACHINE = re.compile(
    r"^Name: |^(?:TODO|FIXME|XXX)|###|^fragaudit:|^(?:noqa|type: ?ignore|pragma|pylint|expect:)", re.IGNORECASE
)
_DOCSTRING = re.compile(r'^\s*[rRuU]?("""|\'\'\')')
_GIVEN = re.compile(r"""\b(?:db_table_comment|db_comment|comment)["']?\s*[=:]\s*(["'])(.*?)\1""")
LONGEST_CLASS = 300
"""Lines of a model that are looked at."""
LOOKED_BACK = 8
"""Lines of a comment above a definition that are looked at."""
LONGEST = 60
"""Lines of a docstring that are looked at."""


def says_of_index(lines: Sequence[str], line: int) -> bool:
    """Say whether a comment stands beside the definition of an index on a line (from 1), or right above it."""
    if not 1 <= line <= len(lines):
        return False
    if not _DECLARES.search(lines[line - 1]):
        # A column that is said to have an index: the comment is about the column, unless it speaks of the index.
        return bool(_INDEX.search(_comment(lines[line - 1])))
    return _spoken(_comment(lines[line - 1])) or _spoken(" ".join(_above(lines, line)))


def said_of_index(lines: Sequence[str], line: int) -> str:
    """Return the comment beside the definition of an index on a line (from 1), or right above it; empty: none."""
    if not 1 <= line <= len(lines) or not _DECLARES.search(lines[line - 1]):
        return ""
    return _comment(lines[line - 1]) or " ".join(_above(lines, line))


def says_of_table(lines: Sequence[str], line: int) -> bool:
    """Say whether the comment above the definition of a table, or its docstring, speaks of indexes."""
    if not 1 <= line <= len(lines):
        return False
    comments = " ".join([*_above(lines, line), _comment(lines[line - 1])])
    if bool(_INDEX.search(comments) and _spoken(comments)) or bool(_INDEX.search(_docstring(lines, line))):
        return True
    return any(_INDEX.search(text) for text in _given(lines, line))


def _given(lines: Sequence[str], line: int) -> Iterator[str]:
    """Yield the comments that a model gives its table and columns for the database: `db_comment="…"`."""
    head = lines[line - 1]
    if not head.lstrip().startswith("class "):
        return
    inside = len(head) - len(head.lstrip())
    for text in lines[line : line + LONGEST_CLASS]:
        if text.strip() and len(text) - len(text.lstrip()) <= inside and not text.lstrip().startswith((")", "#")):
            return
        match = _GIVEN.search(text)
        if match is not None:
            yield match[2]


def says_indexes(text: str) -> bool:
    """Say whether a comment of a table speaks of its indexes."""
    return bool(_INDEX.search(text))


def _comment(line: str) -> str:
    # A mark inside quotes is data; a comment after such a line is not looked for.
    mark = _COMMENT.search(line)
    if mark is None or line[: mark.start()].count('"') % 2 or line[: mark.start()].count("'") % 2:
        return ""
    return "" if _MACHINE.search(mark[1]) or "###" in line else mark[1]


def _above(lines: Sequence[str], line: int) -> list[str]:
    found = []
    for text in reversed(lines[max(0, line - 1 - LOOKED_BACK) : line - 1]):
        if not text.lstrip().startswith(("--", "#", "@")):
            break
        found.append(_comment(text))
    return found[::-1]


def _spoken(text: str) -> bool:
    return len(_SPOKEN.findall(text)) >= 3


def _docstring(lines: Sequence[str], line: int) -> str:
    if not lines[line - 1].lstrip().startswith("class "):
        return ""
    start = next((n for n in range(line, min(line + 3, len(lines))) if _DOCSTRING.match(lines[n])), None)
    if start is None:
        return ""
    mark = _DOCSTRING.match(lines[start])
    assert mark is not None
    text = "\n".join([lines[start][mark.end() :], *lines[start + 1 : start + LONGEST]])
    return text.partition(mark[1])[0]
