"""FA301 to FA306: what vectors are called, whose they are, and which row stands behind each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from fragaudit.checks.registry import check
from fragaudit.model.findings import Confidence, Hit, Related
from fragaudit.model.stores import Role, Service
from fragaudit.model.vectors import VectorSearch, VectorWrite
from fragaudit.wording import counted

_KEPT = (Role.DATA, Role.CACHE, Role.SESSION)


@check("FA301")
def bare_vector_id(service: Service) -> Iterator[Hit]:
    """An id in a shared collection that says neither which service nor which type it is of."""
    bare = [write for write in _judged(service) if write.verdict == "not-namespaced"]
    for write, others in _together(bare, lambda w: (w.shape, w.near)):
        made = (Related(write.made_at, "the id is made here"),) if _elsewhere(write) and write.made_at else ()
        yield Hit(
            write.at,
            f"vectors are written{_into(write)} under ids that are not namespaced: {write.why}{_also(others)}",
            f"{write.container}:{write.shape}",
            related=(*made, *(Related(w.at, "written under such ids here") for w in others)),
            confidence=Confidence.POSSIBLE if write.near else None,
            data=_data(write),
        )


@check("FA302")
def foreign_namespace(service: Service) -> Iterator[Hit]:
    """An id whose service part is another service's name."""
    for write in _judged(service):
        if write.foreign:
            message = f"an id written{_into(write)} begins with `{write.foreign}`, the name of another service"
            yield Hit(write.at, message, f"{write.container}:{write.foreign}", data=_data(write))


@check("FA303")
def vector_before_row(service: Service) -> Iterator[Hit]:
    """A vector that is written before its row, without one, or although the row may have failed."""
    if service.primary is None:
        return
    told = {
        "vector first": "before the row it belongs to",
        "row ignored": "although the row's own write may have failed",
        "no row": "and nothing here writes or reads a row of the primary database for it",
    }
    paired = [write for write in _judged(service) if write.pairing in told]
    for write, others in _together(paired, lambda w: (w.pairing, w.row)):
        row = (Related(write.row, "the row is written here"),) if write.row is not None else ()
        related = (*row, *(Related(w.at, "written so here too") for w in others))
        confidence = Confidence.POSSIBLE if write.pairing == "no row" else None
        message = f"vectors are written{_into(write)} {told[write.pairing]}{_also(others)}"
        yield Hit(write.at, message, f"{write.container}:{write.pairing}", related=related, confidence=confidence,
                  data={**_data(write), "pairing": write.pairing})  # fmt: skip


@check("FA304")
def vector_without_origin(service: Service) -> Iterator[Hit]:
    """A vector under an id that can't be read back, with no metadata that leads to its row."""
    lost = [write for write in _judged(service) if write.origin == "missing"]
    for write, others in _together(lost, lambda w: w.shape):
        message = f"nothing stored with the vectors written{_into(write)} leads back to their rows{_also(others)}"
        related = tuple(Related(w.at, "written so here too") for w in others)
        yield Hit(write.at, message, f"{write.container}:{write.shape}", related=related, data=_data(write))


@check("FA305")
def colliding_namespaces(service: Service) -> Iterator[Hit]:
    """Two services that write one collection under one namespace."""
    for write in service.vector_writes:
        if write.collides and not write.forwards:
            related = tuple(Related(at, "another service writes the same namespace here") for at in write.collides[:5])
            message = f"namespace `{write.namespace}`{_in(write)} is written by another service too"
            yield Hit(write.at, message, f"{write.container}:{write.namespace}", related=related, data=_data(write))


@check("FA306")
def unscoped_vector_search(service: Service) -> Iterator[Hit]:
    """A search, or a deletion, of a shared collection that nothing confines."""
    for search in service.vector_searches:
        if search.scoped or not search.shared or not _kept(service, search.store):
            continue
        what = "a search" if search.verb == "search" else "a deletion"
        message = f"{what}{_of(search)} is confined by no namespace or filter, and {search.shared}"
        data = {"store": search.store_id, "container": search.container or None, "id": None, "verdict": None}
        yield Hit(search.at, message, f"{search.verb}:{search.container}", data=data)


def _judged(service: Service) -> Iterator[VectorWrite]:
    """Yield the writes judged where they stand: not of callers' ids, of stored ones, nor into what is thrown away."""
    for write in service.vector_writes:
        if not write.forwards and not write.updates and write.pairing != "same row" and _kept(service, write.store):
            yield write


def _together(
    writes: Sequence[VectorWrite], cause: Callable[[VectorWrite], object]
) -> Iterator[tuple[VectorWrite, tuple[VectorWrite, ...]]]:
    """Yield the first of the writes that have one cause, by place, and the others: one change does away with all."""
    groups: dict[object, list[VectorWrite]] = {}
    for write in sorted(writes):
        named = "" if "{" in write.container else write.container
        groups.setdefault((write.engine or write.store_id, named, cause(write)), []).append(write)
    for first, *others in groups.values():
        yield first, tuple(others)


def _also(others: Sequence[VectorWrite]) -> str:
    return f" (and at {counted(len(others), 'other place')})" if others else ""


def _kept(service: Service, store: str) -> bool:
    known = next((s for s in service.stores if s.id == store), None)
    return known is None or known.role in _KEPT


def _elsewhere(write: VectorWrite) -> bool:
    made = write.made_at
    return made is not None and (made.path != write.at.path or not write.at.line <= made.line <= write.at.end_line)


def _in(write: VectorWrite) -> str:
    return f" of `{write.container}`" if write.container else ""


def _into(write: VectorWrite) -> str:
    return f" into `{write.container}`" if write.container else ""


def _of(search: VectorSearch) -> str:
    return f" of `{search.container}`" if search.container else ""


def _data(write: VectorWrite) -> dict[str, Any]:
    return {
        "store": write.store_id,
        "container": write.container or None,
        "id": write.id,
        "verdict": write.verdict,
    }
