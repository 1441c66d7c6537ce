"""Searches and deletions of vectors, and whether anything confines them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from fragaudit.catalogue import Catalogue, Operation
from fragaudit.link.abstract import Instance
from fragaudit.link.identity import site_key
from fragaudit.link.ids.callers import Callers, here_of, lifted, roots
from fragaudit.link.ids.flow import Flow
from fragaudit.link.ids.heads import UNKNOWN, Atom, Head, Items, Pairs
from fragaudit.link.ids.operations import Operations
from fragaudit.link.ids.paths import first_known, given, paths
from fragaudit.link.ids.scopes import Scope, scope_of
from fragaudit.link.ids.spaces import native
from fragaudit.link.ids.written import Target
from fragaudit.link.openings import SiteKey
from fragaudit.link.program import Place, Site
from fragaudit.link.usage import SIMILARITY_NAMES, searches_texts
from fragaudit.link.verbs import verb_of
from fragaudit.model.stores import OF_PROJECT
from fragaudit.model.values import Attr

_FILTERS = (
    "filter",
    "filters",
    "where",
    "query_filter",
    "expr",
    "expression",
    "pre_filter",
    "filter_expression",
    "namespace",
    "tenant",
    "partition_names",
    "partition_name",
    "search_kwargs",
    "group_id",
    "group_ids",
    "user_id",
    "where_document",
    "filter_dict",
    "metadata_filter",
    "metadata_filters",
    "scroll_filter",
)
MOST_DERIVED = 400


@dataclass(frozen=True, slots=True, eq=False)
class Searched:
    """One search or deletion. `filters` is what could confine it, None for each that is left out."""

    site: Site
    target: Target
    scope: Scope
    filters: tuple[Head, ...]
    verb: str
    function: Place | None
    forwards: bool = False

    @property
    def scoped(self) -> bool:
        """Whether something confines it."""
        return native(self.scope).answer != "no" or any(not _nothing(head) for head in self.filters)


class Searches:
    """Finds searches and deletions, at the callers of what only forwards their filters."""

    def __init__(self, flow: Flow, catalogue: Catalogue, callers: Callers, operations: Operations) -> None:
        self._flow = flow
        self._catalogue = catalogue
        self._callers = callers
        self._operations = operations

    def all(self) -> list[Searched]:
        """Return searches and deletions in order of file and place."""
        found: dict[SiteKey, Searched] = {}
        for site in self._candidates():
            self._flow.fresh()
            for searched in self._direct(site):
                found.setdefault(site_key(site), searched)
        left = MOST_DERIVED
        for searched in list(found.values()):
            for function in sorted(roots(searched.filters)):
                sites = self._callers.of(function)
                for site in sites:
                    left -= 1
                    if left > 0 and site_key(site) not in found:
                        self._flow.fresh()
                        filters = lifted(self._flow, searched.filters, function, site)
                        scope = searched.scope.lifted(self._flow, function, site)
                        place = self._flow.program.enclosing_function(site.place)
                        found[site_key(site)] = Searched(site, searched.target, scope, filters, searched.verb, place)
        return sorted(found.values(), key=lambda s: (s.site.place.file, s.site.call.at))

    def _candidates(self) -> Iterator[Site]:
        """Yield the calls of methods whose name a search or deletion can have."""
        for name, sites in self._flow.program.sites_by_name.items():
            if name in self._catalogue.vector_methods or name in SIMILARITY_NAMES or _means(name):
                yield from (site for site in sites if isinstance(site.call.func, Attr))

    def _direct(self, site: Site) -> Iterator[Searched]:
        func = site.call.func
        if not isinstance(func, Attr):
            return
        if func.name in self._catalogue.vector_methods or func.name in SIMILARITY_NAMES:
            for target, operation, verb in self._of_vectors(site, func):
                yield self._made(site, target, operation, verb)
                return
        means = _means(func.name)
        if means:
            yield from self._own(site, func, means)

    def _of_vectors(self, site: Site, func: Attr) -> Iterator[tuple[Target, Operation, str]]:
        meanings = self._flow.evaluator.evaluate(func.base, site.place)
        for name, opened in self._operations.objects(meanings, func.name):
            for verb in ("read", "delete"):
                for operation in self._catalogue.vector_operations(name, func.name, verb):
                    similar = operation.similarity is True and not searches_texts(site.call, operation)
                    if verb == "delete" or similar:
                        yield self._operations.target(operation, name, opened), operation, verb
                        return

    def _made(self, site: Site, target: Target, operation: Operation, verb: str) -> Searched:
        flow, here = self._flow, here_of(site)
        filters: list[Head] = []
        for written in (
            operation.filter,
            operation.tenant,
            operation.partition,
            *((operation.id,) if verb == "delete" else ()),
        ):
            for path in paths(written):
                filters.extend(first_known(flow, site.call, here, operation, path) or ())
        for name in _FILTERS:
            filters.extend(given(flow, site.call, here, name, None))
        scope = scope_of(flow, self._catalogue, site, operation)
        return Searched(site, target, scope, tuple(filters), "delete" if verb == "delete" else "search",
                        flow.program.enclosing_function(site.place))  # fmt: skip

    def _own(self, site: Site, func: Attr, verb: str) -> Iterator[Searched]:
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
                filters: list[Head] = []
                for name in (*_FILTERS, *(("ids", "id", "collection_name") if verb == "delete" else ())):
                    filters.extend(given(self._flow, site.call, here_of(site), name, None))
                if verb == "delete" and site.call.args:
                    filters.append(UNKNOWN)
                scope = scope_of(self._flow, self._catalogue, site, None)
                yield Searched(site, Target("", OF_PROJECT, None, ancestor), scope, tuple(filters), verb,
                               self._flow.program.enclosing_function(site.place))  # fmt: skip
                return


@cache
def _means(method: str) -> str:
    """Return whether a method's name says that it searches or deletes."""
    means = verb_of(method, "vector")
    if means == "read" and any(word in method for word in ("search", "query", "similar", "retriev")):
        return "search"
    return "delete" if means == "delete" else ""


def _nothing(head: Head) -> bool:
    if head == Atom("none"):
        return True
    if isinstance(head, Pairs):
        return not head.value.entries and not head.more
    return isinstance(head, Items) and not head.value.items and not head.more
