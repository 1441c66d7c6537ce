"""Calls that look like writes of vectors and are none."""

from __future__ import annotations

import pytest
from vector_reports import audited, writes

# name and source.
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


def test_a_graph_that_a_vector_library_wraps_too_keeps_no_vectors() -> None:
    source = """
        from langchain_community.graphs import Neo4jGraph

        graph = Neo4jGraph(url="bolt://neo4j")

        def save(documents):
            graph.add_graph_documents(documents)
            graph.query("CREATE (d:Document {text: $text})", {"text": documents[0].page_content})
    """
    report = audited({"app.py": source})
    assert [w.at.line for s in report.services for w in s.vector_writes] == []
    assert [f.rule for f in report.findings if f.rule.startswith("FA3")] == []
