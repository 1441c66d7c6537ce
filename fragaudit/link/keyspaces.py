"""What a call on a key-value store or a broker speaks of: the key or what it begins with, the topic, the queue."""

from __future__ import annotations

import re
from collections.abc import Iterator

from fragaudit.catalogue import Catalogue, Operation
from fragaudit.link.abstract import Abstract, Display, Known, Symbol, Template
from fragaudit.link.evaluate import Evaluator, argument_of
from fragaudit.link.program import Place, Site
from fragaudit.link.settings import readable
from fragaudit.model.values import Lit, Map, Seq

ANY = "*"
"""Ends the name of all keys that begin with what stands before it."""

LONGEST = 120
_PATH = re.compile(r"(?:^projects/[^/]+)?/(?:topics|subscriptions)/([^/]+)$")
"""The name of a topic behind that of its project."""
_TOLD = re.compile(r"[^\W\d_]")


class Keyspaces:
    """Names the containers of stores that have no tables."""

    def __init__(self, evaluator: Evaluator, catalogue: Catalogue) -> None:
        self._evaluator = evaluator
        self._kinds = {library.package: library.kind for library in catalogue.libraries}

    def of(self, site: Site, operation: Operation) -> str:
        """Return the key, key prefix (`session:*`), topic or queue that a call names; empty if that isn't known."""
        kind = self._kinds.get(operation.library)
        if kind not in ("kv", "queue"):
            return ""
        for named in (operation.namespace, operation.id) if kind == "queue" else (operation.id,):
            for parameter in (named,) if isinstance(named, str) else named:
                name = parameter.removesuffix("[]")
                if kind == "queue" and parameter == operation.id and name in ("key", "task_id", "_job_id"):
                    continue  # what tells messages of one topic apart
                for meaning in self._given(site, operation, name):
                    text = self._name(meaning, site.place)
                    if text:
                        return text
        return ""

    def _given(self, site: Site, operation: Operation, path: str) -> Iterator[Abstract]:
        """Yield what an argument means: `topic`, or `request.topic` for an entry of a dictionary."""
        name, _, key = path.partition(".")
        value = argument_of(site.call.args, name, operation.at.get(name))
        for meaning in self._evaluator.evaluate(value, site.place):
            if not key:
                yield meaning
            elif isinstance(meaning, Display):
                yield from self._evaluator.lookup(meaning, key)

    def _name(self, meaning: Abstract, place: Place) -> str:
        if isinstance(meaning, Display):
            # Several at once: the first stands for all, as they are of one sort.
            first: object = None
            if isinstance(meaning.value, Seq) and meaning.value.items:
                first = meaning.value.items[0]
            elif isinstance(meaning.value, Map) and meaning.value.entries:
                first = meaning.value.entries[0].key
            if isinstance(first, Lit):
                return _whole(first.value)
            return next(
                (t for m in self._evaluator.evaluate(first, meaning.place) if (t := named(m))),  # type: ignore[arg-type]
                "",
            )
        return named(meaning)


def named(meaning: Abstract) -> str:
    """Return a constant as it is, a setting as `{NAME}`, and of a text with unknown parts what it begins with."""
    match meaning:
        case Known():
            return _whole(meaning.value)
        case Symbol() if meaning.strong:
            return "{" + meaning.name + "}"
        case Template():
            if (last := meaning.parts[-1]) and isinstance(last, Known) and (path := _PATH.search(str(last.value))):
                return path[1]
            head = ""
            for number, part in enumerate(meaning.parts):
                text = readable(part) if isinstance(part, Known) or (isinstance(part, Symbol) and part.strong) else ""
                if not text:
                    return f"{head}{ANY}" if _TOLD.search(head) and len(head) <= LONGEST else ""
                if isinstance(part, Symbol) and number and not head.startswith("{"):
                    # A setting that only tells one key from the next.
                    return f"{head}{ANY}" if _TOLD.search(head) else ""
                head += text
            return head if len(head) <= LONGEST else ""
        case _:
            return ""


def _whole(value: object) -> str:
    if isinstance(value, str) and (path := _PATH.search(value)):
        return path[1]
    return value if isinstance(value, str) and _TOLD.search(value) and len(value) <= LONGEST else ""
