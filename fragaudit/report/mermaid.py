"""The picture as a Mermaid flowchart, as Markdown viewers draw it."""

from __future__ import annotations

from fragaudit.model.findings import Report
from fragaudit.report.excerpt import clean
from fragaudit.report.graph import graph, marked, used
from fragaudit.report.look import Look

MOST = 8
"""Containers named in a store; viewers refuse a diagram of more than 50,000 characters."""
MOST_EDGES = 500
"""What viewers draw at most, by default."""


def render(report: Report, look: Look) -> str:
    """Return the flowchart: services on the left, stores on the right."""
    del look
    picture = graph(report)
    lines = ["flowchart LR"]
    for service in picture.services:
        label = [service.name, *([marked(service.marks)] if service.marks else [])]
        lines.append(f'  {service.id}["{_label(label)}"]')
    for store in picture.stores:
        names = [held.name for held in store.held]
        more = [f"and {len(names) - MOST} more"] if len(names) > MOST else []
        label = [store.engine, store.identity, *names[:MOST], *more, *([marked(store.marks)] if store.marks else [])]
        lines.append(f'  {store.id}[("{_label(label)}")]')
    edges = [f'  {e.service} -- "{_label([used(e)])}" --> {e.store}' for e in picture.edges]
    edges += [f"  {asked.asking} -. searches .-> {asked.asked}" for asked in picture.searches]
    lines += edges[:MOST_EDGES]
    if len(edges) > MOST_EDGES:
        lines.append(f"  %% {len(edges) - MOST_EDGES} more uses are not drawn")
    for level, style in (("error", "stroke:#b3261e,stroke-width:3px"), ("warning", "stroke:#b36b00,stroke-width:3px")):
        nodes = [(n.id, n.marks) for n in picture.services] + [(n.id, n.marks) for n in picture.stores]
        ids = [identifier for identifier, marks in nodes if marks and marks[0][0] == level]
        if ids:
            lines += [f"  classDef {level} {style}", f"  class {','.join(ids)} {level}"]
    return "\n".join(lines) + "\n"


def _label(parts: list[str]) -> str:
    """Return lines of a label; characters that mean something to Mermaid, Markdown or HTML become entities."""
    return "<br>".join("".join(_character(c) for c in clean(part)) for part in parts if part)


def _character(character: str) -> str:
    return character if character.isalnum() or character in " .,:/@-" else f"#{ord(character)};"
