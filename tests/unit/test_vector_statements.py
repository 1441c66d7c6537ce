"""Vectors in columns: of statements whose columns are named or computed, and of what clients insert."""

from __future__ import annotations

import pytest
from vector_reports import found, writes

# name, files, and of each write: its file and line, the container, and the verdict.
Found = list[tuple[str, str, str]]
Case = tuple[str, dict[str, str], Found]

COLUMNS: list[Case] = [
    (
        "columns of a statement that are named in holes, and functions that make vectors of lists",
        {
            "app/main.py": """
                import psycopg
                from pgvector.psycopg import register_vector

                class Notes:
                    def __init__(self, vector_column="embedding"):
                        self._table, self._vector_column = "notes", vector_column

                    def save(self, cursor, text, vector):
                        query = f"INSERT INTO {self._table} (text, {self._vector_column}) VALUES (%s, %s)"
                        cursor.execute(query, (text, vector))

                    def log(self, cursor, text):
                        query = f"INSERT INTO {self._table} (text, {self._more}) VALUES (%s, %s)"
                        cursor.execute(query, (text, 1))
            """,
            "other/main.py": """
                def save(cursor, table, text, vector):
                    query = "INSERT INTO {} (text, vector) VALUES (%s, JSON_ARRAY_PACK(%s))".format(table)
                    cursor.execute(query, (text, vector))
            """,
        },
        [("app/main.py:10", "", "native-namespace"), ("other/main.py:3", "", "native-namespace")],
    ),
    (
        "a type of columns that the project makes itself",
        {
            "app/models.py": """
                from django.db import models

                class VectorField(models.Field):
                    def db_type(self, connection):
                        return "vector"

                class Embedding(models.Model):
                    embedding = VectorField(verbose_name="vector")
            """,
            "app/save.py": """
                from app.models import Embedding

                def save(vector):
                    row = Embedding(embedding=vector)
                    row.save()
            """,
        },
        [("app/save.py:6", "Embedding", "native-namespace")],
    ),
]


@pytest.mark.parametrize(("name", "files", "expected"), COLUMNS, ids=[name for name, _, _ in COLUMNS])
def test_a_column_of_vectors_is_known(name: str, files: dict[str, str], expected: Found) -> None:
    assert found(files) == expected


TEXTS = """
import uuid
from google.cloud import bigquery
from pgvector.sqlalchemy import Vector
from sqlalchemy import Column, Integer, MetaData, String, Table, create_engine, insert

engine = create_engine("postgresql://db/app")
notes = Table("notes", MetaData(), Column("id", String, primary_key=True), Column("embedding", Vector(3)))
plain = Table("plain", MetaData(), Column("id", String, primary_key=True), Column("embedding_size", Integer))

class Warehouse:
    def __init__(self):
        self.client = bigquery.Client(project="rag")

    def save(self, text, embedding):
        self.client.insert_rows_json("app.notes", [{"id": str(uuid.uuid4()), "text": text, "embedding": embedding}])

    def log(self, text):
        self.client.insert_rows_json("app.log", [{"id": str(uuid.uuid4()), "text": text, "embedding_model": "a"}])

def save(connection, records):
    connection.execute(insert(notes).values(records))

def again(connection, records):
    connection.execute(notes.insert().values(records).returning(notes.c.id))

def save_plain(connection, records):
    connection.execute(insert(plain).values(records))

class Notes:
    def __init__(self):
        from pgvector.sqlalchemy import Vector

        self.table = Table("near", MetaData(), Column("id", String, primary_key=True), Column("embedding", Vector(3)))

    def save(self, connection, records):
        connection.execute(insert(self.table).values(records))
"""


def test_vectors_in_rows_are_found_where_no_model_says_so() -> None:
    found = [(w.at.line, w.store, w.container, w.verdict, w.pairing) for w in writes(TEXTS)]
    assert found == [
        (16, "relational:bigquery", "app.notes", "native-namespace", "same row"),
        (22, "relational:postgresql", "notes", "native-namespace", "same row"),
        (25, "relational:postgresql", "notes", "native-namespace", "same row"),
        (37, "relational:postgresql", "near", "native-namespace", "same row"),
    ]


MERGED = '''
def save(cursor, rows):
    cursor.executemany("""
        MERGE INTO chunks t USING (SELECT :id AS id, :vector AS vector FROM dual) s ON (t.id = s.id)
        WHEN MATCHED THEN UPDATE SET t.vector = TO_VECTOR(s.vector)
        WHEN NOT MATCHED THEN INSERT (id, vector) VALUES (s.id, TO_VECTOR(s.vector))
    """, rows)

def log(cursor, rows):
    cursor.executemany("""
        MERGE INTO logs t USING (SELECT :id AS id FROM dual) s ON (t.id = s.id)
        WHEN NOT MATCHED THEN INSERT (id, vector_size) VALUES (s.id, 3)
    """, rows)

def embed(driver, rows):
    driver.execute_query("MATCH (n) WHERE elementId(n) = $id CALL db.create.setNodeVectorProperty(n, $name, $vector)")

def describe(driver):
    print("setNodeVectorProperty(n) needs Neo4j 5.13")
'''


def test_vectors_of_merged_rows_and_of_nodes_whose_property_is_given_are_found() -> None:
    found = [(w.at.line, w.container, w.verdict) for w in writes(MERGED)]
    assert found == [(3, "chunks", "native-namespace"), (16, "", "native-namespace")]


def test_rows_whose_columns_are_computed_hold_a_vector_where_a_class_that_keeps_vectors_writes_them() -> None:
    found = writes(
        """
        import psycopg
        from psycopg import sql

        connection = psycopg.connect("postgresql://db/app")

        class BaseVectorStore:
            def add(self, rows): ...

        class Kept(BaseVectorStore):
            def add(self, rows):
                names = ", ".join(field.name for field in self.fields)
                connection.execute(f"INSERT INTO notes ({names}) VALUES (1)", rows)

            def upsert(self, rows):
                query = sql.SQL("INSERT INTO {table} ({names}) VALUES ({holes})").format(
                    table=sql.Identifier(self.table), names=sql.SQL(", ").join(self.names), holes=self.holes
                )
                connection.execute(query, rows)

            def merged(self):
                return f"MERGE INTO notes USING s ON x WHEN NOT MATCHED THEN INSERT ({self.names}) VALUES (1)"

            def save_metadata(self, rows):
                connection.execute(f"INSERT INTO about ({self.names}) VALUES (1)", rows)

        class Rows:
            def add(self, rows):
                connection.execute(f"INSERT INTO rows ({self.names}) VALUES (1)", rows)
        """
    )
    assert [(w.at.line, w.container, w.verdict) for w in found] == [
        (13, "notes", "native-namespace"),
        (16, "", "native-namespace"),
        (22, "notes", "native-namespace"),
    ]


def test_a_row_that_a_client_inserts_is_found_once() -> None:
    found = writes(
        """
        import clickhouse_connect

        class BaseVectorStore:
            def add(self, rows): ...

        class Kept(BaseVectorStore):
            def __init__(self):
                self.client = clickhouse_connect.get_client(host="clickhouse")

            def add(self, rows):
                self.client.insert("notes", rows, column_names=["id", "embedding"])
        """
    )
    assert [(w.at.line, w.engine, w.container, w.verdict) for w in found] == [
        (12, "clickhouse", "notes", "native-namespace")
    ]
