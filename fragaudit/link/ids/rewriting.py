"""What has to be known for a fix: where the id is inside its call, and what to put before it."""

from __future__ import annotations

import re

from fragaudit.config import VectorIds
from fragaudit.link.ids.engines import rules_of
from fragaudit.link.ids.paths import parsed, paths
from fragaudit.link.ids.template import Names
from fragaudit.link.ids.verdicts import Judged
from fragaudit.link.ids.written import Written
from fragaudit.model.vectors import Rewrite

_WORD = re.compile(r"[A-Za-z][\w-]{0,40}")


def rewrite(written: Written, judged: Judged, container: str, names: Names, config: VectorIds) -> Rewrite | None:
    """Return how a write can be rewritten; None where the service, the type or the id isn't proven.

    The type is the container's name. Only the plain template is written: others need what only its authors know.
    """
    operation = written.operation
    if judged.verdict != "not-namespaced" or judged.near or written.inner or operation is None:
        return None
    if "service:type:id" not in (t.replace(config.separator, ":") for t in config.templates):
        return None
    if not names.name or not _WORD.fullmatch(container) or not _WORD.fullmatch(names.name):
        return None
    if not re.fullmatch(r"\{[^{}]+\}|(?:uuid5|md5|sha\d+)\(.*\)", judged.shape):
        return None  # a text that says something already: what to keep of it isn't ours to decide
    kind = judged.kind
    if kind not in ("row id", "random", "hash", "uuid5"):
        return None
    path = next((p for p in paths(operation.id) if parsed(p)[0] and parsed(p)[0] != "args"), "")
    if not path:
        return None
    root, steps = parsed(path)
    plural = not steps and root.endswith("s")
    spoken = tuple("[]" if s is None else str(s) for s in (((None,) if plural else ()) + steps))
    rules = rules_of(written.target.engine, written.target.package)
    metadata = next(iter(paths(operation.metadata)), "")
    prefix = f"{names.name}{config.separator}{container}{config.separator}"
    return Rewrite(root, operation.at.get(root), spoken, prefix, not rules.accepts_text, kind == "row id", metadata)
