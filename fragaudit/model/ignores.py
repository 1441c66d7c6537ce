"""Reads an inline ignore comment: `# fragaudit: ignore[rule, …] reason`."""

from __future__ import annotations

import re

from fragaudit.model.facts import Ignore

_IGNORE = re.compile(r"^(?:#+|--)\s*fragaudit:\s*ignore\[(?P<rules>[^\[\]]*)\](?P<reason>.*)$", re.DOTALL)
_MEANT = re.compile(r"^(?:#+|--)\s*frag-?audit\b\s*[:=]?\s*(?:ignore|noqa|disable|skip)", re.IGNORECASE)


def parse_comment(comment: str, line: int, column: int, *, own_line: bool, next_code_line: int) -> Ignore | None:
    """Return the ignore that a comment is, or None if it is another comment.

    One that was meant as an ignore and isn't written as one comes back without rules, so that it can be reported.

    Args:
        comment: the comment with its mark.
        line: its line, from 1.
        column: its column, from 1.
        own_line: whether nothing else stands on that line; then it speaks of the next line of code.
        next_code_line: that line.
    """
    comment = comment.rstrip()
    at = (line, column, line, column + len(comment))
    subject = next_code_line if own_line else line
    match = _IGNORE.match(comment)
    if match is None:
        return Ignore(subject, (), "", at) if _MEANT.match(comment) else None
    rules = tuple(name.strip() for name in match["rules"].split(",") if name.strip())
    return Ignore(subject, rules, match["reason"].strip(" \t:-*/"), at)
