"""Which service defines, writes and reads which container: what the map's matrix and the rules on ownership share."""

from __future__ import annotations

from collections import defaultdict

from msgspec import Struct

from fragaudit.model.locations import Location
from fragaudit.model.stores import Kind, Role, Service, Store


class Use(Struct, frozen=True):
    """What one service does with one table, collection or index: where it defines, writes and reads it."""

    service: str
    store: str
    container: str
    defined_at: tuple[Location, ...] = ()
    writes: tuple[Location, ...] = ()
    reads: tuple[Location, ...] = ()


def uses(service: Service) -> tuple[Use, ...]:
    """Return what a service does with its containers, sorted by store and name.

    The application's own tables are in the store that holds them: the primary database, else the first that does.
    """
    found: dict[tuple[str, str], tuple[list[Location], list[Location], list[Location]]] = defaultdict(
        lambda: ([], [], [])
    )
    for store in service.stores:
        for container in store.containers:
            found[store.id, container.name]  # known by name alone
        for call in store.calls:
            if call.container:
                found[store.id, call.container][2 if call.verb == "read" else 1].append(call.at)
    home = holder(service)
    if home is not None:
        for table in service.tables:
            found[home.id, table.name][0].append(table.at)
    return tuple(
        Use(service.name, store, container, *(tuple(sorted(set(places))) for places in all_places))
        for (store, container), all_places in sorted(found.items())
    )


def holder(service: Service) -> Store | None:
    """Return the store that the application's own tables are in."""
    candidates = [s for s in service.stores if s.holds_tables and s.kind in (Kind.RELATIONAL, Kind.DOCUMENT)]
    candidates += [s for s in service.stores if s.kind == Kind.RELATIONAL and s.role == Role.DATA]
    primary = next((s for s in service.stores if s.id == service.primary), None)
    return primary or (candidates[0] if candidates else None)


def identity(service: Service, store: Store) -> tuple[str, ...]:
    """Return what tells a store from all others of the repository: its address if that is certain, else its service."""
    if store.certain:
        return (store.kind, store.engine, store.identity)
    return (store.kind, store.engine, store.identity, service.name, store.id)
