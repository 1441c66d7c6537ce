"""Where one service ends and the next begins: whole small repositories, and the stores that each part opens."""

from __future__ import annotations

import pytest

from fragaudit.config import Config, ServiceConfig
from fragaudit.pipeline import audit_sources

API = "from fastapi import FastAPI\nimport redis\napp = FastAPI()\nr = redis.Redis(host='{}')\n"
PLAIN = "import redis\nr = redis.Redis(host='{}')\n"


def services(files: dict[str, str], config: Config | None = None) -> dict[str, list[str]]:
    """Return the addresses of the stores by service."""
    report = audit_sources(files, config)
    return {s.name: [store.identity for store in s.stores] for s in report.services}


def test_images_of_one_folder_with_entries_of_their_own_are_services() -> None:
    files = {
        "back/Dockerfile": 'FROM python\nCMD ["uvicorn", "api.main:app"]\n',
        "back/Dockerfile.worker": "FROM python\nCMD python -m worker.run\n",
        "back/Dockerfile.models": 'FROM python\nENTRYPOINT ["python", "models/serve.py"]\n',
        "back/api/__init__.py": "",
        "back/api/main.py": "from shared.names import HOST\n" + API.format("api"),
        "back/worker/__init__.py": "",
        "back/worker/run.py": "from shared import names\n" + PLAIN.format("worker"),
        "back/models/serve.py": PLAIN.format("models"),
        "back/shared/names.py": "HOST = 'x'\n",
    }
    assert services(files) == {"back": ["api:6379/0"], "worker": ["worker:6379/0"], "models": ["models:6379/0"]}


def test_an_image_that_runs_what_is_left_is_a_service_of_its_own() -> None:
    files = {
        "Dockerfile": "FROM python\nCMD tail -f /dev/null\n",
        "Dockerfile.models": "FROM python\nCMD uvicorn models.main:app --port 9000\n",
        "pyproject.toml": '[project]\nname = "shop"\n',
        "models/__init__.py": "",
        "models/main.py": API.format("models"),
        "orders/__init__.py": "",
        "orders/main.py": PLAIN.format("orders"),
    }
    assert services(files) == {"shop": ["orders:6379/0"], "models": ["models:6379/0"]}


def test_builds_of_one_program_are_one_service() -> None:
    files = {
        "Dockerfile": "FROM python\nCMD python -m app.main\n",
        "Dockerfile.gpu": "FROM cuda\nCMD python -m app.gpu\n",
        "pyproject.toml": '[project]\nname = "app"\n',
        "app/__init__.py": "",
        "app/core.py": PLAIN.format("one"),
        "app/more.py": "import redis\nfrom app import core\n",
        "app/main.py": "import redis\nfrom app import more\n",
        "app/gpu.py": "import redis\nfrom app import more\n",
    }
    assert services(files) == {"app": ["one:6379/0"]}


def test_one_image_with_another_command_is_one_service() -> None:
    files = {
        "docker-compose.yml": "services:\n  web:\n    build: .\n    command: uvicorn app.web:app\n"
        "  worker:\n    build: .\n    command: celery -A app.worker worker\n",
        "Dockerfile": "FROM python\nCMD uvicorn app.web:app\n",
        "app/__init__.py": "",
        "app/web.py": API.format("one"),
        "app/worker.py": PLAIN.format("one"),
    }
    assert list(services(files).values()) == [["one:6379/0"]]


def test_applications_side_by_side_under_one_manifest_are_services() -> None:
    files = {
        "pyproject.toml": '[project]\nname = "shop"\n',
        "services/users/main.py": API.format("users"),
        "services/orders/main.py": API.format("orders"),
        "services/orders/stock.py": "x = 1\n",
    }
    assert services(files) == {"orders": ["orders:6379/0"], "users": ["users:6379/0"]}


def test_applications_that_import_one_another_are_one_service() -> None:
    files = {
        "pyproject.toml": '[project]\nname = "shop"\n',
        "admin/main.py": "from web.main import r\n" + API.format("admin"),
        "web/main.py": API.format("web"),
    }
    assert list(services(files)) == ["shop"]


def test_a_manifest_around_a_single_part_only_gives_it_its_name() -> None:
    files = {
        "pyproject.toml": '[project]\nname = "box"\n',
        "noxfile.py": "x = 1\n",
        "site/manage.py": "from django.core.management import execute_from_command_line\n",
        "site/app/__init__.py": "",
        "site/app/store.py": PLAIN.format("one"),
    }
    report = audit_sources(files)
    assert [(s.name, s.root) for s in report.services] == [("box", "site")]


@pytest.mark.parametrize("path", ["services/users", "services/users/", "./services/users"])
def test_configured_services_win(path: str) -> None:
    files = {
        "services/users/main.py": API.format("users"),
        "services/orders/main.py": API.format("orders"),
        "shared/store.py": PLAIN.format("shared"),
    }
    config = Config(services=(ServiceConfig("people", (path,)), ServiceConfig("orders", ("services/orders",))))
    found = audit_sources(files, config).services
    assert [(s.name, s.files) for s in found] == [("people", 1), ("orders", 1)]
    assert [r.what for r in found[0].boundary] == ["configured as a service in the configuration"]


def test_without_any_sign_the_whole_is_one_service() -> None:
    report = audit_sources({"a.py": PLAIN.format("one"), "b/c.py": PLAIN.format("one")})
    assert [(s.name, s.root, s.files) for s in report.services] == [("service", ".", 2)]
    assert [r.what for r in report.services[0].boundary] == ["nothing divides the audited files"]


def test_a_folder_inside_a_package_is_a_part_of_it() -> None:
    files = {
        "setup.py": "from setuptools import setup\nsetup(name='shop')\n",
        "shop/__init__.py": "",
        "shop/main.py": API.format("shop"),
        "shop/translations/requirements.txt": "babel\n",
        "shop/translations/extract.py": PLAIN.format("shop"),
    }
    assert services(files) == {"service": ["shop:6379/0"]}
    # Unless an image is built of it.
    files["shop/translations/Dockerfile"] = "FROM python\nCMD python extract.py\n"
    assert list(services(files)) == ["service", "translations"]


def test_folders_whose_names_say_nothing_are_called_as_those_around_them() -> None:
    image = "FROM python\nCMD python main.py\n"
    files = {
        f"{folder}/{name}": text
        for folder in ("comps/agent/src", "comps/search/src", "inference/server", "server")
        for name, text in (("Dockerfile", image), ("main.py", PLAIN.format("one")))
    }
    assert sorted(services(files)) == ["agent", "inference-server", "search", "server"]


BUILDS = """
services:
  api: {{build: {{context: ., dockerfile: docker/Dockerfile.api}}}}
  web: {{build: {{context: ., dockerfile: docker/Dockerfile.web}}}}
  proxy: {{build: {{context: ., dockerfile: "{}"}}}}
"""


def test_images_elsewhere_are_built_of_what_they_copy() -> None:
    files = {
        "compose.yaml": BUILDS.format("${PROXY_FILE}"),
        "docker/Dockerfile.api": "FROM python\nARG DIR=backend\nCOPY ./common /common\nCOPY ./${DIR}/api /app/api\n"
        "COPY --from=build /x /y\nCOPY ./$DIR/main.py /app/\nCMD python main.py\n",
        "docker/Dockerfile.web": "FROM node\nCOPY ./website /web\nCMD node .\n",
        "website/migrations/1.sql": "CREATE TABLE visits (id int PRIMARY KEY);\n",
        "backend/requirements.txt": "redis\n",
        "backend/main.py": PLAIN.format("api"),
        "backend/api/more.py": "from common.names import HOST\n",
        "common/pyproject.toml": '[project]\nname = "common"\n',
        "common/common/names.py": "import redis\nHOST = 'x'\n",
        "bots/requirements.txt": "redis\n",
        "bots/bot.py": PLAIN.format("bot"),
    }
    report = audit_sources(files)
    assert [(s.name, s.root) for s in report.services] == [("api", "backend"), ("bots", "bots")]


def test_what_runs_nothing_and_is_imported_is_a_library() -> None:
    files = {
        "libs/shared/pyproject.toml": '[project]\nname = "shared"\n',
        "libs/shared/docker-compose.yml": "services:\n  shared: {build: {context: .}}\n",
        "libs/shared/shared/__init__.py": "",
        "libs/shared/shared/apps/manage.py": "from django.core.management import execute_from_command_line\n"
        "execute_from_command_line([])\n",
        "libs/shared/shared/cache.py": PLAIN.format("cache"),
        "apps/api/Dockerfile": "FROM python\nCMD python main.py\n",
        "apps/api/main.py": "from shared.cache import r\nr.get('a')\n",
        "apps/worker/Dockerfile": "FROM python\nCMD python main.py\n",
        "apps/worker/main.py": "import redis\n",
    }
    assert services(files) == {"api": ["cache:6379/0"], "worker": []}


def test_what_a_library_imports_is_a_library_of_those_that_import_it() -> None:
    files = {
        "pyproject.toml": '[project]\nname = "shop"\n',
        "app.py": "from shelves.places import PLACE\n" + API.format("shop"),
        "libs/shelves/pyproject.toml": '[project]\nname = "shelves"\n',
        "libs/shelves/shelves/__init__.py": "",
        "libs/shelves/shelves/places.py": "import boards\nPLACE = boards.board\n",
        "libs/boards/pyproject.toml": '[project]\nname = "boards"\n[project.scripts]\nboards = "boards:main"\n',
        "libs/boards/boards/__init__.py": "import redis\nboard = redis.Redis(host='boards')\ndef main(): ...\n",
        "libs/apart/pyproject.toml": '[project]\nname = "apart"\n',
        "libs/apart/apart/__init__.py": PLAIN.format("apart"),
    }
    assert services(files) == {"shop": ["boards:6379/0", "shop:6379/0"], "apart": ["apart:6379/0"]}


def test_code_that_is_deployed_around_others_is_theirs_too_where_they_import_it() -> None:
    image = "FROM python\nCMD python main.py\n"
    files = {
        "Dockerfile": image,
        "comps/__init__.py": "",
        "comps/store.py": "import redis\ndef get_store():\n    return redis.Redis(host='store')\n",
        "comps/chat/src/Dockerfile": image,
        "comps/chat/src/requirements.txt": "redis\n",
        "comps/chat/src/main.py": "from comps.store import get_store\ns = get_store()\ns.set('a', 1)\n",
        "comps/asr/src/Dockerfile": image,
        "comps/asr/src/requirements.txt": "numpy\n",
        "comps/asr/src/main.py": "import redis\n",
    }
    found = services(files)
    assert (found["chat"], found["asr"]) == (["store:6379/0"], [])


def test_tables_in_sql_of_nobody_are_not_those_of_services_without_a_database() -> None:
    image = "FROM python\nCMD python main.py\n"
    files = {
        "db/init.sql": "CREATE TABLE users (id int PRIMARY KEY);\n",
        "api/Dockerfile": image,
        "api/main.py": "import psycopg\nc = psycopg.connect('postgresql://db/app')\n",
        "web/Dockerfile": image,
        "web/main.py": PLAIN.format("web"),
    }
    found = {s.name: [t.name for t in s.tables] for s in audit_sources(files).services}
    assert found == {"api": ["users"], "web": []}


def test_images_of_a_django_project_are_one_service() -> None:
    files = {
        "shop/Dockerfile": 'FROM python\nCMD ["gunicorn", "app.wsgi:application"]\n',
        "shop/Dockerfile.dev": "FROM python\nCMD python manage.py runserver\n",
        "shop/manage.py": "from django.core.management import execute_from_command_line\n",
        "shop/app/__init__.py": "",
        "shop/app/wsgi.py": "from django.core.wsgi import get_wsgi_application\napplication = get_wsgi_application()\n",
        "shop/orders/__init__.py": "",
        "shop/orders/cache.py": PLAIN.format("one"),
        "pyproject.toml": "",
    }
    assert services(files) == {"shop": ["one:6379/0"]}


def test_a_name_that_says_nothing_is_no_name() -> None:
    files = {
        f"services/{name}/app/{file}": text
        for name in ("reports", "patients")
        for file, text in (("pyproject.toml", '[project]\nname = "app"\n'), ("main.py", API.format(name)))
    }
    assert sorted(services(files)) == ["patients", "reports"]


def test_a_library_that_makes_applications_of_the_names_it_is_given_starts_none() -> None:
    files = {
        "libs/base/pyproject.toml": '[project]\nname = "base"\n',
        "libs/base/base/__init__.py": (
            "from celery import Celery\n\n\ndef queue(name, url):\n    return Celery(name, broker=url)\n"
        ),
        "a/requirements.txt": "celery\n",
        "a/main.py": "from base import queue\n" + API.format("a") + "q = queue('a', 'amqp://mq')\n",
        "b/requirements.txt": "celery\n",
        "b/main.py": "from base import queue\n" + API.format("b") + "q = queue('b', 'amqp://mq')\n",
    }
    assert services(files) == {"a": ["a:6379/0", "mq:5672"], "b": ["b:6379/0", "mq:5672"]}
    made = files["libs/base/base/__init__.py"].replace("Celery(name,", "Celery('base',")
    assert sorted(services({**files, "libs/base/base/__init__.py": made})) == ["a", "b", "base"]


def test_programs_in_folders_of_their_own_are_services_whatever_they_share() -> None:
    shared = {f"back/base/part{n}.py": f"import redis\nX = {n}\n" for n in range(6)}
    takes = "".join(f"from base import part{n}\n" for n in range(6))
    files = {
        "back/Dockerfile": (
            'FROM python AS run\nCMD ["tail", "-f", "/dev/null"]\n\nFROM run AS dev\nRUN apt-get install -y vim\n'
        ),
        "back/Dockerfile.models": "FROM python\nCMD python -m models\n",
        "back/base/__init__.py": "",
        **shared,
        "back/models/__init__.py": "",
        "back/models/__main__.py": "from models import serve\n",
        "back/models/serve.py": takes + API.format("models"),
        "back/models/old.py": PLAIN.format("old"),
        "back/api/__init__.py": "",
        "back/api/main.py": takes + API.format("api"),
    }
    assert services(files) == {"back": ["api:6379/0"], "models": ["models:6379/0", "old:6379/0"]}
    # One that the other imports is a part of it.
    files["back/api/main.py"] += "from models import serve\n"
    assert sorted(services(files)) == ["back"]


def test_the_image_that_others_are_built_on_is_a_library() -> None:
    serves = "from fastapi import FastAPI\n\n\nclass Service:\n    def __init__(self):\n        self.app = FastAPI()\n"
    files = {
        "Dockerfile": 'FROM python\nENTRYPOINT ["sh", "-c", "set && ls -la"]\n',
        "base/__init__.py": "",
        "base/serving.py": serves + PLAIN.format("shared"),
        "one/Dockerfile": "FROM base\nCMD python main.py\n",
        "one/main.py": "from base.serving import Service\n" + PLAIN.format("one"),
        "two/Dockerfile": "FROM base\nCMD python main.py\n",
        "two/main.py": "import redis\n" + PLAIN.format("two"),
    }
    assert services(files) == {"one": ["one:6379/0", "shared:6379/0"], "two": ["two:6379/0"]}
    files["Dockerfile"] = "FROM python\nCMD ./start\n"
    assert sorted(services(files)) == ["one", "service", "two"]
