"""What a migration does, step by step: changes of the schema, and SQL still to be read, each where it is written."""

from __future__ import annotations

from msgspec import Struct

from fragaudit.model.locations import Location
from fragaudit.model.schema import Change


class Step(Struct, frozen=True):
    """One change, or a text of SQL that makes some. `at` is the call that makes it."""

    path: str
    at: Location
    change: Change | None = None
    sql: str = ""


class Gap(Struct, frozen=True):
    """Something in a migration that was not understood, and the table it is about, if that is known.

    What only `drops` can't have made anything.
    """

    at: Location
    why: str
    table: str = ""
    drops: bool = False


class History(Struct, frozen=True):
    """One series of migrations in the order in which they run.

    `folder` is where they stand. `gaps` says what of them was not understood: then nothing may be said of what they
    lack.
    """

    folder: str
    framework: str
    steps: tuple[Step, ...]
    gaps: tuple[Gap, ...] = ()
    files: tuple[str, ...] = ()
