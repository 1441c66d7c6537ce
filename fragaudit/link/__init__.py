"""Facts of many files in, services with their stores out. Pure: nothing is read, printed or remembered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence, Set

import msgspec

from fragaudit.catalogue import Catalogue
from fragaudit.config import Config
from fragaudit.link.across import with_searches
from fragaudit.link.assemble import Assembly
from fragaudit.link.boundaries import ServiceRoot, boundaries
from fragaudit.link.defined import Defined, defined
from fragaudit.link.foundation import with_foundation
from fragaudit.link.ids import Vectors
from fragaudit.link.ids.across import across, service_names
from fragaudit.link.ids.writes import Target
from fragaudit.link.mapped import holding_tables, mapped_stores
from fragaudit.link.orm import Mapping
from fragaudit.link.program import Program
from fragaudit.link.queries import Expressed, expressed
from fragaudit.link.roles import primary_of
from fragaudit.link.seen import seen, seen_by
from fragaudit.link.sql import spoken_by
from fragaudit.link.statements import Statements
from fragaudit.link.stored import with_stores
from fragaudit.link.tables import table_origins
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


def imported_unread(facts: Sequence[FileFacts], of: Set[str]) -> set[str]:
    """Return the paths of files of the project that some files import and that were not looked into."""
    program = Program(facts)
    return {
        program.files[number].path
        for asking, file in enumerate(program.files)
        if file.path in of
        for item in file.imports
        for number in program.targets(item, asking)
        if not program.files[number].parsed and not program.files[number].problems
    }


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
    whole = seen(facts, catalogue)
    program, evaluator = whole.program, whole.evaluator
    mapping = Mapping(evaluator)
    tables = table_origins(evaluator, catalogue, facts, mapping.defining)
    services = []
    roots = boundaries(facts, deploy, config, name)
    words = service_names(roots, config)
    files_of = []
    shared_vectors = Vectors(evaluator, catalogue, whole.found.called, config.vector_ids)
    for root in roots:
        paths = root.files | root.shared
        files_of.append(paths)
        mine, seen_in = seen_by(root, whole, facts, catalogue) if len(roots) > 1 else (whole, paths)
        files = frozenset(number for number, file in enumerate(mine.program.files) if file.path in seen_in)
        own = tuple(t for t in tables if t.at.path in paths)
        hint = _engine_hint(mine.program, files)
        assembly = Assembly(mine.evaluator, catalogue, mine.found, files, hint)
        stores, classes = assembly.stores()
        stores = holding_tables(mapped_stores(stores, own, catalogue, hint), own, catalogue)
        primary, why = primary_of(stores, own)
        stores = _inside_primary(stores, primary)

        def store_of(target: Target, assembly: Assembly = assembly) -> str:
            return assembly.store_of(target.opening, target.owner, target.engine)

        vectors = shared_vectors
        if mine is not whole:
            vectors = Vectors(mine.evaluator, catalogue, mine.found.called, config.vector_ids)
        writes = vectors.writes(files, words[root.name], store_of, primary or "")
        searches = vectors.searches(files, writes, store_of, primary or "")
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
                tuple(sorted(at for at in mine.unresolved if at.path in paths)),
                vector_writes=writes,
                vector_searches=searches,
            )
        )
    complete = with_searches(across(services), roots, evaluator, deploy, config)
    complete = with_foundation(complete, roots, evaluator, whole.by_call, config.foundation)
    runs = Statements(evaluator, catalogue, whole.opened).all()
    written = with_stores(runs, services, files_of, whole.opened, program)
    spoken = {path: spoken_by(s) for s, own in zip(services, files_of, strict=True) for path in own}
    queries = expressed(mapping, {path: config.dialect or dialect for path, dialect in spoken.items()})
    return Linked(complete, whole.calls_found, len(whole.found.called), tuple(files_of), written, defined(mapping),
                  queries)  # fmt: skip


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
