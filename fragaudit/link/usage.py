"""Calls on stores: what is written, read and searched, and which calls could not be told."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from fragaudit.catalogue import Catalogue, Operation
from fragaudit.link.abstract import Abstract, Bound, ClassRef, External, Handle, Instance, Known, Symbol
from fragaudit.link.evaluate import Evaluator, argument_of
from fragaudit.link.identity import site_key
from fragaudit.link.keyspaces import Keyspaces
from fragaudit.link.needed import is_made
from fragaudit.link.openings import SiteKey
from fragaudit.link.program import Site
from fragaudit.link.settings import readable
from fragaudit.link.verbs import SEARCH_WORDS, speaks, verb_of
from fragaudit.model.stores import Kind, StoreCall
from fragaudit.model.values import Attr, Call, Lit

_OF_RECORDS = frozenset({"get", "pop", "update", "setdefault", "clear", "count", "index", "insert", "remove", "copy"})
"""Methods that dictionaries and lists have too."""
_CHANGES = re.compile(r"\b(?:create|merge|set|delete|remove|insert)\b", re.IGNORECASE)
_WALKS = re.compile(r"\b(?:return|yield|call)\b", re.IGNORECASE)
SIMILARITY_NAMES = frozenset(
    {
        "similarity_search",
        "asimilarity_search",
        "similarity_search_with_score",
        "similarity_search_by_vector",
        "query_points",
        "max_marginal_relevance_search",
        "as_retriever",
        "search_points",
        "vector_search",
        "semantic_search",
        "near_vector",
        "near_text",
        "hybrid_search",
        "query_embeddings",
        "search_embeddings",
        "similarity_search_with_relevance_scores",
        "asimilarity_search_with_score",
        "asimilarity_search_with_relevance_scores",
        "asimilarity_search_by_vector",
        "amax_marginal_relevance_search",
        "as_query_engine",
    }
)


@dataclass(frozen=True, slots=True)
class Called:
    """One call on a store. `opening` is the call that opened it, if followed; else `library` or `abstraction` tells."""

    call: StoreCall
    file: int
    opening: SiteKey | None
    engine: str
    owner: Abstract | None
    method: str


class Usage:
    """Resolves method calls to stores."""

    def __init__(self, evaluator: Evaluator, catalogue: Catalogue) -> None:
        self._evaluator = evaluator
        self._catalogue = catalogue
        self._keyspaces = Keyspaces(evaluator, catalogue)
        self.found = 0
        self._names: dict[str, bool] = {}
        self.unresolved_searches: list[Site] = []

    def all(self) -> tuple[Called, ...]:
        """Return the store calls of the repository; counts what looked like one."""
        found: list[Called] = []
        retrievers = {name for _, name in self._catalogue.retrievers}
        for site in self._evaluator.program.sites:
            func = site.call.func
            if getattr(func, "name", "") in retrievers:
                self._retrieves(site)
                continue
            if getattr(func, "name", "") in self._catalogue.reading_classes:
                found.extend(self._made(site))
                continue
            if not isinstance(func, Attr) or not self._may_be(func.name):
                continue
            resolved = list(self._resolve(site, func))
            found.extend(resolved)
            if resolved:
                self.found += 1
            elif func.name in SIMILARITY_NAMES:
                self.found += 1
                self.unresolved_searches.append(site)
        return tuple(dict.fromkeys(found))

    def _retrieves(self, site: Site) -> None:
        """A class of a framework's that searches the store behind what it is given: which one is not followed."""
        for meaning in self._evaluator.evaluate(site.call.func, site.place):
            name = meaning.name if isinstance(meaning, External) else ""
            if (name.partition(".")[0], name.rpartition(".")[2]) in self._catalogue.retrievers:
                self.found += 1
                self.unresolved_searches.append(site)
                return

    def _made(self, site: Site) -> Iterator[Called]:
        """A class that reads from the moment it is made: a consumer of the topics that it names."""
        for made in self._evaluator.evaluate(site.call, site.place):
            if isinstance(made, Handle) and made.site is not None:
                for operation in self._catalogue.operation(made.name):
                    at = self._evaluator.program.location(site.place.file, site.call.at)
                    container = self._container(site, operation)
                    if container:
                        call = StoreCall(at, "read", made.name.rpartition(".")[2], container)
                        engine = self._engine_of(operation.library)
                        yield Called(call, site.place.file, site_key(made.site), engine, None, call.method)

    def _may_be(self, method: str) -> bool:
        """Say whether a method of that name can be a call on a store at all."""
        known = self._names.get(method)
        if known is None:
            spoken = method in self._evaluator.program.callable_names and verb_of(method, "graph") is not None
            known = self._names[method] = method in self._catalogue.methods or spoken or method in SIMILARITY_NAMES
        return known

    def _resolve(self, site: Site, func: Attr) -> Iterator[Called]:
        for base in self._evaluator.evaluate(func.base, site.place):
            match base:
                case Handle():
                    yield from self._on_handle(site, base, func.name)
                case Bound():
                    yield from self._on_handle(
                        site, Handle(f"{base.handle.name}.{base.method}", base.handle.site), func.name
                    )
                case Instance():
                    yield from self._inherited(site, base.of, func.name)
                    yield from self._on_instance(site, base, func.name)
                case External():
                    yield from self._on_handle(site, Handle(base.name.replace("()", "")), func.name)
                case ClassRef():
                    yield from self._inherited(site, base, func.name)
                case _:
                    continue

    def _inherited(self, site: Site, cls: ClassRef, method: str) -> Iterator[Called]:
        """A call of a method that a class of the project has from a library: `User.find_one(…)`, `user.save()`."""
        for outside in self._evaluator.outside_bases(cls):
            if self._catalogue.operations(outside.name, method):
                yield from self._on_handle(site, Handle(outside.name), method)
                return

    def _on_handle(self, site: Site, handle: Handle, method: str) -> Iterator[Called]:
        opened = self._catalogue.open(handle.name)
        operations = self._catalogue.operations(handle.name, method)
        if not operations and handle.site is not None and not (method in _OF_RECORDS and self._is_answer(handle.name)):
            operations = self._catalogue.operations_of_library(handle.name, method)
            if any(operation.verb == "container" for operation in operations):
                return  # on some class of the library it only leads to a container
        for operation in operations:
            if operation.verb == "container" or not is_made(operation, site.call):
                continue
            engine = (opened.engine if opened is not None else "") or self._engine_of(operation.library)
            opening = site_key(handle.site) if handle.site is not None else None
            if opening is None and opened is None and not engine:
                continue
            either = {o.verb for o in operations} >= {"write", "read"}
            verb, traverses = self._query(site, operation, engine, either)
            call = StoreCall(
                self._evaluator.program.location(site.place.file, site.call.at),
                verb,
                method,
                self._container(site, operation),
                bool(operation.similarity) and not searches_texts(site.call, operation),
                traverses,
                operation.role.startswith("queue"),
            )
            yield Called(call, site.place.file, opening, engine, None, method)
            return

    def _is_answer(self, name: str) -> bool:
        """Say whether an object is what a call on a store gave back: `client.get(…)[0]` is a record, not a client."""
        call, found, rest = name.rpartition("()")
        owner, _, method = call.rpartition(".")
        if not found or rest.strip("[]"):
            return False
        return not any(o.verb == "container" for o in self._catalogue.operations(owner, method))

    def _engine_of(self, package: str) -> str:
        return next((library.engine for library in self._catalogue.libraries if library.package == package), "")

    def _query(
        self, site: Site, operation: Operation, engine: str, either: bool
    ) -> tuple[Literal["write", "read", "delete"], bool]:
        """Return what a call does, and whether it walks a graph; a query language's text decides where it is known.

        `either`: the method serves to write and to read; without a text it counts as a walk, which alarms nobody.
        """
        verb: Literal["write", "read", "delete"] = operation.verb  # type: ignore[assignment]
        if not self._is_graph(engine):
            return verb, bool(operation.traversal)
        if not (operation.query or operation.lang):
            return verb, bool(operation.traversal) or verb == "read"
        name = operation.query if isinstance(operation.query, str) else ""
        value = argument_of(site.call.args, name, operation.at.get(name, 0))
        texts = [readable(m) for m in self._evaluator.evaluate(value, site.place)]
        if not either and not any(_CHANGES.search(text) or _WALKS.search(text) for text in texts):
            return verb, verb == "read"
        writes = bool(texts) and all(_CHANGES.search(text) for text in texts)
        only = writes and not any(_WALKS.search(text) for text in texts)
        return ("write" if writes else "read"), not only

    def _is_graph(self, engine: str) -> bool:
        known = self._catalogue.engine(engine)
        return known is not None and known.kind == "graph"

    def _container(self, site: Site, operation: Operation) -> str:
        container = operation.container
        if container is None:
            return self._keyspaces.of(site, operation)
        value = argument_of(site.call.args, container.param, container.at)
        for meaning in self._evaluator.evaluate(value, site.place):
            if isinstance(meaning, Known) and meaning.value is not None:
                return str(meaning.value)
            if isinstance(meaning, Symbol) and meaning.strong:
                return "{" + meaning.name + "}"
        return ""

    def _on_instance(self, site: Site, base: Instance, method: str) -> Iterator[Called]:
        """A call on an object of the project's own store abstraction, judged by the abstraction and the verb's name."""
        for ancestor in self._evaluator.ancestry(base.of):
            name = self._evaluator.program.scope(ancestor.place).name
            kind = self._catalogue.abstraction(name)
            if kind is None:
                continue
            verb = verb_of(method, kind)
            if verb is None:
                return
            call = StoreCall(
                self._evaluator.program.location(site.place.file, site.call.at),
                verb,  # type: ignore[arg-type]
                method,
                "",
                kind == Kind.VECTOR and verb == "read" and speaks(method, SEARCH_WORDS),
                kind == Kind.GRAPH and verb == "read",
            )
            yield Called(call, site.place.file, None, "", ClassRef(ancestor.place), method)
            return


def searches_texts(call: Call, operation: Operation) -> bool:
    """Say whether a search says by an argument that it is one for words: `search(query, query_type="fts")`."""
    name, _, value = operation.textual.partition("=")
    return bool(name) and argument_of(call.args, name, None) == Lit(value)
