"""What keeps vectors apart inside a collection or beside it: namespaces, tenants, payload keys, memory."""

from __future__ import annotations

import pytest
from vector_reports import audited, found

# name, files, and of each write: its file and line, the container, and the verdict.
Found = list[tuple[str, str, str]]
Case = tuple[str, dict[str, str], Found]

NAMESPACES: list[Case] = [
    (
        "a client that is set up for one tenant keeps nothing apart",
        {
            "app/db.py": """
                import os
                import chromadb

                class Client:
                    def __init__(self):
                        self.client = chromadb.HttpClient(host="chroma", tenant=os.environ.get("CHROMA_TENANT", "all"))

                    def put(self, name, ids, vectors):
                        self.client.get_or_create_collection(name).add(ids=ids, embeddings=vectors)

                client = Client()
            """,
            "app/save.py": """
                from app.db import client

                def save(note, vector):
                    client.put("notes", [note.id], [vector])
            """,
        },
        [("app/db.py:10", "notes", "not-namespaced"), ("app/save.py:5", "notes", "not-namespaced")],
    ),
    (
        "what is kept in memory is nobody else's",
        {
            "app/main.py": """
                from langchain_community.vectorstores import InMemoryVectorStore

                def remember(embedding, texts):
                    store = InMemoryVectorStore(embedding)
                    store.add_texts(texts)
                    return store
            """,
        },
        [("app/main.py:6", "", "native-namespace")],
    ),
    (
        "a key of the payload by which each search is filtered tells the vectors apart",
        {
            "app/main.py": """
                import uuid
                from qdrant_client import QdrantClient, models

                class Sources:
                    def __init__(self, source):
                        self._source = source
                        self._only = models.Filter(must=[
                            models.FieldCondition(key="metadata.source_id", match=models.MatchValue(value=source)),
                        ])
                        self._client = QdrantClient(url="http://qdrant:6333")

                    def search(self, vector):
                        return self._client.query_points("notes", query=vector, query_filter=self._only).points

                    def save(self, text, vector, metadata):
                        more = dict(metadata or {})
                        more["source_id"] = self._source
                        payload = {"text": text, "metadata": more}
                        point = models.PointStruct(id=str(uuid.uuid4()), vector=vector, payload=payload)
                        self._client.upsert("notes", [point])

                class Open:
                    def __init__(self):
                        self._client = QdrantClient(url="http://qdrant:6333")
            """,
            "app/open.py": """
                import uuid
                from qdrant_client import QdrantClient, models

                client = QdrantClient(url="http://qdrant:6333")

                def search(vector):
                    return client.query_points("notes", query=vector)

                def save(note, vector):
                    point = models.PointStruct(id=str(uuid.uuid4()), vector=vector, payload={"source_id": note.source})
                    client.upsert("notes", [point])
            """,
        },
        [("app/main.py:21", "notes", "native-namespace"), ("app/open.py:12", "notes", "not-namespaced")],
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
        "a key of the payload that is there at times",
        {
            "app.py": """
                import uuid
                from qdrant_client import QdrantClient
                from qdrant_client.models import PointStruct

                client = QdrantClient(url="http://qdrant")

                def put(texts, vectors, tenant=None):
                    points = [
                        PointStruct(
                            id=str(uuid.uuid4()),
                            vector=vector,
                            payload={"text": text, **({"tenant": tenant} if tenant is not None else {})},
                        )
                        for text, vector in zip(texts, vectors)
                    ]
                    client.upsert("notes", points=points)

                def put_all(texts, vectors, ids, tenant=None):
                    payloads = [{"text": text, **({"tenant": tenant} if tenant else {})} for text in texts]
                    ids = [str(uuid.uuid4()) for text in texts]
                    client.upload_collection("notes", vectors=vectors, payload=payloads, ids=ids)

                def put_for(texts, vectors, tenant):
                    points = [
                        PointStruct(id=str(uuid.uuid4()), vector=vector, payload={"text": text, **{"tenant": tenant}})
                        for text, vector in zip(texts, vectors)
                    ]
                    client.upsert("notes", points=points)
            """,
        },
        [
            ("app.py:17", "notes", "unknown"),
            ("app.py:22", "notes", "unknown"),
            ("app.py:29", "notes", "native-namespace"),
        ],
    ),
]


@pytest.mark.parametrize(("name", "files", "expected"), NAMESPACES, ids=[name for name, _, _ in NAMESPACES])
def test_what_keeps_vectors_apart_is_seen(name: str, files: dict[str, str], expected: Found) -> None:
    assert found(files) == expected


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
