"""Settings in classes, as django-configurations has them, and the values that it reads from the environment."""

from __future__ import annotations

import pytest

from fragaudit.pipeline import audit_sources

MODELS = """
from django.db import models

class Order(models.Model):
    code = models.CharField(max_length=9)
"""


def stores(settings: str) -> list[tuple[str, str]]:
    head = "from configurations import Configuration, values\n\n"
    report = audit_sources({"manage.py": "", "shop/settings.py": head + settings, "shop/models.py": MODELS})
    assert report.problems == ()
    return [(s.engine, s.identity) for service in report.services for s in service.stores]


@pytest.mark.parametrize(
    ("databases", "expected"),
    [
        (
            '{"default": {"ENGINE": values.Value("django.db.backends.postgresql", environ_name="DB_ENGINE"),'
            ' "NAME": values.Value("shop", environ_name="DB_NAME"),'
            ' "HOST": values.Value("db", environ_name="DB_HOST")}}',
            ("postgresql", "{DB_HOST}/{DB_NAME}"),
        ),
        ('values.DictValue({"default": {"ENGINE": "django.db.backends.mysql", "HOST": "db"}})', ("mysql", "db:3306")),
        ('values.DatabaseURLValue("postgres://app@db/shop")', ("postgresql", "db:5432/shop")),
        ('values.DatabaseURLValue(default="mysql://app@db/shop", environ_name="DB")', ("mysql", "db:3306/shop")),
    ],
)
def test_databases(databases: str, expected: tuple[str, str]) -> None:
    assert stores(f"class Base(Configuration):\n    DATABASES = {databases}\n") == [expected]


def test_an_engine_that_the_environment_chooses_is_its_default() -> None:
    code = (
        "import os\n\nDATABASES = {'default': {'ENGINE': os.environ.get('DB', 'django.db.backends.postgresql'),"
        " 'HOST': 'db'}}\n"
    )
    assert stores(code) == [("postgresql", "db:5432")]


def test_beside_an_address_that_is_given_later_a_dictionary_counts() -> None:
    code = (
        "import dj_database_url\n\nclass Base(Configuration):\n"
        '    DATABASES = {"default": dj_database_url.config() if values.DatabaseURLValue() else\n'
        '                 {"ENGINE": "django.db.backends.postgresql", "HOST": "db"}}\n'
    )
    assert stores(code) == [("postgresql", "db:5432")]


def test_classes_that_derive_from_a_configuration_are_one() -> None:
    code = (
        "class Base(Configuration):\n    DEBUG = values.BooleanValue(False)\n\n"
        'class Production(Base):\n    DATABASES = values.DatabaseURLValue("postgres://app@db/shop")\n'
    )
    assert stores(code) == [("postgresql", "db:5432/shop")]


def test_other_classes_hold_no_settings() -> None:
    assert stores('class Other:\n    DATABASES = values.DatabaseURLValue("postgres://app@db/shop")\n') == [
        ("sql", "an address known only at run time")
    ]
