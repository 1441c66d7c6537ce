"""Attributes of objects that a call makes: what the call was given, or what the class does with it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fragaudit.link.ids.heads import UNKNOWN, Atom, Head, Here, Made, Step, Thunk
from fragaudit.model.values import Call, Value, dotted

if TYPE_CHECKING:
    from fragaudit.link.ids.flow import Flow

ID_NAMES = ("id", "id_", "node_id", "doc_id", "_id", "uuid", "key")
"""Names under which libraries' records take their id."""

_POSITIONS = {
    "Vector": ("id", "values", "sparse_values", "metadata"),
    "Document": ("page_content", "metadata"),
    "DataObject": ("properties", "uuid", "vector"),
    "Doc": ("id",),
    "Data": ("id",),
    "InsertOne": ("document",),
    "ReplaceOne": ("filter", "replacement"),
    "UpdateOne": ("filter", "update"),
}
_LEFT_OUT = {
    "llama_index": Atom("random", "the library's default, a uuid4"),
    "haystack": Atom("hash", "the library's default, a hash of the content"),
    "weaviate": Atom("random", "the library's default, a uuid4"),
}


def attribute_of(flow: Flow, made: Made, step: Step) -> Iterator[Head]:
    """Yield what a step into an object leads to."""
    if not isinstance(step, str) or step[:1] not in ".=":
        if made.cls is None and isinstance(step, int):
            yield from _positional(flow, made, step)
        else:
            yield UNKNOWN
        return
    name = step[1:]
    later = [thunk for field, thunk in made.more if field == name]
    if later:
        for thunk in later:
            yield from flow.force(thunk)
        return
    given = list(_given(flow, made, name))
    if given:
        yield from given
        return
    if made.cls is not None:
        found = list(_of_project(flow, made, name))
        yield from found or (UNKNOWN,)
        return
    default = _LEFT_OUT.get(made.name.partition(".")[0].partition("_integrations")[0]) if name in ID_NAMES else None
    splat = made.name.startswith("?.") or any(argument.name in ("*", "**") for argument in made.call.args)
    yield default if default is not None and not splat else UNKNOWN if splat or name not in ID_NAMES else Atom("none")


def _given(flow: Flow, made: Made, name: str) -> Iterator[Head]:
    names = ID_NAMES if made.cls is None and name in ID_NAMES else (name,)
    for argument in made.call.args:
        if argument.name in names:
            yield from flow.force(Thunk(argument.value, made.here))
            return
    for argument in made.call.args:
        if argument.name == "**":
            for head in flow.force(Thunk(argument.value, made.here)):
                yield from flow.step(head, f"={name}")
    if made.cls is None:
        order = _POSITIONS.get(made.name.rpartition(".")[2], ())
        if name in order:
            yield from _positional(flow, made, order.index(name))


def _positional(flow: Flow, made: Made, number: int) -> Iterator[Head]:
    plain = [a.value for a in made.call.args if a.name is None]
    if number < len(plain):
        yield from flow.force(Thunk(plain[number], made.here))


def _of_project(flow: Flow, made: Made, name: str) -> Iterator[Head]:
    assert made.cls is not None
    order: list[str] = []
    for ancestor in reversed(flow.evaluator.ancestry(made.cls)):
        if flow.program.definitions(ancestor.place, "__init__"):
            order = []
            break
        for target, value in _fields(flow, ancestor.place.file, ancestor.place.scope):
            del value
            if target not in order:
                order.append(target)
    if name in order:
        found = list(_positional(flow, made, order.index(name)))
        if found:
            yield from found
            return
    yield from flow.class_attribute(made.cls, name, made)


def _fields(flow: Flow, file: int, scope: int) -> list[tuple[str, Value | None]]:
    return [
        (b.target, b.value) for b in flow.program.files[file].bindings if b.scope == scope and b.annotation is not None
    ]


def made_outside(call: Call, here: Here) -> Made | None:
    """Return the object that a call makes whose class could not be followed: told by its name and keywords."""
    named = dotted(call.func)
    made = named.rpartition(".")[2][:1].isupper() and any(a.name not in (None, "*", "**") for a in call.args)
    return Made(f"?.{named}", None, call, here) if made else None
