"""Syntax that is newer than the Python that reads it, written as older Pythons have it, each word in its place."""

from __future__ import annotations

import re

_EXCEPT = re.compile(r"^([ \t]*except\*?) ([\w.]+(?:[ \t]*,[ \t]*[\w.]+)+)([ \t]*:)", re.MULTILINE)
"""`except A, B:` (PEP 758, Python 3.14)."""
_ALIAS = re.compile(r"^([ \t]*)(type[ \t]+)(\w+)(\[[^\n=]*\])?([ \t]*)=(?!=)", re.MULTILINE)
"""`type Name[T] = …` (PEP 695, Python 3.12)."""
_GENERIC = re.compile(r"^[ \t]*(?:async[ \t]+def|def|class)[ \t]+\w+(?=\[)", re.MULTILINE)
"""`def name[T](…)` and `class Name[T]` (PEP 695, Python 3.12)."""
_TEMPLATE = re.compile(r"""(?<![\w"'])(?:[tT][rR]?|[rR][tT])["']""")
"""`t"…"` (PEP 750, Python 3.14)."""
LONGEST = 2_000
"""Characters of a list of type parameters."""


def rewritten(text: str) -> str:
    """Return a text with what older Pythons don't read written another way; what follows stays where it is.

    Only the header of `except A, B:` gets longer, by one sign.
    """
    text = _EXCEPT.sub(r"\1(\2)\3", text)
    text = _ALIAS.sub(lambda m: m[1] + m[3] + " " * (len(m[2]) + len(m[4] or "")) + m[5] + "=", text)
    parts: list[str] = []
    done = 0
    for match in _GENERIC.finditer(text):
        end = _closed(text, match.end())
        if match.end() >= done and end:
            parts += [text[done : match.end()], _blank(text[match.end() : end])]
            done = end
    return "".join((*parts, text[done:]))


def needs(text: str) -> str:
    """Return the least Python that reads the newest syntax of a text, as far as it is one of those known here."""
    return "3.14" if _EXCEPT.search(text) is not None or _TEMPLATE.search(text) is not None else "3.12"


def _closed(text: str, start: int) -> int:
    """Return where the bracket that opens at a place has been closed, 0 if that is nowhere near."""
    depth = 0
    for place in range(start, min(len(text), start + LONGEST)):
        depth += (text[place] == "[") - (text[place] == "]")
        if depth == 0:
            return place + 1
    return 0


def _blank(parameters: str) -> str:
    """Return blanks of the same length and lines, the lines continued."""
    lines = parameters.split("\n")
    return (
        "\n".join(" " * (len(line) - 1) + "\\" for line in lines[:-1]) + "\n" * (len(lines) > 1) + " " * len(lines[-1])
    )
