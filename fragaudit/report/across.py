"""What services have to do with each other, as text and as JSON: who keeps what, what is searched and by whom."""

from __future__ import annotations

from typing import Any

from fragaudit.model.findings import Report
from fragaudit.model.stores import Service
from fragaudit.report.graph import Held, graph
from fragaudit.report.paper import Paper

Json = dict[str, Any]
MOST_SHOWN = 40


def write_across(paper: Paper, report: Report) -> None:
    """Write the containers that more than one service has to do with, the searches offered and who asks them."""
    shared = [(store, held) for store in graph(report).stores for held in store.held if len(_named(held)) > 1]
    if shared:
        paper.line(("Kept or used by several services", "bold"))
        for store, held in shared[:MOST_SHOWN]:
            paper.prose(f"{held.name} in {store.engine} {store.identity}: {_said(held)}", indent="    ", first="  ")
        if len(shared) > MOST_SHOWN:
            paper.line(f"  and {len(shared) - MOST_SHOWN} more")
        paper.line()
    searching = [s for s in report.services if s.searches or s.coordinators]
    if searching:
        paper.line(("Search across services", "bold"))
        for service in searching:
            for offer in service.searches:
                fields = "unknown" if offer.fields is None else ", ".join(f.name for f in offer.fields)
                text = f"{service.name} offers {offer.name}, {offer.at.path}:{offer.at.line}; its result: {fields}"
                paper.prose(text, indent="    ", first="  ")
            for coordinator in service.coordinators:
                more = [f"{coordinator.unknown} unknown"] if coordinator.unknown else []
                more += ["a registry that could not be followed"] if coordinator.open else []
                asked = ", ".join([*coordinator.reaches, *more])
                paper.prose(f"{coordinator.name} of {service.name} asks {asked}", indent="    ", first="  ")
        paper.line()


def _named(held: Held) -> set[str]:
    return {*held.owners, *held.writers, *held.readers}


def _said(held: Held) -> str:
    parts = (("defined by", held.owners), ("written by", held.writers), ("read by", held.readers))
    return "; ".join(f"{word} {', '.join(names)}" for word, names in parts if names)


def json_across(service: Service, place: Any) -> Json:
    """Return what one service does with its containers, the searches it offers and those it asks."""
    return {
        "uses": [
            {
                "store": use.store,
                "container": use.container,
                "sort": use.sort,
                "owner": use.own,
                "defined_at": [place(at) for at in use.defined_at],
                "writes": [place(at) for at in use.writes],
                "reads": [place(at) for at in use.reads],
            }
            for use in service.uses
        ],
        "searches": [
            {
                "name": offer.name,
                "how": offer.how,
                "at": place(offer.at),
                "result": offer.result or None,
                "fields": None if offer.fields is None else [{"name": f.name, "type": f.type} for f in offer.fields],
            }
            for offer in service.searches
        ],
        "coordinators": [
            {
                "name": c.name,
                "at": place(c.at),
                "reaches": list(c.reaches),
                "unknown": c.unknown,
                "open": c.open,
            }
            for c in service.coordinators
        ],
    }
