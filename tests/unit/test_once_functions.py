"""Functions that only commands come to: what they ask is asked by hand, as the commands themselves are."""

from __future__ import annotations

import pytest

from fragaudit.model.findings import Confidence
from fragaudit.pipeline import audit_sources

MODELS = """
from django.db import models

class Order(models.Model):
    code = models.CharField(max_length=9)
    label = models.CharField(max_length=9)
    buyer = models.ForeignKey("auth.User", models.CASCADE)
"""
SETTINGS = """
DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "NAME": "shop", "HOST": "db"}}
INSTALLED_APPS = ["shop"]
"""
REPORTS = """from django.db import connection
from shop.models import Order

def _rows(code):
    return list(Order.objects.filter(code=code))

def _texts(label):
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM shop_order WHERE label = %s", [label])

def report(code, label):
    return _rows(code), _texts(label)
"""
COMMAND = """from django.core.management.base import BaseCommand
from shop.reports import report

class Command(BaseCommand):
    def handle(self, *args, **options):
        report(options["code"], options["label"])
"""
VIEWS = """from django.http import HttpResponse
from shop.models import Order

def order(request):
    Order.objects.create(code=request.GET["code"], label="", buyer=request.user)
    return HttpResponse()
"""
FILES = {
    "shop/__init__.py": "", "shop/models.py": MODELS, "shop/settings.py": SETTINGS, "shop/reports.py": REPORTS,
    "shop/views.py": VIEWS, "shop/management/commands/report.py": COMMAND,
}  # fmt: skip
HAND, SERVICE = Confidence.POSSIBLE, Confidence.LIKELY


def told(**more: str) -> list[tuple[int, Confidence]]:
    """Return the lines of the reports' module with an access that no index serves, and how sure that is."""
    files = {**FILES, **{f"shop/{name}.py": text for name, text in more.items()}}
    report = audit_sources(files)
    assert report.problems == ()
    return [(f.at.line, f.confidence) for f in report.findings if f.rule == "FA201" and f.at.path == "shop/reports.py"]


def test_what_commands_alone_come_to_is_asked_by_hand() -> None:
    assert told() == [(5, HAND), (9, HAND)]


@pytest.mark.parametrize(
    "more",
    [
        {"views": VIEWS + "\nfrom shop.reports import report\n"},
        {"views": VIEWS + "\ndef page(request):\n    from shop.reports import report\n    report(1, 2)\n"},
        {"pages": "def page(request):\n    from shop.reports import (\n        report,\n    )\n    report(1, 2)\n"},
        {"pages": "from shop.reports import *\n"},
        {"pages": "from shop import reports\n"},
        {"pages": "import shop.reports\n"},
        {"reports": REPORTS + "\nREPORTS = [report]\n"},
        {"reports": REPORTS + "\ndef page(request):\n    return report(1, 2)\n"},
        {"reports": REPORTS.replace("def report", "@shared_task\ndef report")},
    ],
)
def test_what_others_come_to_as_well_is_asked_by_the_service(more: dict[str, str]) -> None:
    assert told(**more) == [(5, SERVICE), (9, SERVICE)]


def test_each_function_by_its_own_callers() -> None:
    assert told(views=VIEWS + "\nfrom shop.reports import _rows\n") == [(5, SERVICE), (9, HAND)]
