"""Whether what is stored with a vector leads back to the row it belongs to."""

from __future__ import annotations

import re
from collections.abc import Iterator

from fragaudit.catalogue import Operation
from fragaudit.link.ids.callers import here_of
from fragaudit.link.ids.flow import Flow
from fragaudit.link.ids.heads import UNKNOWN, Atom, Chars, From, Head, Items, Made, Pairs, Several, Thunk
from fragaudit.link.ids.paths import given, parsed, paths
from fragaudit.link.program import Site
from fragaudit.model.values import Lit, Other
from fragaudit.model.vectors import Origin

_LEADS_BACK = re.compile(
    r"(?:^|_|[a-z])(?:id|ids|Id|Ids|ID|pk|uuid|guid|key|url|uri|path|source|src|ref|filename|file_?name|file|link|"
    r"hash|slug|name|title|sku|doi|isbn|email)$|^(?:id|pk|uuid|url|source|path)_|_(?:id|url|path|key)_|original|parent|citation|identif",
)
MOST_KEYS = 60
_TEXTS = ("page_content", "text", "content")


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
    """Yield the text that a key is, written out, as a constant, or as the default of a parameter."""
    if isinstance(key.value, Lit):
        if isinstance(key.value.value, str):
            yield key.value.value
        return
    for head in flow.force(key):
        if isinstance(head, Chars) and len(head.parts) == 1 and isinstance(head.parts[0], str):
            yield head.parts[0]
        elif isinstance(head, From) and head.function is not None and not head.steps:
            default = flow.program.scope(head.function).parameters[head.number].default
            if isinstance(default, Lit) and isinstance(default.value, str):
                yield default.value


def origin(flow: Flow, metadata: tuple[Head, ...] | None, takes: bool) -> Origin:
    """Say whether metadata leads back to a row: by a key that speaks of one.

    Args:
        flow: the value flow.
        metadata: what the write gives; None where it is left out.
        takes: whether the write takes metadata at all.
    """
    if metadata is None:
        return "missing" if takes else "unknown"
    answers: set[Origin] = {_one(flow, head) for head in metadata}
    return "leads back" if "leads back" in answers else "unknown" if "unknown" in answers else "missing"


def _one(flow: Flow, head: Head, deep: int = 0) -> Origin:
    if head == Atom("none"):
        return "missing"
    if isinstance(head, (Items, Several)) and deep < 3:
        elements = tuple(flow.step(head, None))
        found = {_one(flow, e, deep + 1) for e in elements}
        return "leads back" if "leads back" in found else "missing" if found == {"missing"} else "unknown"
    if not isinstance(head, (Pairs, Made)):
        return "unknown"
    keys = list(keys_of(flow, head))[:MOST_KEYS]
    if any(_LEADS_BACK.search(key) for key in keys):
        return "leads back"
    if isinstance(head, Made):
        return "unknown"
    whole = all(isinstance(e.key, Lit) for e in head.value.entries) and all(isinstance(k, Lit) for k, _ in head.more)
    values = [h for e in head.value.entries for h in flow.force(Thunk(e.value, head.here))]
    if any(isinstance(h, From) and h.steps and h.steps[-1] in (".id", "=id", ".pk") for h in values):
        return "leads back"
    return "missing" if whole else "unknown"


def placeholder(flow: Flow, site: Site, operation: Operation) -> bool:
    """Say whether all that is written is text that stands in the code, as to set an index up: it comes from no row."""
    root = next((parsed(path)[0] for path in paths(operation.metadata)), "")
    heads = given(flow, site.call, here_of(site), root, operation.at.get(root)) if root else ()
    records = [e for h in heads for e in (flow.step(h, None) if isinstance(h, Items) else (h,))]
    texts = [t for r in records if isinstance(r, Made) for name in _TEXTS for t in flow.step(r, f".{name}")]
    written = [t for t in texts if t != UNKNOWN]
    return bool(written) and all(isinstance(t, Chars) and all(isinstance(p, str) for p in t.parts) for t in written)
