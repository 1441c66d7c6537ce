"""Tables between two models, which a relation to many makes where no model is named for it."""

from __future__ import annotations

from fragaudit.link.orm.core import Model
from fragaudit.model.locations import Location
from fragaudit.model.schema import ColumnDef, ForeignKeyDef, IndexDef, Key, TableDef
from fragaudit.model.sql import Mark


def between(framework: str, name: str, ends: tuple[tuple[str, str], ...], at: Location, mark: Mark) -> Model:
    """Return the table between two others.

    Args:
        framework: the library that makes it.
        name: what it is called.
        ends: its columns, each with the table that it refers to.
        at: where the relation is written, `mark` the same by number.
        mark: see `at`.
    """
    columns = tuple(ColumnDef(column, "integer", nullable=False, at=mark) for column, _ in ends)
    keys = tuple(ForeignKeyDef((column,), table, on_delete="cascade", at=mark) for column, table in ends)
    pair = IndexDef("", tuple(Key(column) for column, _ in ends), unique=True, origin="unique", at=mark)
    return Model(framework, None, name, TableDef(name, columns, (pair,), keys, at=mark), at,
                 {column: column for column, _ in ends})  # fmt: skip
