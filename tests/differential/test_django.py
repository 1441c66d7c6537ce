"""The tables of Django models, made by the library itself, against those read from their source."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from differential.compare import FIXTURES, Shape, differences, evaluator, folded, migrations, real, run
from fragaudit.link.orm import Mapping

pytest.importorskip("django", reason="django comes with the `differential` extra")

LIBRARY = {
    "django_migrations", "django_content_type", "auth_group", "auth_permission", "auth_group_permissions",
}  # fmt: skip


def migrated(folder: Path, database: Path, *steps: str) -> dict[str, Shape]:
    """Run management commands and return the tables of the project's own."""
    commands = "".join(f"execute_from_command_line(['manage.py', {step}])\n" for step in steps)
    setup = (
        "import os\nos.environ['DJANGO_SETTINGS_MODULE'] = 'config.settings'\n"
        f"os.environ['SHOP_DATABASE'] = {str(database)!r}\n"
    )
    run(f"{setup}from django.core.management import execute_from_command_line\n{commands}", folder)
    return {name: _constraints_unnamed(shape) for name, shape in real(database, LIBRARY).items()}


def _constraints_unnamed(shape: Shape) -> Shape:
    """SQLite has constraints of Django as unique indexes; the folded ones say what they are."""
    indexes = [("" if n.endswith("_uniq") or n in PLAIN else n, *rest) for n, *rest in shape.indexes]
    return shape._replace(indexes=tuple(sorted(indexes)))  # type: ignore[arg-type]


PLAIN: set[str] = set()


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Shape]]:
    folder = tmp_path_factory.mktemp("django") / "django_shop"
    shutil.copytree(FIXTURES / "django_shop", folder, ignore=shutil.ignore_patterns("__pycache__"))
    steps = ("'makemigrations', 'accounts', 'catalog', 'billing', '-v', '0'", "'migrate', '-v', '0'")
    return folder, migrated(folder, folder / "shop.db", *steps)


def test_models_give_the_tables_that_migrate_makes(shop: tuple[Path, dict[str, Shape]]) -> None:
    _, expected = shop
    assert len(expected) >= 20
    tables = [model.table for model in Mapping(evaluator(FIXTURES / "django_shop")).defining]
    assert differences(expected, folded(tables)) == []
    assert [(table.name, table.opaque) for table in tables if table.opaque] == []


def test_the_migrations_django_writes_fold_to_the_same_tables(shop: tuple[Path, dict[str, Shape]]) -> None:
    folder, expected = shop
    schema, found = migrations(folder)
    assert [history.gaps for history in found] == [()]
    assert differences(expected, folded(schema.tables)) == []
    assert {table.silent for table in schema.tables} == {""}


def test_migrations_written_by_hand_fold_to_the_tables_that_migrate_makes(tmp_path: Path) -> None:
    folder = tmp_path / "django_history"
    shutil.copytree(FIXTURES / "django_history", folder, ignore=shutil.ignore_patterns("__pycache__"))
    expected = migrated(folder, folder / "history.db", "'migrate', '-v', '0', '--skip-checks'")
    expected.pop("auth_user_groups"), expected.pop("auth_user_user_permissions"), expected.pop("auth_user")
    schema, found = migrations(folder)
    assert [history.gaps for history in found] == [()]
    assert differences(_unhashed(expected), _unhashed(folded(schema.tables))) == []
    assert {table.silent for table in schema.tables} == {""}


def _unhashed(shapes: dict[str, Shape]) -> dict[str, Shape]:
    """SQLite makes a table anew where others alter it, and then names its generated indexes anew too."""
    hashed = re.compile(r"_[0-9a-f]{8}$")
    found = {}
    for name, shape in shapes.items():
        indexes = tuple(sorted(("*" if hashed.search(n) else n, *rest) for n, *rest in shape.indexes))
        found[name] = shape._replace(indexes=indexes)  # type: ignore[arg-type]
    return found
