"""The ids in records that callers, other objects or settings hand in."""

from __future__ import annotations

import pytest
from vector_reports import found

# name, files, and of each write: its file and line, the container, and the verdict.
Found = list[tuple[str, str, str]]
Case = tuple[str, dict[str, str], Found]

HANDED: list[Case] = [
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
]


@pytest.mark.parametrize(("name", "files", "expected"), HANDED, ids=[name for name, _, _ in HANDED])
def test_ids_that_are_handed_in_are_read(name: str, files: dict[str, str], expected: Found) -> None:
    assert found(files) == expected
