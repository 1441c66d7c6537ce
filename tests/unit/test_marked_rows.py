"""FA204 where rows are marked as deleted: nothing is looked through for their sake, as long as none is deleted."""

from __future__ import annotations

import pytest

from fragaudit.model.findings import Confidence
from fragaudit.pipeline import audit_sources

MODELS = """
from sqlalchemy import ForeignKey, create_engine, delete, select, update
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

engine = create_engine("postgresql://db/shop")

class Base(DeclarativeBase):
    pass

class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)
    password: Mapped[str]

class Project(Base):
    __tablename__ = "projects"
    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    deleted: Mapped[bool]
    name: Mapped[str]

class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    buyer_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    total: Mapped[int]
"""
WORK = """
from sqlalchemy import delete, select, update
from shop.models import Order, Project, User

def order(session, user, project):
    session.add(User(email="", password=""))
    session.add(Project(owner_id=user, name=""))
    session.add(Order(buyer_id=user, project_id=project, total=1))
    session.commit()

def close(session, number):
    session.execute(update(Project).where(Project.id == number).values(deleted=True))
"""
LINE = 27


def told(code: str, models: str = MODELS) -> list[tuple[str, int, Confidence]]:
    files = {"shop/__init__.py": "", "shop/models.py": models, "shop/work.py": WORK + code}
    report = audit_sources(files)
    assert report.problems == ()
    return [(f.at.path, f.at.line, f.confidence) for f in report.findings if f.rule == "FA204"]


@pytest.mark.parametrize(
    "code",
    [
        "",
        "def drop(session, order):\n    session.delete(order)\n",
        "def drop(session, number):\n    session.execute(delete(Order).where(Order.id == number))\n",
        "def drop(session, number):\n    session.delete(session.get(Order, number))\n",
    ],
)
def test_rows_that_are_marked_stay(code: str) -> None:
    assert told(code) == [("shop/models.py", LINE, Confidence.POSSIBLE)]


@pytest.mark.parametrize(
    "code",
    [
        "def drop(session, project):\n    session.delete(project)\n",
        "def drop(session, old_project):\n    session.delete(old_project)\n",
        "def drop(session, thing):\n    session.delete(thing)\n",
        "def drop(session, number):\n    session.execute(delete(Project).where(Project.id == number))\n",
        "def drop(session, user):\n    session.delete(user)\n",
        "def find(session, number):\n    session.execute(select(Order).where(Order.project_id == number))\n",
        "def find(session, name):\n"
        "    joined = select(Order).join(Project, Order.project_id == Project.id)\n"
        "    session.execute(joined.where(Project.name == name))\n",
    ],
)
def test_rows_that_go_or_are_looked_for_count(code: str) -> None:
    assert told(code) == [("shop/models.py", LINE, Confidence.LIKELY)]


def test_without_a_mark_it_is_asked_whether_anything_is_deleted() -> None:
    models = MODELS.replace("    deleted: Mapped[bool]\n", "")
    drop = "def drop(session, number):\n    session.execute(delete(Project).where(Project.id == number))\n"
    assert told("", models) == [("shop/models.py", LINE - 1, Confidence.POSSIBLE)]
    assert told(drop, models) == [("shop/models.py", LINE - 1, Confidence.LIKELY)]
