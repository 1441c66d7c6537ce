"""Back ends of which one is active at a time: what is one of them, which is the default, and how they are spoken of."""

from __future__ import annotations

import json

import pytest

from fragaudit.model.stores import Service
from fragaudit.pipeline import audit_sources
from fragaudit.report.json import render_map
from fragaudit.report.look import Look

BACK_ENDS = {
    "app/__init__.py": "",
    "app/stores/__init__.py": "",
    "app/stores/faiss.py": """
import faiss
from app.stores.base import {base}

class FaissKept({base}):
    def __init__(self, size):
        self.index = faiss.read_index("index.faiss")

    def add(self, ids, vectors):
        self.index.add(vectors)
""",
    "app/stores/chroma.py": """
import chromadb
from app.stores.base import {base}

class ChromaKept({base}):
    def __init__(self):
        self.notes = chromadb.HttpClient(host="chroma").get_collection("notes")

    def add(self, ids, vectors):
        self.notes.add(ids=ids, embeddings=vectors)
""",
}
BASE = """
from abc import ABC, abstractmethod

class Keeps(ABC):
    @abstractmethod
    def add(self, names, numbers): ...
"""


def service(extra: dict[str, str], base: str = "Keeps") -> Service:
    files = {path: text.replace("{base}", base) for path, text in BACK_ENDS.items()}
    return audit_sources({**files, **extra}).services[0]


def slots(of: Service) -> list[tuple[str, tuple[str, ...], str | None]]:
    return [(s.id, s.slot.alternatives, s.slot.default) for s in of.stores if s.slot is not None]


def test_what_implements_an_abstract_class_is_one_role_although_that_says_nothing_of_stores() -> None:
    found = service({"app/stores/base.py": BASE})
    assert slots(found) == [("vector:chroma", ("chroma", "faiss"), None)]
    assert [s.kind for s in found.stores] == ["vector"]


def test_what_the_base_of_all_opens_is_none_of_the_back_ends() -> None:
    base = """
import sqlite3

class Keeps:
    def __init__(self):
        self.path = "notes.db"

    def connect(self):
        self.rows = sqlite3.connect("notes.db")

    def add(self, ids, vectors):
        raise NotImplementedError
"""
    calling = {
        path: text.replace("{base}", "Keeps").replace(
            "def __init__(self", "def make(self):\n        Keeps.__init__(self)\n\n    def __init__(self"
        )
        for path, text in BACK_ENDS.items()
    }
    found = audit_sources({**calling, "app/stores/base.py": base}).services[0]
    assert slots(found) == [("vector:chroma", ("chroma", "faiss"), None)]
    assert [s.id for s in found.stores] == ["relational:sqlite", "vector:chroma"]


@pytest.mark.parametrize(
    "main",
    [
        "@dataclass\nclass Kept:\n    kind: type[Keeps] = FaissKept\n",
        "def make(kind: type[Keeps] = FaissKept):\n    return kind(3)\n",
    ],
)
def test_a_class_can_be_the_default(main: str) -> None:
    imports = (
        "from dataclasses import dataclass\nfrom app.stores.base import Keeps\nfrom app.stores.faiss import FaissKept\n"
    )
    found = service({"app/stores/base.py": BASE, "app/main.py": imports + main})
    assert slots(found) == [("vector:faiss", ("chroma", "faiss"), "faiss")]


def test_what_is_reached_is_told_where_the_store_has_several_back_ends() -> None:
    files = {path: text.replace("{base}", "Keeps") for path, text in BACK_ENDS.items()}
    report = audit_sources({**files, "app/stores/base.py": BASE})
    writes = json.loads(render_map(report, Look()))["services"][0]["vector_writes"]
    told = [(w["at"]["path"], w["store"], w["engine"]) for w in writes]
    assert told == [
        ("app/stores/chroma.py", "vector:chroma", "chroma"),
        ("app/stores/faiss.py", "vector:chroma", "faiss"),
    ]


def test_a_message_names_the_back_ends_of_which_none_is_the_default() -> None:
    other = "import qdrant_client\nclient = qdrant_client.QdrantClient(url='http://qdrant')\nclient.upsert('a', [])\n"
    files = {path: text.replace("{base}", "Keeps") for path, text in BACK_ENDS.items()}
    report = audit_sources({**files, "app/stores/base.py": BASE, "app/main.py": other})
    messages = [f.message for f in report.findings if f.rule == "FA102"]
    assert messages == [
        "service service keeps vectors in 2 stores (1 allowed): qdrant at qdrant:6333; one of chroma and faiss"
    ]


def test_collections_of_back_ends_are_not_those_of_one_store() -> None:
    many = """
from qdrant_client import QdrantClient
from app.stores.base import Keeps

class QdrantKept(Keeps):
    def __init__(self):
        self.client = QdrantClient(url="http://qdrant:6333")

    def add(self, ids, vectors):
        self.client.upsert(collection_name="one", points=vectors)
        self.client.upsert(collection_name="two", points=vectors)
        self.client.upsert(collection_name="three", points=vectors)
"""
    alone = {"app/stores/base.py": BASE, "app/stores/qdrant.py": many}
    assert [f.rule for f in audit_sources(alone).findings if f.rule == "FA102"] == ["FA102"]
    several = {**alone, "app/stores/faiss.py": BACK_ENDS["app/stores/faiss.py"].replace("{base}", "Keeps")}
    assert [f.rule for f in audit_sources(several).findings if f.rule == "FA102"] == []


def test_rows_with_vectors_are_in_the_store_that_runs_their_statement() -> None:
    tables = """
from sqlalchemy import create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

engine = create_engine("postgresql://db/app")

class Base(DeclarativeBase): ...

class Note(Base):
    __tablename__ = "note"
    id: Mapped[int] = mapped_column(primary_key=True)
"""
    oracle = """
import oracledb

class Kept:
    def __init__(self):
        self.connection = oracledb.connect(user="a", dsn="oracle/vectors")

    def save(self, rows):
        cursor = self.connection.cursor()
        cursor.executemany("INSERT INTO notes (id, embedding) VALUES (:1, TO_VECTOR(:2))", rows)
"""
    found = audit_sources({"app/tables.py": tables, "app/kept.py": oracle}).services[0]
    assert found.primary == "relational:postgresql"
    assert [(w.store, w.engine, w.container) for w in found.vector_writes] == [("relational:oracle", "oracle", "notes")]


def test_a_private_attribute_of_a_model_is_what_its_methods_make_it() -> None:
    text = """
import chromadb
from pydantic import BaseModel, PrivateAttr

class Kept(BaseModel):
    _client: object = PrivateAttr(default=None)

    def open(self):
        self._client = chromadb.HttpClient(host="chroma")

    def save(self, row, vector):
        self._client.get_collection("notes").add(ids=[row.id], embeddings=[vector])
"""
    found = audit_sources({"app/main.py": text}).services[0]
    assert [(w.store, w.container, w.verdict) for w in found.vector_writes] == [
        ("vector:chroma", "notes", "not-namespaced")
    ]


def test_two_choices_among_some_of_the_same_engines_are_two_roles() -> None:
    files = {
        "app/__init__.py": "",
        "app/loading.py": "from importlib import import_module\n\ndef load(name):\n    return import_module(name)\n",
        "app/rag/__init__.py": """
from app.loading import load

def client_of(provider="chroma"):
    if provider == "chroma":
        return load("app.rag.chroma").client()
    if provider == "qdrant":
        return load("app.rag.qdrant").client()
    raise ValueError(provider)
""",
        "app/rag/chroma.py": "import chromadb\n\ndef client():\n    return chromadb.PersistentClient('rag')\n",
        "app/rag/qdrant.py": "import qdrant_client as q\n\ndef client(**o):\n    return q.QdrantClient(**o)\n",
        "app/memory/__init__.py": """
import lancedb
from qdrant_client import QdrantClient

def memory_of(backend="lancedb"):
    if backend == "lancedb":
        return lancedb.connect("memory")
    else:
        return QdrantClient(path="memory.qdrant")
""",
    }
    assert slots(audit_sources(files).services[0]) == [
        ("vector:chroma", ("chroma", "qdrant"), "chroma"),
        ("vector:lancedb", ("lancedb", "qdrant"), "lancedb"),
    ]


def test_rows_whose_connection_is_handed_in_are_in_the_store_that_their_class_implements() -> None:
    rows = """
from app.stores.base import BaseVectorStore

class RowsKept(BaseVectorStore):
    def __init__(self, pool):
        self.pool = pool

    def add(self, rows):
        with self.pool.acquire() as connection:
            connection.execute("INSERT INTO notes (id, embedding) VALUES ($1, $2::vector)", rows)
"""
    base = BASE.replace("Keeps", "BaseVectorStore")
    found = service({"app/stores/base.py": base, "app/stores/rows.py": rows}, "BaseVectorStore")
    assert [(w.at.path, w.store) for w in found.vector_writes if w.pairing == "same row"] == [
        ("app/stores/rows.py", "vector:chroma")
    ]


def test_back_ends_that_a_registry_loads_by_the_names_of_their_modules_are_one_role() -> None:
    registry = 'PROVIDERS = [{"vector_store": "faiss", "module": "app.first"}, {"module": "app.second"}]\n'
    entry = "from app.stores.{module} import {cls}\n\ndef adapter(config):\n    made = {cls}(3)\n    return made\n"
    modules = {
        "app/stores/base.py": BASE,
        "app/first.py": entry.format(module="faiss", cls="FaissKept"),
        "app/second.py": entry.format(module="chroma", cls="ChromaKept"),
    }
    assert slots(service(modules)) == []
    found = service({**modules, "app/registry.py": registry})
    assert slots(found) == [("vector:chroma", ("chroma", "faiss"), None)]


def test_a_field_that_holds_a_class_of_stores_is_none_and_what_that_makes_has_its_name() -> None:
    text = """
from dataclasses import dataclass

class BaseKVStorage:
    def get(self, key): ...

class JsonKVStorage(BaseKVStorage):
    def get(self, key): ...

@dataclass
class Kept:
    storage_cls: type[BaseKVStorage] = JsonKVStorage

    def __post_init__(self):
        self.docs = self.storage_cls()
"""
    found = audit_sources({"app/main.py": text}).services[0]
    assert [(s.id, s.identity) for s in found.stores] == [("kv:JsonKVStorage", "Kept.docs")]
