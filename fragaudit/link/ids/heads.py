"""What a value turns out to be when it is followed only as far as its outermost form."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, TypeAlias

from msgspec import Struct

from fragaudit.link.abstract import ClassRef
from fragaudit.link.program import Place
from fragaudit.model.values import Call, Map, Seq, Value

Kind: TypeAlias = Literal[
    "literal", "number", "random", "uuid5", "hash", "counter", "time", "row id", "field", "setting", "parameter",
    "class name", "external", "result", "stored", "record", "none", "unknown",
]  # fmt: skip
"""What fills a hole of an id.

`row id`: an attribute called like a key of something that comes from elsewhere; `field`: any other attribute;
`parameter`: what callers pass and nobody could be found to; `result`: what code outside the project returns; `stored`:
what a search or fetch of a vector store found there; `record`: the id that a library looks for in a record which
nobody could follow.
"""

Step: TypeAlias = str | int | None
"""One step into a value: `.name` an attribute, `=name` an entry by that key, a number an item, None each element,
`keys` and `values` those of a mapping, `pairs` its items."""


class Frame(Struct, frozen=True):
    """The call a function is looked at from: what each parameter is bound to there."""

    function: Place
    bound: tuple[tuple[str, Thunk], ...]
    depth: int

    def get(self, name: str) -> Thunk | None:
        """Return what a parameter is bound to."""
        return next((thunk for bound, thunk in self.bound if bound == name), None)


class Here(Struct, frozen=True):
    """Where a value is read: a scope, the lines of the statement or call around it, its branch, and the call made."""

    place: Place
    first: int
    last: int
    branch: int
    frame: Frame | None = None


class Thunk(Struct, frozen=True, eq=False):
    """A value not followed yet."""

    value: Value
    here: Here


class Atom(Struct, frozen=True):
    """Something whole: a hole of a text, or a value of its own.

    `inner` is what a hash or uuid5 is made of (one of several alternatives each), `name` how the source calls it.
    """

    kind: Kind
    name: str = ""
    inner: tuple[Head, ...] = ()


class Chars(Struct, frozen=True):
    """A text of literal parts and holes; each hole has its alternatives."""

    parts: tuple[str | tuple[Head, ...], ...]


class Items(Struct, frozen=True, eq=False):
    """A list, tuple, set or comprehension; `more` are elements added later."""

    value: Seq
    here: Here
    more: tuple[Thunk, ...] = ()


class Pairs(Struct, frozen=True, eq=False):
    """A dictionary; `more` are entries set later (key, value)."""

    value: Map
    here: Here
    more: tuple[tuple[Value, Thunk], ...] = ()


class Made(Struct, frozen=True, eq=False):
    """An object that a call makes: of a library's class by dotted name, or of the project's own."""

    name: str
    cls: ClassRef | None
    call: Call
    here: Here
    more: tuple[tuple[str, Thunk], ...] = ()


class Several(Struct, frozen=True):
    """A sequence whose elements were followed already: each is one of these."""

    elements: tuple[Head, ...]


class Row(Struct, frozen=True):
    """A tuple, as `zip`, `enumerate` and `d.items()` make them: the alternatives of each item."""

    columns: tuple[tuple[Head, ...], ...]


class From(Struct, frozen=True):
    """Something a function was given, or that nobody could follow, and the way into it that was taken.

    `function` and `number` name the parameter; None and -1: not a parameter. `name` is what the source calls it.
    """

    function: Place | None
    number: int
    name: str
    steps: tuple[Step, ...] = ()
    kind: Kind = "parameter"


Head: TypeAlias = Atom | Chars | Items | Pairs | Made | Several | Row | From
UNKNOWN = Atom("unknown")
MOST_ALTERNATIVES = 8


def distinct(heads: Iterable[Head]) -> tuple[Head, ...]:
    """Return distinct heads in order, a bounded number; nothing known gives way to anything that is."""
    found: dict[Head, None] = {}
    for head in heads:
        found[head] = None
        if len(found) >= MOST_ALTERNATIVES:
            break
    if len(found) > 1:
        found.pop(UNKNOWN, None)
    return tuple(found)
