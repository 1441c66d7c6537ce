"""What the collections are called that vectors are kept in, and who says so."""

from __future__ import annotations

import pytest
from vector_reports import found

# name, files, and of each write: its file and line, the container, and the verdict.
Found = list[tuple[str, str, str]]
Case = tuple[str, dict[str, str], Found]

CONTAINERS: list[Case] = [
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
def test_a_collection_is_one_for_all_or_of_its_own(name: str, files: dict[str, str], expected: Found) -> None:
    assert found(files) == expected
