"""Vectors in rows, documents and nodes of databases that keep other things too."""

from __future__ import annotations

import pytest
from vector_reports import audited

# name, files, and of each write: its file and line, and the table, collection or label.
Case = tuple[str, dict[str, str], list[tuple[str, str]]]

MODELS = """
    from sqlalchemy import Column, Integer, String
    from sqlalchemy.orm import declarative_base
    from pgvector.sqlalchemy import Vector

    Base = declarative_base()

    class Chunk(Base):
        __tablename__ = "chunks"
        id = Column(Integer, primary_key=True)
        text = Column(String)
        embedding = Column(Vector(3))
"""
ROWS: list[Case] = [
    (
        "rows of a model's table, put together in a loop or a comprehension",
        {
            "app/models.py": MODELS,
            "app/store.py": """
                from app.models import Chunk

                async def save(session, chunks):
                    rows = []
                    for chunk in chunks:
                        rows.append({"text": chunk.text, "embedding": chunk.vector})
                    await session.execute(Chunk.__table__.insert().values(rows))

                async def save_texts(session, chunks):
                    await session.execute(Chunk.__table__.insert().values([{"text": c.text} for c in chunks]))
            """,
        },
        [("app/store.py:8", "chunks")],
    ),
    (
        "an insert whose further columns are put together elsewhere",
        {
            "app.py": """
                import singlestoredb

                class Sink:
                    def put(self, table, more, values):
                        with singlestoredb.connect("app:pw@host/db") as conn, conn.cursor() as cur:
                            cur.execute(f"INSERT INTO {table} (id, vector{more}) VALUES {values}")

                    def find(self, table, vector):
                        with singlestoredb.connect("app:pw@host/db") as conn, conn.cursor() as cur:
                            cur.execute(f"SELECT id, dot_product(vector, json_array_pack('{vector}')) FROM {table}")
            """,
        },
        [("app.py:7", "")],
    ),
    (
        "a node of a graph that is made with a vector, and one that gets its vector later",
        {
            "app.py": """
                from neo4j import GraphDatabase

                driver = GraphDatabase.driver("bolt://neo4j")

                def save(session, note, vector):
                    session.run("CREATE (n:Note {text: $text, embedding: $embedding})", text=note, embedding=vector)

                def save_later(session, key, vector):
                    session.run("MATCH (n:Note {id: $id}) SET n.embedding = $vector", id=key, vector=vector)

                def rename(session, key, model):
                    session.run("MATCH (n:Note {id: $id}) SET n.embedding_model = $model", id=key, model=model)
            """,
        },
        [("app.py:7", "Note"), ("app.py:10", "Note")],
    ),
    (
        "a statement whose column is known for one of vectors by what defines it",
        {
            "app.py": """
                import psycopg

                class Index:
                    def __init__(self, url, size):
                        self.conn = psycopg.connect(url)
                        with self.conn.cursor() as cur:
                            cur.execute(f"CREATE TABLE notes (id TEXT PRIMARY KEY, vector VECTOR({size}))")

                    def add(self, rows):
                        with self.conn.cursor() as cur:
                            cur.executemany("INSERT INTO notes (id, vector) VALUES (%s, %s)", rows)
            """,
        },
        [("app.py:12", "notes")],
    ),
    (
        "a column that is called so, where nothing knows the type of vectors",
        {
            "app.py": """
                import psycopg

                class Index:
                    def __init__(self, url):
                        self.conn = psycopg.connect(url)
                        with self.conn.cursor() as cur:
                            cur.execute("CREATE TABLE moves (id TEXT PRIMARY KEY, vector TEXT)")

                    def add(self, rows):
                        with self.conn.cursor() as cur:
                            cur.executemany("INSERT INTO moves (id, vector) VALUES (%s, %s)", rows)
            """,
        },
        [],
    ),
    (
        "documents by their keys, many at once",
        {
            "app.py": """
                from couchbase.cluster import Cluster

                class Notes:
                    def __init__(self, url, vector_key="embedding"):
                        self.vector_key = vector_key
                        self.collection = Cluster(url).bucket("app").scope("texts").collection("notes")

                    def save(self, ids, vectors):
                        batch = {}
                        for key, vector in zip(ids, vectors):
                            batch.update({key: {self.vector_key: vector}})
                        self.collection.upsert_multi(batch)

                    def rename(self, key, name):
                        self.collection.upsert(key, {"name": name})
            """,
        },
        [("app.py:13", "notes")],
    ),
]


@pytest.mark.parametrize(("name", "files", "expected"), ROWS, ids=[name for name, _, _ in ROWS])
def test_a_vector_in_a_row_is_found(name: str, files: dict[str, str], expected: list[tuple[str, str]]) -> None:
    report = audited(files)
    writes = [w for s in report.services for w in s.vector_writes]
    assert [(f"{w.at.path}:{w.at.line}", w.container) for w in writes] == expected
    assert {w.verdict for w in writes} <= {"native-namespace"}


def test_a_search_of_nodes_by_nearness_is_one() -> None:
    source = """
        from neo4j import GraphDatabase

        driver = GraphDatabase.driver("bolt://neo4j")

        def find(session, vector):
            return session.run("CALL db.index.vector.queryNodes('notes', 5, $vector) YIELD node", vector=vector)

        def find_words(session, words):
            return session.run("CALL db.index.fulltext.queryNodes('notes', $words) YIELD node", words=words)
    """
    report = audited({"app.py": source})
    assert [s.at.line for service in report.services for s in service.vector_searches] == [7]
