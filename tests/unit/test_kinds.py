"""Columns of a handful of values, rows that are only marked as deleted, and attributes that aren't the column."""

from __future__ import annotations

import pytest
from index_reports import told

from fragaudit.pipeline import audit_sources

_SHOP = 'DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "NAME": "shop", "HOST": "db"}}\n'
_DJANGO = """
from django.db import models

class Order(models.Model):
    number = models.CharField(max_length=9)
    carrier = models.CharField(max_length=9{choices})

def place():
    Order.objects.create(number="")

def ask(x):
    return list(Order.objects.filter({asked}))
"""
_ALCHEMY = """
import enum
from typing import Literal
from sqlalchemy import Boolean, Column, DateTime, ForeignKey, Integer, String, create_engine
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

engine = create_engine("postgresql://db/shop")

class Way(enum.Enum):
    ROAD = 1

class Base(DeclarativeBase):
    pass

class Member(Base):
    __tablename__ = "members"
    id = Column(Integer, primary_key=True)
    title = Column(String)
{more}

class ShopType(Base):
    __tablename__ = "{target}"
    id = Column(Integer, primary_key=True)
    first = Column(String)
    second = Column(String)

class Order(Base):
    __tablename__ = "orders"
    id = Column(Integer, primary_key=True)
{columns}

def place(session):
    session.add(Order())
    session.add(Member())

"""


@pytest.mark.parametrize(
    ("choices", "asked", "confidence"),
    [
        ("", "carrier=x", "likely"),
        (", choices=[('a', 'A')]", "carrier=x", "possible"),
        (", choices=None", "carrier=x", "likely"),
        (", choices=[('a', 'A')]", "carrier=x, number=x", "likely"),
    ],
)
def test_a_column_of_choices_is_one_of_kinds(choices: str, asked: str, confidence: str) -> None:
    files = {"shop/__init__.py": "", "shop/settings.py": _SHOP + 'INSTALLED_APPS = ["shop"]\n'}
    files["shop/models.py"] = _DJANGO.format(choices=choices, asked=asked)
    assert told(files) == [("shop/models.py", 12, confidence)]


def test_of_two_conditions_python_takes_the_last() -> None:
    files = {"shop/__init__.py": "", "shop/settings.py": _SHOP + 'INSTALLED_APPS = ["shop"]\n'}
    files["shop/models.py"] = _DJANGO.format(choices="", asked="models.Q(carrier=x) and models.Q(number=x)")
    report = audit_sources(files)
    columns = [[c.column for c in a.conditions] for s in report.services for a in s.accesses if a.at.line == 12]
    assert columns == [["number"]]


@pytest.mark.parametrize(
    ("columns", "asked", "target", "confidence"),
    [
        ("    way: Mapped[Way] = mapped_column()", "Order.way == x", "shops", "possible"),
        ("    way: Mapped[Literal['a', 'b']] = mapped_column()", "Order.way == x", "shops", "possible"),
        ("    way: Mapped[str] = mapped_column()", "Order.way == x", "shops", "likely"),
        ("    locale = Column(String)", "Order.locale == x", "shops", "possible"),
        ("    shop_id = Column(ForeignKey(ShopType.id))", "Order.shop_id == x", "shops", "likely"),
        ("    shop_id = Column(ForeignKey(ShopType.id))", "Order.shop_id == x", "shop_types", "possible"),
    ],
)
def test_what_a_model_says_of_a_column(columns: str, asked: str, target: str, confidence: str) -> None:
    text = _ALCHEMY.format(more="", columns=columns, target=target)
    line = text.count("\n") + 2
    text += f"def ask(session, x):\n    return session.query(Order).filter({asked}).all()\n"
    assert told({"app.py": text}) == [("app.py", line, confidence)]


_DELETES = "def leave(session, x):\n    session.delete(session.get(Member, x))\n"


@pytest.mark.parametrize(
    ("more", "column", "after", "confidence"),
    [
        ("", "member_id", "", "possible"),  # nothing deletes any
        ("", "member_id", _DELETES, "likely"),
        ("    deleted_at = Column(DateTime)", "member_id", "", "possible"),
        ("    is_deleted = Column(Boolean)", "member_id", "", "possible"),
        ("    is_deleted = Column(Boolean)", "member_id", _DELETES, "likely"),
        ("    deleted_by = Column(String)", "member_id", _DELETES, "likely"),
        ("", "created_by", "", "possible"),  # of people who make rows, hardly any are deleted
        ("", "created_by", _DELETES, "likely"),
    ],
)
def test_rows_that_are_only_marked_as_deleted_are_not_looked_for(
    more: str, column: str, after: str, confidence: str
) -> None:
    columns = (
        f"    {column} = Column(ForeignKey(Member.id, ondelete='CASCADE'))\n    two_id = Column(ForeignKey(Member.id))"
    )
    text = _ALCHEMY.format(more=more, columns=columns, target="shops") + after
    line = text.count("\n", 0, text.index(f"    {column} =")) + 1
    assert [f for f in told({"app.py": text}, "FA204") if f[1] == line] == [("app.py", line, confidence)]


def test_a_property_is_not_the_column_of_its_name() -> None:
    columns = """    _name = Column("name", String)
    title = Column("heading", String)

    @hybrid_property
    def name(self):
        return self.shown

    @property
    def shown(self):
        return self._name

    @hybrid_property
    def heading(self):
        return self._name
"""
    text = _ALCHEMY.format(more="", columns=columns, target="shops")
    first = text.count("\n") + 2
    text += (
        "def ask(session, x):\n    session.query(Order).filter(Order.name == x).all()\n"
        "    session.query(Order).filter(Order._name == x).all()\n"
        "    session.query(Order).filter(Order.__table__.c.heading == x).all()\n"
    )
    assert told({"app.py": text}) == [("app.py", first + 1, "likely"), ("app.py", first + 2, "likely")]


@pytest.mark.parametrize(
    ("target", "asked", "confidence"),
    [
        ("shops", "", "possible"),
        ("shops", "def ask(session, x):\n    return session.query(Order).filter_by(shop_id=x).all()\n", "likely"),
        ("shops", "def end(session, thing):\n    session.delete(thing)\n", "likely"),  # which may be any
        ("webhooks", "def end(session, thing):\n    session.delete(thing)\n", "possible"),  # somebody set them up
        ("tenants", "def end(session, thing):\n    session.delete(thing)\n", "possible"),
        ("webhooks", "def ask(session, x):\n    return session.query(Order).filter_by(shop_id=x).all()\n", "likely"),
        ("webhooks", "def end(session, x):\n    session.delete(session.get(ShopType, x))\n", "likely"),
    ],
)
def test_what_hardly_ever_goes_is_followed_where_its_rows_are_looked_up(
    target: str, asked: str, confidence: str
) -> None:
    columns = (
        "    shop_id = Column(ForeignKey(ShopType.id, ondelete='CASCADE'))\n    two_id = Column(ForeignKey(Member.id))"
    )
    text = _ALCHEMY.format(more="", columns=columns, target=target) + asked
    line = text.count("\n", 0, text.index("    shop_id =")) + 1
    assert [f for f in told({"app.py": text}, "FA204") if f[1] == line] == [("app.py", line, confidence)]


@pytest.mark.parametrize(
    ("column", "after", "confidence"),
    [
        ("priority", "", "likely"),
        ("priority", "def done(session, x):\n    session.delete(session.get(Order, x))\n", "possible"),
        ("weight", "def done(session, x):\n    session.delete(session.get(Order, x))\n", "likely"),
    ],
)
def test_rows_that_wait_for_their_turn_are_few(column: str, after: str, confidence: str) -> None:
    columns = f"    code = Column(String)\n    {column} = Column(Integer)"
    text = _ALCHEMY.format(more="", columns=columns, target="shops") + after
    line = text.count("\n") + 2
    text += "def ask(session, x):\n    return session.query(Order).filter(Order.code == x).all()\n"
    assert told({"app.py": text}) == [("app.py", line, confidence)]


@pytest.mark.parametrize(
    ("decorator", "confidence"), [("app.cli.command('a')", "possible"), ("app.route('/a')", "likely")]
)
def test_a_function_that_is_a_command_is_run_by_hand(decorator: str, confidence: str) -> None:
    text = _ALCHEMY.format(more="", columns="    code = Column(String)", target="shops")
    line = text.count("\n") + 5
    text += (
        f"def register(app):\n    @{decorator}\n    def one(session, x):\n        if x:\n"
        "            session.query(Order).filter(Order.code == x).all()\n\n"
        "def two(session, x):\n    session.query(Order).filter(Order.code == x).all()\n"
    )
    assert told({"app.py": text}) == [("app.py", line, confidence), ("app.py", line + 3, "likely")]
