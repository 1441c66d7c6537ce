"""FA401 to FA403: whether services can be searched together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from fragaudit.checks.registry import check
from fragaudit.checks.words import place_of
from fragaudit.model.findings import Hit, Related, Severity
from fragaudit.model.locations import Location
from fragaudit.model.search import ResultField
from fragaudit.model.stores import Kind, Repository, Role, Service, Store

_TYPES = {
    "id": frozenset({"str"}),
    "type": frozenset({"str"}),
    "content": frozenset({"str"}),
    "confidence": frozenset({"float", "int"}),
    "source": frozenset({"str"}),
    "metadata": frozenset({"mapping"}),
}
"""What each standard field may come down to; `unknown` may be anything."""

_WORDS = {"str": "text", "float": "a number", "mapping": "a mapping"}


def keeps_data(service: Service) -> bool:
    """Say whether a service keeps data that others could want to search."""
    return bool(_keeping(service))


def _keeping(service: Service) -> list[Store]:
    kinds = (Kind.QUEUE, Kind.OBJECT, Kind.FILE)
    return [s for s in service.stores if s.role == Role.DATA and s.kind not in kinds and not s.offered]


@check("FA401", whole=True)
def missing_unified_search(repository: Repository) -> Iterator[Hit]:
    """A service that keeps data and offers no standard search; one note on all where none does, or it is alone."""
    keeping = [s for s in repository.services if keeps_data(s)]
    offering = [s for s in repository.services if s.searches]
    without = [s for s in keeping if not s.searches]
    if not without:
        return
    if not offering or len(keeping) == 1:
        names = ", ".join(s.name for s in without[:4]) + (f" and {len(without) - 4} more" if len(without) > 4 else "")
        subject = f"none of {len(without)} services that keep data ({names}) offers" if len(without) > 1 else (
            f"{names} keeps data and doesn't offer"
        )  # fmt: skip
        at = _place(without[0])
        related = tuple(Related(_place(s), f"{s.name} keeps its data here") for s in without[1:5])
        yield Hit(at, f"{subject} a standard search to the others", "search",
                  without[0].name if len(without) == 1 else "", related, severity=Severity.NOTE,
                  data={"services": [s.name for s in without]})  # fmt: skip
        return
    example = offering[0].searches[0]
    for service in without:
        message = f"{service.name} keeps data and offers no standard search, as {offering[0].name} does"
        related = (Related(example.at, f"the search of {offering[0].name}"),)
        yield Hit(_place(service), message, "search", service.name, related, data={"services": [service.name]})


@check("FA402")
def nonstandard_search_result(service: Service, *, fields: list[str], aliases: dict[str, str]) -> Iterator[Hit]:
    """A standard search whose result lacks standard fields, or has them of another type."""
    told: set[tuple[str, Location | None]] = set()
    for offer in service.searches:
        if offer.fields is None or (offer.result, offer.result_at or offer.at) in told:
            continue
        told.add((offer.result, offer.result_at or offer.at))
        missing, other = _judged(offer.fields, fields, aliases)
        if not missing and not other:
            continue
        subject = f"{offer.result}, the result of {offer.name}," if offer.result else f"the result of {offer.name}"
        wrong = [f"`{f.name}` as {f.type or f.kind} where {_WORDS[_wanted(std)]} is expected" for std, f in other]
        parts = ([f"lacks {', '.join(missing)}"] if missing else []) + ([f"has {', '.join(wrong)}"] if wrong else [])
        related = (Related(offer.result_at, f"{offer.result} is declared here"),) if offer.result_at else ()
        yield Hit(offer.at, f"{subject} {' and '.join(parts)}", f"result:{offer.name}:{offer.result}", related=related,
                  data={"missing": missing, "other_type": [f.name for _, f in other],
                        "fields": [f.name for f in offer.fields]})  # fmt: skip


def _wanted(field: str) -> str:
    return {"confidence": "float", "metadata": "mapping"}.get(field, "str")


def _judged(
    found: Sequence[ResultField], fields: Sequence[str], aliases: Mapping[str, str]
) -> tuple[list[str], list[tuple[str, ResultField]]]:
    """Return the standard fields that are missing, and those of another type with what stands there."""
    by_name: dict[str, ResultField] = {}
    for field in found:
        for name in (field.name, *field.aliases):
            by_name.setdefault(aliases.get(name, name).lower(), field)
    missing = [name for name in fields if name.lower() not in by_name]
    other = [
        (name, by_name[name.lower()])
        for name in fields
        if name.lower() in by_name
        and by_name[name.lower()].kind != "unknown"
        and name in _TYPES
        and by_name[name.lower()].kind not in _TYPES[name]
    ]
    return missing, other


@check("FA403", whole=True)
def uncoordinated_service(repository: Repository) -> Iterator[Hit]:
    """A searchable service that no coordinator reaches. One that may reach any service leaves none out."""
    coordinators = [(s, c) for s in repository.services for c in s.coordinators]
    if not coordinators or any(c.open or c.unknown for _, c in coordinators):
        return
    reached = {name for _, c in coordinators for name in c.reaches}
    asking = {service.name for service, _ in coordinators}
    _, first = coordinators[0]
    for service in repository.services:
        if not service.searches or service.name in reached | asking or not keeps_data(service):
            continue
        offer = service.searches[0]
        others = ", ".join(sorted(reached))
        message = f"{service.name} offers a standard search, and {first.name} asks only {others}"
        related = tuple(Related(c.at, f"{c.name} asks {', '.join(c.reaches)}") for _, c in coordinators[:3])
        yield Hit(offer.at, message, "coordinator", service.name, related,
                  data={"coordinators": [c.name for _, c in coordinators]})  # fmt: skip


def _place(service: Service) -> Location:
    """Return where a service's data is kept: its primary database, else its first store with data.

    Where shared code opens it, what makes the service one says more.
    """
    primary = next((s for s in service.stores if s.id == service.primary), None)
    at = place_of(primary or _keeping(service)[0])
    if service.root == "." or at.path.startswith(service.root + "/"):
        return at
    return next((r.at for r in service.boundary if r.at is not None and r.at.path.startswith(service.root + "/")), at)
