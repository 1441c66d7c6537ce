"""How stores are told apart, found where nothing opens them, and counted only where something uses them."""

from __future__ import annotations

import pytest

from fragaudit.model.findings import Report
from fragaudit.model.stores import Slot, Store
from fragaudit.pipeline import audit_sources


def stores(files: dict[str, str]) -> tuple[Store, ...]:
    (service,) = audit_sources(files).services
    return service.stores


def told(report: Report) -> list[tuple[str, str]]:
    return [(f.rule, f.confidence) for f in report.findings if f.rule.startswith("FA10")]


BACKENDS = {
    "shop/__init__.py": "",
    "shop/stores/__init__.py": "",
    "shop/stores/base.py": "class VectorStoreBase:\n    def add(self, v): ...\n",
    "shop/stores/azure.py": "from azure.search.documents import SearchClient\n"
    "from shop.stores.base import VectorStoreBase\n"
    "class Azure(VectorStoreBase):\n    def __init__(self):\n        self.c = SearchClient('https://a', 'i', None)\n",
    "shop/stores/qdrant.py": "from qdrant_client import QdrantClient\nfrom shop.stores.base import VectorStoreBase\n"
    "class Qdrant(VectorStoreBase):\n    def __init__(self):\n        self.c = QdrantClient(url='http://q:6333')\n",
}


def test_a_registry_of_back_ends_is_no_default() -> None:
    files = {
        **BACKENDS,
        "shop/factory.py": "REGISTRY = {'azure': 'shop.stores.azure.Azure', 'qdrant': 'shop.stores.qdrant.Qdrant'}\n",
        "shop/config.py": "from pydantic import BaseModel, Field\n"
        "class VectorStoreConfig(BaseModel):\n    provider: str = Field(default='qdrant')\n",
    }
    (store,) = stores(files)
    assert store.slot is not None
    assert (store.engine, store.slot.default) == ("qdrant", "qdrant")


def test_back_ends_chosen_by_value_in_two_places_stay_one_slot() -> None:
    chosen = "from shop.stores.{0} import {1}\ndef make(provider):\n    if provider == '{0}':\n        return {1}()\n"
    files = {
        **BACKENDS,
        "shop/one.py": chosen.format("azure", "Azure"),
        "shop/two.py": chosen.format("qdrant", "Qdrant"),
    }
    (store,) = stores(files)
    assert store.slot is not None
    assert store.slot.alternatives == ("azure-ai-search", "qdrant")


def test_back_ends_made_side_by_side_are_two_stores() -> None:
    files = {
        **BACKENDS,
        "shop/one.py": "from shop.stores.azure import Azure\na = Azure()\n",
        "shop/two.py": "from shop.stores.qdrant import Qdrant\nq = Qdrant()\n",
    }
    assert sorted((s.engine, s.slot) for s in stores(files)) == [("azure-ai-search", None), ("qdrant", None)]


def test_a_helper_that_reads_the_environment_names_a_setting_for_each_caller() -> None:
    files = {
        "settings.py": "import os\ndef get_env(name, default=None):\n    for key in ('APP_' + name, name):\n"
        "        value = os.environ.get(key)\n        if value is not None:\n            return value\n"
        "    return default\n"
        "FIRST = get_env('FIRST_URL', 'redis://one')\nOTHER = get_env('PAGE_SIZE', '20')\n",
        "app.py": "import redis\nimport settings\nr = redis.from_url(settings.FIRST)\n",
    }
    (store,) = stores(files)
    assert (store.identity, store.variables) == ("{FIRST_URL}", ("FIRST_URL",))


def test_a_setting_with_a_fallback_is_one_address() -> None:
    source = "import os\nimport redis\nHOST = os.environ.get('REDIS_HOST') or 'localhost'\nr = redis.Redis(host=HOST)\n"
    (store,) = stores({"app.py": source})
    assert store.variables == ("REDIS_HOST",)


def test_an_entry_of_a_mapping_is_followed() -> None:
    source = "import redis\nCONFIG = {'url': 'redis://one/3'}\nr = redis.from_url(CONFIG.get('url', 'redis://two'))\n"
    assert [s.identity for s in stores({"app.py": source})] == ["one:6379/3"]


def test_what_a_subclass_of_a_client_takes_for_itself_is_no_address() -> None:
    source = (
        "import redis\nclass Tenant(redis.Redis):\n    def __init__(self, tenant, *a, **k):\n"
        "        super().__init__(*a, **k)\nr = Tenant('acme', host='cache.internal')\n"
    )
    assert [s.identity for s in stores({"app.py": source})] == ["cache.internal:6379/0"]


def test_fields_of_values_passed_on_prove_no_second_store() -> None:
    files = {
        "worker.py": "from dataclasses import dataclass\nimport lancedb\n@dataclass\nclass Request:\n    kwargs: dict\n"
        "async def connect(req: Request):\n    return await lancedb.connect_async(req.kwargs['url'])\n",
        "main.py": "import os\nimport lancedb\ndb = lancedb.connect(os.environ['VECTOR_DB_URL'])\n",
    }
    assert [s.identity for s in stores(files)] == ["{VECTOR_DB_URL}"]


def test_models_prove_a_database_that_nothing_seems_to_open() -> None:
    files = {"shop/models.py": "from django.db import models\nclass Order(models.Model):\n    x = models.TextField()\n"}
    (service,) = audit_sources(files).services
    (store,) = service.stores
    assert (store.engine, store.library, store.role, service.primary) == ("sql", "django", "data", store.id)
    assert "could not be followed" in store.reasons[0].what


def test_tables_and_a_driver_prove_a_database_that_nothing_seems_to_open() -> None:
    schema = {"schema.sql": "CREATE TABLE orders (id bigint PRIMARY KEY);\n"}
    code = "import {}\n\ndef orders(pool):\n    return pool.run('SELECT id FROM orders')\n"
    (service,) = audit_sources({**schema, "app.py": code.format("psycopg2.extras")}).services
    assert [(s.id, s.library, s.role, s.openings[0].at.path) for s in service.stores] == [
        ("relational:postgresql", "psycopg2", "data", "schema.sql")
    ]
    assert service.primary == "relational:postgresql"
    (service,) = audit_sources({**schema, "app.py": code.format("json")}).services
    assert service.stores == ()


def test_models_live_where_a_mapper_opens_a_database() -> None:
    files = {
        "traces.py": "import clickhouse_connect\na = clickhouse_connect.get_client(host='c')\n"
        "b = clickhouse_connect.get_client(host='c')\n",
        "db.py": "import os\nfrom sqlalchemy import create_engine\nfrom sqlalchemy.orm import declarative_base\n"
        "engine = create_engine(os.environ['PG_URI'])\nBase = declarative_base()\n"
        "class A(Base):\n    __tablename__ = 'a'\n",
    }
    (service,) = audit_sources(files).services
    primary = service.store(service.primary or "")
    assert primary.openings[0].at.path == "db.py"


def test_a_database_alias_picked_at_run_time_is_one_store() -> None:
    source = (
        "import os\nBOTH = {'pg': {'ENGINE': 'django.db.backends.postgresql', 'NAME': 'a'},\n"
        "        'lite': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': 'b'}}\n"
        "DATABASES = {'default': BOTH.get(os.environ.get('WHICH'))}\n"
    )
    assert [s.engine for s in stores({"site/settings.py": source, "manage.py": ""})] == ["sql"]


OFFER = "from {0} import {1}\nclass {2}:\n    def __init__(self):\n        self.c = {1}({3})\n"
OFFERED = {
    "lib/__init__.py": "",
    "lib/a.py": OFFER.format("neo4j", "GraphDatabase", "GraphTool", "").replace("GraphDatabase()", "GraphDatabase.driver('bolt://g')"),
    "lib/b.py": OFFER.format("qdrant_client", "QdrantClient", "VectorTool", "url='http://q:6333'"),
    "lib/c.py": OFFER.format("redis", "Redis", "CacheTool", "host='one'"),
    "lib/d.py": OFFER.format("redis", "Redis", "OtherTool", "host='two'"),
}  # fmt: skip


def test_what_is_only_offered_to_others_fails_no_build() -> None:
    report = audit_sources(OFFERED)
    assert ("FA105", "possible") in told(report)
    assert {confidence for _, confidence in told(report)} == {"possible"}


def test_what_is_used_counts() -> None:
    names = {"a": "GraphTool", "b": "VectorTool", "c": "CacheTool", "d": "OtherTool"}
    main = "".join(f"from lib.{module} import {name}\n{name}()\n" for module, name in names.items())
    assert ("FA105", "likely") in told(audit_sources({**OFFERED, "main.py": main}))


def test_what_the_only_implementation_of_a_role_opens_is_no_alternative_of_another_role() -> None:
    source = (
        "import asyncpg\nimport boto3\nclass Provider: ...\nclass Database(Provider): ...\nclass Files(Provider): ...\n"
        "class Pool:\n    async def start(self):\n        self.p = await asyncpg.create_pool('postgresql://db/app')\n"
        "class PostgresDatabase(Database):\n    def __init__(self):\n        self.pool = Pool()\n"
        "class PostgresFiles(Files):\n    def __init__(self):\n        self.pool = Pool()\n"
        "class S3Files(Files):\n    def __init__(self):\n        self.c = boto3.client('s3')\n"
        "def make(kind):\n    if kind == 's3':\n        return S3Files()\n    return PostgresFiles()\n"
        "database = PostgresDatabase()\n"
    )
    (service,) = audit_sources({"app.py": source}).services
    assert service.primary == "relational:postgresql"


def test_an_application_takes_its_broker_from_the_module_it_is_configured_from() -> None:
    files = {
        "shop/__init__.py": "",
        "shop/conf/__init__.py": "",
        "shop/conf/shared.py": "import os\nSCHEME = 'redis'\nif os.environ.get('TLS'):\n    SCHEME = 'rediss'\n"
        "broker_url = f\"{SCHEME}://{os.environ['REDIS_HOST']}:6379/3\"\n",
        "shop/conf/worker.py": "import shop.conf.shared as shared\nbroker_url = shared.broker_url\n",
        "shop/worker.py": "from celery import Celery\napp = Celery('shop')\n"
        "app.config_from_object('shop.conf.worker')\n",
    }
    (store,) = stores(files)
    assert (store.kind, store.engine, store.identity) == ("queue", "redis", "{REDIS_HOST}:6379/3")
    assert {o.at.path for o in store.openings} == {"shop/conf/worker.py", "shop/worker.py"}


def test_an_application_is_configured_from_a_class() -> None:
    files = {
        "worker.py": "from celery import Celery\nclass Settings:\n    broker_url = 'amqp://rabbit:5672/shop'\n"
        "app = Celery('shop')\napp.config_from_object(Settings)\n",
    }
    (store,) = stores(files)
    assert (store.engine, store.identity, len(store.openings)) == ("rabbitmq", "rabbit:5672/shop", 2)


def test_a_dictionary_that_a_call_unpacks_is_looked_into() -> None:
    files = {
        "config.py": "from pydantic_settings import BaseSettings\n"
        "class Settings(BaseSettings):\n    db_path: str = 'data'\n    db_name: str = 'shop.db'\n"
        "    def arguments(self):\n        return {'db_path': self.db_path, 'db_name': self.db_name}\n",
        "database.py": "from sqlalchemy import create_engine\nfrom config import Settings\n"
        "def connect(db_path, db_name):\n    return create_engine(f'sqlite:///{db_path}/{db_name}')\n"
        "engine = connect(**Settings().arguments())\n",
    }
    (store,) = stores(files)
    assert store.identity == "{DB_PATH}/{DB_NAME}"


def test_which_argument_goes_with_which_is_not_made_up() -> None:
    """Two callers make two addresses at most, never one for each way to pair their arguments."""
    files = {
        "admin.py": "import os\nfrom sqlalchemy import URL, create_engine\n"
        "def prepare(host, port, name):\n"
        "    return create_engine(URL.create('postgresql', host=host, port=port, database=name))\n"
        "prepare(os.environ['GRAPH_HOST'], os.environ['GRAPH_PORT'], os.environ['GRAPH_NAME'])\n"
        "prepare(os.environ['VECTOR_HOST'], os.environ['VECTOR_PORT'], os.environ['VECTOR_NAME'])\n",
    }
    assert len(stores(files)) == 1


def test_a_client_at_the_address_of_a_back_end_is_that_back_end() -> None:
    files = {
        **BACKENDS,
        "shop/stores/qdrant.py": "from qdrant_client import QdrantClient\n"
        "from shop.stores.base import VectorStoreBase\n"
        "class Qdrant(VectorStoreBase):\n    def __init__(self, url):\n        self.c = QdrantClient(url=url)\n",
        "shop/config.py": "class VectorStoreConfig:\n    provider: str = 'qdrant'\n",
        "shop/admin.py": "import os\nfrom qdrant_client import QdrantClient\n"
        "def drop():\n    QdrantClient(url=os.environ['QDRANT_URL']).delete_collection('old')\n",
    }
    (store,) = stores(files)
    assert store.slot is not None


def test_the_engine_by_which_a_back_end_is_chosen_is_the_default() -> None:
    files = {
        "cache/base.py": "class CacheInterface:\n    def get(self, key): ...\n",
        "cache/sql.py": "from sqlalchemy import create_engine\nfrom cache.base import CacheInterface\n"
        "class SqlCache(CacheInterface):\n    def __init__(self, url):\n        self.engine = create_engine(url)\n",
        "cache/redis_cache.py": "import redis\nfrom cache.base import CacheInterface\n"
        "class RedisCache(CacheInterface):\n    def __init__(self, host):\n"
        "        self.client = redis.Redis(host=host)\n",
        "cache/factory.py": "class CacheConfig:\n    cache_backend: str = 'redis'\n"
        "def make(backend):\n    if backend == 'redis':\n        from cache.redis_cache import RedisCache\n"
        "        return RedisCache('localhost')\n    from cache.sql import SqlCache\n    return SqlCache('x')\n",
    }
    (store,) = stores(files)
    assert store.slot is not None
    assert (store.engine, store.slot.default, store.role) == ("redis", "redis", "cache")


def test_what_a_store_answered_is_no_client() -> None:
    files = {
        "vectors.py": "from pymilvus import MilvusClient\nclient = MilvusClient(uri='http://milvus:19530')\n"
        "found = client.get(collection_name='passages', ids=1)\nprint(found[0].get('metadata'))\n",
    }
    (store,) = stores(files)
    assert [c.name for c in store.containers] == ["passages"]
    assert [(c.at.line, c.verb) for c in store.calls] == [(3, "read")]


def test_the_option_of_a_section_is_no_default() -> None:
    files = {
        "database.py": "import redis\nfrom shop.configuration import config\n"
        "client = redis.Redis(host=config.get('cache', 'host'), port=config.get('cache', 'port'))\n",
    }
    (store,) = stores(files)
    assert "host:" not in store.identity
    assert not store.certain


def test_settings_grow_by_items_updates_and_defaults() -> None:
    code = (
        "import os\nINSTALLED_APPS = ['a']\n"
        "DATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql', 'NAME': 'a', 'HOST': 'main'}}\n"
        "DATABASES.setdefault('third', {'ENGINE': 'django.db.backends.oracle', 'NAME': 'c', 'HOST': 'ora'})\n"
        "CACHES = {'default': {'BACKEND': 'django.core.cache.backends.locmem.LocMemCache'}}\n"
        "OPTIONS = {'CLIENT_CLASS': 'django_redis.client.DefaultClient'}\n"
        "if os.environ.get('REDIS'):\n    OPTIONS['PASSWORD'] = 'x'\n"
        "    CACHES['one'] = {'BACKEND': 'django_redis.cache.RedisCache', 'LOCATION': 'redis://one:6379/0',\n"
        "                     'OPTIONS': OPTIONS}\n"
        "    CACHES.update(two={'BACKEND': 'django_redis.cache.RedisCache', 'LOCATION': 'redis://two:6379/0'})\n"
        "CACHES.update({'mem': {'BACKEND': 'django.core.cache.backends.memcached.PyMemcacheCache',\n"
        "                       'LOCATION': 'mem:11211'}})\n"
    )
    (service,) = audit_sources({"site/settings.py": code}).services
    found = sorted((s.engine, s.identity, s.openings[0].at.line) for s in service.stores)
    assert found == [
        ("memcached", "mem:11211", 12), ("oracle", "ora:1521/c", 4), ("postgresql", "main:5432/a", 3),
        ("redis", "one:6379/0", 9), ("redis", "two:6379/0", 11),
    ]  # fmt: skip


def test_prose_on_tables_makes_none() -> None:
    code = (
        "import psycopg\nDB = psycopg.connect('postgresql://db/app')\n"
        "ALLOW = 'Allow CREATE TABLE AS option in SQL Lab'\nDB.execute('CREATE TABLE notes (id int PRIMARY KEY)')\n"
    )
    (service,) = audit_sources({"app.py": code}).services
    assert [(t.name, t.at.line) for t in service.tables] == [("notes", 4)]


def test_settings_of_a_library_tell_what_its_object_opens() -> None:
    code = (
        "from flask import Flask\nfrom flask_sqlalchemy import SQLAlchemy\nfrom sqlalchemy import create_engine\n"
        "app = Flask(__name__)\napp.config['SQLALCHEMY_DATABASE_URI'] = 'sqlite:///shop.db'\n"
        "def other(url):\n    return create_engine(url)\ndb = SQLAlchemy(app)\n"
        "class Item(db.Model):\n    id = db.Column(db.Integer, primary_key=True)\n"
    )
    (service,) = audit_sources({"app.py": code}).services
    primary = next(s for s in service.stores if s.id == service.primary)
    assert (primary.engine, primary.identity) == ("sqlite", "shop.db")
    assert 8 in [o.at.line for o in primary.openings]


FLASK = (
    "import os\nfrom flask import Flask\nfrom flask_sqlalchemy import SQLAlchemy\nfrom shop.conf import config\n"
    "db = SQLAlchemy()\nclass Item(db.Model):\n    id = db.Column(db.Integer, primary_key=True)\n"
    "def make(testing):\n    app = Flask(__name__)\n"
)


@pytest.mark.parametrize(
    ("lines", "engine", "identity", "slot"),
    [
        (
            "    if app.config['TESTING']:\n"
            "        app.config.setdefault('SQLALCHEMY_DATABASE_URI', 'sqlite:///:memory:')\n"
            "    else:\n        app.config['SQLALCHEMY_DATABASE_URI'] = os.environ['DATABASE_URL']\n",
            "sql", "{DATABASE_URL}", None,
        ),
        (
            "    if testing:\n        app.config['SQLALCHEMY_DATABASE_URI'] = 'sqlite:///test.db'\n"
            "    else:\n        app.config['SQLALCHEMY_DATABASE_URI'] = 'postgresql://db/shop'\n",
            "postgresql", "db:5432/shop", Slot(("postgresql", "sqlite"), "postgresql"),
        ),
        (
            "    app.config['SQLALCHEMY_DATABASE_URI'] = 'mysql://db/shop'\n"
            "    if testing:\n        app.config['SQLALCHEMY_DATABASE_URI'] = 'sqlite:///test.db'\n",
            "mysql", "db:3306/shop", Slot(("mysql", "sqlite"), "mysql"),
        ),
    ],
)  # fmt: skip
def test_one_setting_is_one_store(lines: str, engine: str, identity: str, slot: Slot | None) -> None:
    (store,) = stores({"shop.py": FLASK + lines + "    db.init_app(app)\n"})
    assert (store.engine, store.identity, store.slot) == (engine, identity, slot)


def test_settings_files_of_one_project_are_one_store() -> None:
    database = "DATABASES = {'default': {'ENGINE': 'django.db.backends.%s', 'HOST': %s, 'NAME': %s}}\n"
    files = {
        "site/settings.py": database % ("postgresql", "'localhost'", "'shop'"),
        "site/settings_docker.py": "import os\n" + database % ("postgresql", "os.environ['HOST']", "os.environ['DB']"),
        "docker/settings_local.py": database % ("postgresql", "'database'", "'local'"),
    }
    (store,) = stores(files)
    assert [o.at.path for o in store.openings] == sorted(files)
    (store,) = stores({**files, "site/settings_dev.py": database % ("sqlite3", "''", "'dev.db'")})
    assert store.slot == Slot(("postgresql", "sqlite"), None)


ENGINE = "import os\nfrom sqlalchemy import create_engine\nimport redis\n"


@pytest.mark.parametrize(
    ("code", "identities"),
    [
        ("if os.environ.get('T'):\n    URL = 'redis://a/1'\nelse:\n    URL = 'redis://b/1'\nr = redis.from_url(URL)\n",
         ["b:6379/1"]),
        ("url = 'redis://a/1'\nif os.environ.get('T'):\n    url = 'redis://b/1'\nr = redis.from_url(url)\n",
         ["a:6379/1"]),
        ("r = redis.from_url('redis://a/1' if os.environ.get('T') else 'redis://b/1')\n", ["a:6379/1"]),
        ("def url():\n    if os.environ.get('T'):\n        return 'redis://a/1'\n    return 'redis://b/1'\n"
         "r = redis.from_url(url())\n", ["b:6379/1"]),
        # What is given one after the other is open side by side, and so is what different callers ask for.
        ("url = 'redis://a/1'\none = redis.from_url(url)\nurl = 'redis://b/1'\ntwo = redis.from_url(url)\n",
         ["a:6379/1", "b:6379/1"]),
        ("def made(url):\n    return redis.from_url(url)\none, two = made('redis://a/1'), made('redis://b/1')\n",
         ["a:6379/1", "b:6379/1"]),
        ("def url(kind):\n    if kind == 'a':\n        return 'redis://a/1'\n    return 'redis://b/1'\n"
         "one, two = redis.from_url(url('a')), redis.from_url(url('b'))\n", ["a:6379/1", "b:6379/1"]),
    ],
)  # fmt: skip
def test_an_address_chosen_in_a_branch_is_one_store(code: str, identities: list[str]) -> None:
    assert sorted(s.identity for s in stores({"app.py": ENGINE + code})) == identities


def test_engines_chosen_by_the_address_are_one_store() -> None:
    code = (
        "url = 'postgresql://db/app'\nif os.environ.get('T'):\n    url = 'sqlite:///x.db'\n"
        "engine = create_engine(url)\n"
    )
    (store,) = stores({"app.py": ENGINE + code})
    assert (store.engine, store.slot) == ("postgresql", Slot(("postgresql", "sqlite"), "postgresql"))


def test_a_file_for_tests_tells_no_engine_of_a_setting() -> None:
    files = {
        "site/settings.py": "import environ\nenv = environ.Env()\nDATABASES = {'default': env.db('DATABASE_URL')}\n",
        "site/settings_test.py": "DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': 't.db'}}\n",
    }
    (store,) = stores(files)
    assert (store.engine, store.identity, store.slot) == ("sql", "{DATABASE_URL}", None)


PLUGINS = {
    "shop/__init__.py": "",
    "shop/engine.py": "import os\nfrom sqlmodel import create_engine\ndef make():\n"
    "    if os.environ.get('CLOUD'):\n        return create_engine('mysql+pymysql://db/shop')\n"
    "    return create_engine('sqlite:///shop.db')\n",
    "shop/db.py": "from sqlmodel import Field, Session, SQLModel, select\nfrom shop.engine import make\n"
    "class Alert(SQLModel, table=True):\n    id: int = Field(primary_key=True)\n    name: str\nengine = make()\n"
    "def known(name):\n    with Session(engine) as session:\n"
    "        return session.exec(select(Alert).where(Alert.name == name)).first()\n",
    "shop/app.py": "from sqlmodel import Session, select\nfrom shop.db import Alert, engine\ndef alerts():\n"
    "    with Session(engine) as session:\n        return session.exec(select(Alert)).all()\n",
    "shop/base.py": "from sqlmodel import Session\nclass Provider:\n    def query(self): ...\n",
    "shop/mongo.py": "from pymongo import MongoClient\nfrom shop.base import Provider\nfrom shop.db import known\n"
    "class Mongo(Provider):\n    def query(self):\n        known('mongo')\n"
    "        return MongoClient(self.conf.host).a.b.find()\n",
    "shop/elastic.py": "from elasticsearch import Elasticsearch\nfrom shop.base import Provider\n"
    "class Elastic(Provider):\n    def query(self):\n        return Elasticsearch(self.conf.hosts).search()\n",
    "shop/postgres.py": "import psycopg2\nfrom shop.base import Provider\nclass Postgres(Provider):\n"
    "    def query(self):\n        return psycopg2.connect(host=self.conf.host).cursor()\n",
    "shop/mysql.py": "import pymysql\nfrom shop.base import Provider\nclass MySql(Provider):\n"
    "    def query(self):\n        return pymysql.connect(host=self.conf.host).cursor()\n",
}


def test_the_database_that_plug_ins_record_to_is_none_of_their_back_ends() -> None:
    (service,) = audit_sources(PLUGINS).services
    primary = service.store(service.primary or "")
    assert {o.at.path for o in primary.openings} == {"shop/engine.py"}
    assert primary.holds_tables
    (other,) = (s for s in service.stores if s is not primary)
    assert other.slot is not None
    assert {o.at.path for o in other.openings} == {f"shop/{n}.py" for n in ("mongo", "elastic", "postgres", "mysql")}


def test_a_method_that_is_named_like_an_imported_function_hides_no_call_of_it() -> None:
    code = (
        "from clickhouse_driver import connect\nclass Provider:\n    def connect(self):\n"
        "        return connect(host='ch', database='logs')\n"
    )
    (store,) = stores({"app.py": code})
    assert (store.engine, store.identity) == ("clickhouse", "ch:9000/logs")


@pytest.mark.parametrize(
    "code",
    [
        "def connect():\n    return pymysql.connect(host='a', database='shop', password=token())\n"
        "engine = create_engine('mysql+pymysql://b/other', creator=connect)\n",
        "engine = create_engine('mysql+pymysql://b/other')\n@event.listens_for(engine, 'do_connect')\n"
        "def connect(dialect, record, args, given):\n    return pymysql.connect(host='a', database='shop')\n",
    ],
)
def test_a_connection_that_is_made_for_an_engine_is_its_database(code: str) -> None:
    code = "import pymysql\nfrom sqlalchemy import create_engine, event\n" + code
    (store,) = stores({"app.py": code})
    assert (store.engine, len(store.openings)) == ("mysql", 2)
