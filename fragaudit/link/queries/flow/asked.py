"""What following a scope comes to: the queries that are asked there."""

from __future__ import annotations

from typing import NamedTuple

from fragaudit.link.queries.draft import Draft, Drafts, Thing
from fragaudit.model.locations import Location

MOST_OPTIONS = 4
"""Queries that a name may stand for at one place."""


class Asked(NamedTuple):
    """A query that is run, or handed on without being run (`lazy`: more may be added to it by `function`'s callers).

    `maintenance` says why it isn't the service that asks, empty if it is.
    """

    draft: Draft
    branch: int
    at: Location
    file: int
    lazy: str = ""
    maintenance: str = ""


def options(found: Thing) -> tuple[Draft, ...]:
    """Return the queries that something may be."""
    if isinstance(found, Draft):
        return (found,)
    return found.options if isinstance(found, Drafts) else ()
