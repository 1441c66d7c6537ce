"""Expressions as plain data: what a file says, reduced to the forms that linking can follow.

Everything that linking can't use becomes `Other`, which keeps the parts that can still matter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias, Union

from msgspec import Struct

from fragaudit.model.layout import Layout

Span: TypeAlias = tuple[int, int, int, int]
"""(line, column, end line, end column): lines and columns from 1, the end exclusive."""


class Lit(Struct, frozen=True, tag="l", array_like=True):
    """A constant: string, number, boolean or None."""

    value: str | int | float | bool | None


class Placed(Lit, frozen=True, tag="q", array_like=True):
    """A string constant that may be part of a SQL statement, and where its code points stand (see `layout`)."""

    at: Layout = ()


class Ref(Struct, frozen=True, tag="r", array_like=True):
    """A name as written, resolved in its scope when linking."""

    name: str


class Attr(Struct, frozen=True, tag="a", array_like=True, cache_hash=True):
    """`base.name`."""

    base: Value
    name: str


class Item(Struct, frozen=True, tag="i", array_like=True, cache_hash=True):
    """`base[key]`."""

    base: Value
    key: Value


class Arg(Struct, frozen=True, array_like=True):
    """One argument of a call: its keyword (`*` and `**` for splats) or None, its value, and for a query's its place."""

    name: str | None
    value: Value
    at: Span | None = None


class Call(Struct, frozen=True, tag="c", array_like=True, cache_hash=True):
    """`func(args)` with the span of the whole call."""

    func: Value
    args: tuple[Arg, ...]
    at: Span


class Text(Struct, frozen=True, tag="t", array_like=True, cache_hash=True):
    """A string put together: f-string, `+`, `%`, `.format`, `join`; `Lit` parts are literal, others are holes."""

    parts: tuple[Value, ...]


class Seq(Struct, frozen=True, tag="s", array_like=True, cache_hash=True):
    """A list, tuple, set or comprehension (then its element, once)."""

    items: tuple[Value, ...]


class Entry(Struct, frozen=True, array_like=True):
    """One entry of a mapping; the key is None for `**other`."""

    key: Value | None
    value: Value


class Map(Struct, frozen=True, tag="m", array_like=True, cache_hash=True):
    """A dictionary display."""

    entries: tuple[Entry, ...]


class Either(Struct, frozen=True, tag="e", array_like=True, cache_hash=True):
    """One of several values: `a or b`, `a if c else b`."""

    options: tuple[Value, ...]


class Function(Struct, frozen=True, tag="f", array_like=True, cache_hash=True):
    """A lambda: its result, and the names of its parameters."""

    result: Value
    parameters: tuple[str, ...] = ()


class Other(Struct, frozen=True, tag="o", array_like=True, cache_hash=True):
    """An expression that can't be followed, with the sub-expressions that can."""

    parts: tuple[Value, ...] = ()


class Operation(Struct, frozen=True, tag="p", array_like=True, cache_hash=True):
    """An operator between values that texts and choices don't account for: `a == b`, `a & b`, `~a`, `a and b`.

    `op` is the operator as written (`not in` and `is not` with one blank), `:` for a slice (start and end, None where
    left out). Neighbours joined by one associative operator are operands of a single operation, in source order.
    """

    op: str
    operands: tuple[Value, ...]


Value: TypeAlias = Union[Lit, Placed, Ref, Attr, Item, Call, Text, Seq, Map, Either, Function, Operation, Other]

UNKNOWN = Other()


_NONE: tuple[Value, ...] = ()
_CHILDREN: dict[type, Callable[[Any], tuple[Value, ...]]] = {
    Attr: lambda value: (value.base,),
    Item: lambda value: (value.base, value.key),
    Call: lambda value: (value.func, *[argument.value for argument in value.args]),
    Text: lambda value: value.parts,
    Other: lambda value: value.parts,
    Seq: lambda value: value.items,
    Map: lambda value: tuple([v for e in value.entries for v in (e.key, e.value) if v is not None]),
    Either: lambda value: value.options,
    Operation: lambda value: value.operands,
    Function: lambda value: (value.result,),
}


def children(value: Value) -> tuple[Value, ...]:
    """Return the direct sub-expressions of a value, in source order."""
    # Asked of every expression of a repository many times over: a table tells types apart faster than patterns do.
    inner = _CHILDREN.get(type(value))
    return inner(value) if inner is not None else _NONE


def calls(value: Value) -> Iterator[Call]:
    """Yield every call inside a value, outer ones first."""
    stack = [value]
    while stack:
        top = stack.pop()
        # Asked of every expression too; nearly all of them are of the first kinds.
        if isinstance(top, Attr):
            stack.append(top.base)
        elif isinstance(top, Call):
            yield top
            stack.extend([argument.value for argument in top.args[::-1]])
            stack.append(top.func)
        elif (inner := _CHILDREN.get(type(top))) is not None:
            stack.extend(inner(top)[::-1])


def alternatives(value: Value) -> tuple[Value, ...]:
    """Return the values that an expression is one of: those of `a or b`, `a if c else b`, `a | b`, or itself.

    Of `a and b` only the last can be what matters. `a | b` is a union of types or of other sets; as an operation on
    bits it is nothing that linking follows.
    """
    if isinstance(value, Either):
        return value.options
    if isinstance(value, Operation) and value.op == "|":
        return tuple(option for operand in value.operands for option in alternatives(operand))
    if isinstance(value, Operation) and value.op == "and":
        return (value.operands[-1],)
    return (value,)


def dotted(value: Value) -> str:
    """Return `a.b.c` for a chain of names, or an empty string."""
    names: list[str] = []
    while isinstance(value, Attr):
        names.append(value.name)
        value = value.base
    if not isinstance(value, Ref):
        return ""
    return ".".join([value.name, *reversed(names)])
