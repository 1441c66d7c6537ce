"""CREATE TABLE and the parts of it that ALTER TABLE adds: columns, keys, constraints.

Read from words rather than by a parser: whatever a dialect adds to a column or table that is not understood is passed
over, and what matters of it is not lost.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from fragaudit.extract.sql.keys import Text, keys, method
from fragaudit.extract.sql.lex import Lexeme
from fragaudit.extract.sql.reader import Reader, UnreadError, folded, items, unquoted
from fragaudit.model.schema import ColumnDef, ForeignKeyDef, IndexDef, Key, Origin
from fragaudit.model.sql import Mark

_AFTER_TYPE = frozenset(
    {"CONSTRAINT", "PRIMARY", "UNIQUE", "NOT", "NULL", "DEFAULT", "CHECK", "REFERENCES", "COLLATE", "GENERATED", "AS",
     "AUTO_INCREMENT", "AUTOINCREMENT", "COMMENT", "ON", "IDENTITY", "KEY", "VISIBLE", "INVISIBLE", "STORED", "VIRTUAL",
     "ENCODE", "COMPRESSION", "STORAGE", "SPARSE", "ROWGUIDCOL", "CHARSET", "FIRST", "AFTER", "USING", "PERSISTED",
     "ENABLE", "DISABLE", "MASKED", "HIDDEN"}
)  # fmt: skip


class Parts(Struct):
    """What the items of a table's brackets add up to; `lost` are items that were not understood."""

    columns: list[ColumnDef]
    indexes: list[IndexDef]
    foreign_keys: list[ForeignKeyDef]
    like: list[str]
    lost: list[str]


def parts(words: Sequence[Lexeme], dialect: str, text: Text) -> Parts:
    """Return what stands in the brackets of CREATE TABLE."""
    found = Parts([], [], [], [], [])
    for item in items(words, dialect):
        if not item:
            continue
        before = (len(found.columns), len(found.indexes), len(found.foreign_keys))
        try:
            add(item, dialect, text, found)
        except UnreadError as problem:
            del found.columns[before[0] :], found.indexes[before[1] :], found.foreign_keys[before[2] :]
            found.lost.append(str(problem))
    return found


def add(item: Sequence[Lexeme], dialect: str, text: Text, found: Parts) -> None:
    """Add one item, a column or a constraint. Raises UnreadError."""
    if not constraint(item, dialect, text, found):
        column(item, dialect, text, found)


def constraint(item: Sequence[Lexeme], dialect: str, text: Text, found: Parts) -> bool:
    """Add a table constraint or an inline index; return False if the item is none of these. Raises UnreadError."""
    reader = Reader(item, dialect)
    name = ""
    start = reader.word
    at: Mark = (start.start, start.end)
    if reader.at("CONSTRAINT") and reader.ahead().kind in ("word", "quoted"):
        reader.next()
        if not reader.at("PRIMARY") and not reader.at("UNIQUE") and not reader.at("FOREIGN") and not reader.at("CHECK"):
            name, at = reader.name()
    if reader.take("PRIMARY", "KEY"):
        _clustered(reader)
        kind, how = _using(reader)
        if reader.word.text != "(" and reader.word.kind in ("word", "quoted"):
            reader.name()
            kind, how = _using(reader) if not kind else (kind, how)
        found.indexes.append(_index(reader, name, "primary key", at, text, unique=True))
        return True
    if reader.at("UNIQUE") and (reader.ahead().text == "(" or reader.ahead().kind in ("word", "quoted")):
        reader.next()
        reader.any("INDEX", "KEY")
        _clustered(reader)
        _nulls_distinct(reader)
        if reader.word.kind in ("word", "quoted") and not reader.at("USING"):
            name, at = reader.name()
        _using(reader)
        found.indexes.append(_index(reader, name, "unique", at, text, unique=True))
        return True
    if reader.take("FOREIGN", "KEY"):
        if reader.word.kind in ("word", "quoted") and reader.word.text != "(":
            reader.take("IF", "NOT", "EXISTS")
            if reader.word.text != "(":
                reader.name()
        columns = _names(reader)
        found.foreign_keys.append(_references(reader, columns, name, at))
        return True
    if reader.at("CHECK") and reader.ahead().text == "(":
        return True
    if reader.at("EXCLUDE", "USING") or (reader.at("EXCLUDE") and reader.ahead().text == "("):
        reader.next()
        kind = reader.next().text if reader.take("USING") else ""
        listed = [[w for w in i if w.text.upper() != "WITH"][:1] for i in items(reader.brackets(), dialect)]
        cols = tuple(Key(folded(i[0], dialect)) for i in listed if i and i[0].kind in ("word", "quoted"))
        found.indexes.append(IndexDef(name, cols, method=method(kind or "gist"), origin="index", at=at))
        return True
    if reader.at("LIKE") and reader.ahead().kind in ("word", "quoted") and len(item) > 1:
        reader.next()
        found.like.append(reader.table()[0])
        return True
    special = reader.at("FULLTEXT") or reader.at("SPATIAL") or reader.at("VECTOR")
    if special and (reader.ahead().text.upper() in ("KEY", "INDEX") or reader.ahead(2).text == "("):
        kind = reader.next().text.lower()
        reader.any("INDEX", "KEY")
        if reader.word.text != "(":
            name, at = reader.name()
        index = _index(reader, name, "index", at, text)
        found.indexes.append(replace(index, method=method(kind)))
        return True
    if (reader.at("INDEX") or reader.at("KEY")) and _is_inline_index(item):
        reader.next()
        kind = ""
        unique = False
        if reader.word.text != "(" and not reader.at("USING"):
            name, at = reader.name()
        unique = reader.take("UNIQUE")
        _clustered(reader)
        kind, _ = _using(reader)
        index = _index(reader, name, "index", at, text, unique=unique)
        found.indexes.append(replace(index, method=method(kind)) if kind else index)
        return True
    return reader.at("PERIOD", "FOR") or reader.at("PRIMARY", "KEY")


def _is_inline_index(item: Sequence[Lexeme]) -> bool:
    """Tell `KEY name (columns)` from a column called `key`: a type's brackets hold numbers, or there are none."""
    for place, word in enumerate(item):
        if word.text == "(" and word.kind == "op":
            after = item[place + 1] if place + 1 < len(item) else word
            return place <= 5 and after.kind != "number" and after.kind != "string"
    return False


def _clustered(reader: Reader) -> None:
    reader.any("CLUSTERED", "NONCLUSTERED")


def _nulls_distinct(reader: Reader) -> None:
    if reader.take("NULLS"):
        reader.take("NOT")
        reader.take("DISTINCT")


def _using(reader: Reader) -> tuple[str, bool]:
    if reader.take("USING"):
        if reader.take("INDEX"):
            return "", True
        return reader.next().text, True
    return "", False


def _index(reader: Reader, name: str, origin: Origin, at: Mark, text: Text, *, unique: bool = False) -> IndexDef:
    found = keys(reader.brackets(), reader.dialect, text)
    include: tuple[str, ...] = ()
    kind = ""
    while not reader.done:
        if reader.take("INCLUDE") and reader.word.text == "(":
            include = _names(reader)
        elif reader.take("USING"):
            kind = reader.next().text
        else:
            reader.skip()
    index = IndexDef(name, found, unique, include=include, origin=origin, at=at)
    return replace(index, method=method(kind)) if kind and kind.upper() != "INDEX" else index


def _names(reader: Reader) -> tuple[str, ...]:
    return tuple(
        folded(i[0], reader.dialect) for i in items(reader.brackets(), reader.dialect)
        if i and i[0].kind in ("word", "quoted", "string")
    )  # fmt: skip


def _references(reader: Reader, columns: tuple[str, ...], name: str, at: Mark) -> ForeignKeyDef:
    if not reader.take("REFERENCES"):
        raise UnreadError("a foreign key that references nothing")
    table, _ = reader.table()
    references = _names(reader) if reader.word.text == "(" else ()
    on_delete = ""
    while not reader.done:
        if reader.take("ON", "DELETE"):
            on_delete = reader.next().text.lower()
            if on_delete in ("set", "no"):
                on_delete += f" {reader.next().text.lower()}"
        elif reader.word.text.upper() in ("MATCH",):
            reader.next()
            reader.next()
        elif reader.take("ON", "UPDATE"):
            if reader.next().text.upper() in ("SET", "NO"):
                reader.next()
        elif reader.any("DEFERRABLE", "INITIALLY", "DEFERRED", "IMMEDIATE", "VALID"):
            pass
        elif reader.at("NOT", "DEFERRABLE") or reader.at("NOT", "VALID"):
            reader.next()
        else:
            break
    return ForeignKeyDef(columns, table, references, name, on_delete, at)


def column(item: Sequence[Lexeme], dialect: str, text: Text, found: Parts) -> None:
    """Add a column with what its own constraints make. Raises UnreadError."""
    reader = Reader(item, dialect)
    name, at = reader.name()
    typed: list[str] = []
    while not reader.done and reader.word.text.upper() not in _AFTER_TYPE:
        if reader.at("CHARACTER", "SET"):
            reader.next()
            reader.next()
            reader.next()
            continue
        start = reader.word
        if start.text == "(":
            inner = reader.brackets()
            typed.append("(" + ",".join(w.text for w in inner if w.text != ",") + ")")
        else:
            typed.append(reader.next().text)
    kind = " ".join(typed).replace(" (", "(").replace(" [ ]", "[]").lower()
    defined = ColumnDef(name, kind, at=at)
    own = ""
    while not reader.done:
        if reader.take("CONSTRAINT"):
            own = reader.name()[0]
            continue
        if reader.take("PRIMARY"):
            reader.take("KEY")
            _clustered(reader)
            descending = bool(reader.any("DESC", "ASC") == "DESC")
            found.indexes.append(IndexDef(own, (Key(name, descending=descending),), True, origin="primary key", at=at))
            defined = replace(defined, nullable=False)
        elif reader.take("UNIQUE"):
            reader.any("KEY", "INDEX")
            _clustered(reader)
            _nulls_distinct(reader)
            found.indexes.append(IndexDef(own, (Key(name),), True, origin="unique", at=at))
        elif reader.take("NOT"):
            if reader.take("NULL"):
                defined = replace(defined, nullable=False)
        elif reader.take("KEY"):  # MySQL: short for PRIMARY KEY
            found.indexes.append(IndexDef(own, (Key(name),), True, origin="primary key", at=at))
        elif reader.take("COLLATE"):
            defined = replace(defined, collation=reader.table()[0].rpartition(".")[2])
        elif reader.take("COMMENT"):
            defined = replace(defined, comment=unquoted(reader.next()))
        elif reader.take("DEFAULT"):
            defined = replace(defined, default=_default(reader))
            continue
        elif reader.at("GENERATED") or reader.at("AS"):
            if reader.take("GENERATED"):
                reader.take("ALWAYS")
                reader.take("BY")
                reader.take("DEFAULT")
            if reader.take("AS") and reader.word.text == "(":
                inner = reader.brackets()
                if inner:
                    defined = replace(defined, generated=text(inner[0].start, inner[-1].end))
        elif reader.at("REFERENCES"):
            key = _references(reader, (name,), own, at)
            found.foreign_keys.append(key)
        elif reader.take("CHECK"):
            if reader.word.text == "(":
                reader.brackets()
        else:
            reader.skip()
        own = ""
    found.columns.append(defined)


def _default(reader: Reader) -> str:
    first = reader.word
    texts = []
    if first.text == "(":
        texts.append("(" + " ".join(w.text for w in reader.brackets()) + ")")
    else:
        texts.append(reader.next().text)
        if first.text in ("+", "-"):
            texts.append(reader.next().text)
        if reader.word.text == "(":
            texts.append("(" + " ".join(w.text for w in reader.brackets()) + ")")
    while reader.take("::"):
        while not reader.done and reader.word.text.upper() not in _AFTER_TYPE and reader.word.text != "::":
            reader.skip()
    return "".join(texts)
