"""Fixes of vector ids: what is rewritten, and what is left alone."""

# ruff: noqa: E501  # code in tables reads best on one line

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from fragaudit.fix import applied
from fragaudit.pipeline import audit_sources

CHROMA = "import chromadb\n\nnotes = chromadb.HttpClient(host='c').get_or_create_collection('note')\n\n"
QDRANT = (
    "from qdrant_client import QdrantClient\nfrom qdrant_client.models import PointStruct\n\n"
    "client = QdrantClient(url='http://q:6333')\n\n"
)
PROJECT = '[project]\nname = "notes"\n'


def fixed(text: str) -> str:
    report = audit_sources({"pyproject.toml": PROJECT, "notes/rag.py": text}, fixes=True)
    edits = [e for f in report.findings if f.fix is not None for e in f.fix.edits]
    assert all(f.fix is None or not f.fix.safe for f in report.findings)
    return applied(text, edits)


REWRITTEN = [
    pytest.param(
        CHROMA + "def save(rows, vectors):\n    notes.add(ids=[r.id for r in rows], embeddings=vectors)\n",
        CHROMA
        + 'def save(rows, vectors):\n    notes.add(ids=["notes:note:" + str(r.id) for r in rows], embeddings=vectors)\n',
        id="comprehension",
    ),
    pytest.param(
        CHROMA + "def save(row, vector):\n    notes.add(ids=[str(row.id)], embeddings=[vector],  # kept\n"
        "              metadatas=[{'lang': 'en'}])\n",
        CHROMA
        + 'def save(row, vector):\n    notes.add(ids=["notes:note:" + str(row.id)], embeddings=[vector],  # kept\n'
        '              metadatas=[{"original_id": str(row.id), "rag_namespace": "notes:note", \'lang\': \'en\'}])\n',
        id="metadata beside it",
    ),
    pytest.param(
        CHROMA
        + "def save(rows, vectors):\n    ids = [r['id'] for r in rows]\n    notes.upsert(ids=ids, embeddings=vectors)\n",
        CHROMA + "def save(rows, vectors):\n    ids = [\"notes:note:\" + str(r['id']) for r in rows]\n"
        "    notes.upsert(ids=ids, embeddings=vectors)\n",
        id="bound once",
    ),
    pytest.param(
        "import asyncio\n\n" + CHROMA + "async def save(row, vector):\n"
        "    await asyncio.to_thread(notes.upsert, ids=[str(row.id)], embeddings=[vector])\n",
        "import asyncio\n\n" + CHROMA + "async def save(row, vector):\n"
        '    await asyncio.to_thread(notes.upsert, ids=["notes:note:" + str(row.id)], embeddings=[vector])\n',
        id="in a thread, where its arguments are named",
    ),
    pytest.param(
        QDRANT
        + "def save(row, vector):\n    client.upsert('note', [PointStruct(id=row.id, vector=vector, payload={})])\n",
        "import uuid\n" + QDRANT + "def save(row, vector):\n"
        "    client.upsert('note', [PointStruct("
        'id=str(uuid.uuid5(uuid.NAMESPACE_URL, "notes:note:" + str(row.id))), vector=vector, '
        'payload={"original_id": row.id, "rag_namespace": "notes:note"})])\n',
        id="qdrant",
    ),
]


@pytest.mark.parametrize(("before", "after"), REWRITTEN)
def test_an_id_is_wrapped_and_nothing_else_touched(before: str, after: str) -> None:
    assert fixed(before) == after


@pytest.mark.parametrize(("before", "after"), REWRITTEN)
def test_what_is_fixed_is_namespaced_and_not_fixed_again(before: str, after: str) -> None:
    del before
    report = audit_sources({"pyproject.toml": PROJECT, "notes/rag.py": after}, fixes=True)
    assert [w.verdict for w in report.services[0].vector_writes] == ["namespaced"]
    assert fixed(after) == after


LEFT = {
    "a counter": "def save(vectors):\n    notes.add(ids=[str(n) for n, _ in enumerate(vectors)], embeddings=vectors)\n",
    "used elsewhere too": "def save(rows, v):\n    ids = [r.id for r in rows]\n    notes.add(ids=ids, embeddings=v)\n"
    "    return ids\n",
    "made here and given back": "import uuid\n\ndef save(text, v):\n    key = str(uuid.uuid4())\n"
    "    notes.add(ids=[key], embeddings=[v])\n    return key\n",
    "bound twice": "def save(rows, v):\n    ids = []\n    ids = [r.id for r in rows]\n    notes.add(ids=ids, embeddings=v)\n",
    "says something already": "def save(row, v):\n    notes.add(ids=[f'note-{row.id}'], embeddings=[v])\n",
    "not known": "def save(key, v):\n    notes.add(ids=[key], embeddings=[v])\n",
    "a splat": "def save(rows, v):\n    batch = {'ids': [r.id for r in rows]}\n    notes.add(**batch)\n",
    "handed to a thread by position": "def save(loop, row, v):\n"
    "    loop.run_in_executor(None, notes.add, [row.id], [v])\n",
    "namespaced": "def save(row, v):\n    notes.add(ids=[f'notes:note:{row.id}'], embeddings=[v])\n",
    "ignored": "def save(row, v):\n    notes.add(ids=[row.id], embeddings=[v])"
    "  # fragaudit: ignore[FA301] moved in spring\n",
}


@pytest.mark.parametrize("name", LEFT)
def test_what_is_not_proven_is_left_alone(name: str) -> None:
    assert fixed(CHROMA + LEFT[name]) == CHROMA + LEFT[name]


def test_all_places_of_one_finding_are_fixed() -> None:
    save = "def {}(row, v):\n    notes.{}(ids=[row.id], embeddings=[v])\n\n"
    done = save.replace("[row.id]", '["notes:note:" + str(row.id)]')
    first, second = ("save", "add"), ("again", "upsert")
    assert fixed(CHROMA + save.format(*first) + save.format(*second)) == (
        CHROMA + done.format(*first) + done.format(*second)
    )


def test_a_collection_that_is_computed_gives_no_type() -> None:
    text = CHROMA.replace("'note'", "make()") + "def save(row, v):\n    notes.add(ids=[row.id], embeddings=[v])\n"
    assert fixed(text) == text


def test_the_command_rewrites_files_and_reports_what_is_left(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    folder = tmp_path / "notes"
    folder.mkdir()
    text = "# coding: utf-8\r\n" + CHROMA + "def save(row, v):\n    notes.add(ids=[row.id], embeddings=[v])  # é\n"
    (folder / "rag.py").write_bytes(text.encode())
    command = [sys.executable, "-m", "fragaudit", "check", ".", "--fix", "--no-cache", "--select", "FA301"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "notes/rag.py: ids of vectors rewritten, 1 edit;" in done.stderr
    after = (folder / "rag.py").read_bytes().decode()
    assert after == text.replace("[row.id]", '["notes:note:" + str(row.id)]')
