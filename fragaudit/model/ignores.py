"""Reads an inline ignore comment: `# fragaudit: ignore[rule, …] reason`."""

from __future__ import annotations

import re

from fragaudit.model.facts import Ignore

_MARK = r"(?:^|(?<=\s))(?:#+|--+)\s*"
_IGNORE = re.compile(_MARK + r"fragaudit:\s*ignore\[(?P<rules>[^\[\]]*)\](?P<reason>.*)$", re.DOTALL)
_NAME = r"frag[-_ ]?audit"
_VERB = r"(?:ign\w*|noqa|disable\w*|skip\w*|suppress\w*|allow\w*)"
# With a colon, or with something in brackets, a code or nothing after the verb: a directive that went wrong. Anything
# else is a sentence that mentions the tool.
_MEANT = re.compile(
    rf"{_MARK}{_NAME}(?:\s*[:=]\s*{_VERB}|\s*[:=]\s*\w+\s*[\[({{<]|\s+{_VERB}\s*(?:[\[({{<:=]|FA\d|$))",
    re.IGNORECASE,
)
# Another tool's directive in the same comment is no part of the reason.
_NEXT = re.compile(r"\s#\s.*$", re.DOTALL)


def parse_comment(comment: str, line: int, column: int, *, own_line: bool, next_code_line: int) -> Ignore | None:
    """Return the ignore that a comment is or contains (after another tool's), or None if it is another comment.

    One that was meant as an ignore and isn't written as one comes back without rules, so that it can be reported.

    Args:
        comment: the comment with its mark.
        line: its line, from 1.
        column: its column, from 1.
        own_line: whether nothing else stands on that line; then it speaks of the next line of code.
        next_code_line: that line.
    """
    comment = comment.rstrip()
    subject = next_code_line if own_line else line
    end = column + len(comment)
    match = _IGNORE.search(comment)
    if match is None:
        meant = _MEANT.search(comment)
        return Ignore(subject, (), "", (line, column + meant.start(), line, end)) if meant else None
    rules = tuple(name.strip() for name in match["rules"].split(",") if name.strip())
    reason = _NEXT.sub("", match["reason"]).strip(" \t:-*/")
    return Ignore(subject, rules, reason, (line, column + match.start(), line, end))
