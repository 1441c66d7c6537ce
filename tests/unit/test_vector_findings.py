"""What is reported of writes: once for one cause, where they are made, and how they stand to rows and services."""

from __future__ import annotations

from vector_reports import audited, writes

UPDATES = """
import weaviate
from qdrant_client import QdrantClient
from qdrant_client.models import PointStruct

articles = weaviate.connect_to_local().collections.get("Article")
client = QdrantClient(url="http://qdrant:6333")

def save(item, vector):
    articles.data.insert(properties={}, uuid=item.uuid, vector=vector)

def label(name):
    for found in articles.query.fetch_objects(limit=5).objects:
        articles.data.update(uuid=found.uuid, properties={"label": name})

def weigh(vectors):
    points, _ = client.scroll("notes", limit=100)
    client.upsert("notes", [PointStruct(id=p.id, vector=v) for p, v in zip(points, vectors)])

def rename(session, vectors):
    rows = session.query(Note).all()
    client.upsert("notes", [PointStruct(id=r.id, vector=v) for r, v in zip(rows, vectors)])
"""


def test_a_change_of_what_is_stored_follows_its_first_write() -> None:
    assert [(w.at.line, w.updates, w.verdict) for w in writes(UPDATES)] == [
        (10, False, "not-namespaced"),
        (14, True, "not-namespaced"),  # as what was inserted
        (18, True, "not-namespaced"),  # as what `rename` writes
        (22, False, "not-namespaced"),
    ]
    lines = [f.at.line for f in audited({"app.py": UPDATES}).findings if f.rule == "FA301"]
    assert lines == [10, 22]


SCATTERED = """
import hashlib
import chromadb

collection = chromadb.HttpClient(host="chroma").get_or_create_collection("notes")
others = chromadb.HttpClient(host="chroma").get_or_create_collection("others")

def key(name):
    return "ent-" + hashlib.md5(name.encode()).hexdigest()

def save(note, vector):
    collection.add(ids=[key(note.name)], embeddings=[vector], metadatas=[{"language": "en"}])

def merge(note, vector):
    collection.upsert(ids=[key(note.name)], embeddings=[vector], metadatas=[{"language": "en"}])

def elsewhere(note, vector):
    others.upsert(ids=[key(note.name)], embeddings=[vector])
"""


def test_one_cause_is_one_finding() -> None:
    found = [f for f in audited({"app.py": SCATTERED}).findings if f.rule == "FA301"]
    assert [(f.at.line, [r.at.line for r in f.related]) for f in found] == [(12, [15]), (18, [])]


HANDED = """
import chromadb

collection = chromadb.HttpClient(host="chroma").get_or_create_collection("notes")

def put(key, vector):
    collection.add(ids=[key], embeddings=[vector])

def save(note, vector):
    put(note.id, vector)

def save_again(note, vector):
    put(str(note.id), vector)
"""


def test_callers_that_agree_are_shown_where_they_write() -> None:
    assert [(w.at.line, w.verdict) for w in writes(HANDED)] == [(7, "not-namespaced")]


SHARED = """
import chromadb

collection = chromadb.HttpClient(host="chroma").get_or_create_collection("notes")

def save(note, vector):
    collection.add(ids=[f"acme:note:{note.id}"], embeddings=[vector])
"""


def test_services_that_share_the_code_which_writes_do_not_collide() -> None:
    services = {
        f"{name}/{file}": text
        for name in ("api", "worker")
        for file, text in (
            ("pyproject.toml", f'[project]\nname = "{name}"\n'),
            ("main.py", "from shared.store import save\n"),
        )
    }
    assert [f.rule for f in audited({**services, "shared/store.py": SHARED}).findings if f.rule == "FA305"] == []
    apart = {**services, "api/store.py": SHARED, "worker/store.py": SHARED}
    assert {f.rule for f in audited(apart).findings if f.rule == "FA305"} == {"FA305"}


REPLACED = """
import chromadb
import psycopg

conn = psycopg.connect("postgresql://db/app")
collection = chromadb.HttpClient(host="chroma").get_or_create_collection("notes")

def remove_note(note):
    conn.execute("DELETE FROM notes WHERE id = %s", (note.id,))
    conn.commit()

def insert_note(note):
    conn.execute("INSERT INTO notes (id, text) VALUES (%s, %s)", (note.id, note.text))
    conn.commit()

def save(note, vector):
    remove_note(note)
    collection.upsert(ids=[f"notes:note:{note.id}"], embeddings=[vector])
    insert_note(note)
"""


def test_what_deletes_the_old_row_writes_none_before_the_vector() -> None:
    files = {"app.py": REPLACED, "schema.sql": "CREATE TABLE notes (id TEXT PRIMARY KEY, text TEXT);"}
    found = [(f.at.line, f.related[0].at.line) for f in audited(files).findings if f.rule == "FA303"]
    assert found == [(18, 19)]


LONG = '''
import hashlib, uuid
from qdrant_client import QdrantClient
from qdrant_client.models import PointStruct

client = QdrantClient(url="http://qdrant:6333")

def save(question, answer, vector):
    text = f"""The question that was asked of us before anybody had an answer: {question}
    and the answer that was given to it in the end, after all: {answer}"""
    key = str(uuid.uuid5(uuid.NAMESPACE_URL, text))
    client.upsert("notes", [PointStruct(id=key, vector=vector, payload={"question": question})])
'''


def test_a_long_text_is_cut_where_a_reason_shows_it() -> None:
    (write,) = (w for s in audited({"app.py": LONG}).services for w in s.vector_writes)
    assert write.verdict == "not-namespaced"
    assert "\n" not in write.why
    assert len(write.why) < 160


GRAPHED = """
import sqlite3
import chromadb
from neo4j import GraphDatabase

rows = sqlite3.connect("app.db")
notes = chromadb.PersistentClient("db").get_or_create_collection("notes")
driver = GraphDatabase.driver("bolt://neo4j")

def keep(key, text):
    rows.execute("INSERT INTO texts (id, text) VALUES (?, ?)", (key, text))

def read():
    return rows.execute("SELECT id, text FROM texts").fetchall()

def save(key, text, vector):
    notes.add(ids=[key], embeddings=[vector])
    {}
"""


def test_a_node_of_a_graph_is_no_row_where_tables_are_kept() -> None:
    node = "driver.execute_query('CREATE (t:Text {id: $id})', id=key)"
    report = audited({"app.py": GRAPHED.replace("{}", node)})
    assert [(f.at.line, f.confidence) for f in report.findings if f.rule == "FA303"] == []
    report = audited({"app.py": GRAPHED.replace("{}", "keep(key, text)")})
    assert [(f.at.line, f.related[0].at.line) for f in report.findings if f.rule == "FA303"] == [(17, 18)]


def test_a_vector_of_constants_stands_for_no_row() -> None:
    source = """
        import sqlite3
        import uuid
        from qdrant_client import QdrantClient
        from qdrant_client.models import PointStruct

        rows = sqlite3.connect("app.db")
        client = QdrantClient(url="http://qdrant")

        def keep(text):
            rows.execute("INSERT INTO notes (text) VALUES (?)", (text,))

        def configure(value):
            point = PointStruct(id=str(uuid.uuid4()), vector={}, payload={{"value": value}})
            client.upsert("config", points=[point])
    """
    found = audited({"app.py": source.format("[0.0]")}).findings
    assert [f.rule for f in found if f.rule == "FA304"] == []
    found = audited({"app.py": source.format("embedded(value)")}).findings
    assert [(f.rule, f.at.line) for f in found if f.rule == "FA304"] == [("FA304", 15)]
