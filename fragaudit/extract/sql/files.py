"""SQL files to facts: their statements as texts, the tables they define, and the ignores in their comments."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence

from fragaudit.extract.source import decode
from fragaudit.extract.sql.dialects import guessed
from fragaudit.extract.sql.sections import ranges, undoes
from fragaudit.extract.sql.split import split
from fragaudit.extract.sql.tables import created
from fragaudit.model.asides import run_by_migration
from fragaudit.model.facts import MODULE_SCOPE, Ddl, FileFacts, Ignore
from fragaudit.model.ignores import parse_comment
from fragaudit.model.locations import Location, Problem
from fragaudit.model.statements import Segment, Written

_COMMENT = re.compile(r"--[^\n]*fragaudit[^\n]*")
_NAMED = re.compile(r"^[ \t]*(?:--|/\*)[ \t]*:?[ \t]*name[ \t]*:", re.MULTILINE)
"""Named queries of sqlc, aiosql and their like: the service runs them."""
_MIGRATION = re.compile(r"(?:^|/)(?:V\d[\w.]*__[^/]*|R__[^/]*|\d{3,}[^/]*)\.sql$", re.IGNORECASE)
_ONCE = re.compile(
    r"(?:^|/)[^/]*(?:seeds?|fixtures?|backfill|cleanup|clean_up|repair|import|dump|backup|init|setup|sample|restore)"
    r"[^/]*\.sql$",
    re.IGNORECASE,
)
_RELEVANT = re.compile(
    r"(?:\s|\()*(?:SELECT|WITH|INSERT|UPDATE|DELETE|MERGE|REPLACE|VALUES|TABLE|CREATE|ALTER|DROP|RENAME|COMMENT|EXEC"
    r"|EXECUTE|EXPLAIN|PREPARE|DECLARE|DO)\b",
    re.IGNORECASE,
)
GUESSED_FROM = 200_000
"""Characters of a file that are looked at for signs of its dialect."""


class _Lines:
    """Where offsets of a text stand: line and column from 1."""

    def __init__(self, text: str) -> None:
        self.starts = [0, *(m.end() for m in re.finditer("\n", text))]

    def place(self, offset: int) -> tuple[int, int]:
        line = bisect_right(self.starts, offset)
        return line, offset - self.starts[line - 1] + 1

    def segments(self, start: int, end: int) -> tuple[Segment, ...]:
        line, column = self.place(start)
        found = [Segment(0, line, column)]
        while line < len(self.starts) and self.starts[line] < end:
            found.append(Segment(self.starts[line] - start, line + 1, 1))
            line += 1
        return tuple(found)


def extract_sql(path: str, data: bytes) -> FileFacts:
    """Return the facts of a SQL file; what can't be read becomes a problem in them."""
    text = decode(path, data, python=False)
    if isinstance(text, Problem):
        return FileFacts(path, "sql", 0, parsed=False, problems=(text,))
    lines = _Lines(text)
    tables: list[Ddl] = []
    written: list[Written] = []
    dialect = guessed(text[:GUESSED_FROM])
    wholly = [] if undoes(path) else ranges(text)
    named = [m.start() for m in _NAMED.finditer(text)]
    for piece in split(text):
        statement = text[piece.start : piece.end].rstrip()
        if piece.data or not _RELEVANT.match(statement):
            continue
        up = any(start <= piece.start < end for start, end in wholly)
        if up:
            at = Location(path, *lines.place(piece.start), *lines.place(piece.start + len(statement)))
            segments = lines.segments(piece.start, piece.start + len(statement))
            written.append(Written(statement, path, at, segments, kind="file", dialect=dialect))
        for name, start in created(statement):
            line, column = lines.place(piece.start + start)
            tables.append(Ddl(name, MODULE_SCOPE, (line, column, line, column + len(name))))
    reason = "" if named else _once(path, written)
    return FileFacts(
        path,
        "sql",
        text.count("\n") + 1,
        True,
        tables=tuple(tables),
        ignores=_ignores(text, lines),
        written=tuple(_marked(w, reason) for w in written) if reason else tuple(written),
    )


def _once(path: str, written: Sequence[Written]) -> str:
    """Return why the statements of a file that find rows are run once rather than by the service."""
    if run_by_migration(path) or _MIGRATION.search(path):
        return "it is part of a migration"
    if _ONCE.search(path):
        return "the file's name says that it is run once"
    if any(re.match(r"\s*(?:CREATE\s+(?:TABLE|UNLOGGED|UNIQUE|INDEX)|ALTER\s+TABLE)\b", w.text, re.I) for w in written):
        return "it stands in a file that defines tables"
    return ""


def _marked(written: Written, reason: str) -> Written:
    return Written(written.text, written.path, written.at, written.segments, kind=written.kind,
                   dialect=written.dialect, maintenance=reason)  # fmt: skip


def _ignores(text: str, lines: _Lines) -> tuple[Ignore, ...]:
    found = []
    for match in _COMMENT.finditer(text):
        line, column = lines.place(match.start())
        alone = not text[text.rfind("\n", 0, match.start()) + 1 : match.start()].strip()
        ignore = parse_comment(match[0], line, column, own_line=alone, next_code_line=line + 1)
        if ignore is not None:
            found.append(ignore)
    return tuple(found)
