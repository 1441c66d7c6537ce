"""Attributes of SQLAlchemy's classes that aren't columns themselves, and how related rows come with others."""

from __future__ import annotations

import pytest

from fragaudit.model.accesses import Access
from fragaudit.pipeline import audit_sources

MODELS = """
from sqlalchemy import Column, ForeignKey, Unicode, create_engine, func, select
from sqlalchemy.ext.hybrid import Comparator, hybrid_property
from sqlalchemy.orm import (
    DeclarativeBase, Mapped, immediateload, joinedload, mapped_column, relationship, selectinload, synonym
)

engine = create_engine("postgresql://db/shop")

class Base(DeclarativeBase):
    pass

class Folded(Comparator):
    def operate(self, op, other, **kwargs):
        return op(self.__clause_element__(), other.lower())

class Lowered(Comparator):
    def __eq__(self, other):
        return func.lower(self.__clause_element__()) == func.lower(other)

class Odd(Comparator):
    def operate(self, op, other, **kwargs):
        return op(self.elsewhere(), other)

class Show(Base):
    __tablename__ = "shows"
    id: Mapped[int] = mapped_column(primary_key=True)
    _name = Column("name", Unicode)
    _folded = Column("name_lower", Unicode, unique=True)
    _code = Column("code", Unicode)
    title: Mapped[str]
    key = synonym("_code")

    @hybrid_property
    def name(self):
        return self._name

    @name.setter
    def name(self, value):
        self._name = value

    @name.comparator
    def name(cls):
        return Folded(cls._folded)

    @hybrid_property
    def code(self):
        return self._code

    @hybrid_property
    def lowered(self):
        return self.title.lower()

    @lowered.inplace.comparator
    @classmethod
    def _lowered_comparator(cls):
        return Lowered(cls.title)

    @hybrid_property
    def short(self):
        return self.title[:3]

    @short.inplace.expression
    @classmethod
    def _short_expression(cls):
        return func.substr(cls.title, 1, 3)

    @hybrid_property
    def known(self):
        return self._code is not None

    @hybrid_property
    def odd(self):
        return self.title

    @odd.comparator
    def odd(cls):
        return Odd(cls.title)

class Season(Base):
    __tablename__ = "seasons"
    id: Mapped[int] = mapped_column(primary_key=True)
    show_id: Mapped[int] = mapped_column(ForeignKey("shows.id"))
    show: Mapped[Show] = relationship()
    episodes: Mapped[list["Episode"]] = relationship()

class Episode(Base):
    __tablename__ = "episodes"
    id: Mapped[int] = mapped_column(primary_key=True)
    season_id: Mapped[int] = mapped_column(ForeignKey("seasons.id"))
    season: Mapped[Season] = relationship()
"""


def asked(expression: str) -> list[Access]:
    """Return the accesses of one expression."""
    work = f"from shop.models import *\n\ndef work(session, x, names):\n    {expression}\n"
    report = audit_sources({"shop/__init__.py": "", "shop/models.py": MODELS, "shop/work.py": work})
    assert report.problems == ()
    return [a for s in report.services for a in s.accesses if a.at.path == "shop/work.py"]


@pytest.mark.parametrize(
    ("condition", "columns", "verdict"),
    [
        ("Show.name == x", [("name_lower", "=")], "covered"),
        ("Show.name.in_(names)", [("name_lower", "in")], "covered"),
        ("Show._name == x", [("name", "=")], "uncovered"),
        ("Show.code == x", [("code", "=")], "uncovered"),
        ("Show.key == x", [("code", "=")], "uncovered"),
        ("Show.known == True", [], "unprovable"),
        ("Show.odd == x", [], "unprovable"),
    ],
)
def test_what_a_hybrid_compares(condition: str, columns: list[tuple[str, str]], verdict: str) -> None:
    (access,) = asked(f"session.query(Show).filter({condition}).all()")
    assert [(c.column, c.op) for c in access.conditions] == columns
    assert access.verdict == verdict


@pytest.mark.parametrize(
    ("condition", "computed"), [("Show.lowered == x", "lower(title)"), ("Show.short == x", "substr(title, 1, 3)")]
)
def test_what_a_hybrid_computes(condition: str, computed: str) -> None:
    (access,) = asked(f"session.query(Show).filter({condition}).all()")
    assert [(u.column, u.expression) for u in access.unindexable] == [("title", computed)]


def test_a_hybrid_stands_where_it_is_named() -> None:
    (access,) = asked("session.query(Show).filter_by(code=x).all()")
    condition = access.conditions[0]
    assert (condition.column, condition.at.path, condition.at.line) == ("code", "shop/work.py", 4)


def loaded(option: str, model: str = "Season") -> list[tuple[str, str, str, str]]:
    """Return how the rows that an option loads are found: table, column, comparison, what it is joined with."""
    found = asked(f"session.execute(select({model}).where({model}.id == x).options({option}))")
    return sorted((a.table, c.column, c.op, c.join) for a in found for c in a.conditions)


def test_rows_of_a_joined_load_are_joined() -> None:
    own = ("episodes", "id", "=", "")
    assert loaded("joinedload(Episode.season).joinedload(Season.show)", "Episode") == [
        own, ("seasons", "id", "=", "episodes.season_id"), ("shows", "id", "=", "seasons_1.show_id"),
    ]  # fmt: skip
    assert loaded("selectinload(Episode.season).joinedload(Season.show)", "Episode") == [
        own, ("seasons", "id", "in", ""), ("shows", "id", "=", "seasons_1.show_id"),
    ]  # fmt: skip


def test_rows_of_other_loads_are_found_by_the_keys_of_those_there() -> None:
    own = ("seasons", "id", "=", "")
    assert loaded("selectinload(Season.episodes)") == [("episodes", "season_id", "in", ""), own]
    assert loaded("immediateload(Season.episodes)") == [("episodes", "season_id", "=", ""), own]
    assert loaded("joinedload(Season.show).lazyload(Show.name)") == [own, ("shows", "id", "=", "seasons.show_id")]
