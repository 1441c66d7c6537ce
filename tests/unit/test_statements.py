"""SQL inside Python: which texts it can be, what its gaps stand for, and where each part is written."""

from __future__ import annotations

import re
from functools import cache
from textwrap import dedent, indent

import pytest

from fragaudit.catalogue import Catalogue, load
from fragaudit.config import Config
from fragaudit.extract import extract
from fragaudit.link import link_counted
from fragaudit.model.findings import Report
from fragaudit.model.statements import Written
from fragaudit.pipeline import audit_sources

SQLITE = "import sqlite3\ndb = sqlite3.connect('app.db')\n"
WORD = re.compile(r"[A-Za-z_]\w*")


@cache
def catalogue() -> Catalogue:
    return load()


def written(files: dict[str, str]) -> tuple[Written, ...]:
    facts = [extract(path, "python", source.encode(), catalogue()) for path, source in files.items()]
    assert not [problem for file in facts for problem in file.problems]
    return link_counted(facts, [], catalogue(), Config()).written


def statements(source: str, **others: str) -> tuple[Written, ...]:
    files = {f"{name}.py": dedent(text) for name, text in others.items()}
    return written({"app.py": SQLITE + dedent(source), **files})


def flat(text: str) -> str:
    return " ".join(text.split())


def texts(found: tuple[Written, ...]) -> list[str]:
    return [flat(one.text) for one in found]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("db.execute('SELECT a FROM t')", ["SELECT a FROM t"]),
        ("db.execute('SELECT a ' 'FROM t')", ["SELECT a FROM t"]),
        ("db.execute('SELECT a ' + 'FROM t')", ["SELECT a FROM t"]),
        ("db.execute('''\n  SELECT a\n  FROM t\n''')", ["SELECT a FROM t"]),
        ("import textwrap\ndb.execute(textwrap.dedent('''\n  SELECT a\n  FROM t'''))", ["SELECT a FROM t"]),
        ("import inspect\ndb.execute(inspect.cleandoc('SELECT a FROM t').strip())", ["SELECT a FROM t"]),
        ("db.execute(' '.join(['SELECT a', 'FROM t', 'WHERE b = ?']))", ["SELECT a FROM t WHERE b = ?"]),
        ("q = 'SELECT a FROM t'\nq += ' WHERE b = 1'\ndb.execute(q)", ["SELECT a FROM t WHERE b = 1"]),
        ("T = 'users'\ndb.execute(f'SELECT a FROM {T}')", ["SELECT a FROM users"]),
        ("T = 'users'\ndb.execute('SELECT a FROM %s' % T)", ["SELECT a FROM users"]),
        ("T = 'users'\ndb.execute('SELECT a FROM {}'.format(T))", ["SELECT a FROM users"]),
        ("Q = 'SELECT a FROM {t}'\ndb.execute(Q.format(t='users'))", ["SELECT a FROM users"]),
        ("Q = 'SELECT a FROM {t}'\ndb.execute(Q.format_map({'t': 'users'}))", ["SELECT a FROM users"]),
        ("Q = 'SELECT a FROM %(t)s'\ndb.execute(Q % {'t': 'users'})", ["SELECT a FROM users"]),
        ("Q = 'SELECT a FROM $T'\ndb.execute(Q.replace('$T', 'users'))", ["SELECT a FROM users"]),
        ("COLUMNS = ['a', 'b']\ndb.execute(f\"SELECT {', '.join(COLUMNS)} FROM t\")", ["SELECT a, b FROM t"]),
        ("db.executemany('INSERT INTO t (a) VALUES (?)', rows)", ["INSERT INTO t (a) VALUES (?)"]),
        ("db.executescript('CREATE TABLE t (a INT); CREATE INDEX i ON t (a);')",
         ["CREATE TABLE t (a INT); CREATE INDEX i ON t (a);"]),
        ("cursor = db.cursor()\ncursor.execute(\"SELECT a FROM t WHERE b LIKE '%%x'\" % ())",
         ["SELECT a FROM t WHERE b LIKE '%x'"]),
        ("QUERIES = {'one': 'SELECT a FROM t', 'two': 'SELECT b FROM t'}\ndb.execute(QUERIES['two'])",
         ["SELECT a FROM t", "SELECT b FROM t"]),
        ("for q in ['SELECT a FROM t', 'SELECT b FROM t']:\n    db.execute(q)", ["SELECT a FROM t", "SELECT b FROM t"]),
        ("for t, c in [('x', 'a'), ('y', 'b')]:\n    db.execute(f'CREATE INDEX i_{t} ON {t} ({c})')",
         ["CREATE INDEX i_x ON x (a)", "CREATE INDEX i_y ON y (b)"]),
        ("for t, q in {'x': 'SELECT 1 FROM'}.items():\n    db.execute(f'{q} {t}')", ["SELECT 1 FROM x"]),
    ],
)  # fmt: skip
def test_texts(source: str, expected: list[str]) -> None:
    assert texts(statements(source)) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("if x:\n    q = 'SELECT a FROM t'\nelse:\n    q = 'SELECT b FROM t'\ndb.execute(q)",
         ["SELECT a FROM t", "SELECT b FROM t"]),
        ("c = []\nif x:\n    c.append('b = ?')\ndb.execute('SELECT a FROM t WHERE ' + ' AND '.join(c) + ' ORDER BY d')",
         ["SELECT a FROM t WHERE b = ? ORDER BY d"]),
        ("w = 'b = ?' if x else ''\ndb.execute('SELECT a FROM t WHERE ' + w)", ["SELECT a FROM t WHERE b = ?"]),
        ("q = 'SELECT a FROM t'\nif x:\n    q += ' WHERE b = ?'\ndb.execute(q)",
         ["SELECT a FROM t", "SELECT a FROM t WHERE b = ?"]),
        ("q = ''\nif x:\n    q = 'SELECT a FROM t'\nelse:\n    q = 'SELECT b FROM t'\ndb.execute(q)",
         ["SELECT a FROM t", "SELECT b FROM t"]),
        ("q = 'SELECT a FROM t'\ndb.execute(q)\nq = 'SELECT b FROM t'\ndb.execute(q)",
         ["SELECT a FROM t", "SELECT b FROM t"]),
        ("w = 'b = ?' if x else 'c = ?'\ndb.execute(f'SELECT {w} AS d FROM t WHERE {w}')",
         ["SELECT b = ? AS d FROM t WHERE b = ?", "SELECT c = ? AS d FROM t WHERE c = ?"]),
    ],
)  # fmt: skip
def test_several_texts(source: str, expected: list[str]) -> None:
    assert texts(statements(source)) == expected


@pytest.mark.parametrize(
    ("source", "text", "holes", "dynamic"),
    [
        ("f'SELECT a FROM t WHERE b = {x}'", "SELECT a FROM t WHERE b = :h0", ["value"], False),
        ("f\"SELECT a FROM t WHERE b = '{x}'\"", "SELECT a FROM t WHERE b = ':h0'", ["value"], False),
        ("f\"SELECT a FROM t WHERE b LIKE '%{x}%'\"", "SELECT a FROM t WHERE b LIKE '%:h0%'", ["value"], False),
        ("f'SELECT a FROM t WHERE b IN ({x})'", "SELECT a FROM t WHERE b IN (:h0)", ["value"], False),
        ("f'SELECT a FROM t LIMIT {x} OFFSET {y}'", "SELECT a FROM t LIMIT :h0 OFFSET :h1", ["value", "value"], False),
        ("f'SELECT a FROM t WHERE b = ${x}'", "SELECT a FROM t WHERE b = :h0", ["value"], False),
        ("f'SELECT a FROM t WHERE b = :{x} AND c = 1'", "SELECT a FROM t WHERE b = :h0 AND c = 1", ["value"], False),
        ("f'SELECT a FROM t WHERE b = :b_{x} AND c = 1'", "SELECT a FROM t WHERE b = :h0 AND c = 1", ["value"], False),
        ("f'SELECT a FROM t WHERE b = %({x})s AND c = 1'", "SELECT a FROM t WHERE b = :h0 AND c = 1", ["value"], False),
        ("f'SELECT f($${x}$$), ${y}$ WHERE ${y}$ FROM t'", "SELECT f($$:h0$$), $q$ WHERE $q$ FROM t", ["value"], False),
        ("f'SELECT a FROM t ORDER BY b {x} $1 LIMIT 2'", "SELECT a FROM t ORDER BY :h0 LIMIT 2", ["unknown"], False),
        ("f'SELECT a FROM t WHERE {x}'", "SELECT a FROM t WHERE :h0", ["unknown"], False),
        ("f'SELECT a FROM t WHERE b = 1 AND {x}'", "SELECT a FROM t WHERE b = 1 AND :h0", ["unknown"], False),
        ("f'SELECT a FROM t WHERE b = 1 {x} ORDER BY c'", "SELECT a FROM t WHERE b = 1 AND :h0 ORDER BY c",
         ["unknown"], False),
        ("f'SELECT a FROM t {x} ORDER BY c'", "SELECT a FROM t WHERE :h0 ORDER BY c", ["unknown"], False),
        ("f'SELECT a FROM t {x} WHERE c = 1'", "SELECT a FROM t WHERE c = 1", ["unknown"], False),
        ("f'SELECT a FROM t ORDER BY b {x}'", "SELECT a FROM t ORDER BY b", ["unknown"], False),
        ("f'SELECT a FROM t ORDER BY {x}'", "SELECT a FROM t ORDER BY :h0", ["unknown"], False),
        ("f'SELECT {x} FROM t'", "SELECT :h0 FROM t", ["unknown"], False),
        ("f'SELECT a FROM t WHERE {x} = ?'", "SELECT a FROM t WHERE :h0 = ?", ["unknown"], False),
        ("f'SELECT a FROM t WHERE b {x} ?'", "SELECT a FROM t WHERE :h0", ["unknown"], False),
        ("f'SELECT a FROM t u WHERE {x}.b = ? AND c = 1'", "SELECT a FROM t u WHERE :h0 = ? AND c = 1",
         ["unknown"], False),
        ("f'UPDATE t SET {x} WHERE b = ?'", "UPDATE t SET :h0 WHERE b = ?", ["unknown"], False),
        ("f'INSERT INTO t ({x}) VALUES ({y})'", "INSERT INTO t (:h0) VALUES (:h1)", ["unknown", "value"], False),
        ("f'CREATE INDEX {x} ON t (a)'", "CREATE INDEX h0 ON t (a)", ["unknown"], False),
        ("f'SELECT a FROM {x}.t WHERE b = 1'", "SELECT a FROM t WHERE b = 1", [], False),
        ("f'SELECT a FROM \"{x}\".\"t\"'", 'SELECT a FROM "t"', [], False),
        ("f'SELECT a FROM {x}'", "SELECT a FROM h0", ["unknown"], True),
        ("f'SELECT a FROM t_{x} WHERE b = 1'", "SELECT a FROM t_h0 WHERE b = 1", ["unknown"], True),
        ("f'SELECT a FROM t JOIN {x} ON b = c'", "SELECT a FROM t JOIN h0 ON b = c", ["unknown"], True),
        ("f'DROP TABLE IF EXISTS {x}'", "DROP TABLE IF EXISTS h0", ["unknown"], True),
        ("f'CREATE INDEX i ON {x} (a)'", "CREATE INDEX i ON h0 (a)", ["unknown"], True),
        ("f'SELECT a FROM t -- {x}\\nWHERE b = 1'", "SELECT a FROM t -- WHERE b = 1", [], False),
    ],
)  # fmt: skip
def test_holes(source: str, text: str, holes: list[str], dynamic: bool) -> None:
    (found,) = statements(f"def f(x, y):\n    db.execute({source})\n")
    assert flat(found.text) == text
    assert [hole.what for hole in found.holes] == holes
    assert bool(found.dynamic) == dynamic
    for number, hole in enumerate(found.holes):
        start, end = hole.at
        assert found.text[start:end] in (f":h{number}", f"h{number}", "")
        assert hole.source in ("x", "y")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("conditions.append('name = ?')", ["owner = ? AND name = ?"]),
        ("if x:\n    conditions.append('name = ?')", ["owner = ?", "owner = ? AND name = ?"]),
        ("conditions.extend(more(x))", ["owner = ? AND :h0"]),
        ("conditions += more(x)", ["owner = ? AND :h0"]),
        ("conditions = [f'{k} = ?' for k in x]", [":h0"]),
    ],
)
def test_conditions_joined_at_run_time(change: str, expected: list[str]) -> None:
    body = indent(change, "    ")
    found = statements(
        f"def f(x):\n    conditions = ['owner = ?']\n{body}\n"
        "    db.execute('SELECT id FROM users WHERE ' + ' AND '.join(conditions))\n"
    )
    assert texts(found) == [f"SELECT id FROM users WHERE {where}" for where in expected]


# -- where statements come from ----------------------------------------------------------------------------------------


def test_constants_of_other_modules_and_classes_are_filled_in() -> None:
    found = statements(
        """
        import names
        from names import ROLES

        class Repository:
            TABLE = "users"

            def load(self):
                db.execute(f"SELECT a FROM {self.TABLE} JOIN {ROLES} ON b = c JOIN {names.Group.TABLE} ON d = e")
        """,
        names="""
        ROLES = "roles"  # a table_name

        class Group:
            TABLE = "groups"
        """,
    )
    assert texts(found) == ["SELECT a FROM users JOIN roles ON b = c JOIN groups ON d = e"]


def test_a_method_that_builds_a_name_is_followed_with_its_own_arguments() -> None:
    found = statements(
        """
        class Repository:
            def _table(self, name):
                return f"{self.schema}.{name}"

            def users(self):
                db.execute(f"SELECT a FROM {self._table('users')} WHERE b = 1")

            def roles(self):
                db.execute(f"DELETE FROM {self._table('roles')}")
        """
    )
    assert texts(found) == ["SELECT a FROM users WHERE b = 1", "DELETE FROM roles"]


def test_wrappers_forward_statements_at_any_depth() -> None:
    found = statements(
        """
        from wrapper import Connection

        connection = Connection()

        def one(key):
            return connection.first("SELECT a FROM t WHERE k = ?", key)
        """,
        wrapper="""
        import sqlite3

        class Connection:
            def __init__(self):
                self.db = sqlite3.connect("other.db")

            def first(self, statement, *values):
                return next(self.rows(statement, values))

            def rows(self, statement, values):
                yield from self._run(statement, values)

            def _run(self, sql, values):
                return self.db.execute(sql, values)
        """,
    )
    assert [(f"{one.at}", flat(one.text), one.executed) for one in found] == [
        ("app.py:9:30", "SELECT a FROM t WHERE k = ?", True)
    ]


def test_a_call_of_a_forwarding_method_is_known_by_its_name_where_its_object_is_not() -> None:
    found = statements(
        """
        class Connection:
            def first_row(self, statement):
                return db.execute(statement)

        Connection().first_row("SELECT a FROM t")

        def load(connection, table):
            connection.first_row(f"SELECT b FROM {table.name}")
        """
    )
    assert [(flat(one.text), one.executed) for one in found] == [("SELECT a FROM t", True), ("SELECT b FROM h0", True)]


def test_a_statement_and_parameters_returned_together() -> None:
    found = statements(
        """
        def build(name):
            return "SELECT a FROM t WHERE b = ?", [name]

        def load(name):
            query, values = build(name)
            db.execute(query, values)
        """
    )
    assert texts(found) == ["SELECT a FROM t WHERE b = ?"]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("from psycopg import sql\nimport psycopg\nc = psycopg.connect('x')\n"
         "c.execute(sql.SQL('SELECT {} FROM {} WHERE a = {}').format(sql.Identifier('b'), sql.Identifier('t'), "
         "sql.Placeholder()))", 'SELECT "b" FROM "t" WHERE a = %s'),
        ("from psycopg2 import sql\nimport psycopg2\nc = psycopg2.connect('x')\nr = c.cursor()\n"
         "r.execute(sql.SQL('DELETE FROM ') + sql.Identifier('s', 't') + sql.SQL(' WHERE a = 1'))",
         'DELETE FROM "t" WHERE a = 1'),
        ("from psycopg import sql\nimport psycopg\nc = psycopg.connect('x')\n"
         "c.execute(sql.Composed([sql.SQL('SELECT a FROM '), sql.Identifier('t')]))", 'SELECT a FROM "t"'),
        ("import sqlalchemy as sa\ne = sa.create_engine('sqlite:///x')\nwith e.connect() as c:\n"
         "    c.execute(sa.text('SELECT a FROM t WHERE b = :b').bindparams(b=1))", "SELECT a FROM t WHERE b = :b"),
        ("from alembic import op\ndef upgrade():\n    op.execute('UPDATE t SET a = 1')\n"
         "def downgrade():\n    op.execute('UPDATE t SET a = 2')", "UPDATE t SET a = 1"),
        ("from sqlalchemy import DDL\nx = DDL('CREATE INDEX i ON t (a)')", "CREATE INDEX i ON t (a)"),
        ("import pandas as pd\nf = pd.read_sql_query('SELECT a FROM t', db)", "SELECT a FROM t"),
        ("from django.db import connection\nwith connection.cursor() as c:\n    c.execute('SELECT a FROM t', [])",
         "SELECT a FROM t"),
        ("from django.db import migrations\nops = [migrations.RunSQL('CREATE INDEX i ON t (a)', 'DROP INDEX i')]",
         "CREATE INDEX i ON t (a)"),
        ("from models import User\nrows = User.objects.raw('SELECT a FROM t')", "SELECT a FROM t"),
        ("from psycopg2.extras import execute_values\nexecute_values(cur, 'INSERT INTO t (a) VALUES %s', rows)",
         "INSERT INTO t (a) VALUES %s"),
        ("import asyncpg\nasync def f():\n    c = await asyncpg.connect('x')\n"
         "    return await c.fetchrow('SELECT a FROM t WHERE b = $1', 1)", "SELECT a FROM t WHERE b = $1"),
    ],
)  # fmt: skip
def test_everything_that_executes(source: str, expected: str) -> None:
    (found,) = statements(source)
    assert flat(found.text) == expected
    assert found.executed


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("FIND = 'SELECT a FROM t WHERE b = 1'", ["SELECT a FROM t WHERE b = 1"]),
        ("FIND = 'SELECT a FROM t WHERE b = {value}'", ["SELECT a FROM t WHERE b = :h0"]),
        ("prefix = 'CREATE TABLE IF NOT EXISTS '", []),
        ("message = 'Select a value from the list'", []),
        ("message = 'delete from the list'", []),
        ("message = 'update the settings'", []),
        ("query = 'CREATE (n:Person) RETURN n'", []),
        ("query = 'MATCH (n) DELETE n'", []),
    ],
)
def test_what_is_not_seen_to_run_must_be_certain(source: str, expected: list[str]) -> None:
    found = statements(source)
    assert texts(found) == expected
    assert not any(one.executed for one in found)


def test_the_store_that_runs_it_decides_the_dialect() -> None:
    found = statements(
        """
        import psycopg

        pg = psycopg.connect("postgresql://localhost/main")
        pg.execute("SELECT a FROM t")
        db.execute("SELECT b FROM t")
        """
    )
    assert [(flat(one.text), one.store, one.dialect) for one in found] == [
        ("SELECT a FROM t", "relational:postgresql", "postgres"),
        ("SELECT b FROM t", "relational:sqlite", "sqlite"),
    ]


def test_the_only_relational_store_of_a_service_runs_what_could_not_be_followed() -> None:
    (found,) = statements("def load(connection):\n    return connection.execute('SELECT a FROM t')\n")
    assert (found.store, found.dialect) == ("relational:sqlite", "sqlite")


# -- where each part of a statement is written -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "source",
    [
        "db.execute('SELECT alpha FROM beta')",
        "db.execute(r'SELECT alpha FROM beta')",
        "db.execute('SELECT alpha ' 'FROM beta')",
        "db.execute('SELECT alpha '\n           'FROM beta')",
        "db.execute('SELECT alpha ' + 'FROM beta' + ' WHERE gamma = 1')",
        "db.execute('''\n   SELECT alpha,\n     gamma\n  FROM beta\n''')",
        "db.execute('SELECT alpha\\n FROM beta WHERE gamma = \\'x\\' AND \\u0064elta = 1')",
        "db.execute('SELECT alpha \\\n    FROM beta')",
        "db.execute('SELECT \"älpha\", alpha FROM beta')",
        "db.execute(f'SELECT alpha, {x} FROM beta WHERE gamma = {y} AND delta = 1')",
        "db.execute(f'''\n SELECT {{}} alpha\n FROM {s}.beta WHERE {x} AND\n  gamma = 1''')",
        "db.execute('SELECT alpha FROM beta WHERE gamma = %s AND delta = 1' % x)",
        "db.execute('SELECT alpha FROM beta WHERE gamma = {} AND {{delta}} = 1'.format(x))",
        "import textwrap\ndb.execute(textwrap.dedent('''\n      SELECT alpha\n        FROM beta''').strip())",
        "db.execute(' '.join(['SELECT alpha', 'FROM beta', 'WHERE gamma = 1']))",
        "q = 'SELECT alpha FROM beta'\nq += ' WHERE gamma = 1'\ndb.execute(q)",
        "Q = 'SELECT alpha FROM beta WHERE x = $T AND gamma = 1'\ndb.execute(Q.replace('$T', t))",
        "def f():\n w = []\n w.append('gamma @@ to_tsquery($1)')\n w.append('delta IS NULL')\n"
        " db.execute('SELECT alpha FROM beta WHERE ' + ' AND '.join(w))",
        'def table(n):\n    return f\'"{schema}"."{n}"\'\ndb.execute(f\'SELECT alpha FROM {table("beta")} x\')',
    ],
)
def test_each_name_stands_where_it_is_written(source: str) -> None:
    text = SQLITE + source
    lines = text.split("\n")
    (found,) = written({"app.py": text})
    names = [m for m in WORD.finditer(found.text) if m[0] in ("alpha", "beta", "gamma", "delta", "älpha")]
    assert {"alpha", "beta"} <= {m[0] for m in names}
    for match in names:
        at = found.place((match.start(), match.end()))
        there = lines[at.line - 1][at.column - 1 : at.end_column - 1]
        assert there == match[0] or there == "\\u0064elta"[: len(there)]


def test_lines_are_counted_as_python_counts_them() -> None:
    source = SQLITE + "x = 1\ndb.execute('''\n SELECT alpha\n FROM beta''')\n"
    for text in (source.replace("\n", "\r\n"), source.replace("x = 1", "x = '\x0c'")):
        (found,) = written({"app.py": text})
        at = found.place((found.text.index("alpha"), found.text.index("alpha") + 5))
        assert (at.line, at.column, at.end_line, at.end_column) == (5, 9, 5, 14)


def test_a_name_from_elsewhere_stands_where_it_is_put_in() -> None:
    (found,) = statements("T = 'users'\ndb.execute(f'SELECT a FROM {T} WHERE b = 1')")
    start = found.text.index("users")
    at = found.place((start, start + 5))
    assert (at.line, at.column) == (4, 28)
    assert found.place((found.text.index("WHERE"), found.text.index("WHERE") + 5)).column == 32


def test_a_statement_spans_its_text() -> None:
    (found,) = statements("db.execute('''\n  SELECT a\n  FROM t\n''')")
    assert (found.at.line, found.at.column, found.at.end_line, found.at.end_column) == (4, 3, 5, 9)


# -- bounds ------------------------------------------------------------------------------------------------------------


def test_many_optional_parts_stay_bounded() -> None:
    parts = "".join(f"    if x[{n}]:\n        q += ' AND c{n} = ?'\n" for n in range(40))
    found = statements(f"def f(x):\n    q = 'SELECT a FROM t WHERE b = 1'\n{parts}    db.execute(q)\n")
    assert 1 <= len(found) <= 64
    assert "SELECT a FROM t WHERE b = 1" in texts(found)


@pytest.mark.parametrize(
    "source",
    [
        "def f(q):\n    q = f(q) + g(q)\n    db.execute(q)\n    return f(q)\n"
        "def g(q):\n    return f(q) + q\nf('SELECT a FROM t')",
        "q = 'SELECT a FROM t'\nwhile True:\n    q = q + q\n    db.execute(q)",
        "A = B\nB = A + ' x'\ndb.execute(A)",
        "q = 'SELECT a FROM t'\nfor x in y:\n" + "    q = q + q\n" * 60 + "    db.execute(q)",
        "q = " + " + ".join(f"'SELECT a{n} '" for n in range(400)) + "\ndb.execute(q)",
    ],
)
def test_what_turns_in_circles_ends(source: str) -> None:
    statements(source)


@pytest.mark.parametrize(
    ("condition", "verdicts"),
    [
        ("{x} = %s", ["unprovable"]),
        ("t.{x} = %s AND b = %s", ["unprovable"]),
        ("{x} IN (1, 2)", ["unprovable"]),
        ("{x} IS NULL", ["unprovable"]),
        ("{x} BETWEEN 1 AND 2 AND id = 3", ["covered"]),
        ("b = {x}", ["uncovered"]),
        ("({x} = b AND b > 3)", ["uncovered"]),
        ("%s IS NULL OR b = %s", ["n/a"]),
    ],
)
def test_a_column_that_is_put_in_is_counted_and_not_judged(condition: str, verdicts: list[str]) -> None:
    head = "import psycopg\nc = psycopg.connect('postgresql://h/d')\ndef f(x, y):\n"
    schema = "CREATE TABLE t (id bigint PRIMARY KEY, b int);\n"
    source = f"{head}    c.execute(f'SELECT * FROM t WHERE {condition}', y)\n"
    report = audit_sources({"schema.sql": schema, "a.py": source})
    assert [a.verdict for s in report.services for a in s.accesses] == verdicts


@pytest.mark.parametrize(
    ("index", "end", "verdict"),
    [
        ("(b)", "LEFT JOIN t u ON u.c = s.c AND u.b IS NULL", "covered"),
        ("(b)", "LEFT JOIN t u ON u.c = s.c WHERE u.b IS NULL", "uncovered"),
        ("(c) WHERE b IS NOT NULL", "JOIN t u ON u.c = s.c AND u.b + 1 > :p", "covered"),
        ("(c) WHERE b IS NOT NULL", "JOIN t u ON u.c = s.c AND coalesce(u.b, 1) > :p", "uncovered"),
        ("(c, b) WHERE b IS NOT NULL", "WHERE s.id = (SELECT max(b) FROM t WHERE c = :p)", "covered"),
        ("(b) WHERE b IS NOT NULL", "JOIN t u ON true WHERE (u.b, u.id) > (:p, :q)", "uncovered"),
        ("(c) WHERE b IS NOT NULL", "JOIN t u ON true WHERE u.c = :p AND (u.id = :q OR u.b = :r)", "covered"),
        ("(c) WHERE b IS NOT NULL", "JOIN t u ON true WHERE u.c = :p AND (u.c = :q OR u.b = :r)", "uncovered"),
    ],
)
def test_what_a_null_can_and_cannot_pass(index: str, end: str, verdict: str) -> None:
    schema = "CREATE TABLE s (id int PRIMARY KEY, c int);\nCREATE TABLE t (id int PRIMARY KEY, b int, c int);\n"
    query = f"-- name: q\nSELECT * FROM s {end};\n"
    files = {"schema.sql": f"{schema}CREATE INDEX i ON t {index};\n", "q.sql": query}
    report = audit_sources(files, Config(dialect="postgres"))
    assert [a.verdict for s in report.services for a in s.accesses if a.table == "t"] == [verdict]


def test_what_a_gap_may_make_of_a_text_is_not_unreadable() -> None:
    """A text of which a part may be any SQL is counted as dynamic, however it looks without that part."""
    report = _report(
        "    cur.execute('SELECT ' + more + 'COUNT(id) AS n FROM folders WHERE label = %s', [x])\n"
        "    cur.execute('SELECT id FROM folders WHERE WHERE label = %s', [x])\n"
    )
    assert [(f.rule, f.at.line) for f in report.findings if f.rule == "FA002"] == [("FA002", 6)]
    assert (report.coverage.sql_found, report.coverage.sql_dynamic, report.coverage.sql_unparsed) == (3, 1, 1)


def test_a_text_that_may_be_put_together_in_several_ways_counts_once() -> None:
    report = _report(
        "    text = 'SELECT id FROM folders WHERE label = %s'\n"
        "    if x:\n"
        "        text += ' AND kind = %s'\n"
        "    if more:\n"
        "        text += ' ORDER BY id'\n"
        "    cur.execute(text, [x])\n"
    )
    assert (report.coverage.sql_found, report.coverage.sql_parsed) == (2, 2)


def test_a_parameter_whose_name_is_put_together() -> None:
    report = _report("    cur.execute('SELECT id FROM folders WHERE label = %(label_' + str(x) + ')s', more)\n")
    accesses = [a for s in report.services for a in s.accesses]
    assert [(a.at.line, [(c.column, c.op) for c in a.conditions]) for a in accesses] == [(5, [("label", "=")])]
    assert [f.rule for f in report.findings if f.rule == "FA002"] == []


def _report(body: str) -> Report:
    schema = "CREATE TABLE folders (id int PRIMARY KEY, label text, kind text);\n"
    head = "import psycopg2\nc = psycopg2.connect('postgresql://db/x')\n\ndef work(cur, x, more):\n"
    return audit_sources({"schema.sql": schema, "app.py": head + body})
