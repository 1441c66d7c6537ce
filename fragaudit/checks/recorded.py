"""FA110: the stores of the code held against the ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct

from fragaudit.cards import questions
from fragaudit.checks.registry import check
from fragaudit.checks.words import place_of, related_to, shown
from fragaudit.model.findings import Checklist, Hit, Related, Severity
from fragaudit.model.ledger import OPEN, Ledger, LedgerAnswer, LedgerEntry
from fragaudit.model.stores import Kind, Repository, Role, Service, Store

_TABLES = (Kind.RELATIONAL, Kind.DOCUMENT)


class Pair(Struct, frozen=True):
    """A store of the code, and the number of its entry in the ledger."""

    service: Service
    store: Store
    entry: int


class Match(Struct, frozen=True):
    """Which stores the ledger knows, which it knows at another address, which not at all, and which are no more."""

    known: tuple[Pair, ...]
    changed: tuple[Pair, ...]
    new: tuple[tuple[Service, Store], ...]
    stale: tuple[int, ...]


def recorded(store: Store) -> bool:
    """Say whether a store belongs in the ledger: one of its own, no file of the moment, none only offered to others."""
    return store.role != Role.SCRATCH and store.inside is None and not store.offered


def match(services: Sequence[Service], ledger: Ledger) -> Match:
    """Hold stores against a ledger.

    An entry is a store's if service, kind, engine and identity agree; also if all but the service agree and no service
    is called that any more. Of what is left, a store and an entry of one service and kind that share engine or identity
    are one store that has changed.
    """
    stores = [(service, store) for service in services for store in service.stores if recorded(store)]
    entries = dict(enumerate(ledger.entries))
    names = {service.name for service in services}

    def paired(agree: Callable[[Service, Store, LedgerEntry], bool]) -> list[Pair]:
        found = []
        for service, store in list(stores):
            number = next((n for n, entry in entries.items() if agree(service, store, entry)), None)
            if number is not None:
                found.append(Pair(service, store, number))
                stores.remove((service, store))
                del entries[number]
        return found

    known = paired(lambda v, s, e: e.service == v.name and _same(s, e))
    known += paired(lambda _, s, e: e.service not in names and _same(s, e))
    changed = paired(
        lambda v, s, e: e.service == v.name and e.kind == s.kind and (e.engine == s.engine or e.identity == s.identity)
    )
    return Match(tuple(known), tuple(changed), tuple(stores), tuple(entries) if ledger.whole else ())


def _same(store: Store, entry: LedgerEntry) -> bool:
    return (store.kind, store.engine, store.identity) == (entry.kind, entry.engine, entry.identity)


def evidence(service: Service, store: Store, checklist: Checklist | None) -> tuple[LedgerAnswer, ...]:
    """Return what the code itself answers about a store; what only a person knows comes back open."""
    answers = {a.question: a for a in checklist.answers} if checklist is not None else {}
    found = []
    for question in questions():
        number = question.number
        answer = answers.get(number)
        if number == 2 and store.id == service.primary:
            found.append(LedgerAnswer(number, "yes", "this is the primary database"))
        elif number in (3, 4) and store.kind != Kind.VECTOR:
            found.append(LedgerAnswer(number, "n/a", "it holds no vectors"))
        elif number == 6 and store.kind not in _TABLES:
            found.append(LedgerAnswer(number, "n/a", "it holds no tables"))
        elif answer is None or answer.answer not in ("yes", "no", "n/a"):
            found.append(LedgerAnswer(number, OPEN))
        else:
            found.append(LedgerAnswer(number, answer.answer, answer.why))  # type: ignore[arg-type]
    return tuple(found)


@check("FA110", whole=True)
def unrecorded_store(repository: Repository) -> Iterator[Hit]:
    """A store without an entry, with another address than its entry's, or with open answers; an entry without a store.

    Nothing is said as long as there is no ledger.
    """
    ledger = repository.ledger
    if ledger is None:
        return
    found = match(repository.services, ledger)
    asked = "".join(f"\n{q.number}. {q.text} Usually: {q.usually}." for q in questions())
    for service, store in found.new:
        message = f"{shown(store)} has no entry in {ledger.path}. Answer this before it is created:{asked}"
        yield Hit(place_of(store), message, _key(store), service.name, data=_data(store))
    for pair in found.changed:
        entry = ledger.entries[pair.entry]
        before = f"{entry.engine} at {entry.identity}"
        message = f"{ledger.path} knows {before}, and it is {shown(pair.store)} now. Answer this again:{asked}"
        related = (Related(entry.at, "recorded here"),)
        yield Hit(place_of(pair.store), message, _key(pair.store), pair.service.name, related, data=_data(pair.store))
    for pair in found.known:
        entry = ledger.entries[pair.entry]
        if entry.open or not entry.owner:
            texts = {q.number: q.text for q in questions()}
            still = [f"{n}. {texts[n]}" for n in entry.open if n in texts] + ([] if entry.owner else ["Who owns it?"])
            what = f"{shown(pair.store)} is recorded with "
            message = f"{what}an open answer: {still[0]}" if len(still) == 1 else (
                "\n".join([f"{what}{len(still)} open answers:", *still])
            )  # fmt: skip
            yield Hit(entry.at, message, f"open:{_key(pair.store)}", pair.service.name,
                      related_to([pair.store], entry.at), severity=Severity.NOTE, data=_data(pair.store))  # fmt: skip
    for number in found.stale:
        entry = ledger.entries[number]
        twins = [e for e in ledger.entries if _told(e) == _told(entry)]
        what = "is recorded twice" if len(twins) > 1 else "is recorded, and nothing opens it any more"
        message = f"{entry.engine} at {entry.identity} of {entry.service} {what}"
        yield Hit(entry.at, message, f"stale:{entry.kind}:{entry.engine}:{entry.identity}", entry.service,
                  severity=Severity.WARNING)  # fmt: skip


def _told(entry: LedgerEntry) -> tuple[str, ...]:
    return entry.service, entry.kind, entry.engine, entry.identity


def _key(store: Store) -> str:
    return f"{store.kind}:{store.engine}:{store.identity}"


def _data(store: Store) -> dict[str, object]:
    return {"stores": [store.id], "engines": [store.engine], "identity": store.identity}
