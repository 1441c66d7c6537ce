"""What a migration does, step by step: changes of the schema, and SQL still to be read, each where it is written."""

from __future__ import annotations

from msgspec import Struct

from fragaudit.model.locations import Location
from fragaudit.model.schema import Change, CreateTable, RenameTable


class Step(Struct, frozen=True):
    """One change, or a text of SQL that makes some. `at` is the call that makes it."""

    path: str
    at: Location
    change: Change | None = None
    sql: str = ""


class Gap(Struct, frozen=True):
    """Something in a migration that was not understood, and the table it is about, if that is known.

    What only `drops` can't have made anything. An operation of someone's `own` may have made anything, but hardly a
    part of a table that a migration makes and changes with the library's operations.
    """

    at: Location
    why: str
    table: str = ""
    drops: bool = False
    own: bool = False


class History(Struct, frozen=True):
    """One series of migrations in the order in which they run.

    `folder` is where they stand. `gaps` says what of them was not understood: then nothing may be said of what they
    lack. `declared` are the indexes that Django's own record of the models has in the end, by table (in lower case) and
    columns: what it generates next is what models differ from that.
    """

    folder: str
    framework: str
    steps: tuple[Step, ...]
    gaps: tuple[Gap, ...] = ()
    files: tuple[str, ...] = ()
    declared: frozenset[tuple[str, tuple[str, ...]]] = frozenset()

    @property
    def whole(self) -> frozenset[str]:
        """The tables, in lower case, of which every change is understood."""
        if any(not gap.table and not gap.own and not gap.drops for gap in self.gaps):
            return frozenset()
        made: set[str] = set()
        for step in self.steps:
            if isinstance(step.change, CreateTable):
                made.add(step.change.table.name.lower())
            elif isinstance(step.change, RenameTable):
                made.add(step.change.new.lower())
        return frozenset(made - {gap.table.lower() for gap in self.gaps})
