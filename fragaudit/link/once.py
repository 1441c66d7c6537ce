"""Files whose statements run once, by migrations and by hand, rather than whenever the service is asked."""

from __future__ import annotations

import re

_MIGRATION = re.compile(r"(?:^|/)(?:migrations|alembic|versions)/")


def asked_once(path: str) -> str:
    """Return why what a file asks is asked once, empty if it is asked by the service."""
    if _MIGRATION.search(path):
        return "it is part of a migration"
    return "it is a management command" if "/management/commands/" in f"/{path}" else ""
