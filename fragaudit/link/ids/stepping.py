"""Steps into values: attributes, items, elements, and what mappings hold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fragaudit.link.ids.heads import (
    UNKNOWN,
    Atom,
    Chars,
    From,
    Head,
    Items,
    Made,
    Pairs,
    Row,
    Several,
    Step,
    Thunk,
    distinct,
)
from fragaudit.link.ids.objects import attribute_of
from fragaudit.model.values import Lit

if TYPE_CHECKING:
    from fragaudit.link.ids.flow import Flow

MOST_STEPS = 6


def into(flow: Flow, head: Head, step: Step) -> Iterator[Head]:
    """Yield what one step into a value leads to."""
    match head:
        case Items():
            yield from _into_items(flow, head, step)
        case Pairs():
            yield from _into_pairs(flow, head, step)
        case Made():
            yield from attribute_of(flow, head, step)
        case Several():
            yield from _into_several(flow, head, step)
        case Row() if isinstance(step, int) and -len(head.columns) <= step < len(head.columns):
            yield from head.columns[step]
        case From():
            if isinstance(step, str) and step[0] == "." and head.function and head.number == 0 and not head.steps:
                found = list(flow.of_self(head, step[1:]))
                if found:
                    yield from found
                    return
                if flow.owner(head.function) is not None:
                    yield From(None, -1, head.name, (step,), "result")
                    return
            if step is None and head.steps[-1:] in (("keys",), ("values",)):
                yield head  # these steps lead to the elements already
            elif len(head.steps) < MOST_STEPS:
                into = None if step == "any" else step
                yield From(head.function, head.number, head.name, (*head.steps, into), head.kind)
        case Atom() if head.kind == "external" and isinstance(step, str) and step.startswith("."):
            yield Atom("external", f"{head.name}{step}")
        case Atom() if head.kind in ("random", "uuid5", "hash") and step in (".hex", ".int", ".bytes", ".urn"):
            yield head
        case Atom() if isinstance(step, str) and step[:1] in ".=" and head.kind in ("field", "setting"):
            yield From(None, -1, head.name, (step,), "result")
        case Atom() if head.kind in ("result", "stored"):
            yield From(None, -1, head.name, (step,), head.kind)
        case Chars() if step in (".value", ".name"):
            yield head  # a member of an enumeration of texts
        case _:
            yield UNKNOWN


def _into_items(flow: Flow, head: Items, step: Step) -> Iterator[Head]:
    items = head.value.items
    if isinstance(step, int) and -len(items) <= step < len(items) and not head.more:
        yield from flow.force(Thunk(items[step], head.here))
    elif step is None or isinstance(step, int) or step in ("any", "values"):
        for item in items:
            yield from flow.force(Thunk(item, head.here))
        for thunk in head.more:
            yield from flow.force(thunk)


def _into_several(flow: Flow, head: Several, step: Step) -> Iterator[Head]:
    rows = [e for e in head.elements if isinstance(e, Row)]
    if step in ("keys", "values") or (isinstance(step, str) and step[:1] == "="):
        for row in rows:
            yield from row.columns[0 if step == "keys" else -1]
    elif step == "pairs":
        yield head
    elif step is None or isinstance(step, int) or step == "any":
        yield from head.elements


def _into_pairs(flow: Flow, head: Pairs, step: Step) -> Iterator[Head]:
    if step is None or step == "keys":
        yield from keys(flow, head)
    elif step in ("any", "values"):
        yield from entries(flow, head)
    elif step == "pairs":
        yield Several((Row((distinct(keys(flow, head)) or (UNKNOWN,), distinct(entries(flow, head)) or (UNKNOWN,))),))
    elif isinstance(step, str) and step[:1] == "=":
        yield from _entry(flow, head, step[1:])


def keys(flow: Flow, head: Pairs) -> Iterator[Head]:
    """Yield the keys of a dictionary."""
    for entry in head.value.entries:
        if entry.key is not None:
            yield from flow.force(Thunk(entry.key, head.here))
        else:
            yield from _spread(flow, Thunk(entry.value, head.here), None)
    for key, thunk in head.more:
        yield from flow.force(Thunk(key, thunk.here))


def _spread(flow: Flow, thunk: Thunk, step: Step) -> tuple[Head, ...]:
    """Return what a step leads to in the mappings that a display takes over, once where one takes over itself."""
    key = (id(thunk.value), thunk.here)
    if key in flow.spread:
        return ()
    flow.spread.add(key)
    try:
        return tuple(found for inner in flow.force(thunk) for found in flow.step(inner, step))
    finally:
        flow.spread.discard(key)


def entries(flow: Flow, head: Pairs) -> Iterator[Head]:
    """Yield the values of a dictionary."""
    for entry in head.value.entries:
        if entry.key is not None:
            yield from flow.force(Thunk(entry.value, head.here))
    for _, thunk in head.more:
        yield from flow.force(thunk)


def _entry(flow: Flow, head: Pairs, key: str) -> Iterator[Head]:
    for later, thunk in head.more:
        if later == Lit(key):
            yield from flow.force(thunk)
    found = False
    for entry in head.value.entries:
        if entry.key == Lit(key):
            found = True
            yield from flow.force(Thunk(entry.value, head.here))
    if not found:
        for entry in head.value.entries:
            if entry.key is None:
                yield from _spread(flow, Thunk(entry.value, head.here), f"={key}")
            elif not isinstance(entry.key, Lit) and Chars((key,)) in flow.force(Thunk(entry.key, head.here)):
                yield from flow.force(Thunk(entry.value, head.here))
