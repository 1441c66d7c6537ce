"""The index that would serve one access, for whoever speaks of that access alone."""

from __future__ import annotations

from msgspec import Struct

from fragaudit.advise.ddl import create
from fragaudit.advise.dialects import dialect_of
from fragaudit.advise.keys import keys_of_form
from fragaudit.advise.patterns import forms
from fragaudit.advise.quoting import index_name, where_of
from fragaudit.model.accesses import Access
from fragaudit.model.plan import Proposal
from fragaudit.model.schema import Key, Table


class Suggestion(Struct, frozen=True):
    """The keys of an index, and the statement that creates it, without a semicolon."""

    keys: tuple[Key, ...]
    ddl: str


def suggestion(access: Access, table: Table) -> Suggestion | None:
    """Return the index that would serve an access; None if none would, or if each arm of an OR needs its own."""
    needed = forms(access, table)
    if len(needed) != 1:
        return None
    form, dialect = needed[0][0], dialect_of(access, table)
    keys = keys_of_form(form, table)
    where = where_of(form.where, dialect)
    name = index_name(table.name, keys, where, dialect, _taken(table))
    made = Proposal(table.name, name, keys, (), dialect, form.method, where)
    return Suggestion(keys, create(made))


def creation(table: Table, keys: tuple[Key, ...]) -> str:
    """Return the statement that creates an ordinary index on keys, without a semicolon."""
    dialect = dialect_of(None, table)
    name = index_name(table.name, keys, "", dialect, _taken(table))
    return create(Proposal(table.name, name, keys, (), dialect))


def _taken(table: Table) -> set[str]:
    return {index.name.lower() for index in table.indexes}
