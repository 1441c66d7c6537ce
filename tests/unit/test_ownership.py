"""Who keeps what across services: keys and topics, one table in two hands, one entity kept twice."""

from __future__ import annotations

import pytest

from fragaudit.config import Config, ServiceConfig
from fragaudit.model.findings import Finding
from fragaudit.model.stores import Service
from fragaudit.pipeline import audit_sources

AB = Config(services=(ServiceConfig("a", ("a",)), ServiceConfig("b", ("b",))))
REDIS = 'import redis\nr = redis.Redis(host="redis")\n'


def services(files: dict[str, str], config: Config = AB) -> dict[str, Service]:
    report = audit_sources(files, config)
    assert report.problems == ()
    return {service.name: service for service in report.services}


def uses(files: dict[str, str]) -> dict[tuple[str, str], tuple[str, int, int]]:
    """Return sort, number of writes and of reads by service and container."""
    return {
        (name, use.container): (use.sort, len(use.writes), len(use.reads))
        for name, service in services(files).items()
        for use in service.uses
    }


def findings(files: dict[str, str], rule: str) -> list[Finding]:
    return [f for f in audit_sources(files, AB).findings if f.rule == rule]


# -- keys and topics ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "container"),
    [
        ('r.set(f"session:{user}", 1)', "session:*"),
        ('r.set("session:" + user, 1)', "session:*"),
        ('r.set("session:%s" % user, 1)', "session:*"),
        ('r.set("session:{}".format(user), 1)', "session:*"),
        ('r.set(key_of(user), 1)', "profile:*"),
        ('r.set(f"{PREFIX}:{user}:cart", 1)', "shop:*"),
        ('r.set("flags", 1)', "flags"),
        ('r.mset({f"price:{user}": 1})', "price:*"),
        ('r.delete(f"session:{user}")', "session:*"),
        ("r.set(user, 1)", None),
        ('r.set(f"{user}:session", 1)', None),
        ('r.set(f"{user}", 1)', None),
    ],
)  # fmt: skip
def test_the_container_of_a_key(call: str, container: str | None) -> None:
    text = f'{REDIS}PREFIX = "shop"\ndef key_of(user):\n    return f"profile:{{user}}"\ndef put(user):\n    {call}\n'
    found = {name: use for (_, name), use in uses({"a/app.py": text}).items()}
    assert found == ({container: ("key", 1, 0)} if container else {})


@pytest.mark.parametrize(
    ("sends", "takes", "topic"),
    [
        (
            "from kafka import KafkaProducer\np = KafkaProducer(bootstrap_servers='k:9092')\np.send('orders', b'x')\n",
            "from kafka import KafkaConsumer\nc = KafkaConsumer('orders', bootstrap_servers='k:9092')\n",
            "orders",
        ),
        (
            "from kafka import KafkaProducer\np = KafkaProducer(bootstrap_servers='k:9092')\np.send('orders', b'x')\n",
            "from kafka import KafkaConsumer\nc = KafkaConsumer(bootstrap_servers='k:9092')\nc.subscribe(['orders'])\n",
            "orders",
        ),
        (
            "from celery import Celery\napp = Celery(broker='amqp://mq//')\napp.send_task('pictures.resize', [1])\n",
            "from celery import Celery\napp = Celery(broker='amqp://mq//')\n@app.task(name='pictures.resize')\n"
            "def resize(n): ...\n",
            "pictures.resize",
        ),
        (
            "from celery import Celery\nc = Celery(broker='amqp://mq//')\nc.send_task('app.resize', [1])\n",
            "from celery import Celery\ncelery = Celery(broker='amqp://mq//')\n@celery.task\ndef resize(n): ...\n",
            "app.resize",
        ),
        (
            "from google.cloud import pubsub_v1\np = pubsub_v1.PublisherClient()\n"
            "p.publish(p.topic_path('shop', 'orders'), b'x')\n",
            "from google.cloud import pubsub_v1\ns = pubsub_v1.SubscriberClient()\n"
            "s.create_subscription(name='n', topic='projects/shop/topics/orders')\n",
            "orders",
        ),
        (REDIS + "r.publish('events', 1)\n", REDIS + "p = r.pubsub()\np.subscribe('events')\n", "events"),
        (REDIS + "r.lpush('jobs', 1)\n", REDIS + "r.brpop('jobs')\n", "jobs"),
        (REDIS + "r.xadd('log', {})\n", REDIS + "r.xread({'log': 0})\n", "log"),
    ],
)
def test_a_topic_is_sent_to_and_taken_from(sends: str, takes: str, topic: str) -> None:
    files = {"a/app.py": sends, "b/app.py": takes}
    found = uses(files)
    assert found["a", topic] == ("topic", 1, 0)
    assert found["b", topic] == ("topic", 0, 1)
    # Any number of services may send.
    assert findings({**files, "b/app.py": sends}, "FA404") == []


def test_tasks_of_celery_are_called_by_module_and_function_unless_they_are_named() -> None:
    tasks = """\
from celery import Celery, shared_task

queue = Celery("a", broker="amqp://mq//")


@queue.task(bind=True, max_retries=3)
def resize(self, picture): ...


@shared_task(name="mail.send")
def send(to): ...


@shared_task
def forgotten(): ...
"""
    sends = """\
from celery import signature
from work import jobs
from work.jobs import queue, resize


def go(name):
    resize.delay(1)
    resize.si(2).apply_async()
    jobs.send.apply_async(("me",), queue="slow")
    signature("mail.send", args=("you",)).delay()
    queue.send_task(name, queue="fast")
    resize(3)
"""
    files = {"a/work/__init__.py": "", "a/work/jobs.py": tasks, "a/main.py": sends}
    assert uses(files) == {
        ("a", "work.jobs.resize"): ("topic", 2, 1),
        ("a", "mail.send"): ("topic", 2, 1),
        ("a", "work.jobs.forgotten"): ("topic", 0, 1),
        ("a", "fast"): ("topic", 1, 0),
    }


def test_keys_that_two_services_write() -> None:
    put = REDIS + "def put(user):\n    r.set(f'session:{user}', 1)\n"
    drop = REDIS + "def drop(user):\n    r.delete('session:' + user)\n"
    (found,) = findings({"a/app.py": put, "b/app.py": drop}, "FA404")
    assert (found.at.path, found.at.line, found.confidence) == ("b/app.py", 4, "likely")
    assert found.message == "b writes session:*, keys that a writes too"
    elsewhere = put.replace('"redis"', '"other"')
    assert findings({"a/app.py": put, "b/app.py": elsewhere}, "FA404") == []
    reads = REDIS + "def get(user):\n    return r.get(f'session:{user}')\n"
    assert findings({"a/app.py": put, "b/app.py": reads}, "FA404") == []


# -- tables ------------------------------------------------------------------------------------------------------------

ORDERS = "CREATE TABLE orders (id bigint PRIMARY KEY, customer text, total numeric, placed_on date, paid_on date);\n"


def asking(url: str, statement: str) -> str:
    return (
        f"import os\nimport asyncpg\nasync def run(n):\n    c = await asyncpg.connect({url})\n"
        f'    await c.execute("{statement}", n)\n'
    )


INSERT, UPDATE = "INSERT INTO orders (id) VALUES ($1)", "UPDATE orders SET total = 0 WHERE id = $1"


@pytest.mark.parametrize(
    ("one", "other", "confidence"),
    [
        ("'postgresql://db/shop'", "'postgresql://db/shop'", "likely"),
        ("os.environ['SHOP_URL']", "os.environ['SHOP_URL']", "likely"),
        # Neither address is known: what another service defines may be what this one writes.
        ("url_of('shop')", "url_of('shop')", "possible"),
        ("'postgresql://db/shop'", "url_of('shop')", "possible"),
        ("'postgresql://db/shop'", "'postgresql://db/billing'", None),
        # Settings of two names may be given one address.
        ("os.environ['SHOP_URL']", "os.environ['BILLING_URL']", "possible"),
    ],
)  # fmt: skip
def test_a_table_that_two_services_write(one: str, other: str, confidence: str | None) -> None:
    files = {"a/schema.sql": ORDERS, "a/app.py": asking(one, INSERT), "b/app.py": asking(other, UPDATE)}
    assert [f.confidence for f in findings(files, "FA404")] == ([confidence] if confidence else [])


def test_tables_of_one_name_that_each_service_defines_are_not_one() -> None:
    app = {"a/app.py": asking("url_of('a')", INSERT), "b/app.py": asking("url_of('b')", UPDATE)}
    assert findings({"a/schema.sql": ORDERS, "b/schema.sql": ORDERS, **app}, "FA404") == []


def test_the_values_that_compose_gives_a_service_tell_its_database() -> None:
    def files(of_b: str) -> dict[str, str]:
        app = asking("os.environ['DATABASE_URL']", UPDATE)
        return {
            "compose.yaml": "services:\n"
            "  a: {build: a, environment: {DATABASE_URL: 'postgresql://u:${PW}@db:5432/shop'}}\n"
            f"  b: {{build: b, environment: {{DATABASE_URL: 'postgresql://u:${{PW}}@{of_b}'}}}}\n",
            "a/schema.sql": ORDERS, "a/app.py": app, "b/app.py": app,
        }  # fmt: skip

    (found,) = findings(files("db:5432/shop"), "FA404")
    assert found.message == "b writes orders, a table that a writes too; a defines it"
    assert findings(files("db:5432/other"), "FA404") == []
    databases = {n: {u.database for u in s.uses} for n, s in services(files("db:5432/other")).items()}
    assert databases == {"a": {"relational:db:5432/shop"}, "b": {"relational:db:5432/other"}}


def test_settings_of_an_object_that_is_not_followed_have_the_values_of_their_names() -> None:
    text = (
        "import redis\nclass Client:\n    def __init__(self, config):\n"
        "        self.r = redis.Redis(host=config.REDIS_HOST, port=config.REDIS_PORT)\n"
        "    def put(self, user):\n        self.r.set(f'session:{user}', 1)\n"
    )
    compose = "services:\n" + "".join(
        f"  {name}: {{build: {name}, environment: {{REDIS_HOST: redis, REDIS_PORT: 6379}}}}\n" for name in "ab"
    )
    files = {"a/app.py": text, "b/app.py": text}
    assert [f.message for f in findings({"compose.yaml": compose, **files}, "FA404")] == [
        "b writes session:*, keys that a writes too"
    ]
    assert findings(files, "FA404") == []


@pytest.mark.parametrize(
    ("one", "other", "confidence"),
    [
        ("'postgresql://a/a'", "'postgresql://b/b'", "likely"),
        ("url_of('a')", "url_of('b')", "possible"),
        ("'postgresql://a/a'", "'postgresql://a/a'", None),
    ],
)  # fmt: skip
def test_one_entity_in_tables_of_one_name(one: str, other: str, confidence: str | None) -> None:
    files = {
        "a/schema.sql": ORDERS, "a/app.py": asking(one, INSERT),
        "b/schema.sql": ORDERS, "b/app.py": asking(other, INSERT),
    }  # fmt: skip
    assert [(f.at.path, f.confidence) for f in findings(files, "FA405")] == (
        [("b/schema.sql", confidence)] if confidence else []
    )
    different = "CREATE TABLE orders (id bigint PRIMARY KEY, tenant text, plan text, seats int, renews_on date);\n"
    assert findings({**files, "b/schema.sql": different}, "FA405") == []


def test_an_index_of_another_database_serves_nothing_here() -> None:
    query = "UPDATE orders SET total = 0 WHERE customer = $1"
    index = "CREATE INDEX orders_customer ON orders (customer);\n"

    def verdicts(of_b: str) -> list[str]:
        files = {
            "a/schema.sql": ORDERS + index, "a/app.py": asking("'postgresql://a/a'", query),
            "b/schema.sql": ORDERS, "b/app.py": asking(of_b, query),
        }  # fmt: skip
        return [access.verdict for name in "ab" for access in services(files)[name].accesses]

    assert verdicts("'postgresql://b/b'") == ["covered", "uncovered"]
    # Where it may be one database, the index may be there.
    assert verdicts("url_of('b')") == ["covered", "covered"]


MODEL = (
    "from sqlalchemy import create_engine\n"
    "from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column\n"
    "engine = create_engine('postgresql://db/shop')\n"
    "class Base(DeclarativeBase): ...\n"
    "class Order(Base):\n    __tablename__ = 'orders'\n    id: Mapped[int] = mapped_column(primary_key=True)\n"
)


@pytest.mark.parametrize(
    ("body", "writes"),
    [
        ("    session.add(Order(id=1))", 1),
        ("    order = Order(id=1)\n    session.add(order)", 1),
        ("    session.add_all([Order(id=1), Order(id=2)])", 1),
        ("    session.merge(Order(id=1))", 1),
        ("    seen = set()\n    seen.add(Order(id=1))", 0),
        ("    session.add(other)", 0),
        ("    Order(id=1)", 0),
    ],
)
def test_an_object_that_a_session_is_given_is_a_row(body: str, writes: int) -> None:
    text = f"{MODEL}def run(session: Session, other):\n{body}\n"
    (use,) = services({"a/app.py": text})["a"].uses
    assert (use.container, use.own, len(use.writes)) == ("orders", True, writes)


CORE = """\
from sqlalchemy import Column, MetaData, String, Table, create_engine


class Guests:
    def __init__(self, uri):
        self.engine = create_engine(uri)
        self.{name} = Table("{name}", MetaData(), Column("id", String, primary_key=True), Column("mail", String))

    def add(self, guest):
        with self.engine.connect() as connection:
            connection.execute(self.{name}.insert().values(guest))

    def by_mail(self, mail):
        statement = self.{name}.select().where(self.{name}.c.mail == mail)
        with self.engine.connect() as connection:
            return connection.execute(statement).first()
"""


def test_tables_that_an_object_keeps_are_written_and_read_through_it() -> None:
    (service,) = audit_sources({"db.py": CORE.format(name="guests")}).services
    (use,) = service.uses
    assert (use.container, [w.line for w in use.writes], [r.line for r in use.reads]) == ("guests", [11], [14])
    assert [(a.at.line, a.table, a.verdict) for a in service.accesses] == [(14, "guests", "uncovered")]
    other = CORE.format(name="guests").replace(
        "    def add", "    def later(self, table):\n        self.guests = table\n\n    def add"
    )
    (service,) = audit_sources({"db.py": other}).services
    assert service.accesses == ()


def test_what_stands_in_sql_of_nobody_is_of_those_that_use_it() -> None:
    tables = "CREATE TABLE {0} (id TEXT PRIMARY KEY, mail TEXT);\nCREATE INDEX {0}_id ON {0} (id);\n"
    files = {
        "a/db.py": CORE.format(name="guests"),
        "b/db.py": CORE.format(name="hosts"),
        "c/app.py": "import httpx\n",
        "schema/all.sql": "".join(tables.format(name) for name in ("guests", "hosts", "others")),
        "schema/data.sql": "INSERT INTO hosts (id) VALUES ('x');\n",
    }
    config = Config(services=tuple(ServiceConfig(name, (name,)) for name in "abc"))
    found = services(files, config)
    assert {name: [t.name for t in service.schema] for name, service in found.items()} == {
        "a": ["guests", "others"],
        "b": ["hosts", "others"],
        "c": [],
    }
    # What is said of a table that several have is said once.
    said = [(f.service, f.at.line) for f in audit_sources(files, config).findings if f.rule == "FA203"]
    assert said == [("a", 2), ("b", 4), ("a", 6)]


def test_an_index_that_another_service_asks_for_is_used() -> None:
    model = """\
from sqlalchemy import String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class Guest(Base):
    __tablename__ = "guests"
    id: Mapped[int] = mapped_column(primary_key=True)
    mail: Mapped[str] = mapped_column(String(80), index=True)
    name: Mapped[str] = mapped_column(String(80), index=True)
"""
    asks = """\
from shared.models import Guest
from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session

engine = create_engine("postgresql://db/guests")


def find(value):
    with Session(engine) as session:
        return session.execute(select(Guest).where(Guest.{} == value)).all()
"""
    files = {"shared/models.py": model, "a/app.py": asks.format("mail"), "b/app.py": asks.format("id")}
    assert [(f.service, f.at.line) for f in findings(files, "FA205")] == [("a", 13)]


def test_what_a_migration_moves_is_not_what_a_service_writes() -> None:
    moves = """\
from alembic import op

revision = "2"
down_revision = None


def upgrade():
    op.execute("DELETE FROM hosts")
    op.create_table("hosts", sa.Column("id", sa.String(), primary_key=True))
"""
    files = {"db.py": CORE.format(name="guests"), "alembic/versions/2_moves.py": "import sqlalchemy as sa\n" + moves}
    (service,) = audit_sources(files).services
    assert {use.container: len(use.writes) for use in service.uses}.get("hosts", 0) == 0
    assert {use.container: len(use.writes) for use in service.uses}["guests"] == 1


def test_a_service_owns_what_it_opens_itself_rather_than_what_its_library_keeps() -> None:
    history = """\
import sqlite3


class History:
    def __init__(self):
        self.connection = sqlite3.connect("/var/lib/history.db")
        self.connection.execute("CREATE TABLE IF NOT EXISTS history (id TEXT PRIMARY KEY, what TEXT)")
        self.connection.execute("INSERT INTO history (id) VALUES (?)", ("1",))
        self.connection.execute("DELETE FROM history WHERE what = ?", ("x",))
        self.connection.execute("SELECT id FROM history WHERE what = ?", ("x",))
"""
    model = """\
from library.history import History
from sqlalchemy import create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

engine = create_engine("postgresql://db/app")
history = History()


class Base(DeclarativeBase):
    pass


class Guest(Base):
    __tablename__ = "guests"
    id: Mapped[int] = mapped_column(primary_key=True)
"""
    files = {"library/history.py": history, "a/models.py": model, "b/app.py": "from library.history import History\n"}
    found = services(files)["a"]
    assert found.primary == "relational:postgresql"
    assert [(use.store, use.container) for use in found.uses] == [
        ("relational:postgresql", "guests"),
        ("relational:sqlite", "history"),
    ]


def test_tables_that_two_series_of_migrations_make_are_not_one() -> None:
    revision = """\
import sqlalchemy as sa
from alembic import op

revision = "1"
down_revision = None


def upgrade():
    op.create_table("user", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("{column}", sa.String()))
    op.create_index("ix_user_{column}", "user", ["{column}"])
"""
    asks = """\
import os
import psycopg

connection = psycopg.connect(os.environ["DATABASE_URI"])


def find(mail):
    return connection.execute("SELECT id FROM \\"user\\" WHERE mail = %s", (mail,)).fetchall()
"""
    prisma = 'CREATE TABLE "User" ("id" TEXT NOT NULL, "name" TEXT);\nCREATE INDEX "User_name" ON "User" ("name");\n'
    files = {
        "a/alembic/versions/1_first.py": revision.format(column="mail"),
        "a/app.py": asks,
        "b/alembic/versions/1_first.py": revision.format(column="phone"),
        "b/app.py": asks.replace("mail", "phone"),
        "web/prisma/migrations/1_first/migration.sql": prisma,
    }
    found = services(files)
    columns = {name: [[c.name for c in t.columns] for t in service.schema] for name, service in found.items()}
    assert columns == {"a": [["id", "mail"]], "b": [["id", "phone"]]}
    assert [(a.verdict, a.by) for name in "ab" for a in found[name].accesses] == [
        ("covered", "ix_user_mail"),
        ("covered", "ix_user_phone"),
    ]
