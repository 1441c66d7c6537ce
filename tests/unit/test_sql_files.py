"""SQL text before it is parsed: splitting, placeholders, sections, dialects, bounds, places."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from fragaudit.config import Config, ConfigError, load
from fragaudit.extract.sql import extract_sql, read
from fragaudit.extract.sql.dialects import guessed
from fragaudit.extract.sql.placeholders import normalised
from fragaudit.extract.sql.sections import ranges, undoes
from fragaudit.extract.sql.split import split
from fragaudit.pipeline import audit_sources


def pieces(text: str) -> list[str]:
    return [text[p.start : p.end].strip() for p in split(text) if not p.data]


@pytest.mark.parametrize(
    ("script", "statements"),
    [
        ("-- a; b\nSELECT 1; SELECT ';' -- ;\n", ["SELECT 1", "SELECT ';' -- ;"]),
        ('/* ; */ SELECT $$;$$, $x$;$$$x$; SELECT ";"', ["SELECT $$;$$, $x$;$$$x$", 'SELECT ";"']),
        ("SELECT E'\\';'; SELECT '\\'; SELECT 3", ["SELECT E'\\';'", "SELECT '\\'", "SELECT 3"]),
        ("\\connect db\n.mode csv\nSELECT 1", ["SELECT 1"]),
        (
            "CREATE TRIGGER t AFTER INSERT ON a BEGIN UPDATE b SET c = CASE WHEN 1 THEN 2 END; SELECT 1; END; SELECT 2",
            [
                "CREATE TRIGGER t AFTER INSERT ON a BEGIN UPDATE b SET c = CASE WHEN 1 THEN 2 END; SELECT 1; END",
                "SELECT 2",
            ],
        ),
        (
            "CREATE TABLE a (b INT) ENGINE=InnoDB;\nDELIMITER //\nCREATE PROCEDURE p() BEGIN SELECT 1; END//\n"
            "DELIMITER ;\nSELECT 'it\\'s;'; # no; \nSELECT 2;",
            [
                "CREATE TABLE a (b INT) ENGINE=InnoDB",
                "CREATE PROCEDURE p() BEGIN SELECT 1; END",
                "SELECT 'it\\'s;'",
                "SELECT 2",
            ],
        ),
        ("CREATE TABLE a (b INT)\nGO\nSELECT 1\nGO\n", ["CREATE TABLE a (b INT)", "SELECT 1"]),
        ("COPY a (b) FROM stdin;\n1;\t'\n\\.\nSELECT 1;", ["SELECT 1"]),
    ],
)
def test_a_script_is_split_where_its_statements_end(script: str, statements: list[str]) -> None:
    assert pieces(script) == statements


def test_the_rows_of_a_dump_are_passed_over() -> None:
    rows = ", ".join(f"({n}, 'it''s; {n}')" for n in range(2000))
    text = f"CREATE TABLE a (b INT);\nINSERT INTO a VALUES {rows};\nCREATE INDEX i ON a (b);"
    assert pieces(text) == ["CREATE TABLE a (b INT)", "CREATE INDEX i ON a (b)"]


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        ("a = %s AND b = %(name)s", "a = :p AND b = :ppppppp"),
        ("a = $1,$2 AND b=$10", "a = :p,:p AND b=:pp"),
        ("a = ?1 AND b = ? AND c = :n", "a = :p AND b = ? AND c = :p"),
        ("a = @n AND b @> '{}' AND c ? 'k'", "a = :n AND b @> '{}' AND c ? 'k'"),
        ("a = {{ b }} AND c = {d}", "a = :pppppp AND c = :pp"),
        ("a = '%s' AND b %% 2 = 0 -- %s", "a = '%s' AND b  % 2 = 0 -- %s"),
        ('$$ %s $$ || "%s"', '$$ %s $$ || "%s"'),
    ],
)
def test_placeholders_of_all_styles_become_one_as_long(written: str, read_as: str) -> None:
    assert normalised(written) == read_as
    assert len(written) == len(read_as)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("-- +goose Up\nA;\n-- +goose Down\nB;\n", "-- +goose Up\nA;\n"),
        ("-- migrate:up\nA;\n\n-- migrate:down\nB;\n", "-- migrate:up\nA;\n\n"),
        ("-- migrate:down\nB;\n-- migrate:up\nA;\n", "-- migrate:up\nA;\n"),
        ("A;\n--rollback DROP TABLE a;\nB;\n", "A;\n--rollback DROP TABLE a;\nB;\n"),
        ("A;\n", "A;\n"),
    ],
)
def test_what_undoes_a_migration_is_left_out(text: str, kept: str) -> None:
    assert "".join(text[start:end] for start, end in ranges(text)) == kept


def test_files_that_undo_a_migration_are_known_by_name() -> None:
    undone = ["db/U2__x.sql", "migrations/0001_x.down.sql", "m/0002.rollback.sql", "sql/teardown.sql", "m/down/1.sql"]
    assert [path for path in undone if not undoes(path)] == []
    assert [path for path in ("db/V2__x.sql", "countdown.sql", "migrations/0001_x.up.sql") if undoes(path)] == []


@pytest.mark.parametrize(
    ("text", "dialect"),
    [
        ("-- dialect: mariadb\nSELECT 1", "mysql"),
        ("CREATE TABLE a (id INTEGER PRIMARY KEY AUTOINCREMENT)", "sqlite"),
        ("CREATE TABLE `a` (id INT AUTO_INCREMENT)", "mysql"),
        ("SELECT a::text FROM b WHERE c = $1", "postgres"),
        ("SELECT a FROM b", ""),
        ("-- which `a` has\n/* and `b` */ SELECT a FROM b", ""),
    ],
)
def test_a_text_shows_its_dialect(text: str, dialect: str) -> None:
    assert guessed(text) == dialect


def test_places_are_those_of_the_file() -> None:
    text = '-- é\n\nSELECT u.id,\n       u.name\nFROM users u\nWHERE u."email" = %s AND\n\tu.age > 3;\n'
    (written,) = extract_sql("q.sql", text.encode()).written
    (one,) = read(written.text, "postgres")
    assert one.statement is not None
    where = one.statement.queries[0].where
    found = [written.place(c.left.at) for c in where.items]  # type: ignore[union-attr]
    assert [(at.line, at.column, at.end_column) for at in found] == [(6, 9, 16), (7, 4, 7)]


def test_a_statement_that_no_dialect_parses_is_reported_at_the_word_that_is_wrong() -> None:
    report = audit_sources(
        {"q.sql": "-- name: a\nSELECT id\nFROM users WHERE (email = $1;\n"}, Config(select=("FA002",))
    )
    ((finding),) = report.findings
    assert (finding.rule, finding.at.path, finding.at.line) == ("FA002", "q.sql", 3)
    assert report.coverage.sql_unparsed == 1


@pytest.mark.parametrize(
    "text",
    [
        "SELECT " + "(" * 5000 + "1" + ")" * 5000,
        "SELECT * FROM t WHERE " + "NOT " * 3000 + "a",
        "SELECT " + "CASE WHEN a THEN " * 3000 + "1" + " END" * 3000,
        "SELECT * FROM t WHERE " + " OR ".join(f"a = {n}" for n in range(5000)),
        "SELECT * FROM t WHERE " + "EXISTS (SELECT 1 FROM t WHERE " * 50 + "a = 1" + ")" * 50,
        "SELECT * FROM t WHERE a = " + "+".join("1" for _ in range(9000)),
        " UNION ALL ".join("SELECT a FROM t WHERE b = 1" for _ in range(390)),
        "SELECT '" + "x" * 150_000,
        "SELECT " + "{{" * 20_000,
        "INSERT INTO t (a, b) VALUES (1, -- it's one\n" + "2 + " * 200 + "2)",
    ],
    ids=["brackets", "not", "case", "or", "exists", "sum", "union", "quote", "holes", "apostrophe"],
)
def test_hostile_statements_are_bounded(text: str) -> None:
    start = time.process_time()
    schema = "CREATE TABLE t (a INT, b INT);\n"
    report = audit_sources({"schema.sql": schema, "q.sql": f"-- name: q\n{text};\n"}, Config(dialect="postgres"))
    assert time.process_time() - start < 2
    assert report.coverage.sql_found >= 1


def test_a_dialect_may_be_called_as_its_engine_and_must_exist(tmp_path: Path) -> None:
    file = tmp_path / "fragaudit.toml"
    file.write_text('dialect = "PostgreSQL"\n')
    assert load(tmp_path).dialect == "postgres"
    file.write_text('\ndialect = "postgress"\n')
    with pytest.raises(ConfigError, match=r"fragaudit\.toml:2: unknown dialect `postgress`; did you mean `postgres`"):
        load(tmp_path)
