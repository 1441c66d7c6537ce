"""What documents and comments say of indexes, and how that compares with the schema."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from fragaudit.model.locations import Location


class Claim(Struct, frozen=True, order=True):
    """An index that a document says is there; `columns` in order where it says them, as written."""

    at: Location
    name: str
    columns: tuple[str, ...] = ()


class Section(Struct, frozen=True, order=True):
    """A part of a document whose heading speaks of indexes.

    `words` are the names in it, lower case: words marked as code, in headings or tables, or with an underscore;
    `claims` what it says of indexes that are there today.
    """

    at: Location
    heading: str
    words: tuple[str, ...] = ()
    claims: tuple[Claim, ...] = ()


class Documented(Struct, frozen=True, order=True):
    """A table whose indexes are documented, by what, and where."""

    table: str
    by: Literal["section", "comment"]
    at: Location


class Untrue(Struct, frozen=True, order=True):
    """What a document says of an index and the schema contradicts.

    `has` are the columns that the index has, none where no source of the schema has an index of that name.
    """

    at: Location
    index: str
    says: tuple[str, ...] = ()
    has: tuple[str, ...] = ()
    defined_at: Location | None = None


class Undocumented(Struct, frozen=True, order=True):
    """A table with access patterns of whose indexes nothing is written down."""

    at: Location
    table: str


class Documentation(Struct, frozen=True):
    """What is documented of the indexes of the tables that a service asks, what isn't, and what isn't true."""

    documented: tuple[Documented, ...] = ()
    undocumented: tuple[Undocumented, ...] = ()
    untrue: tuple[Untrue, ...] = ()
