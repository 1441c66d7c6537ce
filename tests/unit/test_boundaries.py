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
