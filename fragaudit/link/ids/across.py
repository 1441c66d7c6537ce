"""What only the whole repository shows: whose name an id bears, and which services write into one namespace."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

import msgspec

from fragaudit.config import Config
from fragaudit.link.boundaries import ServiceRoot
from fragaudit.link.ids.template import Names
from fragaudit.link.ids.words import word_key
from fragaudit.model.locations import Location
from fragaudit.model.stores import Kind, Service, Store
from fragaudit.model.vectors import VectorWrite


def service_names(roots: Sequence[ServiceRoot], config: Config) -> dict[str, Names]:
    """Return, by service, the words that stand for it and for the others: names, folders, packages, aliases."""
    aliases = {s.name: s.aliases for s in config.services}
    own: dict[str, set[str]] = {}
    for root in roots:
        words = {root.name, root.root.rstrip("/").rpartition("/")[2], *aliases.get(root.name, ())}
        words |= _packages(root)
        if len(roots) == 1:
            words |= set(config.vector_ids.aliases)
        own[root.name] = {w for word in words if word not in ("", ".", "src") for w in (word.lower(), word_key(word))}
    found = {}
    for root in roots:
        others = {w for name, words in own.items() if name != root.name for w in words} - own[root.name]
        written = root.name if root.name not in ("", "service") else ""
        found[root.name] = Names(
            frozenset(own[root.name]), frozenset(others | _elsewhere(root, config, own)), bool(config.services), written
        )

    return found


def _elsewhere(root: ServiceRoot, config: Config, own: dict[str, set[str]]) -> set[str]:
    """Return the words of configured services outside what is audited."""
    words = {
        w for s in config.services if s.name not in own for n in (s.name, *s.aliases) for w in (n.lower(), word_key(n))
    }
    return words - own[root.name]


def _packages(root: ServiceRoot) -> set[str]:
    """Return the top folder of a service's code if it has but one."""
    prefix = root.root.strip("/").removeprefix(".")
    inside = {p.removeprefix(prefix).lstrip("/").removeprefix("src/") for p in root.files if p.endswith(".py")}
    tops = {p.partition("/")[0] for p in inside if "/" in p}
    return tops if len(tops) == 1 else set()


def across(services: Sequence[Service]) -> tuple[Service, ...]:
    """Mark writes of several services that share one collection and namespace."""
    groups: dict[tuple[str, str, str], list[tuple[str, VectorWrite]]] = defaultdict(list)
    for service in services:
        stores = {s.id: s for s in service.stores}
        for write in service.vector_writes:
            store = stores.get(write.store)
            if store is None or not store.certain or not write.namespace or write.dynamic or "{" in write.namespace:
                continue
            groups[f"{store.engine} {store.identity}", write.container, write.namespace].append((service.name, write))
    colliding: dict[tuple[str, VectorWrite], tuple[object, ...]] = {}
    for members in groups.values():
        if len({name for name, _ in members}) > 1:
            for name, write in members:
                # Services that share the code which writes are one writer.
                shared = {w.at for n, w in members if n == name}
                elsewhere = tuple(sorted({w.at for n, w in members if n != name} - shared))
                if elsewhere:
                    colliding[name, write] = elsewhere
    found = []
    for service in services:
        writes = tuple(
            msgspec.structs.replace(w, collides=colliding[service.name, w]) if (service.name, w) in colliding else w
            for w in service.vector_writes
        )
        others = tuple(sorted({*service.unresolved_searches, *_searched(service, services)}))
        found.append(msgspec.structs.replace(service, vector_writes=writes, unresolved_searches=others))
    return tuple(found)


def _searched(service: Service, services: Sequence[Service]) -> Iterator[Location]:
    """Yield the searches of other services that may be of what this one writes: one fills an index, another asks it."""
    written = {w.store for w in service.vector_writes}
    mine = [s for s in service.stores if s.kind is Kind.VECTOR and s.id in written]
    for other in services:
        theirs = {s.id: s for s in other.stores}
        for search in other.vector_searches if other is not service and mine else ():
            store = theirs.get(search.store)
            if search.verb == "search" and store is not None and any(_may_be(store, own) for own in mine):
                yield search.at


def _may_be(one: Store, other: Store) -> bool:
    apart = one.certain and other.certain and one.identity != other.identity
    return one.engine == other.engine and not apart
