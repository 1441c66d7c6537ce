"""Where something stands in a source file."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import force_setattr


class Location(Struct, frozen=True, order=True):
    """A span of one file. Lines and columns count from 1, columns in code points; the end is exclusive.

    `path` is posix style and relative to the working directory of the audit.
    """

    path: str
    line: int = 1
    column: int = 1
    end_line: int = 0
    end_column: int = 0

    def __post_init__(self) -> None:
        """Complete an end that was left out: an empty span at the start."""
        if not self.end_line:
            force_setattr(self, "end_line", self.line)
        if not self.end_column:
            force_setattr(self, "end_column", self.column)

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"


class Problem(Struct, frozen=True, order=True):
    """Something that could not be read: where, and what in words."""

    at: Location
    what: str
