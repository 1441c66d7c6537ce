"""What the methods of a project's own stores do, by the words of their names."""

from __future__ import annotations

import re
from functools import cache

from fragaudit.model.stores import Kind

SEARCH_WORDS = ("search", "query", "similar", "nearest", "retriev", "recommend", "knn")
_WRITE_WORDS = ("upsert", "insert", "add", "put", "set", "store", "save", "index", "write", "create", "update")
_READ_WORDS = ("get", "fetch", "find", "load", "list", "read", "scroll", "count", "exists")
_GETS = re.compile(r"_?(?:get|fetch|has|is)_(?!.*(?:_or_|_and_))", re.IGNORECASE)
"""What begins so gives something, whatever it is called: `get_vector_store`; not `get_or_create`."""
DELETE_WORDS = ("delete", "remove", "drop", "clear", "purge")
_TRAVERSE_WORDS = (
    "neighbo",
    "traverse",
    "path",
    "edges",
    "expand",
    "subgraph",
    "query",
    "degree",
    "walk",
    "cypher",
    "match",
)


@cache
def verb_of(method: str, kind: str) -> str | None:
    """Return what a method of a project's own abstraction does, by the words of its name; None if that isn't clear."""
    if _GETS.match(method):
        return "read"
    for verb, words in (
        ("delete", DELETE_WORDS),
        ("read", SEARCH_WORDS),
        ("write", _WRITE_WORDS),
        ("read", _READ_WORDS),
    ):
        if speaks(method, words):
            return verb
    return "read" if kind == Kind.GRAPH and speaks(method, _TRAVERSE_WORDS) else None


def speaks(method: str, words: tuple[str, ...]) -> bool:
    """Say whether a word of a method's name begins with one of some words."""
    return any(part.startswith(words) for part in method.lower().split("_"))
