"""Who keeps what: the containers a service defines, writes and reads, and the database they are in."""

from __future__ import annotations

from msgspec import Struct

from fragaudit.model.locations import Location


class Use(Struct, frozen=True, order=True):
    """What one service does with one table, collection or index.

    Only what stands in files that no other service has counts as its writing and reading; a definition in shared code
    has `own` false. `database` tells the database from all others of the repository, empty where its address is not
    known well enough to be compared with another service's; `variable` is the setting that holds that address.
    """

    store: str
    container: str
    database: str = ""
    variable: str = ""
    defined_at: tuple[Location, ...] = ()
    own: bool = False
    writes: tuple[Location, ...] = ()
    reads: tuple[Location, ...] = ()
