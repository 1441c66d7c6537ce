"""What a statement may be at most, so that no text, however hostile, takes long to parse.

Parsers take time and stack for each level of nesting. A statement beyond these bounds is reported, not read.
"""

from __future__ import annotations

import re

MOST_CHARACTERS = 200_000
MOST_LEXEMES = 20_000
DEEPEST = 60
"""Levels of brackets and CASE; statements written by people stay below ten, by machines below forty."""
LONGEST_PREFIX = 30
"""Prefix operators in a row (`NOT NOT NOT …`), each of which is a level of its own to a parser."""
MOST_BRANCHES = 2_000
"""ORs of one statement."""

_TOKEN = re.compile(
    r"""(?P<skip>\s+|--[^\n]*|/\*(?:[^*]|\*(?!/))*(?:\*/|\Z)|'(?:[^']|'')*(?:'|\Z)|"(?:[^"]|"")*(?:"|\Z))"""
    r"""|(?P<open>[(\[])|(?P<close>[)\]])|(?P<word>[^\W\d]\w*)|(?P<prefix>[-+~!])|[\w.]+|.""",
    re.DOTALL,
)


def exceeded(text: str) -> str:
    """Return which bound a statement exceeds, in words; empty if none."""
    if len(text) > MOST_CHARACTERS:
        return f"is longer than {MOST_CHARACTERS:,} characters"
    count = depth = cases = row = branches = 0
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup
        if kind == "skip":
            continue
        count += 1
        prefix = False
        if kind == "open":
            depth += 1
        elif kind == "close":
            depth = max(0, depth - 1)
        elif kind == "prefix":
            prefix = True
        elif kind == "word":
            word = match[0].upper()
            cases += (word == "CASE") - (word == "END" and cases > 0)
            prefix = word in ("NOT", "EXISTS", "PRIOR", "DISTINCT", "INTERVAL", "UNION", "SELECT", "ALL")
            branches += word == "OR"
        row = row + 1 if prefix else 0
        if depth + cases > DEEPEST or row > LONGEST_PREFIX:
            return "is nested too deeply"
        if count > MOST_LEXEMES:
            return f"has more than {MOST_LEXEMES:,} words"
        if branches > MOST_BRANCHES:
            return f"has more than {MOST_BRANCHES:,} alternatives"
    return ""
