"""Which constructions are one store: the rules for each family of engines, as tables of small programs."""

from __future__ import annotations

import pytest

from fragaudit.model.stores import Store
from fragaudit.pipeline import audit_sources

Table = dict[str, list[tuple[str, ...]]]
"""By family of engines: what a row is about, and the expressions."""

IMPORTS = """
import os
import sqlite3
import boto3, chromadb, diskcache, duckdb, kuzu, lancedb, neo4j, pinecone, psycopg, psycopg2, pymongo, pymysql
import redis, redis.asyncio, valkey, weaviate, coredis, asyncpg, lmdb
from decouple import config
from elasticsearch import Elasticsearch
from falkordb import FalkorDB
from graphiti_core.driver.neo4j_driver import Neo4jDriver
from langchain_chroma import Chroma
from meilisearch import Client as Meili
from motor.motor_asyncio import AsyncIOMotorClient
from mongoengine import connect as mongoengine_connect
from pathlib import Path
from pymilvus import MilvusClient, connections
from qdrant_client import AsyncQdrantClient, QdrantClient
from sqlalchemy import URL, create_engine
from sqlalchemy.ext.asyncio import create_async_engine
"""


def opened(*expressions: str) -> tuple[Store, ...]:
    lines = "\n".join(f"store_{number} = {text}" for number, text in enumerate(expressions))
    report = audit_sources({"app/main.py": f"{IMPORTS}\n{lines}\n"})
    assert report.problems == ()
    return tuple(store for service in report.services for store in service.stores)


ONE: Table = {
    "redis": [
        ("no argument is localhost:6379/0", "redis.Redis()", "redis.from_url('redis://localhost:6379/0')"),
        ("the names of this machine", "redis.Redis('127.0.0.1')", "redis.Redis(host='localhost')"),
        ("IPv6", "redis.from_url('redis://[::1]:6379')", "redis.Redis()"),
        ("a URL's path wins over db=", "redis.from_url('redis://h/2', db=1)", "redis.Redis('h', 6379, 2)"),
        ("?db= names the database", "redis.from_url('redis://h?db=3')", "redis.Redis(host='h', db=3)"),
        ("db= where the URL names none", "redis.from_url('redis://h', db=4)", "redis.Redis(host='h', db=4)"),
        ("credentials and TLS", "redis.from_url('rediss://u:p@h:6379/0')", "redis.Redis('h')"),
        ("synchronous and not", "redis.Redis('h')", "redis.asyncio.Redis(host='h')"),
        ("another client of the protocol", "redis.Redis('h')", "valkey.Valkey('h')", "coredis.Redis('h')"),
        ("a pool's address", "redis.Redis(connection_pool=redis.ConnectionPool(host='h'))", "redis.Redis('h')"),
        ("a socket", "redis.Redis(unix_socket_path='/run/r.sock')", "redis.Redis(unix_socket_path='/run/r.sock')"),
    ],
    "postgresql": [
        (
            "the driver",
            "create_engine('postgresql+psycopg://db/app')",
            "create_async_engine('postgresql+asyncpg://db/app')",
        ),
        ("the user", "psycopg.connect('postgresql://a:x@db/app')", "psycopg.connect('postgresql://b:y@db/app')"),
        ("the default port", "psycopg.connect('postgresql://db:5432/app')", "psycopg.connect(host='db', dbname='app')"),
        (
            "keywords in a string",
            "psycopg2.connect('host=db dbname=app')",
            "psycopg2.connect(host='db', database='app')",
        ),
        (
            "options of a URL",
            "create_engine('postgresql://db/app?sslmode=require')",
            "asyncpg.connect('postgres://db/app')",
        ),
        (
            "an argument over the URL",
            "psycopg.connect('postgresql://db/x', dbname='app')",
            "psycopg.connect('postgresql://db/app')",
        ),
        (
            "a URL of parts",
            "create_engine(URL.create('postgresql', host='db', database='app'))",
            "create_engine('postgresql://db/app')",
        ),
    ],
    "mysql": [
        (
            "driver and user",
            "pymysql.connect(host='db', user='u', db='shop')",
            "create_engine('mysql+asyncmy://x:y@db:3306/shop')",
        ),
        ("MariaDB", "create_engine('mariadb+pymysql://db/shop')", "create_engine('mysql+pymysql://db/shop')"),
    ],
    "files": [
        ("relative and normal", "sqlite3.connect('./app.db')", "sqlite3.connect('app.db')"),
        ("a URL of three slashes", "create_engine('sqlite:///app.db')", "sqlite3.connect('app.db')"),
        ("a URL of four", "create_engine('sqlite:////srv/app.db')", "sqlite3.connect('/srv/app.db')"),
        ("a file URI", "sqlite3.connect('file:app.db?mode=ro', uri=True)", "sqlite3.connect('app.db')"),
        ("joined paths", "sqlite3.connect(os.path.join('data', 'app.db'))", "sqlite3.connect('data/app.db')"),
        ("path objects", "sqlite3.connect(Path('data') / 'app.db')", "sqlite3.connect(str(Path('data/app.db')))"),
        (
            "shared memory",
            "sqlite3.connect('file:m?mode=memory&cache=shared')",
            "sqlite3.connect('file:m?mode=memory&cache=shared')",
        ),
        ("a named database in memory", "duckdb.connect(':memory:x')", "duckdb.connect(':memory:x')"),
        ("a trailing slash", "lancedb.connect('data/lance/')", "lancedb.connect('./data/lance')"),
        ("lmdb", "lmdb.open('./kv')", "lmdb.open('kv/')"),
    ],
    "mongodb": [
        (
            "the order of hosts",
            "pymongo.MongoClient('mongodb://a,b/app')",
            "pymongo.MongoClient('mongodb://b:27017,a:27017/app')",
        ),
        ("no argument", "pymongo.MongoClient()", "pymongo.MongoClient('localhost', 27017)"),
        (
            "options and credentials",
            "pymongo.MongoClient('mongodb://u:p@h/app?authSource=admin')",
            "AsyncIOMotorClient('mongodb://h/app')",
        ),
        (
            "mongoengine's host wins",
            "mongoengine_connect('other', host='mongodb://h/app')",
            "pymongo.MongoClient('mongodb://h/app')",
        ),
        ("a URI without a database", "pymongo.MongoClient('mongodb://h')", "pymongo.MongoClient('mongodb://h/app')"),
    ],
    "neo4j": [
        ("any scheme", "neo4j.GraphDatabase.driver('bolt://g:7687')", "neo4j.AsyncGraphDatabase.driver('neo4j+s://g')"),
        ("the usual database", "neo4j.GraphDatabase.driver('bolt://g')", "Neo4jDriver('bolt://g:7687', 'u', 'p')"),
    ],
    "qdrant": [
        ("URL and host", "QdrantClient(url='http://q:6333')", "AsyncQdrantClient(host='q')"),
        ("no argument", "QdrantClient()", "QdrantClient('localhost')"),
        ("REST and gRPC", "QdrantClient(host='q', port=6333)", "QdrantClient(host='q', port=6334, prefer_grpc=True)"),
        ("a URL without a port", "QdrantClient('http://q')", "QdrantClient('q', port=6333)"),
        ("TLS", "QdrantClient('https://q:6333')", "QdrantClient('http://q:6333')"),
    ],
    "chroma": [
        ("a folder through a framework", "chromadb.PersistentClient('./db')", "Chroma(persist_directory='db')"),
        (
            "settings",
            "chromadb.Client(chromadb.config.Settings(persist_directory='db'))",
            "chromadb.PersistentClient('db')",
        ),
        ("shared in the process", "chromadb.EphemeralClient()", "chromadb.Client()"),
        ("a server", "chromadb.HttpClient('c')", "chromadb.HttpClient(host='c', port=8000)"),
    ],
    "others": [
        ("Milvus by connection", "MilvusClient('http://m:19530')", "connections.connect(host='m', port='19530')"),
        ("Weaviate's gRPC port", "weaviate.connect_to_local()", "weaviate.connect_to_local(grpc_port=50052)"),
        (
            "hosts of Elasticsearch",
            "Elasticsearch('http://e:9200')",
            "Elasticsearch(['e'])",
            "Elasticsearch([{'host': 'e', 'port': 9200}])",
        ),
        ("client and resource", "boto3.client('dynamodb')", "boto3.resource('dynamodb')"),
        ("a session's client", "boto3.client('s3')", "boto3.Session(profile_name='p').client('s3')"),
        ("Meilisearch", "Meili('http://m:7700', 'key')", "Meili('http://m:7700', api_key='other')"),
        (
            "Pinecone's index",
            "pinecone.Pinecone('k').Index('docs')",
            "pinecone.Pinecone(api_key='k').Index(name='docs')",
        ),
    ],
    "settings": [
        (
            "one variable, two fallbacks",
            "redis.from_url(os.getenv('R', 'redis://a'))",
            "redis.from_url(os.getenv('R', 'redis://b'))",
        ),
        (
            "readers of one variable",
            "redis.from_url(os.environ['R'])",
            "redis.from_url(config('R'))",
            "redis.from_url(os.getenv('R'))",
        ),
        ("a fallback by `or`", "redis.from_url(os.getenv('R') or 'redis://a')", "redis.from_url(os.environ['R'])"),
        (
            "equal defaults",
            "redis.from_url(os.getenv('A', 'redis://h'))",
            "redis.from_url(os.getenv('B', 'redis://h'))",
        ),
        (
            "a constant that the variable may be",
            "psycopg.connect(host='db', dbname='app')",
            "psycopg.connect(host='db', dbname=os.environ['NAME'])",
        ),
    ],
}

TWO: Table = {
    "redis": [
        ("databases", "redis.Redis(db=0)", "redis.Redis(db=1)"),
        ("hosts", "redis.Redis('a')", "redis.Redis('b')"),
        ("ports", "redis.Redis('h', 6379)", "redis.Redis('h', 6380)"),
    ],
    "postgresql": [
        ("databases", "create_engine('postgresql://db/a')", "create_engine('postgresql://db/b')"),
        ("hosts", "psycopg.connect('host=a dbname=app')", "psycopg.connect('host=b dbname=app')"),
    ],
    "files": [
        ("in memory each is its own", "sqlite3.connect(':memory:')", "sqlite3.connect(':memory:')"),
        ("duckdb too", "duckdb.connect()", "duckdb.connect(':memory:')"),
        ("qdrant too", "QdrantClient(':memory:')", "QdrantClient(location=':memory:')"),
        ("a cache without a folder", "diskcache.Cache()", "diskcache.Cache()"),
        ("files", "sqlite3.connect('a.db')", "sqlite3.connect('b.db')"),
        ("a name and a path", "sqlite3.connect('app.db')", "sqlite3.connect('data/app.db')"),
    ],
    "engines": [
        ("MySQL and PostgreSQL", "create_engine('mysql://db/app')", "create_engine('postgresql://db/app')"),
        ("FalkorDB is no key-value store", "FalkorDB(host='h')", "redis.Redis('h')"),
    ],
    "others": [
        ("indexes of Pinecone", "pinecone.Pinecone('k').Index('a')", "pinecone.Pinecone('k').Index('b')"),
        ("services of AWS", "boto3.client('s3')", "boto3.client('dynamodb')"),
        ("variables", "redis.from_url(os.environ['A'])", "redis.from_url(os.environ['B'])"),
    ],
}


def cases(table: Table) -> list[object]:
    return [pytest.param(row[1:], id=f"{family}: {row[0]}") for family, rows in table.items() for row in rows]


@pytest.mark.parametrize("expressions", cases(ONE))
def test_constructions_of_one_store(expressions: tuple[str, ...]) -> None:
    found = opened(*expressions)
    assert len(found) == 1, [(s.engine, s.identity) for s in found]
    lines = {opening.at.line for opening in found[0].openings}
    first = IMPORTS.count("\n") + 2
    assert lines == set(range(first, first + len(expressions)))


@pytest.mark.parametrize("expressions", cases(TWO))
def test_constructions_of_two_stores(expressions: tuple[str, ...]) -> None:
    found = opened(*expressions)
    assert len(found) == 2, [(s.engine, s.identity) for s in found]


def test_an_imported_client_is_the_construction_of_its_own_file() -> None:
    report = audit_sources(
        {
            "app/db.py": "import redis\n\nclient = redis.Redis(host='h')\n",
            "app/main.py": "from app.db import client\n\nclient.set('a', 1)\n",
            "app/other.py": "from app import db\n\ndb.client.get('a')\n",
        }
    )
    (store,) = report.services[0].stores
    assert [(o.at.path, o.at.line) for o in store.openings] == [("app/db.py", 3)]
    assert [(c.at.path, c.verb) for c in store.calls] == [("app/main.py", "write"), ("app/other.py", "read")]


def test_a_setting_of_two_readers_is_one_variable() -> None:
    report = audit_sources(
        {
            "app/config.py": (
                "from pydantic_settings import BaseSettings\n\n\n"
                "class Settings(BaseSettings):\n    redis_url: str = 'redis://localhost'\n\n\nsettings = Settings()\n"
            ),
            "app/a.py": "import redis\nfrom app.config import settings\n\nr = redis.from_url(settings.redis_url)\n",
            "app/b.py": "import os\nimport redis\n\nr = redis.from_url(os.environ['REDIS_URL'])\n",
        }
    )
    (store,) = report.services[0].stores
    assert store.variables == ("REDIS_URL",)
    assert len(store.openings) == 2


def test_equal_defaults_of_two_variables_may_be_split() -> None:
    (store,) = opened("redis.from_url(os.getenv('A', 'redis://h'))", "redis.from_url(os.getenv('B', 'redis://h'))")
    assert store.apart_possible == ("A", "B")


def test_a_converted_setting_is_the_setting() -> None:
    (store,) = opened("redis.Redis(host=os.environ['H'], port=int(os.environ.get('P', '6379')))")
    assert (store.identity, store.variables) == ("{H}:{P}/0", ("H", "P"))


def test_hosts_of_a_list_of_urls() -> None:
    (store,) = opened("Elasticsearch(hosts=['http://b:9200', 'http://a:9200'])")
    assert store.identity == "a:9200,b:9200"


def test_one_of_many_addresses_of_a_call_names_no_store() -> None:
    probe = """
import os
from sqlalchemy import create_engine

def answers(url):
    return create_engine(url).connect()

def check(target_url):
    return answers(os.environ["PROBED_URL"]), answers(target_url)
"""
    service = """
from sqlalchemy import create_engine

class Service:
    def __init__(self, database_url):
        self.engine = create_engine(database_url)

    def again(self, database_url):
        self.engine = create_engine(database_url)
"""
    report = audit_sources({"app/probe.py": probe, "app/service.py": service})
    (store,) = report.services[0].stores
    assert store.identity == "{DATABASE_URL}"
