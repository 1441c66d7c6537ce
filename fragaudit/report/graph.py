"""The picture of a repository as nodes and edges, before it is drawn: services, stores, what is in them, findings."""

from __future__ import annotations

from collections import Counter, defaultdict

from msgspec import Struct

from fragaudit.model.findings import Finding, Report
from fragaudit.model.stores import Service, Store


class Held(Struct, frozen=True):
    """A table, collection or index, keys or a topic: the services that define, write and read it.

    `shared`: no service of its own defines it, but code that several share does.
    """

    name: str
    owners: tuple[str, ...]
    writers: tuple[str, ...]
    readers: tuple[str, ...]
    shared: bool = False


class StoreNode(Struct, frozen=True):
    """A store, shared by every service that opens it at the same address."""

    id: str
    kind: str
    engine: str
    identity: str
    held: tuple[Held, ...]
    marks: tuple[tuple[str, int], ...]


class ServiceNode(Struct, frozen=True):
    """A service; `marks` count its findings by severity."""

    id: str
    name: str
    root: str
    searches: int
    marks: tuple[tuple[str, int], ...]


class Edge(Struct, frozen=True):
    """A service's use of a store: for what role, at how many places it writes and reads."""

    service: str
    store: str
    role: str
    primary: bool
    writes: int
    reads: int


class Asked(Struct, frozen=True):
    """A service that asks the search of another one."""

    asking: str
    asked: str


class Graph(Struct, frozen=True):
    """Everything the picture shows."""

    services: tuple[ServiceNode, ...]
    stores: tuple[StoreNode, ...]
    edges: tuple[Edge, ...]
    searches: tuple[Asked, ...]


def graph(report: Report) -> Graph:
    """Return the picture of a report. Vector stores inside a primary database are part of it."""
    live = [f for f in report.findings if f.suppressed is None]
    numbers: dict[str, str] = {}
    stores: dict[str, tuple[Store, list[Finding]]] = {}
    held: dict[str, dict[str, tuple[set[str], set[str], set[str]]]] = defaultdict(dict)
    defined: set[tuple[str, str]] = set()
    services, edges = [], []
    for number, service in enumerate(report.services):
        of_service = [f for f in live if f.service == service.name]
        services.append(
            ServiceNode(f"s{number}", service.name, service.root, len(service.searches), _marks(of_service))
        )
        local: dict[str, str] = {}
        databases = {use.store: use.database for use in service.uses}
        for store in service.stores:
            if store.inside is not None:
                continue
            node = numbers.setdefault(_identity(service, store, databases), f"d{len(numbers)}")
            local[store.id] = node
            told = stores.setdefault(node, (store, []))[1]
            told += [f for f in of_service if store.id in f.data.get("stores", ()) and f not in told]
            edges.append(
                Edge(f"s{number}", node, store.role, store.id == service.primary, store.writes, store.reads)
            )  # fmt: skip
        local |= {s.id: local[s.inside] for s in service.stores if s.inside is not None and s.inside in local}
        for use in service.uses:
            node = local.get(use.store, "")
            entry = held[node].setdefault(use.container, (set(), set(), set()))
            if use.defined_at:
                defined.add((node, use.container))
            for places, names in zip((use.own, use.writes, use.reads), entry, strict=True):
                if places:
                    names.add(service.name)
    nodes = [
        StoreNode(
            node,
            store.kind,
            store.engine,
            store.identity,
            tuple(_held(n, held[node][n], (node, n) in defined) for n in sorted(held[node])),
            _marks(told),
        )
        for node, (store, told) in stores.items()
    ]
    return Graph(tuple(services), tuple(nodes), tuple(edges), _searches(report.services))


def _held(name: str, sets: tuple[set[str], set[str], set[str]], defined: bool) -> Held:
    owners, writers, readers = (tuple(sorted(names)) for names in sets)
    return Held(name, owners, writers, readers, defined and not owners)


def _identity(service: Service, store: Store, databases: dict[str, str]) -> str:
    """Return what tells a store from all others: its database, else itself; equal settings prove no equal address."""
    if databases.get(store.id):
        return databases[store.id]
    if store.certain and "{" not in store.identity and store.engine != "sqlite":
        return f"{store.kind}:{store.identity.lower()}"
    return f"{service.name} {store.id}"


def _searches(services: tuple[Service, ...]) -> tuple[Asked, ...]:
    numbers = {service.name: f"s{number}" for number, service in enumerate(services)}
    return tuple(
        dict.fromkeys(
            Asked(numbers[service.name], numbers[name])
            for service in services
            for coordinator in service.coordinators
            for name in coordinator.reaches
            if name in numbers and name != service.name
        )
    )


def _marks(findings: list[Finding]) -> tuple[tuple[str, int], ...]:
    counts = Counter(str(f.severity) for f in findings)
    return tuple((level, counts[level]) for level in ("error", "warning", "note") if counts[level])


def marked(marks: tuple[tuple[str, int], ...]) -> str:
    """Return findings as words: `1 error, 2 notes`."""
    return ", ".join(f"{count} {level}{'s' if count > 1 else ''}" for level, count in marks)


def used(edge: Edge) -> str:
    """Return what a service does with a store, as words on a line."""
    counts = [f"{n} {word}" for n, word in ((edge.writes, "w"), (edge.reads, "r")) if n]
    return ", ".join(["primary" if edge.primary else edge.role, *counts])
