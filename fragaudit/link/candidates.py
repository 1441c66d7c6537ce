"""What says that a folder is a service of its own: manifests, images, compose files, applications that it starts."""

from __future__ import annotations

import posixpath
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, field

from fragaudit.model.deploy import ComposeService, DeployFacts, Image
from fragaudit.model.facts import MODULE_SCOPE, FileFacts, Use
from fragaudit.model.locations import Location
from fragaudit.model.stores import Reason
from fragaudit.model.values import Call, Ref, calls, dotted

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
_IDLE = frozenset(
    {"sh", "bash", "ls", "set", "env", "tail", "sleep", "echo", "true", "cat", "/dev/null", "infinity", "&&", ";"}
)
"""Words of the commands of images that others are built on: they run nothing."""
_RUNNERS = frozenset({"uvicorn.run", "hypercorn.run", "execute_from_command_line"})


@dataclass
class Candidate:
    """A folder with something that makes it a service, or a library.

    `deployed`: an image is built of it, and it `runs` if that image says what; `compose` are the services built of it.
    """

    root: str
    name: str = ""
    deployed: bool = False
    runs: bool = False
    packaged: bool = False
    started: bool = False
    reasons: list[Reason] = field(default_factory=list)
    compose: set[str] = field(default_factory=set)


def below(path: str, root: str) -> bool:
    """Say whether a path is a folder or inside it."""
    return root in ("", ".") or path == root or path.startswith(root + "/")


def candidates(deploy: Sequence[DeployFacts], paths: frozenset[str], entries: Iterable[str]) -> dict[str, Candidate]:
    """Return the folders that manifests and deployment files speak of, by path.

    Args:
        deploy: what these files say.
        paths: the audited files.
        entries: the folders in which applications are made.
    """
    found: dict[str, Candidate] = {}
    _from_manifests(deploy, found, paths)
    _from_images(deploy, found, _folders(paths))
    # A folder inside a package is a part of it, whatever it needs, unless it is deployed or started on its own.
    own = frozenset(r for r, c in found.items() if c.deployed or any(below(entry, r) for entry in entries))
    return {root: c for root, c in found.items() if root in own or not _inside_package(root, paths)}


def _inside_package(root: str, paths: frozenset[str]) -> bool:
    parent = posixpath.dirname(root)
    return bool(root) and posixpath.join(parent, "__init__.py") in paths


def _folders(paths: frozenset[str]) -> frozenset[str]:
    """Return the folders that have Python files in or below them."""
    found = set[str]()
    for path in paths:
        folder = posixpath.dirname(path) if path.endswith(".py") else ""
        while folder and folder not in found:
            found.add(folder)
            folder = posixpath.dirname(folder)
    return frozenset(found | {""})


def _candidate(found: dict[str, Candidate], root: str) -> Candidate:
    return found.setdefault(root, Candidate(root))


def _from_manifests(deploy: Sequence[DeployFacts], found: dict[str, Candidate], paths: frozenset[str]) -> None:
    for facts in deploy:
        for manifest in facts.manifests:
            if manifest.kind == "setup" and posixpath.join(manifest.folder, "__init__.py") in paths:
                continue  # a module of a package that happens to be called setup.py
            candidate = _candidate(found, manifest.folder)
            candidate.packaged = True
            candidate.name = candidate.name or manifest.name
            what = {"wheel": "the metadata of a distribution"}.get(manifest.kind, posixpath.basename(manifest.at.path))
            candidate.reasons.append(
                Reason(f"has {what}" + (f" named {manifest.name}" if manifest.name else ""), manifest.at)
            )


def _from_images(deploy: Sequence[DeployFacts], found: dict[str, Candidate], folders: Set[str]) -> None:
    images = {image.at.path: image for facts in deploy for image in facts.images}
    packaged = frozenset(root for root, candidate in found.items() if candidate.packaged)
    built: dict[str, list[ComposeService]] = defaultdict(list)
    for facts in deploy:
        for service in facts.compose:
            root = _root_of(service, images, packaged, folders)
            if root is not None:
                built[root].append(service)
    for image in images.values():
        if image.runs:
            root = (_copied(image, image.folder, packaged, folders) if image.copies else None) or image.folder
            candidate = _candidate(found, root)
            candidate.deployed = True
            words = [word.removeprefix("/usr").removeprefix("/bin/") for word in image.runs.split()]
            candidate.runs |= not all(word in _IDLE or word.startswith("-") or word.isdigit() for word in words)
            candidate.reasons.append(Reason("a Dockerfile with a command of its own", image.at))
    for root, services in built.items():
        candidate = _candidate(found, root)
        candidate.deployed = True
        candidate.runs |= any(service.command for service in services)
        names = list(dict.fromkeys(service.name for service in services))
        candidate.compose.update(names)
        candidate.reasons.append(Reason(f"built for compose service {', '.join(names)}", services[0].at))
        if len(names) == 1:
            candidate.name = candidate.name or names[0]


def _root_of(service: ComposeService, images: dict[str, Image], packaged: Set[str], folders: Set[str]) -> str | None:
    """Return the folder that a compose service is built from, None if that can't be told.

    It is the context, unless the Dockerfile stands beside code below it, or copies only one of several parts.
    """
    if service.context is None or "$" in service.context or "$" in (service.dockerfile or ""):
        return None
    context = service.context
    folder = posixpath.dirname(service.dockerfile or "")
    image = images.get(service.dockerfile or "")
    if folder != context and below(folder, context) and folder in folders and image is not None and image.runs:
        return folder
    if image is not None and image.copies:
        return _copied(image, context, packaged, folders)
    parts = [root for root in packaged if root != context and below(root, context)]
    return context if image is not None or context in packaged or not parts else None


def _copied(image: Image, context: str, packaged: Set[str], folders: Set[str]) -> str | None:
    """Return what an image is built of: all of its context, or the part with a manifest of its own that it copies most.

    None if it copies no Python.
    """
    sources = [posixpath.normpath(posixpath.join(context, source)) for source in image.copies]
    if any(source in (context or ".", f"{context}/*".lstrip("/")) for source in sources):
        return context
    parts = Counter(
        max(around, key=len)
        for source in sources
        if (around := [r for r in packaged if r != context and r in folders and below(r, context) and below(source, r)])
    )
    if parts:
        return min(parts, key=lambda root: (-parts[root], root))
    return context if any(source in folders or source.endswith(".py") for source in sources) else None


def entry_points(facts: Sequence[FileFacts]) -> dict[str, Location]:
    """Return the folder of every file that makes or runs an application, with the first such place."""
    found: dict[str, Location] = {}
    for file in sorted(facts, key=lambda f: f.path):
        if posixpath.basename(file.path) == "manage.py":
            continue  # a manifest says what it is; a library may have one too
        for binding in file.bindings:
            if isinstance(binding.value, Call) and dotted(binding.value.func) in _APPLICATIONS:
                found.setdefault(posixpath.dirname(file.path), Location(file.path, *binding.at))
        for use in file.uses:
            for call in calls(use.value):
                made = use.how == "return" and dotted(call.func) in _APPLICATIONS and not _for_others(file, use, call)
                if dotted(call.func) in _RUNNERS or made:
                    found.setdefault(posixpath.dirname(file.path), Location(file.path, *call.at))
    return found


def made_by_object(facts: FileFacts | None, at: Location) -> bool:
    """Say whether an application is made by a method of a class: whoever makes an object of it starts one."""
    if facts is None:
        return False
    span = (at.line, at.column, at.end_line, at.end_column)
    scopes = [b.scope for b in facts.bindings if b.at == span]
    scopes += [u.scope for u in facts.uses for call in calls(u.value) if call.at == span]
    parents = [facts.scopes[facts.scopes[number].parent] for number in scopes if number > MODULE_SCOPE]
    return bool(scopes) and len(parents) == len(scopes) and all(parent.kind == "class" for parent in parents)


def _for_others(file: FileFacts, use: Use, call: Call) -> bool:
    """Say whether a function makes an application of the name that it is given: whoever calls it starts one."""
    given = {parameter.name for parameter in file.scopes[use.scope].parameters}
    named = next((arg.value for arg in call.args if arg.name in (None, "main", "import_name", "name")), None)
    return isinstance(named, Ref) and named.name in given
