"""Which function is which rule."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from functools import cache

from fragaudit.model.findings import Hit

Check = Callable[..., Iterator[Hit]]
_CHECKS: dict[str, Check] = {}
_WHOLE: set[str] = set()


def check(code: str, *, whole: bool = False) -> Callable[[Check], Check]:
    """Register a function as the check of a rule. It takes a service, and the card's parameters as keywords.

    One of the `whole` takes the repository in place of a service, and says itself which service a hit is of.
    """

    def register(function: Check) -> Check:
        if code in _CHECKS:
            raise ValueError(f"{code} has two checks")
        _CHECKS[code] = function
        if whole:
            _WHOLE.add(code)
        return function

    return register


def takes_repository(code: str) -> bool:
    """Say whether a rule's check looks at all services at once."""
    return code in _WHOLE


@cache
def registered() -> dict[str, Check]:
    """Return all checks by code, importing every module of this package."""
    package = importlib.import_module("fragaudit.checks")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"fragaudit.checks.{module.name}")
    return dict(sorted(_CHECKS.items()))
