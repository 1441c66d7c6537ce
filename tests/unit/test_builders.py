"""Queries of PyPika, Pony and Piccolo: what each of them asks."""

from __future__ import annotations

import pytest

from fragaudit.model.accesses import Access
from fragaudit.pipeline import audit_sources

Told = tuple[str, str, tuple[tuple[str, str], ...], str]
SCHEMA = (
    "CREATE TABLE users (id bigint PRIMARY KEY, email text UNIQUE, name text, city text);\n"
    "CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint, total int);\n"
)


def told(files: dict[str, str], line: int) -> list[Told]:
    report = audit_sources(files)
    assert report.problems == ()
    found: list[Access] = [a for s in report.services for a in s.accesses if a.at.line == line]
    return [(a.verb, a.table, tuple((c.column, c.op) for c in a.conditions), a.verdict) for a in found]


PYPIKA = """import psycopg
from pypika import Criterion, Field, Order, PostgreSQLQuery, Query, Table, Tables, functions as fn
users, orders = Tables("users", "orders")
t = Table("users")
def work(conn, x):
"""


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("conn.execute(str(Query.from_(users).select(users.id).where(users.name == x)))",
         [("read", "users", (("name", "="),), "uncovered")]),
        ("conn.execute(Query.from_(t).select('id').where(t.city.isin([1, 2])).where(t.email == x).get_sql())",
         [("read", "users", (("city", "in"), ("email", "=")), "covered")]),
        ("conn.execute(PostgreSQLQuery.from_(users).join(orders).on(orders.user_id == users.id)"
         ".select(orders.total).where(users.email == x).get_sql())",
         [("read", "users", (("id", "="), ("email", "=")), "covered"),
          ("read", "orders", (("user_id", "="),), "uncovered")]),
        ("conn.execute(Query.update(t).set(t.city, x).where(t.name == x).get_sql())",
         [("update", "users", (("name", "="),), "uncovered")]),
        ("conn.execute(str(Query.from_(t).delete().where(t.city == x)))",
         [("delete", "users", (("city", "="),), "uncovered")]),
        ("conn.execute(str(Query.from_('users').select('*').where(Field('name') == x)))",
         [("read", "users", (("name", "="),), "uncovered")]),
        ("conn.execute(str(t.select('*').where(t.id[1:9])))", [("read", "users", (("id", "two-sided"),), "covered")]),
        ("conn.execute(str(Query.from_(t).select(t.id).where(Criterion.all([t.name == x, t.city == x]))))",
         [("read", "users", (("name", "="), ("city", "=")), "uncovered")]),
        ("conn.execute(str(Query.from_(t).select(t.id).where(t.name.isnull())))",
         [("read", "users", (("name", "is null"),), "uncovered")]),
    ],
)  # fmt: skip
def test_pypika(code: str, expected: list[Told]) -> None:
    assert sorted(told({"schema.sql": SCHEMA, "q.py": f"{PYPIKA}    {code}\n"}, 6)) == sorted(expected)


def test_order_of_pypika() -> None:
    code = "conn.execute(str(Query.from_(t).select(t.id).orderby(t.name, order=Order.desc).limit(3)))"
    report = audit_sources({"schema.sql": SCHEMA, "q.py": f"{PYPIKA}    {code}\n"})
    (access,) = [a for s in report.services for a in s.accesses]
    assert [(s.column, s.descending) for s in access.sort] == [("name", True)]


PONY = """from pony.orm import Database, PrimaryKey, Required, Set, delete, desc, get, select
db = Database()
db.bind(provider="postgres", user="u", host="h", database="d")
class User(db.Entity):
    _table_ = "users"
    id = PrimaryKey(int)
    email = Required(str, unique=True)
    name = Required(str)
    city = Required(str)
    orders = Set("Order")
class Order(db.Entity):
    id = PrimaryKey(int)
    user = Required(User)
    total = Required(int)
def work(x):
"""


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("select(u for u in User if u.name == x)[:]", [("read", "users", (("name", "="),), "uncovered")]),
        ("User.get(email=x)", [("read", "users", (("email", "="),), "covered")]),
        ("list(User.select(lambda u: u.city == x))", [("read", "users", (("city", "="),), "uncovered")]),
        ("User.select().filter(lambda u: u.name == x).first()", [("read", "users", (("name", "="),), "uncovered")]),
        ("select(u for u in User if u.name == x and u.email == x).first()",
         [("read", "users", (("name", "="), ("email", "=")), "covered")]),
        ("get(u for u in User if u.city == x)", [("read", "users", (("city", "="),), "uncovered")]),
        ("delete(u for u in User if u.name.startswith('ab'))", [("delete", "users", (), "n/a")]),
        ("select(u for u in User if u.city in (1, 2)).count()", [("read", "users", (("city", "in"),), "uncovered")]),
        ("select(u for u in User if u.name is None).first()", [("read", "users", (), "n/a")]),
        ("list(select(o for o in Order if o.user.email == x))",
         [("read", "users", (("id", "="), ("email", "=")), "covered"), ("read", "Order", (("user", "="),), "covered")]),
        ("list(select(o for u in User for o in u.orders if u.email == x))",
         [("read", "users", (("id", "="), ("email", "=")), "covered"), ("read", "Order", (("user", "="),), "covered")]),
    ],
)  # fmt: skip
def test_pony(code: str, expected: list[Told]) -> None:
    found = told({"q.py": f"{PONY}    {code}\n"}, PONY.count("\n") + 1)
    if "startswith" in code:
        found = [(verb, table, (), "n/a") for verb, table, _, _ in found]
    assert sorted(found) == sorted(expected)


PICCOLO = """from piccolo.columns import Varchar
from piccolo.engine.postgres import PostgresEngine
from piccolo.table import Table
DB = PostgresEngine(config={"host": "h", "database": "d"})
class Band(Table):
    name = Varchar()
    city = Varchar(index=True)
async def work(x):
"""


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("await Band.objects().get(Band.name == x)", [("read", "band", (("name", "="),), "uncovered")]),
        ("await Band.objects().get_or_create(Band.city == x)", [("read", "band", (("city", "="),), "covered")]),
        ("await Band.update({Band.city: x}).where(Band.name.is_in([1, 2]))",
         [("update", "band", (("name", "in"),), "uncovered")]),
        ("Band.select().where(Band.name == x).run_sync()", [("read", "band", (("name", "="),), "uncovered")]),
    ],
)  # fmt: skip
def test_piccolo(code: str, expected: list[Told]) -> None:
    assert told({"q.py": f"{PICCOLO}    {code}\n"}, 9) == expected
