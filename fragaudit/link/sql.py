"""SQL texts to services: who runs them, in which dialect, on which tables, and whether indexes serve them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

import msgspec

from fragaudit.config import Config
from fragaudit.coverage import NO_BTREE, no_btree
from fragaudit.link.accesses import accesses
from fragaudit.link.queries import Expressed
from fragaudit.link.schema.apart import Schemas
from fragaudit.link.visible import visible_origins, visible_tables
from fragaudit.model.accesses import Access, Used, Write
from fragaudit.model.facts import FileFacts
from fragaudit.model.schema import Table
from fragaudit.model.statements import Read, Written
from fragaudit.model.stores import Kind, Role, Service, Unparsed

_DIALECTS = {
    "postgresql": "postgres",
    "cockroachdb": "postgres",
    "timescaledb": "postgres",
    "pgvector": "postgres",
    "mysql": "mysql",
    "mariadb": "mysql",
    "tidb": "mysql",
    "sqlite": "sqlite",
    "libsql": "sqlite",
    "mssql": "tsql",
    "oracle": "oracle",
    "duckdb": "duckdb",
    "snowflake": "snowflake",
    "bigquery": "bigquery",
    "clickhouse": "clickhouse",
    "redshift": "redshift",
    "athena": "athena",
    "databricks": "databricks",
    "spark": "spark",
    "hive": "hive",
    "trino": "trino",
    "presto": "presto",
    "singlestore": "singlestore",
    "doris": "doris",
    "starrocks": "starrocks",
    "teradata": "teradata",
    "risingwave": "risingwave",
    "materialize": "materialize",
}
_TRIED = frozenset({"postgres", "sqlite", "mysql", "tsql", "oracle"})
"""Dialects whose grammars are tried where none is known."""
Texts = Sequence[tuple[Written, Sequence[Read]]]


class Understood(msgspec.Struct, frozen=True):
    """Services with their schema and accesses, and out of how many statements and accesses that was made."""

    services: tuple[Service, ...]
    found: int = 0
    parsed: int = 0
    dynamic: int = 0
    unparsed: int = 0
    accesses: int = 0
    resolved: int = 0
    unknown_table: int = 0
    no_btree: int = 0


def dialect_of(engine: str) -> str:
    """Return sqlglot's name for the dialect of an engine, empty if it has none."""
    return _DIALECTS.get(engine, "")


def assigned(
    services: Sequence[Service],
    paths: Sequence[frozenset[str]],
    facts: Sequence[FileFacts],
    config: Config,
    more: Sequence[Written] = (),
) -> list[Written]:
    """Return the texts of SQL files, and more texts, with the dialect they are to be read in.

    What the configuration says comes first, then what the text itself shows, then the one dialect that the stores of
    the file's service speak, then what most files of the repository show.
    """
    spoken = {path: spoken_by(s) for s, own in zip(services, paths, strict=True) for path in own}
    shown = Counter(file.written[0].dialect for file in facts if file.written and file.written[0].dialect)
    usual = max(sorted(shown), key=lambda d: (shown[d], not no_btree(None, d))) if shown else ""
    found = []
    for file in facts:
        for written in file.written:
            dialect = config.dialect or written.dialect or spoken.get(file.path) or usual
            found.append(msgspec.structs.replace(written, dialect=dialect))
    for written in more:
        dialect = config.dialect or written.dialect or spoken.get(written.path) or usual
        found.append(msgspec.structs.replace(written, dialect=dialect))
    return found


def spoken_by(service: Service) -> str:
    """Return the dialect of a service's stores: its primary's, or the only one that any of them speaks."""
    primary = next((s for s in service.stores if s.id == service.primary), None)
    if primary is not None and primary.kind == Kind.RELATIONAL:
        return dialect_of(primary.engine)
    spoken = {dialect_of(s.engine) for s in service.stores if s.kind == Kind.RELATIONAL} - {""}
    return spoken.pop() if len(spoken) == 1 else ""


def attach(
    services: Sequence[Service],
    paths: Sequence[frozenset[str]],
    read: Texts,
    schemas: Schemas,
    uses: Sequence[Sequence[Used]],
    expressed: Sequence[Expressed] = (),
) -> Understood:
    """Return the services with the tables they define and use, and everything they ask of them.

    Args:
        services: the services.
        paths: the files of each.
        read: all SQL texts of the repository, and what they say.
        schemas: the tables that each can see.
        uses: for each text, what its statements do to them.
        expressed: queries that are written as expressions.
    """
    owner = {path: number for number in reversed(range(len(paths))) for path in paths[number]}
    found: list[list[Access]] = [[] for _ in services]
    writes: list[list[Write]] = [[] for _ in services]
    unparsed: list[list[Unparsed]] = [[] for _ in services]
    counts: Counter[str] = Counter()
    ways: dict[tuple[tuple[str, int, int], int], set[str]] = defaultdict(set)
    # Of the ways in which one text may be put together some never are; that another one parses tells which.
    sound = {_start(written) for written, reads in read if written.composed and any(map(_parsed, reads))}
    for (written, reads), used in zip(read, uses, strict=True):
        number = owner.get(written.path)
        if number is not None:
            for use, one in zip(used, (r for r in reads if r.statement is not None), strict=True):
                text = written.text[one.at[0] : one.at[1]]
                found[number] += (_told(access, text, written) for access in use.accesses)
                writes[number] += use.writes
        for place, one in enumerate(reads):
            kind = _kind(one, written)
            ways[_start(written), place].add(kind)
            if kind == "unparsed" and number is not None and written.executed and _start(written) not in sound:
                unparsed[number].append(
                    Unparsed(
                        written.place(one.problem_at if one.problem_at[0] >= 0 else one.at),
                        one.problem,
                        not written.composed,
                    )
                )
    # However many ways there are to put a text together, it is one: what the best of them comes to.
    counts.update(next(kind for kind in _KINDS if kind in kinds) for kinds in ways.values())
    told: set[tuple[object, ...]] = set()
    for query in expressed:
        number = owner.get(query.written.path)
        if number is not None:
            schema = schemas.of(number)
            one_or_more = [accesses(s, query.written, schema) for s in query.statements]
            for access in alternatives([used.accesses for used in one_or_more]):
                # Queries that are built on one another share what was asked first.
                if (asked := (access.at, *_asked(access), access.verb)) not in told:
                    told.add(asked)
                    found[number].append(access)
            writes[number] += one_or_more[0].writes
    every = [a for own in found for a in own]
    counted = Counter(path for own in paths for path in own)
    visible = visible_tables(services, paths, counted, schemas, [
        [*((a.table, a.at.path) for a in asked), *((w.table, w.at.path) for w in written)]
        for asked, written in zip(found, writes, strict=True)
    ])  # fmt: skip
    done = tuple(
        msgspec.structs.replace(
            service,
            schema=visible[number],
            tables=visible_origins(service.tables, visible[number], counted),
            accesses=tuple(
                sorted(_in_one_dialect(found[number], service, visible[number]), key=lambda a: (a.at, a.table, a.alias))
            ),
            writes=tuple(sorted(writes[number])),
            unparsed=tuple(sorted(set(unparsed[number]))),
        )
        for number, service in enumerate(services)
    )
    unknown = sum(a.category == "unknown table" for a in every)
    return Understood(
        done,
        found=sum(n for kind, n in counts.items() if kind != "skipped"),
        parsed=counts["parsed"],
        dynamic=counts["dynamic"],
        unparsed=counts["unparsed"],
        accesses=len(every),
        resolved=len(every) - unknown,
        unknown_table=unknown,
        no_btree=sum(a.category == NO_BTREE for a in every),
    )


def _start(written: Written) -> tuple[str, int, int]:
    """Return where a text begins, however much of it there is."""
    return written.at.path, written.at.line, written.at.column


def _told(access: Access, text: str, written: Written) -> Access:
    """Return an access with its text; the grammar by which that could be read is no dialect that anything names."""
    guessed = not written.dialect and access.dialect in _TRIED
    return msgspec.structs.replace(access, text=text, dialect="" if guessed else access.dialect)


def _in_one_dialect(asked: Sequence[Access], service: Service, tables: Sequence[Table]) -> Iterable[Access]:
    """Return what a service asks of a database that may be any in the one dialect that its tables are defined in.

    Without one, in none: which grammar a statement could be read by doesn't say what the database is, and what is
    advised for all of them together is written for one database.
    """
    primary = next((s for s in service.stores if s.id == service.primary), None)
    if primary is None or primary.kind != Kind.RELATIONAL or dialect_of(primary.engine):
        return asked
    if sum(s.kind == Kind.RELATIONAL and s.role != Role.SCRATCH for s in service.stores) > 1:
        return asked
    spoken = {t.engine for t in tables if t.engine in _TRIED}
    dialect = spoken.pop() if len(spoken) == 1 else ""
    return [msgspec.structs.replace(a, dialect=dialect) if a.dialect in _TRIED else a for a in asked]


def _parsed(read: Read) -> bool:
    return read.statement is not None or bool(read.changes) or bool(read.dynamic)


_KINDS = ("parsed", "dynamic", "unparsed", "skipped")


def _kind(read: Read, written: Written) -> str:
    """Return what became of a statement; one with gaps that may be any SQL isn't known, so it can't be wrong."""
    if read.dynamic:
        return "dynamic"
    if read.problem:
        start, end = read.at
        open_ = any(hole.what == "unknown" and start <= hole.at[0] <= end for hole in written.holes)
        return "dynamic" if open_ else "unparsed"
    return "parsed" if read.statement is not None or read.changes else "skipped"


def alternatives(variants: Sequence[tuple[Access, ...]]) -> list[Access]:
    """Return the accesses of a statement that may run with more conditions: what each of them adds to the least.

    Where rows can't be found with the least, whatever may be added is no way out of it, and isn't said again.
    """
    first, *others = variants
    found = list(first)
    bad = {(a.table, a.alias) for a in first if a.verdict == "uncovered"}
    same = {_asked(a) for a in first}
    for other in others:
        for access in other:
            if (access.table, access.alias) not in bad and _asked(access) not in same:
                same.add(_asked(access))
                found.append(access)
    return found


def _asked(access: Access) -> tuple[object, ...]:
    return access.table, access.alias, access.conditions, access.arms, access.sort, access.limit, access.unindexable
