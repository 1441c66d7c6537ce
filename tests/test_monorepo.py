"""The monorepo of four services: each rule on what services have to do with each other fires in the bad one alone."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from fragaudit.config import load
from fragaudit.model.findings import Report
from fragaudit.pipeline import audit

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


def test_the_bad_one() -> None:
    foundation = "libs/shop_foundation/shop_foundation/__init__.py"
    assert sorted(found("monorepo_bad")) == [
        ("FA109", "services/answers/main.py", 16),
        ("FA109", "services/catalog/main.py", 13),
        ("FA109", "services/catalog/main.py", 14),
        ("FA110", "fragaudit-stores.toml", 6),
        ("FA110", "fragaudit-stores.toml", 116),
        ("FA110", foundation, 9),
        ("FA110", foundation, 13),
        ("FA110", "services/catalog/main.py", 13),
        ("FA110", "services/catalog/main.py", 14),
        ("FA208", "services/catalog/README.md", 9),
        ("FA208", "services/catalog/README.md", 10),
        ("FA208", "services/importer/schema.sql", 1),
        ("FA401", "services/importer/requirements.txt", 1),
        ("FA402", "services/catalog/main.py", 35),
        ("FA403", "services/accounts/people/views.py", 6),
        ("FA404", "services/importer/main.py", 17),
        ("FA405", "services/catalog/migrations/001_products.sql", 1),
    ]


def test_each_service_has_the_stores_that_it_asks_the_foundation_for() -> None:
    stores = {s.name: sorted((t.engine, t.identity) for t in s.stores) for s in report_of("monorepo_good").services}
    assert stores == {
        "accounts": [("postgresql", "accounts-db:5432/accounts")],
        "answers": [("postgresql", "{ANSWERS_DATABASE_URL}"), ("qdrant", "{VECTORS_URL}")],
        "catalog": [("postgresql", "{CATALOG_DATABASE_URL}")],
        "importer": [("postgresql", "{IMPORTER_DATABASE_URL}")],
    }


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


def test_the_coordinator() -> None:
    (coordinator,) = next(s.coordinators for s in report_of("monorepo_good").services if s.coordinators)
    assert coordinator.name == "SearchCoordinator.search_across_services"
    assert coordinator.reaches == ("accounts", "catalog", "importer")
