"""How a search is recognised by its name, as a function, a path or a call of another service."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from fragaudit.link.abstract import Known
from fragaudit.link.evaluate import Evaluator
from fragaudit.link.program import Place, Site
from fragaudit.model.values import Attr, Lit, Ref, Text, Value, children, dotted
from fragaudit.wording import words_in

STANDARD = ("id", "type", "content", "confidence", "source", "metadata")
"""The fields of the guide's unified search result."""

_REQUESTS = frozenset({"get", "post", "put", "request", "send", "fetch", "stream", "urlopen", "call", "invoke"})
_GENERIC = frozenset(
    {"service", "svc", "api", "app", "server", "backend", "worker", "the", "url", "uri", "base", "host", "client",
     "http", "https", "self", "search", "unified", "endpoint", "stub", "grpc", "internal", "local", "addr", "port"}
)  # fmt: skip


def snake(name: str) -> str:
    """Return a name in lower case with underscores, however it is written: `searchUnified`, `search-unified`."""
    return "_".join(word.lower() for word in words_in(name))


class Naming:
    """Tells searches of the configured names from other functions, paths and calls."""

    def __init__(self, evaluator: Evaluator, names: Sequence[str]) -> None:
        self._evaluator = evaluator
        self._names = frozenset(snake(name.rpartition(".")[2]) for name in names) - {""}

    def is_search(self, name: str) -> bool:
        """Say whether a name is a search's, or that of its resolver."""
        return snake(name).removeprefix("resolve_") in self._names

    def is_path(self, path: str) -> bool:
        """Say whether a URL path ends in a search's name, its words divided in any way: `/search/unified`."""
        plain = re.sub(r"\{[^}]*\}|<[^>]*>|\?.*$", "", path).rstrip("/$")
        words = snake(plain.rpartition("://")[2] or plain)
        return any(words == name or words.endswith("_" + name) for name in self._names)

    def is_remote(self, site: Site) -> bool:
        """Say whether a call goes to another service's search: a request to its path, or a stub's method."""
        func = site.call.func
        name = getattr(func, "name", "")
        if isinstance(func, Attr) and self.is_search(name) and "stub" in dotted(func.base).lower():
            return True
        return name in _REQUESTS and self.url(site) is not None

    def url(self, site: Site) -> Value | None:
        """Return the argument of a request that is the path of a search."""
        for argument in site.call.args[:3]:
            value = argument.value
            text = _flat(value)
            if text is None:
                text = self.text(value, site.place)
            if text is not None and ("/" in text or text.startswith("{}")) and self.is_path(text):
                return value
        return None

    def text(self, value: Value, place: Place) -> str | None:
        """Return what a value says, with `{}` for what isn't known; None if it is no text."""
        if isinstance(value, Lit):
            return value.value if isinstance(value.value, str) else None
        for meaning in self._evaluator.evaluate(value, place):
            if isinstance(meaning, Known) and isinstance(meaning.value, str):
                return meaning.value
        return _flat(value) if isinstance(value, Text) else None


def names_in(value: Value) -> Iterator[str]:
    """Yield the names in a value."""
    stack = [value]
    while stack:
        top = stack.pop()
        if isinstance(top, Ref):
            yield top.name
        stack.extend(children(top))


def words_of(text: str) -> set[str]:
    """Return the words of a name that can tell one service from another, in the singular."""
    found = {word.lower() for word in words_in(text)}
    return {word.removesuffix("s") if len(word) > 3 else word for word in found if len(word) > 1} - _GENERIC


def _flat(value: Value) -> str | None:
    """Return a text with its holes left out, or None if it is no text."""
    if isinstance(value, Lit):
        return value.value if isinstance(value.value, str) else None
    if isinstance(value, Text):
        return "".join(p.value if isinstance(p, Lit) and isinstance(p.value, str) else "{}" for p in value.parts)
    return None
