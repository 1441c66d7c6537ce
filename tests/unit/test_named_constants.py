"""Constants that a query names and that are kept where nothing else matters: members of enumerations, capitals."""

from __future__ import annotations

import pytest

from fragaudit.pipeline import audit_sources

_ALCHEMY = """
from sqlalchemy import Column, Integer, String, create_engine, select
from sqlalchemy.orm import DeclarativeBase
from shop.values import Phase, PHASE_DONE, PHASE_PENDING, phase

engine = create_engine("postgresql://db/shop")

class Base(DeclarativeBase):
    pass

class User(Base):
    __tablename__ = "users"
    id = Column(Integer, primary_key=True)
    nick = Column(String)
    status = Column(String)

def work(session, x):
    session.scalars(select(User).where({}))
"""
_DJANGO = """
from django.db import models
from shop.values import Choice, Phase

class User(models.Model):
    nick = models.CharField(max_length=9)
    status = models.CharField(max_length=9)

def work(x):
    return list(User.objects.{})
"""
_FACTORY = """{}
from sqlalchemy import select
from shop.models import User

class Made(factory.Factory):
    user = factory.Sequence(lambda n: s.scalars(select(User).where(User.nick == n)))
"""
_SETTINGS = 'DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "NAME": "shop", "HOST": "db"}}\n'
_VALUES = """import enum

class Phase(enum.Enum):
    DONE = "d"
    PENDING = "p"

class Choice:
    DONE = "d", "Done"
"""


def _confidences(files: dict[str, str]) -> list[str]:
    found = audit_sources({"shop/__init__.py": "", "shop/values.py": _VALUES, **files}).findings
    return [f.confidence.value for f in found if f.rule == "FA201"]


@pytest.mark.parametrize(
    ("condition", "confidence"),
    [
        ("User.nick == x", "likely"),
        ("User.nick == Phase.DONE", "possible"),
        ("User.nick == Phase.DONE.value", "possible"),
        ("User.nick == PHASE_DONE", "possible"),
        ("User.nick == phase", "likely"),
        ("User.nick == x.DONE", "likely"),
        ("User.status == x", "possible"),  # of a few kinds each is a large part
        ("User.status == Phase.DONE", "possible"),
        ("User.status == Phase.PENDING", "likely"),  # what a queue asks for
        ("User.status == PHASE_PENDING", "possible"),
    ],
)
def test_in_sqlalchemy(condition: str, confidence: str) -> None:
    assert _confidences({"shop/models.py": _ALCHEMY.format(condition)}) == [confidence]


@pytest.mark.parametrize(
    ("asked", "confidence"),
    [
        ("filter(nick=x)", "likely"),
        ("filter(nick=Phase.DONE)", "possible"),
        ("filter(models.Q(nick=Phase.DONE.value))", "possible"),
        ("filter(status=Phase.PENDING)", "likely"),
        ("filter(nick=Choice.DONE)", "possible"),  # a value with its label
        ("exclude(nick=Phase.DONE).filter(nick=x)", "likely"),
    ],
)
def test_in_django(asked: str, confidence: str) -> None:
    settings = {"shop/settings.py": _SETTINGS + 'INSTALLED_APPS = ["shop"]\n'}
    assert _confidences({**settings, "shop/models.py": _DJANGO.format(asked)}) == [confidence]


def test_what_makes_up_rows_asks_nothing_of_the_service() -> None:
    code = _FACTORY.format("import factory")
    files = {"shop/models.py": _ALCHEMY.format("User.id == x"), "shop/factory.py": code}
    assert _confidences(files) == ["possible"]
    assert _confidences({**files, "shop/factory.py": _FACTORY.format("from factory import make")}) == ["likely"]
