"""The proof by a real PostgreSQL with HypoPG, where `FRAGAUDIT_TEST_POSTGRES` names a database to make tables in.

FRAGAUDIT_TEST_POSTGRES=postgresql://localhost/scratch python -m pytest tests/test_prove_postgres.py
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent / "unit"))

from planning import access, condition, primary, table

from fragaudit.advise.plan import plan
from fragaudit.advise.postgres import ProofError, prove
from fragaudit.advise.prove import Text

URL = os.environ.get("FRAGAUDIT_TEST_POSTGRES", "")
needs_server = pytest.mark.skipif(not URL, reason="FRAGAUDIT_TEST_POSTGRES names no database")
COLUMNS = "id bigint PRIMARY KEY, email text, note text, total numeric, tags text[], created_at timestamptz"


@pytest.fixture
def database() -> Iterator[Any]:
    psycopg: Any = pytest.importorskip("psycopg", reason="psycopg comes with the `prove` extra")
    with psycopg.connect(URL, autocommit=True) as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS hypopg")
        connection.execute("DROP SCHEMA IF EXISTS fragaudit_test CASCADE")
        connection.execute("CREATE SCHEMA fragaudit_test")
        connection.execute(f"CREATE TABLE fragaudit_test.orders ({COLUMNS})")
        yield connection
        connection.execute("DROP SCHEMA fragaudit_test CASCADE")


def _url() -> str:
    return f"{URL}{'&' if '?' in URL else '?'}options=-csearch_path%3Dfragaudit_test,public"


@needs_server
def test_its_planner_takes_the_indexes_and_nothing_stays(database: Any) -> None:
    accesses = [
        access(1, "email", sort="created_at desc", limit=True),
        access(2, "note prefix"),
        access(3, "tags match"),
        access(4, "total two-sided"),
        access(5, "email"),
        access(6, arms=((condition("email"),), (condition("total"),))),
    ]
    texts = {
        1: "SELECT * FROM orders WHERE email = $1 ORDER BY created_at DESC LIMIT 5",
        2: "UPDATE orders SET total = 0 WHERE note LIKE 'x%'",
        3: "SELECT * FROM orders WHERE tags @> $1",
        4: "DELETE FROM orders WHERE total BETWEEN $1 AND $2",
        6: "SELECT * FROM orders WHERE email = $1 OR total = $2",
        5: "SELECT 1 FROM orders WHERE email = $1; CREATE TABLE fragaudit_test.evil (id int)",
    }
    statements = {str(line): Text(text) for line, text in texts.items()}
    proven = prove(plan([table(primary("id"))], accesses, []), statements, _url())
    verdicts = {p.access.at.line: p.verdict for p in proven.proofs}
    assert verdicts == {1: "taken", 2: "taken", 3: "not expressible", 4: "taken", 5: "not expressible", 6: "taken"}
    assert "multiple commands" in next(p.why for p in proven.proofs if p.access.at.line == 5)
    assert proven.planner.startswith("PostgreSQL ")
    first = next(p for p in proven.proofs if p.access.at.line == 1)
    assert any("ix_orders_email_created_at" in line for line in first.after)
    assert not any("ix_orders_email_created_at" in line for line in first.before)
    left = "SELECT relname FROM pg_class WHERE relnamespace = 'fragaudit_test'::regnamespace ORDER BY 1"
    assert [name for (name,) in database.execute(left)] == ["orders", "orders_pkey"]


@needs_server
def test_it_says_what_is_missing(database: Any) -> None:
    del database
    with pytest.raises(ProofError, match="the database can't be asked: ") as told:
        prove(plan([], [], []), {}, "postgresql://user:secret@127.0.0.1:1/none?connect_timeout=1")
    assert "secret" not in str(told.value)


def test_it_needs_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(ProofError, match=r"pip install 'fragaudit\[prove\]'"):
        prove(plan([], [], []), {}, "postgresql://")
