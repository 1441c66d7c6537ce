"""Fixed code against the real clients that run in the process: ids arrive as the verdict says.

Skipped where a client is not installed.
"""

# ruff: noqa: E501  # code in tables reads best on one line

from __future__ import annotations

import sqlite3
import uuid
from pathlib import Path
from typing import Any

import pytest

from fragaudit.fix import applied
from fragaudit.pipeline import audit_sources

PROJECT = {"pyproject.toml": '[project]\nname = "notes"\n'}
EXPECTED = [f"notes:note:{n}" for n in (1, 2)]
ROWS = [{"id": 1, "text": "one"}, {"id": 2, "text": "two"}]
VECTORS = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]


def run(text: str, *, fix: bool, verdict: str) -> dict[str, Any]:
    """Audit code, fix it if asked to, check the verdict on what is run, run it and return its names."""
    if fix:
        report = audit_sources({**PROJECT, "notes/rag.py": text}, fixes=True)
        assert [w.verdict for w in report.services[0].vector_writes] == ["not-namespaced"]
        text = applied(text, [e for f in report.findings if f.fix is not None for e in f.fix.edits])
    report = audit_sources({**PROJECT, "notes/rag.py": text})
    assert [w.verdict for w in report.services[0].vector_writes] == [verdict], report.services[0].vector_writes
    names: dict[str, Any] = {}
    exec(compile(text, "rag.py", "exec"), names)  # the code under test
    names["save"](ROWS, VECTORS)
    return names


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_chroma() -> None:
    pytest.importorskip("chromadb")
    text = (
        "import chromadb\ncollection = chromadb.PersistentClient(path='./chroma').get_or_create_collection('note')\n\n"
        "def save(rows, vectors):\n    collection.add(ids=[r['id'] for r in rows], embeddings=vectors)\n"
    )
    names = run(text, fix=True, verdict="namespaced")
    assert sorted(names["collection"].get()["ids"]) == EXPECTED


def test_qdrant() -> None:
    pytest.importorskip("qdrant_client")
    text = (
        "from qdrant_client import QdrantClient\nfrom qdrant_client.models import Distance, PointStruct, VectorParams\n\n"
        "client = QdrantClient(path='./qdrant')\n"
        "client.create_collection('note', vectors_config=VectorParams(size=3, distance=Distance.COSINE))\n\n"
        "def save(rows, vectors):\n"
        "    client.upsert('note', [PointStruct(id=r['id'], vector=v, payload={}) for r, v in zip(rows, vectors)])\n"
    )
    names = run(text, fix=True, verdict="namespaced")
    points, _ = names["client"].scroll("note")
    assert {p.id for p in points} == {str(uuid.uuid5(uuid.NAMESPACE_URL, text)) for text in EXPECTED}
    assert {(p.payload["original_id"], p.payload["rag_namespace"]) for p in points} == {
        (1, "notes:note"),
        (2, "notes:note"),
    }
    names["client"].close()


def test_qdrant_refuses_what_the_verdict_says_it_refuses() -> None:
    pytest.importorskip("qdrant_client")
    text = (
        "from qdrant_client import QdrantClient\nfrom qdrant_client.models import Distance, PointStruct, VectorParams\n\n"
        "client = QdrantClient(path='./qdrant')\n"
        "client.create_collection('note', vectors_config=VectorParams(size=3, distance=Distance.COSINE))\n\n"
        "def save(rows, vectors):\n"
        "    client.upsert('note', [PointStruct(id=f\"notes:note:{r['id']}\", vector=v) for r, v in zip(rows, vectors)])\n"
    )
    with pytest.raises(ValueError, match=r"valid UUID|point id"):
        run(text, fix=False, verdict="not-namespaced")


def test_lancedb() -> None:
    pytest.importorskip("lancedb")
    text = (
        "import lancedb\n\ndb = lancedb.connect('./lance')\n"
        "table = db.create_table('note', data=[{'id': 'x', 'vector': [0.0, 0.0, 1.0]}])\n\n"
        "def save(rows, vectors):\n    table.add([{'id': r['id'], 'vector': v} for r, v in zip(rows, vectors)])\n"
    )
    names = run(text, fix=True, verdict="namespaced")
    assert sorted(names["table"].to_arrow()["id"].to_pylist()) == [*EXPECTED, "x"]


def test_milvus_lite() -> None:
    pytest.importorskip("milvus_lite")
    pytest.importorskip("pymilvus")
    text = (
        "from pymilvus import MilvusClient\n\nclient = MilvusClient('./milvus.db')\n"
        "client.create_collection('note', dimension=3, id_type='string', max_length=64)\n\n"
        "def save(rows, vectors):\n"
        "    client.insert('note', [{'id': r['id'], 'vector': v} for r, v in zip(rows, vectors)])\n"
    )
    names = run(text, fix=True, verdict="namespaced")
    found = names["client"].query("note", filter="id != ''", output_fields=["id"])
    assert sorted(row["id"] for row in found) == EXPECTED
    names["client"].close()


HASHED = "int(hashlib.sha256(f\"notes:note:{r['id']}\".encode()).hexdigest()[:15], 16)"


def keys() -> set[int]:
    import hashlib

    return {int(hashlib.sha256(text.encode()).hexdigest()[:15], 16) for text in EXPECTED}


def test_faiss() -> None:
    pytest.importorskip("faiss")
    text = (
        "import hashlib\nimport faiss\nimport numpy as np\n\nindex = faiss.IndexIDMap(faiss.IndexFlatL2(3))\n\n"
        "def save(rows, vectors):\n"
        f"    index.add_with_ids(np.array(vectors, dtype='float32'), np.array([{HASHED} for r in rows], dtype='int64'))\n"
    )
    names = run(text, fix=False, verdict="namespaced")
    import faiss  # type: ignore[import-not-found, unused-ignore]

    assert set(faiss.vector_to_array(names["index"].id_map).tolist()) == keys()


def test_usearch() -> None:
    pytest.importorskip("usearch")
    text = (
        "import hashlib\nimport numpy as np\nfrom usearch.index import Index\n\nindex = Index(ndim=3)\n\n"
        "def save(rows, vectors):\n"
        f"    index.add(np.array([{HASHED} for r in rows]), np.array(vectors, dtype='float32'))\n"
    )
    names = run(text, fix=False, verdict="namespaced")
    assert set(names["index"].keys) == keys()


@pytest.mark.skipif(not hasattr(sqlite3.Connection, "enable_load_extension"), reason="this Python loads no extensions")
def test_sqlite_vec() -> None:
    pytest.importorskip("sqlite_vec")
    text = (
        "import json\nimport sqlite3\nimport sqlite_vec\n\ndb = sqlite3.connect('notes.db')\ndb.enable_load_extension(True)\n"
        "sqlite_vec.load(db)\ndb.execute('CREATE VIRTUAL TABLE notes USING vec0(id TEXT PRIMARY KEY, embedding FLOAT[3])')\n\n"
        "def save(rows, vectors):\n    for r, v in zip(rows, vectors):\n"
        "        db.execute('INSERT INTO notes (id, embedding) VALUES (?, ?)', (str(r['id']), json.dumps(v)))\n\n"
        "def find(v):\n"
        "    return db.execute('SELECT id FROM notes WHERE embedding MATCH ? AND k = 2 ORDER BY distance', (json.dumps(v),))\n"
    )
    names = run(text, fix=False, verdict="native-namespace")
    assert [row[0] for row in names["find"](VECTORS[0])] == ["1", "2"]
