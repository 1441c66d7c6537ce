"""What runs once asks for no index of its own, and long rows of additions are read in bounded time."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from fragaudit.pipeline import audit_sources

_TABLE = "import sqlalchemy as sa\nfrom alembic import op\n\n\ndef upgrade():\n    op.create_table('connector', sa.Column('id', sa.Integer, primary_key=True), sa.Column('source', sa.Text))\n"  # noqa: E501
_MOVES = "from alembic import op\n\n\ndef upgrade():\n    op.execute(\"UPDATE connector SET source = 'a' WHERE source = 'b'\")\n"  # noqa: E501
_ASKS = "import psycopg\n\nwith psycopg.connect('postgresql://db/app') as c:\n    c.execute('SELECT id FROM connector WHERE source = %s', ('a',))\n"  # noqa: E501


def _findings(root: Path) -> list[tuple[str, str, str]]:
    command = [sys.executable, "-m", "fragaudit", "check", ".", "--format=json", "--fail-on=never", "--no-cache"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=60, check=True)
    return [(f["rule"], f["at"]["path"], f["confidence"]) for f in json.loads(done.stdout)["findings"]]


def test_sql_in_a_migration_is_judged_as_run_once(tmp_path: Path) -> None:
    """Text that a migration executes is as doubtful as a query expression there; the service's own stays likely."""
    folder = tmp_path / "alembic" / "versions"
    folder.mkdir(parents=True)
    (folder / "001_first.py").write_text("revision = '1'\ndown_revision = None\n" + _TABLE)
    (folder / "002_moves.py").write_text("revision = '2'\ndown_revision = '1'\n" + _MOVES)
    (tmp_path / "app.py").write_text(_ASKS)
    uncovered = [found for found in _findings(tmp_path) if found[0] == "FA201"]
    assert ("FA201", "app.py", "likely") in uncovered
    assert ("FA201", "alembic/versions/002_moves.py", "possible") in uncovered
    assert ("FA201", "alembic/versions/002_moves.py", "likely") not in uncovered


@pytest.mark.parametrize(
    "folder", ["schema/delta/33", "db/migrate", "app/upgrades", "DB/Patches", "evolutions/default"]
)
def test_what_a_step_of_the_schema_moves_is_run_once(folder: str) -> None:
    schema = {"schema.sql": "CREATE TABLE connector (id int PRIMARY KEY, source text);\n"}
    report = audit_sources({**schema, f"{folder}/moves.sql": "DELETE FROM connector WHERE source = 'b';\n"})
    assert [(f.rule, f.confidence) for f in report.findings if f.rule == "FA201"] == [("FA201", "possible")]


def test_a_long_row_of_additions_ends(tmp_path: Path) -> None:
    """An id to which hundreds of branches add is read in bounded time and depth."""
    added = "".join(f"    if doc.f{n}:\n        key += doc.f{n}\n" for n in range(400))
    (tmp_path / "app.py").write_text(
        "import chromadb\n\ncollection = chromadb.PersistentClient('x').get_collection('notes')\n\n\n"
        f"def save(doc):\n    key = 'svc:note:'\n{added}    collection.upsert(ids=[key], documents=[doc.text])\n"
    )
    assert ("FA106", "app.py", "likely") in _findings(tmp_path)


def test_a_tuple_made_of_its_own_items_ends(tmp_path: Path) -> None:
    """A name that is bound to a display of its own items is entered once."""
    (tmp_path / "app.py").write_text(
        "import sqlite3\n\ndb = sqlite3.connect('app.db')\n\n\n"
        "def save(documents):\n    for document in documents:\n        if document:\n"
        "            document = (document[0], document[1], None)\n"
        "        document = (document[0][0], document[1], document[2])\n"
        "        for key in document[0]:\n"
        "            db.execute('INSERT INTO docs VALUES (?) ' + key, document)\n"
        "            db.execute(document[0]['sql'] % document)\n"
    )
    assert ("FA201", "app.py", "likely") not in _findings(tmp_path)
