"""Tables, columns and indexes, and the changes that make them: from SQL, from models, from migrations alike."""

from __future__ import annotations

from typing import Literal, TypeAlias, Union

from msgspec import Struct

from fragaudit.model.locations import Location
from fragaudit.model.sql import NOWHERE, Mark, Predicate, Statement

Origin: TypeAlias = Literal["index", "primary key", "unique", "foreign key"]
"""What made an index: `foreign key` for those that a back end or framework makes for a foreign key by itself."""

Method: TypeAlias = Literal["btree", "hash", "gin", "gist", "spgist", "brin", "bloom", "fulltext", "spatial", "vector",
                            "rowid", "other"]  # fmt: skip


class Key(Struct, frozen=True, array_like=True):
    """One key of an index: a column, or an expression by its normalised text (columns bare, lower case)."""

    column: str = ""
    expression: str = ""
    descending: bool = False
    nulls: Literal["", "first", "last"] = ""
    opclass: str = ""
    collation: str = ""
    length: int = 0

    def __str__(self) -> str:
        return (self.column or self.expression) + (" DESC" if self.descending else "")


class IndexDef(Struct, frozen=True, array_like=True):
    """An index as written. An empty `name` is one that the database makes up."""

    name: str
    keys: tuple[Key, ...]
    unique: bool = False
    method: Method = "btree"
    where: Predicate | None = None
    where_text: str = ""
    include: tuple[str, ...] = ()
    origin: Origin = "index"
    at: Mark = NOWHERE


class ColumnDef(Struct, frozen=True, array_like=True):
    """A column: type as written, lower case; `collation` where one is named; `generated` its expression's text.

    `chosen`: its values are chosen from a list that the model gives.
    """

    name: str
    type: str = ""
    nullable: bool = True
    default: str = ""
    collation: str = ""
    generated: str = ""
    comment: str = ""
    at: Mark = NOWHERE
    chosen: bool = False


class ForeignKeyDef(Struct, frozen=True, array_like=True):
    """A foreign key: columns here, the table and columns there (none: its primary key)."""

    columns: tuple[str, ...]
    table: str
    references: tuple[str, ...] = ()
    name: str = ""
    on_delete: str = ""
    at: Mark = NOWHERE


class TableDef(Struct, frozen=True, array_like=True):
    """A table as one statement or class defines it; primary key and unique constraints stand among the indexes.

    `without_rowid` is SQLite's. `like` names tables whose columns are copied, `partition_of` the parent of a partition.
    `opaque` says what of it was not understood; then nothing may be said of indexes it seems to lack. `engine` is the
    dialect of the database that its own words name, empty if they name none.
    """

    name: str
    columns: tuple[ColumnDef, ...] = ()
    indexes: tuple[IndexDef, ...] = ()
    foreign_keys: tuple[ForeignKeyDef, ...] = ()
    temporary: bool = False
    without_rowid: bool = False
    virtual: str = ""
    like: tuple[str, ...] = ()
    partition_of: str = ""
    comment: str = ""
    opaque: str = ""
    at: Mark = NOWHERE
    engine: str = ""


# -- changes -----------------------------------------------------------------------------------------------------------


class CreateTable(Struct, frozen=True, tag="table", array_like=True):
    """CREATE TABLE; `if_absent`: IF NOT EXISTS."""

    table: TableDef
    if_absent: bool = False


class CreateView(Struct, frozen=True, tag="view", array_like=True):
    """CREATE VIEW. `columns` renames the outputs; a materialized view is a table without known keys."""

    name: str
    statement: Statement | None
    columns: tuple[str, ...] = ()
    materialized: bool = False
    at: Mark = NOWHERE


class DropTable(Struct, frozen=True, tag="drop", array_like=True):
    """DROP TABLE or VIEW."""

    name: str


class RenameTable(Struct, frozen=True, tag="rename", array_like=True):
    """ALTER TABLE … RENAME TO."""

    name: str
    new: str


class AddColumn(Struct, frozen=True, tag="add", array_like=True):
    """ALTER TABLE … ADD COLUMN, with what the column's own constraints make."""

    table: str
    column: ColumnDef
    indexes: tuple[IndexDef, ...] = ()
    foreign_keys: tuple[ForeignKeyDef, ...] = ()
    if_absent: bool = False


class DropColumn(Struct, frozen=True, tag="drop column", array_like=True):
    """ALTER TABLE … DROP COLUMN: indexes with that key go too."""

    table: str
    column: str


class RenameColumn(Struct, frozen=True, tag="rename column", array_like=True):
    """ALTER TABLE … RENAME COLUMN."""

    table: str
    column: str
    new: str


class AlterColumn(Struct, frozen=True, tag="alter column", array_like=True):
    """A column's new type, nullability or default; None where it stays."""

    table: str
    column: str
    kind: str | None = None
    nullable: bool | None = None
    default: str | None = None


class AddIndex(Struct, frozen=True, tag="index", array_like=True):
    """CREATE INDEX, or a constraint that makes one."""

    table: str
    index: IndexDef
    if_absent: bool = False


class DropIndex(Struct, frozen=True, tag="drop index", array_like=True):
    """DROP INDEX, DROP CONSTRAINT, DROP PRIMARY KEY; the table where it is said, else the name alone finds it.

    With `columns` and no name, the index or constraint on exactly those columns is meant.
    """

    name: str = ""
    table: str = ""
    columns: tuple[str, ...] = ()
    origin: Origin | Literal[""] = ""


class RenameIndex(Struct, frozen=True, tag="rename index", array_like=True):
    """ALTER INDEX … RENAME TO."""

    name: str
    new: str


class AddForeignKey(Struct, frozen=True, tag="foreign key", array_like=True):
    """ALTER TABLE … ADD FOREIGN KEY."""

    table: str
    key: ForeignKeyDef


class DropForeignKey(Struct, frozen=True, tag="drop foreign key", array_like=True):
    """ALTER TABLE … DROP CONSTRAINT of a foreign key, by name or by columns."""

    table: str
    name: str = ""
    columns: tuple[str, ...] = ()


class Comment(Struct, frozen=True, tag="comment", array_like=True):
    """COMMENT ON TABLE, COLUMN or INDEX."""

    on: Literal["table", "column", "index"]
    name: str
    text: str
    at: Mark = NOWHERE


class Lost(Struct, frozen=True, tag="lost", array_like=True):
    """A change to a table that wasn't understood: from here on nothing may be said of what the table lacks."""

    table: str
    why: str
    at: Mark = NOWHERE


Change: TypeAlias = Union[
    CreateTable, CreateView, DropTable, RenameTable, AddColumn, DropColumn, RenameColumn, AlterColumn,
    AddIndex, DropIndex, RenameIndex, AddForeignKey, DropForeignKey, Comment, Lost,
]  # fmt: skip

# -- what folding makes of them ----------------------------------------------------------------------------------------


class Index(Struct, frozen=True):
    """An index of the schema; `at` is every place that defines it, the first decides. `by` is what kind of source."""

    name: str
    table: str
    keys: tuple[Key, ...]
    unique: bool
    method: Method
    where: Predicate | None
    where_text: str
    include: tuple[str, ...]
    origin: Origin
    at: tuple[Location, ...]
    by: tuple[Literal["sql", "migration", "model", "implicit"], ...]
    comment: str = ""


class ForeignKey(Struct, frozen=True):
    """A foreign key of the schema. An empty `name` is one that the database or a naming convention makes up."""

    columns: tuple[str, ...]
    table: str
    references: tuple[str, ...]
    on_delete: str
    at: tuple[Location, ...]
    name: str = ""


class Table(Struct, frozen=True):
    """A table of the schema. `silent` says why nothing may be said of indexes it seems to lack, empty if we may.

    `engine` is the database's, `by` the kinds of source that define it. A view has a statement and no indexes.
    """

    name: str
    columns: tuple[ColumnDef, ...]
    indexes: tuple[Index, ...]
    foreign_keys: tuple[ForeignKey, ...]
    defined_at: tuple[Location, ...]
    by: tuple[Literal["sql", "migration", "model"], ...]
    engine: str = ""
    temporary: bool = False
    without_rowid: bool = False
    virtual: str = ""
    silent: str = ""
    comment: str = ""
    view: Statement | None = None
    view_columns: tuple[str, ...] = ()

    @property
    def primary_key(self) -> tuple[str, ...]:
        """Names of the primary key's columns, in order; none if there is no key."""
        return next((tuple(k.column for k in i.keys) for i in self.indexes if i.origin == "primary key"), ())


class Drift(Struct, frozen=True, order=True):
    """An index or table that one of two sources of the schema has and the other lacks.

    `has` says which source has it, at `at`; `other` is where the other one defines the table, if it does. `columns` are
    the index's, none where the whole table is missing.
    """

    at: Location
    table: str
    has: Literal["model", "migration"]
    columns: tuple[str, ...] = ()
    index: str = ""
    unique: bool = False
    other: Location | None = None
    sure: bool = True


class Split(Struct, frozen=True, order=True):
    """A table whose rows belong one to one to those of another, and how we know it (`key`: it shares its key)."""

    at: Location
    table: str
    main: str
    main_at: Location
    columns: tuple[str, ...]
    how: Literal["key", "unique", "name"]
    same_name: bool = False


def bare(name: str) -> str:
    """Return a table's name without its schema, as it is compared."""
    return name.rpartition(".")[2].lower()
