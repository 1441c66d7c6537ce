"""Inline ignores of a Python file: real comments only, never text inside strings."""

from __future__ import annotations

import io
import tokenize

from fragaudit.model.facts import Ignore
from fragaudit.model.ignores import parse_comment

_LAYOUT = frozenset({tokenize.NL, tokenize.NEWLINE, tokenize.COMMENT, tokenize.INDENT, tokenize.DEDENT})


def ignores(path: str, text: str) -> tuple[Ignore, ...]:
    """Return the ignores of a file. A comment alone on its line speaks of the next line of code."""
    comments: list[tuple[str, int, int, bool]] = []
    code: list[int] = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            line, column = token.start
            if token.type == tokenize.COMMENT and "fragaudit" in token.string:
                comments.append((token.string, line, column + 1, not token.line[:column].strip()))
            elif token.type not in _LAYOUT:
                code.append(line)
    except (tokenize.TokenError, SyntaxError):
        pass  # the file's syntax is reported elsewhere; comments before the fault still count
    found = []
    for comment, line, column, alone in comments:
        following = next((number for number in code if number > line), line)
        ignore = parse_comment(comment, line, column, own_line=alone, next_code_line=following)
        if ignore is not None:
            found.append(ignore)
    return tuple(found)
