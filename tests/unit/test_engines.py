"""Engines without b-trees, holes in definitions and statements, and what advice says when there is none to give."""

from __future__ import annotations

import pytest

from fragaudit.advise.plan import plan_of
from fragaudit.config import Config
from fragaudit.coverage.engines import no_btree
from fragaudit.extract.sql import read
from fragaudit.extract.sql.dialects import guessed
from fragaudit.extract.sql.placeholders import normalised
from fragaudit.extract.sql.storage import engine_of
from fragaudit.model.findings import Report
from fragaudit.pipeline import audit_sources

EVENTS = "CREATE TABLE events (id UInt64, kind String, at DateTime) ENGINE = MergeTree ORDER BY (at);\n"
QUERY = "-- name: by_kind\nSELECT * FROM events WHERE kind = :kind;\n"


def indexes(report: Report) -> list[tuple[str, int, str]]:
    return [(f.at.path, f.at.line, f.rule) for f in report.findings if "FA201" <= f.rule <= "FA206"]


@pytest.mark.parametrize(
    ("definition", "engine"),
    [
        ("CREATE TABLE t (a Int8) ENGINE = ReplacingMergeTree(v) ORDER BY a", "clickhouse"),
        ("CREATE TABLE t (a int) ENGINE=OLAP DISTRIBUTED BY HASH(a)", "starrocks"),
        ("CREATE TABLE t (a int, SHARD KEY (a))", "singlestore"),
        ("CREATE TABLE t (a int) DISTSTYLE KEY SORTKEY (a)", "redshift"),
        ("CREATE TABLE t (a int) USING DELTA", "databricks"),
        ("CREATE TABLE t (a int) STORED AS PARQUET", "hive"),
        ("CREATE TABLE t (a int) WITH (format = 'ORC')", "trino"),
        ("CREATE TABLE h.s.t (a int, d varchar) WITH(\n  format = 'PARQUET', partitioned_by=ARRAY['d'])", "trino"),
        ("CREATE TABLE t (a int, d varchar) WITH (partitioning = ARRAY['d'])", "trino"),
        ("CREATE TABLE t (a int PRIMARY KEY) WITH CLUSTERING ORDER BY (b DESC)", "cassandra"),
        ("CREATE TABLE t (a int) ENGINE=InnoDB", ""),
        ("CREATE TABLE t (a int) PARTITION BY RANGE (a)", ""),
    ],
)
def test_a_definition_names_its_engine(definition: str, engine: str) -> None:
    assert engine_of(definition) == engine
    assert bool(no_btree(None, engine)) == bool(engine)


@pytest.mark.parametrize(
    "dialect", ["bigquery", "snowflake", "duckdb", "databricks", "trino", "redshift", "clickhouse"]
)
def test_nothing_is_said_of_indexes_where_the_dialect_has_no_b_trees(dialect: str) -> None:
    schema = "CREATE TABLE users (id int, email text, org int REFERENCES orgs (id) ON DELETE CASCADE);\n"
    query = "-- name: q\nSELECT * FROM users WHERE email = :email;\n"
    report = audit_sources({"schema.sql": schema, "q.sql": query}, Config(dialect=dialect))
    assert indexes(report) == []
    assert report.coverage.accesses_no_btree == 1
    assert [t.proposals for t in plan_of(report).tables] == []


def test_a_tables_own_words_tell_its_engine_whatever_the_rest_is_written_in() -> None:
    users = "CREATE TABLE users (id bigserial PRIMARY KEY, email text);\n"
    more = "-- name: by_email\nSELECT * FROM users WHERE email = :email;\n"
    report = audit_sources({"a.sql": EVENTS, "b.sql": users, "q.sql": QUERY + more})
    assert indexes(report) == [("q.sql", 4, "FA201")]
    assert report.coverage.accesses_no_btree == 1
    why = next(a.why for s in report.services for a in s.accesses if a.table == "events")
    assert why == "ClickHouse finds rows by a table's sorting key and data-skipping indexes"


def test_a_store_without_b_trees_tells_what_its_statements_are() -> None:
    source = (
        "import clickhouse_connect\n"
        "client = clickhouse_connect.get_client(host='c')\n"
        "client.command('CREATE TABLE spans (id String, trace String)')\n"
        "client.query('SELECT * FROM spans WHERE trace = {trace:String}', parameters={})\n"
    )
    report = audit_sources({"a.py": source})
    assert indexes(report) == []
    assert (report.coverage.sql_unparsed, report.coverage.accesses_no_btree) == (0, 1)


def test_the_text_shows_clickhouse() -> None:
    assert guessed(EVENTS) == "clickhouse"


@pytest.mark.parametrize(
    "text",
    [
        "CREATE TABLE IF NOT EXISTS {db:Identifier}.{name:Identifier} (id String) ENGINE = MergeTree ORDER BY id",
        "ALTER TABLE %(fullname)s ALTER COLUMN data SET STORAGE EXTERNAL",
        "DROP TABLE {{ table }}",
        "CREATE INDEX i ON {table} (a)",
        "SELECT * FROM {db:Identifier}.{name:Identifier} WHERE id IN {ids:Array(Nullable(String))}",
        "DELETE FROM %(table)s WHERE id = 1",
    ],
)
def test_a_hole_for_a_table_makes_the_statement_dynamic(text: str) -> None:
    (found,) = read(text, "")
    assert (found.problem, found.dynamic) == ("", "the name of a table is put in when it runs")


@pytest.mark.parametrize(
    "text",
    [
        "CREATE INDEX {name} ON users (email)",
        "SELECT id FROM {schema}.users WHERE id = {id:Array(DateTime64(3, 'UTC'))}",
        "SELECT name FROM file WHERE name LIKE :like OR name = :from LIMIT :limit",
        "SELECT JSON_VALUE(doc, '$.a' RETURNING VARCHAR2(40)) FROM t WHERE a = :a FETCH APPROX FIRST :limit ROWS ONLY",
        "SELECT a FROM nets WHERE prefix <<= :net OR prefix >>= :net",
    ],
)
def test_valid_text_is_read(text: str) -> None:
    (found,) = read(text, "")
    assert (found.problem, found.dynamic) == ("", "")
    assert found.statement is not None or found.changes
    assert len(normalised(text)) == len(text)


@pytest.mark.parametrize(
    ("text", "tables"),
    [
        ("INSERT INTO values (id, v) VALUES ('a', 'b')", ["values"]),
        ("INSERT INTO Values VALUES (1, 2)", ["values"]),
        ("SELECT v FROM values WHERE id = 1", ["values"]),
        ("SELECT 1 FROM t, s.values v JOIN values ON values.id = v.id", ["t", "s.values", "values"]),
        ("UPDATE values SET v = 1 WHERE id = 2", ["values"]),
        ("DELETE FROM values WHERE id = 1", ["values"]),
        ("SELECT a FROM (VALUES (1), (2)) v (a)", [""]),
        ("INSERT INTO t (a) VALUES (1) ON DUPLICATE KEY UPDATE a = VALUES(a)", ["t"]),
    ],
)
def test_a_table_may_be_named_values(text: str, tables: list[str]) -> None:
    (found,) = read(text, "")
    assert found.problem == ""
    assert found.statement is not None
    assert [s.table for s in found.statement.queries[0].sources] == tables


def test_slices_and_casts_are_no_parameters() -> None:
    text = "SELECT a[1:n], b::text, '12:30' FROM t WHERE c = :h0"
    assert normalised(text) == text


def test_a_statement_put_together_from_parts_is_never_certainly_wrong() -> None:
    source = (
        "import psycopg\n"
        "conn = psycopg.connect('')\n"
        "def f(x):\n"
        "    conn.execute('SELECT a FROM WHERE b =')\n"
        "    conn.execute(f'SELECT a FROM WHERE b = {x} GROUP')\n"
    )
    report = audit_sources({"a.py": source})
    found = [(f.at.line, str(f.confidence)) for f in report.findings if f.rule == "FA002"]
    assert found == [(4, "certain"), (5, "possible")]
    message = next(f.message for f in report.findings if f.rule == "FA002")
    assert message.count("can't be") == 1


def test_parts_that_never_meet_are_no_statement() -> None:
    source = (
        "import psycopg\n"
        "conn = psycopg.connect('')\n"
        "def f(more=''):\n"
        "    where = ''\n"
        "    if more:\n"
        "        where = 'b = 1'\n"
        "    conn.execute(f'SELECT a FROM t WHERE c = %s AND {where} ORDER BY a', (1,))\n"
    )
    report = audit_sources({"a.py": source})
    assert [f for f in report.findings if f.rule == "FA002"] == []
    assert report.coverage.sql_unparsed == 0


def test_a_name_put_together_from_pieces_is_one_name() -> None:
    source = (
        "import psycopg\n"
        "conn = psycopg.connect('')\n"
        "def relation(name):\n"
        "    return f'idx_{\"t_\"}{name}'\n"
        "def f(name):\n"
        "    conn.execute(f'SELECT a FROM {relation(name)} WHERE c = 1')\n"
    )
    report = audit_sources({"a.py": source})
    assert (report.coverage.sql_dynamic, report.coverage.sql_unparsed) == (1, 0)


POSTGRES = Config(dialect="postgres")
ITEMS = (
    "CREATE TABLE items (id bigint PRIMARY KEY, sku text, shop bigint, kind bigint, hidden boolean, at timestamptz, "
    "gone timestamptz);\n"
)


def told(indexes: str, query: str) -> list[str]:
    report = audit_sources({"schema.sql": ITEMS + indexes, "q.sql": f"-- name: q\n{query};\n"}, POSTGRES)
    return [f"{f.confidence}: {f.message}" for f in report.findings if f.rule == "FA201"]


def test_no_index_comes_near_that_shares_no_column() -> None:
    (message,) = told("", "SELECT * FROM items WHERE sku = $1 ORDER BY id LIMIT 5")
    assert "; no index of it comes near. This would: CREATE INDEX" in message


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("SELECT * FROM items WHERE shop = $1", "begins with sku, which nothing here is compared with."),
        ("SELECT * FROM items WHERE shop = $1 ORDER BY sku",
         "begins with sku, which is only what the rows are sorted by."),
        ("SELECT * FROM items WHERE shop = $1 AND sku LIKE $2",
         "begins with sku, on which nothing can be looked up here: the pattern is known only when the statement runs."),
    ],
)  # fmt: skip
def test_what_comes_near_says_what_is_done_with_its_first_key(query: str, words: str) -> None:
    (message,) = told("CREATE INDEX s ON items (sku, shop);\n", query)
    assert f"s (sku, shop) comes nearest but {words}" in message


def test_alternatives_get_an_index_each() -> None:
    (message,) = told("", "SELECT * FROM items WHERE sku = $1 OR shop = $2")
    assert "These would, one for each alternative: " in message
    assert "ix_items_shop ON items (shop); CREATE INDEX" in message
    assert message.endswith("ix_items_sku ON items (sku);")


def test_only_the_alternative_without_an_index_gets_one() -> None:
    (message,) = told("CREATE INDEX s ON items (sku);\n", "SELECT * FROM items WHERE sku = $1 OR shop = $2")
    assert "s (sku) comes nearest but serves only one of the alternatives. This would: " in message
    assert message.endswith("ix_items_shop ON items (shop);")


def test_an_alternative_that_may_be_most_rows_is_no_reason_for_an_index() -> None:
    (message,) = told("", "SELECT * FROM items WHERE hidden OR id = $1")
    assert message.startswith("possible: ")
    assert "None is proposed: the alternative by hidden may be most of the rows" in message


def test_one_need_has_one_order_of_columns() -> None:
    query = (
        "SELECT * FROM items WHERE sku = $1 AND shop = $2 AND kind = $3;\n-- name: r\n"
        "SELECT * FROM items WHERE sku = $1 AND kind IN ($2, $3) AND shop = $4"
    )
    first, second = told("", query)
    assert first.rpartition(" ON ")[2] == second.rpartition(" ON ")[2]


def test_what_a_migration_asks_again_is_said_once() -> None:
    steps = "".join(f"UPDATE items SET kind = {n} WHERE sku = 'x';\n" for n in range(3))
    report = audit_sources({"schema.sql": ITEMS, "migrations/0002_fill.sql": steps}, POSTGRES)
    assert [(f.at.line, str(f.confidence)) for f in report.findings if f.rule == "FA201"] == [(1, "possible")]


@pytest.mark.parametrize(
    ("indexes", "query", "verdict"),
    [
        ("CREATE INDEX i ON items USING brin (at, shop);", "SELECT * FROM items WHERE shop = $1", "covered"),
        ("CREATE INDEX i ON items (shop);", "SELECT * FROM items ORDER BY shop DESC NULLS LAST LIMIT 3", "uncovered"),
        ("CREATE INDEX i ON items (shop);", "SELECT * FROM items ORDER BY shop DESC LIMIT 3", "covered"),
        ("CREATE INDEX i ON items (sku text_pattern_ops);", "SELECT * FROM items ORDER BY sku LIMIT 3", "uncovered"),
        ('CREATE INDEX i ON items (sku COLLATE "C");', "SELECT * FROM items ORDER BY sku LIMIT 3", "uncovered"),
        ("CREATE INDEX i ON items (shop) WHERE gone IS NULL;",
         "SELECT * FROM items WHERE gone IS NULL AND sku = $1", "uncovered"),
        ("CREATE INDEX i ON items (id) WHERE kind = 5;", "SELECT * FROM items WHERE kind = 5 AND sku = $1", "covered"),
        ("CREATE INDEX i ON items (shop) WHERE shop IS NOT NULL;",
         "SELECT * FROM items WHERE shop IS DISTINCT FROM $1", "n/a"),
        ("", "DELETE FROM items WHERE ctid IN (SELECT ctid FROM items WHERE id > $1)", "covered"),
        ("", "SELECT * FROM items WHERE sku IN (SELECT name FROM names WHERE lang = $1)", "uncovered"),
        ("", "SELECT * FROM items WHERE later = $1", "n/a"),
    ],
)  # fmt: skip
def test_a_verdict_is_postgresqls(indexes: str, query: str, verdict: str) -> None:
    report = audit_sources({"schema.sql": f"{ITEMS}{indexes}\n", "q.sql": f"-- name: q\n{query};\n"}, POSTGRES)
    assert next(a.verdict for s in report.services for a in s.accesses if a.table == "items") == verdict


def test_of_several_indexes_that_would_serve_the_one_that_binds_most_is_shown() -> None:
    schema = "CREATE TABLE t (id int PRIMARY KEY, tenant text, a text, b text);\n"
    queries = "-- name: one\nSELECT * FROM t WHERE tenant = :t AND a = :a;\n"
    queries += "-- name: two\nSELECT * FROM t WHERE tenant = :t AND b = :b;\n"
    queries += "-- name: all\nSELECT * FROM t WHERE tenant = :t;\n"
    report = audit_sources({"schema.sql": schema, "q.sql": queries}, Config(dialect="sqlite"))
    told = [f.message.partition("would: ")[2] for f in report.findings if f.rule == "FA201" and f.at.line == 6]
    assert told == ["CREATE INDEX IF NOT EXISTS ix_t_tenant_a ON t (tenant, a);"]


def test_what_is_advised_for_one_database_is_in_one_dialect() -> None:
    """By which grammar a statement can be read says nothing of a database whose address is known at run time alone."""
    code = (
        "import os\nfrom sqlalchemy import Column, Integer, String, create_engine, select, text\n"
        "from sqlalchemy.orm import Session, declarative_base\nengine = create_engine(os.environ['DATABASE_URL'])\n"
        "Base = declarative_base()\nclass Order(Base):\n    __tablename__ = 'orders'\n"
        "    id = Column(Integer, primary_key=True)\n    city = Column(String)\nclass Item(Base):\n"
        "    __tablename__ = 'items'\n    id = Column(Integer, primary_key=True)\n    code = Column(String)\n"
        "def work(x):\n    with Session(engine) as session:\n"
        "        session.execute(select(Order).where(Order.city == x))\n"
        "        session.execute(text('SELECT id FROM items WHERE code = :x'), {'x': x})\n"
    )
    report = audit_sources({"app.py": code})
    ddl = [p.ddl for t in plan_of(report).tables for p in t.proposals]
    assert ddl == ["CREATE INDEX ix_items_code ON items (code)", "CREATE INDEX ix_orders_city ON orders (city)"]
    assert [f.at.line for f in report.findings if f.rule == "FA201" and ddl[f.at.line == 16] in f.message] == [16, 17]
