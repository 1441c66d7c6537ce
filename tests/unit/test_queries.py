"""Query expressions followed through functions: what is asked, where, and what is left open."""

from __future__ import annotations

from typing import Any

import pytest
from index_reports import judged

from fragaudit.catalogue import load
from fragaudit.config import Config
from fragaudit.extract import extract
from fragaudit.link import link_counted
from fragaudit.link.apart import Here, Work
from fragaudit.model.accesses import Access
from fragaudit.pipeline import audit_sources

ALCHEMY = """
from sqlalchemy import ForeignKey, create_engine, select, and_, or_, func, desc
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship, selectinload

engine = create_engine("postgresql://db/shop")

class Base(DeclarativeBase):
    pass

class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    city: Mapped[str]
    orders: Mapped[list["Order"]] = relationship(back_populates="user")

class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    user: Mapped[User] = relationship(back_populates="orders")
"""
DJANGO = """
from django.db import models

class BookQuerySet(models.QuerySet):
    def titled(self, title):
        return self.filter(title=title)

class Book(models.Model):
    title = models.CharField(max_length=9)
    slug = models.SlugField()
    DRAFT = 1
    objects = BookQuerySet.as_manager()
"""
SETTINGS = """
DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "NAME": "shop", "HOST": "db"}}
INSTALLED_APPS = ["shop"]
"""


def asked(code: str, path: str = "shop/work.py", *, django: bool = False) -> list[Access]:
    """Return the accesses in a file, by default that of a function whose body begins on line 4."""
    body = "".join(f"    {line}\n" for line in code.strip("\n").split("\n"))
    head = "from shop.models import *\n\ndef work(session, x, y, names):\n"
    files = {"shop/__init__.py": "", "shop/models.py": DJANGO if django else ALCHEMY, "shop/work.py": head + body}
    if django:
        files["shop/settings.py"] = SETTINGS
    report = audit_sources(files)
    assert report.problems == ()
    return [a for s in report.services for a in s.accesses if a.at.path == path]


def test_conditions_stand_at_their_arguments() -> None:
    (access,) = asked("session.scalars(select(User).where(\n    User.name == x,\n))")
    assert (access.at.line, access.at.column, access.at.end_line, access.at.end_column) == (5, 9, 5, 23)


def test_conditions_that_may_be_absent_are_judged_without_and_with() -> None:
    code = (
        "stmt = select(User)\n"
        "if x:\n"
        "    stmt = stmt.where(User.name == x)\n"
        "if y:\n"
        "    stmt = stmt.where(User.email == y)\n"
        "session.execute(stmt)"
    )
    assert judged(asked(code)) == [
        (4, "users", (), "n/a"),
        (6, "users", ("name",), "uncovered"),
        (8, "users", ("email",), "covered"),
    ]


def test_of_two_arms_one_is_always_there() -> None:
    code = (
        "stmt = select(User)\n"
        "if x:\n"
        "    stmt = stmt.where(User.name == x)\n"
        "else:\n"
        "    stmt = stmt.where(User.email == y)\n"
        "session.execute(stmt)"
    )
    assert judged(asked(code)) == [(6, "users", ("name",), "uncovered")]


def test_what_may_be_added_is_not_said_again_where_the_least_is_uncovered() -> None:
    code = (
        "stmt = select(User).where(User.name == x)\nif y:\n    stmt = stmt.where(User.city == y)\nsession.execute(stmt)"
    )
    assert judged(asked(code)) == [(4, "users", ("name",), "uncovered")]


def test_conditions_are_collected_in_lists() -> None:
    code = (
        "filters = [User.name == x]\n"
        "if y:\n"
        "    filters.append(User.city == y)\n"
        "session.execute(select(User).where(and_(*filters)))"
    )
    assert judged(asked(code)) == [(4, "users", ("name",), "uncovered")]


def test_an_unknown_condition_leaves_it_open() -> None:
    (access,) = asked("session.execute(select(User).where(User.name == x, *names))")
    assert (access.unknown, access.verdict) == (True, "unprovable")


def test_what_a_function_returns_is_added_to() -> None:
    code = "def base():\n    return select(User).where(User.name == x)\nsession.execute(base().where(User.email == y))"
    found = judged(asked(code))
    assert (5, "users", ("name", "email"), "covered") in found
    assert (5, "users", ("name",), "unprovable") in found


def test_a_query_that_is_embedded_is_not_reported_alone() -> None:
    code = "inner = select(Order.user_id)\nsession.execute(select(User).where(User.id.in_(inner)))"
    assert sorted(a.table for a in asked(code)) == ["orders", "users"]


def test_eager_loads_ask_by_the_foreign_key() -> None:
    found = judged(asked("session.scalars(select(User).options(selectinload(User.orders)).where(User.email == x))"))
    assert (4, "orders", ("user_id",), "uncovered") in found


def test_pattern_of_an_f_string_begins_with_a_wildcard() -> None:
    (access,) = asked('session.execute(select(User).where(User.name.ilike(f"%{x}%")))')
    assert [u.why for u in access.unindexable] == ["the pattern begins with a wildcard"]


def test_methods_of_a_queryset_are_followed() -> None:
    found = asked("Book.objects.titled(x).first()", "shop/models.py", django=True)
    assert (6, "shop_book", ("title",), "uncovered") in judged(found)


def test_lookups_of_one_q_after_another() -> None:
    code = "from django.db.models import Q\nq = Q()\nif x:\n    q &= Q(title=x)\nBook.objects.filter(q).count()"
    assert (7, "shop_book", ("title",), "uncovered") in judged(asked(code, django=True))


def test_dynamic_lookups_leave_it_open() -> None:
    (access,) = asked("Book.objects.filter(**names).get(title=x)", django=True)
    assert access.verdict == "unprovable"


def test_requests_of_postgrest_ask_when_they_are_executed() -> None:
    code = """
from supabase import create_client
client = create_client("https://x.supabase.co", "key")
def work(x):
    client.table("orders").select("*").eq("user_id", x).order("id", desc=True).limit(3).execute()
    client.table("orders").select("*").eq("note", x)
"""
    schema = "CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint, note text);"
    report = audit_sources({"app.py": code, "schema.sql": schema})
    found = [a for s in report.services for a in s.accesses]
    assert judged(found) == [(5, "orders", ("user_id",), "uncovered")]


def test_constants_of_a_model_are_no_queries() -> None:
    assert asked("return (Book.DRAFT, x)[0]", django=True) == []


def test_querysets_of_a_prefetch_get_the_keys_of_the_rows_there() -> None:
    inner = "Prefetch('x', queryset=Book.objects.filter(title=x))"
    code = f"from django.db.models import Prefetch\nlist(Book.objects.prefetch_related({inner}))"
    assert "uncovered" not in {a.verdict for a in asked(code, django=True)}


def test_one_of_several_keys_or_conditions() -> None:
    code = "session.scalars(select(User).order_by(desc(User.name) if x else User.city).limit(3))"
    assert [[s.column for s in a.sort] for a in asked(code)] == [["name"], ["city"]]
    code = "session.scalars(select(User).order_by(desc(User.name) if x else User.name).limit(3))"
    assert [[s.column for s in a.sort] for a in asked(code)] == [["name"]]
    code = "if x:\n    key = User.name\nelse:\n    key = User.city\n"
    code += "session.scalars(select(User).order_by(key.desc()).limit(3))"
    assert [[(s.column, s.descending) for s in a.sort] for a in asked(code)] == [[("name", True)], [("city", True)]]
    code = "session.scalars(select(User).where(User.name == x if x else User.email == y))"
    assert judged(asked(code)) == [(4, "users", ("name",), "uncovered"), (4, "users", ("email",), "covered")]
    code = "session.scalars(select(User).where(User.name == x if x else names))"
    assert {a.verdict for a in asked(code)} == {"uncovered", "unprovable"}


def test_an_order_that_is_not_known_is_none_that_an_index_yields() -> None:
    (access,) = asked("session.scalars(select(User).order_by(names).limit(3))")
    assert (access.sort, access.verdict) == ((), "n/a")


def test_reading_a_relationship_loads_by_the_foreign_key() -> None:
    loop = "for u in session.scalars(select(User)):\n    names.append(u.orders)\n    names.extend(u.orders)"
    assert (5, "orders", ("user_id",), "uncovered") in judged(asked(loop))
    assert len(asked(loop)) == 2
    one = "user = session.get(User, x)\nreturn user.orders, user.name"
    assert judged(asked(one)) == [(4, "users", ("id",), "covered"), (5, "orders", ("user_id",), "uncovered")]
    back = "order = session.query(Order).first()\nreturn order.user"
    assert (5, "users", ("id",), "covered") in judged(asked(back))


def test_what_was_loaded_is_not_loaded_again() -> None:
    code = "for u in session.scalars(select(User).options(selectinload(User.orders))):\n    names.append(u.orders)"
    assert [a.at.line for a in asked(code) if a.table == "orders"] == [4]
    columns = "for u in session.execute(select(User.id, User.name)):\n    names.append(u.orders)"
    assert {a.table for a in asked(columns)} == {"users"}


def test_what_follows_on_rows_that_a_join_brought_is_loaded_in_its_own_way() -> None:
    code = (
        "from sqlalchemy.orm import contains_eager\n"
        "session.scalars(select(Order).join(Order.user).options(contains_eager(Order.user).selectinload(User.orders)))"
    )
    assert (5, "orders", ("user_id",), "uncovered") in judged(asked(code))


def test_a_value_of_another_query_may_name_the_tables_asked_there() -> None:
    """A scalar subquery whose use isn't seen is searched for each row of the query around it."""
    code = "last = select(func.max(Order.id)).where(Order.user_id == User.id, Order.id < x).scalar_subquery()\n"
    assert {a.table for a in asked(code + "keep(last)")} == {"orders"}


def test_a_file_that_only_imports_models_may_ask_them() -> None:
    models = "from tortoise import fields\nfrom tortoise.models import Model\n\n\nclass User(Model):\n"
    models += "    name = fields.CharField(max_length=9)\n    team = fields.ForeignKeyField('models.Team')\n\n\n"
    models += "class Team(Model):\n    users = fields.ManyToManyField('models.User')\n"
    work = "from shop.models import Team, User\n\n\nasync def work(x):\n    await User.filter(name=x)\n"
    work += "    await User.get(team_id=x)\n    return await Team.filter(users=x)\n"
    report = audit_sources({"shop/__init__.py": "", "shop/models.py": models, "shop/work.py": work})
    found = [a for s in report.services for a in s.accesses if a.at.path == "shop/work.py"]
    assert judged(found) == [
        (5, "user", ("name",), "uncovered"),
        (6, "user", ("team_id",), "uncovered"),
        (7, "team", ("id",), "covered"),
        (7, "team_user", ("team_id", "user_id"), "partial"),
    ]


def test_a_queryset_keeps_the_rows_that_it_was_run_for() -> None:
    code = "found = Book.objects.filter(title=x)\nfor book in found:\n    keep(book)\nkeep(found)\nreturn list(found)"
    assert judged(asked(code, django=True)) == [(4, "shop_book", ("title",), "uncovered")]


def test_what_python_asks_for_its_truth_is_no_condition_of_the_statement() -> None:
    """`a == x and b == y` is one of the two, `not (a == x)` a constant; only `&`, `|`, `~` make SQL of them."""
    code = (
        "session.scalars(select(User).where(User.city == x and User.name == y)).all()\n"
        "session.scalars(select(User).where(User.city == x or User.name == y)).all()\n"
        "session.scalars(select(User).where(not (User.city == x))).all()\n"
        "session.scalars(select(User).where(User.id == x, User.city == x and User.name == y)).all()\n"
        "session.scalars(select(User).where(x and User.city == x)).all()\n"
        "session.scalars(select(User).where((User.city == x) & (User.name == y))).all()\n"
    )
    found = [(a.at.line, tuple(sorted(c.column for c in a.conditions)), a.verdict) for a in asked(code)]
    assert found == [
        (4, ("city",), "uncovered"), (5, ("name",), "uncovered"), (6, (), "unprovable"), (7, ("city", "id"), "covered"),
        (8, ("city",), "unprovable"), (9, ("city", "name"), "uncovered"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("condition", "columns", "unknown"),
    [
        ("User.name == x and User.city == y", ["name"], False),
        ("User.name != x and User.city == y", ["city"], False),
        ("User.name == x or User.city == y", ["city"], False),
        ("User.name > x and User.city == y", [], True),
    ],
)
def test_python_takes_one_of_two_comparisons(condition: str, columns: list[str], unknown: bool) -> None:
    (access,) = asked(f"session.execute(select(User).where({condition}))")
    assert ([c.column for c in access.conditions], access.unknown) == (columns, unknown)


@pytest.mark.parametrize(
    ("condition", "columns", "unknown"),
    [
        ("Q(title=x) and Q(slug=y)", ["slug"], False),
        ("Q(title=x) and Q(slug=x) and Q(title=y) & Q(slug=y)", ["title", "slug"], False),
        ("x and Q(slug=y)", ["slug"], True),
        ("Q(**names) and Q(title=y)", ["title"], True),
    ],
)
def test_python_takes_one_of_two_conditions_of_django(condition: str, columns: list[str], unknown: bool) -> None:
    (access,) = asked(f"from django.db.models import Q\nBook.objects.filter({condition}).get()", django=True)
    assert ([c.column for c in access.conditions], access.unknown) == (columns, unknown)


class _Misled:
    """Work that is told first that all speak SQLite."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._given: list[list[str]] = []

    def give(self, given: list[str]) -> None:
        self._given.append(given)

    def take(self) -> Any:
        told = iter([["sqlite"], *self._given[1:]])
        return self._work(lambda: next(told))


def test_queries_are_read_again_where_another_dialect_is_spoken_than_was_likely(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("fragaudit.link.WORTH_A_START", 0)
    code = "from models import *\n\ndef work(session):\n    session.query(User).filter(User.name.ilike('a%')).all()\n"
    known = load()
    facts = [extract(path, "python", text.encode(), known) for path, text in (("models.py", ALCHEMY), ("a.py", code))]
    here, misled = (link_counted(facts, [], known, Config(), "service", start).queries for start in (Here, _Misled))
    assert [query.written.dialect for query in here] == ["postgres"]
    assert misled == here
