"""The coordinated index plan: which indexes to create, which to drop, and what for."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from fragaudit.model.accesses import Access, Write
from fragaudit.model.schema import ForeignKey, Index, Key, Method


class Proposal(Struct, frozen=True):
    """An index to create. `reasons` says for each key why it stands where it stands.

    `serves` are accesses that no index serves yet, `improves` such that an index serves in part only, `follows` foreign
    keys whose rows are looked up when the referenced row goes; `pays` are the statements that must keep the index.
    `extends` are existing indexes of which this one is a longer form: they are superfluous once it is there.
    `possible`: worth its writes only if the conditions are selective, which the text alone can't tell. `note` says what
    has to be there first, or what it can't do; `ddl` is the statement that creates it, without a semicolon.
    """

    table: str
    name: str
    keys: tuple[Key, ...]
    reasons: tuple[str, ...]
    dialect: str
    method: Method = "btree"
    where: str = ""
    serves: tuple[Access, ...] = ()
    improves: tuple[Access, ...] = ()
    follows: tuple[ForeignKey, ...] = ()
    pays: tuple[Write, ...] = ()
    extends: tuple[Index, ...] = ()
    possible: bool = False
    note: str = ""
    ddl: str = ""


class Superfluous(Struct, frozen=True):
    """An existing index that another makes superfluous; `new`: that other one is a proposal.

    `ddl` drops it, empty where that is left alone: it has no name, belongs to a constraint on which other things may
    depend, or is defined by another kind of source than the other index, so that both may never be there at once.
    """

    index: Index
    by: str
    why: str
    new: bool = False
    ddl: str = ""


class Unserved(Struct, frozen=True):
    """An access that no proposal serves, and why there is none."""

    access: Access
    why: str


class TablePlan(Struct, frozen=True):
    """The plan of one table. `used` says which existing index serves how many accesses.

    `exact` is false where the table has more access patterns than could be tried in every combination: then the set
    serves all of them, but a smaller one may exist. `unused` are indexes that nothing found uses.
    """

    table: str
    dialect: str
    proposals: tuple[Proposal, ...] = ()
    superfluous: tuple[Superfluous, ...] = ()
    unused: tuple[Index, ...] = ()
    unserved: tuple[Unserved, ...] = ()
    used: tuple[tuple[str, int], ...] = ()
    exact: bool = True


class Proof(Struct, frozen=True):
    """What a planner said of one statement and one proposal: its plan's lines before and after.

    `verdict`: `taken` if the planner uses the index, `not taken` if not, `not expressible` if it could not be asked,
    with `why`. `when` says under which assumption about sizes the index was taken, empty for the planner's own.
    """

    index: str
    table: str
    access: Access
    statement: str
    verdict: Literal["taken", "not taken", "not expressible"]
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    when: str = ""
    why: str = ""


class IndexPlan(Struct, frozen=True):
    """The plans of all tables that have something to say, by service and name; `proofs` where they were asked for.

    `accesses` counts those that were judged, `unjudged` those whose table or conditions aren't known.
    """

    tables: tuple[TablePlan, ...]
    accesses: int = 0
    unjudged: int = 0
    planner: str = ""
    proofs: tuple[Proof, ...] = ()
