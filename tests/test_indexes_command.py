"""The `indexes` command end to end: formats, proof, exit codes, and that doing what it says silences it."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
import sqlglot
from jsonschema import Draft202012Validator

from fragaudit.advise.plan import plan_of, tables_of
from fragaudit.cards import cards
from fragaudit.config import Config
from fragaudit.pipeline import audit_sources
from fragaudit.plans import proven
from fragaudit.report import INDEXES, Look

ROOT = Path(__file__).parent.parent
SCHEMA = """\
CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT NOT NULL, name TEXT);
CREATE TABLE orders (
    id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES users (id), note TEXT, total INTEGER, paid_at TEXT
);
CREATE INDEX ix_orders_total ON orders (total);
"""
QUERIES = """\
-- name: by_email
SELECT * FROM users WHERE email = ?;
-- name: latest_orders
SELECT o.* FROM orders o WHERE o.user_id = ? ORDER BY o.paid_at DESC LIMIT 10;
-- name: of_user
SELECT o.id FROM users u JOIN orders o ON o.user_id = u.id WHERE u.email = ?;
-- name: by_total
SELECT id FROM orders WHERE total = ? AND note = ? AND paid_at > ?;
-- name: add_order
INSERT INTO orders (user_id, note) VALUES (?, ?);
-- name: rename
UPDATE users SET name = ? WHERE id = ?;
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / "fragaudit.toml").write_text('dialect = "sqlite"\n')
    (tmp_path / "schema.sql").write_text(SCHEMA)
    (tmp_path / "queries.sql").write_text(QUERIES)
    return tmp_path


def run(folder: Path, *arguments: str, code: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "fragaudit", *arguments, "--no-cache"],
        cwd=folder, capture_output=True, text=True, timeout=60, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", "COLUMNS": "100"},
    )  # fmt: skip
    assert done.returncode == code, done.stderr
    return done.stdout if code == 0 else done.stderr


def test_the_plan_for_people(repository: Path) -> None:
    assert run(repository, "indexes") == (ROOT / "tests" / "indexes_golden.txt").read_text()


def test_the_proof_for_people(repository: Path) -> None:
    lines = run(repository, "indexes", "--prove").splitlines()
    assert [line for line in lines if line.startswith("    proof")] == [
        "    proof taken queries.sql:4", "    proof taken queries.sql:6",
        "    proof taken queries.sql:2", "    proof taken queries.sql:6",
    ]  # fmt: skip
    assert lines[-1].endswith("taken for 4 of 4 access(es), 0 could not be expressed.")


def test_the_plan_fits_into_eighty_columns() -> None:
    files = {"schema.sql": SCHEMA, "queries.sql": QUERIES}
    text = INDEXES["text"](plan_of(audit_sources(files, Config(dialect="sqlite"))), Look(False, 80, False))
    assert max(len(line) for line in text.splitlines()) <= 80


def test_the_plan_as_json(repository: Path) -> None:
    found: dict[str, Any] = json.loads(run(repository, "indexes", "--format", "json", "--prove"))
    assert set(found) == {"schema", "tool", "accesses", "tables", "proof"}
    tables = {t["name"]: t for t in found["tables"]}
    created = {c["name"]: c for t in tables.values() for c in t["create"]}
    assert sorted(created) == ["ix_orders_user_id_paid_at", "ix_users_email"]
    orders = created["ix_orders_user_id_paid_at"]
    assert [(k["column"], k["descending"]) for k in orders["keys"]] == [("user_id", False), ("paid_at", True)]
    assert [(a["at"]["path"], a["at"]["line"], a["alias"]) for a in orders["serves"]] == [
        ("queries.sql", 4, "o"), ("queries.sql", 6, "o")
    ]  # fmt: skip
    assert [(w["at"]["line"], w["verb"]) for w in orders["paid_by"]] == [(10, "insert")]
    assert orders["foreign_keys"] == [{"columns": ["user_id"], "table": "users"}]
    assert {c["verdict"] for c in found["proof"]["cases"]} == {"taken"}


def plans() -> list[Any]:
    """Plans of the statements above, and of every example of every card, as parameters."""
    files = {"schema.sql": SCHEMA, "queries.sql": QUERIES}
    found = [pytest.param(files, "sqlite", id="this"), pytest.param({}, "", id="nothing")]
    for card in cards():
        if card.id.startswith("FA2"):
            for number, example in enumerate(card.example, 1):
                found.append(pytest.param(dict(example.files), "", id=f"{card.id}-{number}"))
    return found


@pytest.mark.parametrize(("files", "dialect"), plans())
def test_json_is_as_its_schema_says(files: dict[str, str], dialect: str) -> None:
    report = audit_sources(files, Config(dialect=dialect))
    made = proven(plan_of(report), tables_of(report))
    schema = json.loads((resources.files("fragaudit") / "schemas" / "indexes-1.schema.json").read_text())
    Draft202012Validator.check_schema(schema)
    found = json.loads(INDEXES["json"](made, Look(False, 80, False)))
    assert [f"{e.json_path}: {e.message}" for e in Draft202012Validator(schema).iter_errors(found)] == []


@pytest.mark.parametrize(("files", "dialect"), plans())
def test_every_statement_parses_in_its_dialect(files: dict[str, str], dialect: str) -> None:
    """Guards the DDL by a parser of its own, whatever a database would say of it."""
    made = plan_of(audit_sources(files, Config(dialect=dialect)))
    for table in made.tables:
        for text in (*(p.ddl for p in table.proposals), *(s.ddl for s in table.superfluous if s.ddl)):
            assert isinstance(
                sqlglot.parse_one(text, read=table.dialect or None), (sqlglot.exp.Create, sqlglot.exp.Drop)
            )


def test_proof_takes_no_path_for_a_url(repository: Path) -> None:
    assert "Proof by SQLite" in run(repository, "indexes", "--prove", ".")
    assert "Proof by" not in run(repository, "indexes", ".")
    assert "takes the URL of a PostgreSQL database" in run(repository, "indexes", "--prove=mysql://host/db", code=2)


def test_an_unknown_format_is_no_plan(repository: Path) -> None:
    told = run(repository, "indexes", "--format", "yaml", code=2)
    assert told == "fragaudit: unknown format 'yaml'; choose text, sql, alembic, django, json\n"


def test_a_plan_goes_to_a_file(repository: Path) -> None:
    assert run(repository, "indexes", "--format", "sql", "--output", "plan.sql") == ""
    assert "CREATE INDEX IF NOT EXISTS ix_users_email ON users (email);" in (repository / "plan.sql").read_text()


def silent(repository: Path, database: Path) -> None:
    """The schema that a database now has needs no index, and `check` finds nothing to say of it."""
    with sqlite3.connect(database) as connection:
        rows = connection.execute("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'alembic%'")
        texts = [str(sql) for (sql,) in rows if "django_" not in sql]
    connection.close()
    (repository / "schema.sql").write_text(";\n".join(texts) + ";\n")
    report = json.loads(run(repository, "check", "--format", "json", "--select", "FA2", "--ignore", "FA208"))
    assert [(f["rule"], f["confidence"], f["message"]) for f in report["findings"]] == []
    assert "Nothing to create and nothing to drop." in run(repository, "indexes", "--format", "sql")


def test_doing_what_the_script_says_silences_it(repository: Path) -> None:
    script = run(repository, "indexes", "--format", "sql")
    connection = sqlite3.connect(repository / "db")
    connection.executescript(SCHEMA + script)
    connection.close()
    silent(repository, repository / "db")


def test_doing_what_the_revision_says_silences_it(repository: Path) -> None:
    pytest.importorskip("alembic", reason="Alembic is not installed")
    (repository / "versions").mkdir()
    (repository / "versions" / "a_first.py").write_text(
        "from alembic import op\nrevision = 'a1'\ndown_revision = None\n\n"
        f"def upgrade():\n    for part in {SCHEMA.strip().split(';')[:-1]!r}:\n        op.execute(part)\n\n"
        "def downgrade():\n    pass\n"
    )
    (repository / "versions" / "b_indexes.py").write_text(run(repository, "indexes", "--format", "alembic"))
    (repository / "env.py").write_text(
        "from alembic import context\nfrom sqlalchemy import create_engine\n"
        "with create_engine('sqlite:///db').connect() as c:\n    context.configure(connection=c)\n"
        "    with context.begin_transaction():\n        context.run_migrations()\n"
    )
    (repository / "alembic.ini").write_text("[alembic]\nscript_location = .\npath_separator = os\n")
    done = subprocess.run(
        [sys.executable, "-m", "alembic", "upgrade", "head"],
        cwd=repository, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    silent(repository, repository / "db")


def test_a_repository_without_sql_has_an_empty_plan(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("x = 1\n")
    assert run(tmp_path, "indexes").splitlines()[0] == "Indexes: 0 to create, for 0 access(es); 0 to drop."
