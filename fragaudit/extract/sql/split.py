"""A script to its statements, whatever the dialect and the tool it is meant for; data are passed over cheaply."""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

from fragaudit.extract.sql.lex import BACKSLASHES

_SKIPPED = (
    r"--[^\n]*|/\*(?:[^*]|\*(?!/))*(?:\*/|\Z)|\"(?:[^\"]|\"\")*(?:\"|\Z)|`(?:[^`]|``)*(?:`|\Z)"
    r"|(?<![\w$])\$(?P<tag>(?:[A-Za-z_]\w*)?)\$(?P<body>.*?)(?:\$(?P=tag)\$|\Z)"
)
_WORDS = r"|(?P<word>(?<![\w.@$\"`\]])(?:BEGIN|CASE|END|IF|LOOP|REPEAT|WHILE)\b)"
_STANDARD = re.compile(
    rf"{_SKIPPED}|\b[eE]'(?:[^'\\]|''|\\.)*(?:'|\Z)|'(?:[^']|'')*(?:'|\Z){_WORDS}|(?P<end>;)",
    re.DOTALL | re.IGNORECASE,
)
_MYSQL = re.compile(
    rf"--(?=\s)[^\n]*|\#[^\n]*|/\*(?:[^*]|\*(?!/))*(?:\*/|\Z)|\"(?:[^\"\\]|\"\"|\\.)*(?:\"|\Z)|`(?:[^`]|``)*(?:`|\Z)"
    rf"|'(?:[^'\\]|''|\\.)*(?:'|\Z){_WORDS}|(?P<end>;)",
    re.DOTALL | re.IGNORECASE,
)
_BLANK = re.compile(r"(?:\s+|--[^\n]*(?:\n|\Z)|/\*(?!!)(?:[^*]|\*(?!/))*(?:\*/|\Z))*")
_MYSQL_BLANK = re.compile(r"(?:\s+|--(?=\s)[^\n]*(?:\n|\Z)|\#[^\n]*(?:\n|\Z)|/\*(?!!)(?:[^*]|\*(?!/))*(?:\*/|\Z))*")
_LINE = re.compile(r"[^\n]*(?:\n|\Z)")
_COPY = re.compile(r"COPY\s[^;]*?\sFROM\s+STDIN\b[^;\n]*;[^\n]*\n", re.IGNORECASE)
_COPY_END = re.compile(r"^\\\.[ \t]*\r?$", re.MULTILINE)
_INSERT = re.compile(
    r"(?:INSERT|REPLACE)\s+(?:IGNORE\s+|OR\s+\w+\s+)?INTO\s+[^;'()]*(?:\([^;'()]*\)\s*)?VALUES\s*\(", re.IGNORECASE
)
# Nothing of these is tried twice: where a quote is never closed, that would take as long as there are ways to cut.
_DATA = re.compile(r"(?:[^';]++|'(?:[^']|'')*+')*+(?:;|\Z)")
_MYSQL_DATA = re.compile(r"(?:[^';]++|'(?:[^'\\]|''|\\.)*+')*+(?:;|\Z)", re.DOTALL)
_BLOCK = re.compile(
    r"CREATE\s+(?:OR\s+(?:REPLACE|ALTER)\s+)?(?:DEFINER\s*=\s*\S+\s+)?(?:AGGREGATE\s+|TEMP(?:ORARY)?\s+|CONSTRAINT\s+)?"
    r"(?:TRIGGER|FUNCTION|PROCEDURE|PROC|EVENT|PACKAGE)\b",
    re.IGNORECASE,
)
_DELIMITER = re.compile(r"^[ \t]*DELIMITER[ \t]+(\S+)[^\n]*$", re.IGNORECASE | re.MULTILINE)
_GO = re.compile(r"^[ \t]*GO(?:[ \t]+\d+)?[ \t]*;?[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
_CLIENT = re.compile(r"\\[a-zA-Z!?]|\.[a-z]+(?=[ \t]|$)|@@?[\w./]+\.sql\b")
"""Commands of psql (`\\d`), the sqlite3 shell (`.mode`) and SQL*Plus (`@file`): a line each."""
_NO_BLOCK = re.compile(r"\s*(?:\(|NOT\s+EXISTS|EXISTS)", re.IGNORECASE)
"""After IF: a function, or a condition of a definition."""
LARGE_DATA = 2_000
"""Characters of one INSERT … VALUES beyond which its values are data and left out."""


class Piece(Struct, frozen=True):
    """A statement's place in a script, its last semicolon left off. `data`: rows of a dump, which nobody reads."""

    start: int
    end: int
    data: bool = False


def is_mysql(text: str) -> bool:
    """Say whether strings of this text are written as MySQL does, with backslashes that escape."""
    return BACKSLASHES.search(text) is not None


def split(text: str) -> Iterator[Piece]:
    """Yield the statements of a script in order, comments before them left off."""
    mysql = is_mysql(text)
    if mysql:
        yield from _delimited(text)
    elif _GO.search(text) and not re.search(r"\$\w*\$", text):
        start = 0
        for match in _GO.finditer(text):
            yield from _batch(text, start, match.start(), mysql=False)
            start = match.end()
        yield from _batch(text, start, len(text), mysql=False)
    else:
        yield from _batch(text, 0, len(text), mysql=False)


def _delimited(text: str) -> Iterator[Piece]:
    """Split a script of MySQL's client, whose DELIMITER command changes what ends a statement."""
    start, delimiter = 0, ";"
    for command in (*_DELIMITER.finditer(text), None):
        end = command.start() if command is not None else len(text)
        if delimiter == ";":
            yield from _batch(text, start, end, mysql=True)
        else:
            place = start
            while place < end:
                found = text.find(delimiter, place, end)
                stop = found if found >= 0 else end
                at = _MYSQL_BLANK.match(text, place, stop)
                begin = at.end() if at is not None else place
                if begin < stop:
                    yield Piece(begin, stop)
                place = stop + len(delimiter)
        if command is not None:
            start, delimiter = command.end(), command[1]


def _batch(text: str, start: int, end: int, *, mysql: bool) -> Iterator[Piece]:
    blank = _MYSQL_BLANK if mysql else _BLANK
    place = start
    while place < end:
        skipped = blank.match(text, place, end)
        place = skipped.end() if skipped is not None else place
        if place >= end:
            return
        if text[place] == ";":
            place += 1
            continue
        if _CLIENT.match(text, place) and not text[text.rfind("\n", 0, place) + 1 : place].strip():
            line = _LINE.match(text, place, end)
            place = line.end() if line is not None else end
            continue
        copied = _COPY.match(text, place, end)
        if copied is not None:
            over = _COPY_END.search(text, copied.end(), end)
            stop = over.end() if over is not None else end
            yield Piece(place, copied.end(), data=True)
            place = stop
            continue
        inserted = _INSERT.match(text, place, end)
        if inserted is not None:
            data = (_MYSQL_DATA if mysql else _DATA).match(text, inserted.end(), end)
            stop = data.end() if data is not None else place  # a comment's apostrophe, say
            if stop - inserted.end() > LARGE_DATA:
                yield Piece(place, inserted.end(), data=True)
                place = stop
                continue
        stop = _end(text, place, end, mysql)
        yield Piece(place, stop)
        place = stop + 1


def _end(text: str, start: int, end: int, mysql: bool) -> int:
    """Return where the statement at `start` ends; a trigger's or routine's body has semicolons of its own."""
    block = _BLOCK.match(text, start, end) is not None
    depth = 0
    for match in (_MYSQL if mysql else _STANDARD).finditer(text, start, end):
        if match["end"]:
            if depth == 0:
                return match.start()
        elif block and match["word"]:
            word = match["word"].upper()
            if word == "END":
                depth = max(0, depth - 1)
            elif text[max(start, match.start() - 12) : match.start()].rstrip()[-3:].upper() == "END":
                continue  # END IF closes what IF opened
            elif word in ("BEGIN", "CASE") or (mysql and not _NO_BLOCK.match(text, match.end())):
                depth += 1
    return end
