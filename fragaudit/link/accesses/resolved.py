"""Predicates whose columns are known to belong to a source, wherever they were written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, TypeAlias, Union

from msgspec import Struct

from fragaudit.model.locations import Location
from fragaudit.model.sql import Operator

if TYPE_CHECKING:
    from fragaudit.link.accesses.blocks import Block


class Col(Struct, frozen=True):
    """A column of a source, by the source's number."""

    source: int
    name: str
    at: Location


class Value(Struct, frozen=True):
    """A constant (its text and kind), or with no `kind` a value that is known only when the statement runs.

    A `text` without a kind is the name of one that is the same wherever it stands.
    """

    text: str | None = None
    kind: str = ""


class Computed(Struct, frozen=True):
    """Something computed from columns, and why no plain index can serve it."""

    text: str
    columns: tuple[Col, ...]
    why: str


class Several(Struct, frozen=True):
    """A row of values."""

    items: tuple[Term, ...]


class Nested(Struct, frozen=True, eq=False):
    """A query used as a value or as a set; `free`: one that is planned as if it asked nothing of the rows outside."""

    block: Block
    free: bool = False


Term: TypeAlias = Union[Col, Value, Computed, Several, Nested]


class Cmp(Struct, frozen=True):
    """A comparison."""

    left: Term
    op: Operator
    right: tuple[Term, ...] = ()


class Every(Struct, frozen=True):
    """All of these hold."""

    items: tuple[Test, ...]


class Either(Struct, frozen=True):
    """One of these holds."""

    items: tuple[Test, ...]


class Unclear(Struct, frozen=True):
    """Nothing that an index serves; `unknown`: it may be any condition at all."""

    term: Term
    unknown: bool = False


Test: TypeAlias = Union[Cmp, Every, Either, Unclear]


def conjuncts(test: Test | None) -> Iterator[Test]:
    """Yield the conditions that all have to hold; those common to every alternative of an OR are factored out."""
    if test is None:
        return
    if isinstance(test, Every):
        for item in test.items:
            yield from conjuncts(item)
    elif isinstance(test, Either):
        yield from _factored(test)
    else:
        yield test


def _factored(test: Either) -> Iterator[Test]:
    arms = [list(conjuncts(item)) for item in _alternatives(test)]
    shared = set.intersection(*({key(t) for t in arm} for arm in arms)) if arms else set()
    if not shared:
        yield Either(tuple(arm[0] if len(arm) == 1 else Every(tuple(arm)) for arm in arms))
        return
    yield from (t for t in arms[0] if key(t) in shared)
    rest = [[t for t in arm if key(t) not in shared] for arm in arms]
    if all(rest):  # an alternative of nothing else makes the others redundant
        yield Either(tuple(arm[0] if len(arm) == 1 else Every(tuple(arm)) for arm in rest))


def _alternatives(test: Either) -> Iterator[Test]:
    for item in test.items:
        if isinstance(item, Either):
            yield from _alternatives(item)
        else:
            yield item


def key(item: Test | Term) -> object:
    """Return what makes two conditions the same, wherever they stand."""
    if isinstance(item, Col):
        return ("c", item.source, item.name.lower())
    if isinstance(item, Value):
        return ("v", item.text, item.kind) if item.kind else ("v", id(item))
    if isinstance(item, Computed):
        return ("x", item.text or id(item), tuple(key(c) for c in item.columns))
    if isinstance(item, Several):
        return ("r", tuple(key(i) for i in item.items))
    if isinstance(item, Cmp):
        return (item.op, key(item.left), tuple(key(r) for r in item.right))
    if isinstance(item, (Every, Either)):
        return (type(item).__name__, tuple(key(i) for i in item.items))
    return ("?", id(item))


def columns(item: Test | Term, *, nested: bool = True) -> tuple[Col, ...]:
    """Return every column in a condition; `nested`: also those that queries in it take from outside."""
    found: list[Col] = []
    _collect(item, found, nested)
    return tuple(found)


def _collect(item: Test | Term, found: list[Col], nested: bool) -> None:
    if isinstance(item, Col):
        found.append(item)
    elif isinstance(item, Value):
        return
    elif isinstance(item, Cmp):
        _collect(item.left, found, nested)
        for right in item.right:
            _collect(right, found, nested)
    elif isinstance(item, Computed):
        found += item.columns
    elif isinstance(item, (Several, Every, Either)):
        for inner in item.items:
            _collect(inner, found, nested)
    elif isinstance(item, Unclear):
        _collect(item.term, found, nested)
    elif nested and not item.free:
        found += item.block.outside()
