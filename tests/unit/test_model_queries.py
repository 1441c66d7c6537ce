"""Functions that are given a model or a query: what each call of them asks, by what the call says."""

from __future__ import annotations

import pytest

from fragaudit.model.accesses import Access
from fragaudit.pipeline import audit_sources

HEAD = """
from sqlalchemy import Column, DateTime, ForeignKey, Integer, String, create_engine, func, select
from sqlalchemy.orm import declarative_base
from oslo_db.sqlalchemy import models, utils as db_utils

Base = declarative_base()
engine = create_engine("postgresql://db/shop")

class Kept(models.ModelBase, models.TimestampMixin, models.SoftDeleteMixin):
    metadata = None

class File(Base, Kept):
    __tablename__ = "files"
    id = Column(Integer, primary_key=True)
    path = Column(String(255))
    kind = Column(String(255))
    project_id = Column(Integer)

class Order(Base, Kept):
    __tablename__ = "orders"
    id = Column(Integer, primary_key=True)
    number = Column(String(255))
    project_id = Column(Integer)
"""
OSLO = """
from functools import wraps
from oslo_db.sqlalchemy import utils as db_utils
from shop.models import *

def require_context(f):
    @wraps(f)
    def wrapper(*args, **kwargs):
        return f(*args, **kwargs)
    return wrapper

def model_query(context, model, *args, **kwargs):
    read_deleted = kwargs.get("read_deleted") or context.read_deleted
    project_only = kwargs.get("project_only")
    kwargs = dict()
    if project_only and not context.is_admin:
        kwargs["project_id"] = context.project_id
    if read_deleted in ("no", "n", False):
        kwargs["deleted"] = False
    elif read_deleted == "only":
        kwargs["deleted"] = True
    return db_utils.model_query(model=model, session=context.session, args=args, **kwargs)

def of(context, model, *args, read_deleted="no"):
    query = context.session.query(model, *args)
    if read_deleted == "no":
        query = query.filter_by(deleted=False)
    elif read_deleted != "yes":
        raise ValueError(read_deleted)
    return query

def other(context, model, number):
    return of(context, model, read_deleted="yes").filter_by(id=number)

"""
REPOSITORY = """
from typing import Generic, TypeVar
from shop.models import *
M = TypeVar("M")

class Repository(Generic[M]):
    model: type[M]

    def __init__(self, session):
        self.session = session

    async def one(self, statement):
        result = await self.session.execute(statement)
        return result.unique().scalar_one_or_none()

    async def page(self, statement, *, limit):
        rows = await self.session.execute(statement.order_by(self.model.id).limit(limit))
        return list(rows.scalars().all())

    def base(self):
        return select(self.model)

    @classmethod
    def from_session(cls, session):
        return cls(session)

class Soft(Generic[M]):
    def base(self, *, deleted: bool = False):
        statement = super().base()
        if not deleted:
            statement = statement.where(self.model.deleted_at.is_(None))
        return statement

class ById(Generic[M]):
    async def get_by_id(self, id):
        return await self.one(self.base().where(self.model.id == id))

class FileRepository(ById[File], Soft[File], Repository[File]):
    model = File

    async def by_path(self, path):
        return await self.one(self.base().where(File.path == path))

    async def all_of(self, kind):
        return await self.page(self.base(deleted=True).where(File.kind == kind), limit=10)

class OrderRepository(ById[Order], Repository[Order]):
    model = Order

    async def by_number(self, number):
        statement = self.base().where(Order.number == number)
        return await self.one(statement)
"""


def asked(code: str, *, within: str = "") -> list[Access]:
    """Return the accesses of a function whose body begins on line 6."""
    body = "".join(f"    {line}\n" for line in code.strip("\n").split("\n"))
    head = "from oslo_db.sqlalchemy import utils as db_utils\nfrom shop.api import model_query, of, other\n"
    head += "from shop.models import *\n"
    head += "from shop.repository import FileRepository, OrderRepository, select\n"
    head += "async def work(context, x, y):\n"
    files = {
        "shop/__init__.py": "", "shop/models.py": HEAD, "shop/api.py": OSLO, "shop/repository.py": REPOSITORY,
        "shop/work.py": head + body,
    }  # fmt: skip
    report = audit_sources(files)
    assert report.problems == ()
    return [a for s in report.services for a in s.accesses if a.at.path == f"shop/{within or 'work'}.py"]


def told(found: list[Access]) -> list[tuple[int, str, tuple[str, ...], bool]]:
    return [(a.at.line, a.table, tuple(c.column for c in a.conditions), a.unknown) for a in found]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("model_query(context, File, read_deleted='no').filter_by(path=x).first()", ("deleted", "path")),
        ("model_query(context, File, read_deleted='yes').filter_by(path=x).first()", ("path",)),
        ("model_query(context, File, read_deleted='no', project_only=False).filter(File.path == x).all()",
         ("deleted", "path")),
        ("model_query(context, File, File.path, read_deleted='yes').filter(File.kind == x).all()", ("kind",)),
        ("of(context, File).filter_by(path=x).first()", ("deleted", "path")),
        ("of(context, File, read_deleted='yes').filter_by(path=x).first()", ("path",)),
        ("db_utils.model_query(File, context.session, project_id=x).filter_by(path=y).first()",
         ("project_id", "path")),
        ("db_utils.model_query(File, session=context.session, deleted=False).filter_by(path=y).first()",
         ("deleted", "path")),
    ],
)  # fmt: skip
def test_a_call_asks_its_own_model_with_what_its_options_decide(code: str, expected: tuple[str, ...]) -> None:
    # Of a function that is given one model alone it is known without its calls.
    others = "\n".join(f"{name}(context, Order).where(x).all()" for name in ("of", "model_query"))
    assert told(asked(f"{code}\n{others}"))[0] == (6, "files", expected, False)


def test_a_function_may_hand_on_the_model_that_it_is_given() -> None:
    code = "other(context, File, x).filter_by(path=y).all()\nother(context, Order, x).filter_by(number=y).all()"
    assert told(asked(code)) == [
        (6, "files", ("id", "path"), False), (7, "orders", ("id", "number"), False),
    ]  # fmt: skip


@pytest.mark.parametrize("options", ["", ", read_deleted=x", ", read_deleted='no', project_only=True"])
def test_an_option_that_is_chosen_when_it_runs_leaves_it_open(options: str) -> None:
    found = told(
        asked(f"model_query(context, File{options}).filter_by(path=x).first()\nother(context, Order, x).all()")
    )
    assert [(line, table, columns[-1], unknown) for line, table, columns, unknown in found if line == 6] == [
        (6, "files", "path", True)
    ]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("await FileRepository(context).get_by_id(x)", ("files", ("deleted_at", "id"))),
        (
            "repository = FileRepository.from_session(context)\nawait repository.get_by_id(x)",
            ("files", ("deleted_at", "id")),
        ),
        ("repository = OrderRepository.from_session(context)\nawait repository.get_by_id(x)", ("orders", ("id",))),
        ("await FileRepository(context).one(select(File).where(File.kind == x))", ("files", ("kind",))),
    ],
)
def test_a_method_asks_as_the_classes_of_its_object_do(code: str, expected: tuple[str, tuple[str, ...]]) -> None:
    assert told(asked(code)) == [(6 + code.count("\n"), *expected, False)]


def test_methods_hand_their_queries_to_methods_that_run_them() -> None:
    found = asked("pass", within="repository")
    assert [(*one, a.limit) for one, a in zip(told(found), found, strict=True)] == [
        (42, "files", ("deleted_at", "path"), False, False),
        (45, "files", ("kind",), False, True),
        (51, "orders", ("number",), False, False),
    ]


def test_columns_of_mixins_that_libraries_define() -> None:
    report = audit_sources({"shop/__init__.py": "", "shop/models.py": HEAD})
    (files,) = (t for s in report.services for t in s.schema if t.name == "files")
    assert ({c.name for c in files.columns}, files.silent) == (
        {"id", "path", "kind", "project_id", "created_at", "updated_at", "deleted_at", "deleted"}, "",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("options", "lines"),
    [
        ("{'mysql_engine': 'InnoDB'}", []),
        ("{'comment': 'x'}", [14]),
        ("{'mysql_engine': 'x', 'sqlite_with_rowid': 1}", [14]),
    ],
)
def test_a_table_with_options_of_mysql_has_keys_for_its_references(options: str, lines: list[int]) -> None:
    code = (
        "from sqlalchemy import Column, ForeignKey, Integer, create_engine, select\n"
        "from sqlalchemy.orm import declarative_base\nimport os\nBase = declarative_base()\n"
        "engine = create_engine(os.environ['DB'])\n"
        "class A(Base):\n    __tablename__ = 'as'\n    id = Column(Integer, primary_key=True)\n"
        f"class B(Base):\n    __tablename__ = 'bs'\n    __table_args__ = {options}\n"
        "    id = Column(Integer, primary_key=True)\n    a_id = Column(ForeignKey('as.id'))\n"
        "rows = engine.execute(select(B).where(B.a_id == 5))\n"
    )
    findings = audit_sources({"app.py": code}).findings
    assert [f.at.line for f in findings if f.rule == "FA201"] == lines
