"""Vector ids: where vectors are written and searched, how their ids are made, and what to think of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Literal

import msgspec

from fragaudit.catalogue import Catalogue
from fragaudit.config import VectorIds
from fragaudit.link.evaluate import Evaluator
from fragaudit.link.identity import site_key
from fragaudit.link.ids.callers import Callers, lifted, roots
from fragaudit.link.ids.engines import rules_of
from fragaudit.link.ids.flow import Flow
from fragaudit.link.ids.heads import Head, distinct
from fragaudit.link.ids.metadata import origin, placeholder
from fragaudit.link.ids.order import Order
from fragaudit.link.ids.rewriting import rewrite
from fragaudit.link.ids.rows import RowVector, RowVectors
from fragaudit.link.ids.scopes import Scope, container_name, native, scoping_key
from fragaudit.link.ids.searches import Searched, Searches
from fragaudit.link.ids.source import expression, source
from fragaudit.link.ids.template import Names
from fragaudit.link.ids.verdicts import Judged, Surroundings, judge
from fragaudit.link.ids.writes import Writes
from fragaudit.link.ids.written import Target, Written
from fragaudit.link.openings import SiteKey
from fragaudit.link.program import Program
from fragaudit.link.usage import Called
from fragaudit.model.vectors import IdVerdict, Origin, VectorSearch, VectorWrite

StoreOf = Callable[[Target], str]
"""Returns the id of the store a write or search reaches in a service, or an empty string."""

ROUNDS = 3
"""How often parameters are replaced by what callers give for them."""


class Vectors:
    """All uses of vectors in a repository. Services ask for theirs, as names differ from one to the next."""

    def __init__(self, evaluator: Evaluator, catalogue: Catalogue, called: Sequence[Called], config: VectorIds) -> None:
        # Answers that others were given within deep questions may have been cut short; here each is asked anew.
        evaluator = Evaluator(evaluator.program, catalogue)
        self._flow = Flow(evaluator)
        self._program: Program = evaluator.program
        self._config = config
        self._callers = Callers(self._flow)
        writes = Writes(self._flow, catalogue, self._callers)
        self._written = writes.all()
        self._rows = RowVectors(self._flow).all()
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
                hidden.update(site_key(d.site) for d in callers if not _own(d))
        for written in self._written:
            key = site_key(written.site)
            if written.site.place.file in files and key not in hidden:
                shown[key] = written
        for key, written in shown.items():
            callers = [d for d in self._derived[key] if site_key(d.site) not in hidden and site_key(d.site) != key]
            found.append(self._write(written, judged[key], store_of, names, bool(callers) or written.forwards))
        found.extend(self._row(row, primary) for row in self._rows if row.verb == "write" and row.file in files)
        return tuple(sorted(_followed(found)))

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
            memory[key] = _combined(each, [self._at(d) for d in callers])
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
        name, state = container_name(scope)
        key = scoping_key(self._flow, written.metadata)
        rules = rules_of(target.engine, target.package)
        if written.made_anew:
            rules = replace(rules, always="an index made anew, which holds nothing else")
        return Surroundings(rules, native(scope), name, state, key)

    def _scope_expanded(self, written: Written) -> Scope:
        scope = written.scope
        for _ in range(ROUNDS):
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
            scope = Scope(containers, spaces, scope.lost)
        return scope

    def _write(self, written: Written, judged: Judged, store_of: StoreOf, names: Names, forwards: bool) -> VectorWrite:
        at = self._program.location(written.site.place.file, written.site.call.at)
        located = expression(self._flow, written.site, written.operation if not written.inner else None)
        made_at = None
        if located is not None and located.here.first:
            line = located.here.first
            made_at = self._program.location(located.here.place.file, (line, 1, line, 1))
        name, state = container_name(self._scope_expanded(written))
        space = native(written.scope)
        found = judged.match
        takes = written.operation is not None and bool(written.operation.metadata)
        pairing, row = self._order.pairing(written.site, bool(roots(written.ids)))
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

    def _origin(self, written: Written, takes: bool) -> Origin:
        """Say whether what is stored leads back to a row; texts of the code's own and libraries' memories have none."""
        rules = rules_of(written.target.engine, written.target.package)
        kept = bool(rules.always) and rules.accepts_text
        if kept or (written.operation is not None and placeholder(self._flow, written.site, written.operation)):
            return "unknown"
        return origin(self._flow, written.metadata, takes)

    def _row(self, row: RowVector, primary: str) -> VectorWrite:
        why = f"a column of a row: the vector has the row's own key in `{row.table or 'its table'}`"
        return VectorWrite(row.at, "", primary, row.table, row.id, "native-namespace", why, pairing="same row",
                           origin="leads back", row=row.at)  # fmt: skip

    # -- searches --------------------------------------------------------------------------------------------------

    def searches(
        self, files: frozenset[int], writes: Sequence[VectorWrite], store_of: StoreOf, primary: str
    ) -> tuple[VectorSearch, ...]:
        """Return the searches and deletions in some files; `writes` say what is shared."""
        found = [self._search(s, writes, store_of) for s in self._searched if s.site.place.file in files]
        found.extend(
            VectorSearch(r.at, "", primary, r.table, r.scoped)
            for r in self._rows
            if r.verb == "search" and r.file in files
        )
        return tuple(sorted(found))

    def _search(self, searched: Searched, writes: Sequence[VectorWrite], store_of: StoreOf) -> VectorSearch:
        at = self._program.location(searched.site.place.file, searched.site.call.at)
        name, state = container_name(searched.scope)
        store = store_of(searched.target)
        shared = (
            ""
            if state in ("dynamic", "unknown") or not searched.target.engine
            else _shared(searched.target.engine, store, name, writes)
        )
        verb: Literal["search", "delete"] = "delete" if searched.verb == "delete" else "search"
        return VectorSearch(
            at, searched.target.engine, store, name, searched.scoped or state == "dynamic", verb, shared
        )


def _followed(writes: Sequence[VectorWrite]) -> Iterator[VectorWrite]:
    """Yield the writes, changes of what is stored already with the verdict of what wrote it first."""
    first: dict[tuple[str, str, str], set[IdVerdict]] = defaultdict(set)
    for write in writes:
        if not write.updates:
            first[write.engine, write.store, write.container].add(write.verdict)
    for write in writes:
        verdicts = first[write.engine, write.store, write.container] if write.updates else set()
        why = "what is stored already is changed, under the ids it has"
        verdict: IdVerdict = next(iter(verdicts)) if len(verdicts) == 1 else "unknown"
        yield msgspec.structs.replace(write, verdict=verdict, why=why, rewrite=None) if write.updates else write


def _own(written: Written) -> bool:
    """Say whether a call writes by itself, not only through what it calls."""
    return written.operation is not None and not written.inner


def _combined(each: Sequence[Judged], places: Sequence[str]) -> Judged:
    """Join the verdicts at callers: one that all share, or that ids are not namespaced where none is known to be."""
    verdicts = {j.verdict for j in each}
    if len(verdicts) == 1 or verdicts == {"unknown", "not-namespaced"}:
        worst = "not-namespaced" if "not-namespaced" in verdicts else each[0].verdict
        chosen = sorted((p, n) for n, (p, j) in enumerate(zip(places, each, strict=True)) if j.verdict == worst)
        first = each[chosen[0][1]]
        shown = ", ".join([p for p, _ in chosen][:3]) + (" …" if len(chosen) > 3 else "")
        return replace(first, why=f"{first.why.partition(' (from ')[0]} (from {shown})")
    shown = ", ".join(sorted(places)[:3]) + (" …" if len(places) > 3 else "")
    return Judged("unknown", f"its callers differ: {shown}")


def _shared(engine: str, store: str, name: str, writes: Sequence[VectorWrite]) -> str:
    """Say why a collection is shared by several kinds of vectors, from what is written to it."""
    inside = [
        w
        for w in writes
        if w.store == store and w.engine == engine and (not name or not w.container or w.container == name)
    ]
    spaces = sorted({w.namespace for w in inside if w.namespace})
    if len(spaces) > 1:
        return f"vectors of {', '.join(spaces[:3])} are written to it"
    native_words = sorted(
        {w.why for w in inside if w.verdict == "native-namespace" and w.why.startswith(("in ", "its payload"))}
    )
    if native_words and not any(w.dynamic for w in inside):
        return f"vectors are written {native_words[0]}" if native_words[0].startswith("in ") else native_words[0]
    return ""
