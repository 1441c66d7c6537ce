"""Services that share a folder: images with commands of their own, and applications side by side under one manifest."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from fragaudit.link.candidates import below
from fragaudit.model.deploy import ComposeService, DeployFacts, Image
from fragaudit.model.facts import FileFacts
from fragaudit.model.locations import Location
from fragaudit.model.stores import Reason

_TARGET = re.compile(
    r"\b(?:uvicorn|hypercorn|granian|gunicorn|daphne|waitress-serve|fastapi\s+run)\b[^|&;]*?\s(?P<app>[A-Za-z_][\w.]*)(?::\w+)"
    r"|\bcelery\b[^|&;]*?\s(?:-A|--app)[ =](?P<celery>[A-Za-z_][\w.]*)"
    r"|\bpython[\d.]*\s+(?:-u\s+)?-m\s+(?P<module>[A-Za-z_][\w.]*)"
    r"|\b(?:python[\d.]*\s+(?:-u\s+)?|fastapi\s+run\s+)(?P<path>[\w./-]+\.py)\b"
)
_RUNNERS = frozenset({"uvicorn", "gunicorn", "hypercorn", "celery", "alembic", "pip", "flask", "http.server"})


_OF_DJANGO = frozenset({"wsgi.py", "asgi.py"})


class Part(Struct, frozen=True):
    """One of several services in a folder: name (may be empty), the files that are its own or shared, and why."""

    name: str
    files: frozenset[str]
    reason: Reason


def parts_of(
    root: str, files: frozenset[str], facts: Mapping[str, FileFacts], deploy: Sequence[DeployFacts],
    applications: Mapping[str, Location],
) -> tuple[Part, ...]:  # fmt: skip
    """Return the services a folder holds, none if it is one.

    Args:
        root: the folder.
        files: its files.
        facts: facts by path.
        deploy: what deployment files say.
        applications: folders in which an application is made, with the place.
    """
    graph = _Imports(root, files, facts)
    return _of_images(root, files, deploy, graph) or _of_applications(root, files, applications, graph)


def _of_images(root: str, files: frozenset[str], deploy: Sequence[DeployFacts], graph: _Imports) -> tuple[Part, ...]:
    images = [i for f in deploy for i in f.images if i.runs and i.folder == root]
    compose = [s for f in deploy for s in f.compose]
    starts: dict[str, Image] = {}
    others: list[Image] = []
    for image in images:
        start = graph.entry(image.runs)
        if start is None:
            others.append(image)
        else:
            starts.setdefault(start, image)
    if len(starts) + bool(others) < 2 or not starts:
        return ()
    inside = _inside(root, files, starts)
    reached = {start: graph.reached([start]) for start in starts}
    if any(m.kind == "manage" and m.folder == root for f in deploy for m in f.manifests):
        # Django imports what its settings name: from its entry points everything is reached.
        others = [image for image in others if "manage.py" not in image.runs]
        reached |= {start: files for start in starts if posixpath.basename(start) in _OF_DJANGO}
        if len(starts) + bool(others) < 2:
            return ()
    if others:
        main = files.difference(*reached.values(), *inside.values())
        own = [(others[0], graph.reached(main), "")]
    else:
        own = []
    own += [
        (image, graph.reached([*reached[start], *inside[start]]), posixpath.dirname(start))
        for start, image in starts.items()
    ]
    # Images that run much the same code are builds of one service.
    if any(
        _overlap(a, b) and not _apart(a, c, b, d, root) for n, (_, a, c) in enumerate(own) for _, b, d in own[n + 1 :]
    ):
        return ()
    return tuple(
        Part(
            _name(image, compose),
            frozenset(found),
            Reason(f"{posixpath.basename(image.at.path)} runs a command of its own", image.at),
        )
        for image, found, _ in own
    )


def _inside(root: str, files: frozenset[str], starts: Iterable[str]) -> dict[str, frozenset[str]]:
    """Return the files of the folder that each program alone starts in, none where that is the whole or has others."""
    folders = [posixpath.dirname(start) for start in starts]
    alone = {f for f in folders if f != root and sum(below(other, f) for other in folders) == 1}
    return {
        start: frozenset(f for f in files if below(f, folder)) if folder in alone else frozenset()
        for start, folder in zip(starts, folders, strict=True)
    }


def _apart(one: frozenset[str], its: str, other: frozenset[str], others: str, root: str) -> bool:
    """Say whether two programs stand in folders of their own that the other knows nothing of, whatever they share."""
    if its == others or root in (its, others):
        return False
    return not any(below(f, its) for f in other if its) and not any(below(f, others) for f in one if others)


def _overlap(one: frozenset[str], other: frozenset[str]) -> bool:
    return 2 * len(one & other) > min(len(one), len(other))


def _name(image: Image, compose: Iterable[ComposeService]) -> str:
    names = sorted({s.name for s in compose if s.dockerfile == image.at.path})
    suffix = posixpath.basename(image.at.path).removeprefix("Dockerfile").strip(".-_")
    return names[0] if len(names) == 1 else suffix


def _of_applications(
    root: str, files: frozenset[str], applications: Mapping[str, Location], graph: _Imports
) -> tuple[Part, ...]:
    """Divide by sibling folders that each make an application and import nothing from one another."""
    folders = {folder: at for folder, at in applications.items() if at.path in files}
    parents = {posixpath.dirname(folder) for folder in folders if folder != root}
    if len(folders) < 2 or len(parents) != 1 or root in folders:
        return ()
    if posixpath.join(next(iter(parents)), "__init__.py") in files:
        return ()
    inside = {folder: frozenset(f for f in files if f.startswith(folder + "/")) for folder in folders}
    reached = {folder: graph.reached(own) for folder, own in inside.items()}
    if any(reached[a] & inside[b] for a in folders for b in folders if a != b):
        return ()
    return tuple(
        Part(posixpath.basename(folder), reached[folder], Reason("an application of its own is started here", at))
        for folder, at in sorted(folders.items())
    )


class _Imports:
    """Which files of a folder import which, by dotted names relative to the folder or its `src`."""

    def __init__(self, root: str, files: frozenset[str], facts: Mapping[str, FileFacts]) -> None:
        self._root = root
        self._facts = facts
        self._modules: dict[str, str] = {}
        for path in sorted(files):
            below = posixpath.relpath(path, root) if root else path
            dotted = below.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
            self._modules[dotted] = path
            self._modules.setdefault(dotted.removeprefix("src."), path)

    def entry(self, command: str) -> str | None:
        """Return the file that a command starts, or None if it names none of these."""
        for match in _TARGET.finditer(command):
            name = match["app"] or match["celery"] or match["module"] or ""
            if name in _RUNNERS:
                continue
            if match["path"]:
                name = match["path"].removeprefix("./").removesuffix(".py").replace("/", ".").lstrip(".")
            for candidate in (f"{name}.__main__", name, name.rpartition(".")[0]):
                if candidate in self._modules:
                    return self._modules[candidate]
        return None

    def reached(self, starts: Iterable[str]) -> frozenset[str]:
        """Return files and everything they import, directly or not; a module brings the packages around it."""
        seen = set(starts)
        queue = sorted(seen)
        while queue:
            path = queue.pop()
            for found in self._imported(path):
                if found not in seen:
                    seen.add(found)
                    queue.append(found)
        return frozenset(seen)

    def _imported(self, path: str) -> Iterable[str]:
        facts = self._facts.get(path)
        for item in facts.imports if facts is not None else ():
            module = item.module
            if item.level:
                folder = path
                for _ in range(item.level):
                    folder = posixpath.dirname(folder)
                below = posixpath.relpath(folder, self._root) if self._root else folder
                base = "" if below == "." else below.replace("/", ".")
                module = ".".join(part for part in (base, item.module) if part)
            names = [module, f"{module}.{item.name}"] if item.name else [module]
            for name in names:
                while name:
                    if name in self._modules:
                        yield self._modules[name]
                    name = name.rpartition(".")[0]
