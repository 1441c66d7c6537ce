"""What keeps the vectors of services apart: named collections, namespaces, and the memory of one process."""

from __future__ import annotations

from textwrap import dedent

import pytest

from fragaudit.model.findings import Report
from fragaudit.pipeline import audit_sources

# name, files, and of each write: its file and line, the container, and the verdict.
Case = tuple[str, dict[str, str], list[tuple[str, str, str]]]

CONTAINERS: list[Case] = [
    (
        "a collection that is a field of the object: whoever makes it says which",
        {
            "app.py": """
                from uuid import uuid4
                from pydantic import BaseModel, Field
                from qdrant_client import QdrantClient
                from qdrant_client.models import PointStruct

                class Sink(BaseModel):
                    url: str = Field(..., description="where")
                    collection_name: str = Field(..., description="which")

                    def put(self, vectors):
                        client = QdrantClient(url=self.url)
                        points = [PointStruct(id=str(uuid4()), vector=v) for v in vectors]
                        client.upsert(collection_name=self.collection_name, points=points)

                def make(kind, told):
                    return Sink(**told)
            """,
        },
        [("app.py:14", "{self.collection_name}", "unknown")],
    ),
    (
        "a collection that is a field of the object, which the project makes itself",
        {
            "app/base.py": """
                from dataclasses import dataclass

                @dataclass
                class Store:
                    collection_name: str
            """,
            "app/stores.py": """
                from uuid import uuid4
                from qdrant_client import QdrantClient
                from qdrant_client.models import PointStruct
                from app.base import Store

                class Qdrant(Store):
                    def put(self, vectors):
                        client = QdrantClient(url="http://qdrant")
                        points = [PointStruct(id=str(uuid4()), vector=v) for v in vectors]
                        client.upsert(collection_name=self.collection_name, points=points)
            """,
            "app/main.py": """
                import os
                from app.stores import Qdrant

                storage_cls = {"qdrant": Qdrant}[os.environ["STORE"]]
                notes = storage_cls(collection_name="notes")
            """,
        },
        [("app/stores.py:11", "{COLLECTION_NAME}", "not-namespaced")],
    ),
    (
        "a collection that is a field with a default of the object",
        {
            "app.py": """
                from uuid import uuid4
                from pydantic import BaseModel
                from qdrant_client import QdrantClient
                from qdrant_client.models import PointStruct

                class Sink(BaseModel):
                    url: str
                    collection_name: str = "notes"

                    def put(self, vectors):
                        client = QdrantClient(url=self.url)
                        points = [PointStruct(id=str(uuid4()), vector=v) for v in vectors]
                        client.upsert(collection_name=self.collection_name, points=points)
            """,
        },
        [("app.py:14", "notes", "not-namespaced")],
    ),
    (
        "a tenant that is the library's own by default keeps nothing apart for sure",
        {
            "app.py": """
                from chromadb import DEFAULT_TENANT, HttpClient

                class Store:
                    def __init__(self, tenant: str = DEFAULT_TENANT):
                        self.collection = HttpClient(host="chroma", tenant=tenant).get_or_create_collection("notes")

                    def put(self, note, vector):
                        self.collection.add(ids=[note.id], embeddings=[vector])
            """,
        },
        [("app.py:9", "notes", "unknown")],
    ),
    (
        "a namespace that is `default` unless somebody says another",
        {
            "app.py": """
                from pinecone import Pinecone

                class Store:
                    def __init__(self, namespace: str = "default"):
                        self.index = Pinecone().Index("notes")
                        self.namespace = namespace

                    def put(self, note, vector):
                        self.index.upsert(vectors=[(note.id, vector)], namespace=self.namespace)
            """,
        },
        [("app.py:10", "notes", "unknown")],
    ),
    (
        "a client in memory, behind a framework's stores",
        {
            "app.py": """
                import chromadb
                import faiss
                from llama_index.core import StorageContext, VectorStoreIndex
                from llama_index.vector_stores.chroma import ChromaVectorStore
                from llama_index.vector_stores.faiss import FaissVectorStore

                def one(documents):
                    collection = chromadb.EphemeralClient().create_collection("notes")
                    context = StorageContext.from_defaults(vector_store=ChromaVectorStore(chroma_collection=collection))
                    return VectorStoreIndex.from_documents(documents, storage_context=context)

                def two(documents):
                    store = FaissVectorStore(faiss_index=faiss.IndexFlatL2(1536))
                    context = StorageContext.from_defaults(vector_store=store)
                    return VectorStoreIndex.from_documents(documents, storage_context=context)

                def three(documents):
                    collection = chromadb.PersistentClient("db").create_collection("notes")
                    context = StorageContext.from_defaults(vector_store=ChromaVectorStore(chroma_collection=collection))
                    return VectorStoreIndex.from_documents(documents, storage_context=context)
            """,
        },
        [
            ("app.py:11", "notes", "native-namespace"),
            ("app.py:16", "", "native-namespace"),
            ("app.py:21", "notes", "not-namespaced"),
        ],
    ),
    (
        "a client in memory or one of a server, as the caller wishes",
        {
            "app.py": """
                from uuid import uuid4
                from qdrant_client import QdrantClient
                from qdrant_client.models import PointStruct

                def put(vectors, local):
                    client = QdrantClient(":memory:") if local else QdrantClient(url="http://qdrant")
                    client.upsert("notes", points=[PointStruct(id=str(uuid4()), vector=v) for v in vectors])

                def try_out(vectors):
                    client = QdrantClient(location=":memory:")
                    client.upsert("notes", points=[PointStruct(id=str(uuid4()), vector=v) for v in vectors])
            """,
        },
        [("app.py:8", "notes", "not-namespaced"), ("app.py:12", "notes", "native-namespace")],
    ),
    (
        "a batch of a collection, and a batch of a client that is told the collection",
        {
            "app.py": """
                import weaviate
                from weaviate.util import generate_uuid5

                class Notes:
                    def __init__(self, kb_id: str):
                        self.client = weaviate.connect_to_local()
                        self.collection = self.client.collections.get(kb_id)

                    def add(self, notes, vectors):
                        with self.collection.batch.dynamic() as batch:
                            for note, vector in zip(notes, vectors):
                                batch.add_object(properties={"note": note.id}, uuid=generate_uuid5(note.id))

                    def add_all(self, notes, vectors):
                        with self.client.batch.dynamic() as batch:
                            for note, vector in zip(notes, vectors):
                                batch.add_object(collection="Notes", uuid=generate_uuid5(note.id), vector=vector)
            """,
        },
        [("app.py:13", "{kb_id}", "native-namespace"), ("app.py:18", "Notes", "not-namespaced")],
    ),
    (
        "a collection for each knowledge base, unless the library's user names another",
        {
            "app.py": """
                from pinecone import Pinecone

                class Notes:
                    def __init__(self, kb_id, table_name=None):
                        if table_name is not None:
                            self.table_name = table_name
                        else:
                            self.table_name = kb_id

                    def add(self, note, vector):
                        Pinecone().Index(self.table_name).upsert(vectors=[(note.id, vector)])
            """,
        },
        [("app.py:12", "{kb_id}", "unknown")],
    ),
    (
        "ids in a dictionary of settings that is splatted: nobody knows whether it has any",
        {
            "app.py": """
                import yaml
                from langchain_chroma import Chroma

                def index(chunks, embedder):
                    told = yaml.safe_load(open("index.yaml"))["kwargs"]
                    return Chroma.from_documents(chunks, embedder, **told)
            """,
        },
        [("app.py:7", "", "unknown")],
    ),
    (
        "a namespace that a lambda of the object gives",
        {
            "app.py": """
                from turbopuffer import Turbopuffer

                class Notes:
                    def __init__(self, key):
                        self.client = Turbopuffer(api_key=key)
                        self.ns = lambda app_id: self.client.namespace(app_id)

                    def save(self, app_id, notes, vectors):
                        ids = [f"{note.document_id}-{note.number}" for note in notes]
                        self.ns(app_id).write(upsert_columns={"id": ids, "vector": vectors})
            """,
        },
        [("app.py:11", "{app_id}", "native-namespace")],
    ),
    (
        "an index that a request names, kept in a row",
        {
            "app.py": """
                import pinecone

                def save(notes, vectors, told):
                    index = pinecone.GRPCIndex(told.index_name)
                    index.upsert(vectors=[(note.id, vector) for note, vector in zip(notes, vectors)])
            """,
        },
        [("app.py:6", "{told.index_name}", "unknown")],
    ),
    (
        "a store that is handed to what wraps it",
        {
            "app.py": """
                from langchain.retrievers import ParentDocumentRetriever
                from langchain.storage import InMemoryStore
                from langchain_community.document_loaders import TextLoader

                class Notes:
                    def __init__(self, vectorstore):
                        self.vectorstore = vectorstore

                    def save(self):
                        retriever = ParentDocumentRetriever(vectorstore=self.vectorstore, docstore=InMemoryStore())
                        retriever.add_documents(TextLoader("notes.txt").load())
            """,
        },
        [("app.py:12", "", "unknown")],
    ),
    (
        "an object of a class that a setting names, given back as a store",
        {
            "app.py": """
                from importlib import import_module
                from langchain_core.vectorstores import VectorStore

                def made(path):
                    module, name = path.rsplit(".", 1)
                    return getattr(import_module(module), name)()

                def index(path, chunks) -> VectorStore:
                    custom = made(path)
                    custom.add_documents(chunks)
                    return custom
            """,
        },
        [("app.py:11", "", "unknown")],
    ),
    (
        "a back end that nobody chooses right now is called as those are that it stands beside",
        {
            "app/stores.py": """
                from abc import ABC, abstractmethod
                from langchain_milvus import Milvus
                from langchain_qdrant import QdrantVectorStore

                class BaseVectorStore(ABC):
                    @abstractmethod
                    def upsert_documents(self, collection_name, documents): ...

                class QdrantStore(BaseVectorStore):
                    def upsert_documents(self, collection_name, documents):
                        QdrantVectorStore(collection_name=collection_name, url="http://qdrant").add_documents(documents)

                class MilvusStore(BaseVectorStore):
                    def upsert_documents(self, collection_name, documents):
                        Milvus(collection_name=collection_name).add_documents(documents)

                STORES = {"qdrant": QdrantStore}

                def store_for(kind) -> BaseVectorStore:
                    return STORES[kind]()
            """,
            "app/main.py": """
                from langchain_community.document_loaders import TextLoader
                from app.stores import store_for

                def ingest(kind, user_id):
                    documents = TextLoader("notes.txt").load()
                    store_for(kind).upsert_documents(collection_name=f"user_{user_id}", documents=documents)
            """,
        },
        [
            ("app/main.py:7", "user_{user_id}", "native-namespace"),
            ("app/stores.py:12", "user_{user_id}", "native-namespace"),
            ("app/stores.py:16", "user_{user_id}", "native-namespace"),
        ],
    ),
]


@pytest.mark.parametrize(("name", "files", "expected"), CONTAINERS, ids=[name for name, _, _ in CONTAINERS])
def test_what_keeps_vectors_apart_is_seen(
    name: str, files: dict[str, str], expected: list[tuple[str, str, str]]
) -> None:
    report = audited(files)
    found = [(f"{w.at.path}:{w.at.line}", w.container, w.verdict) for s in report.services for w in s.vector_writes]
    assert found == expected


INDEXED = """
import sqlite3
from langchain_community.document_loaders import TextLoader
from langchain_community.vectorstores import FAISS

rows = sqlite3.connect("app.db")

def keep(text):
    rows.execute("INSERT INTO notes (text) VALUES (?)", (text,))

def answer(embeddings, question):
    documents = TextLoader("notes.txt").load()
    index = FAISS.{}
    return index.similarity_search(question)
"""


def test_an_index_that_is_gone_with_its_process_needs_no_row() -> None:
    made = audited({"app.py": INDEXED.format("from_documents(documents, embeddings)")})
    assert [(f.rule, f.at.line) for f in made.findings if f.rule.startswith("FA3")] == []
    loaded = INDEXED.format('load_local("notes", embeddings)\n    index.add_documents(documents)')
    assert [(f.rule, f.at.line) for f in audited({"app.py": loaded}).findings if f.rule == "FA303"] == [("FA303", 14)]


def test_a_graph_that_a_vector_library_wraps_too_keeps_no_vectors() -> None:
    source = """
        from langchain_community.graphs import Neo4jGraph

        graph = Neo4jGraph(url="bolt://neo4j")

        def save(documents):
            graph.add_graph_documents(documents)
            graph.query("CREATE (d:Document {text: $text})", {"text": documents[0].page_content})
    """
    report = audited({"app.py": source})
    assert [w.at.line for s in report.services for w in s.vector_writes] == []
    assert [f.rule for f in report.findings if f.rule.startswith("FA3")] == []


def audited(files: dict[str, str]) -> Report:
    report = audit_sources({path: dedent(text) for path, text in files.items()})
    assert report.problems == ()
    return report
