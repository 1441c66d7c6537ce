"""Words in ids: those that say what a thing is, and what all names of services have."""

from __future__ import annotations

import re

GENERIC = frozenset(
    [
        "doc",
        "docs",
        "document",
        "documents",
        "chunk",
        "chunks",
        "page",
        "pages",
        "file",
        "files",
        "item",
        "items",
        "message",
        "messages",
        "msg",
        "entity",
        "ent",
        "node",
        "edge",
        "rel",
        "relation",
        "relationship",
        "text",
        "image",
        "img",
        "audio",
        "video",
        "http",
        "https",
        "urn",
        "id",
        "uuid",
        "md5",
        "sha1",
        "sha256",
        "hash",
        "vec",
        "vector",
        "embedding",
        "emb",
        "point",
        "record",
        "row",
        "data",
        "row_id",
        "object",
        "obj",
        "key",
        "chat",
        "thread",
        "conversation",
        "user",
        "users",
        "note",
        "notes",
        "memory",
        "mem",
        "article",
        "post",
        "comment",
        "email",
        "product",
        "order",
        "ticket",
        "event",
        "fact",
        "summary",
        "title",
        "section",
        "paragraph",
        "sentence",
        "source",
        "url",
        "src",
        "index",
        "idx",
        "default",
        "unknown",
        "null",
        "none",
        "test",
        "tmp",
        "temp",
    ]
)
"""Words that say what a thing is, not whose it is."""

_TAILS = ("service", "svc", "server", "api", "app", "backend", "worker", "rag", "agent", "bot", "microservice")


def word_key(word: str) -> str:
    """Return a service's name without what all services' names have: case, separators, `service`, `api`."""
    plain = re.sub(r"[^a-z0-9]+", "", word.lower())
    for tail in _TAILS:
        if plain.endswith(tail) and len(plain) > len(tail) + 1:
            return plain[: -len(tail)]
    return plain
