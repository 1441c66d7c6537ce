"""Tables of models, framework by framework: what each makes up by itself is what its own documentation says."""

from __future__ import annotations

from fragaudit.catalogue import load
from fragaudit.extract import extract
from fragaudit.link.evaluate import Evaluator
from fragaudit.link.orm import Mapping
from fragaudit.link.program import Program
from fragaudit.model.schema import TableDef

CATALOGUE = load()


def tables(source: str, **more: str) -> dict[str, TableDef]:
    files = {"app/models.py": source, **{f"app/{name}.py": text for name, text in more.items()}}
    facts = [extract(path, "python", text.encode(), CATALOGUE) for path, text in files.items()]
    assert not [problem for file in facts for problem in file.problems]
    mapping = Mapping(Evaluator(Program(facts, CATALOGUE.roots), CATALOGUE))
    return {model.table.name: model.table for model in mapping.defining}


def indexes(table: TableDef) -> list[str]:
    """Return indexes as `unique name(keys)`, the primary key as `primary(keys)`."""
    found = []
    for index in table.indexes:
        keys = ", ".join(str(key) for key in index.keys)
        word = "primary" if index.origin == "primary key" else ("unique " if index.unique else "") + index.name
        method = "" if index.method == "btree" else f" {index.method}"
        found.append(f"{word}({keys}){method}" + (f" where {index.where_text}" if index.where_text else ""))
    return sorted(found)


def test_peewee() -> None:
    found = tables(
        """
from peewee import *

db = SqliteDatabase("x.db")

class Base(Model):
    class Meta:
        database = db

class Person(Base):
    name = CharField(unique=True)
    town = CharField(index=True, column_name="city")

class Note(Base):
    owner = ForeignKeyField(Person, backref="notes")
    boss_id = ForeignKeyField("self", null=True)
    text = TextField()

    class Meta:
        table_name = "notes"
        indexes = ((("owner", "text"), True), (("text",), False))

class Tag(Base):
    note = ForeignKeyField(Note)
    word = CharField()

    class Meta:
        primary_key = CompositeKey("note", "word")
"""
    )
    assert sorted(found) == ["notes", "person", "tag"]
    assert indexes(found["person"]) == ["person_city(city)", "primary(id)", "unique (name)"]
    assert indexes(found["notes"]) == [
        "notes_boss_id(boss_id)", "notes_owner_id(owner_id)", "notes_text(text)", "primary(id)",
        "unique notes_owner_id_text(owner_id, text)",
    ]  # fmt: skip
    assert indexes(found["tag"]) == ["primary(note_id, word)", "tag_note_id(note_id)"]
    assert [(k.columns, k.table) for k in found["notes"].foreign_keys] == [
        (("owner_id",), "person"),
        (("boss_id",), "notes"),
    ]


def test_tortoise() -> None:
    found = tables(
        """
from tortoise import fields
from tortoise.models import Model

class Stamped(Model):
    created = fields.DatetimeField(auto_now_add=True, index=True)

    class Meta:
        abstract = True

class Team(Stamped):
    key = fields.CharField(max_length=20, pk=True)

class Player(Stamped):
    id = fields.IntField(pk=True)
    name = fields.CharField(max_length=50, unique=True)
    team = fields.ForeignKeyField("models.Team", related_name="players")
    passport = fields.OneToOneField("models.Passport")

    class Meta:
        table = "players"
        unique_together = (("name", "team"),)
        indexes = [("team", "created")]

class Passport(Model):
    number = fields.CharField(max_length=10)
"""
    )
    assert sorted(found) == ["passport", "players", "team"]
    assert indexes(found["team"]) == ["(created)", "primary(key)"]
    assert indexes(found["players"]) == [
        "(created)", "(team_id, created)", "primary(id)", "unique (name)", "unique (name, team_id)",
        "unique (passport_id)",
    ]  # fmt: skip
    assert indexes(found["passport"]) == ["primary(id)"]


def test_piccolo() -> None:
    found = tables(
        """
from piccolo.columns import ForeignKey, Varchar
from piccolo.table import Table

class TourManager(Table):
    name = Varchar(length=50, unique=True)

class Band(Table, tablename="bands"):
    manager = ForeignKey(references=TourManager)
    title = Varchar(index=True)
"""
    )
    assert indexes(found["tour_manager"]) == ["primary(id)", "unique (name)"]
    assert indexes(found["bands"]) == ["bands_title(title)", "primary(id)"]
    assert [(k.columns, k.table) for k in found["bands"].foreign_keys] == [(("manager",), "tour_manager")]


def test_ormar() -> None:
    found = tables(
        """
import ormar

base = ormar.OrmarConfig(metadata=None)

class Author(ormar.Model):
    ormar_config = base.copy()

    id: int = ormar.Integer(primary_key=True)
    name: str = ormar.String(max_length=100, index=True)

class Book(ormar.Model):
    ormar_config = base.copy(tablename="books", constraints=[ormar.UniqueColumns("author", "title")])

    id: int = ormar.Integer(primary_key=True)
    author = ormar.ForeignKey(Author)
    title: str = ormar.String(max_length=100)
"""
    )
    assert indexes(found["authors"]) == ["ix_authors_name(name)", "primary(id)"]
    assert indexes(found["books"]) == ["primary(id)", "unique (author, title)"]


def test_pony() -> None:
    found = tables(
        """
from pony.orm import *

db = Database()

class Person(db.Entity):
    _table_ = "people"
    name = Required(str, unique=True)
    age = Optional(int, index=True)
    cars = Set("Car")

class Car(db.Entity):
    plate = PrimaryKey(str)
    owner = Required(Person)
    make = Required(str)
    composite_key(owner, make)
    composite_index(make, plate)

class Truck(Car):
    load = Optional(int)
"""
    )
    assert sorted(found) == ["Car", "people"]
    assert indexes(found["people"]) == ["idx_people__age(age)", "primary(id)", "unique (name)"]
    assert indexes(found["Car"]) == ["(make, plate)", "idx_Car__owner(owner)", "primary(plate)", "unique (owner, make)"]
    assert "load" in [column.name for column in found["Car"].columns]


def test_sqlmodel() -> None:
    found = tables(
        """
from typing import Optional
from sqlmodel import Column, Field, Relationship, SQLModel, String, UniqueConstraint

class TeamBase(SQLModel):
    name: str = Field(index=True)

class Team(TeamBase, table=True):
    id: Optional[int] = Field(default=None, primary_key=True)
    heroes: list["Hero"] = Relationship(back_populates="team")

class TeamRead(TeamBase):
    id: int

class Hero(SQLModel, table=True):
    __tablename__ = "heroes"
    __table_args__ = (UniqueConstraint("team_id", "alias"),)
    id: int | None = Field(default=None, primary_key=True)
    alias: str = Field(sa_column=Column("code_name", String(20), unique=True))
    team_id: int | None = Field(default=None, foreign_key="team.id")
"""
    )
    assert sorted(found) == ["heroes", "team"]
    assert indexes(found["team"]) == ["ix_team_name(name)", "primary(id)"]
    assert indexes(found["heroes"]) == ["primary(id)", "unique (code_name)", "unique (team_id, code_name)"]


def test_mongoengine() -> None:
    found = tables(
        """
from mongoengine import Document, IntField, ReferenceField, StringField

class Base(Document):
    meta = {"abstract": True, "indexes": ["created"]}
    created = IntField()

class BlogPost(Base):
    title = StringField(unique=True)
    author = StringField(db_field="a")
    meta = {"indexes": ["-author", ("author", "-created"), {"fields": ["title", "created"], "unique": True}, "$title"]}

class Log(Document):
    key = StringField(primary_key=True)
    meta = {"collection": "logs"}
"""
    )
    assert sorted(found) == ["blog_post", "logs"]
    assert indexes(found["blog_post"]) == [
        "(a DESC)", "(a, created DESC)", "(created)", "(title) fulltext", "primary(_id)", "unique (title)",
        "unique (title, created)",
    ]  # fmt: skip
    assert indexes(found["logs"]) == ["primary(_id)"]


def test_beanie() -> None:
    found = tables(
        """
from typing import Annotated
import pymongo
from beanie import Document, Indexed
from pymongo import IndexModel

class Product(Document):
    sku: Annotated[str, Indexed(unique=True)]
    name: Indexed(str)
    price: float

    class Settings:
        name = "products"
        indexes = [
            [("name", pymongo.ASCENDING), ("price", pymongo.DESCENDING)],
            IndexModel([("price", pymongo.DESCENDING)], name="by_price"),
            "price",
        ]
"""
    )
    assert indexes(found["products"]) == [
        "(name)", "(name, price DESC)", "(price)", "by_price(price DESC)", "primary(_id)", "unique (sku)",
    ]  # fmt: skip


def test_create_index_of_pymongo() -> None:
    found = tables(
        """
from pymongo import ASCENDING, DESCENDING, IndexModel, MongoClient

client = MongoClient("mongodb://localhost")
db = client["shop"]
orders = db["orders"]

def prepare():
    db.users.create_index([("email", ASCENDING)], unique=True)
    orders.create_index([("user", 1), ("placed", DESCENDING)], name="recent")
    db.get_collection("orders").create_indexes([IndexModel("state"), IndexModel([("text", "text")])])
"""
    )
    assert indexes(found["users"]) == ["primary(_id)", "unique (email)"]
    assert indexes(found["orders"]) == ["(state)", "(text) fulltext", "primary(_id)", "recent(user, placed DESC)"]
