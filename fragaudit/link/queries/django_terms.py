"""What Django's `Q`, `F`, sub-queries, rows and managers are before it is known whose columns they name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fragaudit.link.orm.core import Model
from fragaudit.link.queries.draft import Draft, Thing

OF = "django"
OUTER = ":outer"
"""The source of columns of the query around, until that is known."""


@dataclass(frozen=True)
class Lookups:
    """A `Q`: conditions by name, and how they are joined, before it is known whose names they are."""

    items: tuple[tuple[str, Thing, tuple[int, int]] | Lookups | Thing, ...] = ()
    any: bool = False
    negative: bool = False


@dataclass(frozen=True)
class Name:
    """An `F`, an expression over one, or an `OuterRef`, before it is known whose name it is."""

    path: str
    function: str = ""
    outer: bool = False
    more: tuple[Thing, ...] = ()
    descending: bool = False
    nulls: Literal["", "first", "last"] = ""


@dataclass(frozen=True)
class Aggregate:
    """An aggregate of `annotate` or `aggregate`."""

    name: str
    over: Thing


@dataclass(frozen=True)
class Exists:
    """A query asked only whether it has rows."""

    draft: Draft


class _Rows:
    """What comes back from a query that was run."""


ROWS = _Rows()


@dataclass(frozen=True)
class Around:
    """A view or a page of the admin: what it has of a query is its `queryset`, and what `get_queryset` gives."""

    query: Draft


@dataclass(frozen=True)
class One:
    """A row of a model, such as `get` gives: its relations lead to other rows."""

    model: Model


@dataclass(frozen=True)
class Links:
    """A relation to many as its class has it: `through` is the model of the rows between."""

    model: Model


def is_django_like(model: Model) -> bool:
    """Say whether a model is asked by lookups with double underscores."""
    return model.framework.startswith(("django", "tortoise", "ormar"))
