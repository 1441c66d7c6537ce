"""Which dialect a text is written in, as far as it shows, and in which order to try the others."""

from __future__ import annotations

import re

from fragaudit.extract.sql.storage import engine_of
from fragaudit.model.sql import DIALECT_ALIASES, DIALECTS

_SIGNS: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "mysql",
        re.compile(
            # Backticks within another quoted name are part of it.
            r"\bAUTO_INCREMENT\b|\bENGINE\s*=|(?<![\w\"])`\w+`|\bON\s+DUPLICATE\s+KEY\b|\bUNSIGNED\b|\bREGEXP\b",
            re.IGNORECASE,
        ),
    ),
    (
        "postgres",
        re.compile(
            r"\w::\w|\$\d+|\b(?:BIG|SMALL)?SERIAL\b|\bJSONB\b|\bBYTEA\b|\bTIMESTAMPTZ\b|\bILIKE\b|\bUSING\s+(?:GIN|GIST|BRIN"
            r"|HNSW|IVFFLAT|HASH|BTREE)\b|\bCREATE\s+EXTENSION\b|\bPLPGSQL\b|\$\w*\$|->>|@>|=\s*ANY\s*\(|\bON\s+CONFLICT\s+ON\b"
            r"|\bFOR\s+NO\s+KEY\b|\bSKIP\s+LOCKED\b|\bINDEX\s+CONCURRENTLY\b|\bgen_random_uuid\b|\bDISTINCT\s+ON\b",
            re.I,
        ),
    ),
    (
        "sqlite",
        re.compile(
            r"\bAUTOINCREMENT\b|\bWITHOUT\s+ROWID\b|\bPRAGMA\b|\bUSING\s+fts[345]\b|\bGLOB\b|\bINSERT\s+OR\s+(?:IGNORE|REPLACE)"
            r"|\b(?:UPDATE|INSERT)\s+OR\s+\w|\bsqlite_\w+|\bIFNULL\b|\bjulianday\b|\bstrftime\s*\(|\?\d+",
            re.I,
        ),
    ),
    (
        "tsql",
        re.compile(
            r"\[\w+\]\.\[|\bNVARCHAR\b|\bIDENTITY\s*\(|^\s*GO\s*$|\bSELECT\s+TOP\b|\bGETDATE\s*\(|\bNONCLUSTERED\b"
            r"|\bWITH\s*\(\s*NOLOCK|\bUNIQUEIDENTIFIER\b|\bDATETIME2\b",
            re.I | re.M,
        ),
    ),
    ("oracle", re.compile(r"\bVARCHAR2\b|\bNUMBER\s*\(|\bSYSDATE\b|\bROWNUM\b|\bFROM\s+DUAL\b|\bNVL\s*\(", re.I)),
)  # fmt: skip
ORDER = ("postgres", "sqlite", "mysql", "tsql", "oracle")
"""PostgreSQL first: of the services that keep SQL in files or strings most run on it, and its grammar as sqlglot has it
is the widest, so that ordinary statements of the others parse as well. SQLite next, whose additions PostgreSQL's
grammar refuses (`GLOB`, `INSERT OR`). MySQL after it, as it reads double quotes as strings and so misreads standard
SQL without an error; the proprietary ones last, as they accept the least of what the others write."""


_NAMED = re.compile(r"^[ \t]*--[ \t]*(?:sqlfluff:)?dialect[ \t]*:[ \t]*(\w+)", re.IGNORECASE | re.MULTILINE)


_COMMENT = re.compile(r"--[^\n]*|/\*(?!!)(?:[^*]|\*(?!/))*+\*/")


def guessed(text: str) -> str:
    """Return the dialect that a comment of a text names, else that whose own syntax it shows most of.

    Empty if it shows none, or as much of another.
    """
    named = _NAMED.search(text)
    if named is not None:
        name = DIALECT_ALIASES.get(named[1].lower(), named[1].lower())
        return name if name in DIALECTS else ""
    own = engine_of(text)
    if own in DIALECTS:
        return own
    said = _COMMENT.sub(" ", text)  # names are in backticks there, whatever the dialect
    counts = sorted(((len(set(signs.findall(said))), name) for name, signs in _SIGNS), reverse=True)
    (first, name), (second, _) = counts[0], counts[1]
    return name if first > second else ""


def attempts(dialect: str, text: str) -> tuple[str, ...]:
    """Return the dialects to try: the one that is known, the one that the text shows signs of, then all in order."""
    first = (dialect,) if dialect else ()
    return tuple(dict.fromkeys((*first, *(d for d in (guessed(text),) if d), *ORDER)))
