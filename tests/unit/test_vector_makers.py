"""Collections of objects that others make: by a field, by what is wrapped, by a class that fills what it makes."""

from __future__ import annotations

import pytest
from vector_reports import found

# name, files, and of each write: its file and line, the container, and the verdict.
Found = list[tuple[str, str, str]]
Case = tuple[str, dict[str, str], Found]

MAKERS: list[Case] = [
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
]


@pytest.mark.parametrize(("name", "files", "expected"), MAKERS, ids=[name for name, _, _ in MAKERS])
def test_who_makes_an_object_names_its_collection(name: str, files: dict[str, str], expected: Found) -> None:
    assert found(files) == expected
