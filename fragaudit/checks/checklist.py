"""The guide's pre-creation checklist, answered per service from what was found; what isn't known says so."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fragaudit.cards import questions
from fragaudit.checks.words import enumerated, listed, place_of, shown
from fragaudit.model.findings import Answer, Checklist, Finding
from fragaudit.model.locations import Location
from fragaudit.model.stores import Kind, Role, Service, Store
from fragaudit.wording import counted

_KEPT = (Role.DATA, Role.CACHE, Role.SESSION)
_Verdict = tuple[str, str, tuple[Location, ...]]


def checklists(services: Sequence[Service], findings: Sequence[Finding]) -> tuple[Checklist, ...]:
    """Return the six answers of each service. Suppressed findings still answer: they were accepted, not disproved."""
    found = []
    for service in services:
        own = [f for f in findings if f.service == service.name]
        answers = []
        for question in questions():
            answer, why, evidence = _ANSWERS[question.number](service, [f for f in own if f.rule in question.rules])
            answers.append(Answer(question.number, question.text, answer, why, tuple(dict.fromkeys(evidence))[:6]))
        found.append(Checklist(service.name, tuple(answers)))
    return tuple(found)


def _stores(service: Service) -> list[Store]:
    return [
        s for s in service.stores if s.role in _KEPT and s.inside is None and s.kind not in (Kind.QUEUE, Kind.OBJECT)
    ]


def _several(service: Service, findings: Sequence[Finding]) -> _Verdict:
    stores = _stores(service)
    places = tuple(place_of(s) for s in stores)
    if not stores:
        return "n/a", "no store that keeps data was found", ()
    sure = [f for f in findings if f.confidence != "possible"]
    if sure:
        return "no", f"{len(stores)} stores are open, which are too many by {_rules(sure)}", places
    if len(stores) == 1:
        return "no", f"one store is enough, and one is open: {shown(stores[0])}", places
    kinds = {s.kind for s in stores}
    if len(kinds) == len(stores) and not findings:
        return "yes", f"each store is of a kind of its own: {listed(stores)}", places
    return "review", f"{len(stores)} stores are open: {listed(stores)}", places


def _unified(service: Service, findings: Sequence[Finding]) -> _Verdict:
    stores = _stores(service)
    if not stores and not service.accesses:
        return "n/a", "no store that keeps data was found", ()
    if service.primary is None and stores:
        apart = [f for f in findings if f.rule in ("FA103", "FA105")]
        if apart:
            why = "there is no primary database; the stores found could be tables of one"
            return "yes", why, tuple(f.at for f in apart)
        return "review", f"there is no primary database, only {listed(stores)}", tuple(place_of(s) for s in stores)
    primary = service.store(service.primary) if service.primary is not None else None
    name = f"{shown(primary)} is the primary database; " if primary is not None else ""
    places = (place_of(primary),) if primary is not None else ()
    judged = [a for a in service.accesses if a.verdict in ("covered", "partial", "uncovered")]
    missing = [f for f in findings if f.rule == "FA201" and f.confidence != "possible"]
    if missing:
        why = f"{name}{len(missing)} of {counted(len(judged), 'access pattern')} have no index that could serve them"
        return "review", why, (*places, *(f.at for f in missing))
    if not judged:
        return "review", f"{name}no statement was found that shows what it is asked", (
            *places, *(t.at for t in service.tables[:2]))  # fmt: skip
    open_ones = sum(a.verdict == "uncovered" for a in judged)
    doubt = f", {open_ones} of them perhaps not" if open_ones else ""
    why = f"{name}each of the {counted(len(judged), 'access pattern')} that could be judged has its index{doubt}"
    return ("review" if open_ones else "yes"), why, (*places, *(a.at for a in judged[:2]))


def _similarity(service: Service, findings: Sequence[Finding]) -> _Verdict:
    vectors = [s for s in service.stores if s.kind == Kind.VECTOR and s.role == Role.DATA]
    searches = {c.at for s in vectors for c in s.calls if c.searches}
    searches |= {s.at for s in service.vector_searches if s.verb == "search"}
    writes = tuple(w.at for w in service.vector_writes if not w.forwards)
    if not vectors and not writes and not searches:
        return "no", "no vector store is open", ()
    if searches:
        return (
            "yes",
            f"vectors are searched by similarity at {counted(len(searches), 'place')}",
            tuple(sorted(searches)),
        )
    if service.unresolved_searches:
        at = service.unresolved_searches
        return "review", "similarity searches were found whose store could not be followed", at
    if [f for f in findings if f.rule == "FA106"]:
        return "no", "vectors are written and never searched by similarity", tuple(f.at for f in findings)
    if not vectors:
        return "review", "vectors are written and no search of them was found", writes
    return "review", f"{listed(vectors)} is open and no search of it was found", tuple(place_of(s) for s in vectors)


def _namespaces(service: Service, findings: Sequence[Finding]) -> _Verdict:
    vectors = [s for s in service.stores if s.kind == Kind.VECTOR and s.role == Role.DATA and s.inside is None]
    writes = [w for w in service.vector_writes if not w.forwards]
    if not vectors and not writes:
        return "n/a", "no vector is written", ()
    told = [f for f in findings if f.rule in ("FA301", "FA302", "FA305") and f.confidence != "possible"]
    places = {w.at for w in writes}
    bad = tuple(sorted({f.at for f in told} | {r.at for f in told for r in f.related if r.at in places}))
    if bad:
        return "no", f"at {len(bad)} of {len(writes)} write(s) the ids are bare or bear another's name", bad
    if not writes:
        return "review", "no write was found; vectors may be written elsewhere", tuple(place_of(s) for s in vectors)
    open_ = [w for w in writes if w.verdict in ("unknown", "not-namespaced")]
    if not open_:
        native = sum(w.verdict == "native-namespace" for w in writes)
        how = f"{len(writes) - native} by their ids, {native} by the engine" if native else "by their ids"
        return "yes", f"all {len(writes)} write(s) are namespaced, {how}", tuple(w.at for w in writes)
    sure = len(writes) - len(open_)
    why = f"{sure} of {len(writes)} write(s) are namespaced; how the ids of the others are made needs a look"
    return "review", why, tuple(w.at for w in open_)


def _searchable(service: Service, findings: Sequence[Finding]) -> _Verdict:
    if not _stores(service):
        return "n/a", "the service keeps no data that others could search", ()
    places = tuple(offer.at for offer in service.searches)
    if not places:
        missing = [f for f in findings if f.rule == "FA401"]
        if any(f.severity != "note" for f in missing):
            return "no", "other services offer a standard search, and this one doesn't", tuple(f.at for f in missing)
        return "review", "no standard search is offered; whether others need one only a person knows", ()
    names = ", ".join(sorted({offer.name for offer in service.searches}))
    if findings:
        return "review", f"{names} is offered, but: {findings[0].message}", places
    if any(offer.fields is None for offer in service.searches):
        return "yes", f"{names} is offered; what it gives back could not be followed everywhere", places
    return "yes", f"{names} is offered and gives back the standard fields", places


def _documented(service: Service, findings: Sequence[Finding]) -> _Verdict:
    told = service.documentation
    wrong = tuple(f.at for f in findings if f.severity != "note")
    if wrong:
        return "no", f"at {counted(len(wrong), 'place')} a document contradicts the schema", wrong
    places = tuple(d.at for d in told.documented)
    open_ones = [u.table for u in told.undocumented]
    if not places and not open_ones:
        if not service.tables:
            return "n/a", "no table of the service's own was found", ()
        why = "no access pattern was found that an index of its tables could serve"
        return "n/a", why, tuple(t.at for t in service.tables[:3])
    tables = counted(len(places) + len(open_ones), "table")
    if not places:
        why = f"nothing is written on the indexes of {enumerated(open_ones)}"
        return "no", why, tuple(u.at for u in told.undocumented)
    if open_ones:
        why = f"{len(places)} of {tables} with access patterns documented; not {enumerated(open_ones)}"
        return "review", why, places
    return "yes", f"the indexes of all tables with access patterns ({len(places)}) are documented", places


def _rules(findings: Sequence[Finding]) -> str:
    return " and ".join(sorted({f.name for f in findings}))


_ANSWERS: dict[int, Callable[[Service, Sequence[Finding]], _Verdict]] = {
    1: _several,
    2: _unified,
    3: _similarity,
    4: _namespaces,
    5: _searchable,
    6: _documented,
}
