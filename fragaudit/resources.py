"""Where the rules folder is: in the installed package, or beside it in a checkout."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

MARKER = "index.toml"


class ResourceError(Exception):
    """The rules are missing; an audit without them would report every project clean."""


@cache
def rules_root() -> Traversable:
    """Return the folder of cards, stores and schemas. Raises ResourceError if there is none."""
    package = files("fragaudit")
    for candidate in (package / "_rules", package / ".." / "rules"):
        if (candidate / MARKER).is_file():
            return candidate
    raise ResourceError("the rules folder is missing from this installation of fragaudit; install it again")
