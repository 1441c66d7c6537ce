"""What lies beside a service, by the names of folders and files: tests, examples, scripts, migrations, commands."""

from __future__ import annotations

import re

TESTS = ("tests", "test", "testing", "__tests__", "e2e", "integration_tests", "unit_tests")
EXAMPLES = ("examples", "example", "samples", "sample", "demo", "demos", "cookbook", "cookbooks", "notebooks",
            "tutorials", "tutorial")  # fmt: skip
MIGRATIONS = ("migrations", "migration", "migrate", "versions", "alembic", "changelog", "changelogs", "upgrades",
              "patches", "deltas", "delta", "evolutions")  # fmt: skip
SCRIPTS = ("scripts", "benchmarks", "benchmark", "evals")

_TESTING = re.compile(
    r"^tests[-_]|^(?:unit|integration|functional|acceptance|e2e|load|smoke|performance|system|regression)[-_]tests?$"
)
_MIGRATION = re.compile(rf"(?:^|/)(?:{'|'.join(MIGRATIONS)})/", re.IGNORECASE)
_COMMAND = re.compile(
    r"(?:^|/)(?:cli/.*|cli\.py$)|(?:^|/)(?:fixes|backfills?|one_?offs?)/|(?:^|/)(?:fix|backfill)_\w+\.py$"
)
_MAKING_UP = re.compile(
    r"(?:^|/)(?:fixtures?|seeds?|seeders?|simulat(?:e|or|ors|ion|ions)|load_?tests?"
    r"|(?:random|demo|sample|fake|dummy|mock|dev|test|seed)[-_]?data)(?:/.*|\.py$)|(?:^|/)(?:populate|locustfile)\.py$"
)
_OPENING = re.compile(
    r"(?:^|[/_.])(?:alembic|backups?|bin|cli|commands?|deprecated|dev|examples?|maintenance|scripts?|tests?|testing|tools)(?=[/_.])"
    r"|migrat",
    re.IGNORECASE,
)


def holds_tests(folder: str) -> bool:
    """Say whether a folder is one of tests, by its name."""
    return folder in TESTS or _TESTING.match(folder) is not None


def run_by_migration(path: str) -> bool:
    """Say whether a file is one of a chain of migrations, by its folder."""
    return _MIGRATION.search(path) is not None


def run_once(path: str) -> str:
    """Return why what a file asks is asked once, empty if it is asked by the service, as far as its path tells."""
    if run_by_migration(path):
        return "it is part of a migration"
    if "/management/commands/" in f"/{path}":
        return "it is a management command"
    if _MAKING_UP.search(path) is not None:
        return "it makes up rows to try the service with"
    return "it is a command run by hand" if _COMMAND.search(path) is not None else ""


def opens_for_itself(path: str) -> bool:
    """Say whether a file runs beside its service and opens a store for itself, as tools and tests do."""
    return _OPENING.search(path) is not None
