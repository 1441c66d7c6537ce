"""Facts of many files in, services with their stores out. Pure: nothing is read, printed or remembered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec

from fragaudit.catalogue import Catalogue
from fragaudit.config import Config
from fragaudit.link.assemble import Assembly, Found
from fragaudit.link.boundaries import ServiceRoot, boundaries
from fragaudit.link.configured import Configured
from fragaudit.link.defined import Defined, defined
from fragaudit.link.evaluate import Evaluator
from fragaudit.link.holders import Holders
from fragaudit.link.mapped import holding_tables, mapped_stores
from fragaudit.link.openings import Openings
from fragaudit.link.orm import Mapping
from fragaudit.link.program import Program
from fragaudit.link.queries import Expressed, expressed
from fragaudit.link.reach import Reach
from fragaudit.link.roles import primary_of
from fragaudit.link.slots import Slots
from fragaudit.link.sql import spoken_by
from fragaudit.link.statements import Statements, with_stores
from fragaudit.link.tables import table_origins
from fragaudit.link.usage import Usage
from fragaudit.model.deploy import DeployFacts
from fragaudit.model.facts import FileFacts
from fragaudit.model.statements import Written
from fragaudit.model.stores import Kind, Service, Store

_DRIVERS = {
    "psycopg": "postgresql",
    "psycopg2": "postgresql",
    "psycopg_pool": "postgresql",
    "asyncpg": "postgresql",
    "pg8000": "postgresql",
    "pgvector": "postgresql",
    "pymysql": "mysql",
    "aiomysql": "mysql",
    "asyncmy": "mysql",
    "MySQLdb": "mysql",
    "mysql": "mysql",
    "aiosqlite": "sqlite",
    "oracledb": "oracle",
    "cx_Oracle": "oracle",
    "pyodbc": "mssql",
}


class Linked(msgspec.Struct, frozen=True):
    """The services of a repository, out of how many store calls they were put together, and the files of each.

    `written` are the SQL statements in its Python files.
    """

    services: tuple[Service, ...]
    calls_found: int
    calls_resolved: int
    paths: tuple[frozenset[str], ...] = ()
    written: tuple[Written, ...] = ()
    defined: Defined = Defined()
    queries: tuple[Expressed, ...] = ()


def link(
    facts: Sequence[FileFacts], deploy: Sequence[DeployFacts], catalogue: Catalogue, config: Config
) -> tuple[Service, ...]:
    """Return the services of a repository; see `link_counted`."""
    return link_counted(facts, deploy, catalogue, config).services


def link_counted(
    facts: Sequence[FileFacts],
    deploy: Sequence[DeployFacts],
    catalogue: Catalogue,
    config: Config,
    name: str = "service",
) -> Linked:
    """Join the facts of a repository into services, each with its stores, primary database and tables.

    The order of the facts makes no difference. `name` is what a service is called that nothing names.
    """
    facts = sorted(facts, key=lambda f: f.path)
    program = Program(facts, catalogue.roots)
    evaluator = Evaluator(program, catalogue)
    opened = tuple(dict.fromkeys((*Openings(evaluator, catalogue).all(), *Configured(evaluator, catalogue).all())))
    usage = Usage(evaluator, catalogue)
    called = usage.all()
    used = {c.opening for c in called}
    opened = tuple(o for o in opened if not o.on_use or o.key in used)
    slots = Slots(evaluator, catalogue, opened)
    held = Holders(evaluator, catalogue).all()
    found = Found(opened, (*slots.families(), *slots.arms()), held, called, Reach(program))
    tables = table_origins(evaluator, catalogue, facts)
    numbers = {file.path: number for number, file in enumerate(program.files)}
    unresolved = [program.location(site.place.file, site.call.at) for site in usage.unresolved_searches]
    services = []
    files_of = []
    for root in boundaries(facts, deploy, config, name):
        paths = root.files | root.shared
        files_of.append(paths)
        files = frozenset(numbers[path] for path in paths if path in numbers)
        own = tuple(t for t in tables if t.at.path in paths)
        hint = _engine_hint(program, files)
        stores, classes = Assembly(evaluator, catalogue, found, files, hint).stores()
        stores = holding_tables(mapped_stores(stores, own, catalogue, hint), own, catalogue)
        primary, why = primary_of(stores, own)
        stores = _inside_primary(stores, primary)
        services.append(
            Service(
                root.name,
                root.root,
                root.reasons,
                stores,
                primary,
                why,
                classes,
                own,
                _count(root),
                tuple(sorted(at for at in unresolved if at.path in paths)),
            )
        )
    runs = Statements(evaluator, catalogue, opened).all()
    written = with_stores(runs, services, files_of, opened, program)
    mapping = Mapping(evaluator)
    spoken = {path: spoken_by(s) for s, own in zip(services, files_of, strict=True) for path in own}
    queries = expressed(mapping, {path: config.dialect or dialect for path, dialect in spoken.items()})
    every = tuple(files_of)
    return Linked(tuple(services), usage.found, len(called), every, written, defined(mapping), queries)


def _count(root: ServiceRoot) -> int:
    return len(root.files)


def _engine_hint(program: Program, files: frozenset[int]) -> str | None:
    """Return the relational engine that most imports of drivers and dialects speak of."""
    votes: Counter[str] = Counter()
    for number in files:
        for item in program.files[number].imports:
            if item.level:
                continue
            if item.module.startswith("sqlalchemy.dialects."):
                votes[item.module.split(".")[2]] += 1
            elif item.module == "sqlalchemy.dialects" and item.name:
                votes[item.name] += 1
            elif item.module.partition(".")[0] in _DRIVERS:
                votes[_DRIVERS[item.module.partition(".")[0]]] += 1
    votes = Counter({e: n for e, n in votes.items() if e in set(_DRIVERS.values())})
    # A service that speaks several dialects runs on what it is configured for; only a majority is a hint.
    engine, count = max(sorted(votes.items()), key=lambda vote: vote[1], default=("", 0))
    return engine if 2 * count > votes.total() else None


def _inside_primary(stores: Sequence[Store], primary: str | None) -> tuple[Store, ...]:
    """Mark vector stores that live in the primary database: pgvector beside PostgreSQL tables, vectors in MongoDB."""
    main = next((s for s in stores if s.id == primary), None)
    if main is None:
        return tuple(stores)
    marked = []
    for store in stores:
        together = (
            store.kind in (Kind.VECTOR, Kind.GRAPH) and store.engine.replace("pgvector", "postgresql") == main.engine
        )
        apart = store.certain and main.certain and store.identity != main.identity
        marked.append(msgspec.structs.replace(store, inside=main.id) if together and not apart else store)
    return tuple(marked)
