"""FA106 to FA108: specialised stores that are never used for what they are for, or opened whether needed or not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fragaudit.checks.registry import check
from fragaudit.checks.words import place_of, shown, store_data
from fragaudit.model.findings import Confidence, Hit, Related
from fragaudit.model.stores import Kind, Repository, Role, Service, Store
from fragaudit.wording import counted


@check("FA106", whole=True)
def unsearched_vector_store(repository: Repository) -> Iterator[Hit]:
    """Vectors are written and nothing searches them by similarity, neither here nor in a service that shares them."""
    for service in repository.services:
        others = [(s, store) for s in repository.services if s is not service for store in s.stores]
        yield from _unsearched(service, [store for s, store in others if _searches(s, store)])


def _searches(service: Service, store: Store) -> bool:
    return any(c.searches for c in store.calls) or any(
        s.verb == "search" and s.store in (store.id, "") for s in service.vector_searches
    )


def _shared(store: Store, others: Sequence[Store]) -> Confidence | None:
    """Say how sure it is that no other service's store is this one: None if one is, for all that can be known."""
    mates = [o for o in others if o.kind == store.kind and store.engine in _engines(o)]
    if any(o.identity == store.identity and store.certain for o in mates):
        return None
    apart = all(o.certain and store.certain for o in mates)
    return Confidence.CERTAIN if apart else Confidence.POSSIBLE


def _engines(store: Store) -> tuple[str, ...]:
    return (store.engine, *(store.slot.alternatives if store.slot is not None else ()))


def _unsearched(service: Service, elsewhere: Sequence[Store]) -> Iterator[Hit]:
    for store in service.stores:
        if store.kind != Kind.VECTOR or store.role != Role.DATA or store.inside is not None:
            continue
        calls = {c.at: f"written by {c.method}" for c in store.calls if c.verb == "write"}
        places = {**{w.at: "written here" for w in service.vector_writes if w.store == store.id}, **calls}
        alone = _shared(store, elsewhere)
        if not places or _searches(service, store) or service.unresolved_searches or alone is None:
            continue
        writes = sorted(places)
        message = f"{shown(store)} is written at {counted(len(writes), 'place')} and never searched by similarity"
        related = tuple(Related(at, places[at]) for at in writes[:5])
        unsure = store.slot is not None or alone == Confidence.POSSIBLE
        confidence = Confidence.POSSIBLE if unsure else None
        yield Hit(place_of(store), message, f"unsearched:{store.engine}", service.name, related=related,
                  confidence=confidence, data={**store_data([store]), "writes": len(writes)})  # fmt: skip
    rows = [w for w in service.vector_writes if w.pairing == "same row"]
    if rows and not any(s.verb == "search" for s in service.vector_searches) and not service.unresolved_searches:
        tables = ", ".join(sorted({w.container for w in rows if w.container})) or "a table"
        message = f"vectors are written into rows of {tables} and never searched by similarity"
        yield Hit(rows[0].at, message, f"unsearched:{tables}", service.name, confidence=Confidence.POSSIBLE,
                  data={"stores": [rows[0].store] if rows[0].store else [], "writes": len(rows)})  # fmt: skip


@check("FA107", whole=True)
def untraversed_graph_store(repository: Repository) -> Iterator[Hit]:
    """A graph is written and nothing walks it, neither here nor in a service that shares it."""
    for service in repository.services:
        others = [store for s in repository.services if s is not service for store in s.stores]
        yield from _untraversed(service, [store for store in others if _walks(store)])


def _walks(store: Store) -> bool:
    return any(c.traverses or c.verb == "read" for c in store.calls)


def _untraversed(service: Service, elsewhere: Sequence[Store]) -> Iterator[Hit]:
    for store in service.stores:
        if store.kind != Kind.GRAPH or store.role != Role.DATA or store.id == service.primary:
            continue
        writes = [c for c in store.calls if c.verb == "write"]
        alone = _shared(store, elsewhere)
        if not writes or _walks(store) or alone is None:
            continue
        message = f"{shown(store)} is written at {counted(len(writes), 'place')} and never read or walked"
        related = tuple(Related(c.at, f"written by {c.method}") for c in writes[:5])
        unsure = store.slot is not None or alone == Confidence.POSSIBLE
        confidence = Confidence.POSSIBLE if unsure else None
        yield Hit(place_of(store), message, f"untraversed:{store.engine}", service.name, related=related,
                  confidence=confidence, data={**store_data([store]), "writes": len(writes)})  # fmt: skip


@check("FA108")
def eager_specialised_store(service: Service) -> Iterator[Hit]:
    """A vector or graph store is opened whether anything needs it or not, beside a primary database."""
    if service.primary is None:
        return
    for store in service.stores:
        if store.kind not in (Kind.VECTOR, Kind.GRAPH) or store.role != Role.DATA or store.id == service.primary:
            continue
        if store.inside is not None or store.slot is not None or store.of_project:
            continue
        if any(o.conditional for o in store.openings) or any(c.searches or c.traverses for c in store.calls):
            continue
        message = f"{shown(store)} is opened unconditionally, and nothing found here searches it"
        yield Hit(place_of(store), message, f"eager:{store.engine}", confidence=Confidence.POSSIBLE,
                  data=store_data([store]))  # fmt: skip
