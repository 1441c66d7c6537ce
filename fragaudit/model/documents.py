"""What documents and comments say of indexes, and how that compares with the schema."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from fragaudit.model.locations import Location

BEGIN = "<!-- fragaudit indexes: begin -->"
END = "<!-- fragaudit indexes: end -->"
"""What encloses the section of a document that was written from the schema and the statements."""


class Claim(Struct, frozen=True, order=True):
    """An index that a document says is there; `columns` in order where it says them, as written.

    `sure`: it surely is one's name, as where the section was written from the schema.
    """

    at: Location
    name: str
    columns: tuple[str, ...] = ()
    sure: bool = False


class Sought(Struct, frozen=True, order=True):
    """The columns by which rows are said to be found, sorted or grouped; `plain`: in words that no mark sets apart."""

    columns: tuple[str, ...]
    plain: bool = False


class Serving(Struct, frozen=True, order=True):
    """What a document says that an index is for: the columns that are sought, and who asks.

    The index is the one of `names` that there is, or that on exactly `columns` of the one of `tables` that there is.
    `sites` are functions, files, and places in files (`path:line`). `written`: it stands in a section that was written
    from the schema, which knows nothing but places; `comment`: it is a comment on the index itself. `missing`: it says
    that there is no such index yet, or none for these sites.
    """

    at: Location
    names: tuple[str, ...]
    tables: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    sought: tuple[Sought, ...] = ()
    sites: tuple[str, ...] = ()
    written: bool = False
    comment: bool = False
    missing: bool = False


class Section(Struct, frozen=True, order=True):
    """A part of a document whose heading speaks of indexes.

    `words` are the names in it, lower case: words marked as code, in headings or tables, or with an underscore;
    `claims` what it says of indexes that are there today, `servings` what it says that they are for.
    """

    at: Location
    heading: str
    words: tuple[str, ...] = ()
    claims: tuple[Claim, ...] = ()
    servings: tuple[Serving, ...] = ()


class Documented(Struct, frozen=True, order=True):
    """A table whose indexes are documented, by what, and where."""

    table: str
    by: Literal["section", "comment"]
    at: Location


class Untrue(Struct, frozen=True, order=True):
    """What a document says of an index and the schema contradicts.

    `has` are the columns that the index has, none where no source of the schema has an index of that name. `serves` is
    what it is said to be for, empty where that isn't what is wrong; `by` another index that serves it, `asked_at` the
    statement that shows it. `sure` is false where words had to be understood, `comment` says that a comment on the
    index says it. `there`: it is said to be missing, and `index` is what there is.
    """

    at: Location
    index: str
    says: tuple[str, ...] = ()
    has: tuple[str, ...] = ()
    defined_at: Location | None = None
    serves: str = ""
    by: str = ""
    asked_at: Location | None = None
    sure: bool = True
    comment: bool = False
    there: bool = False


class Undocumented(Struct, frozen=True, order=True):
    """A table with access patterns of whose indexes nothing is written down."""

    at: Location
    table: str


class Documentation(Struct, frozen=True):
    """What is documented of the indexes of the tables that a service asks, what isn't, and what isn't true."""

    documented: tuple[Documented, ...] = ()
    undocumented: tuple[Undocumented, ...] = ()
    untrue: tuple[Untrue, ...] = ()
