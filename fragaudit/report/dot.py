"""The picture in the language of Graphviz."""

from __future__ import annotations

from fragaudit.model.findings import Report
from fragaudit.report.excerpt import clean
from fragaudit.report.graph import graph, marked, used
from fragaudit.report.look import Look

MOST = 12
"""Containers named in a store."""
_COLORS = {"error": "#b3261e", "warning": "#b36b00", "note": "#0b5a8a"}


def render(report: Report, look: Look) -> str:
    """Return the digraph: services as boxes, stores as cylinders."""
    del look
    picture = graph(report)
    lines = ["digraph fragaudit {", "  rankdir=LR;", '  node [fontname="sans-serif"]; edge [fontname="sans-serif"];']
    for service in picture.services:
        label = [service.name, marked(service.marks)]
        lines.append(f"  {service.id} [shape=box, style=rounded, label={_text(label)}{_color(service.marks)}];")
    for store in picture.stores:
        names = [held.name for held in store.held]
        more = f"and {len(names) - MOST} more" if len(names) > MOST else ""
        label = [store.engine, store.identity, *names[:MOST], more, marked(store.marks)]
        lines.append(f"  {store.id} [shape=cylinder, label={_text(label)}{_color(store.marks)}];")
    for edge in picture.edges:
        bold = ", style=bold" if edge.primary else ""
        lines.append(f"  {edge.service} -> {edge.store} [label={_text([used(edge)])}{bold}];")
    lines += [f'  {a.asking} -> {a.asked} [style=dashed, label="searches"];' for a in picture.searches]
    return "\n".join([*lines, "}"]) + "\n"


def _text(parts: list[str]) -> str:
    shown = (clean(part).replace("\\", "\\\\").replace('"', '\\"') for part in parts if part)
    return '"' + "\\n".join(shown) + '"'


def _color(marks: tuple[tuple[str, int], ...]) -> str:
    return f', color="{_COLORS[marks[0][0]]}", penwidth=2' if marks else ""
