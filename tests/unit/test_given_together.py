"""Statements of wrappers: what one call gives belongs together, and what is joined is all that a list holds."""

from __future__ import annotations

import pytest

from fragaudit.pipeline import audit_sources

OPENED = """
import sqlite3

db = sqlite3.connect("a.db")
db.executescript(\"\"\"
CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT, age INTEGER);
CREATE TABLE orders (id INTEGER PRIMARY KEY, state TEXT, at TEXT);
\"\"\")
"""


def statements(code: str) -> list[str]:
    found = audit_sources({"app/__init__.py": "", "app/main.py": OPENED + code}).services[0]
    return sorted(access.text for access in found.accesses)


def indexes(files: dict[str, str]) -> list[tuple[str, str, tuple[str, ...], bool, str]]:
    found = audit_sources(files).services[0]
    return sorted(
        (t.name, i.name, tuple(k.column for k in i.keys), i.unique, i.where_text)
        for t in found.schema
        for i in t.indexes
        if i.name
    )


def test_a_table_goes_with_the_column_that_the_same_call_gives() -> None:
    code = """
def rows(table, column, value):
    return db.execute(f"SELECT * FROM {table} WHERE {column} = ?", (value,))

rows("users", "email", "a@b")
rows("orders", "state", "open")
"""
    assert statements(code) == ["SELECT * FROM orders WHERE state = ?", "SELECT * FROM users WHERE email = ?"]


def test_what_a_function_hands_on_goes_together_too() -> None:
    code = """
def rows(table, column, value):
    def run(connection):
        return connection.execute(f"SELECT * FROM {table} WHERE {column} = ?", (value,))
    return run(db)

def first(table, column, value):
    return rows(table, column=column, value=value)

first("users", "email", "a@b")
first("orders", column="state", value="open")
"""
    assert statements(code) == ["SELECT * FROM orders WHERE state = ?", "SELECT * FROM users WHERE email = ?"]


def test_more_calls_than_are_combined_are_all_read() -> None:
    columns = ["id", "email", "age", "id + 1", "id + 2", "id + 3", "id + 4", "id + 5"]
    calls = "\n".join(f'rows("{column}")' for column in columns)
    code = f"""
def rows(column):
    return db.execute(f"SELECT id FROM users WHERE {{column}} = ?", (1,))

{calls}
"""
    assert statements(code) == sorted(f"SELECT id FROM users WHERE {column} = ?" for column in columns)


@pytest.mark.parametrize(
    ("keys", "where"),
    [
        ('["email", "age"]', "email = ? AND age = ?"),
        ('("email",)', "email = ?"),
        ('{"id": 1, "email": "a"}', "id = ? AND email = ?"),
    ],
)
def test_what_is_joined_is_all_that_a_list_holds(keys: str, where: str) -> None:
    code = f"""
def rows(keys):
    found = " AND ".join(f"{{name}} = ?" for name in keys)
    return db.execute("SELECT id FROM users WHERE " + found, list(keys))

rows({keys})
"""
    assert statements(code) == [f"SELECT id FROM users WHERE {where}"]


def test_what_nobody_is_seen_to_list_stays_open() -> None:
    code = """
def rows(keys):
    found = " AND ".join(f"{name} = ?" for name in keys)
    return db.execute("SELECT id FROM users WHERE " + found, list(keys))
"""
    assert statements(code) == ["SELECT id FROM users WHERE :h0"]


def test_one_sign_stands_for_any_number_of_values() -> None:
    code = """
def rows(ids):
    return db.execute("SELECT email FROM users WHERE id IN (%s)" % ",".join("?" for _ in ids), ids)
"""
    assert statements(code) == ["SELECT email FROM users WHERE id IN (?)"]


UPDATES = """
import psycopg2

class Updates:
    def __init__(self, pool):
        self.pool = pool

    def index(self, name, table, columns, where=None, unique=False):
        def run(connection):
            sql = "CREATE %(unique)s INDEX CONCURRENTLY %(name)s ON %(table)s (%(columns)s) %(where)s" % {
                "unique": "UNIQUE" if unique else "",
                "name": name,
                "table": table,
                "columns": ", ".join(columns),
                "where": "WHERE " + where if where is not None else "",
            }
            connection.cursor().execute(sql)
        self.pool.run(run)

class Users:
    def __init__(self, pool: psycopg2.extensions.connection):
        updates = Updates(pool)
        updates.index("users_email", table="users", columns=["email", "age"])
        updates.index("orders_state", table="orders", columns=["state"])
"""
OLD = "CREATE TABLE old_users (id int, email text, age int);\nCREATE TABLE orders (id int, state text);\n"
RENAMED = "ALTER TABLE old_users RENAME TO users;\n"


def test_indexes_that_a_service_adds_while_it_runs_come_after_its_migrations() -> None:
    found = indexes({"app/updates.py": UPDATES, "schema/delta/1.sql": OLD, "schema/delta/2.sql": RENAMED})
    assert found == [
        ("orders", "orders_state", ("state",), False, ""),
        ("users", "users_email", ("email", "age"), False, ""),
    ]


def test_a_finding_in_a_wrapper_shows_the_call_that_it_is_about() -> None:
    code = """
def rows(table, column, value):
    return db.execute(f"SELECT * FROM {table} WHERE {column} = ?", (value,))

rows("users", "id", 1)
rows("orders", "state", "open")
"""
    report = audit_sources({"app/__init__.py": "", "app/main.py": OPENED + code})
    found = [(f.at.line, f.related[0].at.line, f.related[0].message) for f in report.findings if f.rule == "FA201"]
    assert found == [(11, 14, "this call says what is asked")]
