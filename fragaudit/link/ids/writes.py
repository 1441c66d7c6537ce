"""Where vectors are written: calls of client libraries, of the project's abstractions, and of what only forwards."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache

from fragaudit.catalogue import Catalogue, Operation
from fragaudit.link.abstract import ClassRef
from fragaudit.link.identity import site_key
from fragaudit.link.ids.callers import Callers, argument, here_of, lifted, roots
from fragaudit.link.ids.chosen import named_by_callers
from fragaudit.link.ids.flow import Flow
from fragaudit.link.ids.heads import UNKNOWN, Atom, Chars, From, Head, Items, Made, Pairs, Several, Thunk, distinct
from fragaudit.link.ids.keys import keys_of
from fragaudit.link.ids.operations import Operations
from fragaudit.link.ids.own import ID_FIELDS, Abstractions
from fragaudit.link.ids.paths import first_known, of_record, paths
from fragaudit.link.ids.scopes import handed_scope, scope_of
from fragaudit.link.ids.telling import PREPARING
from fragaudit.link.ids.written import Target, Written, merged, passed_on, pure, records
from fragaudit.link.openings import SiteKey
from fragaudit.link.program import Place, Site
from fragaudit.link.verbs import verb_of
from fragaudit.model.stores import OF_PROJECT
from fragaudit.model.values import Attr, Call

DEEPEST_FORWARDS = 5
MOST_FORWARDED = 200
"""Calls of what forwards that are looked at, over the whole repository."""

_MANAGERS = frozenset({"indices", "collections", "schema", "config", "cluster", "ingest", "ilm"})
"""Attributes of clients whose methods make ready what vectors are written to."""


class Writes:
    """Finds all writes of vectors."""

    def __init__(self, flow: Flow, catalogue: Catalogue, callers: Callers) -> None:
        self._flow = flow
        self._catalogue = catalogue
        self._callers = callers
        self._forwarding: set[SiteKey] = set()
        self.operations = Operations(flow, catalogue, callers)
        self._own = Abstractions(flow, callers)

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
            if written.made_here or not pure(written.ids) or depth[site_key(written.site)] >= DEEPEST_FORWARDS:
                continue
            for function in sorted(roots(written.ids)):
                if self._keeps_else(function):
                    continue
                for site in self._callers.of(function):
                    key = site_key(site)
                    if records(written.ids):
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
                    if self._drops(written, derived):
                        continue
                    known = found.get(key)
                    joined = merged(known, derived) if known is not None else derived
                    found[key] = joined
                    depth[key] = max(depth.get(key, 0), depth[site_key(written.site)] + 1)
                    queue.append(joined)
        return self._marked({k: w for k, w in found.items() if k in direct or not passed_on(w)})

    def _candidates(self) -> Iterator[Site]:
        """Yield the calls of methods whose name a write can have."""
        for name, sites in self._flow.program.sites_by_name.items():
            if name in self._catalogue.vector_methods or _means_write(name) or name in self._catalogue.record_writes:
                yield from sites
        yield from named_by_callers(self._flow, self._callers)

    def _marked(self, found: dict[SiteKey, Written]) -> list[Written]:
        """Mark what only forwards: its ids come in records that somebody who is known hands in."""
        inside = set(self._forwarding) & {site_key(i.site) for w in found.values() for i in w.inner}
        for written in found.values():
            for inner in written.inner:
                if records(inner.ids) or inner.forwards:
                    inside.add(site_key(inner.site))
        marked = [replace(w, forwards=True) if k in inside and pure(w.ids) else w for k, w in found.items()]
        return sorted(marked, key=lambda w: (w.site.place.file, w.site.call.at))

    def _keeps_else(self, function: Place) -> bool:
        """Say whether a function is a method of an abstraction that keeps something else than vectors."""
        owner = self._flow.owner(function)
        for ancestor in self._flow.evaluator.ancestry(ClassRef(owner)) if owner is not None else ():
            kind = self._catalogue.abstraction(self._flow.program.scope(ancestor.place).name)
            if kind is not None:
                return kind != "vector"
        return False

    def _drops(self, written: Written, derived: Written) -> bool:
        """Say whether a caller of what writes any records hands it some without a vector, where others hold one."""
        if written.operation is None or not self._takes_records(written.operation):
            return False
        holding = self.operations.holding
        return holding.show_vector(written.metadata) and not holding.show_vector(derived.metadata)

    def _lifted(self, written: Written, function: Place, site: Site) -> Written:
        flow = self._flow
        metadata = written.metadata
        return Written(
            site,
            written.target,
            lifted(flow, written.ids, function, site),
            lifted(flow, metadata, function, site) if metadata is not None else None,
            handed_scope(flow, function, site, written.scope),
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
            for target, operation in self.operations.of_records(site, func, self._catalogue.record_writes[name]):
                row = operation in self._catalogue.row_writes.get(name, ())  # found with the rows
                if not row and self.operations.holding.holds_vector(site, operation):
                    yield self._written(site, target, operation)
                    return
        if name[:1].isupper() and name in self._catalogue.vector_methods:
            for target, operation in self.operations.of_making(site, func):
                yield self._written(site, target, operation)
                return
        if not isinstance(func, Attr):
            return
        if func.name in self._catalogue.vector_methods:
            for target, operation in self.operations.of_vectors(site, func):
                written = self._written(site, target, operation)
                if not operation.needs or not all(_written_out(head) for head in written.ids):
                    yield written  # else a row that a table is made with, to say what its columns are
                return
            for target, operation in self.operations.of_parent(site, func):
                written = self._written(site, target, operation)
                if self._decides(written):
                    yield written
                return
        if _means_write(func.name):
            yield from self._of_own(site, func)

    def _written(self, site: Site, target: Target, operation: Operation) -> Written:
        flow, here = self._flow, here_of(site)
        # Where the engine has no parameter for it, the id is a field of the record.
        written = operation.id or (operation.metadata if self._takes_records(operation) else "")
        ids = first_known(flow, site.call, here, operation, written, ids=True) if written else None
        metadata = first_known(flow, site.call, here, operation, operation.metadata) if operation.metadata else None
        return Written(
            site,
            target,
            distinct(h for one in ids for h in self._each(one, operation)) if ids else _left_out(site.call, operation),
            distinct(metadata) if metadata else None,
            scope_of(flow, self._catalogue, site, operation),
            flow.program.enclosing_function(site.place),
            operation,
        )

    def _decides(self, written: Written) -> bool:
        """Say whether ids are made where they are written, rather than handed on."""
        open_ = (UNKNOWN, Atom("none"), Atom("none", "left out"))
        return any(not isinstance(head, From) and head not in open_ for head in written.ids)

    def _takes_records(self, operation: Operation) -> bool:
        return operation.name.rpartition(".")[2] in self._catalogue.record_writes

    def _each(self, head: Head, operation: Operation) -> Iterator[Head]:
        """Yield the ids in a list of them, where the operation takes a list."""
        columns = tuple(self._flow.step(head, 0)) if isinstance(head, Items) and head.value.items else ()
        if columns and all(isinstance(column, (Items, Several)) for column in columns):
            head = columns[0]  # lists of values, one for each field: that of the key comes first
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
        for name in ID_FIELDS:
            found = [h for h in of_record(self._flow, head, (f"={name}",)) if h not in (UNKNOWN, Atom("none"))]
            if found:
                yield from found
                return
        named = [key for key in keys_of(self._flow, head) if key.endswith("_id")]
        found = [h for h in self._flow.step(head, f"={named[0]}") if h != UNKNOWN] if len(named) == 1 else []
        yield from found or (UNKNOWN,)

    # -- the project's own abstractions ----------------------------------------------------------------------------

    def _of_own(self, site: Site, func: Attr) -> Iterator[Written]:
        flow, here = self._flow, here_of(site)
        keeper = self._own.keeper(site, func)
        ids = self._own.ids(site.call, here, keeper, func.name) if keeper is not None else None
        if ids is None:
            return
        given = (h for a in site.call.args for h in flow.force(Thunk(a.value, here)))
        made = any(self._is_record(head) for head in given)
        scope = scope_of(flow, self._catalogue, site, None)
        function = flow.program.enclosing_function(site.place)
        yield Written(site, Target("", OF_PROJECT, None, keeper), ids, None, scope, function, made_here=made)


def _left_out(call: Call, operation: Operation) -> tuple[Head, ...]:
    """Return that no id is given, or that nothing is known where an argument's place isn't."""
    known = {*operation.at.values(), operation.container.at if operation.container is not None else None}
    plain = sum(a.name is None for a in call.args)
    return (UNKNOWN,) if any(number not in known for number in range(plain)) else (Atom("none", "left out"),)


def _written_out(head: Head) -> bool:
    return isinstance(head, Chars) and all(isinstance(part, str) for part in head.parts)


@cache
def _means_write(method: str) -> bool:
    """Say whether a method's name says that it writes vectors."""
    return verb_of(method, "vector") == "write" and PREPARING.search(method) is None
