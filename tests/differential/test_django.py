"""The tables of Django models, made by the library itself, against those read from their source."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from differential.compare import FIXTURES, Shape, differences, evaluator, folded, migrations, real, run
from fragaudit.fix import applied
from fragaudit.link.orm import Mapping
from fragaudit.model.findings import Report
from fragaudit.pipeline import audit_sources

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


def test_the_migrations_of_added_indexes_run_and_leave_nothing_to_find(tmp_path: Path) -> None:
    """`check --fix`, then `makemigrations` and `migrate` on SQLite: the database has what the models say."""
    folder = tmp_path / "shop"
    app = folder / "books"
    app.mkdir(parents=True)
    (folder / "settings.py").write_text(
        'DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "shop.db"}}\n'
        'INSTALLED_APPS = ["books"]\nDEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"\n'
    )
    (app / "__init__.py").write_text("")
    (app / "models.py").write_text(
        "from django.db import models\n\n\nclass Author(models.Model):\n    email = models.EmailField()\n\n\n"
        "class Book(models.Model):\n    title = models.CharField(max_length=9)\n"
        "    price = models.IntegerField(db_column='cents')\n"
    )
    (app / "work.py").write_text(
        "from books.models import Author, Book\n\n\ndef one(x):\n    return list(Author.objects.filter(email=x))\n\n\n"
        "def two(x, y):\n    return list(Book.objects.filter(title=x, price__gt=y))\n"
    )

    def migrate() -> None:
        run(
            "import os\nos.environ['DJANGO_SETTINGS_MODULE'] = 'settings'\n"
            "from django.core.management import execute_from_command_line as run\n"
            "run(['manage.py', 'makemigrations', 'books', '-v', '0'])\nrun(['manage.py', 'migrate', '-v', '0'])\n",
            folder,
        )

    def found(*, fixes: bool = False) -> Report:
        files = {str(p.relative_to(folder)): p.read_text() for p in sorted(folder.rglob("*.py"))}
        return audit_sources(files, fixes=fixes)

    migrate()
    report = found(fixes=True)
    assert sorted(f.at.line for f in report.findings if f.rule == "FA201") == [5, 9]
    edits = {e for f in report.findings if f.fix is not None for e in f.fix.edits}
    (app / "models.py").write_text(applied((app / "models.py").read_text(), edits))
    # Until the migration is made, the models are ahead of it.
    assert [f.rule for f in found().findings if f.rule in ("FA201", "FA209")] == ["FA209", "FA209"]
    migrate()
    assert [f.message for f in found().findings if f.rule in ("FA201", "FA202", "FA204", "FA209")] == []
    schema, _ = migrations(folder)
    assert differences(_unhashed(migrated(folder, folder / "shop.db")), _unhashed(folded(schema.tables))) == []
