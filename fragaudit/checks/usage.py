"""FA106 to FA108: specialised stores that are never used for what they are for, or opened whether needed or not."""

from __future__ import annotations

from collections.abc import Iterator

from fragaudit.checks.registry import check
from fragaudit.checks.words import place_of, shown, store_data
from fragaudit.model.findings import Confidence, Hit, Related
from fragaudit.model.stores import Kind, Role, Service
from fragaudit.wording import counted


@check("FA106")
def unsearched_vector_store(service: Service) -> Iterator[Hit]:
    """Vectors are written and nothing searches them by similarity."""
    for store in service.stores:
        if store.kind != Kind.VECTOR or store.role != Role.DATA or store.inside is not None:
            continue
        calls = {c.at: f"written by {c.method}" for c in store.calls if c.verb == "write"}
        places = {**{w.at: "written here" for w in service.vector_writes if w.store == store.id}, **calls}
        searched = any(c.searches for c in store.calls) or any(
            s.verb == "search" and s.store in (store.id, "") for s in service.vector_searches
        )
        if not places or searched or service.unresolved_searches:
            continue
        writes = sorted(places)
        message = f"{shown(store)} is written at {counted(len(writes), 'place')} and never searched by similarity"
        related = tuple(Related(at, places[at]) for at in writes[:5])
        confidence = Confidence.POSSIBLE if store.slot is not None else None
        yield Hit(place_of(store), message, f"unsearched:{store.engine}", related=related, confidence=confidence,
                  data={**store_data([store]), "writes": len(writes)})  # fmt: skip
    rows = [w for w in service.vector_writes if w.pairing == "same row"]
    if rows and not any(s.verb == "search" for s in service.vector_searches) and not service.unresolved_searches:
        tables = ", ".join(sorted({w.container for w in rows if w.container})) or "a table"
        message = f"vectors are written into rows of {tables} and never searched by similarity"
        yield Hit(rows[0].at, message, f"unsearched:{tables}", confidence=Confidence.POSSIBLE,
                  data={"stores": [rows[0].store] if rows[0].store else [], "writes": len(rows)})  # fmt: skip


@check("FA107")
def untraversed_graph_store(service: Service) -> Iterator[Hit]:
    """A graph is written and nothing walks it."""
    for store in service.stores:
        if store.kind != Kind.GRAPH or store.role != Role.DATA or store.id == service.primary:
            continue
        writes = [c for c in store.calls if c.verb == "write"]
        if not writes or any(c.traverses or c.verb == "read" for c in store.calls):
            continue
        message = f"{shown(store)} is written at {counted(len(writes), 'place')} and never read or walked"
        related = tuple(Related(c.at, f"written by {c.method}") for c in writes[:5])
        confidence = Confidence.POSSIBLE if store.slot is not None else None
        yield Hit(place_of(store), message, f"untraversed:{store.engine}", related=related, confidence=confidence,
                  data={**store_data([store]), "writes": len(writes)})  # fmt: skip


@check("FA108")
def eager_specialised_store(service: Service) -> Iterator[Hit]:
    """A vector or graph store is opened whether anything needs it or not, beside a primary database."""
    if service.primary is None:
        return
    for store in service.stores:
        if store.kind not in (Kind.VECTOR, Kind.GRAPH) or store.role != Role.DATA or store.id == service.primary:
            continue
        if store.inside is not None or store.slot is not None or store.library == "project":
            continue
        if any(o.conditional for o in store.openings) or any(c.searches or c.traverses for c in store.calls):
            continue
        message = f"{shown(store)} is opened unconditionally, and nothing found here searches it"
        yield Hit(place_of(store), message, f"eager:{store.engine}", confidence=Confidence.POSSIBLE,
                  data=store_data([store]))  # fmt: skip
