"""What keeps a missing index from being sure: few values, small tables, rows of one owner, work done by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from index_reports import told

from fragaudit.config import Config
from fragaudit.discover import discover
from fragaudit.pipeline import audit_sources

_SCHEMA = """
CREATE TABLE jobs (
    id BIGINT PRIMARY KEY, owner BIGINT NOT NULL, state TEXT NOT NULL, title TEXT, body TEXT, hidden BOOLEAN NOT NULL,
    rate INTEGER, made_at TIMESTAMPTZ, seen_at TIMESTAMPTZ
);
"""
_TABLES = """
CREATE TABLE shops (id BIGINT PRIMARY KEY);
CREATE TABLE {name} (
    id BIGINT PRIMARY KEY, shop_id BIGINT NOT NULL REFERENCES shops (id) ON DELETE CASCADE, name TEXT, description TEXT,
    color TEXT, enabled BOOLEAN, view_order INTEGER, kept TEXT, more TEXT
);
"""
_SETTINGS = 'DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "NAME": "shop", "HOST": "db"}}\n'


def _asked(where: str) -> list[tuple[str, int, str]]:
    code = (
        "import asyncpg\n"
        "async def ask(pool: asyncpg.Pool, *what):\n"
        f'    return await pool.fetch("""SELECT id FROM jobs\nWHERE {where}""", *what)\n'
    )
    return told({"schema.sql": _SCHEMA, "app.py": code})


@pytest.mark.parametrize(
    ("where", "confidence"),
    [
        ("title = $1", "likely"),
        ("title = 'welcome'", "possible"),  # a row that the program itself put there
        ("rate = 0", "possible"),
        ("state = 'pending'", "likely"),  # what a queue asks for
        ("state = 'visible'", "possible"),
        ("state = 'visible' AND made_at < $1", "likely"),
        ("body = $1", "possible"),  # a whole document, which fits into no key
        ("body = $1 AND owner = $2", "likely"),
        ("(seen_at IS NULL AND made_at < $1 OR seen_at < $2)", "possible"),  # as wide as the widest alternative
        ("(owner = $1 OR title = $2)", "likely"),
        ("(hidden OR owner = $1)", "possible"),
    ],
)
def test_few_rows_have_to_be_expected(where: str, confidence: str) -> None:
    assert _asked(where) == [("app.py", 4, confidence)]


def test_a_value_in_a_file_of_queries_may_be_an_example() -> None:
    queries = "-- name: ask\nSELECT id FROM jobs\nWHERE title = 'welcome';\n"
    assert told({"schema.sql": _SCHEMA, "queries.sql": queries}) == [("queries.sql", 3, "likely")]


def test_a_column_that_the_table_is_not_known_to_have_is_no_miss() -> None:
    assert _asked("nick = $1") == []


def test_the_place_is_what_an_index_would_serve() -> None:
    assert _asked("hidden\nAND title = $1") == [("app.py", 5, "likely")]


def test_of_entries_to_choose_from_there_are_few() -> None:
    more = "".join(f", of_{n} TEXT" for n in range(9))
    columns = f'id BIGINT PRIMARY KEY, owner BIGINT, "default" BOOLEAN{more}'
    schema = f"CREATE TABLE case_types ({columns}); CREATE TABLE cases ({columns});"
    asked = "SELECT id FROM case_types WHERE owner = $1;\nSELECT id FROM cases WHERE owner = $1;\n"
    assert told({"schema.sql": schema, "queries.sql": asked}) == [
        ("queries.sql", 1, "possible"), ("queries.sql", 2, "likely")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "confidence"),
    [("case_severities", "possible"), ("shop_templates", "possible"), ("comments", "likely")],
)
def test_keys_of_short_lists(name: str, confidence: str) -> None:
    """What an entry of a list is shown as makes it no less an entry of a short list."""
    assert told({"schema.sql": _TABLES.format(name=name)}, "FA204") == [("schema.sql", 4, confidence)]


@pytest.mark.parametrize(
    ("path", "confidence"),
    [
        ("shop/cli/users.py", "possible"),
        ("shop/users.py", "likely"),
        ("populate.py", "possible"),
        ("shop/demo_data.py", "possible"),
        ("shop/commands/users.py", "likely"),
    ],
)
def test_commands_are_run_by_hand(path: str, confidence: str) -> None:
    code = "import psycopg\n\nwith psycopg.connect('postgresql://db/app') as c:\n    c.execute('SELECT id FROM jobs WHERE title = %s', (x,))\n"  # noqa: E501
    assert told({"schema.sql": _SCHEMA, path: code}) == [(path, 4, confidence)]


def test_a_folder_of_commands_is_run_by_hand_where_it_reads_a_command_line() -> None:
    code = "import click\nimport psycopg\n\nc = psycopg.connect('postgresql://db/app')\n" \
           "c.execute('SELECT id FROM jobs WHERE title = %s', (x,))\n"  # fmt: skip
    found = told({"schema.sql": _SCHEMA, "shop/commands/users.py": code})
    assert found == [("shop/commands/users.py", 5, "possible")]


def test_a_text_put_together_in_several_ways_is_told_once() -> None:
    code = """
import psycopg

def ask(c, numbers):
    stamp = "now()" if numbers else "current_timestamp"
    c.execute(f"SELECT id, {stamp} FROM jobs WHERE title = %s", (1,))

with psycopg.connect("postgresql://db/app") as c:
    ask(c, True)
"""
    assert told({"schema.sql": _SCHEMA, "app.py": code}) == [("app.py", 6, "likely")]


_DJANGO = """
from django.db import models

class RuleQuerySet(models.QuerySet):
    def matching(self, path):
        return self.filter(path=path).first()

    def named(self, name):
        return self.filter(name=name).first()

class RawManager(models.Manager):
    def get_or_create(self, **kwargs):
        return super().get_or_create(digest=hash(kwargs.pop("data")), **kwargs)

class Site(models.Model):
    title = models.CharField(max_length=9)

class Rule(models.Model):
    KEPT = 3
    site = models.ForeignKey(Site, related_name="rules", on_delete=models.CASCADE)
    path = models.CharField(max_length=99)
    name = models.CharField(max_length=99)
    method = models.IntegerField()
    objects = RuleQuerySet.as_manager()

class Raw(models.Model):
    digest = models.CharField(max_length=64, unique=True)
    data = models.CharField(max_length=99)
    objects = RawManager()
"""


def _django(code: str, path: str = "shop/views.py") -> list[tuple[str, int, str]]:
    files = {"shop/__init__.py": "", "shop/settings.py": _SETTINGS + 'INSTALLED_APPS = ["shop"]\n'}
    found = told({**files, "shop/models.py": _DJANGO, "shop/views.py": "from shop.models import *\n" + code})
    return [one for one in found if one[0] == path]


def test_rows_of_one_owner_are_not_all_rows() -> None:
    """A method of a queryset that is called of what an attribute holds may be asked for few rows already."""
    found = _django("def work(site, x):\n    return site.rules.matching(x), Rule.objects.named(x)\n", "shop/models.py")
    assert found == [("shop/models.py", 9, "likely")]


def test_a_manager_may_ask_by_something_else() -> None:
    assert _django("def work(x):\n    return Raw.objects.get_or_create(data=x)\n") == []
    assert _django("def work(x):\n    return Raw.objects.get(data=x)\n") == [("shop/views.py", 3, "likely")]


def test_a_constant_that_the_model_keeps_is_written_out() -> None:
    found = _django("def work(x):\n    return Rule.objects.filter(method=Rule.KEPT).exists()\n")
    assert found == [("shop/views.py", 3, "possible")]


def test_columns_of_the_parents_table_stand_there() -> None:
    """In joined inheritance an attribute may be a column of the table above."""
    code = """
from sqlalchemy import ForeignKey, create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

engine = create_engine("postgresql://db/shop")

class Base(DeclarativeBase):
    pass

class Link(Base):
    __tablename__ = "links"
    id: Mapped[int] = mapped_column(primary_key=True)
    _user: Mapped[int] = mapped_column("user_id", index=True)

class Login(Link):
    __tablename__ = "logins"
    id: Mapped[int] = mapped_column(ForeignKey("links.id"), primary_key=True)
    name: Mapped[str]

def work(session, x):
    session.scalars(select(Login).where(Login._user == x))
    session.scalars(select(Login).where(Login.name == x))
"""
    assert told({"app.py": code}) == [("app.py", 22, "likely")]


def test_a_text_that_is_a_part_of_itself_is_unknown() -> None:
    code = """
from sqlalchemy import Integer
from sqlalchemy.orm import DeclarativeBase, mapped_column

class Base(DeclarativeBase):
    pass

prefix = "a"
prefix = f"{prefix}{prefix}"
prefix = f"{prefix}{prefix}_{prefix}"

class Row(Base):
    __tablename__ = f"{prefix}_rows_{prefix}"
    id = mapped_column(Integer, primary_key=True)
"""
    assert audit_sources({"app.py": code}).problems == ()


def test_a_mapping_that_takes_over_itself_ends() -> None:
    code = """
import chromadb

collection = chromadb.PersistentClient("x").get_collection("notes")

def save(**kwargs):
    given = kwargs.pop("given", None)
    if given:
        kwargs = {**kwargs, **given}
    names = {field: kwargs.pop(field) for field in list(kwargs)}
    for key in names:
        collection.upsert(ids=[key], documents=[names[key]])
"""
    assert audit_sources({"app.py": code}).problems == ()


def test_an_application_about_recipes_is_no_example(tmp_path: Path) -> None:
    for folder in ("cookbook/migrations", "samples"):
        (tmp_path / folder).mkdir(parents=True)
    for file in ("cookbook/apps.py", "cookbook/models.py", "samples/models.py"):
        (tmp_path / file).write_text("x = 1\n")
    found = discover([tmp_path], tmp_path, Config())
    assert [f.path for f in found.files] == ["cookbook/apps.py", "cookbook/models.py"]


def test_folders_of_tests_by_other_names_are_outside(tmp_path: Path) -> None:
    for folder in ("tests-simulate-data", "load-tests", "ab_tests/migrations", "testimony", "protests"):
        (tmp_path / folder).mkdir(parents=True)
    for file in (
        "tests-simulate-data/run.py",
        "load-tests/run.py",
        "ab_tests/apps.py",
        "testimony/a.py",
        "protests/a.py",
    ):
        (tmp_path / file).write_text("x = 1\n")
    assert [f.path for f in discover([tmp_path], tmp_path, Config()).files] == [
        "ab_tests/apps.py",
        "protests/a.py",
        "testimony/a.py",
    ]


def test_a_name_that_is_computed_is_recognised_where_it_is_written_out() -> None:
    """A table's name made by what can't be followed counts as the usual one if a foreign key says so."""
    code = """
import re
from sqlalchemy import Column, ForeignKey, Integer, String, create_engine
from sqlalchemy.orm import DeclarativeBase, declared_attr

engine = create_engine("postgresql://db/shop")

def named(text):
    parts = re.split("(?=[A-Z])", text)
    return "_".join([part.lower() for part in parts if part])

class Base(DeclarativeBase):
    @declared_attr.directive
    def __tablename__(cls):
        return named(cls.__name__)

class SearchFilter(Base):
    id = Column(Integer, primary_key=True)
    name = Column(String)

class Alert(Base):
    id = Column(Integer, primary_key=True)
    filter_id = Column(ForeignKey("search_filter.id"))

def work(session, x):
    session.query(SearchFilter).filter(SearchFilter.name == x).all()
    session.query(Alert).filter(Alert.filter_id == x).all()
"""
    assert told({"app.py": code}) == [("app.py", 26, "likely")]


def test_a_join_follows_the_foreign_key_of_the_table_joined_last() -> None:
    code = """
from sqlalchemy import Column, ForeignKey, Integer, create_engine
from sqlalchemy.orm import DeclarativeBase, declared_attr

engine = create_engine("postgresql://db/shop")

class Base(DeclarativeBase):
    @declared_attr.directive
    def __tablename__(cls):
        return cls.__name__.lower() + "s"

class Shop(Base):
    id = Column(Integer, primary_key=True)

class Buyer(Base):
    id = Column(Integer, primary_key=True)
    shop_id = Column(ForeignKey(Shop.id, ondelete="CASCADE"))

class Note(Base):
    id = Column(Integer, primary_key=True)
    buyer_id = Column(ForeignKey(Buyer.id), index=True)
    shop_id = Column(ForeignKey(Shop.id), index=True)

def work(session, x):
    session.query(Note).join(Buyer).join(Shop).filter(Shop.id == x).all()
"""
    report = audit_sources({"app.py": code})
    joined = {(a.table, c.column) for s in report.services for a in s.accesses for c in a.conditions}
    assert ("buyers", "shop_id") in joined
    assert ("notes", "shop_id") not in joined
    keys = [f.message for f in report.findings if f.rule == "FA204"]
    assert [m.partition(" and ")[0] for m in keys] == ["buyers (shop_id) references shops"]
