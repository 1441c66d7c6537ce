"""Names of the tables that SQL text defines."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import tokenize
from sqlglot.errors import SqlglotError

_BEFORE_TABLE = frozenset({"UNLOGGED", "VIRTUAL", "GLOBAL", "LOCAL", "FOREIGN", "OR", "REPLACE"})
_SKIP = frozenset({"TEMP", "TEMPORARY"})


def defined_tables(text: str) -> tuple[str, ...]:
    """Return the names of the lasting tables that statements of a text create, schema names left off, in order."""
    return tuple(name for name, _ in table_tokens(text))


def table_tokens(text: str) -> Iterator[tuple[str, int]]:
    """Yield name and offset of every CREATE TABLE; temporary tables are left out. Unreadable text yields none."""
    try:
        tokens = tokenize(text)
    except (SqlglotError, RecursionError):
        return
    for number, token in enumerate(tokens):
        if token.token_type.name != "CREATE":
            continue
        place = number + 1
        while place < len(tokens) and tokens[place].text.upper() in _BEFORE_TABLE:
            place += 1
        if place >= len(tokens) or tokens[place].text.upper() != "TABLE":
            continue
        place += 1
        if [t.text.upper() for t in tokens[place : place + 3]] == ["IF", "NOT", "EXISTS"]:
            place += 3
        while place + 2 < len(tokens) and tokens[place + 1].token_type.name == "DOT":
            place += 2
        if place + 1 < len(tokens) and tokens[place].text in ("`", "["):
            place += 1  # quoted as MySQL and SQL Server do
        if place < len(tokens) and tokens[place].text.replace("_", "a").isalnum():
            yield tokens[place].text, tokens[place].start
