"""What each engine takes as an id and scopes by itself, read from the catalogue's words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

_UUID_ENGINES = {"qdrant": "takes unsigned integers and UUIDs only", "weaviate": "takes UUIDs only"}
INTEGER_ENGINES = frozenset({"faiss", "hnswlib", "annoy", "usearch", "voyager", "scann", "nmslib", "ngt"})
_ALWAYS = {
    "mem0ai": "the library keeps memories apart by user, agent and run",
    "zep-python": "the library keeps memories apart by user and session",
    "pyvespa": "Vespa ids are `id:namespace:type::id`",
    "python-arango": "ArangoDB ids are `collection/key`",
    "lightrag-hku": "the library prefixes ids by type, in a workspace",
    "surrealdb": "SurrealDB ids are `table:id`",
    "redisvl": "redisvl puts the index's prefix before each key",
    "redis-om": "redis-om keys are `prefix:Class:pk`",
    "langgraph": "the store keeps keys in a namespace tuple",
}
_COLON_REFUSED = {
    "azure-ai-search": ("takes letters, digits, `_`, `-` and `=` only", re.compile(r"[^\w=-]")),
    "meilisearch": ("takes letters, digits, `-` and `_` only", re.compile(r"[^\w-]")),
}
_CONVERTS = re.compile(r"haystack")


@dataclass(frozen=True, slots=True)
class Rules:
    """What an engine takes. `accepts_text`: any text can be an id. `rows`: why ids need no namespace at all.

    `always`: why every write is scoped. `refused` finds characters that aren't taken, `left_out` says what becomes of
    an id that nobody gives.
    """

    name: str
    accepts_text: bool = True
    rows: str = ""
    always: str = ""
    takes: str = ""
    refused: re.Pattern[str] | None = None
    left_out: str = "the id is left out, so the library makes a random one"


@cache
def rules_of(engine: str, package: str) -> Rules:
    """Return the rules of an engine as a client library reaches it."""
    if package in _ALWAYS:
        return Rules(engine, always=_ALWAYS[package])
    if engine in _UUID_ENGINES:
        converts = _CONVERTS.search(package) is not None
        return Rules(engine.capitalize(), accepts_text=converts, takes=_UUID_ENGINES[engine])
    if engine in INTEGER_ENGINES and not package.startswith(("langchain", "llama", "haystack")):
        return Rules(
            engine,
            accepts_text=False,
            always="an index of integers that this service alone holds",
            takes="takes integers only",
            left_out="the id is left out, so it is the position",
        )
    if engine == "memory":
        return Rules(engine, always="kept in the memory of this process, which nothing else shares")
    if engine in _COLON_REFUSED:
        takes, refused = _COLON_REFUSED[engine]
        return Rules(engine, takes=takes, refused=refused)
    return Rules(engine)
