"""Objects as dictionaries of their fields: `record.model_dump(include={…})`, `asdict(record)`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from fragaudit.link.abstract import Instance
from fragaudit.link.evaluate import argument_of
from fragaudit.link.ids.declared import declared
from fragaudit.link.ids.heads import Head, Here, Made, Pairs, Thunk
from fragaudit.model.values import Arg, Attr, Entry, Lit, Map, Seq, Value

if TYPE_CHECKING:
    from fragaudit.link.ids.flow import Flow

METHODS = frozenset({"model_dump", "dict", "to_dict"})
FUNCTIONS = frozenset({"dataclasses.asdict", "attr.asdict", "attrs.asdict", "msgspec.to_builtins"})
MOST_FIELDS = 60


def dumped(flow: Flow, value: Value, args: tuple[Arg, ...], here: Here) -> Iterator[Head]:
    """Yield the dictionary that an object becomes: what made it if that is known, else its fields by their names."""
    heads = flow.force(Thunk(value, here))
    if any(isinstance(head, (Made, Pairs)) for head in heads):
        yield from heads
        return
    chosen = _texts(argument_of(args, "include", None))
    names = chosen or [
        name for name in _fields(flow, value, heads, here) if name not in _texts(argument_of(args, "exclude", None))
    ]
    if not names:
        yield from heads
        return
    yield Pairs(Map(tuple(Entry(Lit(name), Attr(value, name)) for name in names[:MOST_FIELDS])), here)


def _texts(value: Value | None) -> list[str]:
    """Return the texts of a set or list, and the keys of a dictionary, that says which fields."""
    items: tuple[Value | None, ...] = ()
    if isinstance(value, Seq):
        items = value.items
    elif isinstance(value, Map):
        items = tuple(entry.key for entry in value.entries)
    return [item.value for item in items if isinstance(item, Lit) and isinstance(item.value, str)]


def _fields(flow: Flow, value: Value, heads: Iterable[Head], here: Here) -> list[str]:
    """Return the fields that the class of an object declares, those of its base classes first."""
    program = flow.program
    for meaning in (*flow.evaluator.evaluate(value, here.place), *(m for head in heads for m in declared(flow, head))):
        if isinstance(meaning, Instance):
            return list(
                dict.fromkeys(
                    binding.target
                    for ancestor in reversed(flow.evaluator.ancestry(meaning.of))
                    for binding in program.bindings_by_scope[ancestor.place.file].get(ancestor.place.scope, ())
                    if binding.annotation is not None and not binding.target.startswith("_")
                )
            )
    return []
