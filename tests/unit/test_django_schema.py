"""Django's models and migrations where libraries and code have a hand in them, and where the two disagree."""

# ruff: noqa: E501  # code reads best on one line

from __future__ import annotations

import pytest

from fragaudit.model.schema import Table
from fragaudit.pipeline import audit_sources

SETTINGS = 'DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "NAME": "a", "HOST": "db"}}\n'
START = "from django.db import migrations, models\n"
CREATE = (
    'migrations.CreateModel("Book", [("id", models.BigAutoField(primary_key=True)), '
    '("title", models.CharField(max_length=9)), ("isbn", models.CharField(max_length=9))])'
)
MODEL = "class Book({}):\n    title = models.CharField(max_length=9)\n    isbn = models.CharField(max_length=9)\n"


def tables(files: dict[str, str]) -> dict[str, Table]:
    report = audit_sources({"shop/__init__.py": "", "shop/settings.py": SETTINGS, **files})
    assert report.problems == ()
    return {t.name: t for s in report.services for t in s.schema}


def migrated(*operations: str, before: str = "", models: str = "", more: str = "") -> dict[str, Table]:
    code = f"{START}{more}\n{before}\n\nclass Migration(migrations.Migration):\n    operations = [{', '.join(operations)}]\n"
    return tables({"shop/models.py": START + models, "shop/migrations/0001_initial.py": code})


def columns(table: Table) -> list[tuple[str, ...]]:
    return [tuple(k.column for k in index.keys) for index in table.indexes]


INDEX = "create index by_title on shop_book (title)"


@pytest.mark.parametrize(
    ("before", "more"),
    [
        (f"def forward(apps, schema_editor):\n    schema_editor.execute('{INDEX}')\n", ""),
        (f"SQL = '{INDEX}'\ndef run(sql):\n    pass\ndef forward(apps, schema_editor):\n    run(sql=SQL)\n", ""),
        (f"def later():\n    cursor().execute('{INDEX}')\ndef forward(a, e):\n    start(later)\n", "from x import start, cursor\n"),
        (f"def forward(apps, schema_editor):\n    for sql in ['{INDEX}', 'select 1']:\n        schema_editor.execute(sql)\n", ""),
    ],
    ids=["by the editor", "handed on", "in a job", "in a loop"],
)  # fmt: skip
def test_sql_that_a_function_runs_counts(before: str, more: str) -> None:
    found = migrated(CREATE, "migrations.RunPython(forward, forward)", before=before, more=more)
    assert columns(found["shop_book"]) == [("id",), ("title",)]


def test_operations_handed_to_a_function_count() -> None:
    index = 'migrations.AddIndex("book", models.Index(fields=["isbn"], name="i"))'
    code = f"{START}from x import wrapped\n\nclass Migration(migrations.Migration):\n    operations = [{CREATE}]\n"
    second = f"{START}from x import wrapped\n\nclass Migration(migrations.Migration):\n"
    second += f"    dependencies = [('shop', '0001_initial')]\n    operations = wrapped({index})\n"
    found = tables(
        {"shop/models.py": START, "shop/migrations/0001_initial.py": code, "shop/migrations/0002_b.py": second}
    )
    assert columns(found["shop_book"]) == [("id",), ("isbn",)]


def test_a_long_squashed_migration_is_read_whole() -> None:
    many = [f'migrations.CreateModel("B{n}", [("id", models.BigAutoField(primary_key=True))])' for n in range(500)]
    found = migrated(CREATE, *many)
    assert "shop_b499" in found


@pytest.mark.parametrize("base", ["LifecycleModel", "models.Model, LifecycleModel"])
def test_a_model_of_a_library_s_base_is_known_whole_by_its_migrations(base: str) -> None:
    start = "from django_lifecycle import LifecycleModel\n"
    alone = tables({"shop/models.py": START + start + MODEL.format(base)})
    assert alone["shop_book"].silent == "its base django_lifecycle.LifecycleModel isn't in the repository"
    both = migrated(CREATE, models=start + MODEL.format(base))
    assert both["shop_book"].silent == ""


def test_forms_and_schemas_are_no_models() -> None:
    code = (
        START + "from django import forms\nfrom ninja.params.models import BodyModel\nfrom shop.made import form_of\n"
    )
    code += MODEL.format("models.Model") + "class F(form_of(Book), forms.Form):\n    x = forms.CharField()\n"
    code += "class B(BodyModel):\n    pass\n"
    made = "def form_of(model):\n    return type('F', (), {})\n"
    assert list(tables({"shop/models.py": code, "shop/made.py": made})) == ["shop_book"]


def test_a_model_that_only_derives_from_another_is_a_model() -> None:
    files = {
        "shop/abstract_models.py": START + MODEL.format("models.Model").replace("Book", "AbstractBook")
        + "    class Meta:\n        abstract = True\n",
        "shop/models.py": "from shop.abstract_models import *\n\nif not known('Book'):\n\n    class Book(AbstractBook):\n"
        "        pass\n",
    }  # fmt: skip
    assert list(tables(files)) == ["shop_book"]


def drifts(models: str, *operations: str, before: str = "") -> list[tuple[str, tuple[str, ...]]]:
    code = f"{START}{before}\n\nclass Migration(migrations.Migration):\n    operations = [{', '.join(operations)}]\n"
    files = {"shop/__init__.py": "", "shop/settings.py": SETTINGS, "shop/models.py": START + models}
    report = audit_sources({**files, "shop/migrations/0001_initial.py": code})
    return [(d.has, d.columns) for s in report.services for d in s.drifts]


def test_an_index_made_by_sql_is_no_drift() -> None:
    assert drifts(MODEL.format("models.Model"), CREATE, f"migrations.RunSQL('{INDEX}')") == []


def test_an_index_that_only_one_side_has_is_drift() -> None:
    index = 'migrations.AddIndex("book", models.Index(fields=["isbn"], name="i"))'
    assert drifts(MODEL.format("models.Model"), CREATE, index) == [("migration", ("isbn",))]
    indexed = MODEL.format("models.Model").replace("max_length=9)\n    isbn", "max_length=9, db_index=True)\n    isbn")
    assert drifts(indexed, CREATE) == [("model", ("title",))]


def test_a_unique_index_is_the_same_in_any_order() -> None:
    one = 'migrations.AddConstraint("book", models.UniqueConstraint(fields=["isbn", "title"], name="u"))'
    meta = "    class Meta:\n        unique_together = [('title', 'isbn')]\n"
    assert drifts(MODEL.format("models.Model") + meta, CREATE, one) == []
