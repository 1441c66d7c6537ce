"""Which kinds of expression texts are made of, each with what reads it, and what the simple ones are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from fragaudit.link.pieces import Fixed, Pieces
from fragaudit.link.texts.calls import of_call
from fragaudit.link.texts.displays import items_at
from fragaudit.link.texts.fields import percent
from fragaudit.link.texts.members import of_attribute
from fragaudit.link.texts.names import is_number, of_name
from fragaudit.link.texts.reading import Reading
from fragaudit.link.texts.search import Search
from fragaudit.model.values import Attr, Call, Either, Item, Lit, Operation, Placed, Ref, Text, alternatives


def _literal(value: Lit, _: Reading, __: Search) -> Iterator[Pieces]:
    yield (Fixed("NULL" if value.value is None else str(value.value)),)


def _placed(value: Placed, reading: Reading, _: Search) -> Iterator[Pieces]:
    yield (Fixed(str(value.value), value.at, reading.place.file),)


def _text(value: Text, reading: Reading, search: Search) -> list[Pieces]:
    return search.joined(value.parts, reading)


def _ref(value: Ref, reading: Reading, search: Search) -> Iterator[Pieces]:
    return of_name(value.name, reading, search)


def _item(value: Item, reading: Reading, search: Search) -> Iterator[Pieces]:
    for inner, place in items_at(value, reading, search):
        yield from search.texts(inner, place)


def _either(value: Either | Operation, reading: Reading, search: Search) -> Iterator[Pieces]:
    for option in alternatives(value):
        if option is not value and option != Lit(None):
            yield from search.texts(option, reading)


def _operation(value: Operation, reading: Reading, search: Search) -> Iterable[Pieces]:
    if value.op == "+":
        return () if any(map(is_number, value.operands)) else search.joined(value.operands, reading)
    return percent(value, reading, search) if value.op == "%" else _either(value, reading, search)


KINDS: Mapping[type, Callable[[Any, Reading, Search], Iterable[Pieces]]] = {
    Placed: _placed,
    Lit: _literal,
    Text: _text,
    Operation: _operation,
    Either: _either,
    Ref: _ref,
    Attr: of_attribute,
    Item: _item,
    Call: of_call,
}
"""By the class of an expression, what reads it; others are gaps."""
