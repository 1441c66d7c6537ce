"""The catalogue's paths to ids, vectors and metadata inside a call: `points[].id`, `data[]['id']`, `records[][0]`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

from msgspec.structs import replace

from fragaudit.link.evaluate import argument_of
from fragaudit.link.ids.heads import UNKNOWN, Atom, From, Head, Here, Items, Pairs, Several, Step, Thunk, distinct
from fragaudit.link.ids.keys import keys_of
from fragaudit.model.values import Call

if TYPE_CHECKING:
    from fragaudit.catalogue import Operation
    from fragaudit.link.ids.flow import Flow

_WITHOUT_IDS = frozenset(
    {
        "split_documents",
        "create_documents",
        "transform_documents",
        "load",
        "aload",
        "lazy_load",
        "alazy_load",
        "load_and_split",
        "load_data",
        "aload_data",
        "get_nodes_from_documents",
        "aget_nodes_from_documents",
    }
)
"""Methods of frameworks' loaders and splitters: what they make has no id, or one at random."""

_PIECE = re.compile(r"\[\]|\[(?P<number>\d+)\]|\['(?P<key>[^']*)'\]|\.(?P<name>\w+)")


@cache
def parsed(path: str) -> tuple[str, tuple[Step, ...]]:
    """Return the parameter a path starts from, and the steps from there."""
    root = re.match(r"\w*", path)
    name = root[0] if root is not None else ""
    steps: list[Step] = []
    for match in _PIECE.finditer(path, len(name)):
        if match["number"] is not None:
            steps.append(int(match["number"]))
        elif match["key"] is not None:
            steps.append(f"={match['key']}")
        elif match["name"] is not None:
            steps.append(f".{match['name']}")
        else:
            steps.append(None)
    return name, tuple(steps)


def paths(written: str | tuple[str, ...]) -> tuple[str, ...]:
    """Return the paths of an entry, none, one or several."""
    return (written,) if isinstance(written, str) and written else tuple(written)


def given(flow: Flow, call: Call, here: Here, name: str, position: int | None) -> tuple[Head, ...]:
    """Return what a call gives for a parameter; nothing where it is left out, unknown where a splat may hide it."""
    value = argument_of(call.args, name, position)
    if value is not None:
        return flow.force(Thunk(value, here))
    for argument in call.args:
        if argument.name == "**":
            splat = flow.force(Thunk(argument.value, here))
            found = tuple(h for d in splat for h in _entry(flow, d, name))
            if found and found != (UNKNOWN,):
                return found
            if any(not isinstance(d, Pairs) for d in splat):
                return (UNKNOWN,)
        elif argument.name == "*":
            return (UNKNOWN,)
    return ()


def _entry(flow: Flow, splat: Head, name: str) -> Iterator[Head]:
    """Yield what a splatted dictionary has for a parameter: by its entries, or as callers say who give it."""
    if isinstance(splat, Pairs):
        yield from flow.step(splat, f"={name}")
    elif isinstance(splat, From) and splat.function is not None and not splat.steps:
        yield from of_record(flow, splat, (f"={name}",))


def at_path(
    flow: Flow, call: Call, here: Here, operation: Operation, path: str, *, ids: bool = False
) -> tuple[Head, ...] | None:
    """Return what stands at a path in a call; None where the parameter it starts from is left out.

    `ids`: it leads to ids; those in records that nobody could follow are told from those that the code names.
    """
    root, steps = parsed(path)
    if root == "args" and steps and isinstance(steps[0], int):
        heads = given(flow, call, here, "", steps[0])
        steps = steps[1:]
    else:
        heads = given(flow, call, here, root, operation.at.get(root))
    if not heads:
        return None
    found = (h for head in heads for h in _walked(flow, head, steps))
    return tuple(found if not ids else (h for head in heads for h in of_record(flow, head, steps)))


def of_record(flow: Flow, head: Head, steps: tuple[Step, ...]) -> Iterator[Head]:
    """Yield the ids that steps lead to, marked where only the catalogue says that the record has one."""
    holders = distinct(flow.walk(head, steps[:-1])) if steps else ()
    guessed = {one for holder in holders if _hides(flow, holder, steps[-1]) for one in flow.step(holder, steps[-1])}
    for one in _walked(flow, head, steps):
        if one not in guessed or not isinstance(one, From) or one.kind == "stored":
            yield one
        elif one.function is None and one.name.rpartition(".")[2] in _WITHOUT_IDS:
            yield Atom("none", "left out")
        else:
            yield replace(one, kind="record")


def _hides(flow: Flow, holder: Head, step: Step) -> bool:
    """Say whether a record does not show if it has what a step leads to: handed in, or taken over from another."""
    if isinstance(holder, Pairs):
        return isinstance(step, str) and step[1:] not in keys_of(flow, holder)
    return isinstance(holder, From) or (isinstance(holder, Atom) and holder.kind in ("result", "field", "setting"))


def _walked(flow: Flow, head: Head, steps: tuple[Step, ...]) -> Iterator[Head]:
    found = tuple(flow.walk(head, steps))
    if found in ((), (UNKNOWN,)) and steps and isinstance(steps[-1], str):
        # The same record as an object, a dictionary or with the library's other name for its key.
        other = ("=" if steps[-1][0] == "." else ".") + steps[-1][1:]
        found = tuple(flow.walk(head, (*steps[:-1], other)))
    if found in ((), (UNKNOWN,)) and steps and steps[0] is None:
        # One record instead of a list of them.
        alone = tuple(flow.walk(head, steps[1:]))
        if alone not in ((), (UNKNOWN,)) and isinstance(head, Pairs):
            found = alone
    if found in ((), (UNKNOWN,)) and steps and steps[0] is None:
        # Batches of records instead of a list of them, as a generator yields them.
        batches = tuple(h for h in flow.step(head, None) if isinstance(h, (Items, Several)))
        found = tuple(h for batch in batches for h in flow.walk(batch, steps)) or found
    yield from found or (UNKNOWN,)


def first_known(
    flow: Flow, call: Call, here: Here, operation: Operation, written: str | tuple[str, ...], *, ids: bool = False
) -> tuple[Head, ...] | None:
    """Return what stands at the first of several paths that leads to something; None where all are left out."""
    seen: tuple[Head, ...] | None = None
    none: tuple[Head, ...] | None = None
    for path in paths(written):
        heads = at_path(flow, call, here, operation, path, ids=ids)
        if heads is None:
            continue
        known = tuple(h for h in heads if h != UNKNOWN)
        if known and not all(isinstance(h, Atom) and h.kind == "none" for h in known):
            return known
        if known:
            none = known
        seen = seen or heads
    return none or seen
