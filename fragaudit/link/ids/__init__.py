"""Vector ids: where vectors are written and searched, how their ids are made, and what to think of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Literal

from msgspec import structs

from fragaudit.catalogue import Catalogue
from fragaudit.config import VectorIds
from fragaudit.link.evaluate import Evaluator
from fragaudit.link.identity import site_key
from fragaudit.link.ids.callers import Callers, lifted, roots
from fragaudit.link.ids.confined import confining_key
from fragaudit.link.ids.engines import rules_of
from fragaudit.link.ids.flow import Flow
from fragaudit.link.ids.heads import Head, distinct
from fragaudit.link.ids.joining import combined, followed, kinds, writes_itself
from fragaudit.link.ids.metadata import origin, placeholder
from fragaudit.link.ids.order import Order
from fragaudit.link.ids.rewriting import rewrite
from fragaudit.link.ids.rows import RowVector, RowVectors
from fragaudit.link.ids.scopes import Scope
from fragaudit.link.ids.searches import Searched, Searches
from fragaudit.link.ids.source import expression, source
from fragaudit.link.ids.spaces import container_name, native, scoping_key
from fragaudit.link.ids.template import Names
from fragaudit.link.ids.verdicts import Judged, Surroundings, judge
from fragaudit.link.ids.writes import Writes
from fragaudit.link.ids.written import Target, Written
from fragaudit.link.openings import SiteKey
from fragaudit.link.program import Program
from fragaudit.link.usage import Called
from fragaudit.model.stores import Kind
from fragaudit.model.vectors import Origin, VectorSearch, VectorWrite

StoreOf = Callable[[Target], str]
"""Returns the id of the store a write or search reaches in a service, or an empty string."""

ROUNDS = 3
"""How often parameters are replaced by what callers give for them."""
MOST_ROUNDS = 5
"""The same for the name of a container that says nothing yet."""


class Vectors:
    """All uses of vectors in a repository. Services ask for theirs, as names differ from one to the next."""

    def __init__(self, evaluator: Evaluator, catalogue: Catalogue, called: Sequence[Called], config: VectorIds) -> None:
        self._flow = Flow(evaluator)
        self._program: Program = evaluator.program
        self._config = config
        self._documents = {library.package for library in catalogue.libraries if library.kind == "document"}
        self._callers = Callers(self._flow)
        writes = Writes(self._flow, catalogue, self._callers)
        self._written = writes.all()
        self._rows = RowVectors(self._flow, writes.operations, called).all()
        self._searched = Searches(self._flow, catalogue, self._callers, writes.operations).all()
        self._order = Order(evaluator, catalogue, self._callers, called, {site_key(w.site) for w in self._written})
        self._derived: dict[SiteKey, list[Written]] = defaultdict(list)
        for written in self._written:
            for inner in written.inner:
                self._derived[site_key(inner.site)].append(written)

    # -- writes ----------------------------------------------------------------------------------------------------

    def writes(self, files: frozenset[int], names: Names, store_of: StoreOf, primary: str) -> tuple[VectorWrite, ...]:
        """Return the writes in some files, judged for a service; vectors of rows are in its primary database."""
        judged: dict[SiteKey, Judged] = {}
        found: list[VectorWrite] = []
        hidden: set[SiteKey] = set()
        shown: dict[SiteKey, Written] = {}
        for written in self._written:
            self._judged(written, names, judged, 0)
        for written in self._written:
            callers = [d for d in self._derived[site_key(written.site)] if site_key(d.site) != site_key(written.site)]
            verdicts = {judged[site_key(d.site)].verdict for d in callers}
            if callers and not written.forwards and (len(verdicts) == 1 or verdicts == {"unknown", "not-namespaced"}):
                hidden.update(site_key(d.site) for d in callers if not writes_itself(d))
        for written in self._written:
            key = site_key(written.site)
            if written.site.place.file in files and key not in hidden:
                shown[key] = written
        for key, written in shown.items():
            callers = [d for d in self._derived[key] if site_key(d.site) not in hidden and site_key(d.site) != key]
            write = self._write(written, judged[key], store_of, names, bool(callers) or written.forwards, primary)
            found.append(self._in_document(written, write, primary))
        for row in self._rows:
            if row.verb == "write" and row.file in files:
                store = store_of(row.target) if row.target is not None else ""
                found.append(self._row(row, store or primary))
        return tuple(sorted(followed(found)))

    def _judged(self, written: Written, names: Names, memory: dict[SiteKey, Judged], deep: int) -> Judged:
        """Judge a write: at its callers if it only forwards and they are known."""
        key = site_key(written.site)
        known = memory.get(key)
        if known is not None:
            return known
        memory[key] = Judged("unknown", "the write depends on itself")
        callers = [d for d in self._derived[key] if site_key(d.site) != key]
        if callers and deep < ROUNDS + 2:
            each = [self._judged(d, names, memory, deep + 1) for d in callers]
            memory[key] = combined(each, [self._at(d) for d in callers])
        else:
            memory[key] = judge(self._expanded(written), self._around(written), names, self._config)
        return memory[key]

    def _at(self, written: Written) -> str:
        at = self._program.location(written.site.place.file, written.site.call.at)
        return f"{at.path}:{at.line}"

    def _expanded(self, written: Written) -> tuple[Head, ...]:
        """Return the ids with parameters replaced by what callers give, where any can be found."""
        ids = written.ids
        for _ in range(ROUNDS):
            found: list[Head] = []
            changed = False
            for function in sorted(roots(ids)):
                for site in self._callers.of(function):
                    self._flow.fresh()
                    found.extend(lifted(self._flow, ids, function, site))
                    changed = True
            if not changed:
                return ids
            ids = distinct(found)
        return ids

    def _around(self, written: Written) -> Surroundings:
        target, scope = written.target, written.scope
        scope = self._scope_expanded(written)
        name, state = container_name(scope, self._program)
        rules = rules_of(target.engine, target.package)
        key, always = scoping_key(self._flow, written.metadata)
        if not key and not rules.accepts_text:
            key, always = confining_key(self._flow, written, self._searched), True
        if written.made_anew:
            rules = replace(rules, always="an index made anew, which holds nothing else")
        elif scope.memory:
            rules = replace(rules, always="kept in the memory of this process, which nothing else shares")
        return Surroundings(rules, native(scope), name, state, key, always)

    def _scope_expanded(self, written: Written) -> Scope:
        scope = written.scope
        for number in range(MOST_ROUNDS):
            if number >= ROUNDS and container_name(scope, self._program)[1] != "unknown":
                return scope
            heads = (*scope.containers, *(h for _, hs in scope.namespaces for h in hs))
            sites = [(f, s) for f in sorted(roots(heads)) for s in self._callers.of(f)]
            if not sites:
                return scope.by_default(self._flow)
            each = [scope.lifted(self._flow, function, site) for function, site in sites]
            containers = distinct(h for s in each for h in s.containers)
            spaces = tuple(
                (word, distinct(h for s in each for h in s.namespaces[n][1]))
                for n, (word, _) in enumerate(scope.namespaces)
            )
            scope = replace(scope, containers=containers, namespaces=spaces)
        return scope

    def _write(
        self, written: Written, judged: Judged, store_of: StoreOf, names: Names, forwards: bool, primary: str
    ) -> VectorWrite:
        at = self._program.location(written.site.place.file, written.site.call.at)
        located = expression(self._flow, written.site, written.operation if not written.inner else None)
        made_at = None
        if located is not None and located.here.first:
            line = located.here.first
            made_at = self._program.location(located.here.place.file, (line, 1, line, 1))
        name, state = container_name(self._scope_expanded(written), self._program)
        space = native(written.scope)
        found = judged.match
        takes = written.operation is not None and bool(written.operation.metadata)
        pairing, row = self._order.pairing(written.site, bool(roots(written.ids)), primary.startswith(Kind.GRAPH))
        if written.made_anew or written.scope.memory:
            pairing, row = "unknown", None  # what is gone with its process needs no row to last
        return VectorWrite(
            at,
            written.target.engine,
            store_of(written.target),
            name,
            source(located.value) if located is not None else judged.shape,
            judged.verdict,
            judged.why,
            judged.shape,
            made_at,
            namespace=(found.namespace if found is not None else "") or space.namespace,
            service=found.service if found is not None else "",
            foreign=found.foreign if found is not None else "",
            near=judged.near,
            forwards=forwards,
            dynamic=state == "dynamic",
            pairing=pairing,
            row=row,
            origin=self._origin(written, takes) if judged.opaque else "leads back",
            rewrite=rewrite(written, judged, name if state == "fixed" else "", names, self._config),
            updates=written.updates,
        )

    def _in_document(self, written: Written, write: VectorWrite, primary: str) -> VectorWrite:
        """Return a write as one of a document with its vector, where the primary database is one of documents."""
        library = written.operation.library if written.operation is not None else ""
        if not primary or write.store != primary or library not in self._documents or write.verdict == "namespaced":
            return write
        where = f"`{write.container}`" if write.container else "its collection"
        why = f"a field of a document: the vector has the document's own key in {where}"
        return structs.replace(write, verdict="native-namespace", why=why, near=False, pairing="same row", row=write.at,
                               origin="leads back", rewrite=None)  # fmt: skip

    def _origin(self, written: Written, takes: bool) -> Origin:
        """Say whether what is stored leads back to a row; texts of the code's own and libraries' memories have none."""
        rules = rules_of(written.target.engine, written.target.package)
        kept = bool(rules.always) and rules.accepts_text
        if kept or (written.operation is not None and placeholder(self._flow, written.site, written.operation)):
            return "unknown"
        return origin(self._flow, written.metadata, takes)

    def _row(self, row: RowVector, store: str) -> VectorWrite:
        where = f"`{row.table}`" if row.table else "its table"
        why = f"a column of a row: the vector has the row's own key in {where}"
        engine = row.target.engine if row.target is not None else ""
        return VectorWrite(row.at, engine, store, row.table, row.id, "native-namespace", why, pairing="same row",
                           origin="leads back", row=row.at)  # fmt: skip

    # -- searches --------------------------------------------------------------------------------------------------

    def searches(
        self, files: frozenset[int], writes: Sequence[VectorWrite], store_of: StoreOf, primary: str
    ) -> tuple[VectorSearch, ...]:
        """Return the searches and deletions in some files; `writes` say what is shared."""
        found = [self._search(s, writes, store_of) for s in self._searched if s.site.place.file in files]
        found.extend(
            self._row_search(r, store_of, primary) for r in self._rows if r.verb == "search" and r.file in files
        )
        return tuple(sorted(found))

    def _row_search(self, row: RowVector, store_of: StoreOf, primary: str) -> VectorSearch:
        engine, store = (row.target.engine, store_of(row.target)) if row.target is not None else ("", "")
        return VectorSearch(row.at, engine, store or primary, row.table, row.scoped)

    def _search(self, searched: Searched, writes: Sequence[VectorWrite], store_of: StoreOf) -> VectorSearch:
        at = self._program.location(searched.site.place.file, searched.site.call.at)
        name, state = container_name(searched.scope, self._program)
        store = store_of(searched.target)
        shared = (
            ""
            if state in ("dynamic", "unknown") or not searched.target.engine
            else kinds(searched.target.engine, store, name, writes)
        )
        verb: Literal["search", "delete"] = "delete" if searched.verb == "delete" else "search"
        return VectorSearch(
            at, searched.target.engine, store, name, searched.scoped or state == "dynamic", verb, shared
        )
