"""SQL to facts: files to statements, statements to queries and changes. The only user of sqlglot; no tree leaves it."""

from __future__ import annotations

from fragaudit.extract.sql.files import extract_sql
from fragaudit.extract.sql.split import split
from fragaudit.extract.sql.tables import defined_tables
from fragaudit.model.statements import Read

__all__ = ["defined_tables", "extract_sql", "read", "split"]


def read(text: str, dialect: str, *, script: bool = False) -> tuple[Read, ...]:
    """Return what the statements of a text say, in order; offsets are into the text. Never raises.

    Args:
        text: a statement, or a script of several; placeholders of any style.
        dialect: sqlglot's name for its dialect, empty if it isn't known: then the likely ones are tried in turn.
        script: whether the text may hold several statements.
    """
    from fragaudit.extract.sql.statements import read as read_one  # the parser is not needed by an audit from the cache

    if not script:
        return (read_one(text, dialect),)
    found = []
    for piece in split(text):
        if piece.data:
            continue
        # Blanks before it keep offsets those of the whole text.
        one = read_one(" " * piece.start + text[piece.start : piece.end], dialect)
        found.append(Read((piece.start, piece.end), one.statement, one.changes, one.problem, one.problem_at,
                          one.dynamic, one.skipped, one.dialect))  # fmt: skip
    return tuple(found)
