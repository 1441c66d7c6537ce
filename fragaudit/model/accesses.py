"""Access patterns: one use of one table by one statement, and what was decided about the indexes that serve it."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

from fragaudit.model.locations import Location

Verdict: TypeAlias = Literal["covered", "partial", "uncovered", "unprovable", "n/a"]

Operation: TypeAlias = Literal["=", "in", "<", "two-sided", "prefix", "is null", "true", "false", "row", "match"]
"""How a condition bounds its column: equality, a set of values, one- and two-sided ranges, a prefix, a null test, a
bare boolean, a row comparison, an operator of a special index method."""


class Condition(Struct, frozen=True, order=True):
    """A sargable condition on a column (or on an expression, by its normalised text).

    `join` is the alias and column it is compared with if that belongs to another source, `constant` the literal it is
    compared with if that is written out (its SQL text), `filtered` whether another source of the block is itself
    narrowed down. `reversible`: the other side has an index on what it is compared with, so that it can be looked up.
    """

    column: str
    op: Operation
    at: Location
    expression: str = ""
    join: str = ""
    constant: str | None = None
    filtered: bool = False
    reversible: bool = False
    collation: str = ""


class SortKey(Struct, frozen=True, order=True):
    """One key of an order that belongs to this table alone."""

    column: str
    descending: bool = False
    nulls: Literal["", "first", "last"] = ""
    expression: str = ""


class Unindexable(Struct, frozen=True, order=True):
    """A column in a condition that no index on it can serve, and why.

    `expression` is the normalised text of what is computed from the column, where that is compared with a value by `=`.
    """

    column: str
    why: str
    expression: str = ""


class Access(Struct, frozen=True):
    """One use of one table. `conditions` hold together; each of `arms` is one alternative of an OR, all must be served.

    `outer`: it is the optional side of an outer join; `correlated`: it is searched once for each row of an outer query.
    `verb`: what the statement does to the table. `stops`: the block stops early; `limit`: and its order is this table's
    alone.
    `unknown` says that conditions may be added at run time, so that what is missing can't be judged. `dialect` decides
    what an index can serve. `facts` are the conditions on this table with constants alone, as texts (`a is not null`,
    `b = 5`): what a partial index's condition may follow from. `site` is the whole statement, for grouping,
    `text` the statement as it was written, empty if it never was text. `called` is the call of a wrapper that says what
    is asked.
    """

    at: Location
    table: str
    alias: str
    verb: Literal["read", "update", "delete", "insert", "merge"]
    conditions: tuple[Condition, ...] = ()
    arms: tuple[tuple[Condition, ...], ...] = ()
    sort: tuple[SortKey, ...] = ()
    limit: bool = False
    group: tuple[str, ...] = ()
    distinct: tuple[str, ...] = ()
    extreme: str = ""
    unindexable: tuple[Unindexable, ...] = ()
    facts: tuple[str, ...] = ()
    outer: bool = False
    correlated: bool = False
    unknown: bool = False
    dialect: str = ""
    stops: bool = False
    maintenance: str = ""
    site: Location = Location("")
    text: str = ""
    called: Location | None = None
    verdict: Verdict = "n/a"
    by: str = ""
    why: str = ""
    category: str = ""


class Write(Struct, frozen=True, order=True):
    """A statement that changes rows of a table, and the columns it sets (none: all, as INSERT and DELETE do).

    `once`: it isn't the service that runs it, but a migration or somebody by hand.
    """

    at: Location
    table: str
    verb: Literal["insert", "update", "delete", "merge"]
    columns: tuple[str, ...] = ()
    once: bool = False


class Used(Struct, frozen=True):
    """What one statement does to tables."""

    accesses: tuple[Access, ...]
    writes: tuple[Write, ...]


class FileUses(Struct, frozen=True):
    """What the statements of one file do to tables: for each text, what each of its statements does."""

    path: str
    uses: tuple[tuple[Used, ...], ...]
