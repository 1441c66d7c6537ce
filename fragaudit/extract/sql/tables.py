"""Names of the tables that SQL text defines."""

from __future__ import annotations

import re
from collections.abc import Iterator

from fragaudit.extract.sql.lex import Lexeme, words

_BEFORE_TABLE = frozenset({"UNLOGGED", "VIRTUAL", "GLOBAL", "LOCAL", "FOREIGN", "OR", "REPLACE", "EXTERNAL"})
_NO_NAMES = frozenset({"hole", "as", "for", "from", "if", "in", "on", "or", "and", "the", "with", "like"})
"""What follows `CREATE TABLE` in prose, and where a name is put in when it runs: no table is called so unquoted."""
_CREATES = re.compile(r"\bCREATE\b", re.IGNORECASE)


def defined_tables(text: str) -> tuple[str, ...]:
    """Return the names of the lasting tables that statements of a text create, schema names left off, in order."""
    return tuple(name for name, _ in created(text))


def created(text: str) -> Iterator[tuple[str, int]]:
    """Yield name and offset of every CREATE TABLE; temporary tables are left out."""
    if not _CREATES.search(text):
        return
    found = words(text)
    for number, word in enumerate(found):
        if word.kind != "word" or word.text.upper() != "CREATE":
            continue
        place = number + 1
        while place < len(found) and found[place].text.upper() in _BEFORE_TABLE:
            place += 1
        if place >= len(found) or found[place].text.upper() != "TABLE":
            continue
        place += 1
        if [w.text.upper() for w in found[place : place + 3]] == ["IF", "NOT", "EXISTS"]:
            place += 3
        while place + 2 < len(found) and found[place + 1].text == "." and _is_name(found[place + 2]):
            place += 2
        if place < len(found) and _is_name(found[place]):
            yield found[place].name, found[place].start


def _is_name(word: Lexeme) -> bool:
    return (word.kind == "quoted" and word.name.lower() != "hole") or (
        word.kind == "word" and word.text.lower() not in _NO_NAMES
    )
