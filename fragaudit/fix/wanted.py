"""An index that a model is to have."""

from __future__ import annotations

from msgspec import Struct

from fragaudit.model.locations import Location
from fragaudit.model.schema import Key, Method


class WantedIndex(Struct, frozen=True):
    """An index to add to the model that stands at a place; `where` is SQL, `dialect` sqlglot's name of its dialect."""

    at: Location
    table: str
    name: str
    keys: tuple[Key, ...]
    dialect: str = ""
    method: Method = "btree"
    where: str = ""

    @property
    def column(self) -> str:
        """The only key's column if the index is an ordinary one of a single column, else an empty text."""
        key = self.keys[0]
        plain = len(self.keys) == 1 and self.method == "btree" and not self.where
        # An index of one column is walked in either direction.
        ordinary = not (key.expression or key.nulls or key.opclass or key.collation or key.length)
        return key.column if plain and ordinary else ""
