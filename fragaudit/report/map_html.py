"""The picture as one page: drawn in the browser by a layout library that the page carries, with nothing to fetch."""

from __future__ import annotations

from typing import Any

import msgspec

from fragaudit.model.findings import Report
from fragaudit.report.excerpt import clean
from fragaudit.report.graph import Graph, Held, ServiceNode, StoreNode, graph, used
from fragaudit.report.look import Look
from fragaudit.report.page import asset, page, text
from fragaudit.wording import counted


def render(report: Report, look: Look) -> str:
    """Return the page: the picture, and below it every table and collection with who defines, writes and reads it."""
    del look
    picture = graph(report)
    body = (
        "<main>\n<h1>Services and their stores</h1>\n"
        f'<p class="faint">{counted(len(picture.services), "service")}, {counted(len(picture.stores), "store")}, '
        f"{counted(sum(len(s.held) for s in picture.stores), 'container')}</p>\n{_BAR}"
        '<div id="view" class="screen-scroll" tabindex="0" role="region" aria-label="Picture of services and stores">'
        '<div id="size"><div id="picture"><svg aria-hidden="true"></svg></div></div></div>\n'
        f"{_alone(picture)}"
        "<noscript><p>The picture is drawn by a script; the table below needs none.</p></noscript>\n"
        f"<h2>Tables and collections</h2>\n{_matrix(picture)}</main>\n"
    )
    scripts = (
        f'<script type="application/json" id="data">{_data(picture)}</script>\n'
        f"<script data-vendored>/* dagre {_LICENCE}\n{asset('dagre.LICENSE')}*/\n{_library()}</script>\n"
        f"<script>{asset('map.js')}</script>\n"
    )
    return page("Services and their stores", body, style=asset("map.css"), scripts=scripts)


_LICENCE = "(https://github.com/dagrejs/dagre), under the MIT licence:"
_BAR = (
    '<div class="bar screen">\n<label for="find">Search</label>\n'
    '<input id="find" type="search" placeholder="service, store or table ( / )" autocomplete="off">\n'
    '<button type="button" id="smaller">Smaller</button>\n<button type="button" id="larger">Larger</button>\n'
    '<button type="button" id="fit">Fit</button>\n<span id="told" role="status" class="faint"></span>\n</div>\n'
)


def _alone(picture: Graph) -> str:
    """Return the services that the picture leaves out, as nothing leads to or from them."""
    names = ", ".join(f"{service.name} ({service.root})" for service in _apart(picture))
    return f"<p>Without a store: {text(names)}</p>\n" if names else ""


def _apart(picture: Graph) -> list[ServiceNode]:
    linked = {edge.service for edge in picture.edges} | {i for a in picture.searches for i in (a.asking, a.asked)}
    return [s for s in picture.services if s.id not in linked and not s.marks] if linked else []


def _library() -> str:
    # Without the note that has browsers' tools ask for a source map.
    return asset("dagre.min.js").partition("//# sourceMappingURL")[0]


def _data(picture: Graph) -> str:
    data: dict[str, Any] = msgspec.to_builtins(picture)
    left_out = {service.id for service in _apart(picture)}
    data["services"] = [service for service in data["services"] if service["id"] not in left_out]
    data["edges"] = [{**e, "text": used(edge)} for e, edge in zip(data["edges"], picture.edges, strict=True)]
    # Inside a script, `<` could end it.
    return clean(msgspec.json.encode(data).decode("utf-8")).replace("<", "\\u003c").replace("&", "\\u0026")


def _matrix(picture: Graph) -> str:
    rows = "".join(_rows(store) for store in picture.stores)
    if not rows:
        return "<p>None was found by name.</p>\n"
    head = "".join(f'<th scope="col">{h}</th>' for h in ("name", "store", "defined by", "written by", "read by"))
    return (
        '<div class="matrix" tabindex="0" role="region" aria-label="Tables and collections">\n<table>\n'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table>\n</div>\n"
    )


def _defining(held: Held) -> tuple[str, ...]:
    return ("shared code",) if held.shared else held.owners


def _rows(store: StoreNode) -> str:
    where = f"{text(store.engine)} {text(store.identity)}"
    return "".join(
        f'<tr><th scope="row">{text(held.name)}</th><td>{where}</td>'
        + "".join(f"<td>{text(', '.join(names))}</td>" for names in (_defining(held), held.writers, held.readers))
        + "</tr>\n"
        for held in store.held
    )
