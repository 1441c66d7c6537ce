"""Facts of many files in, services with their stores out. Pure: nothing is read, printed or remembered."""

from __future__ import annotations

from collections.abc import Sequence, Set
from functools import cache
from typing import NamedTuple

import msgspec

from fragaudit.catalogue import Catalogue
from fragaudit.config import Config
from fragaudit.link.across import with_searches
from fragaudit.link.added import Added, Rows
from fragaudit.link.apart import Asked, Here, Start
from fragaudit.link.assemble import Assembly
from fragaudit.link.boundaries import ServiceRoot, boundaries
from fragaudit.link.defined import Defined, defined
from fragaudit.link.drivers import Drivers
from fragaudit.link.evaluate import Evaluator
from fragaudit.link.foundation import with_foundation
from fragaudit.link.ids import Vectors
from fragaudit.link.ids.across import across, service_names
from fragaudit.link.ids.written import Target
from fragaudit.link.mapped import holding_tables, mapped_stores
from fragaudit.link.orm import Mapping
from fragaudit.link.program import Program
from fragaudit.link.queries import Expressed, expressed
from fragaudit.link.roles import primary_of
from fragaudit.link.seen import Seen, opening, reached_by, seen, seen_by, with_slots
from fragaudit.link.spelled import Spelled
from fragaudit.link.sql import spoken_by
from fragaudit.link.statements import Statements
from fragaudit.link.stored import with_stores
from fragaudit.link.tables import table_origins
from fragaudit.model.deploy import DeployFacts
from fragaudit.model.facts import FileFacts
from fragaudit.model.locations import Problem
from fragaudit.model.statements import Written
from fragaudit.model.stores import Kind, Service, Store, TableOrigin

WORTH_A_START = 3_000
"""Calls in a repository below which starting a process costs more than it saves."""


class Linked(msgspec.Struct, frozen=True):
    """The services of a repository, out of how many store calls they were put together, and the files of each.

    `written` are the SQL statements in its Python files, `compose` the compose services that run each service,
    `added` where objects are made and become rows of which table, `problems` what could not be read.
    """

    services: tuple[Service, ...]
    calls_found: int
    calls_resolved: int
    paths: tuple[frozenset[str], ...] = ()
    written: tuple[Written, ...] = ()
    defined: Defined = Defined()
    queries: tuple[Expressed, ...] = ()
    compose: tuple[frozenset[str], ...] = ()
    added: Rows = Rows()
    problems: tuple[Problem, ...] = ()


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
    start: Start = Here,
) -> Linked:
    """Join the facts of a repository into services, each with its stores, primary database and tables.

    Args:
        facts: of all files; their order makes no difference.
        deploy: likewise of deployment files.
        catalogue: the store catalogue.
        config: the configuration.
        name: what a service is called that nothing names.
        start: starts work that can be done beside.
    """
    facts = sorted(facts, key=lambda f: f.path)
    program = Program(facts, catalogue.roots)
    evaluator = Evaluator(program, catalogue)
    roots = boundaries(facts, deploy, config, name)
    spelled = Spelled(program)
    reached = [reached_by(root, program, spelled) for root in roots]
    files_of = _files_of(roots, reached)
    begun = opening(evaluator, catalogue)
    # What is asked of databases and what services keep where have little to do with one another, but for what is
    # opened: that is found first, as most of what names mean is found on the way.
    begin = start if len(program.sites) > WORTH_A_START else Here
    asking = begin(lambda asked: _asked(evaluator, files_of, asked))
    whole = seen(begun, catalogue)
    tables = table_origins(evaluator, catalogue, facts, Mapping(evaluator).defining)
    words = service_names(roots, config)
    if begin is not Here:
        # Slots and what is a single service's own take long to find, and hardly ever change which dialect it speaks.
        likely = (
            _kept(root, paths, whole, paths, tables, catalogue) for root, paths in zip(roots, files_of, strict=True)
        )
        asking.give([config.dialect or spoken_by(each.service) for each in likely])
    whole = with_slots(whole, catalogue)
    kept = []
    for root, used, paths in zip(roots, reached, files_of, strict=True):
        mine, seen_in = seen_by(root, used, whole, facts, catalogue) if len(roots) > 1 else (whole, paths)
        kept.append(_kept(root, paths, mine, seen_in, tables, catalogue))
    asking.give([config.dialect or spoken_by(each.service) for each in kept])
    shared_vectors = Vectors(evaluator, catalogue, whole.found.called, config.vector_ids)
    services = []
    for root, each in zip(roots, kept, strict=True):
        mine, primary = each.seen, each.service.primary or ""

        def store_of(target: Target, assembly: Assembly = each.assembly) -> str:
            return assembly.store_of(target.opening, target.owner, target.engine)

        vectors = shared_vectors
        if mine is not whole:
            vectors = Vectors(mine.evaluator, catalogue, mine.found.called, config.vector_ids)
        writes = vectors.writes(each.files, words[root.name], store_of, primary)
        searches = vectors.searches(each.files, writes, store_of, primary)
        services.append(msgspec.structs.replace(each.service, vector_writes=writes, vector_searches=searches))
    complete = with_searches(across(services), roots, evaluator, deploy, config)
    complete = with_foundation(complete, roots, evaluator, whole.by_call, config.foundation)
    runs = Statements(evaluator, catalogue, begun.opened).all()
    said, queries, added, problems = asking.take()
    written = with_stores(runs, services, files_of, whole.opened, program)
    return Linked(complete, whole.calls_found, len(whole.found.called), tuple(files_of), written, said, queries,
                  tuple(root.compose for root in roots), added, tuple(problems))  # fmt: skip


def _asked(
    evaluator: Evaluator, files: Sequence[frozenset[str]], asked: Asked
) -> tuple[Defined, tuple[Expressed, ...], Rows, list[Problem]]:
    """Return what the code of a repository defines, its query expressions, and the objects it makes rows of.

    `files` are the paths of each service; `asked` tells which dialect each is likely to speak, then which it does.
    """
    mapping = Mapping(evaluator)
    said = defined(mapping)
    likely = cache(asked)
    problems: list[Problem] = []
    queries = expressed(mapping, lambda: _by_path(likely(), files), problems)
    rows = Added(evaluator, mapping).all()
    if likely() != (certain := asked()):
        problems.clear()
        queries = expressed(mapping, lambda: _by_path(certain, files), problems)
    return said, queries, rows, problems


def _by_path(dialects: Sequence[str], files: Sequence[frozenset[str]]) -> dict[str, str]:
    return {path: dialect for dialect, own in zip(dialects, files, strict=True) for path in own}


class _Kept(NamedTuple):
    """A service and what is needed to tell how it uses vectors: `files` are the numbers of its files."""

    service: Service
    seen: Seen
    assembly: Assembly
    files: frozenset[int]


def _kept(
    root: ServiceRoot, paths: Set[str], mine: Seen, seen_in: Set[str], tables: Sequence[TableOrigin],
    catalogue: Catalogue,
) -> _Kept:  # fmt: skip
    """Return a service with its stores, its primary database and its tables; what it opens is seen in some files."""
    files = frozenset(number for number, file in enumerate(mine.program.files) if file.path in seen_in)
    spoken = Drivers(mine.program, files)
    hint = spoken.engine
    assembly = Assembly(mine.evaluator, catalogue, mine.found, files, hint)
    stores, classes = assembly.stores()
    # What stands in SQL files of no service is only that of services with a database.
    databases = any(store.kind in (Kind.RELATIONAL, Kind.DOCUMENT) for store in stores)
    own = tuple(
        t for t in tables
        if t.at.path in paths and (databases or t.at.path in root.files or t.at.path.endswith(".py"))
    )  # fmt: skip
    stores = holding_tables(mapped_stores(stores, own, catalogue, spoken), own, catalogue, root.files)
    primary, why = primary_of(stores, own, root.files)
    stores = _inside_primary(stores, primary)
    unresolved = tuple(sorted(at for at in mine.unresolved if at.path in paths))
    service = Service(root.name, root.root, root.reasons, stores, primary, why, classes, own, len(root.files),
                      unresolved)  # fmt: skip
    return _Kept(service, mine, assembly, files)


def _files_of(roots: Sequence[ServiceRoot], reached: Sequence[Set[str]]) -> list[frozenset[str]]:
    """Return the files of each service: its own, shared code that it imports, and what nobody is seen to import."""
    known = frozenset().union(*reached)
    return [
        root.files | used | {path for path in root.shared if path not in known or not path.endswith(".py")}
        for root, used in zip(roots, reached, strict=True)
    ]


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
