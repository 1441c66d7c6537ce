"""Which store runs a statement, and in which dialect."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from fragaudit.link.openings import UNDECIDED, Opened, SiteKey
from fragaudit.link.program import Program
from fragaudit.link.sql import dialect_of
from fragaudit.link.statements import Run
from fragaudit.model.statements import Written
from fragaudit.model.stores import Kind, Role, Service, Store


def with_stores(
    runs: Sequence[Run], services: Sequence[Service], files: Sequence[frozenset[str]], opened: Sequence[Opened],
    program: Program,
) -> tuple[Written, ...]:  # fmt: skip
    """Return statements with the store that runs them and its dialect.

    `files` are the paths of each service. A statement whose store could not be followed belongs to the only relational
    store of its service, if there is just one.
    """
    places = {o.key: program.location(o.site.place.file, o.site.call.at) for o in opened}
    engines = {o.key: o.engine for o in opened}
    owner = {path: number for number in reversed(range(len(files))) for path in files[number]}
    by_opening = [{opening.at: store for store in service.stores for opening in store.openings} for service in services]
    found = []
    for run in runs:
        number = owner.get(run.written.path)
        store = None
        if number is not None:
            at = places.get(run.opening) if run.opening is not None else None
            store = (by_opening[number].get(at) if at is not None else None) or _only(services[number], run.engine)
        found.append(_with_store(run, store, engines))
    return tuple(found)


def _with_store(run: Run, store: Store | None, engines: dict[SiteKey, str]) -> Written:
    engine = engines.get(run.opening, "") if run.opening is not None else ""
    spoken = dialect_of(engine) or dialect_of(run.engine) or (dialect_of(store.engine) if store is not None else "")
    return msgspec.structs.replace(run.written, store=store.id if store is not None else "", dialect=spoken)


def _only(service: Service, engine: str) -> Store | None:
    stores = [
        s
        for s in service.stores
        if s.kind == Kind.RELATIONAL and s.role != Role.SCRATCH and (not engine or s.engine in (engine, UNDECIDED))
    ]
    return stores[0] if len(stores) == 1 else None
