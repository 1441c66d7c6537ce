"""The keys of dictionaries that are known: of records, and of what is kept beside a vector."""

from __future__ import annotations

from collections.abc import Iterator

from fragaudit.link.ids.flow import Flow
from fragaudit.link.ids.heads import Atom, Chars, From, Head, Items, Made, Pairs, Several, Thunk
from fragaudit.model.values import Lit, Other


def keys_of(flow: Flow, head: Head, deep: int = 0) -> Iterator[str]:
    """Yield the literal keys of metadata: of a dictionary, of each of a list, of nested ones."""
    if deep > 3:
        return
    if isinstance(head, Pairs):
        for entry in head.value.entries:
            if entry.key is not None:
                yield from _spelled(flow, Thunk(entry.key, head.here))
            else:
                for inner in flow.force(Thunk(entry.value, head.here)):
                    yield from keys_of(flow, inner, deep + 1)
            for inner in flow.force(Thunk(entry.value, head.here)):
                if isinstance(inner, Pairs):
                    yield from keys_of(flow, inner, deep + 1)
        for key, thunk in head.more:
            if key != Other():
                yield from _spelled(flow, Thunk(key, thunk.here))
            for inner in flow.force(thunk) if key == Other() else ():  # updated with it
                if isinstance(inner, Pairs):
                    yield from keys_of(flow, inner, deep + 1)
    elif isinstance(head, (Items, Several)):
        for element in flow.step(head, None):
            yield from keys_of(flow, element, deep + 1)
    elif isinstance(head, Made):
        for argument in head.call.args:
            if argument.name and argument.name not in ("*", "**"):
                yield argument.name
            for inner in flow.force(Thunk(argument.value, head.here)):
                if isinstance(inner, Pairs):
                    yield from keys_of(flow, inner, deep + 1)


def _spelled(flow: Flow, key: Thunk) -> Iterator[str]:
    """Yield the text that a key is: written out, as a constant, as a parameter's default, or a setting's own name."""
    if isinstance(key.value, Lit):
        if isinstance(key.value.value, str):
            yield key.value.value
        return
    for head in flow.force(key):
        if isinstance(head, Chars) and len(head.parts) == 1 and isinstance(head.parts[0], str):
            yield head.parts[0]
        elif isinstance(head, Atom) and head.kind == "setting":
            yield head.name  # `AZURE_FIELDS_EMBEDDING` says what it is the name of
        elif isinstance(head, From) and head.function is not None and not head.steps:
            default = flow.program.scope(head.function).parameters[head.number].default
            if isinstance(default, Lit) and isinstance(default.value, str):
                yield default.value
