"""What is said of indexes, held against PostgreSQL's planner on random schemas and statements.

A server is started for it where one is installed:

    python -m pytest tests/test_planner_postgres.py

`covered` means that the planner can look rows up by the first key of an index or take their order from one, `uncovered`
that it can't, however dear a scan is made; each index that is proposed is taken once it is there.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))

from postgres_server import Session, missing, session

from fragaudit.advise.plan import plan
from fragaudit.config import Config
from fragaudit.model.accesses import Access
from fragaudit.model.findings import Report
from fragaudit.pipeline import audit_sources

WHY = missing()
pytestmark = pytest.mark.skipif(bool(WHY), reason=f"no PostgreSQL server can be started: {WHY}")
COLUMNS = ("a", "b", "c", "s")
POSTGRES = Config(dialect="postgres")
MANY = settings(
    max_examples=40, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)  # fmt: skip
MODES = (
    "SET enable_seqscan = off; SET enable_bitmapscan = on; SET enable_indexscan = on;",
    "SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_indexscan = on;",
    "SET enable_seqscan = off; SET enable_bitmapscan = on; SET enable_indexscan = off;",
)
"""Ways to make the planner show what it can do."""
ROWS = (
    "SELECT g, nullif(g % 97, 5), nullif(g % 53, 7), g % 31, CASE WHEN g % 3 <> 0 THEN 's' || g % 71 END, g % 2 = 0 "
    "FROM generate_series(1, 300) g"
)


@pytest.fixture(scope="module")
def database() -> Iterator[Session]:
    with session() as opened:
        opened.run("SET plan_cache_mode = force_generic_plan; SET enable_hashjoin = off; SET enable_mergejoin = off;")
        opened.run("SET client_min_messages = warning; SET enable_material = off; SET enable_memoize = off;")
        yield opened


# -- schemas and statements ---


@st.composite
def indexes(draw: st.DrawFn, table: str) -> str:
    statements = []
    for number in range(draw(st.integers(0, 3))):
        method = draw(st.sampled_from(("", "", "", "", " USING hash", " USING brin")))
        possible = COLUMNS if method else (*COLUMNS, "f")
        chosen = draw(st.lists(st.sampled_from(possible), min_size=1, max_size=3, unique=True))
        if method == " USING hash":
            chosen = chosen[:1]
        keys = [name if method else draw(st.sampled_from(_keys(name))) for name in chosen]
        more = "" if method else draw(st.sampled_from(("", "", " INCLUDE (id)")))
        parts = ("", "", "", " WHERE b IS NULL", " WHERE a IS NOT NULL", " WHERE c = 5", " WHERE f")
        where = draw(st.sampled_from(parts))
        statements.append(f"CREATE INDEX {table}_{number} ON {table}{method} ({', '.join(keys)}){more}{where};")
    return "\n".join(statements)


def _keys(name: str) -> tuple[str, ...]:
    if name == "s":
        return name, name, f"{name} DESC", f"lower({name})", f"{name} text_pattern_ops"
    return name, name, f"{name} DESC", f"{name} DESC NULLS LAST"


@st.composite
def tables(draw: st.DrawFn, name: str) -> str:
    key = draw(st.sampled_from(("id integer PRIMARY KEY", "id integer", "id integer UNIQUE")))
    end = draw(st.sampled_from(("", "", ", UNIQUE (a, id)", ", UNIQUE (c, id)")))
    columns = f"{key}, a integer, b integer, c integer NOT NULL, s text, f boolean{end}"
    return f"CREATE TABLE {name} ({columns});\n{draw(indexes(name))}"


def comparison(column: str) -> st.SearchStrategy[str]:
    shapes = [
        f"{column} = ?", f"{column} IN (?, ?)", f"{column} > ?", f"{column} BETWEEN ? AND ?", f"{column} IS NULL",
        f"{column} <> ?", f"? = {column}", f"{column} = ? OR {column} = ?", f"NOT {column} = ?",
        f"{column} IS NOT NULL", f"{column} IS DISTINCT FROM ?", f"{column} IS NOT DISTINCT FROM ?",
    ]  # fmt: skip
    if column.endswith("s"):
        shapes += [f"lower({column}) = ?", f"{column} LIKE 'x%'", f"{column} LIKE '%x'", f"coalesce({column}, '') = ?",
                   f"(?::text IS NULL OR {column} = ?)", f"{column} ILIKE 'x%'"]  # fmt: skip
    else:
        shapes += [f"{column} + 1 = ?", f"coalesce({column}, 0) = ?", f"(?::int IS NULL OR {column} = ?)",
                   f"{column} = 5", f"NOT ({column} < ? OR {column} > ?)",
                   f"{column} = ANY(ARRAY[?, ?]::int[])"]  # fmt: skip
    return st.sampled_from([f"({s})" for s in shapes])


@st.composite
def conditions(draw: st.DrawFn, alias: str) -> str:
    names = [f"{alias}.{c}" for c in ("id", *COLUMNS)]
    parts = [draw(st.sampled_from(names).flatmap(comparison)) for _ in range(draw(st.integers(1, 3)))]
    # Null tests of what is never null are dropped by the planner, or make the whole statement return nothing.
    assume(not any(f"{alias}.{c} IS" in p for p in parts for c in ("id", "c")))
    if draw(st.booleans()):
        left, right = draw(st.sampled_from(names[:4])), draw(st.sampled_from(names[:4]))
        parts.append(f"({left} = ? OR {right} = ?)")
    return " AND ".join(parts)


def numbered(statement: str) -> tuple[str, int]:
    """Return a statement with its parameters numbered, and how many there are."""
    parts = statement.split("?")
    return "".join(f"{p}${n}" if n < len(parts) else p for n, p in enumerate(parts, 1)), len(parts) - 1


# -- what the planner can do ---


_AROUND = frozenset({"ModifyTable", "Subquery Scan", "LockRows"})
"""Nodes that have the alias of the table that one below them reads."""


def seen(database: Session, statement: str, alias: str) -> set[str]:
    """Return how the planner reads a source when it may not scan: `search`, `part`, `order` or `scan`."""
    text, count = numbered(statement)
    found = set()
    for mode in MODES:
        database.run(mode)
        plan = database.explain(text, count)
        found.add(_how(plan, alias, _sorts(plan), database))
    return found


def _how(plan: dict[str, Any], alias: str, sorts: bool, database: Session) -> str:
    node = next((n for n in _nodes(plan) if n.get("Alias") == alias and n["Node Type"] not in _AROUND), None)
    if node is None:
        return "nothing"
    if node["Node Type"] == "Bitmap Heap Scan":
        return _bitmap(next(n for n in node["Plans"] if n["Parent Relationship"] != "InitPlan"), database)
    if "Index Name" not in node:
        return "scan"
    return _index(node, database) if _index(node, database) != "walk" else "walk" if sorts else "order"


def _bitmap(node: dict[str, Any], database: Session) -> str:
    ways = [_bitmap(child, database) for child in node.get("Plans", ())]
    if node["Node Type"] == "BitmapAnd":
        return "search" if "search" in ways else "part" if "part" in ways else "walk"
    if ways:
        return "search" if set(ways) == {"search"} else "part" if set(ways) <= {"search", "part"} else "walk"
    return _index(node, database)


def _index(node: dict[str, Any], database: Session) -> str:
    """Say whether an index is entered at its first key, is a part of the table, or is walked from end to end."""
    told = database.run("SELECT pg_get_indexdef(i.indexrelid, 1, true), i.indpred IS NOT NULL, a.amname "
                        f"FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am a ON a.oid = c.relam "
                        f"WHERE c.relname = '{node['Index Name']}';")  # fmt: skip
    first, partial, method = told[0].split("|")
    # A test for what nearly all rows pass is no way into an index.
    condition = re.sub(r"\([^()]* IS NOT NULL\)", "", node.get("Index Cond", ""))
    if condition.strip("() AND") and (method == "brin" or re.search(rf"(?<![\w.]){re.escape(first)}", condition)):
        return "search"
    return "part" if partial == "t" else "walk"


def _sorts(plan: dict[str, Any]) -> bool:
    return any(n["Node Type"] == "Sort" for n in _nodes(plan))


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from _nodes(child)


def audited(schema: str, statement: str) -> Report:
    text = numbered(statement)[0]
    report = audit_sources({"schema.sql": schema, "queries.sql": f"-- name: it\n{text};\n"}, POSTGRES)
    assert not report.problems
    assert report.coverage.sql_unparsed == 0, statement
    return report


def judged(report: Report) -> dict[str, Access]:
    return {a.alias: a for service in report.services for a in service.accesses}


def built(database: Session, schema: str) -> None:
    names = re.findall(r"CREATE TABLE (\w+)", schema)
    filled = "".join(f"INSERT INTO {name} {ROWS}; ANALYZE {name};" for name in names)
    database.run(f"DROP TABLE IF EXISTS t, u;\n{schema}\n{filled}")


def agrees(access: Access, statement: str, database: Session) -> tuple[bool, set[str]]:
    """Say whether a verdict is the planner's, and what that makes of the statement."""
    ways = seen(database, statement, access.alias)
    if access.verdict == "covered" and not _served(ways):
        # It may find another one cheaper in a table as small as this.
        names = set(re.findall(r"\b([tu]_\d)\b", access.by))
        others = "^[tu]_[0-9]$" if "unique" in access.by or "primary" in access.by else "^[tu]_([0-9]|.*key)$"
        database.run(f"UPDATE pg_index SET indisvalid = false FROM pg_class c WHERE c.oid = indexrelid AND c.relname ~ "
                     f"'{others}' AND c.relname <> ALL ('{{{','.join(names)}}}');")  # fmt: skip
        ways = seen(database, statement, access.alias)
    return _fits(access, ways), ways


def _served(ways: set[str]) -> bool:
    return not ways.isdisjoint(("search", "part", "order", "nothing"))


def _fits(access: Access, ways: set[str]) -> bool:
    if access.verdict == "covered":
        return _served(ways)
    if access.verdict == "uncovered":
        return "search" not in ways and (access.category != "sort" or "order" not in ways)
    return True


# -- the properties ---


@MANY
@given(schema=tables("t"), where=conditions("t"),
       end=st.sampled_from(("", "", " LIMIT 5", " ORDER BY t.a LIMIT 5", " ORDER BY t.c DESC")))  # fmt: skip
def test_one_table(database: Session, schema: str, where: str, end: str) -> None:
    # Which condition on a column BRIN is asked by costs the planner the same.
    assume("brin" not in schema or "IS NOT NULL" not in where)
    statement = f"SELECT * FROM t WHERE {where}{end}"
    access = judged(audited(schema, statement))["t"]
    built(database, schema)
    fits, ways = agrees(access, statement, database)
    assert fits, f"{access.verdict} ({access.why}) but {ways}:\n{schema}\n{statement}"


@MANY
@given(schema=tables("t"), column=st.sampled_from(("a", "b", "c", "s", "id")),
       direction=st.sampled_from(("", " DESC", " DESC NULLS LAST")),
       more=st.sampled_from(("", ", id", ", b DESC", ", c")))  # fmt: skip
def test_an_order_with_a_limit(database: Session, schema: str, column: str, direction: str, more: str) -> None:
    statement = f"SELECT * FROM t ORDER BY {column}{direction}{more} LIMIT 3"
    access = judged(audited(schema, statement))["t"]
    built(database, schema)
    fits, ways = agrees(access, statement, database)
    assert fits, f"{access.verdict} ({access.why}) but {ways}:\n{schema}\n{statement}"


@MANY
@given(schema=tables("t"), other=tables("u"), left=st.sampled_from(("a", "b", "c")),
       right=st.sampled_from(("id", "a", "b", "c")), inner=st.one_of(st.just(""), conditions("u")))  # fmt: skip
def test_the_optional_side_of_a_join(
    database: Session, schema: str, other: str, left: str, right: str, inner: str
) -> None:  # fmt: skip
    """Which is read last where only nested loops may be used."""
    more = f" AND {inner}" if inner else ""
    statement = f"SELECT * FROM t LEFT JOIN u ON u.{right} = t.{left}{more} WHERE t.c = ?"
    access = judged(audited(f"{schema}\n{other}", statement))["u"]
    built(database, f"{schema}\n{other}")
    fits, ways = agrees(access, statement, database)
    assert fits, f"{access.verdict} ({access.why}) but {ways}:\n{schema}\n{other}\n{statement}"


SHAPES = (
    "SELECT * FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.{right} = t.{left} AND {inner}) AND {outer}",
    "SELECT * FROM t WHERE NOT EXISTS (SELECT 1 FROM u WHERE u.{right} = t.{left} AND {inner}) AND {outer}",
    "SELECT * FROM t WHERE t.{left} IN (SELECT u.{right} FROM u WHERE {inner})",
    "SELECT * FROM t WHERE t.{left} NOT IN (SELECT u.{right} FROM u WHERE {inner}) AND {outer}",
    "SELECT t.id, (SELECT count(*) FROM u WHERE u.{right} = t.{left} AND {inner}) FROM t WHERE {outer}",
    "SELECT * FROM t, LATERAL (SELECT * FROM u WHERE u.{right} = t.{left} ORDER BY u.c LIMIT 1) x WHERE {outer}",
    "SELECT * FROM (SELECT id, a, b, c, s, f FROM u) u WHERE {inner}",
    "SELECT * FROM (SELECT u.{right} AS k, max(u.c) FROM u GROUP BY u.{right}) x WHERE x.k = ?",
    "SELECT * FROM (SELECT u.*, row_number() OVER (PARTITION BY u.{right}) n FROM u) u WHERE u.{right} = ? AND u.n = 1",
    "SELECT * FROM (SELECT * FROM u ORDER BY u.id LIMIT 10) u WHERE u.{right} = ?",
    "SELECT * FROM (SELECT t.a k, t.b FROM t UNION ALL SELECT u.a, u.b FROM u) x WHERE x.k = ?",
    "WITH q AS (SELECT * FROM t) SELECT * FROM q JOIN q r ON q.id = r.{left} WHERE q.{left} = ?",
    "WITH q AS MATERIALIZED (SELECT * FROM t) SELECT * FROM q WHERE q.{left} = ?",
    "WITH gone AS (DELETE FROM t WHERE {outer} RETURNING id) SELECT * FROM gone",
    "UPDATE t SET c = 1 FROM u WHERE u.{right} = t.{left} AND {inner}",
    "DELETE FROM t WHERE t.{left} IN (SELECT u.{right} FROM u WHERE {inner})",
    "INSERT INTO t (id, c) SELECT u.id, u.c FROM u WHERE {inner}",
    "SELECT t.{left}, count(*) FROM t GROUP BY t.{left} HAVING t.{left} = ?",
    "SELECT max(t.{left}) FROM t WHERE {outer}",
    "SELECT DISTINCT ON (t.{left}) * FROM t WHERE {outer} ORDER BY t.{left}, t.id",
    "SELECT * FROM t WHERE (t.{left}, t.id) > (?, ?) ORDER BY t.{left}, t.id LIMIT 5",
    "SELECT * FROM t WHERE (t.{left}, t.c) IN ((?, ?), (?, ?))",
    "SELECT * FROM t JOIN (VALUES (1), (2)) v (k) ON v.k = t.{left}",
    "SELECT * FROM t LEFT JOIN u ON u.{right} = t.{left} WHERE u.id IS NULL AND {outer}",
    "SELECT * FROM t WHERE t.{left} > ? - 5 AND t.{left} < 3 + ?",
    "SELECT * FROM t WHERE {outer} ORDER BY t.{left} LIMIT 1 FOR UPDATE SKIP LOCKED",
)


@MANY
@given(schema=tables("t"), other=tables("u"), left=st.sampled_from(("id", "a", "b", "c")),
       right=st.sampled_from(("id", "a", "b", "c")), shape=st.sampled_from(SHAPES), outer=conditions("t"),
       inner=conditions("u"))  # fmt: skip
def test_statements_in_statements(
    database: Session, schema: str, other: str, shape: str, left: str, right: str, outer: str, inner: str
) -> None:
    assume("brin" not in schema + other or "IS NOT NULL" not in inner + outer)
    statement = shape.format(left=left, right=right, outer=outer, inner=inner)
    accesses = judged(audited(f"{schema}\n{other}", statement))
    for access in accesses.values():
        if access.verdict == "covered" and any(c.join for c in access.conditions):
            continue  # which side of a join is looked up is for the numbers of rows to say
        built(database, f"{schema}\n{other}")
        fits, ways = agrees(access, statement, database)
        assert fits, f"{access.alias}: {access.verdict} ({access.why}) but {ways}:\n{schema}\n{other}\n{statement}"


@MANY
@given(schema=tables("t"), where=conditions("t"),
       end=st.sampled_from(("", " ORDER BY t.a LIMIT 5", " ORDER BY t.b DESC, t.a LIMIT 5")))  # fmt: skip
def test_each_proposal_is_taken(database: Session, schema: str, where: str, end: str) -> None:
    statement = f"SELECT * FROM t WHERE {where}{end}"
    report = audited(schema, statement)
    service = report.services[0]
    proposals = [p for t in plan(service.schema, service.accesses, service.writes).tables for p in t.proposals]
    assume(any(p.serves for p in proposals))
    # An alternative that another condition rules out is none to the planner.
    assume(all(where.count(name) == 1 for name in re.findall(r"\((t\.\w) IS NULL\)", where)))
    built(database, schema)
    database.run("".join(f"{p.ddl.replace(' CONCURRENTLY', '')};" for p in proposals if p.method == "btree"))
    names = _used(database, statement)
    # Beside an index that serves worse, which of the two is cheaper is for the numbers of rows to say.
    kept = ", ".join(f"'{p.name}'" for p in proposals)
    database.run("UPDATE pg_index SET indisvalid = false WHERE indrelid = 't'::regclass AND indexrelid NOT IN "
                 f"(SELECT oid FROM pg_class WHERE relname IN ({kept}));")  # fmt: skip
    names |= _used(database, statement)
    for proposal in proposals:
        if proposal.serves and proposal.method == "btree":
            # Of several indexes on the same few rows one alone may do, read as a whole.
            part = {p.name for p in proposals if p.where and p.where == proposal.where}
            assert names & {proposal.name, *part}, f"{proposal.ddl} is not taken but {names}:\n{schema}\n{statement}"


def _used(database: Session, statement: str) -> set[str]:
    text, count = numbered(statement)
    names = set()
    for mode in MODES:
        database.run(mode)
        names |= {n["Index Name"] for n in _nodes(database.explain(text, count)) if "Index Name" in n}
    return names
