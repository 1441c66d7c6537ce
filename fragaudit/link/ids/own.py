"""Calls of the project's own abstractions of vector stores: the ids in what they are given, told by names."""

from __future__ import annotations

from collections.abc import Iterator

from fragaudit.link.abstract import ClassRef, Instance
from fragaudit.link.ids import stepping
from fragaudit.link.ids.callers import Callers
from fragaudit.link.ids.flow import Flow
from fragaudit.link.ids.heads import UNKNOWN, From, Head, Here, Pairs, distinct
from fragaudit.link.ids.paths import given, of_record
from fragaudit.link.program import Place, Site
from fragaudit.model.values import Attr, Call

_ID_PARAMETERS = ("ids", "id", "doc_ids", "doc_id", "point_ids", "keys", "key", "vector_id", "vector_ids")
ID_FIELDS = ("id", "_id", "__id__", "id_", "doc_id", "node_id", "uuid", "key", "chunk_id", "pk")
_RECORD_PARAMETERS = (
    "items",
    "data",
    "points",
    "documents",
    "nodes",
    "vectors",
    "records",
    "entries",
    "chunks",
    "docs",
    "payload",
    "rows",
    "embeddings",
    "texts",
)
_PLAIN = frozenset({"texts", "embeddings", "vectors"})


class Abstractions:
    """Reads calls of the project's own classes that keep vectors."""

    def __init__(self, flow: Flow, callers: Callers) -> None:
        self._flow = flow
        self._catalogue = flow.evaluator.catalogue
        self._callers = callers

    def keeper(self, site: Site, func: Attr) -> ClassRef | None:
        """Return the project's own class of vector stores whose method a call is, or None."""
        evaluator = self._flow.evaluator
        meanings = evaluator.evaluate(func.base, site.place)
        if self._callers.called_on_itself(func) or not self._callers.keeps_vectors(func, meanings, site.place):
            return None
        for meaning in meanings:
            for ancestor in evaluator.ancestry(meaning.of) if isinstance(meaning, Instance) else ():
                kind = self._catalogue.abstraction(self._flow.program.scope(ancestor.place).name)
                if kind == "vector":
                    return ancestor
                if kind is not None:
                    break  # the nearest name says what it keeps
        return None

    def ids(self, call: Call, here: Here, cls: ClassRef, method: str) -> tuple[Head, ...] | None:
        """Return the ids of a call on an own abstraction, by its parameters' names; None if it takes no records."""
        names = self._parameters(cls, method)
        for wanted in (*_ID_PARAMETERS, *_RECORD_PARAMETERS):
            position = names.index(wanted) if wanted in names else None
            heads = given(self._flow, call, here, wanted, position)
            if not heads or (heads == (UNKNOWN,) and position is None):
                continue
            if wanted in ("id", "key", "doc_id", "vector_id"):
                return heads
            if wanted in _ID_PARAMETERS:
                return distinct(e for h in heads for e in self._flow.step(h, None)) or (UNKNOWN,)
            plain = wanted in _PLAIN
            return distinct(e for h in heads for e in self._ids_in(h, plain)) or (UNKNOWN,)
        first = method.strip("_").removeprefix("a").partition("_")[0]
        return (UNKNOWN,) if (names or call.args) and first in ("upsert", "insert", "dd", "add", "put") else None

    def _parameters(self, cls: ClassRef, method: str) -> list[str]:
        program = self._flow.program
        for ancestor in self._flow.evaluator.ancestry(cls):
            for number in program.definitions(ancestor.place, method):
                scope = program.scope(Place(ancestor.place.file, number))
                return [p.name for p in scope.parameters if p.name not in ("self", "cls") and p.kind == "positional"]
        return []

    def _ids_in(self, head: Head, plain: bool) -> Iterator[Head]:
        """Yield the ids in records; `plain`: what nobody could follow is no record but a text or a vector."""
        flow = self._flow
        if isinstance(head, Pairs):
            inner = distinct(stepping.entries(flow, head))
            if inner and all(isinstance(h, (Pairs, From)) for h in inner):
                yield from stepping.keys(flow, head)
                return
        elements = tuple(flow.step(head, None))
        for element in elements:
            if isinstance(element, From):
                yield from () if plain else of_record(flow, element, (f"={ID_FIELDS[0]}",))
                continue
            for name in ID_FIELDS:
                step = f"={name}" if isinstance(element, Pairs) else f".{name}"
                found = [h for h in flow.step(element, step) if h != UNKNOWN]
                if found:
                    yield from found
                    break
