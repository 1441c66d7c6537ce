"""Changes folded into a schema: in order, merged, renamed, dropped, and with what databases add by themselves."""

from __future__ import annotations

import pytest

from fragaudit.config import Config
from fragaudit.model.schema import Table
from fragaudit.pipeline import audit_sources


def schema(files: dict[str, str], dialect: str = "postgres") -> dict[str, Table]:
    report = audit_sources(files, Config(dialect=dialect))
    assert report.coverage.sql_unparsed == 0
    return {t.name: t for service in report.services for t in service.schema}


def keys(table: Table) -> list[tuple[str, ...]]:
    return [tuple(str(k) for k in i.keys) for i in table.indexes]


def test_migrations_run_in_the_order_of_their_numbers() -> None:
    files = {
        "migrations/10_drop.sql": "DROP INDEX a_b;",
        "migrations/2_index.sql": "CREATE INDEX a_b ON a (b); CREATE INDEX a_c ON a (c);",
        "migrations/1_table.sql": "CREATE TABLE a (id INT PRIMARY KEY, b INT, c INT);",
    }
    assert keys(schema(files)["a"]) == [("id",), ("c",)]


def test_versions_of_flyway_count_as_numbers_and_undo_files_do_not_run() -> None:
    files = {
        "V1__a.sql": "CREATE TABLE a (id INT PRIMARY KEY, b INT);",
        "V1_10__rename.sql": "ALTER TABLE a RENAME COLUMN b TO c;",
        "V1_9__index.sql": "CREATE INDEX i ON a (b);",
        "U1_9__index.sql": "DROP INDEX i;",
    }
    table = schema(files)["a"]
    assert [c.name for c in table.columns] == ["id", "c"]
    assert keys(table) == [("id",), ("c",)]


def test_plain_definitions_come_before_migrations_and_both_count() -> None:
    files = {
        "migrations/1.sql": "CREATE TABLE IF NOT EXISTS a (id INT PRIMARY KEY, b INT); CREATE INDEX a_b ON a (b);",
        "schema.sql": "CREATE TABLE a (id INT PRIMARY KEY, b INT, c INT); CREATE INDEX a_c ON a (c);",
    }
    assert keys(schema(files)["a"]) == [("id",), ("c",), ("b",)]


def test_a_table_made_anew_under_another_name_loses_its_indexes() -> None:
    text = """
    CREATE TABLE a (id INTEGER PRIMARY KEY, b INT); CREATE INDEX a_b ON a (b);
    CREATE TABLE a_new (id INTEGER PRIMARY KEY, b INT NOT NULL); INSERT INTO a_new SELECT * FROM a;
    DROP TABLE a; ALTER TABLE a_new RENAME TO a;
    """
    found = schema({"migrations/1.sql": text}, "sqlite")
    assert set(found) == {"a"}
    assert keys(found["a"]) == [("id",)]


def test_constraints_are_dropped_by_the_names_that_the_database_made_up() -> None:
    text = """
    CREATE TABLE a (id INT PRIMARY KEY, b INT UNIQUE, c INT REFERENCES a (id), UNIQUE (b, c));
    ALTER TABLE a DROP CONSTRAINT a_b_key;
    ALTER TABLE a DROP CONSTRAINT a_c_fkey;
    """
    table = schema({"schema.sql": text})["a"]
    assert keys(table) == [("id",), ("b", "c")]
    assert table.foreign_keys == ()


@pytest.mark.parametrize(
    ("key", "dropped", "left"),
    [
        ("c INT CONSTRAINT of_b REFERENCES b (id)", "of_b", False),
        ("c INT CONSTRAINT of_b REFERENCES b (id)", "a_c_fkey", True),
        ("c INT REFERENCES b (id)", "fk__a__c__b", False),  # by a naming convention
        ("c INT REFERENCES b (id)", "a_c_fk", False),
        ("c INT REFERENCES b (id)", "fk_a_c_d_b", True),
        ("c INT REFERENCES b (id)", "of_c", True),
    ],
)
def test_foreign_keys_are_dropped_by_name(key: str, dropped: str, left: bool) -> None:
    text = f"CREATE TABLE b (id INT PRIMARY KEY); CREATE TABLE a ({key}); ALTER TABLE a DROP CONSTRAINT {dropped};"
    assert [k.columns for k in schema({"schema.sql": text})["a"].foreign_keys] == ([("c",)] if left else [])


def test_a_dropped_column_takes_its_indexes_along() -> None:
    text = "CREATE TABLE a (id INT, b INT, c INT); CREATE INDEX i ON a (c, b); ALTER TABLE a DROP COLUMN b;"
    assert keys(schema({"schema.sql": text})["a"]) == []


def test_indexes_inside_a_table_of_mysql_and_the_one_for_its_foreign_key() -> None:
    text = """
    CREATE TABLE p (id INT AUTO_INCREMENT PRIMARY KEY) ENGINE=InnoDB;
    CREATE TABLE a (id INT, p_id INT, `key` VARCHAR(9), name TEXT, KEY by_name (name(20) DESC),
      UNIQUE KEY u (`key`, id), FULLTEXT KEY ft (name), FOREIGN KEY (p_id) REFERENCES p (id)) ENGINE=InnoDB;
    """
    table = schema({"schema.sql": text}, "mysql")["a"]
    assert keys(table) == [("name DESC",), ("key", "id"), ("name",), ("p_id",)]
    assert [i.method for i in table.indexes] == ["btree", "btree", "fulltext", "btree"]
    assert table.indexes[0].keys[0].length == 20
    assert table.indexes[3].origin == "foreign key"


def test_everything_an_index_of_postgresql_can_say() -> None:
    text = """
    CREATE TABLE a (id INT, b TEXT COLLATE "C", c TEXT, d JSONB, key TEXT, e INT GENERATED ALWAYS AS (id + 1) STORED);
    CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS one ON ONLY public.a USING btree
      (lower((b)::text) text_pattern_ops DESC NULLS LAST, c COLLATE "de") INCLUDE (id) WHERE (c IS NOT NULL);
    CREATE INDEX two ON a USING gin (d jsonb_path_ops);
    """
    table = schema({"schema.sql": text})["a"]
    one, two = table.indexes
    first, second = one.keys
    assert (first.expression, first.opclass, first.descending, first.nulls) == (
        "lower(b)",
        "text_pattern_ops",
        True,
        "last",
    )
    assert (second.column, second.collation) == ("c", "de")
    assert (one.unique, one.include, one.where_text) == (True, ("id",), "(c IS NOT NULL)")
    assert (two.method, two.keys[0].opclass) == ("gin", "jsonb_path_ops")
    assert [c.name for c in table.columns] == ["id", "b", "c", "d", "key", "e"]


def test_partitions_have_the_indexes_of_their_table_and_it_those_of_all_of_them() -> None:
    text = """
    CREATE TABLE a (id INT, b INT, c INT) PARTITION BY RANGE (id);
    CREATE TABLE a1 PARTITION OF a FOR VALUES FROM (0) TO (9);
    CREATE TABLE a2 PARTITION OF a FOR VALUES FROM (9) TO (99);
    CREATE INDEX ON a (b); CREATE INDEX ON a1 (c); CREATE INDEX ON a2 (c);
    """
    found = schema({"schema.sql": text})
    assert set(keys(found["a"])) == {("b",), ("c",)}
    assert set(keys(found["a1"])) == {("b",), ("c",)}


def test_only_integer_makes_the_row_number_of_sqlite_a_key() -> None:
    text = "CREATE TABLE a (id INTEGER PRIMARY KEY); CREATE TABLE b (id INT PRIMARY KEY);"
    found = schema({"schema.sql": text}, "sqlite")
    assert (found["a"].indexes[0].method, found["b"].indexes[0].method) == ("rowid", "btree")


def test_what_an_anonymous_block_adds_counts() -> None:
    text = """
    CREATE TABLE a (id INT PRIMARY KEY, b INT);
    DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_indexes WHERE indexname = 'i') THEN
      CREATE INDEX i ON a (b); END IF; END $$;
    """
    assert keys(schema({"schema.sql": text})["a"]) == [("id",), ("b",)]


@pytest.mark.parametrize("name", ["app.a", "App.A", '"app"."a"'])
def test_a_table_of_another_schema_is_another_table(name: str) -> None:
    found = schema({"schema.sql": "CREATE TABLE a (id INT PRIMARY KEY); CREATE TABLE app.a (id INT, b INT UNIQUE);",
                    "q.sql": f"-- name: q\nSELECT 1 FROM {name} WHERE b = $1;"})  # fmt: skip
    assert set(found) == {"a", "app.a"}
    assert keys(found["app.a"]) == [("b",)]


def test_backticks_within_a_quoted_name_are_no_sign_of_mysql() -> None:
    """There `#>>` would begin a comment, and the table be lost."""
    named = "".join(f', CONSTRAINT "ck_a_`kind_{n}`" CHECK (c > {n})' for n in range(9))
    computed = "d BOOLEAN GENERATED ALWAYS AS (((e #>> '{x}'::text[]))::boolean) STORED"
    text = f"CREATE TABLE a (c INT, e JSONB, {computed}{named});"
    report = audit_sources({"schema.sql": text})
    assert [f.message for f in report.findings if f.rule == "FA002"] == []
    assert [c.name for s in report.services for t in s.schema for c in t.columns] == ["c", "e", "d"]
