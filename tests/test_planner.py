"""What is said of indexes, held against SQLite's own planner on random schemas and statements.

`covered` means that the planner looks rows up or takes their order from an index, `uncovered` that it scans.
"""

from __future__ import annotations

import sqlite3

from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from fragaudit.config import Config
from fragaudit.model.accesses import Access
from fragaudit.pipeline import audit_sources

COLUMNS = ("a", "b", "c", "s")
SQLITE = Config(dialect="sqlite")
MANY = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)


@st.composite
def indexes(draw: st.DrawFn, table: str) -> str:
    statements = []
    for number in range(draw(st.integers(0, 3))):
        chosen = draw(st.lists(st.sampled_from(COLUMNS), min_size=1, max_size=3, unique=True))
        keys = [
            draw(st.sampled_from((name, name, f"{name} DESC", f"lower({name})" if name == "s" else name)))
            for name in chosen
        ]
        unique = draw(st.sampled_from(("", "", "UNIQUE ")))
        where = draw(st.sampled_from(("", "", "", " WHERE b IS NULL", " WHERE a IS NOT NULL", " WHERE c = 5")))
        statements.append(f"CREATE {unique}INDEX {table}_{number} ON {table} ({', '.join(keys)}){where};")
    return "\n".join(statements)


@st.composite
def tables(draw: st.DrawFn, name: str) -> str:
    key = draw(
        st.sampled_from(
            (
                "id INTEGER PRIMARY KEY",
                "id INT PRIMARY KEY",
                "id INTEGER",
                "id TEXT PRIMARY KEY NOT NULL",
                "id INTEGER UNIQUE",
            )
        )
    )
    end = draw(st.sampled_from(("", "", ", UNIQUE (a, b)", ", UNIQUE (c)")))
    return f"CREATE TABLE {name} ({key}, a INTEGER, b INTEGER, c INTEGER NOT NULL, s TEXT{end});\n{draw(indexes(name))}"


def comparison(column: str) -> st.SearchStrategy[str]:
    # IS NOT NULL is left out: SQLite reads it as a range, of nearly all rows, and we count it as nothing.
    text = column.endswith("s")
    shapes = [
        f"{column} = ?", f"{column} IN (?, ?)", f"{column} > ?", f"{column} BETWEEN ? AND ?", f"{column} IS NULL",
        f"{column} <> ?", f"? = {column}", f"{column} + 1 = ?", f"{column} = 5",
        f"{column} = ? OR {column} = ?", f"coalesce({column}, 0) = ?", f"(? IS NULL OR {column} = ?)",
        f"NOT {column} = ?", f"NOT ({column} < ? OR {column} > ?)",
    ]  # fmt: skip
    if text:
        shapes += [f"lower({column}) = ?", f"{column} LIKE 'x%'", f"{column} GLOB 'x*'", f"{column} LIKE '%x'"]
    return st.sampled_from([f"({s})" for s in shapes])


@st.composite
def conditions(draw: st.DrawFn, alias: str) -> str:
    names = [f"{alias}.{c}" for c in ("id", *COLUMNS)]
    parts = [draw(st.sampled_from(names).flatmap(comparison)) for _ in range(draw(st.integers(1, 3)))]
    assume(not any(f"{alias}.id IS NULL" in p or f"{alias}.c IS NULL" in p for p in parts))  # never true
    if draw(st.booleans()):
        left, right = draw(st.sampled_from(names)), draw(st.sampled_from(names))
        parts.append(f"({left} = ? OR {right} = ?)")
    return " AND ".join(parts)


def plan(database: sqlite3.Connection, statement: str, alias: str) -> str:
    """Return how the planner reads a source: `search`, `order` (an index gives the order), `unsorted` or `scan`."""
    details = [row[3] for row in database.execute(f"EXPLAIN QUERY PLAN {statement}", _values(statement))]
    own = [d for d in details if d.split()[1:2] == [alias]]
    assert own, f"{alias} is not in the plan {details}"
    if any(d.startswith("SEARCH") for d in own):
        return "search"
    if "ORDER BY" not in statement or any("FOR ORDER BY" in d for d in details):
        return "scan"
    return "order" if any("USING" in d for d in own) else "unsorted"


def _values(statement: str) -> list[int]:
    return [1] * statement.count("?")


def judged(schema: str, statement: str) -> dict[str, Access]:
    """Return the accesses of a statement by alias."""
    report = audit_sources({"schema.sql": schema, "queries.sql": f"-- name: it\n{statement};\n"}, SQLITE)
    assert not report.problems
    assert report.coverage.sql_unparsed == 0, statement
    return {a.alias: a for service in report.services for a in service.accesses}


def agrees(access: Access, seen: str) -> bool:
    """Say whether a verdict fits the plan; `unsorted` is the row's own order, or that of a constant."""
    if access.verdict == "covered":
        return seen in ("search", "order", "unsorted")
    if access.verdict == "uncovered":
        return seen in ("scan", "unsorted") or (seen == "order" and access.category != "sort")
    return True


def opened(schema: str) -> sqlite3.Connection:
    database = sqlite3.connect(":memory:")
    database.execute("PRAGMA automatic_index = OFF")  # else the planner may rather make an index of its own
    database.executescript(schema)
    return database


@MANY
@given(
    tables("t"), conditions("t"), st.sampled_from(("", "", " LIMIT 5", " ORDER BY t.a LIMIT 5", " ORDER BY t.c DESC"))
)
@example("CREATE TABLE t (id INTEGER, a INTEGER, b INTEGER, c INTEGER NOT NULL, s TEXT);", "t.a = ?", "")
def test_one_table(schema: str, where: str, end: str) -> None:
    statement = f"SELECT * FROM t WHERE {where}{end}"
    access = judged(schema, statement)["t"]
    database = opened(schema)
    seen = plan(database, statement, "t")
    database.close()
    assert agrees(access, seen), f"{access.verdict} ({access.why}) but {seen}:\n{schema}\n{statement}"


@MANY
@given(tables("t"), st.sampled_from(("a", "b", "c", "s", "id")), st.sampled_from(("", " DESC")),
       st.sampled_from(("", ", id", ", b DESC", ", c")))  # fmt: skip
def test_an_order_with_a_limit(schema: str, column: str, direction: str, more: str) -> None:
    statement = f"SELECT * FROM t ORDER BY {column}{direction}{more} LIMIT 3"
    access = judged(schema, statement)["t"]
    database = opened(schema)
    seen = plan(database, statement, "t")
    database.close()
    assert agrees(access, seen), f"{access.verdict} ({access.why}) but {seen}:\n{schema}\n{statement}"


@MANY
@given(tables("t"), tables("u"), st.sampled_from(COLUMNS), st.sampled_from(("id", *COLUMNS)),
       conditions("t"), st.one_of(st.just("1"), conditions("u")))  # fmt: skip
def test_the_inner_side_of_a_join(schema: str, other: str, left: str, right: str, outer: str, inner: str) -> None:
    """With CROSS JOIN the first table is read first, so that only the second can be looked up by the join."""
    where = f"u.{right} = t.{left} AND {outer}" + (f" AND {inner}" if inner != "1" else "")
    statement = f"SELECT * FROM t CROSS JOIN u WHERE {where}"
    access = judged(f"{schema}\n{other}", statement)["u"]
    database = opened(f"{schema}\n{other}")
    seen = plan(database, statement, "u")
    database.close()
    assert agrees(access, seen), f"{access.verdict} ({access.why}) but {seen}:\n{schema}\n{other}\n{statement}"


@MANY
@given(tables("t"), tables("u"), st.sampled_from(COLUMNS), st.sampled_from(("id", *COLUMNS)), conditions("u"),
       st.sampled_from(("EXISTS", "NOT EXISTS")))  # fmt: skip
def test_a_correlated_query(schema: str, other: str, left: str, right: str, inner: str, how: str) -> None:
    statement = f"SELECT * FROM t WHERE {how} (SELECT 1 FROM u WHERE u.{right} = t.{left} AND {inner})"
    access = judged(f"{schema}\n{other}", statement)["u"]
    database = opened(f"{schema}\n{other}")
    seen = plan(database, statement, "u")
    database.close()
    assert agrees(access, seen), f"{access.verdict} ({access.why}) but {seen}:\n{schema}\n{other}\n{statement}"
