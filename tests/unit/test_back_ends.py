"""Which classes are back ends of one role, which of them is the default, and which database is none of them."""

from __future__ import annotations

import pytest

from fragaudit.model.stores import Service
from fragaudit.pipeline import audit_sources

ROLE = """
from abc import ABC, abstractmethod

class GraphStore(ABC):
    @abstractmethod
    def run(self, query): ...
"""
NEO4J = """
import neo4j
from app.role import GraphStore

class Neo(GraphStore):
    def __init__(self, uri=None):
        self.driver = neo4j.GraphDatabase.driver(uri)

    def run(self, query):
        return self.driver.execute_query(query)
"""
FALKOR = """
from falkordb import FalkorDB
from app.role import GraphStore

class Falkor(GraphStore):
    def __init__(self, host="localhost"):
        self.client = FalkorDB(host=host)

    def run(self, query):
        return self.client.select_graph("g").query(query)
"""
GRAPHS = {"app/__init__.py": "", "app/role.py": ROLE, "app/neo.py": NEO4J, "app/falkor.py": FALKOR}


def only(files: dict[str, str]) -> Service:
    return audit_sources(files).services[0]


def slots(of: Service) -> list[tuple[str, tuple[str, ...], str | None]]:
    return [(s.id, s.slot.alternatives, s.slot.default) for s in of.stores if s.slot is not None]


@pytest.mark.parametrize(
    ("body", "default"),
    [
        ("if driver:\n            self.driver = driver\n        else:\n            self.driver = Neo(uri)", "neo4j"),
        ("self.driver = driver or Neo(uri)", "neo4j"),
        ("self.driver = driver if driver else Neo(uri)", "neo4j"),
        ("if driver is None:\n            driver = Neo(uri)\n        self.driver = driver", "neo4j"),
        # Which one is made hangs on something else.
        ("if uri:\n            self.driver = Neo(uri)\n        else:\n            self.driver = Falkor()", None),
        ("self.driver = driver or (Neo(uri) if uri else Falkor())", None),
    ],
)
def test_what_is_made_where_none_is_given_is_the_default(body: str, default: str | None) -> None:
    main = f"""
import neo4j
from app.falkor import Falkor
from app.neo import Neo

class Graph:
    def __init__(self, uri=None, driver=None):
        {body}
"""
    first = default or "falkordb"
    assert slots(only({**GRAPHS, "app/main.py": main})) == [(f"graph:{first}", ("falkordb", "neo4j"), default)]


@pytest.mark.parametrize(
    ("main", "default"),
    [
        ('from enum import Enum\n\nclass GraphProvider(Enum):\n    FALKOR = "falkordb"\n', None),
        ('def graph_provider_of(name):\n    graph_provider = "falkordb"\n    return graph_provider\n', None),
        ('class Settings:\n    graph_provider = "falkordb"\n', "falkordb"),
        ('import os\n\ndef graph():\n    graph_provider = os.getenv("GRAPH", "falkordb")\n', "falkordb"),
    ],
)
def test_members_of_enumerations_and_names_within_a_function_are_no_defaults(main: str, default: str | None) -> None:
    assert slots(only({**GRAPHS, "app/main.py": main})) == [("graph:falkordb", ("falkordb", "neo4j"), default)]


def test_an_abstract_class_between_is_no_back_end_of_its_own() -> None:
    between = ROLE + "\nclass CommonGraph(GraphStore):\n    def count(self):\n        return 0\n"
    files = {
        path: text.replace("(GraphStore)", "(CommonGraph)") for path, text in GRAPHS.items() if path != "app/role.py"
    }
    files = {path: text.replace("import GraphStore", "import CommonGraph") for path, text in files.items()}
    assert slots(only({**files, "app/role.py": between})) == [("graph:falkordb", ("falkordb", "neo4j"), None)]


CONNECTORS = """
from abc import ABC, abstractmethod

class Connector(ABC):
    @abstractmethod
    def query(self, text): ...
"""
CONNECTOR = """
import {module}
from app.connectors.base import Connector

class {name}(Connector):
    def connect(self, **given):
        self.connection = {module}.connect(host=given["host"])

    def query(self, text):
        return self.connection.cursor().execute(text)
"""


def test_what_the_orm_keeps_its_tables_in_is_none_of_the_connectors_to_other_databases() -> None:
    found = only(
        {
            "app/__init__.py": "",
            "app/connectors/__init__.py": "",
            "app/connectors/base.py": CONNECTORS,
            "app/connectors/my.py": CONNECTOR.format(module="pymysql", name="My"),
            "app/connectors/ms.py": CONNECTOR.format(module="pyodbc", name="Ms"),
            "app/connectors/pg.py": CONNECTOR.format(module="psycopg2", name="Pg"),
            "app/db.py": """
from sqlalchemy import Column, Integer, create_engine
from sqlalchemy.orm import declarative_base, sessionmaker
from app.settings import config

Base = declarative_base()

class Job(Base):
    __tablename__ = "job"
    id = Column(Integer, primary_key=True)

def init(url=None):
    global session
    if url is None:
        url = config["storage_db"]
    session = sessionmaker(bind=create_engine(url))
""",
            "app/settings.py": "config = {}\n",
        }
    )
    assert [(s.id, s.identity, s.slot is not None) for s in found.stores] == [
        ("relational:sql", "an address known only at run time", True),
        ("relational:sql#2", "{STORAGE_DB}", False),
    ]
    assert found.primary == "relational:sql#2"


def test_what_a_large_class_opens_for_itself_is_no_back_end_of_a_small_one_that_it_makes() -> None:
    found = only(
        {
            "app/main.py": """
import pymongo
import sqlite3

class State: ...

class Chat(State):
    def keep(self):
        self.rows = sqlite3.connect("chat.db")

class Tool(State): ...

class Server:
    def start(self, url):
        self.client = pymongo.MongoClient(url)
        self.client["shop"]["orders"].insert_one({})

    def chat(self):
        return Chat()

    def tool(self):
        return Tool()
"""
        }
    )
    assert [(s.id, s.slot) for s in found.stores] == [("relational:sqlite", None), ("document:mongodb", None)]


@pytest.mark.parametrize(
    "made",
    ["MongoClient[Row](url)", "pymongo.MongoClient[dict[str, Row]](url)", "stack.enter_context(MongoClient(url))"],
)
def test_a_class_with_its_type_arguments_and_what_a_stack_closes_are_opened(made: str) -> None:
    text = f"""
import pymongo
from contextlib import ExitStack
from pymongo import MongoClient

def save(url, row):
    stack = ExitStack()
    client = {made}
    client["shop"]["orders"].insert_one(row)
"""
    found = only({"app/main.py": text})
    assert [(s.id, s.writes) for s in found.stores] == [("document:mongodb", 1)]


@pytest.mark.parametrize("folder", ["", "srv/checkouts/"])
def test_a_library_that_audits_itself_means_its_own_modules_from_wherever_it_is_audited(folder: str) -> None:
    files = {
        "chromadb/__init__.py": "from chromadb.client import HttpClient\n",
        "chromadb/client.py": "class HttpClient:\n    def __init__(self, host): ...\n",
        "chromadb/run/__init__.py": "",
        "chromadb/run/use.py": "import chromadb\n\nkept = chromadb.HttpClient(host='a')\n",
    }
    found = only({folder + path: text for path, text in files.items()})
    assert [s.id for s in found.stores] == []
