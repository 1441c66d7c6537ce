"""A query expression while it is followed through a function: what each call of its chain adds, and where.

Operands and predicates are those of `model.sql`. A query inside them (`Subquery`) counts in the `Pool` until the
statement is put together, so that an expression can be understood before the statement that it will stand in.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from msgspec import Struct

from fragaudit.link.orm.core import Model
from fragaudit.link.program import Place
from fragaudit.model.facts import NO_BRANCH
from fragaudit.model.locations import Location
from fragaudit.model.sql import (
    NOWHERE,
    And,
    Assign,
    Column,
    Compare,
    Expression,
    Mark,
    Opaque,
    Operand,
    Or,
    Order,
    Output,
    Predicate,
    Row,
    Source,
    Subquery,
)

GENERATED = "\x01"
"""Stands in aliases that were made up, before their number; in a statement they are numbered anew."""

Kind = Literal["select", "update", "delete", "insert"]
ClauseKind = Literal[
    "from",
    "join",
    "where",
    "having",
    "order",
    "unordered",
    "limit",
    "offset",
    "group",
    "distinct",
    "outputs",
    "set",
    "arms",
    "extreme",
    "aggregate",
    "verb",
    "cte",
    "loaded",
]


@dataclass(frozen=True)
class Clause:
    """What one call of a chain adds. `branch` is the arm of a choice in which it is added."""

    kind: ClauseKind
    value: object = None
    branch: int = NO_BRANCH


@dataclass(frozen=True)
class Draft:
    """A query expression so far. `file` is where its branches are; `of` the framework that understands its calls.

    `root` is the alias that names without a source belong to, `paths` the aliases of joins by what leads to them;
    `exists`: as a condition it asks only whether there are rows; `scalar`: it is a value in another query, whose tables
    it may name; `keeps`: it keeps the rows that it was run for. `origin` is the function that made the query up to a
    number of clauses.
    """

    of: str
    file: int
    verb: Kind = "select"
    clauses: tuple[Clause, ...] = ()
    root: str = ""
    model: Model | None = None
    paths: tuple[tuple[str, str], ...] = ()
    exists: bool = False
    scalar: bool = False
    keeps: bool = False
    origin: tuple[str, int] = ("", 0)

    def add(self, kind: ClauseKind, value: object = None, branch: int = NO_BRANCH) -> Draft:
        """Return the query with one clause more."""
        return replace(self, clauses=(*self.clauses, Clause(kind, value, branch)))

    def has(self, *kinds: ClauseKind) -> bool:
        """Say whether any clause is of some kind."""
        return any(c.kind in kinds for c in self.clauses)


@dataclass(frozen=True)
class Entity:
    """Something that columns belong to: a table under an alias, or a query in FROM.

    `core`: the names of its columns are those in the database, not those of a model's attributes.
    """

    alias: str
    model: Model | None = None
    table: str = ""
    query: int = -1
    at: Mark = NOWHERE
    core: bool = False


@dataclass(frozen=True)
class Path:
    """A relation of an entity: what a join or an EXISTS leads along."""

    entity: Entity
    name: str
    target: Entity | None = None
    condition: Predicate | None = None


class Bag(Struct, frozen=True):
    """Conditions collected in a list, each with the arm of a choice in which it was added."""

    items: tuple[tuple[object, int], ...] = ()


@dataclass(frozen=True)
class Keywords:
    """Arguments by name that are handed on as `**filters`; not `complete` if there may be others."""

    entries: tuple[tuple[str, object], ...] = ()
    complete: bool = True


@dataclass(frozen=True)
class EachKey:
    """The name of each of several arguments, one after another."""

    of: Keywords


@dataclass(frozen=True)
class EachColumn:
    """The columns that each of several arguments names; None for one that is not known."""

    columns: tuple[Column | None, ...]


class Named(Struct, frozen=True):
    """A dictionary whose keys are known: its entries, each with the arm of a choice in which it was added.

    `more`: it may have entries that are not known.
    """

    items: tuple[tuple[str, object, int], ...] = ()
    more: bool = False

    def entries(self, added: Named) -> Named:
        """Return the dictionary with entries added; the last one of a name counts, unless a choice adds it."""
        names = {name for name, _, branch in added.items if branch == NO_BRANCH}
        kept = tuple(item for item in self.items if item[0] not in names)
        return Named((*kept, *added.items), self.more or added.more)


UNBOUND = object()
"""The base of an attribute of something that isn't known."""


@dataclass(frozen=True)
class Labelled:
    """A value with the name it has in a query's result."""

    name: str
    value: object


@dataclass(frozen=True)
class Begins:
    """A text that is put together: what it begins with."""

    text: str


@dataclass(frozen=True)
class Sorted:
    """A key of ORDER BY."""

    order: Order


@dataclass(frozen=True)
class Choice:
    """What an expression may be, one of several conditions, columns or keys of ORDER BY; None for an unknown one."""

    options: tuple[object, ...]


@dataclass(frozen=True)
class Drafts:
    """What an expression may be, one of several queries."""

    options: tuple[Draft, ...]


Thing: TypeAlias = object
"""What an expression is: an operand or predicate of `model.sql`, one of the classes above, or None for unknown."""


@dataclass
class Pool:
    """Queries that are used inside others, by number, and what aliases stand for.

    `known` is what expressions of other scopes are, which must be the same wherever they are used; `returned` are the
    queries that functions hand on, `extended` the functions whose queries callers add to, `makers` the names of all
    that may hand one on. `named` is what names of a module's own scope are. `forwarding` are by name the functions that
    are understood anew for each call, `given_queries` those of them for which that counts only if a query is among the
    arguments; `inlined` counts the calls that were, `alone` is what is known without one.
    `constructing` are by name the class methods that make an object of their class.
    `led` are aliases by what leads to them, `read` the relationships that were reported in a scope,
    `narrowed` are the methods that are called of what an attribute holds, which may be the rows of one owner alone.
    """

    queries: list[Draft] = field(default_factory=list)
    entities: dict[str, Entity] = field(default_factory=dict)
    known: dict[tuple[object, int], Thing] = field(default_factory=dict)
    returned: dict[object, tuple[Draft, ...]] = field(default_factory=dict)
    extended: set[str] = field(default_factory=set)
    makers: frozenset[str] = frozenset()
    named: dict[tuple[int, str], Thing] = field(default_factory=dict)
    narrowed: set[str] = field(default_factory=set)
    forwarding: dict[str, frozenset[Place]] = field(default_factory=dict)
    given_queries: frozenset[Place] = frozenset()
    constructing: dict[str, frozenset[Place]] = field(default_factory=dict)
    inlined: int = 0
    read: set[tuple[Place, str, str]] = field(default_factory=set)
    led: dict[str, tuple[str, str]] = field(default_factory=dict)
    alone: dict[Place, dict[Location, bool]] = field(default_factory=dict)
    _count: int = 0

    def query(self, draft: Draft) -> int:
        """Return the number under which a query is known inside others."""
        self.queries.append(draft)
        return len(self.queries) - 1

    def entity(self, entity: Entity) -> Entity:
        """Remember what an alias stands for."""
        self.entities[entity.alias] = entity
        return entity

    def alias(self, name: str) -> str:
        """Return an alias that nothing else has."""
        self._count += 1
        return f"{name}{GENERATED}{self._count}"


def columns(item: Operand | Predicate | None) -> Iterator[Column]:
    """Yield the columns of a predicate or operand, without those of queries inside it."""
    match item:
        case Column():
            yield item
        case Expression():
            yield from item.columns
        case Row() | And() | Or():
            for part in item.items:
                yield from columns(part)
        case Compare():
            yield from columns(item.left)
            for right in item.right:
                yield from columns(right)
        case Opaque():
            yield from columns(item.operand)


def comparisons(item: object) -> Iterator[Compare]:
    """Yield the comparisons of a predicate."""
    if isinstance(item, Compare):
        yield item
    elif isinstance(item, (And, Or)):
        for part in item.items:
            yield from comparisons(part)


def queries(item: Operand | Predicate | None) -> Iterator[int]:
    """Yield the numbers of the queries inside a predicate or operand."""
    match item:
        case Subquery():
            yield item.query
        case Expression():
            yield from item.queries
        case Row() | And() | Or():
            for part in item.items:
                yield from queries(part)
        case Compare():
            yield from queries(item.left)
            for right in item.right:
                yield from queries(right)
        case Opaque():
            yield from queries(item.operand)


@dataclass(frozen=True)
class Join:
    """One entry of FROM that a call adds."""

    source: Source
    query: int = -1


__all__ = [
    "UNBOUND",
    "Assign",
    "Bag",
    "Choice",
    "Clause",
    "Draft",
    "Drafts",
    "EachColumn",
    "EachKey",
    "Entity",
    "Join",
    "Keywords",
    "Labelled",
    "Named",
    "Output",
    "Path",
    "Pool",
    "Sorted",
    "Thing",
    "columns",
    "comparisons",
    "queries",
]
