"""Which stores hold the application's tables, also where what opens their database could not be followed."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from fragaudit.catalogue import Catalogue
from fragaudit.link.drivers import Drivers
from fragaudit.link.openings import UNDECIDED
from fragaudit.model.stores import Kind, Opening, Reason, Role, Store, TableOrigin
from fragaudit.wording import AT_RUN_TIME

_MAPPED = (Kind.RELATIONAL, Kind.DOCUMENT)


def mapped_stores(
    stores: Sequence[Store], tables: Sequence[TableOrigin], catalogue: Catalogue, spoken: Drivers
) -> tuple[Store, ...]:
    """Return the stores and, for tables whose database nothing seems to open, that database.

    Settings that only exist where the service runs, and dictionaries picked at run time, hide it; models prove it, and
    so do tables that SQL defines where a driver is imported.
    """
    found = list(stores)
    # A library may serve caches too; its models are tables, unless it is a document store's.
    documents = {lib.package for lib in catalogue.libraries if lib.kind == Kind.DOCUMENT.value}
    for kind in _MAPPED:
        wanted = (t for t in tables if t.library and (t.library in documents) == (kind == Kind.DOCUMENT))
        models = sorted(wanted, key=lambda t: (t.at, t.name))
        if kind == Kind.RELATIONAL and not models and spoken.driver and not any(s.kind == kind for s in found):
            models = sorted((t for t in tables if t.by != "model"), key=lambda t: (t.at, t.name))
        elif any(s.kind == kind and s.role == Role.DATA and opened_by_mapper(s, catalogue) for s in found):
            continue
        if not models:
            continue
        model = models[0]
        engine = (spoken.engine or UNDECIDED) if kind == Kind.RELATIONAL else next(
            (lib.engine for lib in catalogue.libraries if lib.package == model.library and lib.engine), str(kind)
        )  # fmt: skip
        library = model.library or spoken.driver
        what = f"models of {library} are declared here" if model.library else f"tables are defined, {library} imported"
        why = f"role data: {what}; what opens their database could not be followed"
        taken = {s.id for s in found}
        base = f"{kind}:{engine}"
        identifier = next(n for n in (base, *(f"{base}#{i}" for i in range(2, len(taken) + 3))) if n not in taken)
        opening = Opening(model.at, engine, library, "", conditional=False)
        found.append(
            Store(identifier, kind, engine, library, Role.DATA,
                  AT_RUN_TIME, False, (opening,),
                  reasons=(Reason(why, model.at),))
        )  # fmt: skip
    return tuple(sorted(found, key=lambda store: list(Kind).index(store.kind)))


def opened_by_mapper(store: Store, catalogue: Catalogue) -> bool:
    """Say whether a library that models are declared with opens a store."""
    mappers = {lib.package for lib in catalogue.libraries if lib.model}
    return any(opening.library in mappers for opening in store.openings)


def holding_tables(
    stores: Sequence[Store], tables: Sequence[TableOrigin], catalogue: Catalogue, files: frozenset[str]
) -> tuple[Store, ...]:
    """Mark the stores that hold the application's tables: by the file that defines them, else the likeliest.

    Models live in a store that a mapper opens; of several, in the one that the framework's settings name, else in one
    that the service itself opens in its own `files` rather than code that it shares.
    """
    relational = [s for s in stores if s.kind == Kind.RELATIONAL and s.role == Role.DATA]
    documents = [s for s in stores if s.kind == Kind.DOCUMENT and s.role == Role.DATA]
    holders: set[str] = set()
    if tables and relational:
        by_file = {s.id: {o.at.path for o in s.openings} for s in relational}
        for table in tables:
            beside = [s for s, paths in by_file.items() if table.at.path in paths]
            if table.by != "model" and beside:
                holders.add(beside[0])
        if not holders or any(t.by != "sql" for t in tables):
            modelled = any(t.by == "model" for t in tables)
            opened = [s for s in relational if modelled and opened_by_mapper(s, catalogue)]
            configured = frozenset(lib.package for lib in catalogue.libraries if lib.setting)
            main = max(
                opened or relational,
                key=lambda s: (
                    modelled and any(o.library in configured for o in s.openings),
                    any(o.at.path in files for o in s.openings),
                    len(s.openings) + len(s.calls),
                    s.id,
                ),
            )
            holders.add(main.id)
    if documents and (not tables or not relational):
        holders.update(s.id for s in documents)
    holders.update(s.id for s in documents if s.writes)
    return tuple(msgspec.structs.replace(s, holds_tables=True) if s.id in holders else s for s in stores)
