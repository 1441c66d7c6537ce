"""What looks like several stores and is none of the smells: each case is a service that must stay unreported."""

from __future__ import annotations

import pytest

from fragaudit.pipeline import audit_sources

FRAGMENTED = {"FA101", "FA102", "FA103", "FA104", "FA105"}

MODEL = """
import os
from sqlalchemy import create_engine
from sqlalchemy.orm import DeclarativeBase, mapped_column

class Base(DeclarativeBase):
    pass

class User(Base):
    __tablename__ = "users"
    id = mapped_column(primary_key=True)

engine = create_engine(os.environ["DATABASE_URL"])
"""

CASES = {
    "a vector column of the primary": """
from pgvector.sqlalchemy import Vector

class Item(Base):
    __tablename__ = "items"
    id = mapped_column(primary_key=True)
    embedding = mapped_column(Vector(3))
""",
    "a vector store of a framework in the primary": """
from langchain_postgres import PGVector

store = PGVector(embeddings=None, connection=os.environ["DATABASE_URL"], collection_name="docs")
""",
    "Celery's broker and results beside a Redis of data": """
import redis
from celery import Celery

kv = redis.from_url(os.environ["REDIS_URL"])
kv.set("a", 1)
app = Celery("tasks", broker="redis://broker:6379/1", backend="redis://broker:6379/2")
""",
    "a queue of RQ beside a Redis of data": """
import redis
from rq import Queue

kv = redis.from_url(os.environ["REDIS_URL"])
kv.set("a", 1)
queue = Queue(connection=redis.Redis(host="jobs"))
""",
    "a limiter beside a Redis of data": """
import redis
from slowapi import Limiter

kv = redis.Redis(host="kv")
kv.set("a", 1)
limiter = Limiter(key_func=None, storage_uri="redis://limits:6379")
""",
    "caches in front of the primary": """
from aiocache import Cache
from cachetools import TTLCache

cache = Cache(Cache.REDIS, endpoint="cache")
local = TTLCache(maxsize=10, ttl=60)
""",
    "a saver and a store of LangGraph on one connection string": """
from langgraph.checkpoint.postgres import PostgresSaver
from langgraph.store.postgres import PostgresStore

def run():
    with PostgresSaver.from_conn_string("postgresql://db/agent") as saver:
        with PostgresStore.from_conn_string("postgresql://db/agent") as store:
            return saver, store
""",
    "synchronous and asynchronous engines of one URL": """
from sqlalchemy.ext.asyncio import create_async_engine

other = create_async_engine(os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+asyncpg://"))
""",
    "the driver and the ORM on one URL": """
import databases

database = databases.Database(os.environ["DATABASE_URL"])
""",
    "a graph in memory": """
import networkx as nx

graph = nx.DiGraph()
graph.add_edge("a", "b")
nx.shortest_path(graph, "a", "b")
""",
    "a stand-in beside the real client": """
import fakeredis
import redis

kv = redis.Redis(host="kv")
kv.set("a", 1)
fake = fakeredis.FakeRedis()
""",
    "one client made in several functions": """
import redis

def read(key):
    return redis.Redis(host="kv").get(key)

def write(key, value):
    redis.Redis(host="kv").set(key, value)
""",
    "the client that manages indexes beside the one that uses them": """
from pinecone import Pinecone, ServerlessSpec

admin = Pinecone(api_key="k")
admin.create_index(name="docs", dimension=3, spec=ServerlessSpec(cloud="aws", region="eu"))
index = Pinecone(api_key="k").Index("docs")
index.upsert(vectors=[("doc:a:1", [0.1], {})])
index.query(vector=[0.1], top_k=1)
""",
    "scratch databases": """
import sqlite3
import tempfile

memory = sqlite3.connect(":memory:")
file = sqlite3.connect(os.path.join(tempfile.mkdtemp(), "work.db"))
""",
    "a client under authentication alone": """
from supabase import create_client

supabase = create_client(os.environ["SUPABASE_URL"], os.environ["SUPABASE_KEY"])
supabase.auth.get_user("token")
""",
}


@pytest.mark.parametrize("text", CASES.values(), ids=CASES.keys())
def test_a_service_of_one_database_stays_unreported(text: str) -> None:
    report = audit_sources({"app/main.py": MODEL + text})
    assert report.problems == ()
    assert [(f.rule, f.message) for f in report.findings if f.rule in FRAGMENTED] == []
    assert report.services[0].primary is not None


def test_vectors_and_graph_of_one_server() -> None:
    text = """
from langchain_neo4j import Neo4jGraph, Neo4jVector

graph = Neo4jGraph(url="bolt://graph:7687")
vectors = Neo4jVector(None, url="bolt://graph:7687", index_name="docs")
graph.query("MATCH (n)-[r]->(m) RETURN m")
vectors.similarity_search("x")
"""
    report = audit_sources({"app/main.py": MODEL + text})
    assert [(f.rule, f.message) for f in report.findings if f.rule in FRAGMENTED] == []
    assert {s.identity for s in report.services[0].stores if s.engine == "neo4j"} == {"graph:7687"}
