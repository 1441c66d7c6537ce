"""Which calls write vectors: told by what they are called on, by what they are called with, and by no accident."""

from __future__ import annotations

from textwrap import dedent

import pytest

from fragaudit.model.vectors import VectorWrite
from fragaudit.pipeline import audit_sources

# name, source, and of each write: its line, the engine, and the verdict.
FOUND: list[tuple[str, str, list[tuple[int, str, str]]]] = [
    (
        "an index of FAISS that could not be followed, by the array that is added",
        """
        import numpy as np

        class Memory:
            def __init__(self, index):
                self.index = index

            def save(self, embedding):
                self.index.add(np.array([embedding]))

            def save_all(self, vectors):
                rows = np.stack(vectors)
                self.index.add(rows)
        """,
        [(9, "faiss", "native-namespace"), (13, "faiss", "native-namespace")],
    ),
    (
        "a table of LanceDB that could not be followed, by its records",
        """
        def save(tables, block, vector):
            tables["notes"].add([{"id": block["_id"], "vector": vector}])
        """,
        [(3, "lancedb", "unknown")],
    ),
    (
        "a table of LanceDB that makes the vectors of its rows itself",
        """
        import lancedb
        from lancedb.embeddings import get_registry

        table = lancedb.connect("texts").open_table("notes")

        def save(notes):
            table.add([{"id": note.id, "text": note.text} for note in notes])
        """,
        [(8, "lancedb", "not-namespaced")],
    ),
    (
        "a table of LanceDB whose rows have a vector under another name",
        """
        import lancedb

        table = lancedb.connect("texts").open_table("notes")

        def save(notes):
            table.add([{"id": note.id, "body": note.text, "at": note.embedding} for note in notes])
        """,
        [(7, "lancedb", "not-namespaced")],
    ),
    (
        "a collection that a class outside of the project names, as it is told by whoever makes its object",
        """
        from llama_index.vector_stores.qdrant import QdrantVectorStore

        class Kept(QdrantVectorStore):
            def keep(self, points):
                self._client.upload_points(collection_name=self.collection_name, points=[
                    {"id": point.id, "vector": point.vector} for point in points
                ])
        """,
        [(6, "qdrant", "unknown")],
    ),
    (
        "a collection that a configuration from outside names, once for all",
        """
        from outside import configuration
        from qdrant_client import QdrantClient
        from qdrant_client.models import PointStruct

        client = QdrantClient(url="http://qdrant:6333")
        config = configuration()

        def keep(row, vector):
            client.upsert(config.collection_name, [PointStruct(id=row.id, vector=vector)])
        """,
        [(10, "qdrant", "not-namespaced")],
    ),
    (
        "what runs in a thread, a pool or an executor",
        """
        import asyncio
        from concurrent.futures import ThreadPoolExecutor
        from functools import partial

        import anyio
        import chromadb
        from fastapi.concurrency import run_in_threadpool

        notes = chromadb.HttpClient(host="chroma").get_collection("notes")
        executor = ThreadPoolExecutor()

        async def save(row, vector):
            await asyncio.to_thread(notes.upsert, ids=[f"{row.id}"], embeddings=[vector])
            await run_in_threadpool(notes.upsert, [row.id], [vector])
            await anyio.to_thread.run_sync(partial(notes.add, ids=[row.id]), limiter=None)
            await asyncio.get_running_loop().run_in_executor(None, notes.add, [row.id], [vector])
            executor.submit(notes.upsert, ids=[row.id], embeddings=[vector])
            form.submit(notes.upsert, ids=[row.id])
        """,
        [(n, "chroma", "not-namespaced") for n in (14, 15, 16, 17, 18)],
    ),
    (
        "an awaited bridge to code that blocks",
        """
        import chromadb
        from asgiref.sync import sync_to_async

        notes = chromadb.HttpClient(host="chroma").get_collection("notes")

        async def save(row, vector):
            await sync_to_async(notes.upsert)(ids=[row.id], embeddings=[vector])
        """,
        [(8, "chroma", "not-namespaced")],
    ),
    (
        "a class that does by itself what its library's class did, and one that does it too",
        """
        from llama_index.vector_stores.qdrant import QdrantVectorStore

        class Own(QdrantVectorStore):
            def add(self, nodes, **kwargs):
                print(nodes)

            def more(self, nodes):
                self.add(nodes)

        class Told(QdrantVectorStore):
            def add(self, nodes, **kwargs):
                print(nodes)
                return super().add(nodes)

        def save(client, nodes):
            Told(collection_name="notes", client=client).add(nodes)
        """,
        [(17, "qdrant", "unknown")],
    ),
    (
        "records that become dictionaries of their fields",
        """
        from dataclasses import asdict, dataclass

        from elasticsearch import AsyncElasticsearch, Elasticsearch
        from elasticsearch.helpers import async_bulk, bulk
        from pydantic import BaseModel

        es = Elasticsearch("http://es:9200")
        later = AsyncElasticsearch("http://es:9200")

        class Kept(BaseModel):
            embedding: list[float]

        class Chunk(Kept):
            id: str

        @dataclass
        class Row:
            id: str
            vector: list[float]

        def model(doc: Chunk):
            es.index(index="notes", id=doc.id, document=doc.model_dump())

        def without(doc: Chunk):
            es.index(index="notes", id=doc.id, document=doc.model_dump(exclude={"embedding"}))

        def data(row: Row):
            es.index(index="notes", id=row.id, document=asdict(row))

        def each(docs: list[Chunk]):
            bulk(es, [{"_index": "notes", "_id": d.id, "_source": d.dict()} for d in docs])

        async def chosen(chunks):
            actions = []
            for chunk in chunks:
                source = chunk.model_dump(exclude_none=True, include={"text", "embedding"})
                actions.append({"_index": "notes", "_id": chunk.id, "_source": source})
            await async_bulk(client=later, actions=actions, refresh=True)
        """,
        [(n, "elasticsearch", "not-namespaced") for n in (23, 29, 32, 39)],
    ),
    (
        "a collection whose name is empty until whoever makes the object fills it in",
        """
        from pydantic import BaseModel
        from qdrant_client import QdrantClient
        from qdrant_client.models import PointStruct

        class Kept(BaseModel):
            client: QdrantClient
            collection_name: str = ""

            def save(self, row, vector):
                self.client.upsert(self.collection_name, [PointStruct(id=row.id, vector=vector)])
        """,
        [(11, "qdrant", "unknown")],
    ),
    (
        "records that nobody could follow, written by a class that keeps vectors",
        """
        from elasticsearch import Elasticsearch
        from elasticsearch.helpers import bulk

        es = Elasticsearch("http://es:9200")

        class BaseVectorStore:
            def add(self, docs): ...

        class Kept(BaseVectorStore):
            def add(self, docs):
                bulk(es, [{"_index": "notes", "_id": d.id, "_source": d.body()} for d in docs])

            def add_texts(self, docs):
                es.index(index="texts", id=docs[0].id, document={"doc": docs[0].text})

            def save_metadata(self, meta):
                es.index(index="meta", id=meta.id, document=meta)

        class Texts:
            def add(self, docs):
                bulk(es, [{"_index": "notes", "_id": d.id, "_source": d.body()} for d in docs])
        """,
        [(12, "elasticsearch", "not-namespaced")],
    ),
    (
        "keywords in a dictionary that is splatted",
        """
        def save(holder, records, more):
            given = {"ids": [r.id for r in records], "embeddings": [r.vector for r in records], "metadatas": []}
            given.update(more)
            holder.inner.upsert(**given)
        """,
        [(5, "chroma", "unknown")],
    ),
    (
        "the collection inside a framework's store",
        """
        import uuid
        from langchain_chroma import Chroma

        store = Chroma(collection_name="notes")

        def save(texts, vectors):
            for text, vector in zip(texts, vectors):
                store._collection.add(ids=str(uuid.uuid1()), embeddings=vector, documents=text)
        """,
        [(9, "chroma", "not-namespaced")],
    ),
    (
        "embeddings of a store that a call outside gave",
        """
        from pools import acquire

        def save(texts, embeddings):
            with acquire() as vs:
                vs.add_embeddings(text_embeddings=zip(texts, embeddings), metadatas=[])
        """,
        [(6, "faiss", "unknown")],
    ),
    (
        "a library that is imported by name",
        """
        import importlib

        qdrant_client = importlib.import_module("qdrant_client")
        client = qdrant_client.QdrantClient(url="http://qdrant:6333")

        def save(note, vector):
            client.upsert("notes", [qdrant_client.models.PointStruct(id=note.id, vector=vector, payload={})])
        """,
        [(8, "qdrant", "not-namespaced")],
    ),
    (
        "records whose class could not be followed",
        """
        import uuid
        from qdrant_client import QdrantClient

        client = QdrantClient(url="http://qdrant:6333")

        def save(models, vector):
            client.upsert(collection_name="notes", points=[models.PointStruct(id=str(uuid.uuid4()), vector=vector)])
        """,
        [(8, "qdrant", "not-namespaced")],
    ),
    (
        "columns of Milvus: the first is the key",
        """
        import uuid
        from pymilvus import Collection

        collection = Collection("notes")

        def save(vector, text):
            rows = [[str(uuid.uuid4())], [vector], [text]]
            collection.insert(rows)
        """,
        [(9, "milvus", "not-namespaced")],
    ),
    (
        "a method that callers name",
        """
        import lancedb

        class Notes:
            def __init__(self):
                self.table = lancedb.connect("./lance").open_table("notes")

            def write(self, op, *args):
                return getattr(self.table, op)(*args)

            def save(self, note):
                self.write("add", [{"id": note.id, "vector": note.vector}])
        """,
        [(12, "lancedb", "not-namespaced")],
    ),
    (
        "a hash of Redis that holds a vector",
        """
        import redis

        client = redis.Redis(host="cache")

        def save(note, vector):
            pipe = client.pipeline()
            row = {"text": note.text}
            row.update({"vector": vector.tobytes()})
            pipe.hset(f"note:{note.id}", mapping=row)
            client.hset(f"seen:{note.id}", mapping={"at": 1})
        """,
        [(10, "redis", "not-namespaced")],
    ),
    (
        "a document with a vector in a long method of a large class",
        """
        import uuid
        from opensearchpy import OpenSearch

        class Notes:
            def __init__(self):
                self.client = OpenSearch("http://search:9200")
"""
        + "".join(f"\n            def about_{n}(self, value):\n                return value + {n}\n" for n in range(25))
        + """
            def save(self, question, answer):
                first = question.strip()
                second = answer.strip()
                third = first + second
                fourth = third.lower()
                fifth = fourth.upper()
                sixth = fifth.title()
                seventh = sixth.split()
                eighth = len(seventh)
                ninth = eighth + 1
                key = str(uuid.uuid4())
                document = {"question": question, "embedding": [0.1, float(ninth)]}
                self.client.index(index="notes", body=document, id=key)
        """,
        [(96, "opensearch", "not-namespaced")],
    ),
    (
        "an id that a method gives of what is handed in, by its declared type",
        """
        import chromadb

        class Record:
            def __init__(self, meta):
                self.meta = meta

            def id(self) -> str:
                return self.meta.id

            def key(self, kind: str) -> str:
                return f"app:{kind}:{self.meta.id}"

        collection = chromadb.HttpClient(host="chroma").get_or_create_collection("notes")

        def save(records: list[Record], vectors):
            collection.add(ids=[str(record.id()) for record in records], embeddings=vectors)

        def save_well(records: list[Record], vectors):
            collection.add(ids=[record.key("note") for record in records], embeddings=vectors)

        def save_others(records: list, vectors):
            collection.add(ids=[record.id() for record in records], embeddings=vectors)
        """,
        [(17, "chroma", "not-namespaced"), (20, "chroma", "namespaced"), (23, "chroma", "unknown")],
    ),
    (
        "batches of records that a generator yields",
        """
        import lancedb

        table = lancedb.connect("texts").open_table("notes")

        def save(notes, vectors):
            def batches():
                for first in range(0, len(notes), 100):
                    yield [{"id": note.id, "vector": v} for note, v in zip(notes[first:], vectors[first:])]

            table.add(batches())
        """,
        [(11, "lancedb", "not-namespaced")],
    ),
]


@pytest.mark.parametrize(("name", "source", "expected"), FOUND, ids=[name for name, _, _ in FOUND])
def test_a_write_is_found(name: str, source: str, expected: list[tuple[int, str, str]]) -> None:
    assert [(w.at.line, w.engine, w.verdict) for w in writes(source)] == expected


NONE: list[tuple[str, str]] = [
    (
        "a workflow of a framework that also keeps vectors",
        """
        from llama_index.core.workflow import Workflow

        class Summary(Workflow):
            pass

        async def run(documents):
            return await Summary().run(documents=documents)
        """,
    ),
    (
        "a retriever by words",
        """
        from langchain_community.retrievers import BM25Retriever

        def find(docs):
            return BM25Retriever.from_documents(docs, k=3)
        """,
    ),
    (
        "nodes of a tree",
        """
        from llama_index.core.schema import TextNode

        class TreeNode(TextNode):
            def add_child(self, child):
                self.children.insert(0, child)
                self.insert(child)
        """,
    ),
    (
        "sets, sessions and lists",
        """
        from sqlalchemy.orm import Session

        def save(session: Session, seen: set, rows: list, row, vectors):
            seen.add(row.id)
            session.add(row)
            rows.insert(0, vectors)
            seen.add(tuple(vectors))
        """,
    ),
    (
        "the parent's method: what the class was called with says more",
        """
        from stores import Base

        class Milvus(Base):
            def add(self, embeddings, metadatas=None, ids=None):
                return super().add(embeddings=embeddings, metadatas=metadatas, ids=ids)
        """,
    ),
    (
        "a table that is searched for words: its rows have no vector",
        """
        import lancedb

        table = lancedb.connect("texts").open_table("notes")

        def save(notes):
            table.add([{"id": note.id, "text": note.text} for note in notes])
            table.create_fts_index("text")
        """,
    ),
    (
        "a store of Elasticsearch that ranks by words",
        """
        from langchain_elasticsearch import BM25Strategy, ElasticsearchStore

        class Words:
            def __init__(self, url):
                self.store = ElasticsearchStore(index_name="notes", es_url=url, strategy=BM25Strategy())

            def save(self, documents, ids):
                self.store.add_documents(documents, ids=ids)
        """,
    ),
    (
        "an index of summaries that nothing keeps",
        """
        from llama_index.core import DocumentSummaryIndex

        def summary(documents):
            index = DocumentSummaryIndex.from_documents(documents)
            return index.get_document_summary(documents[0].doc_id)
        """,
    ),
]


@pytest.mark.parametrize(("name", "source"), NONE, ids=[name for name, _ in NONE])
def test_what_only_looks_like_one_is_none(name: str, source: str) -> None:
    assert writes(source) == ()


UPDATES = """
import weaviate
from qdrant_client import QdrantClient
from qdrant_client.models import PointStruct

articles = weaviate.connect_to_local().collections.get("Article")
client = QdrantClient(url="http://qdrant:6333")

def save(item, vector):
    articles.data.insert(properties={}, uuid=item.uuid, vector=vector)

def label(name):
    for found in articles.query.fetch_objects(limit=5).objects:
        articles.data.update(uuid=found.uuid, properties={"label": name})

def weigh(vectors):
    points, _ = client.scroll("notes", limit=100)
    client.upsert("notes", [PointStruct(id=p.id, vector=v) for p, v in zip(points, vectors)])

def rename(session, vectors):
    rows = session.query(Note).all()
    client.upsert("notes", [PointStruct(id=r.id, vector=v) for r, v in zip(rows, vectors)])
"""


def test_a_change_of_what_is_stored_follows_its_first_write() -> None:
    assert [(w.at.line, w.updates, w.verdict) for w in writes(UPDATES)] == [
        (10, False, "not-namespaced"),
        (14, True, "not-namespaced"),  # as what was inserted
        (18, True, "not-namespaced"),  # as what `rename` writes
        (22, False, "not-namespaced"),
    ]
    lines = [f.at.line for f in audit_sources({"app.py": UPDATES}).findings if f.rule == "FA301"]
    assert lines == [10, 22]


SCATTERED = """
import hashlib
import chromadb

collection = chromadb.HttpClient(host="chroma").get_or_create_collection("notes")
others = chromadb.HttpClient(host="chroma").get_or_create_collection("others")

def key(name):
    return "ent-" + hashlib.md5(name.encode()).hexdigest()

def save(note, vector):
    collection.add(ids=[key(note.name)], embeddings=[vector], metadatas=[{"language": "en"}])

def merge(note, vector):
    collection.upsert(ids=[key(note.name)], embeddings=[vector], metadatas=[{"language": "en"}])

def elsewhere(note, vector):
    others.upsert(ids=[key(note.name)], embeddings=[vector])
"""


def test_one_cause_is_one_finding() -> None:
    found = [f for f in audit_sources({"app.py": SCATTERED}).findings if f.rule == "FA301"]
    assert [(f.at.line, [r.at.line for r in f.related]) for f in found] == [(12, [15]), (18, [])]


def writes(source: str) -> tuple[VectorWrite, ...]:
    report = audit_sources({"app.py": dedent(source)})
    assert report.problems == ()
    return tuple(w for service in report.services for w in service.vector_writes)


HANDED = """
import chromadb

collection = chromadb.HttpClient(host="chroma").get_or_create_collection("notes")

def put(key, vector):
    collection.add(ids=[key], embeddings=[vector])

def save(note, vector):
    put(note.id, vector)

def save_again(note, vector):
    put(str(note.id), vector)
"""


def test_callers_that_agree_are_shown_where_they_write() -> None:
    assert [(w.at.line, w.verdict) for w in writes(HANDED)] == [(7, "not-namespaced")]


ROWS = """
import uuid
from google.cloud import bigquery
from pgvector.sqlalchemy import Vector
from sqlalchemy import Column, Integer, MetaData, String, Table, create_engine, insert

engine = create_engine("postgresql://db/app")
notes = Table("notes", MetaData(), Column("id", String, primary_key=True), Column("embedding", Vector(3)))
plain = Table("plain", MetaData(), Column("id", String, primary_key=True), Column("embedding_size", Integer))

class Warehouse:
    def __init__(self):
        self.client = bigquery.Client(project="rag")

    def save(self, text, embedding):
        self.client.insert_rows_json("app.notes", [{"id": str(uuid.uuid4()), "text": text, "embedding": embedding}])

    def log(self, text):
        self.client.insert_rows_json("app.log", [{"id": str(uuid.uuid4()), "text": text, "embedding_model": "a"}])

def save(connection, records):
    connection.execute(insert(notes).values(records))

def again(connection, records):
    connection.execute(notes.insert().values(records).returning(notes.c.id))

def save_plain(connection, records):
    connection.execute(insert(plain).values(records))

class Notes:
    def __init__(self):
        from pgvector.sqlalchemy import Vector

        self.table = Table("near", MetaData(), Column("id", String, primary_key=True), Column("embedding", Vector(3)))

    def save(self, connection, records):
        connection.execute(insert(self.table).values(records))
"""


def test_vectors_in_rows_are_found_where_no_model_says_so() -> None:
    found = [(w.at.line, w.store, w.container, w.verdict, w.pairing) for w in writes(ROWS)]
    assert found == [
        (16, "relational:bigquery", "app.notes", "native-namespace", "same row"),
        (22, "relational:postgresql", "notes", "native-namespace", "same row"),
        (25, "relational:postgresql", "notes", "native-namespace", "same row"),
        (37, "relational:postgresql", "near", "native-namespace", "same row"),
    ]


MERGED = '''
def save(cursor, rows):
    cursor.executemany("""
        MERGE INTO chunks t USING (SELECT :id AS id, :vector AS vector FROM dual) s ON (t.id = s.id)
        WHEN MATCHED THEN UPDATE SET t.vector = TO_VECTOR(s.vector)
        WHEN NOT MATCHED THEN INSERT (id, vector) VALUES (s.id, TO_VECTOR(s.vector))
    """, rows)

def log(cursor, rows):
    cursor.executemany("""
        MERGE INTO logs t USING (SELECT :id AS id FROM dual) s ON (t.id = s.id)
        WHEN NOT MATCHED THEN INSERT (id, vector_size) VALUES (s.id, 3)
    """, rows)

def embed(driver, rows):
    driver.execute_query("MATCH (n) WHERE elementId(n) = $id CALL db.create.setNodeVectorProperty(n, $name, $vector)")

def describe(driver):
    print("setNodeVectorProperty(n) needs Neo4j 5.13")
'''


def test_vectors_of_merged_rows_and_of_nodes_whose_property_is_given_are_found() -> None:
    found = [(w.at.line, w.container, w.verdict) for w in writes(MERGED)]
    assert found == [(3, "chunks", "native-namespace"), (16, "", "native-namespace")]


DOCUMENTS = """
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import InsertOne, MongoClient, ReplaceOne, UpdateOne

KEY, VECTOR = "_id", "embedding"
db = MongoClient("mongodb://mongo/app")["app"]

def document(note):
    return {KEY: note.id, "meta": {KEY: note.id}, VECTOR: note.vector}

def replaced(notes):
    requests = []
    for note in notes:
        requests.append(ReplaceOne(filter={KEY: note.id}, replacement=document(note), upsert=True))
    db["notes"].bulk_write(requests, ordered=False)

def changed(notes):
    db.notes.bulk_write([UpdateOne({"_id": n.id}, {"$set": {"embedding": n.vector}}) for n in notes])

def added(notes):
    db.notes.bulk_write([InsertOne(document(n)) for n in notes])

class Kept:
    def __init__(self):
        self.client = AsyncIOMotorClient("mongodb://mongo/app")

    @property
    def database(self):
        return self.client["app"]

    async def save(self, notes):
        await self.database["later"].bulk_write([UpdateOne(document(n), {"$set": document(n)}) for n in notes])
"""
TABLES = """
from sqlalchemy import create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

engine = create_engine("postgresql://db/app")

class Base(DeclarativeBase): ...

class Note(Base):
    __tablename__ = "note"
    id: Mapped[int] = mapped_column(primary_key=True)
"""
WRITTEN = [(15, "notes"), (18, "notes"), (21, "notes"), (32, "later")]


def test_vectors_in_documents_beside_another_primary_database_are_judged_by_their_keys() -> None:
    found = audit_sources({"app/main.py": DOCUMENTS, "app/tables.py": TABLES}).services[0].vector_writes
    assert [(w.at.line, w.container) for w in found] == WRITTEN
    assert {(w.verdict, w.why) for w in found} == {("not-namespaced", "the id is a bare id (`notes[].id`)")}


def test_a_vector_in_a_document_of_the_primary_database_has_the_documents_key() -> None:
    found = audit_sources({"app/main.py": DOCUMENTS}).services[0].vector_writes
    assert [(w.at.line, w.container) for w in found] == WRITTEN
    assert {(w.verdict, w.pairing, w.origin) for w in found} == {("native-namespace", "same row", "leads back")}


def test_a_function_elsewhere_that_puts_a_record_together_is_read() -> None:
    library = """
import os
from azure.search.documents.indexes.aio import SearchIndexClient

FIELD_KEY = "key"
FIELD_EMBEDDING = "Embedding"


def client_of():
    return SearchIndexClient(os.environ["SEARCH"], credential=None)


def record_of(memory):
    return {FIELD_KEY: memory.key, FIELD_EMBEDDING: memory._embedding.tolist()}
"""
    main = """
from app.records import client_of, record_of


class Kept:
    def __init__(self):
        self.indexes = client_of()

    async def save(self, memories):
        client = self.indexes.get_search_client("notes")
        records = []
        for memory in memories:
            records.append(record_of(memory))
        await client.upload_documents(documents=records)
"""
    report = audit_sources({"app/__init__.py": "", "app/main.py": main, "app/records.py": library})
    found = [(w.at.line, w.container, w.shape, w.verdict) for w in report.services[0].vector_writes]
    assert found == [(14, "notes", "{memories[].key}", "not-namespaced")]


def test_rows_whose_columns_are_computed_hold_a_vector_where_a_class_that_keeps_vectors_writes_them() -> None:
    found = writes(
        """
        import psycopg
        from psycopg import sql

        connection = psycopg.connect("postgresql://db/app")

        class BaseVectorStore:
            def add(self, rows): ...

        class Kept(BaseVectorStore):
            def add(self, rows):
                names = ", ".join(field.name for field in self.fields)
                connection.execute(f"INSERT INTO notes ({names}) VALUES (1)", rows)

            def upsert(self, rows):
                query = sql.SQL("INSERT INTO {table} ({names}) VALUES ({holes})").format(
                    table=sql.Identifier(self.table), names=sql.SQL(", ").join(self.names), holes=self.holes
                )
                connection.execute(query, rows)

            def merged(self):
                return f"MERGE INTO notes USING s ON x WHEN NOT MATCHED THEN INSERT ({self.names}) VALUES (1)"

            def save_metadata(self, rows):
                connection.execute(f"INSERT INTO about ({self.names}) VALUES (1)", rows)

        class Rows:
            def add(self, rows):
                connection.execute(f"INSERT INTO rows ({self.names}) VALUES (1)", rows)
        """
    )
    assert [(w.at.line, w.container, w.verdict) for w in found] == [
        (13, "notes", "native-namespace"),
        (16, "", "native-namespace"),
        (22, "notes", "native-namespace"),
    ]


def test_a_row_that_a_client_inserts_is_found_once() -> None:
    found = writes(
        """
        import clickhouse_connect

        class BaseVectorStore:
            def add(self, rows): ...

        class Kept(BaseVectorStore):
            def __init__(self):
                self.client = clickhouse_connect.get_client(host="clickhouse")

            def add(self, rows):
                self.client.insert("notes", rows, column_names=["id", "embedding"])
        """
    )
    assert [(w.at.line, w.engine, w.container, w.verdict) for w in found] == [
        (12, "clickhouse", "notes", "native-namespace")
    ]
