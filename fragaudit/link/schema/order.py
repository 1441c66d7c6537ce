"""In which order the files of a repository change its schema: plain definitions, then migrations by their versions."""

from __future__ import annotations

import re
from typing import Literal

from fragaudit.model.asides import MIGRATIONS as FOLDERS

PLAIN, MIGRATIONS, MODELS, RUNNING = range(4)
"""What changes a schema, in order: plain files, migrations, models, which say what is meant to be, what runs later."""

_FOLDERS = frozenset({*FOLDERS, "updates"})
_FLYWAY = re.compile(r"^V(?P<version>\d+(?:[._]\d+)*)__", re.IGNORECASE)
_REPEATABLE = re.compile(r"^R__", re.IGNORECASE)
_NUMBERED = re.compile(r"^\d{2,}|^\d+[._-]")
_BASE = re.compile(r"schema|structure|tables?|ddl|create|init|base|model", re.IGNORECASE)
_DIGITS = re.compile(r"(\d+)")


def source(path: str) -> Literal["sql", "migration"]:
    """Say whether a file is one of a series of migrations."""
    folders, _, name = path.rpartition("/")
    if _FLYWAY.match(name) or _REPEATABLE.match(name):
        return "migration"
    return "migration" if _FOLDERS & set(folders.lower().split("/")) else "sql"


def order(path: str) -> tuple[int | str, ...]:
    """Return the key that sorts files into the order in which they run.

    Plain files come first: those that are called after a schema, then the others, numbers in names counting as
    numbers. Migrations follow, folder by folder, repeatable ones last.
    """
    folder, _, name = path.rpartition("/")
    if source(path) == "sql":
        numbered = _NUMBERED.match(name) is not None
        return (PLAIN, "", 0 if numbered or _BASE.search(name) else 1, *_natural(f"{folder}/{name}"))
    flyway = _FLYWAY.match(name)
    if flyway is not None:
        version = "".join(f"{int(n):020d}." for n in re.split(r"[._]", flyway["version"]))
        return (MIGRATIONS, folder, 0, version, name)
    return (MIGRATIONS, folder, 1 if _REPEATABLE.match(name) else 0, *_natural(name))


def later(path: str) -> tuple[int | str, ...]:
    """Return the key of what a service adds to its tables while it runs: all else has been by then."""
    return (RUNNING, *order(path))


def _natural(text: str) -> tuple[str, ...]:
    """Return text in parts that sort numbers by their value."""
    return tuple(f"{int(part):020d}" if part.isdigit() and len(part) <= 20 else part for part in _DIGITS.split(text))
