"""Indexes added to models of SQLAlchemy and SQLModel: where they are put, what stays as it is, and that they help."""

# ruff: noqa: E501  # code in tables reads best on one line

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from fragaudit.fix import applied
from fragaudit.model.findings import Edit
from fragaudit.pipeline import audit_sources

HEAD = """from sqlalchemy import Column, ForeignKey, Index, Integer, String, UniqueConstraint, create_engine, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

engine = create_engine("postgresql://db/shop")


class Base(DeclarativeBase):
    pass


"""
SINGLE = "session.scalars(select(User).where(User.email == a))"
PAIR = "session.scalars(select(User).where(User.email == a, User.age > b))"
SORTED = "session.scalars(select(User).where(User.email == a).order_by(User.age.desc()).limit(3))"


def fixed(models: str, query: str, head: str = HEAD) -> str:
    """Return the models with the fixes of a query's findings made, after which nothing is found any more."""
    work = f"from sqlalchemy import select\nfrom shop.models import *\n\ndef work(session, a, b):\n    {query}\n"
    files = {"shop/__init__.py": "", "shop/models.py": head + models, "shop/work.py": work}
    report = audit_sources(files, fixes=True)
    wanted = [f for f in report.findings if f.rule in ("FA201", "FA204") and f.fix is not None]
    assert wanted
    assert not any(f.fix is not None and f.fix.safe for f in wanted)
    edits: set[Edit] = {e for f in wanted if f.fix is not None for e in f.fix.edits}
    files["shop/models.py"] = applied(head + models, edits)
    after = audit_sources(files)
    assert after.problems == ()
    assert [f.message for f in after.findings if f.rule in ("FA201", "FA204")] == []
    return files["shop/models.py"].removeprefix(head)


def model(body: str, base: str = "Base") -> str:
    lines = "".join(f"    {line}\n" if line else "\n" for line in body.strip("\n").split("\n"))
    return f'class User({base}):\n    __tablename__ = "users"\n{lines}'


COLUMNS = "id = Column(Integer, primary_key=True)\nemail = Column(String)\nage = Column(Integer)"
INDEX = 'Index("ix_users_email_age", "email", "age")'
CASES = [
    pytest.param(
        model("id = Column(Integer, primary_key=True)\nemail = Column(String)  # where\nage = Column(Integer)"), SINGLE,
        model("id = Column(Integer, primary_key=True)\nemail = Column(String, index=True)  # where\n"
              "age = Column(Integer)"),
        id="a column",
    ),
    pytest.param(
        model("id: Mapped[int] = mapped_column(primary_key=True)\nemail: Mapped[str] = mapped_column(\n"
              "    String(9),  # short\n)"), SINGLE,
        model("id: Mapped[int] = mapped_column(primary_key=True)\nemail: Mapped[str] = mapped_column(\n"
              "    String(9),  # short\n    index=True,\n)"),
        id="a column on several lines",
    ),
    pytest.param(
        model("id: Mapped[int] = mapped_column(primary_key=True)\nemail: Mapped[str] = mapped_column(\n"
              "    String(9)  # short\n)"), SINGLE,
        model("id: Mapped[int] = mapped_column(primary_key=True)\nemail: Mapped[str] = mapped_column(\n"
              "    String(9),  # short\n    index=True,\n)"),
        id="a column without a last comma",
    ),
    pytest.param(
        model("id: Mapped[int] = mapped_column(primary_key=True)\nemail: Mapped[str]"), SINGLE,
        model("id: Mapped[int] = mapped_column(primary_key=True)\nemail: Mapped[str] = mapped_column(index=True)"),
        id="an annotation",
    ),
    pytest.param(
        model("id = Column(Integer, primary_key=True)\nemail = Column(String, index=False)"), SINGLE,
        model("id = Column(Integer, primary_key=True)\nemail = Column(String, index=True)"),
        id="index=False",
    ),
    pytest.param(
        model("id = Column(Integer, primary_key=True)\nemail = Column('mail', String)"), SINGLE,
        model("id = Column(Integer, primary_key=True)\nemail = Column('mail', String, index=True)"),
        id="a column of another name",
    ),
    pytest.param(
        model(COLUMNS), PAIR, model(f"__table_args__ = ({INDEX},)\n{COLUMNS}"), id="no arguments",
    ),
    pytest.param(
        model(COLUMNS), SORTED,
        model(f'__table_args__ = (Index("ix_users_email_age", "email", text("age DESC")),)\n{COLUMNS}'),
        id="an order",
    ),
    pytest.param(
        model(f"__table_args__ = ()\n{COLUMNS}"), PAIR, model(f"__table_args__ = ({INDEX},)\n{COLUMNS}"), id="empty",
    ),
    pytest.param(
        model(f"__table_args__ = (UniqueConstraint('id', 'age'),)\n{COLUMNS}"), PAIR,
        model(f"__table_args__ = (UniqueConstraint('id', 'age'), {INDEX},)\n{COLUMNS}"),
        id="a tuple",
    ),
    pytest.param(
        model(f"__table_args__ = (\n    UniqueConstraint('id', 'age'),  # one\n    {{'schema': 's'}},\n)\n{COLUMNS}"),
        PAIR,
        model(f"__table_args__ = (\n    UniqueConstraint('id', 'age'),  # one\n    {INDEX},\n    {{'schema': 's'}},\n)\n"
              f"{COLUMNS}"),
        id="a tuple that ends with options",
    ),
    pytest.param(
        model(f"__table_args__ = (\n    UniqueConstraint('id'),\n    UniqueConstraint('id', 'age')  # one\n)\n{COLUMNS}"),
        PAIR,
        model("__table_args__ = (\n    UniqueConstraint('id'),\n    UniqueConstraint('id', 'age'),  # one\n"
              f"    {INDEX},\n)\n{COLUMNS}"),
        id="a tuple without a last comma",
    ),
    pytest.param(
        model(f"__table_args__ = {{'schema': 's'}}\n{COLUMNS}"), PAIR,
        model(f"__table_args__ = ({INDEX}, {{'schema': 's'}})\n{COLUMNS}"),
        id="options alone",
    ),
    pytest.param(
        model(COLUMNS) + "\n\nLATER = 1\n", "from shop.models import User\n    " + PAIR,
        model(f"__table_args__ = ({INDEX},)\n{COLUMNS}") + "\n\nLATER = 1\n",
        id="something behind the class",
    ),
    pytest.param(
        "class Dated(Base):\n    __abstract__ = True\n    __table_args__ = {'schema': 's'}\n\n\n" + model(COLUMNS, "Dated"),
        PAIR,
        "class Dated(Base):\n    __abstract__ = True\n    __table_args__ = {'schema': 's'}\n\n\n" + model(COLUMNS, "Dated")
        + '\n\nIndex("ix_users_email_age", User.email, User.age)\n',
        id="arguments of a base",
    ),
    pytest.param(
        "class Mailed:\n    email = Column(String)\n\n\n"
        + model("__table_args__ = {'schema': 's'}\nid = Column(Integer, primary_key=True)", "Mailed, Base"), SINGLE,
        "class Mailed:\n    email = Column(String)\n\n\n"
        + model("__table_args__ = (Index(\"ix_users_email\", \"email\"), {'schema': 's'})\n"
                "id = Column(Integer, primary_key=True)", "Mailed, Base"),
        id="a column of a mixin",
    ),
    pytest.param(
        model("id = Column(Integer, primary_key=True)\nemail = Column(ForeignKey('users.id', ondelete='CASCADE'))"),
        "session.delete(session.get(User, a))",
        model("id = Column(Integer, primary_key=True)\n"
              "email = Column(ForeignKey('users.id', ondelete='CASCADE'), index=True)"),
        id="a foreign key",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("before", "query", "after"), CASES)
def test_an_index_stands_where_a_person_would_put_it(before: str, query: str, after: str) -> None:
    assert fixed(before, query) == after


SQLMODEL = """from sqlmodel import SQLModel, create_engine

engine = create_engine("postgresql://db/shop")


class User(SQLModel, table=True):
    __tablename__ = "users"
    id: int | None = Field(default=None, primary_key=True)
"""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("email: str", "email: str = Field(index=True)"),
        ('email: str = "x"', 'email: str = Field(default="x", index=True)'),
        ("email: str = Field(max_length=9)", "email: str = Field(max_length=9, index=True)"),
        ("email: str = Field(sa_column=Column(String))", "email: str = Field(sa_column=Column(String, index=True))"),
    ],
)
def test_fields_of_sqlmodel(before: str, after: str) -> None:
    head = SQLMODEL.replace("import SQLModel,", "import Column, Field, SQLModel, String,")
    assert fixed(f"    {before}\n", SINGLE, head) == f"    {after}\n"


def test_what_is_missing_is_imported_where_it_belongs() -> None:
    head = "from __future__ import annotations\n" + SQLMODEL.replace("Field(default=None, primary_key=True)", "None")
    head = head.replace("create_engine\n", "create_engine\nfrom sqlmodel import Field as F\n")
    assert fixed("    key: int = F(primary_key=True)\n    email: str\n", SINGLE, head).endswith("= F(index=True)\n")
    plain = HEAD.replace("Index, ", "").replace(", text", "")
    after = fixed(model(COLUMNS), SORTED, "import os\n" + plain)
    assert (
        "from sqlalchemy import Column, ForeignKey, Index, Integer, String, UniqueConstraint, create_engine, text"
        in after
    )


TABLE = 'users = Table(\n    "users",\n    MetaData(),\n    Column("id", Integer, primary_key=True),\n'


def test_columns_of_a_table() -> None:
    head = "import sqlalchemy as sa\nfrom sqlalchemy import Column, Integer, MetaData, String, Table, create_engine\n\n"
    head += 'engine = create_engine("postgresql://db/shop")\n'
    before = TABLE + '    Column("email", String),\n    Column("age", Integer),\n)\n'
    query = "session.execute(select(users).where(users.c.email == a))"
    assert fixed(before, query, head) == before.replace('"email", String', '"email", String, index=True')
    query = "session.execute(select(users).where(users.c.email == a, users.c.age > b))"
    assert fixed(before, query, head) == before.replace("Integer),\n)", f"Integer),\n    sa.{INDEX},\n)")


def test_a_model_that_is_not_understood_is_left_alone() -> None:
    models = (
        HEAD
        + "def column(kind):\n    return Column(kind)\n\n\n"
        + model("id = Column(Integer, primary_key=True)\nemail = Column(String)")
        .replace("class", "if True:\n  class")
        .replace("\n    ", "\n      ")
    )
    files = {
        "m.py": models,
        "w.py": "from sqlalchemy import select\nfrom m import *\n\ndef work(session, a):\n    " + SINGLE,
    }
    report = audit_sources(files, fixes=True)
    assert [(f.rule, f.fix) for f in report.findings if f.rule == "FA201"] == [("FA201", None)]


def test_what_is_added_is_made(tmp_path: Path) -> None:
    pytest.importorskip("sqlalchemy", reason="sqlalchemy comes with the `differential` extra")
    for number, case in enumerate(CASES):
        before, query, _ = case.values
        code = HEAD.replace('"postgresql://db/shop"', '"sqlite://"') + fixed(str(before), str(query))
        code = code.replace("'schema': 's'", "'sqlite_autoincrement': False")
        code += "\nBase.metadata.create_all(engine)\nassert any(t.indexes for t in Base.metadata.tables.values())\n"
        (tmp_path / f"models_{number}.py").write_text(code)
    run = "import pathlib, runpy\nfor path in pathlib.Path('.').glob('*.py'): runpy.run_path(path)"
    done = subprocess.run([sys.executable, "-c", run], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
