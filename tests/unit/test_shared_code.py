"""Stores that shared code opens: each service has those it asks for, at the addresses that it gives itself."""

from __future__ import annotations

from fragaudit.pipeline import audit_sources

LIBRARY = (
    "import redis\nfrom sqlalchemy import create_engine\n"
    "def get_engine(url):\n    return create_engine(url)\ndef get_cache(host):\n    return redis.Redis(host=host)\n"
)


def stores(files: dict[str, str]) -> dict[str, list[tuple[str, str]]]:
    report = audit_sources(files)
    return {service.name: [(s.engine, s.identity) for s in service.stores] for service in report.services}


def app(name: str, code: str) -> dict[str, str]:
    return {
        f"{name}/requirements.txt": "x\n",
        f"{name}/app.py": f"from fastapi import FastAPI\napp = FastAPI()\n{code}",
    }


def test_a_factory_opens_what_each_service_asks_of_it() -> None:
    files = {
        **app("facts", 'from lib.access import get_engine\ne = get_engine("postgresql://facts-db/facts")\n'),
        **app("notes", 'from lib.access import get_engine\ne = get_engine("postgresql://notes-db/notes")\n'),
        **app("prices", 'from lib.access import get_cache\nc = get_cache("prices.internal")\nc.get("a")\n'),
        **app("front", "x = 1\n"),
        "lib/__init__.py": "",
        "lib/access.py": LIBRARY,
    }
    assert stores(files) == {
        "facts": [("postgresql", "facts-db:5432/facts")],
        "notes": [("postgresql", "notes-db:5432/notes")],
        "prices": [("redis", "prices.internal:6379/0")],
        "front": [],
    }


def test_what_shared_code_opens_on_import_belongs_to_those_who_import_it() -> None:
    files = {
        **app("one", "from lib.cache import cache\n"),
        **app("two", "from lib import through\n"),
        **app("three", "from lib import other\n"),
        "lib/__init__.py": "",
        "lib/cache.py": 'import redis\ncache = redis.Redis(host="shared.internal")\n',
        "lib/through.py": "from lib.cache import cache as redis_cache\n",
        "lib/other.py": "x = 1\n",
    }
    found = stores(files)
    assert found["one"] == found["two"] == [("redis", "shared.internal:6379/0")]
    assert found["three"] == []


def test_what_settings_name_by_its_dotted_path_is_imported() -> None:
    opened = 'import redis\ncache = redis.Redis(host="{}.internal")\n'
    files = {
        **app("one", 'STORE = {"type": "lib.stores.first.First:make"}\nlabel = "lib"\n'),
        **app("two", 'PLUGINS = ["lib.plugins.second"]\n'),
        **app("three", 'note = "lib.stores are first"\n'),
        "lib/__init__.py": "",
        "lib/stores/__init__.py": "",
        "lib/stores/first.py": opened.format("first"),
        "lib/plugins/__init__.py": "",
        "lib/plugins/second.py": opened.format("second"),
        "lib/third.py": opened.format("third"),
    }
    assert stores(files) == {
        "one": [("redis", "first.internal:6379/0")],
        "two": [("redis", "second.internal:6379/0")],
        "three": [],
    }


def test_a_script_imports_what_lies_beside_it_in_a_package_too() -> None:
    code = "from sqlalchemy import create_engine\nclass Db:\n    def __init__(self, url):\n"
    code += "        self.e = create_engine(url)\n"
    files = {
        "svc/__init__.py": "",
        "svc/db.py": code,
        "svc/main.py": 'from db import Db\nd = Db("postgresql://db.internal/x")\n',
    }
    (found,) = stores(files).values()
    assert found == [("postgresql", "db.internal:5432/x")]


def test_a_module_called_like_a_library_does_not_stand_for_it() -> None:
    files = {
        "svc/__init__.py": "",
        "svc/redis.py": "class Redis:\n    pass\n",
        "svc/main.py": 'import redis\nr = redis.Redis(host="r.internal")\nr.get("a")\n',
    }
    (found,) = stores(files).values()
    assert found == [("redis", "r.internal:6379/0")]


def test_a_module_is_looked_for_up_to_the_root_of_absolute_paths() -> None:
    files = {
        "/srv/app/__init__.py": "",
        "/srv/app/main.py": (
            'import other.made\nimport redis\nr = redis.Redis(host="r.internal")\nr.get(other.made.key)\n'
        ),
    }
    (found,) = stores(files).values()
    assert found == [("redis", "r.internal:6379/0")]
