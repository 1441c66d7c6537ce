"""Writes of vectors as services make them: through settings, requests, factories, frameworks and other modules."""

from __future__ import annotations

from textwrap import dedent

import pytest

from fragaudit.model.findings import Report
from fragaudit.pipeline import audit_sources

# name, files, and of each write: its file and line, the container, and the verdict.
Case = tuple[str, dict[str, str], list[tuple[str, str, str]]]

WRITES: list[Case] = [
    (
        "an object that another module makes is known where it is imported",
        {
            "app/db.py": """
                import chromadb

                collection = chromadb.HttpClient(host="chroma").get_or_create_collection("notes")
            """,
            "app/save.py": """
                from app.db import collection

                def save(note, vector):
                    collection.add(ids=[note.id], embeddings=[vector])
            """,
        },
        [("app/save.py:5", "notes", "not-namespaced")],
    ),
    (
        "a factory that settings name the collection to, and ids that are one text many times",
        {
            "app/stores.py": """
                from langchain_postgres import PGVector

                class Store(PGVector):
                    pass

                def make(collection_name, mode="async"):
                    if mode == "sync":
                        return PGVector(collection_name=collection_name)
                    return Store(collection_name=collection_name)
            """,
            "app/config.py": """
                import os
                from app.stores import make

                store = make(collection_name=os.getenv("COLLECTION_NAME", "docs"))
            """,
            "app/save.py": """
                from app.config import store

                async def put(docs, file):
                    await store.aadd_documents(docs, ids=[file.id] * len(docs))
            """,
        },
        [("app/save.py:5", "{COLLECTION_NAME}", "not-namespaced")],
    ),
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
        "a collection that a request names is its own",
        {
            "app/main.py": """
                from fastapi import APIRouter
                from langchain_chroma import Chroma

                router = APIRouter()

                def store_of(collection_name):
                    return Chroma(collection_name=collection_name)

                @router.post("/documents/{collection}")
                def put(collection: str, text: str):
                    store_of(collection).add_texts([text])
            """,
        },
        [("app/main.py:12", "{collection}", "native-namespace")],
    ),
    (
        "a collection for each tenant, by what the parameter is called; one for a model is not",
        {
            "app/main.py": """
                from langchain_chroma import Chroma

                class Base:
                    def __init__(self, knowledge_base_name):
                        self.store = Chroma(collection_name=knowledge_base_name)

                    def put(self, text):
                        self.store.add_texts([text])

                class Model:
                    def __init__(self, model_id):
                        self.store = Chroma(collection_name=model_id)

                    def put(self, text):
                        self.store.add_texts([text])
            """,
        },
        [
            ("app/main.py:9", "{knowledge_base_name}", "native-namespace"),
            ("app/main.py:16", "{model_id}", "unknown"),
        ],
    ),
    (
        "a collection that a row names is its own; one that a configuration names is one",
        {
            "app/main.py": """
                from langchain_chroma import Chroma
                from app.rows import repository

                def put(key, text):
                    kept = repository.get_base(key)
                    Chroma(collection_name=kept.collection_name).add_texts([text])

                class Store:
                    def __init__(self, config=None):
                        self.store = Chroma(collection_name=config["collection_name"])

                    def put(self, text):
                        self.store.add_texts([text])

                class Other:
                    def __init__(self, **kwargs):
                        self.store = Chroma(collection_name=kwargs["collection_name"])

                    def put(self, text):
                        self.store.add_texts([text])
            """,
        },
        [
            ("app/main.py:7", "{repository.get_base.collection_name}", "native-namespace"),
            ("app/main.py:14", "{config['collection_name']}", "not-namespaced"),
            ("app/main.py:21", "{kwargs['collection_name']}", "unknown"),
        ],
    ),
    (
        "records that nobody could follow: only the library says that they have an id",
        {
            "app/main.py": """
                from langchain_chroma import Chroma
                from langchain_text_splitters import RecursiveCharacterTextSplitter
                from pinecone import Pinecone

                store = Chroma(collection_name="notes")
                index = Pinecone(api_key="k").Index("notes")

                def given(documents):
                    store.add_documents(documents)

                def split(documents):
                    store.add_documents(RecursiveCharacterTextSplitter().split_documents(documents))

                def records(rows):
                    index.upsert(vectors=rows)

                def told(rows):
                    index.upsert(vectors=[{"id": row.id, "values": row.vector} for row in rows])
            """,
        },
        [
            ("app/main.py:10", "notes", "unknown"),
            ("app/main.py:13", "notes", "not-namespaced"),
            ("app/main.py:16", "notes", "unknown"),
            ("app/main.py:19", "notes", "not-namespaced"),
        ],
    ),
    (
        "ids that are given come before those of the documents",
        {
            "app/main.py": """
                from langchain_chroma import Chroma

                store = Chroma(collection_name="notes")

                def put(documents, note):
                    store.add_documents(documents, ids=[f"app:note:{note.id}"])
            """,
        },
        [("app/main.py:7", "notes", "namespaced")],
    ),
    (
        "an index of LlamaIndex is in the collection of the store behind it",
        {
            "app/main.py": """
                import chromadb
                from llama_index.core import StorageContext, VectorStoreIndex
                from llama_index.vector_stores.chroma import ChromaVectorStore

                collection = chromadb.PersistentClient(path="./db").get_or_create_collection("quickstart")
                context = StorageContext.from_defaults(vector_store=ChromaVectorStore(chroma_collection=collection))

                def save(documents):
                    return VectorStoreIndex.from_documents(documents, storage_context=context)

                def load():
                    return VectorStoreIndex(nodes=None, storage_context=context)

                def fill(nodes):
                    return VectorStoreIndex(nodes=nodes, storage_context=context)
            """,
        },
        [("app/main.py:10", "quickstart", "not-namespaced"), ("app/main.py:16", "quickstart", "unknown")],
    ),
    (
        "an index of LlamaIndex before version 0.10, that is handed in",
        {
            "app/main.py": """
                from llama_index import Document, VectorStoreIndex

                def save(index: VectorStoreIndex, document: Document):
                    index.insert(document)
            """,
        },
        [("app/main.py:5", "", "unknown")],
    ),
    (
        "a table made with rows is written, one made without is not",
        {
            "app/main.py": """
                import lancedb

                db = lancedb.connect("lance")

                def make(note, vector, schema):
                    db.create_table("empty", schema=schema)
                    db.create_table("none", data=None, schema=schema)
                    db.create_table("columns", data=[{"id": "__placeholder__", "vector": [0.0] * 3}])
                    return db.create_table("notes", data=[{"id": note.id, "vector": vector}])
            """,
        },
        [("app/main.py:10", "notes", "not-namespaced")],
    ),
    (
        "a class that makes the store and fills it is told its container, a subclass of the project's own too",
        {
            "app/main.py": """
                from langchain_community.vectorstores import SingleStoreDB
                from langchain_chroma import Chroma

                class Own(SingleStoreDB):
                    pass

                def fill(documents, tenant_id):
                    Own.from_documents(documents=documents, table_name=tenant_id)
                    Chroma.from_texts(documents, collection_name="notes")
            """,
        },
        [("app/main.py:9", "{tenant_id}", "native-namespace"), ("app/main.py:10", "notes", "not-namespaced")],
    ),
    (
        "a method of the library's class that gets other ids than the project's own method was given",
        {
            "app/main.py": """
                from langchain_mongodb import MongoDBAtlasVectorSearch

                class Atlas(MongoDBAtlasVectorSearch):
                    def add_documents(self, documents, ids=None, **kwargs):
                        made = [f"{d.metadata['file_id']}_{n}" for n, d in enumerate(documents)]
                        return super().add_documents(documents, made)

                class Plain(MongoDBAtlasVectorSearch):
                    def add_documents(self, documents, ids=None, **kwargs):
                        return super().add_documents(documents, ids)
            """,
        },
        [("app/main.py:7", "", "unknown")],
    ),
    (
        "a vector in a document is a field of it, under a key that is computed too",
        {
            "app/main.py": """
                import uuid
                from pymongo import MongoClient

                class Notes:
                    def __init__(self, embedding_key="embedding"):
                        self.key = embedding_key
                        self.notes = MongoClient("mongodb://db")["app"]["notes"]

                    def save(self, text, vector, more):
                        self.notes.insert_many([{"_id": str(uuid.uuid4()), "text": text, self.key: vector, **more}])

                    def log(self, text):
                        self.notes.insert_many([{"_id": str(uuid.uuid4()), "text": text}])
            """,
        },
        [("app/main.py:11", "notes", "native-namespace")],
    ),
    (
        "columns of a statement that are named in holes, and functions that make vectors of lists",
        {
            "app/main.py": """
                import psycopg
                from pgvector.psycopg import register_vector

                class Notes:
                    def __init__(self, vector_column="embedding"):
                        self._table, self._vector_column = "notes", vector_column

                    def save(self, cursor, text, vector):
                        query = f"INSERT INTO {self._table} (text, {self._vector_column}) VALUES (%s, %s)"
                        cursor.execute(query, (text, vector))

                    def log(self, cursor, text):
                        query = f"INSERT INTO {self._table} (text, {self._more}) VALUES (%s, %s)"
                        cursor.execute(query, (text, 1))
            """,
            "other/main.py": """
                def save(cursor, table, text, vector):
                    query = "INSERT INTO {} (text, vector) VALUES (%s, JSON_ARRAY_PACK(%s))".format(table)
                    cursor.execute(query, (text, vector))
            """,
        },
        [("app/main.py:10", "", "native-namespace"), ("other/main.py:3", "", "native-namespace")],
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
        "objects without a vector, where no collection is made to have one",
        {
            "app/main.py": """
                import weaviate
                from weaviate.classes.data import DataObject

                client = weaviate.connect_to_local()

                def make(name):
                    client.collections.create(name=name)

                def save(doc, chunks):
                    key = client.collections.get("Docs").data.insert({"title": doc.title})
                    found = client.collections.get("Chunks")
                    found.data.insert_many([DataObject(properties=c.to_json(), vector=c.vector) for c in chunks])
                    found.data.insert(properties={"title": doc.title}, vector=doc.vector)
                    return key
            """,
        },
        [("app/main.py:13", "Chunks", "not-namespaced"), ("app/main.py:14", "Chunks", "not-namespaced")],
    ),
    (
        "objects without a vector, where the server makes them or nobody says",
        {
            "made/main.py": """
                import weaviate

                client = weaviate.connect_to_local()

                def make(name, settings):
                    client.collections.create(name=name, vector_config=settings)

                def save(doc):
                    client.collections.get("Docs").data.insert({"title": doc.title})
            """,
        },
        [("made/main.py:10", "Docs", "not-namespaced")],
    ),
    (
        "a name at random, or by request, where another is said too",
        {
            "app/main.py": """
                import os
                from uuid import uuid4
                from fastapi import APIRouter
                from langchain_chroma import Chroma

                router = APIRouter()
                NAME = os.environ.get("COLLECTION") or "c" + uuid4().hex
                store = Chroma(collection_name=NAME)

                def put(text):
                    store.add_texts([text])

                def of(name):
                    if not name:
                        name = "default"
                    return Chroma(collection_name=name)

                @router.post("/documents")
                def post(text: str, name: str = None):
                    of(name).add_texts([text])

                def maybe():
                    Chroma(collection_name=os.environ.get("MORE", None) or None).add_texts(["a"])
            """,
        },
        [
            ("app/main.py:12", "{COLLECTION}", "not-namespaced"),
            ("app/main.py:21", "default", "unknown"),
            ("app/main.py:24", "{MORE}", "not-namespaced"),
        ],
    ),
    (
        "ids in what a record takes over from one that nobody knows",
        {
            "app/main.py": """
                from pymilvus import MilvusClient

                client = MilvusClient(uri="http://milvus:19530")

                def put(text, vector, more):
                    client.insert(collection_name="notes", data=[{"text": text, "vector": vector, **more}])

                def told(note, vector, more):
                    client.insert(collection_name="notes", data=[{"id": note.id, "vector": vector, **more}])
            """,
        },
        [("app/main.py:7", "notes", "unknown"), ("app/main.py:10", "notes", "not-namespaced")],
    ),
    (
        "records in JSON through a pipeline, their fields those of an object",
        {
            "app/main.py": """
                from typing import List
                import redis.asyncio as redis
                from pydantic import BaseModel

                class Chunk(BaseModel):
                    id: str
                    embedding: List[float]

                class Store:
                    def __init__(self, client: redis.Redis):
                        self.client = client

                    async def put(self, chunk: Chunk):
                        data = chunk.__dict__
                        async with self.client.pipeline(transaction=False) as pipe:
                            await pipe.json().set(f"chunk-{chunk.id}", "$", data)
            """,
        },
        [("app/main.py:17", "", "not-namespaced")],
    ),
    (
        "records that callers put together, and keys that settings name",
        {
            "app/main.py": """
                import os
                from azure.search.documents.aio import SearchClient
                from supabase import Client

                FIELD_ID = os.environ.get("FIELD_ID", "id")
                FIELD_EMBEDDING = os.environ.get("FIELD_EMBEDDING", "embedding")

                class Rows:
                    def __init__(self):
                        self.client = Client("https://db.example", "key")

                    def upsert(self, table, record):
                        self.client.table(table).upsert(record).execute()

                    def put(self, chunk):
                        self.upsert("documents", {"id": chunk.id, "embedding": chunk.vector})

                    def log(self, text):
                        self.client.table("log").upsert({"text": text}).execute()

                class Search:
                    def __init__(self):
                        self.client = SearchClient("https://search.example", "notes", None)

                    async def put(self, chunk):
                        record = {FIELD_ID: chunk.id, FIELD_EMBEDDING: chunk.vector}
                        await self.client.upload_documents(documents=[record])
            """,
        },
        [("app/main.py:14", "", "native-namespace"), ("app/main.py:28", "notes", "unknown")],
    ),
    (
        "a helper that writes any records: only callers with vectors write them",
        {
            "app/main.py": """
                from elasticsearch import Elasticsearch, helpers

                client = Elasticsearch("http://search:9200")

                def run(actions):
                    helpers.bulk(client, actions)

                def save(note):
                    run([{"_index": "notes", "_id": note.id, "_source": {"text": note.text, "embedding": note.vector}}])

                def log(entry):
                    run([{"_index": "log", "_id": entry.id, "_source": {"text": entry.text}}])
            """,
        },
        [("app/main.py:7", "notes", "not-namespaced"), ("app/main.py:10", "notes", "not-namespaced")],
    ),
    (
        "a type of columns that the project makes itself",
        {
            "app/models.py": """
                from django.db import models

                class VectorField(models.Field):
                    def db_type(self, connection):
                        return "vector"

                class Embedding(models.Model):
                    embedding = VectorField(verbose_name="vector")
            """,
            "app/save.py": """
                from app.models import Embedding

                def save(vector):
                    row = Embedding(embedding=vector)
                    row.save()
            """,
        },
        [("app/save.py:6", "Embedding", "native-namespace")],
    ),
    (
        "a method that one library alone has, on what is called an index",
        {
            "app/main.py": """
                from app.indexes import load_index

                def put(nodes, lines):
                    index = load_index()
                    index.insert_nodes(nodes)
                    lines.insert_nodes(nodes)
            """,
        },
        [("app/main.py:6", "", "unknown")],
    ),
    (
        "texts that a store of the project's own is given are no records, and what it gives is no write",
        {
            "app/stores.py": """
                class VectorStore:
                    def add_texts(self, texts, metadatas=None): ...

                class Creator:
                    def get_vector_store(self, name): ...
            """,
            "app/save.py": """
                from app.stores import Creator, VectorStore

                def save(store: VectorStore, doc):
                    store.add_texts([doc.page_content], metadatas=[doc.metadata])

                def all_of(docs, store: VectorStore):
                    for doc in docs:
                        save(store, doc)

                def other(creator: Creator):
                    return creator.get_vector_store("notes")
            """,
        },
        [("app/save.py:5", "", "unknown")],
    ),
]


@pytest.mark.parametrize(("name", "files", "expected"), WRITES, ids=[name for name, _, _ in WRITES])
def test_a_write_is_found_and_judged(name: str, files: dict[str, str], expected: list[tuple[str, str, str]]) -> None:
    report = audited(files)
    found = [(f"{w.at.path}:{w.at.line}", w.container, w.verdict) for s in report.services for w in s.vector_writes]
    assert found == expected


RETRIEVED = """
import chromadb
from llama_index.core import StorageContext, VectorStoreIndex
from llama_index.core.indices.vector_store import VectorIndexRetriever
from llama_index.vector_stores.chroma import ChromaVectorStore

collection = chromadb.PersistentClient(path="./db").get_or_create_collection("quickstart")
store = ChromaVectorStore(chroma_collection=collection)

def save(documents):
    return VectorStoreIndex.from_documents(documents, storage_context=StorageContext.from_defaults(vector_store=store))
"""
RETRIEVER = """
def find(index, text):
    return VectorIndexRetriever(index=index, similarity_top_k=3).retrieve(text)
"""


def test_a_retriever_searches_what_it_is_given() -> None:
    assert [f.rule for f in audited({"app.py": RETRIEVED}).findings if f.rule == "FA106"] == ["FA106"]
    assert [f.rule for f in audited({"app.py": RETRIEVED + RETRIEVER}).findings if f.rule == "FA106"] == []


def test_an_asynchronous_search_is_one() -> None:
    source = """
        from langchain_community.vectorstores import FAISS

        class Notes:
            def __init__(self, embeddings):
                self.store = FAISS.load_local("notes", embeddings)

            async def save(self, documents):
                await self.store.aadd_documents(documents)

            async def find(self, text):
                return await self.store.{}(text, k=3)
    """
    for method, expected in (("asimilarity_search_with_score", []), ("aget_by_ids", ["FA106"])):
        found = audited({"app.py": source.format(method)}).findings
        assert [f.rule for f in found if f.rule == "FA106"] == expected


SHARED = """
import chromadb

collection = chromadb.HttpClient(host="chroma").get_or_create_collection("notes")

def save(note, vector):
    collection.add(ids=[f"acme:note:{note.id}"], embeddings=[vector])
"""


def test_services_that_share_the_code_which_writes_do_not_collide() -> None:
    services = {
        f"{name}/{file}": text
        for name in ("api", "worker")
        for file, text in (
            ("pyproject.toml", f'[project]\nname = "{name}"\n'),
            ("main.py", "from shared.store import save\n"),
        )
    }
    assert [f.rule for f in audited({**services, "shared/store.py": SHARED}).findings if f.rule == "FA305"] == []
    apart = {**services, "api/store.py": SHARED, "worker/store.py": SHARED}
    assert {f.rule for f in audited(apart).findings if f.rule == "FA305"} == {"FA305"}


REPLACED = """
import chromadb
import psycopg

conn = psycopg.connect("postgresql://db/app")
collection = chromadb.HttpClient(host="chroma").get_or_create_collection("notes")

def remove_note(note):
    conn.execute("DELETE FROM notes WHERE id = %s", (note.id,))
    conn.commit()

def insert_note(note):
    conn.execute("INSERT INTO notes (id, text) VALUES (%s, %s)", (note.id, note.text))
    conn.commit()

def save(note, vector):
    remove_note(note)
    collection.upsert(ids=[f"notes:note:{note.id}"], embeddings=[vector])
    insert_note(note)
"""


def test_what_deletes_the_old_row_writes_none_before_the_vector() -> None:
    files = {"app.py": REPLACED, "schema.sql": "CREATE TABLE notes (id TEXT PRIMARY KEY, text TEXT);"}
    found = [(f.at.line, f.related[0].at.line) for f in audited(files).findings if f.rule == "FA303"]
    assert found == [(18, 19)]


LONG = '''
import hashlib, uuid
from qdrant_client import QdrantClient
from qdrant_client.models import PointStruct

client = QdrantClient(url="http://qdrant:6333")

def save(question, answer, vector):
    text = f"""The question that was asked of us before anybody had an answer: {question}
    and the answer that was given to it in the end, after all: {answer}"""
    key = str(uuid.uuid5(uuid.NAMESPACE_URL, text))
    client.upsert("notes", [PointStruct(id=key, vector=vector, payload={"question": question})])
'''


def test_a_long_text_is_cut_where_a_reason_shows_it() -> None:
    (write,) = (w for s in audited({"app.py": LONG}).services for w in s.vector_writes)
    assert write.verdict == "not-namespaced"
    assert "\n" not in write.why
    assert len(write.why) < 160


def audited(files: dict[str, str]) -> Report:
    report = audit_sources({path: dedent(text) for path, text in files.items()})
    assert report.problems == ()
    return report


def test_a_record_that_another_file_defines_holds_a_vector() -> None:
    """Its class says nothing of stores, and is read all the same."""
    models = """
from pydantic import BaseModel

class Chunk(BaseModel):
    id: str
    text: str
    embedding: list[float]
"""
    code = """
import redis
from app.models import Chunk

client = redis.Redis(host="cache")

def save(chunks: list[Chunk]):
    pipe = client.pipeline()
    for chunk in chunks:
        pipe.json().set(f"doc:{chunk.id}", "$", chunk.model_dump())
    pipe.execute()
"""
    report = audit_sources({"app/__init__.py": "", "app/models.py": models, "app/save.py": code})
    assert [(w.at.path, w.at.line) for s in report.services for w in s.vector_writes] == [("app/save.py", 10)]
