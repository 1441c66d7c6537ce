"""Identifiers as the dialects write them, and names for new indexes."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Container, Iterable

from fragaudit.advise.dialects import MSSQL, MYSQL, NAME_BYTES, POSTGRES, SQLITE
from fragaudit.model.schema import Key

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_PLAIN_FOLDED = re.compile(r"[a-z_][a-z0-9_]*\Z")
_RESERVED = """
    add all alter analyze and any array as asc asymmetric authorization backup begin between binary both by call
    cascade case cast change char character check collate column columns condition constraint continue convert create
    cross current current_date current_time current_timestamp current_user cursor database databases day declare default
    deferrable delayed delete desc describe distinct div do drop dual each else end escape except exec execute exists
    exit explain external false fetch file float for force foreign freeze from full fulltext function glob grant group
    groups grouping having hold identity if ignore ilike in index infile initially inner insert int integer intersect
    interval into is isnull join key keys kill lateral lead leading leave left level like limit lines load localtime
    localtimestamp lock long loop match mod natural not notnull null nulls numeric of off offset on only open option
    optionally or order out outer over overlaps partition percent placing plan precision primary print proc procedure
    raise range rank read real references regexp rename repeat replace require restore restrict return returning
    revoke right rlike row rows rule save schema select session_user set show similar some sql symmetric system table
    temporary then to top trailing tran transaction trigger true truncate undo union unique unlock update usage use user
    using value values varchar variadic varying verbose view when where while window with within write xor
    year_month
"""
_WORDS = frozenset(_RESERVED.split())
"""Reserved in one of the dialects or more; quoting one that isn't reserved does no harm."""


def identifier(name: str, dialect: str) -> str:
    """Return a name as it stands in SQL: quoted only where it has to be, each part of a dotted name on its own."""
    return ".".join(_quoted(part, dialect) for part in name.split("."))


def _quoted(name: str, dialect: str) -> str:
    plain = _PLAIN_FOLDED if dialect == POSTGRES else _PLAIN
    if plain.match(name) and name.lower() not in _WORDS:
        return name
    if dialect == MYSQL:
        return "`" + name.replace("`", "``") + "`"
    if dialect == MSSQL:
        return "[" + name.replace("]", "]]") + "]"
    return '"' + name.replace('"', '""') + '"'


def where_of(constants: Iterable[tuple[str, str]], dialect: str) -> str:
    """Return the condition of a partial index: texts with `{}` for a column, and the column, joined by AND."""
    return " AND ".join(text.format(identifier(column, dialect)) for text, column in constants)


def index_name(
    table: str, keys: tuple[Key, ...], where: str, dialect: str, taken: Container[str], longest: int = 0
) -> str:
    """Return a name that says table and keys, within the dialect's length, that nothing in `taken` has (lower case).

    Where it had to be cut, or is taken, a digest of the definition tells it apart, so it depends on nothing else.
    """
    words = [table.rpartition(".")[2], *(_word(key) for key in keys)]
    name = re.sub(r"_+", "_", re.sub(r"\W+", "_", "_".join(("ix", *words)), flags=re.ASCII)).strip("_").lower()
    limit = longest or NAME_BYTES.get(dialect, NAME_BYTES[SQLITE])
    if len(name) <= limit and name not in taken:
        return name
    definition = "\0".join((table, *(repr(key) for key in keys), where))
    for number in range(1000):
        digest = hashlib.sha256(f"{definition}#{number}".encode()).hexdigest()[:8]
        cut = f"{name[: limit - 9].rstrip('_')}_{digest}"
        if cut not in taken:
            return cut
    return cut


def _word(key: Key) -> str:
    if key.column:
        return key.column
    return "_".join(re.findall(r"[A-Za-z_]\w*", key.expression)) or "expression"
