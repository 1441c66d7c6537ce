"""Which parts of a repository are services of their own: configured, deployed, packaged or started on their own."""

from __future__ import annotations

import posixpath
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
from msgspec import Struct

from fragaudit.config import Config
from fragaudit.link.entrypoints import parts_of
from fragaudit.model.deploy import DeployFacts
from fragaudit.model.facts import FileFacts
from fragaudit.model.locations import Location
from fragaudit.model.stores import Reason
from fragaudit.model.values import Call, calls, dotted

_APPLICATIONS = frozenset(
    {
        "FastAPI",
        "Flask",
        "Starlette",
        "Litestar",
        "Sanic",
        "Quart",
        "Celery",
        "web.Application",
        "aiohttp.web.Application",
    }
)
_RUNNERS = frozenset({"uvicorn.run", "hypercorn.run", "execute_from_command_line"})


class ServiceRoot(Struct, frozen=True):
    """A service: its root folder, its own files, the shared library files it imports, and why it is one."""

    name: str
    root: str
    files: frozenset[str]
    shared: frozenset[str]
    reasons: tuple[Reason, ...]


@dataclass
class _Candidate:
    root: str
    name: str = ""
    deployed: bool = False
    packaged: bool = False
    started: bool = False
    reasons: list[Reason] = field(default_factory=list)


def boundaries(
    facts: Sequence[FileFacts], deploy: Sequence[DeployFacts], config: Config, name: str = "service"
) -> tuple[ServiceRoot, ...]:
    """Divide the files of a repository among services; the whole is one if nothing says otherwise."""
    paths = sorted(f.path for f in facts)
    if config.services:
        return _configured(paths, config)
    candidates: dict[str, _Candidate] = {}
    _from_manifests(deploy, candidates, frozenset(paths))
    _from_images(deploy, candidates)
    entries = _entry_points(facts)
    roots = _roots(candidates, entries, paths)
    divided = _divided(facts, paths, roots, candidates, entries, name)
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
        )
        for part in found
    ]


def _distinct(roots: Sequence[ServiceRoot]) -> tuple[ServiceRoot, ...]:
    """Number services of one name."""
    names: Counter[str] = Counter()
    found = []
    for root in roots:
        names[root.name] += 1
        number = names[root.name]
        found.append(root if number == 1 else msgspec.structs.replace(root, name=f"{root.name}-{number}"))
    return tuple(found)


def _configured(paths: Sequence[str], config: Config) -> tuple[ServiceRoot, ...]:
    found, taken = [], set[str]()
    for service in config.services:
        roots = tuple(p.rstrip("/").removeprefix("./") for p in service.paths)
        files = {p for p in paths if any(_below(p, root) for root in roots)}
        taken |= files
        reason = Reason(f"configured as a service in {posixpath.basename(config.source or 'the configuration')}")
        found.append(ServiceRoot(service.name, roots[0] or ".", frozenset(files), frozenset(), (reason,)))
    rest = frozenset(paths) - taken
    return tuple(ServiceRoot(s.name, s.root, s.files, rest, s.reasons) for s in found)


def _candidate(candidates: dict[str, _Candidate], root: str) -> _Candidate:
    return candidates.setdefault(root, _Candidate(root))


def _from_manifests(deploy: Sequence[DeployFacts], candidates: dict[str, _Candidate], paths: frozenset[str]) -> None:
    for facts in deploy:
        for manifest in facts.manifests:
            if manifest.kind == "setup" and posixpath.join(manifest.folder, "__init__.py") in paths:
                continue  # a module of a package that happens to be called setup.py
            candidate = _candidate(candidates, manifest.folder)
            candidate.packaged = True
            candidate.name = candidate.name or manifest.name
            what = {"wheel": "the metadata of a distribution"}.get(manifest.kind, posixpath.basename(manifest.at.path))
            candidate.reasons.append(
                Reason(f"has {what}" + (f" named {manifest.name}" if manifest.name else ""), manifest.at)
            )


def _from_images(deploy: Sequence[DeployFacts], candidates: dict[str, _Candidate]) -> None:
    running = {i.at.path: i for f in deploy for i in f.images if i.runs}
    built: dict[str, list[tuple[str, Location]]] = defaultdict(list)
    for facts in deploy:
        for service in facts.compose:
            if service.context is not None:
                root = service.context
                folder = posixpath.dirname(service.dockerfile or "")
                if _below(folder, root) and service.dockerfile in running and folder != root:
                    root = folder
                built[root].append((service.name, service.at))
    for image in running.values():
        candidate = _candidate(candidates, image.folder)
        candidate.deployed = True
        candidate.reasons.append(Reason("a Dockerfile with a command of its own", image.at))
    for root, services in built.items():
        candidate = _candidate(candidates, root)
        candidate.deployed = True
        names = ", ".join(dict.fromkeys(name for name, _ in services))
        candidate.reasons.append(Reason(f"built for compose service {names}", services[0][1]))
        if len({name for name, _ in services}) == 1:
            candidate.name = candidate.name or services[0][0]


def _entry_points(facts: Sequence[FileFacts]) -> dict[str, Location]:
    """Return the folder of every file that makes or runs an application, with the first such place."""
    found: dict[str, Location] = {}
    for file in sorted(facts, key=lambda f: f.path):
        for binding in file.bindings:
            if isinstance(binding.value, Call) and dotted(binding.value.func) in _APPLICATIONS:
                found.setdefault(posixpath.dirname(file.path), Location(file.path, *binding.at))
        for use in file.uses:
            for call in calls(use.value):
                if dotted(call.func) in _RUNNERS or (use.how == "return" and dotted(call.func) in _APPLICATIONS):
                    found.setdefault(posixpath.dirname(file.path), Location(file.path, *call.at))
    return found


def _below(path: str, root: str) -> bool:
    return root in ("", ".") or path == root or path.startswith(root + "/")


def _roots(candidates: dict[str, _Candidate], entries: dict[str, Location], paths: Sequence[str]) -> list[str]:
    """Return the folders that are services or libraries, each with Python files below it."""
    roots = [r for r, c in candidates.items() if any(_below(p, r) for p in paths)]
    for root in roots:
        inside = [
            f
            for f in entries
            if _below(f, root) and not any(o != root and _below(f, o) and _below(o, root) for o in roots)
        ]
        if inside:
            candidates[root].started = True
            candidates[root].reasons.append(Reason("an application is started here", entries[sorted(inside)[0]]))
    if not roots and len(entries) > 1:
        # A monorepo without manifests: sibling folders that each start an application of their own.
        tops = {f.split("/")[0] for f in entries}
        nested = {"/".join(f.split("/")[:2]) for f in entries}
        chosen = tops if len(tops) > 1 else nested if len(nested) > 1 else set()
        if chosen and "" not in chosen and all(len(set(entries)) > 1 for _ in (1,)) and _separate(chosen, paths):
            for root in chosen:
                candidate = _candidate(candidates, root)
                candidate.started = True
                first = sorted(f for f in entries if _below(f, root))[0]
                candidate.reasons.append(Reason("an application is started here", entries[first]))
            roots = sorted(chosen)
    return sorted(roots)


def _separate(roots: set[str], paths: Sequence[str]) -> bool:
    """Say whether folders are no parts of one package: none stands beside an `__init__.py`."""
    parents = {posixpath.dirname(root) for root in roots}
    return not any(posixpath.join(parent, "__init__.py") in paths for parent in parents)


def _divided(
    facts: Sequence[FileFacts], paths: Sequence[str], roots: Sequence[str], candidates: dict[str, _Candidate],
    entries: dict[str, Location], default: str,
) -> tuple[ServiceRoot, ...]:  # fmt: skip
    owned: dict[str, set[str]] = defaultdict(set)
    rest: set[str] = set()
    for path in paths:
        mine = [root for root in roots if _below(path, root)]
        if mine:
            owned[max(mine, key=len)].add(path)
        else:
            rest.add(path)
    _leave_wrappers(owned, rest, candidates)
    imported = _imported_roots(facts, owned)
    services = [r for r in owned if candidates[r].deployed or candidates[r].started] or list(owned)
    libraries = [r for r in owned if r not in services and any(r in imported[s] for s in services)]
    services += [r for r in owned if r not in services and r not in libraries]
    found = []
    for root in sorted(services):
        candidate = candidates[root]
        shared = {p for lib in libraries if lib in imported[root] for p in owned[lib]}
        python = any(p.endswith(".py") for p in owned[root])
        if not python and len(services) > 1:
            rest |= owned[root]
            continue
        found.append((candidate, owned[root], shared))
    if not found:
        whole = frozenset(paths)
        name = next((c.name for c in candidates.values() if c.name), "") or default
        reasons = [Reason("nothing divides the audited files")]
        reasons.extend(Reason("an application is started here", at) for _, at in sorted(entries.items())[:1])
        return (ServiceRoot(name, ".", whole, frozenset(), tuple(reasons)),) if paths else ()
    services_found = []
    for candidate, files, shared in found:
        name = candidate.name or posixpath.basename(candidate.root) or default
        shared |= rest
        root = candidate.root or "."
        services_found.append(ServiceRoot(name, root, frozenset(files), frozenset(shared), tuple(candidate.reasons)))
    return tuple(services_found)


def _leave_wrappers(owned: dict[str, set[str]], rest: set[str], candidates: dict[str, _Candidate]) -> None:
    """Take out folders whose manifest is the repository's: they hold parts with manifests, and no package of their own.

    If there is one such part, it takes the name.
    """
    for root in sorted(owned):
        candidate = candidates[root]
        inner = [other for other in owned if other != root and _below(other, root)]
        packaged = any(path.endswith("__init__.py") for path in owned[root])
        if inner and not packaged and not candidate.deployed and not candidate.started:
            rest |= owned.pop(root)
            if len(inner) == 1:
                part = candidates[inner[0]]
                part.name = part.name or candidate.name
                part.reasons = [*candidate.reasons, *part.reasons]


def _imported_roots(facts: Sequence[FileFacts], owned: dict[str, set[str]]) -> dict[str, set[str]]:
    """Return which roots the files of each root import from, by top-level package name."""
    packages: dict[str, set[str]] = defaultdict(set)
    by_path = {path: root for root, files in owned.items() for path in files}
    for path, root in by_path.items():
        below = posixpath.relpath(path, root) if root else path
        parts = below.removesuffix(".py").split("/")
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
