"""What collections of MongoDB are asked by pymongo, MongoEngine and Beanie, and whether an index serves it."""

from __future__ import annotations

import pytest

from fragaudit.model.accesses import Access
from fragaudit.pipeline import audit_sources

Told = tuple[str, str, tuple[tuple[str, str], ...], str]


def asked(code: str, line: str) -> list[Access]:
    report = audit_sources({"q.py": f"{code}    {line}\n"})
    assert report.problems == ()
    return [a for s in report.services for a in s.accesses]


def told(found: list[Access]) -> list[Told]:
    return [(a.verb, a.table, tuple((c.column, c.op) for c in a.conditions), a.verdict) for a in found]


PYMONGO = """from pymongo import MongoClient
client = MongoClient("mongodb://db:27017")
db = client["shop"]
users = db.users
users.create_index("email", unique=True)
db["orders"].create_index([("user_id", 1), ("created", -1)])
def work(x, y):
"""


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('users.find_one({"email": x})', ("read", "users", (("email", "="),), "covered")),
        ('users.find_one({"name": x})', ("read", "users", (("name", "="),), "uncovered")),
        ('users.find_one({"email": x, "name": y})', ("read", "users", (("email", "="), ("name", "=")), "covered")),
        ('list(db.users.find({"age": {"$gt": 3, "$lt": 9}}))',
         ("read", "users", (("age", "two-sided"),), "uncovered")),
        ('list(db["orders"].find({"user_id": x}).sort("created", -1))',
         ("read", "orders", (("user_id", "="),), "covered")),
        ('db.orders.aggregate([{"$match": {"state": x}}, {"$group": {"_id": "$user_id"}}])',
         ("read", "orders", (("state", "="),), "uncovered")),
        ('db.orders.update_one({"_id": x}, {"$set": {"a": 1}})', ("update", "orders", (("_id", "="),), "covered")),
        ('db.orders.delete_many({"user_id": {"$in": [1, 2]}})', ("delete", "orders", (("user_id", "in"),), "covered")),
        ('users.count_documents({"name": {"$regex": "x"}})', ("read", "users", (), "n/a")),
        ('users.find_one({"$and": [{"name": x}, {"email": y}]})',
         ("read", "users", (("name", "="), ("email", "=")), "covered")),
    ],
)  # fmt: skip
def test_filters_of_pymongo(line: str, expected: Told) -> None:
    assert told(asked(PYMONGO, line)) == [expected]


def test_alternatives_need_an_index_each() -> None:
    (access,) = asked(PYMONGO, 'users.find_one({"$or": [{"name": x}, {"email": x}]})')
    assert ([[c.column for c in arm] for arm in access.arms], access.verdict) == ([["name"], ["email"]], "uncovered")


def test_sorts_of_pymongo() -> None:
    for way in ('.sort("created", -1)', '.sort([("created", -1)])', '.sort("created", DESCENDING)'):
        (access,) = asked(PYMONGO, f'list(users.find({{"name": x}}){way}.limit(3))')
        assert [(s.column, s.descending) for s in access.sort] == [("created", True)]


@pytest.mark.parametrize("line", ["users.find_one(x)", 'users.find_one({"name": x, **y})', "users.find_one({x: 1})"])
def test_filters_made_when_it_runs_leave_it_open(line: str) -> None:
    (access,) = asked(PYMONGO, line)
    assert access.unknown


def test_what_nobody_indexes_is_not_judged() -> None:
    assert asked(PYMONGO, 'db.logs.find_one({"name": x})') == []


def test_the_advice_is_one_for_mongodb() -> None:
    report = audit_sources({"q.py": f'{PYMONGO}    users.find_one({{"name": x}})\n'})
    (finding,) = [f for f in report.findings if f.rule == "FA201"]
    assert finding.message.endswith('This would: db.users.createIndex({ "name": 1 });')


ENGINE = """from mongoengine import Document, IntField, StringField, connect
connect("shop", host="mongodb://db")
class User(Document):
    email = StringField(unique=True)
    name = StringField()
    age = IntField(db_field="a")
    meta = {"indexes": ["name"]}
def work(x):
"""
BEANIE = """from beanie import Document, Indexed
from motor.motor_asyncio import AsyncIOMotorClient
client = AsyncIOMotorClient("mongodb://db")
class User(Document):
    email: Indexed(str, unique=True)
    name: str
    age: int
    class Settings:
        name = "users"
async def work(x):
"""


@pytest.mark.parametrize(
    ("head", "line", "expected"),
    [
        (ENGINE, "User.objects(email=x).first()", ("read", "user", (("email", "="),), "covered")),
        (ENGINE, "User.objects.get(age=x)", ("read", "user", (("a", "="),), "uncovered")),
        (ENGINE, "list(User.objects.filter(name=x))", ("read", "user", (("name", "="),), "covered")),
        (ENGINE, "list(User.objects(age__gt=x))", ("read", "user", (("a", "<"),), "uncovered")),
        (BEANIE, "await User.find_one(User.email == x)", ("read", "users", (("email", "="),), "covered")),
        (BEANIE, "await User.find(User.name == x).to_list()", ("read", "users", (("name", "="),), "uncovered")),
        (BEANIE, 'await User.find({"name": x}).to_list()', ("read", "users", (("name", "="),), "uncovered")),
        (BEANIE, "await User.get(x)", ("read", "users", (("_id", "="),), "covered")),
    ],
)
def test_queries_of_documents(head: str, line: str, expected: Told) -> None:
    assert told(asked(head, line)) == [expected]


def test_what_an_object_keeps_is_no_collection_of_that_name() -> None:
    code = """from pymongo import MongoClient
class Store:
    def __init__(self, name):
        self._db = MongoClient("mongodb://db:27017")["shop"]
        self._collection = self._db.get_collection(name)
        self.rows = self._db[name]
        self._collection.create_index("content")
        self.rows.create_index("content")
        self._db.notes.create_index("content")
    def find(self, x):
        self.rows.find_one({"name": x})
        self._db.notes.find_one({"name": x})
"""
    assert told(asked(code, "    return self._collection.find_one({'name': x})")) == [
        ("read", "notes", (("name", "="),), "uncovered")
    ]
