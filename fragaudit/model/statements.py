"""SQL as it was written: its text, and where each part of the text stands in the file."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from fragaudit.model.locations import Location
from fragaudit.model.sql import Mark


class Segment(Struct, frozen=True, array_like=True):
    """From `offset` of a text on, each code point stands one column further, from `line` and `column` (both from 1).

    A new segment starts after each line break, at each escape, and at each new literal of a text put together.
    """

    offset: int
    line: int
    column: int


class Hole(Struct, frozen=True, array_like=True):
    """A part of a text that is computed. In the text stands a placeholder `:h0`, `:h1`…, at the offsets of `at`.

    `value`: certainly a value that could be bound as a parameter; `unknown`: it may be any piece of SQL.
    """

    at: Mark
    what: Literal["value", "unknown"]
    source: str = ""


class Written(Struct, frozen=True):
    """A text that is, or holds, SQL statements.

    `path` is the file it stands in, `at` the whole of it. `kind`: `file` is a .sql file, `query` a single statement,
    `script` several. `dialect` is sqlglot's name for the dialect of the store that runs it, empty if that isn't known;
    `store` that store's id. `dynamic` says why it can't be judged, empty if it can. `executed` is false for a text that
    merely looks like SQL and whose execution was not seen.
    """

    text: str
    path: str
    at: Location
    segments: tuple[Segment, ...]
    holes: tuple[Hole, ...] = ()
    kind: Literal["file", "query", "script"] = "query"
    dialect: str = ""
    store: str = ""
    dynamic: str = ""
    executed: bool = True
