"""The keys of an index: columns or expressions, with direction, collation, operator class and length."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fragaudit.extract.sql.lex import Lexeme
from fragaudit.extract.sql.reader import Reader, UnreadError, folded, items
from fragaudit.model.schema import Key, Method

Text = Callable[[int, int], str]
"""Returns the normalised text of the expression between two offsets."""
_METHODS: dict[str, Method] = {
    "btree": "btree",
    "hash": "hash",
    "gin": "gin",
    "gist": "gist",
    "spgist": "spgist",
    "brin": "brin",
    "bloom": "bloom",
    "fulltext": "fulltext",
    "spatial": "spatial",
    "rtree": "spatial",
    "ivfflat": "vector",
    "hnsw": "vector",
    "vector": "vector",
    "diskann": "vector",
    "bm25": "fulltext",
    "pgroonga": "fulltext",
    "rum": "fulltext",
}


def method(name: str) -> Method:
    """Return an index method by the name it is written with."""
    return _METHODS.get(name.lower(), "other")


def keys(words: Sequence[Lexeme], dialect: str, text: Text) -> tuple[Key, ...]:
    """Return the keys in the brackets of an index. Raises UnreadError."""
    return tuple(_key(item, dialect, text) for item in items(words, dialect) if item)


def _key(words: Sequence[Lexeme], dialect: str, text: Text) -> Key:
    reader = Reader(words, dialect)
    column = expression = opclass = collation = ""
    length = 0
    first = reader.word
    if first.text == "(" and first.kind == "op":
        inner = reader.brackets()
        if len(inner) == 1 and inner[0].kind in ("word", "quoted"):
            column = folded(inner[0], dialect)
        elif inner:
            expression = text(inner[0].start, inner[-1].end)
    elif first.kind in ("word", "quoted") and reader.ahead().text != "(":
        column = folded(reader.next(), dialect)
        if reader.word.kind == "op" and reader.word.text not in (")", ",", "["):
            raise UnreadError(f"a key that is computed without brackets: `{first.text}`")
    elif first.kind in ("word", "quoted") and [w.kind for w in words[2:3]] == ["number"] and words[3].text == ")":
        column = folded(reader.next(), dialect)
        length = int(float(reader.brackets()[0].text))
    else:
        start = reader.next()
        last = reader.brackets()
        end = last[-1].end + 1 if last else start.end + 2
        expression = text(start.start, end)
    descending = False
    nulls = ""
    while not reader.done:
        if reader.take("DESC"):
            descending = True
        elif reader.take("ASC"):
            pass
        elif reader.take("NULLS"):
            nulls = reader.next().text.lower()
        elif reader.take("COLLATE"):
            collation = reader.table()[0]
        elif reader.word.kind in ("word", "quoted") and not opclass:
            opclass = reader.table()[0]
            if reader.word.text == "(":
                reader.brackets()
        else:
            reader.skip()
    return Key(column, expression, descending, nulls if nulls in ("first", "last") else "",  # type: ignore[arg-type]
               opclass.rpartition(".")[2].lower(), collation.rpartition(".")[2], length)  # fmt: skip
