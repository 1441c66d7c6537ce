"""The store catalogue: what opens, fills and reads which store, read from data and indexed for look-up."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

import msgspec
import tomli

from fragaudit.catalogue_format import (
    Abstractions,
    CatalogueError,
    Engine,
    Engines,
    Identity,
    Library,
    Model,
    Open,
    Operation,
    Setting,
    read,
)
from fragaudit.resources import rules_root
from fragaudit.wording import words_in

__all__ = [
    "Catalogue",
    "CatalogueError",
    "Engine",
    "Identity",
    "Library",
    "Model",
    "Open",
    "Operation",
    "Setting",
    "load",
]

_KEEPING_VECTORS = re.compile(r"vector|store|index|indices|memory", re.IGNORECASE)
"""Names inside frameworks that may keep vectors: their workflows and nodes have methods that are called alike."""
_SCHEME = re.compile(r"^([A-Za-z][A-Za-z0-9+._-]*):")


class Catalogue:
    """All libraries, engines and abstractions, indexed by dotted name."""

    def __init__(
        self, libraries: tuple[Library, ...], engines: Engines, abstractions: Abstractions, digest: str,
        names: Sequence[str] = (),
    ) -> None:  # fmt: skip
        """Index the data; `digest` stands for its content in cache keys.

        `names` are further names whose every mention matters: searches that services offer, the project's own ways
        to a store.
        """
        self.names = tuple(names)
        self.libraries = libraries
        self.engines = engines.engine
        self.digest = digest
        self._abstractions = abstractions
        self._by_engine = {name: e for e in engines.engine for name in (e.name, *e.aliases)}
        self._by_scheme = {scheme: e for e in engines.engine for scheme in e.schemes}

    def mentions(self, text: str) -> bool:
        """Say whether a text mentions one of the further names, however its words are divided."""
        words, pattern = self._mention
        # Nearly every file is told by this alone, which takes a fraction of the time.
        lowered = text.lower() if words else ""
        return any(word in lowered for word in words) and pattern.search(text) is not None

    @cached_property
    def _mention(self) -> tuple[tuple[str, ...], re.Pattern[str]]:
        words = [found for name in self.names if (found := words_in(name))]
        spelled = [r"[-_/]?".join(map(re.escape, name)) for name in words]
        # A route below a router's prefix shows the last word alone.
        spelled += [rf"[\"']/{re.escape(name[-1])}\b" for name in words if len(name) > 1]
        return tuple(sorted({name[-1].lower() for name in words})), re.compile("|".join(spelled), re.IGNORECASE)

    @cached_property
    def roots(self) -> frozenset[str]:
        """Import names of all libraries: top-level ones, dotted for namespace packages."""
        return frozenset(module for library in self.libraries for module in library.modules)

    @property
    def opened_names(self) -> Iterable[str]:
        """Dotted names of everything that opens a store."""
        return self._opens.keys()

    @cached_property
    def opening_names(self) -> frozenset[str]:
        """Last names of everything that opens a store."""
        return frozenset(name.rpartition(".")[2] for name in self._opens)

    @cached_property
    def methods(self) -> frozenset[str]:
        """Last names of all operations."""
        return frozenset(name.rpartition(".")[2] for name in self._operations)

    @cached_property
    def _opens(self) -> dict[str, Open]:
        found: dict[str, Open] = {}
        for library in self.libraries:
            for entry in library.open:
                filled = msgspec.structs.replace(
                    entry,
                    library=library.package,
                    engine=entry.engine or library.engine,
                    # A library of one kind may open an engine of another as its own: a vector store in PostgreSQL.
                    kind=entry.kind or library.kind,
                    role=entry.role or library.role,
                    by=entry.by or library.by,
                    counts=entry.counts and library.counts and not library.test_double,
                )
                for name in (entry.name, *entry.aliases):
                    found.setdefault(name, filled)
        return found

    @cached_property
    def _operations(self) -> dict[str, list[Operation]]:
        found: dict[str, list[Operation]] = defaultdict(list)
        for library in self.libraries:
            for verb, entries in (
                ("container", library.container),
                ("write", library.write),
                ("read", library.read),
                ("delete", library.delete),
            ):
                for entry in entries:
                    filled = msgspec.structs.replace(entry, verb=verb, library=library.package)
                    found[entry.name].append(filled)
        return found

    @cached_property
    def _canonical(self) -> dict[str, str]:
        """Class names by alias, for looking up the operations of a class imported from elsewhere."""
        return {alias: entry.name for library in self.libraries for entry in library.open for alias in entry.aliases}

    def open(self, dotted: str) -> Open | None:
        """Return what a dotted name opens: an entry, or a method of a class under one of its other names."""
        found = self._opens.get(dotted)
        if found is not None:
            return found
        owner, _, method = dotted.rpartition(".")
        canonical = self._canonical.get(owner)
        return self._opens.get(f"{canonical}.{method}") if canonical is not None else None

    def operations(self, dotted_class: str, method: str) -> tuple[Operation, ...]:
        """Return the operations that a method of a class is."""
        for name in (dotted_class, self._canonical.get(dotted_class, "")):
            found = self._operations.get(f"{name}.{method}")
            if found:
                return tuple(found)
        # A class that its library also exports from elsewhere.
        return tuple(self._by_class.get((dotted_class.partition(".")[0], dotted_class.rpartition(".")[2], method), ()))

    @cached_property
    def _by_class(self) -> dict[tuple[str, str, str], list[Operation]]:
        found: dict[tuple[str, str, str], list[Operation]] = defaultdict(list)
        for name, entries in self._operations.items():
            owner, _, method = name.rpartition(".")
            found[name.partition(".")[0], owner.rpartition(".")[2], method].extend(entries)
        return found

    @cached_property
    def _by_library(self) -> dict[tuple[str, str], list[Operation]]:
        found: dict[tuple[str, str], list[Operation]] = defaultdict(list)
        for name, entries in self._operations.items():
            for entry in entries:
                found[entry.library, name.rpartition(".")[2]].append(entry)
        return found

    @cached_property
    def _modules(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = defaultdict(list)
        for library in self.libraries:
            for module in library.modules:
                found[module].append(library.package)
        return found

    def operations_of_library(self, dotted: str, method: str) -> tuple[Operation, ...]:
        """Return the operations that a method is on some class of the library a dotted name belongs to.

        For objects whose class the catalogue doesn't list, or got through chains that it doesn't follow:
        `client["db"]["things"].insert_one`, the asynchronous twin of a client.
        """
        module = dotted
        while module and module not in self._modules:
            module = module.rpartition(".")[0]
        packages = list(self._modules.get(module, ()))
        found = [o for package in packages for o in self._by_library.get((package, method), ())]
        if not found:
            extended = dict.fromkeys(e for package in packages if (e := self._extends.get(package)))
            found = [o for package in extended for o in self._by_library.get((package, method), ())]
        return tuple(found)

    @cached_property
    def _extends(self) -> dict[str, str]:
        return {library.package: library.extends for library in self.libraries if library.extends}

    def operation(self, dotted: str) -> tuple[Operation, ...]:
        """Return the operations of a full dotted name."""
        return tuple(self._operations.get(dotted, ()))

    @cached_property
    def reading_classes(self) -> frozenset[str]:
        """Names, without their modules, of the classes that read from the moment they are made."""
        names = (read.name.rpartition(".")[2] for lib in self.libraries if lib.kind == "queue" for read in lib.read)
        return frozenset(name for name in names if name[:1].isupper())

    @cached_property
    def retrievers(self) -> frozenset[tuple[str, str]]:
        """Classes that search the store they are given, by their library's import name and their own."""
        reads = (read for lib in self.libraries for read in lib.read if read.role == "retriever")
        return frozenset((read.name.partition(".")[0], read.name.rpartition(".")[2]) for read in reads)

    @cached_property
    def _vector_packages(self) -> dict[str, Library]:
        return {lib.package: lib for lib in self.libraries if lib.kind == "vector"}

    def _of_vectors(self, operation: Operation) -> bool:
        """Say whether an operation is one on vectors: its library keeps nothing else, or it takes or finds one."""
        owner = operation.name.rpartition(".")[0].rpartition(".")[2]
        if operation.role or self.abstraction(owner) not in (None, "vector"):
            return False
        if operation.vector or operation.similarity is True:
            return True
        opened = self.open(operation.name.rpartition(".")[0])
        elsewhere = opened is not None and opened.kind not in ("", "vector")  # a graph that a vector library wraps too
        return operation.library in self._vector_packages and not elsewhere

    def vector_operations(self, dotted_class: str, method: str, verb: str) -> tuple[Operation, ...]:
        """Return the operations on vectors that a method of a class is, its library's base classes included."""
        key = (dotted_class, method, verb)
        known = self._vector_memory.get(key)
        if known is None:
            known = self._vector_memory[key] = self._vector_operations(dotted_class, method, verb)
        return known

    @cached_property
    def _vector_memory(self) -> dict[tuple[str, str, str], tuple[Operation, ...]]:
        return {}

    def _vector_operations(self, dotted_class: str, method: str, verb: str) -> tuple[Operation, ...]:
        opened = self.open(dotted_class)
        if opened is not None and opened.kind not in ("", "vector") and opened.engine not in self._vector_engines:
            return ()
        found = self.operations(dotted_class, method)
        root, _, inside = dotted_class.partition(".")
        frameworks = any(root in lib.modules for lib in self.libraries if lib.framework)
        if not found and (not frameworks or _KEEPING_VECTORS.search(inside)):
            bases = [b for lib in self.libraries if root in lib.modules for b in lib.inherits]
            for base in bases:
                found = found or self.operations(base, method)
            found = found or self.operations_of_library(dotted_class, method)
        return tuple(o for o in found if o.verb == verb and self._of_vectors(o))

    @cached_property
    def _vector_engines(self) -> frozenset[str]:
        """Engines that keep vectors beside other things: their libraries have operations on vectors."""
        kept = ("search", "document", "kv", "relational", "graph")
        return frozenset(lib.engine for lib in self.libraries if lib.kind in kept and lib.engine)

    @cached_property
    def vector_methods(self) -> frozenset[str]:
        """Last names of the operations on vectors."""
        return frozenset(
            name.rpartition(".")[2]
            for name, entries in self._operations.items()
            if any(o.verb in ("write", "read", "delete") and self._of_vectors(o) for o in entries)
        )

    @cached_property
    def record_writes(self) -> dict[str, list[Operation]]:
        """Writes of search engines, document and key-value databases by last name: their records may hold a vector."""
        return self._writes_of_records("search", "document", "kv")

    @cached_property
    def row_writes(self) -> dict[str, list[Operation]]:
        """Writes of relational databases that take rows as dictionaries, by last name: a column may be a vector."""
        found = self._writes_of_records("relational")
        return {name: found[name] for name in found if name.startswith(("insert", "upsert"))}

    def _writes_of_records(self, *wanted: str) -> dict[str, list[Operation]]:
        found: dict[str, list[Operation]] = defaultdict(list)
        kinds = {lib.package: lib.kind for lib in self.libraries}
        for name, entries in self._operations.items():
            for operation in entries:
                records = operation.verb == "write" and operation.metadata and not operation.role
                if records and not operation.vector and kinds[operation.library] in wanted:
                    found[name.rpartition(".")[2]].append(operation)
        return found

    @cached_property
    def _vector_writes(self) -> dict[str, list[Operation]]:
        found: dict[str, list[Operation]] = defaultdict(list)
        for name, entries in self._operations.items():
            found[name.rpartition(".")[2]].extend(o for o in entries if o.verb == "write" and self._of_vectors(o))
        return found

    def vector_writes_named(self, method: str) -> tuple[Operation, ...]:
        """Return all writes of vectors that are called so."""
        return tuple(self._vector_writes.get(method, ()))

    @cached_property
    def _settings(self) -> dict[str, list[Setting]]:
        found: dict[str, list[Setting]] = defaultdict(list)
        for library in self.libraries:
            for entry in library.setting:
                found[entry.name].append(msgspec.structs.replace(entry, library=library.package))
        return found

    def setting(self, name: str) -> tuple[Setting, ...]:
        """Return what a setting of that name opens."""
        return tuple(self._settings.get(name, ()))

    def engine(self, name: str) -> Engine | None:
        """Return an engine by name or alias; its family is never empty."""
        found = self._by_engine.get(name)
        return msgspec.structs.replace(found, family=found.family or found.name) if found is not None else None

    def engine_of_url(self, url: str) -> Engine | None:
        """Return the engine that a URL's scheme means, driver suffixes left off."""
        match = _SCHEME.match(url)
        if match is None:
            return None
        scheme = match[1].lower()
        if scheme.startswith(("db+", "sqla+")):
            scheme = scheme.partition("+")[2]
        found = self._by_scheme.get(scheme) or self._by_scheme.get(scheme.partition("+")[0])
        return self.engine(found.name) if found is not None else None

    def abstraction(self, name: str) -> str | None:
        """Return the kind of store that a project's own class or factory of that name is, or None."""
        if name in self._factories:
            return self._factories[name]
        known = self._abstraction_memory.get(name)
        if known is None:
            known = self._abstraction_memory[name] = self._abstraction(name)
        return known or None

    @cached_property
    def _factories(self) -> dict[str, str]:
        return {f: a.kind for a in self._abstractions.abstraction for f in a.factories}

    @cached_property
    def _abstraction_memory(self) -> dict[str, str]:
        return {}

    @cached_property
    def _endings(self) -> tuple[tuple[str, str], ...]:
        pairs = [("".join(words_in(n)), a.kind) for a in self._abstractions.abstraction for n in a.names]
        return tuple(sorted(pairs, key=lambda p: -len(p[0])))

    def _abstraction(self, name: str) -> str:
        words = words_in(name)
        if not words or not name[:1].isupper():
            return ""
        while len(words) > 1 and words[-1] in self._abstractions.suffixes:
            words.pop()
        while len(words) > 1 and words[0] in self._abstractions.prefixes:
            words.pop(0)
        if words[-1] in self._abstractions.other_things:
            return ""
        whole = "".join(words)
        return next((kind for ending, kind in self._endings if whole.endswith(ending)), "")


def load(extra: Iterable[Mapping[str, Any]] = (), names: Sequence[str] = ()) -> Catalogue:
    """Load the built-in catalogue and the user's own entries; `names` are further names that matter in code.

    Raises CatalogueError for an entry that is not valid.
    """
    root = rules_root()
    digest = hashlib.sha256()
    libraries: list[Library] = []
    for number, table in enumerate(extra, 1):
        where = f"[[tool.fragaudit.store]] number {number} ({table.get('package', 'no package')})"
        libraries.append(read({"modules": [table.get("package", "")], **table}, Library, where))
        digest.update(msgspec.json.encode(table))
    abstractions = None
    for file in sorted((root / "stores").iterdir(), key=lambda f: f.name):
        if not file.name.endswith(".toml"):
            continue
        data = file.read_bytes()
        digest.update(file.name.encode() + b"\0" + data)
        table = tomli.loads(data.decode("utf-8"))
        if file.name == "abstractions.toml":
            abstractions = read(table, Abstractions, file.name)
        else:
            libraries.append(read(table, Library, file.name))
    data = (root / "engines.toml").read_bytes()
    digest.update(data)
    engines = read(tomli.loads(data.decode("utf-8")), Engines, "engines.toml")
    assert abstractions is not None
    digest.update(msgspec.json.encode(list(names)))
    return Catalogue(tuple(libraries), engines, abstractions, digest.hexdigest(), names)
