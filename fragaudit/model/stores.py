"""What linking makes of the facts: stores, services, and the reasons for each decision."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from msgspec import Struct

from fragaudit.model.accesses import Access, Write
from fragaudit.model.documents import Documentation
from fragaudit.model.foundation import Past, Unchecked
from fragaudit.model.ledger import Ledger
from fragaudit.model.locations import Location
from fragaudit.model.schema import Drift, Split, Table
from fragaudit.model.search import Coordinator, SearchOffer
from fragaudit.model.uses import Use
from fragaudit.model.vectors import VectorSearch, VectorWrite


class Kind(StrEnum):
    """What an engine is."""

    RELATIONAL = "relational"
    DOCUMENT = "document"
    KV = "kv"
    VECTOR = "vector"
    GRAPH = "graph"
    SEARCH = "search"
    QUEUE = "queue"
    OBJECT = "object"
    FILE = "file"


class Role(StrEnum):
    """What a service uses a store for."""

    DATA = "data"
    CACHE = "cache"
    SESSION = "session"
    BROKER = "broker"
    CHECKPOINT = "checkpoint"
    SCRATCH = "scratch"


class Reason(Struct, frozen=True):
    """Why something was decided, in words, and the place that shows it."""

    what: str
    at: Location | None = None


class Slot(Struct, frozen=True):
    """Alternative back ends of which one is active at a time: engines sorted, and the default one if known."""

    alternatives: tuple[str, ...]
    default: str | None


OF_PROJECT = "project"
"""What stands for the library of a store that a class of the project holds, where no client of it is seen."""


class Opening(Struct, frozen=True, order=True):
    """One place where a store is opened. `conditional`: under a test, or only when something asks for it.

    `owner` is the class (as `path::Class`) whose attribute or body it stands in, `field` the attribute it becomes.
    """

    at: Location
    engine: str
    library: str
    address: str
    conditional: bool
    owner: str = ""
    field: str = ""

    @property
    def of_project(self) -> bool:
        """Whether a class of the project says that it holds the store, and nothing is seen to open it."""
        return self.library == OF_PROJECT


class Container(Struct, frozen=True, order=True):
    """A table, collection, index or bucket inside a store; `dynamic` when its name is computed."""

    name: str
    dynamic: bool
    at: Location


class StoreCall(Struct, frozen=True, order=True):
    """One call on a store: write, read or delete; `searches` is a similarity search, `traverses` a graph walk.

    `passes`: it hands a message on, or takes one, rather than keep it.
    """

    at: Location
    verb: Literal["write", "read", "delete"]
    method: str
    container: str = ""
    searches: bool = False
    traverses: bool = False
    passes: bool = False


class Store(Struct, frozen=True):
    """One database as operated, as one service sees it.

    `identity` is the readable address; `variables` the setting names in it; `certain` says that the address was
    resolved to literals or named settings, so that it can be told from another store's.
    `apart_possible` lists settings that could split this store in two although their defaults agree.
    `holds_tables`: tables, models or collections of the application's own live in it. `offered`: nothing in the
    repository uses the classes or functions that open it, so it may be there for others to use.
    """

    id: str
    kind: Kind
    engine: str
    library: str
    role: Role
    identity: str
    certain: bool
    openings: tuple[Opening, ...]
    containers: tuple[Container, ...] = ()
    calls: tuple[StoreCall, ...] = ()
    slot: Slot | None = None
    variables: tuple[str, ...] = ()
    apart_possible: tuple[str, ...] = ()
    holds_tables: bool = False
    inside: str | None = None
    offered: bool = False
    reasons: tuple[Reason, ...] = ()

    @property
    def of_project(self) -> bool:
        """Whether only classes of the project tell of the store: no client of a library is seen to be it."""
        return self.library == OF_PROJECT

    @property
    def writes(self) -> int:
        """Number of call sites that write."""
        return sum(call.verb == "write" for call in self.calls)

    @property
    def reads(self) -> int:
        """Number of call sites that read."""
        return sum(call.verb == "read" for call in self.calls)


class ClassField(Struct, frozen=True, order=True):
    """An attribute of a class that holds a store: `store` is that store's id, `declared` the type written there."""

    name: str
    kind: Kind
    at: Location
    declared: str
    store: str


class StoreClass(Struct, frozen=True, order=True):
    """A class that holds stores in its attributes."""

    name: str
    at: Location
    fields: tuple[ClassField, ...]


class TableOrigin(Struct, frozen=True, order=True):
    """Where a table of the application is defined, and by what (`model`, `sql`, `migration`).

    `library` is the mapper that a model is declared with, empty for one whose base could not be followed.
    """

    name: str
    at: Location
    by: str
    library: str = ""


class Unparsed(Struct, frozen=True, order=True):
    """A statement that no dialect parses, and what is wrong with it.

    `sure` is false where it was put together from parts, so that what is wrong may be how that was followed.
    """

    at: Location
    what: str
    sure: bool = True


class Service(Struct, frozen=True):
    """A part of the repository that is deployed on its own, with everything it was understood to keep.

    `tables` are the definitions that make it an owner, `schema` all tables that it defines or uses, as they are once
    every change of them in the repository is made. `unparsed` are statements that no dialect parses. `drifts` are
    disagreements of models and migrations, `splits` tables that could be columns of another, `made` the tables of whose
    models it makes objects while it works, `deleted` those of whose models it deletes some; `removed` is what other
    objects that it deletes are called; `idle` are the tables of whose models nothing makes any.
    """

    name: str
    root: str
    boundary: tuple[Reason, ...]
    stores: tuple[Store, ...]
    primary: str | None
    primary_why: tuple[Reason, ...] = ()
    classes: tuple[StoreClass, ...] = ()
    tables: tuple[TableOrigin, ...] = ()
    files: int = 0
    unresolved_searches: tuple[Location, ...] = ()
    vector_writes: tuple[VectorWrite, ...] = ()
    vector_searches: tuple[VectorSearch, ...] = ()
    schema: tuple[Table, ...] = ()
    accesses: tuple[Access, ...] = ()
    writes: tuple[Write, ...] = ()
    unparsed: tuple[Unparsed, ...] = ()
    drifts: tuple[Drift, ...] = ()
    splits: tuple[Split, ...] = ()
    searches: tuple[SearchOffer, ...] = ()
    coordinators: tuple[Coordinator, ...] = ()
    past: tuple[Past, ...] = ()
    unchecked: tuple[Unchecked, ...] = ()
    uses: tuple[Use, ...] = ()
    made: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    idle: tuple[str, ...] = ()
    documentation: Documentation = Documentation()

    def store(self, identifier: str) -> Store:
        """Return the store of that id. Raises StopIteration if there is none."""
        return next(store for store in self.stores if store.id == identifier)


class Repository(Struct, frozen=True):
    """Everything that checks can look at: the services, and the ledger if there is one."""

    services: tuple[Service, ...]
    ledger: Ledger | None = None
