"""Indexes added to models of Django: where they are put, what stays as it is, and that they help."""

# ruff: noqa: E501  # code in tables reads best on one line

from __future__ import annotations

import pytest

from fragaudit.fix import applied
from fragaudit.model.findings import Edit
from fragaudit.pipeline import audit_sources

HEAD = "from django.db import models\n\n\n"
SETTINGS = 'DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "NAME": "shop", "HOST": "db"}}\n'
SINGLE = "list(User.objects.filter(email=a))"
PAIR = "list(User.objects.filter(email=a, age__gt=b))"
INDEX = 'models.Index(fields=["email", "age"], name="ix_shop_user_email_age")'


def edited(models: str, query: str, head: str = HEAD) -> tuple[str, dict[str, str]]:
    """Return the models with the fixes of a query's findings made, and all files."""
    work = f"from shop.models import *\n\ndef work(a, b):\n    {query}\n"
    files = {
        "shop/__init__.py": "",
        "shop/models.py": head + models,
        "shop/work.py": work,
        "shop/settings.py": SETTINGS,
    }
    report = audit_sources(files, fixes=True)
    fixes = [f.fix for f in report.findings if f.rule in ("FA201", "FA204") and f.fix is not None]
    assert not any(fix.safe for fix in fixes)
    edits: set[Edit] = {e for fix in fixes for e in fix.edits}
    files["shop/models.py"] = applied(head + models, edits)
    return files["shop/models.py"], files


def model(body: str, base: str = "models.Model") -> str:
    lines = "".join(f"    {line}\n" if line else "\n" for line in body.strip("\n").split("\n"))
    return f"class User({base}):\n{lines}"


FIELDS = "email = models.CharField(max_length=9)\nage = models.IntegerField()"
CASES = [
    pytest.param(
        model("email = models.CharField(max_length=9)  # where\nage = models.IntegerField()"), SINGLE,
        model("email = models.CharField(max_length=9, db_index=True)  # where\nage = models.IntegerField()"),
        id="a field",
    ),
    pytest.param(
        model("email = models.CharField(\n    'E-mail',\n    max_length=9,  # short\n)"), SINGLE,
        model("email = models.CharField(\n    'E-mail',\n    max_length=9,  # short\n    db_index=True,\n)"),
        id="a field on several lines",
    ),
    pytest.param(
        model("email = models.CharField(max_length=9, db_index=False)"), SINGLE,
        model("email = models.CharField(max_length=9, db_index=True)"),
        id="a field that says no",
    ),
    pytest.param(
        model("email = models.CharField(max_length=9, db_column='mail')"), SINGLE,
        model("email = models.CharField(max_length=9, db_column='mail', db_index=True)"),
        id="a column of another name",
    ),
    pytest.param(
        model(f"{FIELDS}  # years\n\ndef __str__(self):\n    return self.email"), PAIR,
        model(f"{FIELDS}  # years\n\nclass Meta:\n    indexes = [{INDEX}]\n\ndef __str__(self):\n    return self.email"),
        id="no Meta",
    ),
    pytest.param(
        model(f"{FIELDS}\n\nclass Meta:\n    verbose_name = 'user'  # one\n    # the end\n\nx = 1"), PAIR,
        model(f"{FIELDS}\n\nclass Meta:\n    verbose_name = 'user'  # one\n    indexes = [{INDEX}]\n    # the end\n\nx = 1"),
        id="Meta without indexes",
    ),
    pytest.param(
        model(f"{FIELDS}\n\nclass Meta:\n    indexes = [models.Index(fields=['age'])]  # by age"), "list(User.objects.filter(email=a, age=b))",
        model(f"{FIELDS}\n\nclass Meta:\n    indexes = [models.Index(fields=['age'])]  # by age"),
        id="one that only another would make superfluous",
    ),
    pytest.param(
        model(f"{FIELDS}\nname = models.TextField()\n\nclass Meta:\n    indexes = [\n        models.Index(fields=['name']),  # by name\n    ]"), PAIR,
        model(f"{FIELDS}\nname = models.TextField()\n\nclass Meta:\n    indexes = [\n        models.Index(fields=['name']),  # by name\n        {INDEX},\n    ]"),
        id="a list of indexes",
    ),
    pytest.param(
        model(f"{FIELDS}\nname = models.TextField()\n\nclass Meta:\n    indexes = (models.Index(fields=['name']),)"), PAIR,
        model(f"{FIELDS}\nname = models.TextField()\n\nclass Meta:\n    indexes = (models.Index(fields=['name']), {INDEX},)"),
        id="a tuple of indexes",
    ),
    pytest.param(
        model(f"{FIELDS}\n\nclass Meta:\n    indexes = []"), PAIR, model(f"{FIELDS}\n\nclass Meta:\n    indexes = [{INDEX}]"),
        id="an empty list of indexes",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("before", "query", "after"), CASES)
def test_the_index_stands_where_a_person_would_put_it(before: str, query: str, after: str) -> None:
    text, files = edited(before, query)
    assert text.removeprefix(HEAD) == after
    if before != after:
        again = audit_sources(files)
        assert again.problems == ()
        assert [f.message for f in again.findings if f.rule in ("FA201", "FA202", "FA204")] == []


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(model(FIELDS, "Base"), id="the Meta of a base elsewhere"),
        pytest.param(
            model(f"{FIELDS}\n\nclass Meta(Base.Meta):\n    pass", "Base"), id="a Meta that derives from another"
        ),
        pytest.param(model(f"{FIELDS}\n\nclass Meta:\n    indexes = list(MORE)"), id="a computed list"),
        pytest.param(model(f"{FIELDS}\n\nclass Meta: verbose_name = 'x'"), id="a Meta on one line"),
    ],
)
def test_what_is_not_plain_stays_as_it_is(before: str) -> None:
    head = HEAD + "class Base(models.Model):\n    class Meta:\n        abstract = True\n\n\n"
    assert edited(before, PAIR, head)[0] == head + before


def test_a_base_without_options_does_not_hinder() -> None:
    head = HEAD + "class Base(models.Model):\n    x = models.IntegerField()\n\n\n"
    text, _ = edited(model(FIELDS, "Base"), PAIR, head)
    assert text.removeprefix(head) == model(f"{FIELDS}\n\nclass Meta:\n    indexes = [{INDEX}]", "Base")


def test_the_module_is_imported_where_only_its_fields_were() -> None:
    head = "from django.db.models import CharField, IntegerField, Model\n"
    body = "email = CharField(max_length=9)\nage = IntegerField()"
    text, _ = edited("\n\n" + model(body, "Model"), PAIR, head)
    assert text == f"{head}from django.db import models\n\n\n" + model(
        f"{body}\n\nclass Meta:\n    indexes = [{INDEX}]", "Model"
    )


def test_a_reference_that_has_no_index_gets_one() -> None:
    other = "class Owner(models.Model):\n    pass\n\n\n"
    field = "owner = models.ForeignKey(Owner, on_delete=models.CASCADE, db_index={})"
    text, _ = edited(other + model(field.format("False")), "list(User.objects.filter(owner_id=a))")
    assert text == HEAD + other + model(field.format("True"))
