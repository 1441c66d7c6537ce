"""SQL as it was written: its text, and where each part of the text stands in the file."""

from __future__ import annotations

from bisect import bisect_right
from typing import Literal

from msgspec import Struct

from fragaudit.model.locations import Location
from fragaudit.model.schema import Change
from fragaudit.model.sql import NOWHERE, Mark, Statement

BY_ADMIN = "it is offered by the admin"
BY_CLIENTS = "it is offered to clients, who may never ask it"
OFFERED = frozenset({BY_ADMIN, BY_CLIENTS})
"""What `maintenance` says of a query that is declared, and run when somebody chooses it."""


class Segment(Struct, frozen=True, array_like=True):
    """From `offset` of a text on, each code point stands one column further, from `line` and `column` (both from 1).

    A new segment starts after each line break, at each escape, and at each new literal of a text put together.
    """

    offset: int
    line: int
    column: int


class Hole(Struct, frozen=True, array_like=True):
    """A part of a text that is computed. In the text stands a placeholder `:h0`, `:h1`…, at the offsets of `at`.

    Where only a name can stand, it is `h0` without the colon; where nothing could, the mark is empty. `value`:
    certainly a value that could be bound as a parameter; `unknown`: it may be any piece of SQL.
    """

    at: Mark
    what: Literal["value", "unknown"]
    source: str = ""


class Written(Struct, frozen=True):
    """A text that is, or holds, SQL statements.

    `path` is the file it stands in, `at` the whole of it. `kind`: `file` is a statement of a .sql file, `query` a
    single statement, `script` several. `dialect` is sqlglot's name for the dialect of the store that runs it, empty if
    that isn't known; `store` that store's id. `dynamic` says why it can't be judged, empty if it can. `executed` is
    false for a text that merely looks like SQL and whose execution was not seen. `maintenance` says why it is run once
    rather than by the service, empty if it isn't. `composed`: it was put together from several parts, so that what is
    wrong with it may be how we did that. `called` is the call that gives a wrapper what it says, where several do.
    `places` are those of a statement that never was text, in the order
    of its marks.
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
    maintenance: str = ""
    places: tuple[Location, ...] = ()
    composed: bool = False
    called: Location | None = None

    def place(self, mark: Mark) -> Location:
        """Return where a mark stands in the file; the whole text for one that stands nowhere."""
        start, end = mark
        if mark == NOWHERE:
            return self.at
        if self.places:
            return self.places[start] if start < len(self.places) else self.at
        if not self.segments:
            return self.at
        line, column = self._at(start)
        end_line, end_column = self._at(end - 1) if end > start else (line, column - 1)
        return Location(self.path, line, column, end_line, end_column + 1)

    def _at(self, offset: int) -> tuple[int, int]:
        number = bisect_right(self.segments, offset, key=_offset) - 1
        segment = self.segments[max(0, number)]
        return segment.line, segment.column + max(0, offset - segment.offset)


def _offset(segment: Segment) -> int:
    return segment.offset


class Read(Struct, frozen=True, array_like=True):
    """What one statement of a text says; `at` is its place in the text.

    A statement is a query or some changes of the schema, or else `problem` says why it could not be read, or `skipped`
    why it need not be (transaction control, data). `dynamic` says why it can't be judged although it is a query.
    """

    at: Mark
    statement: Statement | None = None
    changes: tuple[Change, ...] = ()
    problem: str = ""
    problem_at: Mark = NOWHERE
    dynamic: str = ""
    skipped: str = ""
    dialect: str = ""


class Sited(Struct, frozen=True):
    """A change of the schema and the text it stands in. `by`: a plain SQL file, a migration, or a model class.

    `order` sorts the changes of a repository into the order in which they are made.
    """

    change: Change
    origin: Written
    by: Literal["sql", "migration", "model"] = "sql"
    order: tuple[int | str, ...] = ()


class FileReads(Struct, frozen=True, array_like=True):
    """What the texts of one file say: for each of them its statements."""

    path: str
    reads: tuple[tuple[Read, ...], ...]
