"""What linking stumbles over: one place that can't be read ends the audit of nothing else."""

from __future__ import annotations

import pytest

from fragaudit.link.queries.flow import Flow
from fragaudit.link.queries.flow.statements import run
from fragaudit.pipeline import audit_sources

_HEAD = """
from sqlalchemy import BigInteger, Column, Integer, String, create_engine, select
from sqlalchemy.orm import DeclarativeBase

engine = create_engine("postgresql://db/shop")

class Base(DeclarativeBase):
    pass

"""
_USER = """
class User(Base):
    __tablename__ = "users"
    id = Column({}, primary_key=True)
    email = Column(String)

def first(session, x):
    return session.scalars(select(User).where(User.email == x))

def second(session, x):
    return session.scalars(select(User).where(User.email == x))
"""


def test_a_function_that_cannot_be_read_leaves_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(statements: object, flow: Flow) -> None:
        if flow.program.scope(flow.place).name == "first":
            raise RecursionError("too deep")
        run(statements, flow)  # type: ignore[arg-type]

    monkeypatch.setattr("fragaudit.link.queries.run", failing)
    found = audit_sources({"app.py": _HEAD + _USER.format("Integer")}).findings
    assert [(f.rule, f.at.line) for f in found if f.rule in ("FA001", "FA201")] == [("FA001", 16), ("FA201", 20)]
    (problem,) = (f.message for f in found if f.rule == "FA001")
    assert "queries of first could not be read: RecursionError: too deep" in problem


@pytest.mark.parametrize(
    ("types", "known"),
    [
        ("Big = BigInteger()\nBig = Big.with_variant(Integer, 'sqlite')\n", "bigint"),
        ("One = Two.with_variant(Integer, 'sqlite')\nTwo = One.with_variant(Integer, 'mysql')\nBig = One\n", ""),
    ],
)
def test_a_type_that_is_made_of_itself(types: str, known: str) -> None:
    report = audit_sources({"app.py": _HEAD + types + _USER.format("Big")})
    (table,) = (t for s in report.services for t in s.schema if t.name == "users")
    assert table.columns[0].type == known
    assert [f.at.line for f in report.findings if f.rule == "FA201"] == [line + types.count("\n") for line in (17, 20)]


def test_a_name_that_is_defined_by_itself() -> None:
    models = "from django.db import models\n\nclass Task(models.Model):\n    name = models.CharField(max_length=9)\n"
    work = (
        "from django.db.models import F\nfrom shop.models import Task\n\n"
        "def work(x):\n    return Task.objects.values(name=F('name')).filter(name=x)\n"
    )
    settings = 'DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "NAME": "shop", "HOST": "db"}}\n'
    files = {"shop/__init__.py": "", "shop/settings.py": settings + 'INSTALLED_APPS = ["shop"]\n'}
    found = audit_sources({**files, "shop/models.py": models, "shop/work.py": work}).findings
    assert [(f.rule, f.at.line) for f in found if f.rule in ("FA001", "FA201")] == [("FA201", 5)]
