"""Which service defines, writes and reads each table and collection, and in which database."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

import msgspec

from fragaudit.link.added import Rows
from fragaudit.link.candidates import below
from fragaudit.model.asides import run_by_migration
from fragaudit.model.deploy import DeployFacts
from fragaudit.model.locations import Location
from fragaudit.model.schema import Table
from fragaudit.model.stores import Kind, Role, Service, Store
from fragaudit.model.uses import Sort, Use

_VARIABLE = re.compile(r"\{([A-Za-z_][\w.]*)\}")


def with_uses(
    services: Sequence[Service], paths: Sequence[frozenset[str]], compose: Sequence[frozenset[str]],
    deploy: Sequence[DeployFacts], apart: Mapping[int, Mapping[str, Table]], added: Rows,
) -> tuple[Service, ...]:  # fmt: skip
    """Return the services with what each does to the containers of its stores.

    Args:
        services: the services, with their tables and what their statements do.
        paths: the files of each, shared ones included; a file of several says nothing about which of them writes.
        compose: the compose services that run each.
        deploy: compose files and the like, whose values tell whether two services mean the same database.
        apart: by number of a service, the tables that its own files define and other services' too, by name.
        added: where objects are made and become rows of which table.
    """
    counted = Counter(path for own in paths for path in own)
    return tuple(
        msgspec.structs.replace(
            service,
            uses=_uses(
                service, frozenset(p for p in paths[number] if counted[p] == 1), values(deploy, compose[number]),
                apart.get(number, {}), [(table, at) for table, at in added.written if at.path in paths[number]],
            ),
            made=_touched(added.made, paths[number]),
            deleted=_touched(added.deleted, paths[number]),
            removed=_touched(added.removed, paths[number]),
            idle=added.idle,
        )
        for number, service in enumerate(services)
    )  # fmt: skip


def _touched(found: Sequence[tuple[str, str]], paths: frozenset[str]) -> tuple[str, ...]:
    """Return the tables or objects that some files do something to; each comes with a file's path."""
    return tuple(sorted({table for table, path in found if path in paths}))


def databases(
    services: Sequence[Service], compose: Sequence[frozenset[str]], deploy: Sequence[DeployFacts]
) -> list[str]:
    """Return what tells the database with the tables of each service from all others, empty where it isn't known."""
    homes = [holder(service) for service in services]
    return [
        database(home, values(deploy, own))[0] if home is not None else ""
        for home, own in zip(homes, compose, strict=True)
    ]


def _uses(
    service: Service,
    own: frozenset[str],
    given: Mapping[str, str],
    apart: Mapping[str, Table],
    added: Sequence[tuple[str, Location]],
) -> tuple[Use, ...]:
    defined: dict[tuple[str, str], set[Location]] = defaultdict(set)
    writes: dict[tuple[str, str], set[Location]] = defaultdict(set)
    reads: dict[tuple[str, str], set[Location]] = defaultdict(set)
    found: set[tuple[str, str]] = set()
    passing: set[tuple[str, str]] = set()
    for store in service.stores:
        found |= {(store.id, container.name) for container in store.containers}
        for call in store.calls:
            if call.container:
                (reads if call.verb == "read" else writes)[store.id, call.container].add(call.at)
                if call.passes:
                    passing.add((store.id, call.container))
    home = holder(service)
    if home is not None:
        beside = _beside(service, home)

        def place(table: str) -> tuple[str, str]:
            return beside.get(table.lower(), home.id), names.get(table.lower(), table)

        names = {t.name.lower(): t.name for t in service.schema} | {t.name.lower(): t.name for t in service.tables}
        for table in service.tables:
            defined[place(table.name)].add(table.at)
        for written in service.writes:
            writes[place(written.table)].add(written.at)
        for name, at in added:
            writes[place(name)].add(at)
        for access in service.accesses:
            if access.verb == "read" and access.table:
                reads[place(access.table)].add(access.at)
    known = {s.id: database(s, given) for s in service.stores}
    kinds = {s.id: s.kind for s in service.stores}
    uses = (
        Use(
            store,
            name,
            _sort(kinds[store], (store, name) in passing),
            *known[store],
            tuple(sorted(defined[store, name])),
            any(at.path in own and below(at.path, service.root) for at in defined[store, name]),
            tuple(sorted(at for at in writes[store, name] if at.path in own and not run_by_migration(at.path))),
            tuple(sorted(at for at in reads[store, name] if at.path in own and not run_by_migration(at.path))),
            tuple((c.name, c.type) for c in apart[name.lower()].columns) if name.lower() in apart else (),
        )
        for store, name in sorted(found | defined.keys() | writes.keys() | reads.keys())
        if name
    )
    # A definition in an SQL file of all says of none of them that it has that table.
    return tuple(
        use for use in uses
        if use.own or use.writes or use.reads or (use.store, use.container) in found
        or any(at.path.endswith(".py") for at in use.defined_at)
    )  # fmt: skip


def _beside(service: Service, home: Store) -> dict[str, str]:
    """Return the stores that tables are in which the code that opens these defines, and nothing else does."""
    others = [s for s in service.stores if s.kind == Kind.RELATIONAL and s.id != home.id]
    opening = {opened.at.path: store.id for store in others for opened in store.openings}
    at_home = {opened.at.path for opened in home.openings}
    found: dict[str, set[str]] = defaultdict(set)
    for table in service.tables:
        path = table.at.path
        found[table.name.lower()].add(opening[path] if path in opening and path not in at_home else home.id)
    return {name: stores.pop() for name, stores in found.items() if len(stores) == 1}


def _sort(kind: Kind, passes: bool) -> Sort:
    if passes or kind == Kind.QUEUE:
        return "topic"
    return "key" if kind == Kind.KV else "table"


def holder(service: Service) -> Store | None:
    """Return the store that the application's own tables are in: its primary, else the first that could be."""
    primary = next((s for s in service.stores if s.id == service.primary), None)
    if primary is not None:
        return primary
    tables = [s for s in service.stores if s.holds_tables and s.kind in (Kind.RELATIONAL, Kind.DOCUMENT)]
    tables += [s for s in service.stores if s.kind == Kind.RELATIONAL and s.role == Role.DATA]
    return tables[0] if tables else None


def values(deploy: Sequence[DeployFacts], compose: frozenset[str]) -> dict[str, str]:
    """Return the values that deployment files give variables, for what runs as some compose services.

    What is given to these services counts first; else what has one value in all files means the same everywhere.
    """
    found: dict[str, set[str]] = defaultdict(set)
    given: dict[str, set[str]] = defaultdict(set)
    for facts in deploy:
        for variable in facts.variables:
            found[variable.name].add(variable.value)
            if variable.service in compose:
                given[variable.name].add(variable.value)
    chosen = {name: one.pop() for name, one in found.items() if len(one) == 1 and name not in given}
    return chosen | {name: one.pop() for name, one in given.items() if len(one) == 1}


def database(store: Store, given: Mapping[str, str]) -> tuple[str, str]:
    """Return what tells a database from others, empty if that isn't known, and the settings that it comes from."""
    if not store.certain and not _VARIABLE.search(store.identity):
        return "", ""
    text = _VARIABLE.sub(lambda match: given.get(match[1].rpartition(".")[2], match[0]), store.identity)
    if not store.certain and ("{" in text or "*" in text):
        return "", ""  # the fields of an object that could not be followed, and no variables of their names
    variable = store.identity if "{" in text else ""
    if "{" in text.replace("${", "$(") or (store.engine == "sqlite" and not text.startswith("/")):
        return "", variable  # another value, or a file in another service's folder
    if "://" in text:
        parts = urlsplit(text)
        text = parts.netloc.rpartition("@")[2] + parts.path
    return f"{store.kind}:{text.rstrip('/').lower()}", variable
