"""The guide's pre-creation checklist, answered per service from what was found; what isn't known says so."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fragaudit.cards import questions
from fragaudit.checks.words import listed, place_of, shown
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
        return "no", f"{len(stores)} stores are open and {_rules(sure)} says that they are one too many", places
    if len(stores) == 1:
        return "no", f"one store is enough, and one is open: {shown(stores[0])}", places
    kinds = {s.kind for s in stores}
    if len(kinds) == len(stores) and not findings:
        return "yes", f"each store is of a kind of its own: {listed(stores)}", places
    return "review", f"{len(stores)} stores are open: {listed(stores)}", places


def _unified(service: Service, findings: Sequence[Finding]) -> _Verdict:
    stores = _stores(service)
    if not stores:
        return "n/a", "no store that keeps data was found", ()
    if service.primary is None:
        if findings:
            why = "there is no primary database; the stores found could be tables of one"
            return "yes", why, tuple(f.at for f in findings)
        return "review", f"there is no primary database, only {listed(stores)}", tuple(place_of(s) for s in stores)
    primary = service.store(service.primary)
    why = f"{shown(primary)} is the primary database; whether its indexes serve every query is not decided yet"
    return "review", why, (place_of(primary), *(t.at for t in service.tables[:2]))


def _similarity(service: Service, findings: Sequence[Finding]) -> _Verdict:
    vectors = [s for s in service.stores if s.kind == Kind.VECTOR and s.role == Role.DATA]
    if not vectors:
        return "no", "no vector store is open", ()
    searches = tuple(c.at for s in vectors for c in s.calls if c.searches)
    if searches:
        return "yes", f"vectors are searched by similarity at {counted(len(searches), 'place')}", searches
    if service.unresolved_searches:
        at = service.unresolved_searches
        return "review", "similarity searches were found whose store could not be followed", at
    if findings:
        return "no", "a vector store is written and never searched by similarity", tuple(f.at for f in findings)
    return "review", f"{listed(vectors)} is open and no search of it was found", tuple(place_of(s) for s in vectors)


def _namespaces(service: Service, findings: Sequence[Finding]) -> _Verdict:
    vectors = [s for s in service.stores if s.kind == Kind.VECTOR and s.role == Role.DATA and s.inside is None]
    if not vectors:
        return "n/a", "no vector store is open", ()
    writes = tuple(c.at for s in vectors for c in s.calls if c.verb == "write")
    del findings
    return (
        "review",
        "how vector ids are made is not followed yet; these writes need a look",
        writes or tuple(place_of(s) for s in vectors),
    )


def _searchable(service: Service, findings: Sequence[Finding]) -> _Verdict:
    del findings
    if not _stores(service):
        return "n/a", "the service keeps no data that others could search", ()
    return "review", "whether the service offers a standard search is not looked at yet", ()


def _documented(service: Service, findings: Sequence[Finding]) -> _Verdict:
    del findings
    if not service.tables:
        return "n/a", "no table of the service's own was found", ()
    return "review", "indexing documents are not compared with the schema yet", tuple(t.at for t in service.tables[:3])


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
