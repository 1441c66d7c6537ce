"""The monorepo of four services: each rule on what services have to do with each other fires in the bad one alone."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from fragaudit.config import load
from fragaudit.model.findings import Report
from fragaudit.pipeline import audit
from fragaudit.report import MAP, Look

FIXTURES = Path(__file__).parent.parent / "fixtures"
RULES = ("FA109", "FA110", "FA208", "FA401", "FA402", "FA403", "FA404", "FA405")


@cache
def report_of(name: str) -> Report:
    folder = FIXTURES / name
    return audit([folder], folder, load(folder), jobs=1, cache=False).report


def found(name: str) -> list[tuple[str, str, int]]:
    report = report_of(name)
    assert report.problems == ()
    return [(f.rule, f.at.path, f.at.line) for f in report.findings if f.rule in RULES]


def test_the_good_one() -> None:
    assert found("monorepo_good") == []


FOUNDATION = "libs/shop_foundation/shop_foundation/__init__.py"
BAD = {
    "FA109": [
        ("services/answers/main.py", 16),
        ("services/catalog/main.py", 13),
        ("services/catalog/main.py", 14),
    ],
    "FA110": [
        ("fragaudit-stores.toml", 6),
        ("fragaudit-stores.toml", 116),
        (FOUNDATION, 11),
        (FOUNDATION, 15),
        (FOUNDATION, 23),
        ("services/catalog/main.py", 13),
        ("services/catalog/main.py", 14),
    ],
    "FA208": [
        ("services/catalog/README.md", 9),
        ("services/catalog/README.md", 10),
        ("services/catalog/README.md", 12),
        ("services/importer/schema.sql", 1),
    ],
    "FA401": [("services/importer/requirements.txt", 1)],
    "FA402": [("services/catalog/main.py", 40)],
    "FA403": [("services/accounts/people/views.py", 6)],
    "FA404": [("services/importer/main.py", 20), ("services/importer/main.py", 23)],
    "FA405": [("services/catalog/migrations/001_products.sql", 1)],
}


@pytest.mark.parametrize("rule", RULES)
def test_the_bad_one(rule: str) -> None:
    assert [(path, line) for code, path, line in found("monorepo_bad") if code == rule] == BAD[rule]


def test_each_service_has_the_stores_that_it_asks_the_foundation_for() -> None:
    stores = {s.name: sorted((t.engine, t.identity) for t in s.stores) for s in report_of("monorepo_good").services}
    assert stores == {
        "accounts": [("postgresql", "accounts-db:5432/accounts")],
        "answers": [
            ("celery backend", "{QUEUE_URL}"), ("postgresql", "{ANSWERS_DATABASE_URL}"), ("qdrant", "{VECTORS_URL}"),
        ],
        "catalog": [("postgresql", "{CATALOG_DATABASE_URL}"), ("redis", "{STOCK_URL}")],
        "importer": [
            ("celery backend", "{QUEUE_URL}"), ("postgresql", "{IMPORTER_DATABASE_URL}"), ("redis", "{STOCK_URL}"),
        ],
    }  # fmt: skip


def test_who_keeps_which_table() -> None:
    uses = {
        (service.name, use.container): (use.own, len(use.writes) > 0, len(use.reads) > 0)
        for service in report_of("monorepo_bad").services
        for use in service.uses
    }
    assert uses["catalog", "products"] == (True, True, True)
    assert uses["importer", "products"] == (False, True, False)
    assert uses["importer", "deliveries"][:2] == (True, True)
    databases = {u.database for s in report_of("monorepo_bad").services for u in s.uses if u.container == "products"}
    assert databases == {"relational:shop-db:5432/shop"}


@pytest.mark.parametrize(
    ("fixture", "container", "writers", "readers", "database"),
    [
        ("monorepo_good", "catalog:stock:*", ["catalog"], ["importer"], "kv:stock:6379/0"),
        ("monorepo_bad", "catalog:stock:*", ["catalog", "importer"], [], "kv:stock.internal:6379/0"),
        ("monorepo_good", "passages.refresh", ["importer"], ["answers"], "queue:queue:5672"),
        ("monorepo_bad", "passages.refresh", ["importer"], ["answers"], "queue:queue:5672"),
    ],
)
def test_who_writes_and_reads_keys_and_topics(
    fixture: str, container: str, writers: list[str], readers: list[str], database: str
) -> None:
    uses = [(s.name, use) for s in report_of(fixture).services for use in s.uses if use.container == container]
    assert [name for name, use in uses if use.writes] == writers
    assert [name for name, use in uses if use.reads] == readers
    assert {use.database for _, use in uses} == {database}
    # The matrix shows them: in each format of the map that is for reading.
    text, mermaid = (MAP[kind](report_of(fixture), Look()) for kind in ("text", "mermaid"))
    said = [f"written by {', '.join(writers)}"] + ([f"read by {', '.join(readers)}"] if readers else [])
    line = next(line for line in unfolded(text) if line.startswith(f"{container} in "))
    assert all(part in line for part in said)
    assert container.replace("*", "#42;") in mermaid


def unfolded(text: str) -> list[str]:
    """Return the lines of a text report with what was folded put together again."""
    return re.sub(r"\n {4,}", " ", text).replace("\n  ", "\n").split("\n")


def test_the_coordinator() -> None:
    (coordinator,) = next(s.coordinators for s in report_of("monorepo_good").services if s.coordinators)
    assert coordinator.name == "SearchCoordinator.search_across_services"
    assert coordinator.reaches == ("accounts", "catalog", "importer")
