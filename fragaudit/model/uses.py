"""Who keeps what: the containers a service defines, writes and reads, and the database they are in."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from fragaudit.model.locations import Location

Sort = Literal["table", "key", "topic"]
"""What a container is: a table, collection or index; a key or what keys begin with; something messages go through."""


class Use(Struct, frozen=True, order=True):
    """What one service does with one container of a store.

    Only what stands in files that no other service has counts as its writing and reading; a definition in shared code
    has `own` false. `database` tells the database from all others of the repository, empty where its address is not
    known well enough to be compared with another service's; `variable` are the settings that make up that address.
    `columns` are those of the service's own definition, as name and type, where other services define a table of that
    name too.
    """

    store: str
    container: str
    sort: Sort = "table"
    database: str = ""
    variable: str = ""
    defined_at: tuple[Location, ...] = ()
    own: bool = False
    writes: tuple[Location, ...] = ()
    reads: tuple[Location, ...] = ()
    columns: tuple[tuple[str, str], ...] = ()
