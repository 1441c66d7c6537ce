"""Search across services: what each offers to the others, and what asks several of them."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from fragaudit.model.locations import Location


class ResultField(Struct, frozen=True):
    """A field of a search result: its name, the other names it travels under, and its type.

    `kind` is what the type comes down to (`str`, `int`, `float`, `bool`, `list`, `mapping`, `other`), or `unknown`.
    """

    name: str
    type: str
    kind: str
    aliases: tuple[str, ...] = ()


class SearchOffer(Struct, frozen=True):
    """A search that a service offers to others: a function, method or route of a standard name.

    `fields` are those of one result, None where the result's type could not be followed. `result` is that type's name.
    """

    at: Location
    name: str
    how: Literal["function", "method", "route"]
    result: str = ""
    result_at: Location | None = None
    fields: tuple[ResultField, ...] | None = None


class Coordinator(Struct, frozen=True):
    """A function that asks the searches of several services: which ones, and how many more could not be told.

    `open`: it goes over a registry whose content isn't known, so it may reach any service.
    """

    at: Location
    name: str
    reaches: tuple[str, ...]
    unknown: int = 0
    open: bool = False
