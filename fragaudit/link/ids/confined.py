"""Keys of payloads by which all searches are confined: what they tell apart, ids need not."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from fragaudit.link.ids.flow import Flow
from fragaudit.link.ids.heads import Chars, Head, Items, Made, Several, Thunk
from fragaudit.link.ids.keys import keys_of
from fragaudit.link.ids.searches import Searched
from fragaudit.link.ids.written import Written

DEEPEST_FILTER = 6
_TELLS = re.compile(r"_(?:id|uuid)$", re.IGNORECASE)


def confining_key(flow: Flow, written: Written, searched: Sequence[Searched]) -> str:
    """Return the key of a write's payload that each search in the same file, of the same engine, is filtered by.

    Only a key that holds another thing's id: one of a status or language tells no owners apart.
    """
    shared: set[str] | None = None
    for search in searched:
        if search.verb != "search" or search.target.engine != written.target.engine:
            continue
        if search.site.place.file == written.site.place.file:
            keys = {key for head in search.filters for key in _keys(flow, head, 0)}
            shared = keys if shared is None else shared & keys
    given = {key for head in written.metadata or () for key in keys_of(flow, head)} if shared else set()
    return next((key for key in sorted(shared or ()) if key in given), "")


def _keys(flow: Flow, head: Head, deep: int) -> Iterator[str]:
    """Yield the keys that the conditions of a filter name, without the names of what they are nested in."""
    if deep > DEEPEST_FILTER:
        return
    if isinstance(head, (Items, Several)):
        for element in flow.step(head, None):
            yield from _keys(flow, element, deep + 1)
    elif isinstance(head, Made):
        for argument in head.call.args:
            for inner in flow.force(Thunk(argument.value, head.here)):
                text = inner.parts[0] if isinstance(inner, Chars) and len(inner.parts) == 1 else None
                if argument.name == "key" and isinstance(text, str) and _TELLS.search(text):
                    yield text.rpartition(".")[2]
                elif argument.name in ("must", "filter", "filters", "conditions", None):
                    yield from _keys(flow, inner, deep + 1)
