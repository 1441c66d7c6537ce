"""Which parts of a repository import which, and which folders only hold others."""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence, Set

from fragaudit.link.candidates import Candidate, below
from fragaudit.model.facts import FileFacts


def through(imported: Mapping[str, Set[str]], libraries: Collection[str]) -> dict[str, set[str]]:
    """Return which roots each root imports from, directly or by way of libraries: what those need is needed too."""
    found: dict[str, set[str]] = defaultdict(set)
    for root in imported:
        waiting = sorted(imported[root])
        while waiting:
            other = waiting.pop()
            if other != root and other not in found[root]:
                found[root].add(other)
                waiting.extend(sorted(imported.get(other, ())) if other in libraries else ())
    return found


def leave_wrappers(owned: dict[str, set[str]], rest: set[str], known: dict[str, Candidate]) -> None:
    """Take out folders whose manifest is the repository's: they hold parts with manifests, and no package of their own.

    If there is one such part, it takes the name.
    """
    for root in sorted(owned):
        candidate = known[root]
        inner = [other for other in owned if other != root and below(other, root)]
        packaged = any(path.endswith("__init__.py") for path in owned[root])
        if inner and not packaged and not candidate.deployed and not candidate.started:
            rest |= owned.pop(root)
            if len(inner) == 1:
                part = known[inner[0]]
                part.name = part.name or candidate.name
                part.reasons = [*candidate.reasons, *part.reasons]


def imported_roots(facts: Sequence[FileFacts], owned: dict[str, set[str]]) -> dict[str, set[str]]:
    """Return which roots the files of each root import from, by top-level package name."""
    packages: dict[str, set[str]] = defaultdict(set)
    by_path = {path: root for root, files in owned.items() for path in files}
    for path, root in by_path.items():
        inside = posixpath.relpath(path, root) if root else path
        parts = inside.removesuffix(".py").split("/")
        for part in parts[:2]:
            packages[part].add(root)
    found: dict[str, set[str]] = defaultdict(set)
    for file in facts:
        own = by_path.get(file.path)
        if own is None:
            continue
        for item in file.imports:
            if not item.level:
                top = item.module.partition(".")[0]
                found[own] |= packages.get(top, set()) if own not in packages.get(top, set()) else set()
    return found
