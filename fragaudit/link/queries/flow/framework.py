"""What is asked of each library whose query expressions are understood."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from fragaudit.link.queries.draft import Thing
from fragaudit.model.values import Call, Value

if TYPE_CHECKING:
    from fragaudit.link.queries.flow.scope import Flow


class Framework(Protocol):
    """What the flow asks of each library."""

    def function(self, call: Call, flow: Flow) -> Thing | None:
        """Return what a call of the library's functions is."""

    def attribute(self, base: Thing, name: str, flow: Flow) -> Thing | None:
        """Return what an attribute of something known is."""

    def method(self, base: Thing, call: Call, name: str, flow: Flow) -> Thing | None:
        """Return what calling a method of something known gives."""

    def item(self, base: Thing, key: Value, flow: Flow) -> Thing | None:
        """Return what an item or slice of something known is."""

    def operation(self, op: str, things: list[Thing], flow: Flow) -> Thing | None:
        """Return what an operator makes of things that this library alone knows."""

    def each(self, found: Thing, flow: Flow) -> Thing | None:
        """Return what a loop over something known gives each time."""
