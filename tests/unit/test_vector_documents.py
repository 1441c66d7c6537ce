"""Vectors that are fields of documents: which writes of documents hold one, and whose key it has."""

from __future__ import annotations

import pytest
from vector_reports import audited, found, writes

# name, source, and of each write: its line, the engine, and the verdict.
SOURCES: list[tuple[str, str, list[tuple[int, str, str]]]] = [
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
]


@pytest.mark.parametrize(("name", "source", "expected"), SOURCES, ids=[name for name, _, _ in SOURCES])
def test_a_document_with_a_vector_is_found(name: str, source: str, expected: list[tuple[int, str, str]]) -> None:
    assert [(w.at.line, w.engine, w.verdict) for w in writes(source)] == expected


# name, files, and of each write: its file and line, the container, and the verdict.
Found = list[tuple[str, str, str]]
Case = tuple[str, dict[str, str], Found]

FIELDS: list[Case] = [
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
]


@pytest.mark.parametrize(("name", "files", "expected"), FIELDS, ids=[name for name, _, _ in FIELDS])
def test_a_field_with_a_vector_is_found(name: str, files: dict[str, str], expected: Found) -> None:
    assert found(files) == expected


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
    found = audited({"app/main.py": DOCUMENTS, "app/tables.py": TABLES}).services[0].vector_writes
    assert [(w.at.line, w.container) for w in found] == WRITTEN
    assert {(w.verdict, w.why) for w in found} == {("not-namespaced", "the id is a bare id (`notes[].id`)")}


def test_a_vector_in_a_document_of_the_primary_database_has_the_documents_key() -> None:
    found = audited({"app/main.py": DOCUMENTS}).services[0].vector_writes
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
    report = audited({"app/__init__.py": "", "app/main.py": main, "app/records.py": library})
    found = [(w.at.line, w.container, w.shape, w.verdict) for w in report.services[0].vector_writes]
    assert found == [(14, "notes", "{memories[].key}", "not-namespaced")]


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
    report = audited({"app/__init__.py": "", "app/models.py": models, "app/save.py": code})
    assert [(w.at.path, w.at.line) for s in report.services for w in s.vector_writes] == [("app/save.py", 10)]
