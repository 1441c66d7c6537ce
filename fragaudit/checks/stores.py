"""FA101 to FA105: how many stores a service keeps, of which kinds, and whether one of them is its primary database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fragaudit.checks.registry import check
from fragaudit.checks.words import by_place, listed, one_of, place_of, related_to, shown, store_data
from fragaudit.model.findings import Confidence, Hit
from fragaudit.model.stores import Kind, Role, Service, Store, StoreClass

_KEPT = (Role.DATA, Role.CACHE, Role.SESSION)
_SPECIALISED = (Kind.KV, Kind.VECTOR, Kind.GRAPH, Kind.SEARCH)


@check("FA101")
def multiple_kv_stores(service: Service, *, limit: int) -> Iterator[Hit]:
    """More than `limit` key-value stores in a service."""
    stores = by_place(s for s in service.stores if s.kind == Kind.KV and s.role in _KEPT)
    if len(stores) > limit:
        holder = _holder(service, stores)
        confidence = _together(stores, holder, limit)
        subject = f"class {holder.name}" if holder is not None else f"service {service.name}"
        message = f"{subject} keeps data in {len(stores)} key-value stores ({limit} allowed): {listed(stores)}"
        at = holder.at if holder is not None else place_of(stores[limit])
        yield Hit(at, message, "kv", related=related_to(stores, at), confidence=confidence,
                  data={**store_data(stores), "count": len(stores), "limit": limit})  # fmt: skip
        return
    for store in stores:
        if store.apart_possible:
            names = ", ".join(store.apart_possible)
            message = (
                f"{shown(store)} is one store only as long as its settings agree ({names}): it can be split in two"
            )
            yield Hit(place_of(store), message, f"apart:{names}", confidence=Confidence.POSSIBLE,
                      related=related_to([store], place_of(store)), data=store_data([store]))  # fmt: skip


@check("FA102")
def multiple_vector_stores(service: Service, *, limit: int, collections: int) -> Iterator[Hit]:
    """More than `limit` vector stores, or `collections` and more fixed collections in one."""
    stores = by_place(s for s in service.stores if s.kind == Kind.VECTOR and s.role in _KEPT)
    if len(stores) > limit:
        holder = _holder(service, stores)
        subject = f"class {holder.name}" if holder is not None else f"service {service.name}"
        message = f"{subject} keeps vectors in {len(stores)} stores ({limit} allowed): {listed(stores)}"
        at = holder.at if holder is not None else place_of(stores[limit])
        yield Hit(at, message, "vector", related=related_to(stores, at), confidence=_together(stores, holder, limit),
                  data={**store_data(stores), "count": len(stores), "limit": limit})  # fmt: skip
    for store in stores:
        if one_of(store):
            continue  # what its back ends are divided into, each of them
        fixed = sorted({c.name for c in store.containers if not c.dynamic})
        if len(fixed) >= collections:
            message = (
                f"{shown(store)} is divided into {len(fixed)} fixed collections ({', '.join(fixed)}); "
                f"nothing can be searched across them"
            )
            yield Hit(place_of(store), message, f"collections:{store.id}", confidence=Confidence.POSSIBLE,
                      data={**store_data([store]), "collections": fixed})  # fmt: skip


@check("FA103")
def missing_primary_database(service: Service, *, specialised: int) -> Iterator[Hit]:
    """Specialised stores that hold data, and no primary database; `specialised` and more are for FA105 to tell."""
    if service.primary is not None:
        return
    stores = by_place(s for s in service.stores if s.kind in _SPECIALISED and s.role == Role.DATA)
    if not stores or _shape(stores, specialised):
        return
    kinds = sorted({s.kind.value for s in stores})
    lone = kinds in (["kv"], ["search"])
    confidence = (
        Confidence.POSSIBLE if lone or (all(not s.certain and s.slot for s in stores) and len(kinds) == 1) else None
    )
    message = f"service {service.name} keeps its data in {listed(stores)} and has no primary database"
    yield Hit(place_of(stores[0]), message, "primary", related=related_to(stores[1:], place_of(stores[0])),
              confidence=confidence, data={**store_data(stores), "count": len(stores)})  # fmt: skip


@check("FA104")
def multiple_primary_databases(service: Service) -> Iterator[Hit]:
    """Tables of the application's own in more than one primary database."""
    stores = by_place(
        s
        for s in service.stores
        if s.kind in (Kind.RELATIONAL, Kind.DOCUMENT) and s.role == Role.DATA and s.holds_tables and s.inside is None
    )
    if len(stores) < 2:
        return
    main = next((s for s in stores if s.id == service.primary), stores[0])
    others = [s for s in stores if s is not main]
    message = f"service {service.name} keeps tables of its own in {len(stores)} databases: {listed([main, *others])}"
    confidence = None if all(s.certain for s in stores) else Confidence.POSSIBLE
    yield Hit(place_of(others[0]), message, "databases", related=related_to([main, *others[1:]], place_of(others[0])),
              confidence=confidence, data={**store_data(stores), "count": len(stores)})  # fmt: skip


@check("FA105")
def fragmented_service(service: Service, *, specialised: int) -> Iterator[Hit]:
    """The forbidden shape: `specialised` or more specialised stores of at least two kinds, in a class or a service."""
    told: set[frozenset[str]] = set()
    for holder in service.classes:
        ids = {f.store for f in holder.fields}
        stores = by_place(s for s in service.stores if s.id in ids and _fragment(s))
        relational = [s for s in service.stores if s.id in ids and s.kind in (Kind.RELATIONAL, Kind.DOCUMENT)]
        if _shape(stores, specialised) and not (relational and not _repeated(stores)):
            key = frozenset(s.id for s in stores)
            if key not in told:
                told.add(key)
                yield _fragmented(service, stores, holder)
    stores = by_place(s for s in service.stores if _fragment(s))
    if frozenset(s.id for s in stores) in told or not _scattered(service, stores, specialised):
        return
    used = [s for s in stores if not s.offered]
    meant = service.primary is not None and not _repeated(stores)
    confidence = None if _scattered(service, used, specialised) and not meant else Confidence.POSSIBLE
    yield _fragmented(service, stores, None, confidence)


def _fragment(store: Store) -> bool:
    return store.kind in _SPECIALISED and store.role == Role.DATA


def _shape(stores: Sequence[Store], least: int) -> bool:
    return len(stores) >= least and len({s.kind for s in stores}) > 1


def _scattered(service: Service, stores: Sequence[Store], least: int) -> bool:
    beside = Kind.SEARCH in {s.kind for s in stores}  # a vector store and a graph may be needed, all this rarely is
    return _shape(stores, least) and (service.primary is None or _repeated(stores) or beside)


def _repeated(stores: Sequence[Store]) -> bool:
    """Say whether some kind is there twice: a vector store and a graph beside a primary are as they should be."""
    return len({s.kind for s in stores}) < len(stores)


def _fragmented(
    service: Service, stores: Sequence[Store], holder: StoreClass | None, confidence: Confidence | None = None
) -> Hit:
    subject = f"class {holder.name}" if holder is not None else f"service {service.name}"
    beside = "no primary database" if service.primary is None else "beside its primary database"
    message = f"{subject} spreads its data over {len(stores)} separate stores ({beside}): {listed(stores)}"
    at = holder.at if holder is not None else place_of(stores[0])
    return Hit(at, message, f"fragmented:{holder.name if holder else ''}", related=related_to(stores, at),
               confidence=confidence, data={**store_data(stores), "count": len(stores)})  # fmt: skip


def _holder(service: Service, stores: Sequence[Store]) -> StoreClass | None:
    """Return the class that holds all of these stores, if there is one."""
    ids = {s.id for s in stores}
    return next((c for c in service.classes if ids <= {f.store for f in c.fields}), None)


def _together(stores: Sequence[Store], holder: StoreClass | None, limit: int) -> Confidence | None:
    """Several addresses prove several stores; where one is a cache of the same engine, it may be meant so."""
    # What nothing in the repository uses proves nothing, except side by side in one class.
    stores = [s for s in stores if holder is not None or not s.offered]
    if len(stores) <= limit:
        return Confidence.POSSIBLE
    data = [s for s in stores if s.role == Role.DATA]
    # What is opened at an address handed in from outside may be the same store, or one only now and then.
    settled = [s for s in data if s.certain or s.of_project or (s.slot is not None and s.slot.default)]
    if len(settled) < 2:
        return Confidence.POSSIBLE
    return (
        Confidence.CERTAIN if all(s.certain for s in data) and not any(s.variables for s in data) else Confidence.LIKELY
    )
