"""Work that another process may do beside this one; what it comes to is the same either way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeAlias

Asked: TypeAlias = Callable[[], Any]
"""Returns what work is given on the way, once that is known: each time the next; done here, each time the last."""

Work: TypeAlias = Callable[[Asked], Any]


class Apart(Protocol):
    """Work under way: it is given something at some time, and at last what it came to is taken."""

    def give(self, given: Any) -> None:
        """Tell the work what it asks for."""

    def take(self) -> Any:
        """Return what the work came to."""


Start: TypeAlias = Callable[[Work], Apart]


class Here:
    """Work that is done in this process, when it is taken."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._given: Any = None

    def give(self, given: Any) -> None:
        """Tell the work what it asks for."""
        self._given = given

    def take(self) -> Any:
        """Do the work and return what it came to."""
        return self._work(lambda: self._given)
