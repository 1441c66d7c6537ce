"""Modules and classes that a service imports only when it uses them, through helpers of its own."""

from __future__ import annotations

from vector_reports import audited

LOADER = """
    import importlib

    class LazyLoader:
        def __init__(self, module_name, package_name=None):
            self._module_name = module_name
            self._module = None

        def __getattr__(self, name):
            if self._module is None:
                self._module = importlib.import_module(self._module_name)
            return getattr(self._module, name)
"""
TAKER = """
    from importlib import import_module

    def lazy(module_path, class_name):
        def get_class():
            return getattr(import_module(module_path), class_name)
        return get_class

    STORES = {
        "chroma": lazy("langchain_chroma", "Chroma"),
        "faiss": lazy("langchain_community.vectorstores", "FAISS"),
        "milvus": lazy("langchain_milvus", class_name="Milvus"),
    }
"""


def test_an_object_that_stands_for_a_module_gives_what_the_module_has() -> None:
    store = """
        from app.lazy import LazyLoader

        qdrant_client = LazyLoader("qdrant_client", "qdrant-client")

        class Notes:
            def __init__(self, kb_id):
                self.kb_id = kb_id
                self.client = qdrant_client.QdrantClient(url="http://qdrant:6333")

            def add(self, note, vector):
                point = qdrant_client.models.PointStruct(id=note.id, vector=vector, payload={"note_id": note.id})
                self.client.upsert(self.kb_id, [point])
    """
    report = audited({"app/lazy.py": LOADER, "app/notes.py": store})
    (service,) = report.services
    assert [(s.engine, s.identity) for s in service.stores] == [("qdrant", "qdrant:6333")]
    assert [(w.at.line, w.container, w.verdict) for w in service.vector_writes] == [(13, "{kb_id}", "native-namespace")]


def test_a_class_taken_out_of_a_table_is_one_of_several() -> None:
    index = """
        from app.stores import STORES

        def index(chunks, embedder, kind, told):
            return STORES.get(kind)().from_documents(chunks, embedder, **told)
    """
    report = audited({"app/stores.py": TAKER, "app/index.py": index})
    (service,) = report.services
    assert [s.slot.alternatives for s in service.stores if s.slot is not None] == [("chroma", "faiss", "milvus")]
    assert len(service.stores) == 1
    assert [(w.at.line, w.verdict) for w in service.vector_writes] == [(5, "unknown")]
    assert [f.rule for f in report.findings if f.rule == "FA102"] == []


def test_a_name_that_is_computed_is_not_guessed() -> None:
    store = """
        from app.lazy import LazyLoader

        def client(module):
            return LazyLoader(module).QdrantClient(url="http://qdrant:6333")
    """
    report = audited({"app/lazy.py": LOADER, "app/notes.py": store})
    assert [s.engine for service in report.services for s in service.stores] == []


def test_one_of_several_classes_is_one_store() -> None:
    source = """
        from langchain_chroma import Chroma
        from langchain_milvus import Milvus
        from langchain_qdrant import QdrantVectorStore

        STORES = {"chroma": Chroma, "milvus": Milvus, "qdrant": QdrantVectorStore}

        def index(chunks, kind, told):
            STORES[kind](**told).add_documents(chunks)
    """
    (service,) = audited({"app.py": source}).services
    assert [s.slot.alternatives for s in service.stores if s.slot is not None] == [("chroma", "milvus", "qdrant")]
    assert len(service.stores) == 1
