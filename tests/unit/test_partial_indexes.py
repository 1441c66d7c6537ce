"""Partial indexes: their conditions as models and migrations write them, and what follows from a statement's own."""

from __future__ import annotations

import pytest

from fragaudit.link.orm.core import predicate
from fragaudit.model.accesses import Access
from fragaudit.model.findings import Confidence, Finding, Report
from fragaudit.model.sql import And, Column, Compare, Constant
from fragaudit.pipeline import audit_sources

MODELS = """
import enum
from sqlalchemy import Enum, ForeignKey, Index, and_, create_engine, not_, select, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from shop.states import FINISHED, State

engine = create_engine("{engine}")

class Base(DeclarativeBase):
    pass

class Shop(Base):
    __tablename__ = "shops"
    id: Mapped[int] = mapped_column(primary_key=True)

class Run(Base):
    __tablename__ = "runs"
    id: Mapped[int] = mapped_column(primary_key=True)
    shop_id: Mapped[int] = mapped_column(ForeignKey("shops.id"))
    at: Mapped[int]
    label: Mapped[str]
    gone: Mapped[int | None]
    status: Mapped[State] = mapped_column(Enum(State))
    __table_args__ = (Index("ix_part", at, postgresql_where={where}, sqlite_where={where}),)

def add(session, shop_id, label):
    session.add(Run(shop_id=shop_id, label=label))
"""
STATES = """
import enum

class State(enum.Enum):
    NEW = "new"
    DONE = "done"
    FAILED = "failed"

    @classmethod
    def finished(cls):
        return [cls.DONE, cls.FAILED]

FINISHED = (State.DONE, State.FAILED)
"""


def report(where: str, condition: str, engine: str = "postgresql://db/shop") -> Report:
    work = f"""from shop.models import *
from shop.states import FINISHED, State

def work(session, x):
    session.execute(select(Run).where(Run.label == x, {condition}))
"""
    models = MODELS.format(where=where, engine=engine)
    files = {"shop/__init__.py": "", "shop/models.py": models, "shop/states.py": STATES, "shop/work.py": work}
    found = audit_sources(files)
    assert found.problems == ()
    return found


def asked(where: str, condition: str) -> Access:
    (access,) = [a for s in report(where, condition).services for a in s.accesses if a.at.path == "shop/work.py"]
    return access


@pytest.mark.parametrize(
    ("where", "condition"),
    [
        ("status.not_in(State.finished())", "Run.status.not_in(State.finished())"),
        ("status.not_in(FINISHED)", "Run.status.notin_(FINISHED)"),
        ("~status.in_([State.DONE, State.FAILED])", "Run.status.not_in([State.FAILED, State.DONE])"),
        ("not_(status.in_([State.DONE]))", "Run.status.not_in([State.FAILED, State.DONE])"),
        ("status.in_([State.NEW, State.DONE])", "Run.status == State.NEW"),
        ("status == State.NEW", "Run.status == State.NEW"),
        ("and_(status == State.NEW, gone == None)", "Run.status == State.NEW, Run.gone.is_(None), Run.at == x"),
        ("text(\"status NOT IN ('DONE', 'FAILED')\")", "Run.status.not_in([State.DONE, State.FAILED])"),
        ("text(\"status IN ('NEW')\")", "Run.status == State.NEW"),
    ],
)
def test_a_part_holds_what_is_asked_for(where: str, condition: str) -> None:
    access = asked(where, condition)
    assert (access.verdict, access.by) == ("covered", "ix_part")


@pytest.mark.parametrize(
    ("where", "condition"),
    [
        ("status.not_in(State.finished())", "Run.status.not_in(State.started())"),
        ("status.not_in(State.finished(x))", "Run.status.not_in(State.finished(x))"),
        ("status.in_([State.NEW])", "Run.status.in_([State.NEW, State.DONE])"),
        ("status.not_in([State.DONE, State.FAILED])", "Run.status.not_in([State.DONE])"),
        ("status.not_in([State.NEW])", "Run.status.in_([State.NEW, State.DONE])"),
        ("status == State.NEW", "Run.status == State.DONE"),
        ("status == unknown()", "Run.status == None"),
        ("status != State.NEW", "Run.status != State.NEW"),
    ],
)
def test_a_part_that_holds_too_little_or_too_much(where: str, condition: str) -> None:
    assert asked(where, condition).verdict == "uncovered"


@pytest.mark.parametrize(
    ("where", "condition", "confidence"),
    [
        ("status.not_in(State.finished())", "Run.status.not_in(State.finished())", Confidence.POSSIBLE),
        ("status != State.NEW", "Run.status != State.NEW", Confidence.POSSIBLE),
        ("gone == None", "Run.gone == None", Confidence.LIKELY),
        ("status == State.NEW", "Run.status == State.DONE", Confidence.LIKELY),
    ],
)
def test_beside_a_part_that_holds_the_rows_a_finding_is_doubtful(
    where: str, condition: str, confidence: Confidence
) -> None:
    found: tuple[Finding, ...] = report(where, condition, "sqlite:///shop.db").findings
    told = [(f.at.path, f.at.line, f.confidence) for f in found if f.rule == "FA201"]
    assert told == [("shop/work.py", 5, confidence)]


def _text(*values: str) -> tuple[Constant, ...]:
    return tuple(Constant(v, "string") for v in values)


KIND, GONE = Column("", "kind"), Column("", "gone")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(kind NOT IN ('A', 'B'))", Compare(KIND, "not in", _text("A", "B"))),
        ("(kind)::text <> ALL (ARRAY['A'::text, 'b'::text])", Compare(KIND, "not in", _text("A", "b"))),
        ("((kind)::text = ANY ((ARRAY['a'::character varying])::text[]))", Compare(KIND, "in", _text("a"))),
        ("kind = 'a'::kinds", Compare(KIND, "=", _text("a"))),
        ("(kind = 'a' AND gone IS NULL)", And((Compare(KIND, "=", _text("a")), Compare(GONE, "is null")))),
    ],
)
def test_conditions_as_text(text: str, expected: object) -> None:
    assert predicate(text) == expected


@pytest.mark.parametrize("text", ["made::date = '2020-01-01'", "a in (select 1)", "(a = 1 or b = 2)", "a in (b)"])
def test_other_conditions_are_not_understood(text: str) -> None:
    assert not isinstance(predicate(text), (Compare, And))


@pytest.mark.parametrize(
    ("condition", "confidence"),
    [("email <> ''", "possible"), ("NOT (email = '')", "possible"), ("kind <> 'x'", "likely"), ("id > 5", "likely")],
)
def test_an_index_without_some_value_may_serve_a_lookup_of_another(condition: str, confidence: str) -> None:
    schema = "CREATE TABLE users (id bigint PRIMARY KEY, email text, kind text);\n"
    code = "import psycopg2\n\ndb = psycopg2.connect('postgresql://h/d').cursor()\n\ndef f(x):\n"
    files = {
        "schema.sql": f"{schema}CREATE INDEX e ON users (email) WHERE {condition};\n",
        "app.py": f"{code}    db.execute('SELECT id FROM users WHERE email = %s', (x,))\n",
    }
    found = [(f.rule, f.at.line, f.confidence) for f in audit_sources(files).findings if f.at.path == "app.py"]
    assert [entry for entry in found if entry[0] == "FA201"] == [("FA201", 6, confidence)]


@pytest.mark.parametrize(
    ("asked", "rules"), [("kind = 'a'", []), ("kind = 'A'", ["FA201"]), ("kind IN ('A')", ["FA201"])]
)
def test_texts_in_another_case_are_other_values(asked: str, rules: list[str]) -> None:
    schema = "CREATE TABLE runs (id bigint PRIMARY KEY, at timestamp, kind text);\n"
    code = "import psycopg2\n\ndb = psycopg2.connect('postgresql://h/d').cursor()\n\ndef f(x):\n"
    files = {
        "schema.sql": f"{schema}CREATE INDEX e ON runs (at) WHERE kind = 'a';\n",
        "app.py": f'{code}    db.execute("SELECT id FROM runs WHERE at = %s AND {asked}", (x,))\n',
    }
    found = [f.rule for f in audit_sources(files).findings if f.at.path == "app.py" and f.rule in ("FA201", "FA202")]
    assert found == rules
