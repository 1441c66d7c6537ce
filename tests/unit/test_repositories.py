"""Repositories and what hands filters on: what each call asks, and what is left open."""

from __future__ import annotations

import pytest
from index_reports import judged

from fragaudit.model.accesses import Access
from fragaudit.pipeline import audit_sources

MODELS = """
from sqlalchemy import create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

engine = create_engine("postgresql://db/shop")

class Base(DeclarativeBase):
    pass

class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    city: Mapped[str]

class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int]
"""
GENERIC = """
from typing import Generic, TypeVar
from sqlalchemy import delete, select
from shop.models import Order, User

T = TypeVar("T")

class Repository(Generic[T]):
    model: type[T]
    def __init__(self, session):
        self.session = session
    async def get(self, **filters):
        return (await self.session.execute(select(self.model).filter_by(**filters))).scalar_one_or_none()
    async def by_key(self, key):
        return await self.session.get(self.model, key)
    async def many(self, *conditions, limit=10, **filters):
        stmt = select(self.model).where(*conditions)
        for name, value in filters.items():
            if hasattr(self.model, name):
                stmt = stmt.where(getattr(self.model, name) == value)
        return (await self.session.scalars(stmt.limit(limit))).all()
    def query(self, **filters):
        return select(self.model).where(*[getattr(self.model, name) == v for name, v in filters.items()])
    async def exists(self, **filters):
        return await self.get(**filters) is not None
    async def find(self, name=None, city=None, newest=False):
        stmt = select(self.model)
        if name is not None:
            stmt = stmt.where(self.model.name == name)
        if city is not None:
            stmt = stmt.where(self.model.city == city)
        if newest:
            stmt = stmt.order_by(self.model.id.desc())
        return await self.session.scalars(stmt)

class UserRepository(Repository[User]):
    model = User

class OrderRepository(Repository[Order]):
    def unread(self):
        return self.cache
"""
GIVEN = """
from sqlalchemy.orm import Session
from shop.models import Order, User

class CrudBase:
    def __init__(self, model):
        self.model = model
    def get_by(self, db: Session, **filters):
        return db.query(self.model).filter_by(**filters).first()

class CrudUser(CrudBase):
    def by_name(self, db, name):
        return db.query(self.model).filter(self.model.name == name).first()

class CrudNamed(CrudBase):
    def __init__(self):
        super().__init__(User)

crud_user = CrudUser(User)
crud_order = CrudBase(Order)
crud_named = CrudNamed()

def find(db, model, **filters):
    return db.query(model).filter_by(**filters).first()
"""


def asked(code: str) -> list[Access]:
    """Return the accesses of a function whose body begins on line 8."""
    body = "".join(f"    {line}\n" for line in code.strip("\n").split("\n"))
    head = (
        "from fastapi import Depends\nfrom shop.models import Order, User\n"
        "from shop.repository import OrderRepository, UserRepository\nfrom shop.given import *\n"
        "def get_users():\n    return UserRepository(None)\n"
        "async def work(x, y, users: UserRepository, given = Depends(get_users)):\n"
    )
    files = {
        "shop/__init__.py": "", "shop/models.py": MODELS, "shop/repository.py": GENERIC, "shop/given.py": GIVEN,
        "shop/work.py": head + body,
    }  # fmt: skip
    report = audit_sources(files)
    assert report.problems == ()
    return [a for s in report.services for a in s.accesses if a.at.path == "shop/work.py"]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("await users.get(name=x)", [("users", ("name",), "uncovered")]),
        ("await users.get(email=x)", [("users", ("email",), "covered")]),
        ("await users.get(email=x, name=y)", [("users", ("email", "name"), "covered")]),
        ("await users.exists(city=x)", [("users", ("city",), "uncovered")]),
        ("await users.by_key(x)", [("users", ("id",), "covered")]),
        ("await users.many(User.city == x)", [("users", ("city",), "uncovered")]),
        ("await users.many(city=x)", [("users", ("city",), "uncovered")]),
        ("await given.get(name=x)", [("users", ("name",), "uncovered")]),
        ("await OrderRepository(x).get(user_id=y)", [("orders", ("user_id",), "uncovered")]),
        ("x.execute(users.query(city=y))", [("users", ("city",), "uncovered")]),
        ("x.execute(users.query(city=y).where(User.email == y))", [("users", ("city", "email"), "covered")]),
        ("crud_user.get_by(x, city=y)", [("users", ("city",), "uncovered")]),
        ("crud_order.get_by(x, user_id=y)", [("orders", ("user_id",), "uncovered")]),
        ("crud_named.get_by(x, name=y)", [("users", ("name",), "uncovered")]),
        ("find(x, User, city=y)", [("users", ("city",), "uncovered")]),
    ],
)
def test_each_call_asks_with_its_own_filters(code: str, expected: list[tuple[str, tuple[str, ...], str]]) -> None:
    assert judged(asked(code)) == [(8, *one) for one in expected]


def test_what_a_call_leaves_out_is_not_asked() -> None:
    assert judged(asked("await users.find(name=x)")) == [(8, "users", ("name",), "uncovered")]
    assert judged(asked("await users.find(city=x, newest=True)")) == [(8, "users", ("city",), "uncovered")]


@pytest.mark.parametrize("code", ["await users.get(**x)", "await users.get(name=x, **y)"])
def test_filters_that_are_chosen_when_it_runs_leave_it_open(code: str) -> None:
    (access,) = asked(code)
    assert (access.table, access.unknown) == ("users", True)


def test_an_object_of_a_model_of_its_own_is_no_other() -> None:
    assert asked("await OrderRepository(x).unread()") == []
    assert [a.table for a in asked("crud_user.by_name(x, y)")] == []
    report = audit_sources({"shop/__init__.py": "", "shop/models.py": MODELS, "shop/given.py": GIVEN})
    found = [a for s in report.services for a in s.accesses if a.at.path == "shop/given.py"]
    assert {a.table for a in found} <= {"users"}


LIBRARIES = """
from fastcrud import FastCRUD
from advanced_alchemy.repository import SQLAlchemyAsyncRepository
from advanced_alchemy.service import SQLAlchemyAsyncRepositoryService
from shop.models import Order, User

crud_users = FastCRUD(User)

class CrudOrder(FastCRUD[Order, A, B, C, D, E]):
    async def mine(self, db, x):
        return await self.get_multi(db=db, user_id=x)

crud_orders = CrudOrder(Order)

class UserRepository(SQLAlchemyAsyncRepository[User]):
    model_type = User

class OrderService(SQLAlchemyAsyncRepositoryService[Order]):
    pass

async def work(db, x, orders: OrderService, repository: UserRepository):
"""


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("await crud_users.get(db=db, name=x)", ("read", "users", (("name", "="),), "uncovered")),
        ("await crud_users.get(db, email=x)", ("read", "users", (("email", "="),), "covered")),
        ("await crud_users.get(db, **x)", ("read", "users", (), "unprovable")),
        ("await crud_users.exists(db, city=x, id__ne=3)", ("read", "users", (("city", "="),), "uncovered")),
        ("await crud_users.count(db, city__in=[1, 2])", ("read", "users", (("city", "in"),), "uncovered")),
        ("await crud_users.get_multi(db, id__gt=x)", ("read", "users", (("id", "<"),), "covered")),
        ("await crud_users.update(db, {}, city=x)", ("update", "users", (("city", "="),), "uncovered")),
        ("await crud_orders.delete(db, user_id=x)", ("delete", "orders", (("user_id", "="),), "uncovered")),
        ("await repository.get(x)", ("read", "users", (("id", "="),), "covered")),
        ("await repository.get_one_or_none(name=x)", ("read", "users", (("name", "="),), "uncovered")),
        ("await repository.list(User.city == x)", ("read", "users", (("city", "="),), "uncovered")),
        ("await orders.list_and_count(LimitOffset(1, 2), user_id=x)",
         ("read", "orders", (("user_id", "="),), "uncovered")),
    ],
)  # fmt: skip
def test_repositories_of_libraries(code: str, expected: object) -> None:
    line = LIBRARIES.count("\n") + 1
    report = audit_sources(
        {"shop/__init__.py": "", "shop/models.py": MODELS, "shop/work.py": f"{LIBRARIES}    {code}\n"}
    )
    found = [a for s in report.services for a in s.accesses if a.at.line == line and a.at.path == "shop/work.py"]
    assert [(a.verb, a.table, tuple((c.column, c.op) for c in a.conditions), a.verdict) for a in found] == [expected]


def test_methods_of_repositories_call_their_own() -> None:
    report = audit_sources({"shop/__init__.py": "", "shop/models.py": MODELS, "shop/work.py": f"{LIBRARIES}    pass\n"})
    found = [a for s in report.services for a in s.accesses if a.at.path == "shop/work.py"]
    assert judged(found) == [(11, "orders", ("user_id",), "uncovered")]
