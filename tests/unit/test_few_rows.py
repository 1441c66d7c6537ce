"""Tables of a few rows, told by what refers to them and how they are read; joins and keys that nobody looks up."""

from __future__ import annotations

import pytest
from index_reports import told

from fragaudit.pipeline import audit_sources

_CHILD = "CREATE TABLE notes (id BIGINT PRIMARY KEY, area_id BIGINT REFERENCES areas (id));\n"
_HEAD = "import psycopg\n\nc = psycopg.connect('postgresql://db/app')\n"
_ASKED = "c.execute('SELECT id FROM areas WHERE name = %s', (x,))\n"
_ALL = "c.execute('SELECT id, name FROM areas')\n"
_GROWS = "c.execute('INSERT INTO areas (id, name) VALUES (%s, %s)', (x, y))\n"
_ALCHEMY = """
from sqlalchemy import Column, ForeignKey, Integer, String, Boolean, create_engine
from sqlalchemy.orm import DeclarativeBase, relationship

engine = create_engine("postgresql://db/shop")

class Base(DeclarativeBase):
    pass

class Room(Base):
    __tablename__ = "rooms"
    id = Column(Integer, primary_key=True)
    gone = Column(Boolean)
    floor = Column(String)

class Kept(Base):
    __tablename__ = "kept"
    id = Column(Integer, primary_key=True)
    room_id = Column(ForeignKey(Room.id))
    kind = Column(String)
    room = relationship(Room)

"""


@pytest.mark.parametrize(
    ("columns", "child", "code", "confidence"),
    [
        ("name TEXT, description TEXT", _CHILD, _ASKED, "possible"),  # nothing but how an entry is shown
        ("name TEXT, description TEXT", "", _ASKED, "likely"),  # nothing chooses among them
        ("name TEXT, description TEXT", _CHILD, _ASKED + _GROWS, "likely"),
        ("name TEXT", _CHILD, _ASKED, "likely"),  # tags are no more than a name, however many there are
        ("name TEXT, factor INTEGER, hidden BOOLEAN", _CHILD, _ASKED + _ALL, "possible"),
        ("name TEXT, factor INTEGER, hidden BOOLEAN", _CHILD, _ASKED, "likely"),
        ("name TEXT, a TEXT, b TEXT, d TEXT", _CHILD, _ASKED + _ALL, "likely"),
        ("name TEXT, a TEXT, b TEXT, d TEXT, position INTEGER", _CHILD, _ASKED, "possible"),
        ("name TEXT, a TEXT, position INTEGER, up BIGINT REFERENCES areas (id)", _CHILD, _ASKED, "possible"),
        ("name TEXT, a TEXT, position INTEGER, shop BIGINT NOT NULL REFERENCES shops (id)", _CHILD, _ASKED, "likely"),
    ],
)
def test_entries_to_choose_from(columns: str, child: str, code: str, confidence: str) -> None:
    schema = f"CREATE TABLE shops (id BIGINT PRIMARY KEY);\nCREATE TABLE areas (id BIGINT PRIMARY KEY, {columns});\n"
    assert told({"schema.sql": schema + child, "app.py": _HEAD + code})[:1] == [("app.py", 4, confidence)]


_KEYS = """
CREATE TABLE bills (id BIGINT PRIMARY KEY, made TEXT, owner TEXT, total TEXT);
CREATE TABLE lines (id BIGINT PRIMARY KEY, text TEXT,
    bill_id BIGINT REFERENCES bills (id));
"""
_DELETES = "DELETE FROM bills WHERE id = 5"


@pytest.mark.parametrize(
    ("files", "confidence"),
    [
        ({"app.py": f"{_HEAD}c.execute('{_DELETES}')\n"}, "likely"),
        ({"migrations/0002_less.sql": f"{_DELETES};\n"}, "possible"),
    ],
)
def test_rows_that_only_a_migration_deletes_are_not_looked_for(files: dict[str, str], confidence: str) -> None:
    assert told({"migrations/0001_tables.sql": _KEYS, **files}, "FA204") == [
        ("migrations/0001_tables.sql", 4, confidence)
    ]


def test_entries_of_a_list_stay() -> None:
    schema = """
CREATE TABLE case_types (id BIGINT PRIMARY KEY, name TEXT);
CREATE TABLE cases (id BIGINT PRIMARY KEY, made TEXT, owner TEXT, total TEXT,
    type_id BIGINT REFERENCES case_types (id) ON DELETE CASCADE,
    up BIGINT REFERENCES cases (id) ON DELETE CASCADE);
"""
    assert told({"schema.sql": schema}, "FA204") == [("schema.sql", 4, "possible"), ("schema.sql", 5, "likely")]


def test_a_key_that_services_share_is_told_once() -> None:
    shared = _ALCHEMY.replace("ForeignKey(Room.id)", 'ForeignKey(Room.id, ondelete="CASCADE")')
    use = "from shared.models import Room, Kept\n\ndef work(session, x):\n    return session.get(Room, x)\n"
    project = '[project]\nname = "{0}"\nversion = "1"\n'
    files = {"shared/__init__.py": "", "shared/models.py": shared}
    for name in ("one", "two"):
        files |= {
            f"{name}/pyproject.toml": project.format(name),
            f"{name}/main.py": use,
            f"{name}/Dockerfile": "FROM x",
        }
    report = audit_sources(files)
    assert len([s for s in report.services if any(t.name == "kept" for t in s.schema)]) > 1
    assert [(f.at.path, f.at.line) for f in report.findings if f.rule == "FA204"] == [("shared/models.py", 19)]


def test_a_flag_leaves_most_rows_of_the_other_table() -> None:
    """A planner looks rows up for those of another table if they are few, which those that aren't deleted are not."""
    code = """
def work(session, x):
    session.query(Kept.kind).join(Room).filter(~Room.gone).all()
    session.query(Kept.kind).join(Room).filter(Room.floor == x).all()
"""
    report = audit_sources({"app.py": _ALCHEMY + code})
    kept = [a for s in report.services for a in s.accesses if a.table == "kept"]
    assert [(a.at.line, a.category) for a in kept] == [(25, "unfiltered join"), (26, "filtered join")]


def test_rows_of_a_parent_are_not_all_rows() -> None:
    code = """
def work(session, room, x):
    session.query(Kept).with_parent(room).filter_by(kind=x).all()
    session.query(Kept).filter_by(kind=x).all()
"""
    assert [line for _, line, _ in told({"app.py": _ALCHEMY + code})] == [26]


def test_an_f_names_the_rows_that_the_lookups_beside_it_join() -> None:
    models = """
from django.db import models

class Task(models.Model):
    name = models.CharField(max_length=9)

class Run(models.Model):
    task = models.ForeignKey(Task, on_delete=models.CASCADE)
    had = models.IntegerField()
    wanted = models.IntegerField()

def work(x):
    return Task.objects.filter(run__task_id=x, run__had__gte=models.F("run__wanted")).count()
"""
    settings = 'DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "NAME": "shop", "HOST": "db"}}\n'
    files = {"shop/__init__.py": "", "shop/settings.py": settings + 'INSTALLED_APPS = ["shop"]\n'}
    report = audit_sources({**files, "shop/models.py": models})
    runs = [a for s in report.services for a in s.accesses if a.table == "shop_run"]
    assert [sorted({c.column for c in a.conditions}) for a in runs] == [["task_id"]]


def test_a_query_that_a_function_of_another_file_extends_stands_in_its_arms() -> None:
    """Its arms are counted in its own file, of which the one with the call may have fewer."""
    arms = "".join(f"    if x == {n}:\n        pass\n" for n in range(9))
    helper = (
        f"def narrowed(query, x, **more):\n{arms}    if x:\n        query = query.filter(**more)\n    return query\n"
    )
    models = "from django.db import models\n\nclass Task(models.Model):\n    name = models.CharField(max_length=9)\n"
    work = (
        "from shop.models import Task\nfrom shop.helper import narrowed\n\n"
        "def of(x, **more):\n    return narrowed(Task.objects.all(), x, **more)\n\n"
        "def work(x):\n    return list(of(x, name=x))\n"
    )
    settings = 'DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "NAME": "shop", "HOST": "db"}}\n'
    files = {"shop/__init__.py": "", "shop/settings.py": settings + 'INSTALLED_APPS = ["shop"]\n'}
    report = audit_sources({**files, "shop/models.py": models, "shop/helper.py": helper, "shop/work.py": work})
    assert [f.at.path for f in report.findings if f.rule == "FA001"] == []
    assert [a.table for s in report.services for a in s.accesses] == ["shop_task"]


_SHOP = 'DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "NAME": "shop", "HOST": "db"}}\n'
_ELECTIONS = """
from django.contrib.auth import get_user_model
from django.db import models

User = get_user_model()

class Election(models.Model):
    name = models.CharField(max_length=9)

class History(models.Model):
    election = models.ForeignKey(Election, on_delete=models.CASCADE)
    owner = models.ForeignKey(User, on_delete=models.CASCADE)
    status = models.CharField(max_length=9)

class Latest(models.Manager):
    def get_queryset(self):
        found = models.Subquery(
            History.objects.filter(election_id=models.OuterRef("id")).order_by("-status").values("status")[:1]
        )
        return super().get_queryset().annotate(latest=found)

def named(x):
    return Election.objects.filter(name__iexact=x).order_by("name").first()
"""


def _django(models: str) -> dict[str, str]:
    return {"shop/__init__.py": "", "shop/settings.py": _SHOP + 'INSTALLED_APPS = ["shop"]\n', "shop/models.py": models}


def test_a_subquery_of_an_unknown_query_asks_for_the_rows_of_one() -> None:
    report = audit_sources(_django(_ELECTIONS))
    found = {(c.column, a.verdict) for s in report.services for a in s.accesses for c in a.conditions
             if a.table == "shop_history"}  # fmt: skip
    assert found == {("election_id", "partial")}


def test_an_order_is_not_walked_for_what_a_change_of_case_finds() -> None:
    assert [line for _, line, _ in told(_django(_ELECTIONS))] == []


def test_the_user_model_is_the_same_by_any_name() -> None:
    report = audit_sources(_django(_ELECTIONS))
    (table,) = (t for s in report.services for t in s.schema if t.name == "shop_history")
    assert [(k.columns, k.table) for k in table.foreign_keys] == [
        (("election_id",), "shop_election"),
        (("owner_id",), "auth_user"),
    ]


def test_a_model_of_a_view_has_no_indexes_of_its_own() -> None:
    migration = """
from alembic import op
revision, down_revision = "1", None

def upgrade():
    op.execute("CREATE OR REPLACE VIEW tall AS (SELECT id, floor FROM rooms)")
"""
    model = """
class Tall(Base):
    __tablename__ = "tall"
    id = Column(Integer, primary_key=True)
    floor = Column(String)

def work(session, x):
    session.query(Tall).filter(Tall.floor == x).all()
"""
    files = {"migrations/versions/0001_view.py": migration, "app.py": _ALCHEMY + model}
    found = [f for f in audit_sources(files).findings if f.rule == "FA201"]
    assert [(f.at.line, f.data["table"]) for f in found] == [(30, "rooms")]


def test_a_join_of_all_rows_is_a_report() -> None:
    """Where models define the tables, what nothing narrows down is read whole, unless the first rows are wanted."""
    code = """
def work(session):
    session.query(Kept.kind).join(Room).all()
    session.query(Kept.kind).join(Room).order_by(Kept.kind).limit(5).all()
    session.query(Room.id).outerjoin(Kept).all()
    session.query(Room.id).outerjoin(Kept).limit(5).all()
    session.query(Room.id).outerjoin(Kept).filter(Room.id == 5).all()
    session.query(Room.id).join(Kept).filter(Kept.kind.like("%x%")).limit(5).all()
"""
    report = audit_sources({"app.py": _ALCHEMY.replace('"kept"', '"kept_users"') + code})
    found = [(f.at.line, f.confidence.value) for f in report.findings if f.rule == "FA201"]
    assert found == [
        (25, "possible"),
        (26, "likely"),
        (27, "possible"),
        (28, "likely"),
        (29, "likely"),
        (30, "possible"),
    ]
