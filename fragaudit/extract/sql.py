"""SQL files to facts: the tables they define."""

from __future__ import annotations

import re

from fragaudit.extract.source import decode
from fragaudit.extract.tables import table_tokens
from fragaudit.model.facts import MODULE_SCOPE, Ddl, FileFacts, Ignore
from fragaudit.model.ignores import parse_comment
from fragaudit.model.locations import Problem

_COMMENT = re.compile(r"--[^\n]*fragaudit[^\n]*")
LARGEST_PARSED = 2_000_000
"""Characters; a longer file is a dump, whose data would be tokenised for nothing. Its definitions come first."""


def extract_sql(path: str, data: bytes) -> FileFacts:
    """Return the facts of a SQL file; what can't be read becomes a problem in them."""
    text = decode(path, data, python=False)
    if isinstance(text, Problem):
        return FileFacts(path, "sql", 0, parsed=False, problems=(text,))
    tables = []
    for name, start in table_tokens(text[:LARGEST_PARSED]):
        line, column = _place(text, start)
        tables.append(Ddl(name, MODULE_SCOPE, (line, column, line, column + len(name))))
    return FileFacts(path, "sql", text.count("\n") + 1, True, tables=tuple(tables), ignores=_ignores(text))


def _place(text: str, offset: int) -> tuple[int, int]:
    return text.count("\n", 0, offset) + 1, offset - (text.rfind("\n", 0, offset) + 1) + 1


def _ignores(text: str) -> tuple[Ignore, ...]:
    found = []
    for match in _COMMENT.finditer(text):
        line, column = _place(text, match.start())
        alone = not text[text.rfind("\n", 0, match.start()) + 1 : match.start()].strip()
        ignore = parse_comment(match[0], line, column, own_line=alone, next_code_line=line + 1)
        if ignore is not None:
            found.append(ignore)
    return tuple(found)
