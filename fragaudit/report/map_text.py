"""What was understood, for people: every service, its stores, and why each decision was made."""

from __future__ import annotations

from collections.abc import Sequence

from fragaudit.model.findings import Report
from fragaudit.model.locations import Location
from fragaudit.model.stores import Reason, Service, Store
from fragaudit.report.across import write_across
from fragaudit.report.look import Look
from fragaudit.report.paper import Paper
from fragaudit.wording import counted

MOST_SHOWN = 8
MOST_PLACES = 4


def render(report: Report, look: Look) -> str:
    """Return the map of all services."""
    paper = Paper(look)
    services = report.services
    keeping = [s for s in services if s.stores or s.tables] or list(services)
    for service in keeping:
        _service(paper, service)
    for service in services:
        if service not in keeping:
            why = "; ".join(reason.what for reason in service.boundary)
            paper.prose(f"{service.name}: at {service.root}, {counted(service.files, 'file')}, no store ({why})", "  ")
    write_across(paper, report)
    if not report.services:
        paper.line("no service was found")
    return paper.text()


def _service(paper: Paper, service: Service) -> None:
    paper.line((service.name, "bold"), f"  at {service.root}, {counted(service.files, 'file')}")
    for reason in service.boundary:
        _reason(paper, "  ", reason)
    for reason in service.primary_why[:1]:
        _reason(paper, "  primary: ", reason)
    for store in service.stores:
        _store(paper, store, store.id == service.primary)
    for holder in service.classes:
        if len({f.store for f in holder.fields}) > 1:
            paper.line("  class ", (holder.name, "bold"), f"  {holder.at.path}:{holder.at.line}")
            for field in holder.fields:
                paper.line(f"    {field.name} -> {field.store}")
    names = _tables(service)
    if names:
        more = f" and {len(names) - MOST_SHOWN} more" if len(names) > MOST_SHOWN else ""
        paper.prose(f"tables: {', '.join(names[:MOST_SHOWN])}{more}", indent="  ")
    paper.line()


def _tables(service: Service) -> list[str]:
    """Return the tables that the service defines; those of others that it uses stand below all services."""
    inside = "" if service.root == "." else f"{service.root}/"
    defined = [t for t in service.schema if any(at.path.startswith(inside) for at in t.defined_at)]
    places = {(at.path, at.line) for table in defined for at in table.defined_at}
    modelled = any("model" in table.by for table in defined)
    # A class that the schema knows nothing of is only derived from where it knows of other models.
    others = [t for t in service.tables if (t.at.path, t.at.line) not in places and not (modelled and t.by == "model")]
    return sorted({t.name for t in defined} | {t.name for t in others})


def _store(paper: Paper, store: Store, primary: bool) -> None:
    mark = ", primary" if primary else ""
    paper.line("  ", (store.id, "bold"), f"  {store.role}{mark}  {store.identity}")
    if store.slot is not None and len(store.slot.alternatives) > 1:
        default = store.slot.default
        names = [f"{name} (the default)" if name == default else name for name in store.slot.alternatives]
        if default and default not in store.slot.alternatives:
            names.append(f"by default {default}" if default != "sql" else "by default a database by its URL")
        paper.prose(f"one of {', '.join(names)}", indent="      ", first="    ")
    for opening in store.openings[:MOST_SHOWN]:
        condition = ", on demand" if opening.conditional else ""
        address = f" as {opening.address}" if opening.address and opening.address != store.identity else ""
        paper.line(
            f"    opened at {opening.at.path}:{opening.at.line} with {_library(opening.library)}{address}{condition}"
        )
    if len(store.openings) > MOST_SHOWN:
        paper.line(f"    and at {len(store.openings) - MOST_SHOWN} more places")
    if store.containers:
        names = sorted({c.name + ("*" if c.dynamic and not c.name.endswith("*") else "") for c in store.containers})
        paper.prose(f"containers: {', '.join(names[:MOST_SHOWN])}", indent="      ", first="    ")
    if store.calls:
        searches = sum(c.searches for c in store.calls)
        walks = sum(c.traverses for c in store.calls)
        found = counted(searches, "similarity search", "similarity searches")
        also = f", {found}" if searches else f", {counted(walks, 'graph walk')}" if walks else ""
        several = store.slot is not None and len(store.slot.alternatives) > 1
        over = ", over all its back ends" if several else ""
        paper.line(f"    {counted(store.writes, 'write')}, {counted(store.reads, 'read')}{also}{over}")
    _reasons(paper, store.reasons)


def _reasons(paper: Paper, reasons: Sequence[Reason]) -> None:
    """Write each reason once, with all its places."""
    places: dict[str, list[str]] = {}
    for reason in reasons:
        at = places.setdefault(reason.what, [])
        if reason.at is not None and _place(reason.at) not in at:
            at.append(_place(reason.at))
    for what, at in list(places.items())[:MOST_SHOWN]:
        more = f" and {len(at) - MOST_PLACES} more" if len(at) > MOST_PLACES else ""
        where = f" ({', '.join(at[:MOST_PLACES])}{more})" if at else ""
        paper.prose(what + where, indent="      ", first="    because: ")
    if len(places) > MOST_SHOWN:
        paper.line(f"    and {len(places) - MOST_SHOWN} more reasons")


def _reason(paper: Paper, indent: str, reason: Reason) -> None:
    place = f" ({_place(reason.at)})" if reason.at is not None else ""
    paper.prose(reason.what + place, indent=" " * (len(indent) - len(indent.lstrip()) + 2), first=indent)


def _library(name: str) -> str:
    return "the standard library" if name == "python-stdlib" else name


def _place(at: Location) -> str:
    return f"{at.path}:{at.line}"
