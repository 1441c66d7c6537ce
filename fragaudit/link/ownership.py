"""Which service defines, writes and reads each table and collection, and in which database."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

import msgspec

from fragaudit.model.deploy import DeployFacts
from fragaudit.model.locations import Location
from fragaudit.model.stores import Kind, Role, Service, Store
from fragaudit.model.uses import Use

_VARIABLE = re.compile(r"\{([A-Za-z_][\w.]*)\}")


def with_uses(
    services: Sequence[Service], paths: Sequence[frozenset[str]], deploy: Sequence[DeployFacts]
) -> tuple[Service, ...]:
    """Return the services with what each does to the containers of its stores.

    Args:
        services: the services, with their tables and what their statements do.
        paths: the files of each, shared ones included; a file of several says nothing about which of them writes.
        deploy: compose files and the like, whose values tell whether two services mean the same database.
    """
    counted = Counter(path for own in paths for path in own)
    values = _values(deploy)
    return tuple(
        msgspec.structs.replace(
            service, uses=_uses(service, frozenset(p for p in own if counted[p] == 1), values)
        )
        for service, own in zip(services, paths, strict=True)
    )  # fmt: skip


def _uses(service: Service, own: frozenset[str], values: Mapping[str, str]) -> tuple[Use, ...]:
    defined: dict[tuple[str, str], set[Location]] = defaultdict(set)
    writes: dict[tuple[str, str], set[Location]] = defaultdict(set)
    reads: dict[tuple[str, str], set[Location]] = defaultdict(set)
    found: set[tuple[str, str]] = set()
    for store in service.stores:
        found |= {(store.id, container.name) for container in store.containers}
        for call in store.calls:
            if call.container:
                (reads if call.verb == "read" else writes)[store.id, call.container].add(call.at)
    home = holder(service)
    if home is not None:
        names = {t.name.lower(): t.name for t in service.schema} | {t.name.lower(): t.name for t in service.tables}
        for table in service.tables:
            defined[home.id, names[table.name.lower()]].add(table.at)
        for written in service.writes:
            writes[home.id, names.get(written.table.lower(), written.table)].add(written.at)
        for access in service.accesses:
            if access.verb == "read" and access.table:
                reads[home.id, names.get(access.table.lower(), access.table)].add(access.at)
    databases = {s.id: _database(s, values) for s in service.stores}
    return tuple(
        Use(
            store,
            name,
            *databases[store],
            tuple(sorted(defined[store, name])),
            any(at.path in own for at in defined[store, name]),
            tuple(sorted(at for at in writes[store, name] if at.path in own)),
            tuple(sorted(at for at in reads[store, name] if at.path in own)),
        )
        for store, name in sorted(found | defined.keys() | writes.keys() | reads.keys())
        if name
    )


def holder(service: Service) -> Store | None:
    """Return the store that the application's own tables are in: its primary, else the first that could be."""
    primary = next((s for s in service.stores if s.id == service.primary), None)
    if primary is not None:
        return primary
    tables = [s for s in service.stores if s.holds_tables and s.kind in (Kind.RELATIONAL, Kind.DOCUMENT)]
    tables += [s for s in service.stores if s.kind == Kind.RELATIONAL and s.role == Role.DATA]
    return tables[0] if tables else None


def _values(deploy: Sequence[DeployFacts]) -> dict[str, str]:
    """Return the variables that have one value in all deployment files: those mean the same in every service."""
    found: dict[str, set[str]] = defaultdict(set)
    for facts in deploy:
        for variable in facts.variables:
            found[variable.name].add(variable.value)
    known = {name: given.pop() for name, given in found.items() if len(given) == 1}
    return {name: value for name, value in known.items() if value and "$" not in value}


def _database(store: Store, values: Mapping[str, str]) -> tuple[str, str]:
    """Return what tells a database from others, empty if that isn't known, and the one setting that it comes from."""
    if not store.certain:
        return "", ""
    names = _VARIABLE.findall(store.identity)
    variable = names[0] if store.identity == f"{{{names[0] if names else ''}}}" else ""
    text = _VARIABLE.sub(lambda match: values.get(match[1].rpartition(".")[2], match[0]), store.identity)
    if "{" in text or (store.engine == "sqlite" and not text.startswith("/")):
        return "", variable  # another value, or a file in another service's folder
    if "://" in text:
        parts = urlsplit(text)
        text = parts.netloc.rpartition("@")[2] + parts.path
    return f"{store.kind}:{text.rstrip('/').lower()}", variable
