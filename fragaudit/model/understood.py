"""What was understood of a repository, before anything is judged."""

from __future__ import annotations

from msgspec import Struct

from fragaudit.model.facts import Ignore
from fragaudit.model.findings import Coverage, Edit
from fragaudit.model.locations import Problem
from fragaudit.model.stores import Service


class Fixes(Struct, frozen=True):
    """By which edits findings of a report go away, by the number of the finding; `path` are the paths asked for."""

    path: str
    edits: dict[int, tuple[Edit, ...]]


class Understood(Struct, frozen=True):
    """The services with all that checks look at, what could not be read, and out of how much.

    `path` are the paths that were asked for. `ignores` are the inline ignores by file.
    """

    path: str
    services: tuple[Service, ...]
    problems: tuple[Problem, ...]
    ignores: dict[str, tuple[Ignore, ...]]
    coverage: Coverage
