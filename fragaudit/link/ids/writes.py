"""Where vectors are written: calls of client libraries, of the project's abstractions, and of what only forwards."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from fragaudit.catalogue import Catalogue, Operation
from fragaudit.link.abstract import Bound, ClassRef, External, Handle, Instance
from fragaudit.link.identity import site_key
from fragaudit.link.ids import stepping
from fragaudit.link.ids.callers import Callers, argument, here_of, lifted, roots
from fragaudit.link.ids.flow import Flow
from fragaudit.link.ids.heads import UNKNOWN, Atom, From, Head, Here, Items, Made, Pairs, Several, Thunk, distinct
from fragaudit.link.ids.metadata import keys_of
from fragaudit.link.ids.paths import at_path, first_known, given, paths
from fragaudit.link.ids.scopes import Scope, handed_scope, scope_of
from fragaudit.link.openings import SiteKey
from fragaudit.link.program import Place, Site
from fragaudit.link.usage import verb_of
from fragaudit.model.values import Attr, Call, Value
from fragaudit.model.vectors import is_vector_name

DEEPEST_FORWARDS = 5
MOST_FORWARDED = 200
"""Calls of what forwards that are looked at, over the whole repository."""

_PREPARING = re.compile(
    r"index$|collection|table|schema|config|client|meta(?:data)?_|status|setting|cache|callback|callback_done"
)
"""Methods that make ready what vectors are written to."""

_ID_PARAMETERS = ("ids", "id", "doc_ids", "doc_id", "point_ids", "keys", "key", "vector_id", "vector_ids")
_ID_FIELDS = ("id", "_id", "__id__", "id_", "doc_id", "node_id", "uuid", "key", "chunk_id", "pk")
_RECORD_PARAMETERS = (
    "items",
    "data",
    "points",
    "documents",
    "nodes",
    "vectors",
    "records",
    "entries",
    "chunks",
    "docs",
    "payload",
    "rows",
    "embeddings",
    "texts",
)


@dataclass(frozen=True, slots=True)
class Target:
    """What a write reaches: engine, library, the call that opened the store, or the project's own class."""

    engine: str
    package: str = ""
    opening: SiteKey | None = None
    owner: ClassRef | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Written:
    """One place where vectors are written, with what can be known of the ids there.

    `records`: the ids come inside records or lists that were handed in whole, so that a function which gets them only
    forwards. `inner` are the writes it comes down to.
    """

    site: Site
    target: Target
    ids: tuple[Head, ...]
    metadata: tuple[Head, ...] | None
    scope: Scope
    function: Place | None
    operation: Operation | None = None
    inner: tuple[Written, ...] = ()
    forwards: bool = field(default=False)
    made_here: bool = False


class Writes:
    """Finds all writes of vectors."""

    def __init__(self, flow: Flow, catalogue: Catalogue, callers: Callers) -> None:
        self._flow = flow
        self._catalogue = catalogue
        self._callers = callers
        self._forwarding: set[SiteKey] = set()
        self._kinds = {library.package: library for library in catalogue.libraries}

    def all(self) -> list[Written]:
        """Return the writes of the repository in order of file and place, those that only forward marked."""
        found: dict[SiteKey, Written] = {}
        for site in self._candidates():
            self._flow.fresh()
            for written in self._direct(site):
                found.setdefault(site_key(site), written)
        direct = set(found)
        queue = list(found.values())
        left = MOST_FORWARDED
        depth: dict[SiteKey, int] = {site_key(w.site): 0 for w in queue}
        by_site: dict[SiteKey, list[Written]] = {}
        while queue:
            written = queue.pop(0)
            if written.made_here or not _pure(written.ids) or depth[site_key(written.site)] >= DEEPEST_FORWARDS:
                continue
            for function in sorted(roots(written.ids)):
                if self._keeps_else(function):
                    continue
                for site in self._callers.of(function):
                    key = site_key(site)
                    if _records(written.ids):
                        self._forwarding.add(site_key(written.site))
                    seen = by_site.setdefault(key, [])
                    if (
                        left <= 0
                        or len(seen) >= 3
                        or any(w.ids == written.ids and w.function == function for w in seen)
                    ):
                        continue
                    seen.append(written)
                    left -= 1
                    self._flow.fresh()
                    derived = self._lifted(written, function, site)
                    known = found.get(key)
                    merged = _merged(known, derived) if known is not None else derived
                    found[key] = merged
                    depth[key] = max(depth.get(key, 0), depth[site_key(written.site)] + 1)
                    queue.append(merged)
        return self._marked({k: w for k, w in found.items() if k in direct or not _passed_on(w)})

    def _candidates(self) -> Iterator[Site]:
        """Yield the calls of methods whose name a write can have."""
        for name, sites in self._flow.program.sites_by_name.items():
            if (
                name in self._catalogue.vector_methods
                or (verb_of(name, "vector") == "write" and not _PREPARING.search(name))
                or name in self._catalogue.record_writes
            ):
                yield from sites

    def _marked(self, found: dict[SiteKey, Written]) -> list[Written]:
        """Mark what only forwards: its ids come in records that somebody who is known hands in."""
        inside = set(self._forwarding) & {site_key(i.site) for w in found.values() for i in w.inner}
        for written in found.values():
            for inner in written.inner:
                if _records(inner.ids) or inner.forwards:
                    inside.add(site_key(inner.site))
        marked = [replace(w, forwards=True) if k in inside and _pure(w.ids) else w for k, w in found.items()]
        return sorted(marked, key=lambda w: (w.site.place.file, w.site.call.at))

    def _keeps_else(self, function: Place) -> bool:
        """Say whether a function is a method of an abstraction that keeps something else than vectors."""
        owner = self._flow.owner(function)
        for ancestor in self._flow.evaluator.ancestry(ClassRef(owner)) if owner is not None else ():
            kind = self._catalogue.abstraction(self._flow.program.scope(ancestor.place).name)
            if kind is not None:
                return kind != "vector"
        return False

    def _lifted(self, written: Written, function: Place, site: Site) -> Written:
        flow = self._flow
        metadata = written.metadata
        return Written(
            site,
            written.target,
            lifted(flow, written.ids, function, site),
            lifted(flow, metadata, function, site) if metadata is not None else None,
            handed_scope(flow, function, site).joined(written.scope.lifted(flow, function, site)),
            flow.program.enclosing_function(site.place),
            written.operation,
            (written,),
            made_here=self._makes(written, function, site),
        )

    def _makes(self, written: Written, function: Place, site: Site) -> bool:
        """Say whether a call puts the records together that it hands on, rather than handing on what it got."""
        for head in written.ids:
            if isinstance(head, From) and head.function == function and head.steps:
                for base in argument(self._flow, function, head.number, site):
                    if self._is_record(base):
                        return True
        return False

    def _is_record(self, head: Head) -> bool:
        if isinstance(head, (Items, Several)):
            return any(isinstance(e, (Pairs, Made)) for e in self._flow.step(head, None))
        return isinstance(head, (Pairs, Made))

    # -- calls of libraries ----------------------------------------------------------------------------------------

    def _direct(self, site: Site) -> Iterator[Written]:
        func = site.call.func
        name = getattr(func, "name", "")
        if isinstance(func, Attr) and getattr(func.base, "name", "") in _MANAGERS:
            return
        if name in self._catalogue.record_writes:
            for target, operation in self._record_operations(site, func):
                if self._holds_vector(site, operation):
                    yield self._written(site, target, operation)
                    return
        if not isinstance(func, Attr):
            return
        if func.name in self._catalogue.vector_methods:
            for target, operation in self._operations(site, func):
                yield self._written(site, target, operation)
                return
        if verb_of(func.name, "vector") == "write" and not _PREPARING.search(func.name):
            yield from self._own(site, func)

    def _operations(self, site: Site, func: Attr) -> Iterator[tuple[Target, Operation]]:
        meanings = self._flow.evaluator.evaluate(func.base, site.place)
        for meaning in meanings:
            name, opened = "", None
            match meaning:
                case Handle():
                    name, opened = meaning.name, meaning.site
                case Bound():
                    name, opened = f"{meaning.handle.name}.{meaning.method}", meaning.handle.site
                case External():
                    name = meaning.name
                case Instance():
                    bases = self._flow.evaluator.outside_bases(meaning.of)
                    name = bases[0].name if bases else ""
            if not name:
                continue
            for operation in self._catalogue.vector_operations(name, func.name, "write"):
                opening = site_key(opened) if opened is not None else None
                yield Target(self.engine(name, operation), operation.library, opening), operation
                return
        if not any(isinstance(m, (Handle, Bound, Instance, External)) for m in meanings):
            yield from self._guessed(site, func)

    def _record_operations(self, site: Site, func: Value) -> Iterator[tuple[Target, Operation]]:
        """Yield the writes of records that a call is: a method of a client, or a helper function of its library."""
        evaluator, catalogue = self._flow.evaluator, self._catalogue
        found: tuple[Operation, ...] = ()
        opened = None
        if isinstance(func, Attr):
            for meaning in evaluator.evaluate(func.base, site.place):
                if isinstance(meaning, (Handle, Bound)):
                    handle = meaning if isinstance(meaning, Handle) else meaning.handle
                    inner = handle.name if isinstance(meaning, Handle) else f"{handle.name}.{meaning.method}"
                    opened = handle.site
                    found = catalogue.operations(inner, func.name) or catalogue.operations_of_library(inner, func.name)
                elif isinstance(meaning, External):
                    found = catalogue.operation(f"{meaning.name}.{func.name}")
                if found:
                    break
        else:
            for meaning in evaluator.evaluate(func, site.place):
                if isinstance(meaning, External):
                    found = catalogue.operation(meaning.name)
        allowed = catalogue.record_writes.get(getattr(func, "name", ""), ())
        for operation in found:
            if operation in allowed:
                opening = site_key(opened) if opened is not None else None
                yield Target(self.engine(operation.name, operation), operation.library, opening), operation

    def _holds_vector(self, site: Site, operation: Operation) -> bool:
        """Say whether the records of a write have a key that speaks of a vector."""
        for path in paths(operation.metadata):
            for head in at_path(self._flow, site.call, here_of(site), operation, path) or ():
                if any(is_vector_name(key) for key in keys_of(self._flow, head)):
                    return True
        return False

    def _guessed(self, site: Site, func: Attr) -> Iterator[tuple[Target, Operation]]:
        """An object that could not be followed: what it is called with can still tell the library."""
        keywords = {a.name for a in site.call.args if a.name is not None}
        for operation in self._catalogue.vector_writes_named(func.name):
            if operation.item and self._holds(site, operation):
                yield Target(self.engine(operation.name, operation), operation.library), operation
                return
        told = _TELLING.get(func.name)
        for operation in self._catalogue.vector_writes_named(func.name):
            named_so = told is not None and operation.name.startswith(told[0])
            if named_so and told is not None and self._tells(told[1], keywords, func):
                yield Target(self.engine(operation.name, operation), operation.library), operation
                return
        for operation in self._catalogue.vector_writes_named(func.name):
            named = {p.partition("[")[0].partition(".")[0] for w in (operation.id, operation.vector, operation.metadata,
                     operation.text) for p in paths(w)}  # fmt: skip
            if operation.container is not None:
                named.add(operation.container.param)
            if len(named & keywords) >= 2 and keywords & {p.partition("[")[0] for p in paths(operation.id)}:
                yield Target(self.engine(operation.name, operation), operation.library), operation
                return

    def _tells(self, keyword: str, keywords: set[str], func: Attr) -> bool:
        """Say whether a call has the keyword that makes sure of its library; for none, what its object is called."""
        return keyword in keywords if keyword else _STORE_NAME.search(getattr(func.base, "name", "")) is not None

    def _holds(self, site: Site, operation: Operation) -> bool:
        root_name, wanted = operation_item(operation)
        root = next((p.partition("[")[0].partition(".")[0] for p in paths(operation.id)), "")
        for head in given(self._flow, site.call, here_of(site), root, operation.at.get(root, 0)):
            for element in self._flow.step(head, None) if isinstance(head, (Items, Several)) else (head,):
                if isinstance(element, Made) and element.cls is None:
                    last = element.name.rpartition(".")[2]
                    if last == wanted and element.name.partition(".")[0] == root_name:
                        return True
        return False

    def engine(self, name: str, operation: Operation) -> str:
        """Return the engine that an operation of a class reaches, by the catalogue, else by the class's name."""
        opened = self._catalogue.open(name)
        if opened is not None and opened.engine:
            return opened.engine
        library = self._kinds.get(operation.library)
        if library is not None and library.engine:
            return library.engine
        made = next((m for part, m in _ENGINE_WORDS if part in name.lower()), "")
        return made or (library.package if library is not None else "")

    def _written(self, site: Site, target: Target, operation: Operation) -> Written:
        flow, here = self._flow, here_of(site)
        # Where the engine has no parameter for it, the id is a field of the record.
        written = operation.id or (operation.metadata if self._takes_records(operation) else "")
        ids = first_known(flow, site.call, here, operation, written) if written else None
        metadata = first_known(flow, site.call, here, operation, operation.metadata) if operation.metadata else None
        return Written(
            site,
            target,
            distinct(h for one in ids for h in self._each(one, operation)) if ids else (Atom("none", "left out"),),
            distinct(metadata) if metadata else None,
            scope_of(flow, self._catalogue, site, operation),
            flow.program.enclosing_function(site.place),
            operation,
        )

    def _takes_records(self, operation: Operation) -> bool:
        return operation.name.rpartition(".")[2] in self._catalogue.record_writes

    def _each(self, head: Head, operation: Operation) -> Iterator[Head]:
        """Yield the ids in a list of them, where the operation takes a list."""
        many = any(p.endswith("s") and "[" not in p for p in paths(operation.id))
        if isinstance(head, (Items, Several)) or (isinstance(head, From) and many and not head.steps):
            for element in tuple(self._flow.step(head, None)) or (UNKNOWN,):
                yield from self._of_record(element)
        else:
            yield from self._of_record(head)

    def _of_record(self, head: Head) -> Iterator[Head]:
        """Yield the id in a record, where the engine calls no field of it its id; an id itself as it is."""
        if not isinstance(head, (Pairs, Made)):
            yield head
            return
        for name in _ID_FIELDS:
            found = [h for h in self._flow.step(head, f"={name}") if h not in (UNKNOWN, Atom("none"))]
            if found:
                yield from found
                return
        named = [key for key in keys_of(self._flow, head) if key.endswith("_id")]
        found = [h for h in self._flow.step(head, f"={named[0]}") if h != UNKNOWN] if len(named) == 1 else []
        yield from found or (UNKNOWN,)

    # -- the project's own abstractions ----------------------------------------------------------------------------

    def _own(self, site: Site, func: Attr) -> Iterator[Written]:
        evaluator = self._flow.evaluator
        meanings = evaluator.evaluate(func.base, site.place)
        if self._callers.called_on_itself(func) or not self._callers.keeps_vectors(func, meanings, site.place):
            return
        for meaning in meanings:
            if not isinstance(meaning, Instance):
                continue
            for ancestor in evaluator.ancestry(meaning.of):
                if self._catalogue.abstraction(self._flow.program.scope(ancestor.place).name) != "vector":
                    continue
                ids = self._heuristic(site.call, here_of(site), ancestor, func.name)
                if ids is None:
                    return
                scope = scope_of(self._flow, self._catalogue, site, None)
                function = self._flow.program.enclosing_function(site.place)
                given_heads = (h for a in site.call.args for h in self._flow.force(Thunk(a.value, here_of(site))))
                made = any(self._is_record(head) for head in given_heads)
                yield Written(site, Target("", "project", None, ancestor), ids, None, scope, function, made_here=made)
                return

    def _heuristic(self, call: Call, here: Here, cls: ClassRef, method: str) -> tuple[Head, ...] | None:
        """Return the ids of a call on an own abstraction, by its parameters' names; None if it takes no records."""
        names = self._parameters(cls, method)
        for wanted in (*_ID_PARAMETERS, *_RECORD_PARAMETERS):
            position = names.index(wanted) if wanted in names else None
            heads = given(self._flow, call, here, wanted, position)
            if not heads or (heads == (UNKNOWN,) and position is None):
                continue
            if wanted in ("id", "key", "doc_id", "vector_id"):
                return heads
            if wanted in _ID_PARAMETERS:
                return distinct(e for h in heads for e in self._flow.step(h, None)) or (UNKNOWN,)
            return distinct(e for h in heads for e in self._ids_in(h)) or (UNKNOWN,)
        first = method.strip("_").removeprefix("a").partition("_")[0]
        return (UNKNOWN,) if (names or call.args) and first in ("upsert", "insert", "dd", "add", "put") else None

    def _parameters(self, cls: ClassRef, method: str) -> list[str]:
        program = self._flow.program
        for ancestor in self._flow.evaluator.ancestry(cls):
            for number in program.definitions(ancestor.place, method):
                scope = program.scope(Place(ancestor.place.file, number))
                return [p.name for p in scope.parameters if p.name not in ("self", "cls") and p.kind == "positional"]
        return []

    def _ids_in(self, head: Head) -> Iterator[Head]:
        flow = self._flow
        if isinstance(head, Pairs):
            inner = distinct(stepping.entries(flow, head))
            if inner and all(isinstance(h, (Pairs, From)) for h in inner):
                yield from stepping.keys(flow, head)
                return
        elements = tuple(flow.step(head, None))
        for element in elements:
            for name in _ID_FIELDS:
                step = f"={name}" if isinstance(element, (Pairs, From)) else f".{name}"
                found = [h for h in flow.step(element, step) if h != UNKNOWN]
                if found:
                    yield from found
                    break


_ENGINE_WORDS = (
    ("chroma", "chroma"),
    ("qdrant", "qdrant"),
    ("pinecone", "pinecone"),
    ("weaviate", "weaviate"),
    ("milvus", "milvus"),
    ("zilliz", "milvus"),
    ("faiss", "faiss"),
    ("pgvector", "pgvector"),
    ("postgres", "pgvector"),
    ("lance", "lancedb"),
    ("redis", "redis"),
    ("elasticsearch", "elasticsearch"),
    ("opensearch", "opensearch"),
    ("mongo", "mongodb"),
    ("neo4j", "neo4j"),
    ("annoy", "annoy"),
    ("usearch", "usearch"),
    ("azure", "azure-ai-search"),
)
"""How the classes of frameworks that wrap many engines say which one they wrap."""


_LANGCHAIN = ("langchain_core.vectorstores", "")
_TELLING = {
    "add_documents": _LANGCHAIN,
    "aadd_documents": _LANGCHAIN,
    "add_texts": _LANGCHAIN,
    "aadd_texts": _LANGCHAIN,
    "upsert_points": ("qdrant_client", "points"),
    "upsert": ("pinecone", "vectors"),
    "add_with_ids": ("faiss", ""),
}
"""Methods that only one library has, with the keyword that makes it sure; without one, the object's name must tell."""
_STORE_NAME = re.compile(r"vector|store|vec|chroma|faiss|index|collection|^db$|_db$|retriever", re.IGNORECASE)


_MANAGERS = frozenset({"indices", "collections", "schema", "config", "cluster", "ingest", "ilm"})
"""Attributes of clients whose methods make ready what vectors are written to."""


def operation_item(operation: Operation) -> tuple[str, str]:
    """Return the package and the name of the record class that an operation takes."""
    item = operation.item if isinstance(operation.item, str) else ""
    return item.partition(".")[0], item.rpartition(".")[2]


def _pure(ids: tuple[Head, ...]) -> bool:
    """Say whether ids are nothing but what a function was given."""
    return bool(ids) and all(isinstance(h, From) and h.function is not None for h in ids)


def _passed_on(written: Written) -> bool:
    """Say whether a call only passes on what something else gave it: what becomes of it is decided further in."""
    results = all(isinstance(head, From) and head.function is None for head in written.ids)
    return bool(written.ids) and results and not written.made_here


def _records(ids: tuple[Head, ...]) -> bool:
    """Say whether ids are elements or parts of what was handed in, rather than ids handed in one by one."""
    return all(isinstance(h, From) and h.steps for h in ids)


def _merged(known: Written, derived: Written) -> Written:
    """Join what two ways to look at one call say: several back ends behind one interface."""
    if known.ids == (UNKNOWN,) or (not known.inner and known.target.package == "project"):
        ids = tuple(h for h in derived.ids if h != UNKNOWN) or known.ids
    else:
        ids = distinct((*known.ids, *derived.ids))
    engine = known.target.engine if known.target.engine == derived.target.engine else ""
    owner = known.target.owner
    opening = known.target.opening if known.target.opening == derived.target.opening else None
    target = Target(
        engine if known.inner else (known.target.engine or derived.target.engine), known.target.package, opening, owner
    )
    metadata = derived.metadata if known.metadata is None else known.metadata
    return replace(
        known,
        ids=ids,
        made_here=known.made_here or derived.made_here,
        target=target,
        metadata=metadata,
        inner=(*known.inner, *derived.inner),
        scope=known.scope.joined(derived.scope),
    )
