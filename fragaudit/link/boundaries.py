"""Which parts of a repository are services of their own: configured, deployed, packaged or started on their own."""

from __future__ import annotations

import posixpath
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

import msgspec
from msgspec import Struct

from fragaudit.config import Config
from fragaudit.link.candidates import Candidate, below, candidates, entry_points, made_by_object
from fragaudit.link.entrypoints import parts_of
from fragaudit.link.importing import imported_roots, leave_wrappers, through
from fragaudit.model.deploy import DeployFacts
from fragaudit.model.facts import FileFacts
from fragaudit.model.locations import Location
from fragaudit.model.stores import Reason

_NAMELESS = frozenset({"", "src", "app", "code", "lib", "source", "python", "py", "main", "package"})
"""Names of folders that say nothing of what is in them."""


class ServiceRoot(Struct, frozen=True):
    """A service: its root folder, its own files, the shared files it may import, and why it is one.

    `compose` are the names of the compose services that run it.
    """

    name: str
    root: str
    files: frozenset[str]
    shared: frozenset[str]
    reasons: tuple[Reason, ...]
    compose: frozenset[str] = frozenset()


def boundaries(
    facts: Sequence[FileFacts], deploy: Sequence[DeployFacts], config: Config, name: str = "service"
) -> tuple[ServiceRoot, ...]:
    """Divide the files of a repository among services; the whole is one if nothing says otherwise."""
    paths = sorted(f.path for f in facts)
    if config.services:
        return _configured(paths, deploy, config)
    entries = entry_points(facts)
    known = candidates(deploy, frozenset(paths), entries)
    roots = _roots(known, entries, facts)
    divided = _divided(facts, paths, roots, known, entries, name)
    by_path = {f.path: f for f in facts}
    return _distinct([part for root in divided for part in _parts(root, by_path, deploy, entries)])


def _parts(
    root: ServiceRoot, facts: Mapping[str, FileFacts], deploy: Sequence[DeployFacts], entries: Mapping[str, Location]
) -> list[ServiceRoot]:
    """Return the services of one folder: itself, or several that only share it."""
    folder = "" if root.root == "." else root.root
    found = parts_of(folder, root.files, facts, deploy, entries)
    if not found:
        return [root]
    left = root.files.difference(*(part.files for part in found))
    counts = Counter(path for part in found for path in part.files)
    return [
        ServiceRoot(
            part.name or root.name,
            root.root,
            frozenset(path for path in part.files if counts[path] == 1),
            root.shared | left | frozenset(path for path in part.files if counts[path] > 1),
            (*root.reasons, part.reason),
            frozenset({part.name}) & root.compose or root.compose,
        )
        for part in found
    ]


def _distinct(roots: Sequence[ServiceRoot]) -> tuple[ServiceRoot, ...]:
    """Tell services of one name apart: by the nearest folder around each that differs, else by number."""
    groups: dict[str, list[str]] = defaultdict(list)
    for root in roots:
        groups[root.name].append(root.root)
    found: list[ServiceRoot] = []
    taken: Counter[str] = Counter()
    for root in roots:
        around = _around(root.root, groups[root.name])
        name = f"{around}-{root.name}" if around else root.name
        taken[name] += 1
        found.append(msgspec.structs.replace(root, name=name if taken[name] == 1 else f"{name}-{taken[name]}"))
    return tuple(found)


def _around(root: str, roots: Sequence[str]) -> str:
    """Return the nearest folder around a root that tells it from others of its name, empty if none does or need."""
    for depth in range(1, max(path.count("/") for path in roots) + 1) if len(set(roots)) == len(roots) > 1 else ():
        folders = [_folder(path, depth) for path in roots]
        if len(set(folders)) == len(folders):
            return _folder(root, depth)
    return ""


def _folder(path: str, depth: int) -> str:
    parts = path.split("/")
    return parts[-1 - depth] if len(parts) > depth else ""


def _called(root: str, default: str) -> str:
    """Return what a folder is called; one like `src` is called as the folder around it."""
    parts = [part for part in root.split("/") if part]
    return next((part for part in reversed(parts) if part.lower() not in _NAMELESS), parts[-1] if parts else default)


def _configured(paths: Sequence[str], deploy: Sequence[DeployFacts], config: Config) -> tuple[ServiceRoot, ...]:
    found, taken = [], set[str]()
    for service in config.services:
        roots = tuple(p.rstrip("/").removeprefix("./") for p in service.paths)
        files = {p for p in paths if any(below(p, root) for root in roots)}
        taken |= files
        reason = Reason(f"configured as a service in {posixpath.basename(config.source or 'the configuration')}")
        compose = frozenset(c.name for facts in deploy for c in facts.compose if c.context in roots) or {service.name}
        found.append(
            ServiceRoot(service.name, roots[0] or ".", frozenset(files), frozenset(), (reason,), frozenset(compose))
        )
    rest = frozenset(paths) - taken
    return tuple(msgspec.structs.replace(s, shared=rest) for s in found)


def _roots(known: dict[str, Candidate], entries: dict[str, Location], facts: Sequence[FileFacts]) -> list[str]:
    """Return the folders that are services or libraries, each with Python files below it."""
    by_path = {file.path: file for file in facts}
    paths = sorted(by_path)
    roots = [r for r, c in known.items() if any(below(p, r) for p in paths)]
    for root in roots:
        inside = [
            f
            for f in entries
            if below(f, root) and not any(o != root and below(f, o) and below(o, root) for o in roots)
        ]
        if inside:
            known[root].started = not all(made_by_object(by_path.get(entries[f].path), entries[f]) for f in inside)
            known[root].reasons.append(Reason("an application is started here", entries[sorted(inside)[0]]))
    if not roots and len(entries) > 1:
        # A monorepo without manifests: sibling folders that each start an application of their own.
        tops = {f.split("/")[0] for f in entries}
        nested = {"/".join(f.split("/")[:2]) for f in entries}
        chosen = tops if len(tops) > 1 else nested if len(nested) > 1 else set()
        if chosen and "" not in chosen and _separate(chosen, paths):
            for root in chosen:
                candidate = known.setdefault(root, Candidate(root))
                candidate.started = True
                first = sorted(f for f in entries if below(f, root))[0]
                candidate.reasons.append(Reason("an application is started here", entries[first]))
            roots = sorted(chosen)
    return sorted(roots)


def _separate(roots: set[str], paths: Sequence[str]) -> bool:
    """Say whether folders are no parts of one package: none stands beside an `__init__.py`."""
    parents = {posixpath.dirname(root) for root in roots}
    return not any(posixpath.join(parent, "__init__.py") in paths for parent in parents)


def _divided(
    facts: Sequence[FileFacts], paths: Sequence[str], roots: Sequence[str], known: dict[str, Candidate],
    entries: dict[str, Location], default: str,
) -> tuple[ServiceRoot, ...]:  # fmt: skip
    owned: dict[str, set[str]] = defaultdict(set)
    rest: set[str] = set()
    for path in paths:
        mine = [root for root in roots if below(path, root)]
        if mine:
            owned[max(mine, key=len)].add(path)
        else:
            rest.add(path)
    leave_wrappers(owned, rest, known)
    imported = imported_roots(facts, owned)
    services = [r for r in owned if known[r].deployed or known[r].started] or list(owned)
    # What runs nothing of its own, or is there to be imported, is a library of those that import it.
    idle = [r for r in owned if r not in services or not (known[r].runs or known[r].started)]
    imported = through(imported, idle)
    libraries = [r for r in idle if any(r in imported[s] for s in services if s != r)]
    services = [r for r in services if r not in libraries]
    services += [r for r in owned if r not in services and r not in libraries]
    found = []
    for root in sorted(services):
        candidate = known[root]
        # What is deployed from the folder around others may hold the code that all of them share.
        around = [r for r in services if r != root and below(root, r)]
        shared = {p for lib in (*libraries, *around) if lib in imported[root] for p in owned[lib]}
        python = any(p.endswith(".py") for p in owned[root])
        if not python and len(services) > 1:
            rest |= owned[root]
            continue
        found.append((candidate, owned[root], shared))
    if not found:
        whole = frozenset(paths)
        name = next((c.name for c in known.values() if c.name), "") or default
        reasons = [Reason("nothing divides the audited files")]
        reasons.extend(Reason("an application is started here", at) for _, at in sorted(entries.items())[:1])
        return (ServiceRoot(name, ".", whole, frozenset(), tuple(reasons)),) if paths else ()
    services_found = []
    for candidate, files, shared in found:
        services_found.append(
            ServiceRoot(
                candidate.name
                if candidate.name.lower() not in _NAMELESS
                else _called(candidate.root, candidate.name or default),
                candidate.root or ".",
                frozenset(files),
                frozenset(shared | rest),
                tuple(candidate.reasons),
                frozenset(candidate.compose),
            )
        )
    return tuple(services_found)
