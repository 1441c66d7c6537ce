"""Files whose statements run once, by migrations and by hand, rather than whenever the service is asked."""

from __future__ import annotations

import re

_MIGRATION = re.compile(r"(?:^|/)(?:migrations|alembic|versions)/")
_COMMAND = re.compile(r"(?:^|/)(?:cli/.*|(?:cli|populate|seeds?|(?:random|demo|sample|fake|dummy)_?data)\.py$)")


def run_by_migration(path: str) -> bool:
    """Return whether a file is one of a chain of migrations, by its folder."""
    return _MIGRATION.search(path) is not None


def asked_once(path: str) -> str:
    """Return why what a file asks is asked once, empty if it is asked by the service."""
    if run_by_migration(path):
        return "it is part of a migration"
    if "/management/commands/" in f"/{path}":
        return "it is a management command"
    return "it is a command run by hand" if _COMMAND.search(path) is not None else ""
