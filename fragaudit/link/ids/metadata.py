"""Whether what is stored with a vector leads back to the row it belongs to."""

from __future__ import annotations

import re

from fragaudit.catalogue import Operation
from fragaudit.link.ids.callers import here_of
from fragaudit.link.ids.flow import Flow
from fragaudit.link.ids.heads import UNKNOWN, Atom, Chars, From, Head, Items, Made, Pairs, Several, Thunk
from fragaudit.link.ids.keys import keys_of
from fragaudit.link.ids.paths import at_path, given, parsed, paths
from fragaudit.link.program import Site
from fragaudit.model.values import Lit
from fragaudit.model.vectors import Origin

_LEADS_BACK = re.compile(
    r"(?:^|_|[a-z])(?:id|ids|Id|Ids|ID|pk|uuid|guid|key|url|uri|path|source|src|ref|filename|file_?name|file|link|"
    r"hash|slug|name|title|sku|doi|isbn|email)$|^(?:id|pk|uuid|url|source|path)_|_(?:id|url|path|key)_|original|parent|citation|identif",
)
MOST_KEYS = 60
_TEXTS = ("page_content", "text", "content")


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
    """Say whether all that is written stands in the code, as to set an index up: a text, or a vector of constants."""
    for path in paths(operation.vector):
        vectors = at_path(flow, site.call, here_of(site), operation, path) or ()
        if vectors and all(_constant(head) for head in vectors):
            return True
    root = next((parsed(path)[0] for path in paths(operation.metadata)), "")
    heads = given(flow, site.call, here_of(site), root, operation.at.get(root)) if root else ()
    records = [e for h in heads for e in (flow.step(h, None) if isinstance(h, Items) else (h,))]
    texts = [t for r in records if isinstance(r, Made) for name in _TEXTS for t in flow.step(r, f".{name}")]
    written = [t for t in texts if t != UNKNOWN]
    return bool(written) and all(isinstance(t, Chars) and all(isinstance(p, str) for p in t.parts) for t in written)


def _constant(head: Head) -> bool:
    items = head.value.items if isinstance(head, Items) and not head.more else ()
    return bool(items) and all(isinstance(item, Lit) for item in items)
