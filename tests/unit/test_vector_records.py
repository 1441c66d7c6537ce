"""The ids in records: put together here, handed in by callers, or made of objects."""

from __future__ import annotations

import pytest
from vector_reports import writes

# name, source, and of each write: its line, the engine, and the verdict.
MADE: list[tuple[str, str, list[tuple[int, str, str]]]] = [
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


@pytest.mark.parametrize(("name", "source", "expected"), MADE, ids=[name for name, _, _ in MADE])
def test_the_ids_in_records_are_read(name: str, source: str, expected: list[tuple[int, str, str]]) -> None:
    assert [(w.at.line, w.engine, w.verdict) for w in writes(source)] == expected
