"""Which calls write vectors: told by what they are called on, by what they are called with, and by no accident."""

from __future__ import annotations

import pytest
from vector_reports import writes

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
]


@pytest.mark.parametrize(("name", "source", "expected"), FOUND, ids=[name for name, _, _ in FOUND])
def test_a_write_is_found(name: str, source: str, expected: list[tuple[int, str, str]]) -> None:
    assert [(w.at.line, w.engine, w.verdict) for w in writes(source)] == expected


def test_two_objects_asked_in_one_statement_answer_each_for_itself() -> None:
    code = """
import chromadb

collection = chromadb.HttpClient(host="chroma").get_collection("texts")

class Key:
    def __init__(self, prefix, number):
        self.prefix = prefix
        self.number = number

    def text(self):
        return f"{self.prefix}:{self.number}"

def save(number, vectors):
    first = Key("shop:text", number)
    second = Key("bare", number)
    collection.add(ids=[first.text(), second.text()], embeddings=vectors)
"""
    assert [(w.at.line, w.verdict, w.shape) for w in writes(code)] == [(17, "not-namespaced", "bare:{number}")]
