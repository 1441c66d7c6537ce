"""Writes of vectors as services make them: through settings, requests, factories, frameworks and other modules."""

from __future__ import annotations

import pytest
from vector_reports import audited, found

# name, files, and of each write: its file and line, the container, and the verdict.
Found = list[tuple[str, str, str]]
Case = tuple[str, dict[str, str], Found]

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
def test_a_write_is_found_and_judged(name: str, files: dict[str, str], expected: Found) -> None:
    assert found(files) == expected


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
