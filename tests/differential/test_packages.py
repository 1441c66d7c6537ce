"""Published Django packages: what `migrate` makes of them, against models and migrations read from their source."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

from differential.compare import Shape, differences, evaluator, folded, migrations, real, run
from fragaudit.link.orm import Mapping

pytest.importorskip("django", reason="django comes with the `differential` extra")

MIGRATE = """
import django
from django.conf import settings
settings.configure(
    SECRET_KEY="x", USE_TZ=True, DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", {app!r}],
    DATABASES={{"default": {{"ENGINE": "django.db.backends.sqlite3", "NAME": {database!r}}}}},
)
django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0, skip_checks=True)
"""
LIBRARY = re.compile(r"^(?:auth_|django_(?:content_type|migrations))")


@pytest.mark.parametrize(("app", "tables"), [("django_celery_beat", 6), ("oauth2_provider", 6), ("taggit", 2)])
def test_a_package_reads_as_it_migrates(app: str, tables: int, tmp_path: Path) -> None:
    pytest.importorskip(app, reason=f"{app} comes with the `differential` extra")
    database = tmp_path / "package.db"
    run(MIGRATE.format(app=app, database=str(database)), tmp_path)
    found = {n: _constraints_unnamed(shape) for n, shape in real(database).items() if not LIBRARY.match(n)}
    assert len(found) == tables
    spec = importlib.util.find_spec(app)
    assert spec is not None
    assert spec.origin is not None
    folder = Path(spec.origin).parent
    paths = sorted(folder.rglob("*.py"))
    schema, histories = migrations(folder.parent, paths)
    assert [history.gaps for history in histories] == [()]
    assert differences(found, folded(schema.tables)) == []
    models = Mapping(evaluator(folder.parent, paths)).defining
    assert differences(found, folded(model.table for model in models)) == []


def _constraints_unnamed(shape: Shape) -> Shape:
    """SQLite has constraints of Django as unique indexes; the folded ones say what they are."""
    indexes = tuple(sorted(("" if name.endswith("_uniq") else name, *rest) for name, *rest in shape.indexes))
    return shape._replace(indexes=indexes)  # type: ignore[arg-type]
