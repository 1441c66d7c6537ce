"""Reads the marks of the store catalogue's examples, and what an audit found in the same shape."""

from __future__ import annotations

import re
from typing import NamedTuple

from fragaudit.catalogue_format import Example
from fragaudit.model.findings import Report

MARK = re.compile(r"\s*#\s*(?P<what>store|same|write|read|delete|search|walk)\b(?P<rest>[^#]*)")
_MARKED = re.compile(r"(?:\s*#\s*(?:store:|same\b|write\b|read\b|delete\b|search\b|walk\b)[^#\n]*)+$")
Line = tuple[str, int]


class Seen(NamedTuple):
    """A store: what it is and every line that opens it."""

    engine: str
    kind: str
    role: str
    lines: tuple[Line, ...]


class Marks(NamedTuple):
    """What an example says: the stores, the addresses it names, and the calls where it marks any."""

    stores: list[Seen]
    addresses: dict[Line, set[str]]
    calls: list[tuple[str, int, str]]


def unmarked(text: str) -> str:
    """Return an example as a user would write it; the marks are the test's own."""
    return "\n".join(_MARKED.sub("", line) for line in text.split("\n"))


def marked(example: Example) -> Marks:
    """Return what the marks of an example say."""
    stores: list[tuple[str, str, str, list[Line]]] = []
    addresses: dict[Line, set[str]] = {}
    calls: list[tuple[str, int, str]] = []
    for path, text in example.files.items():
        for number, line in enumerate(text.split("\n"), 1):
            trailing = _MARKED.search(line)
            for mark in MARK.finditer(trailing[0]) if trailing else ():
                what, rest = mark["what"], mark["rest"].lstrip(":").strip()
                if what == "store":
                    said, _, address = rest.partition(" at ")
                    engine, kind, *role = said.split()
                    stores.append((engine, kind, role[0] if role else "data", [(path, number)]))
                    if address:
                        addresses.setdefault((path, number), set()).add(address.strip())
                elif what == "same":
                    matching = [s for s in stores if rest in ("", s[0])]
                    matching[-1][3].append((path, number))
                else:
                    calls.append((path, number, what))
    return Marks(sorted(Seen(e, k, r, tuple(sorted(set(at)))) for e, k, r, at in stores), addresses, sorted(calls))


def stores(report: Report) -> list[Seen]:
    """Return the stores of a report."""
    return sorted(
        Seen(s.engine, str(s.kind), str(s.role), tuple(sorted({(o.at.path, o.at.line) for o in s.openings})))
        for service in report.services
        for s in service.stores
    )


def addresses(report: Report) -> dict[Line, set[str]]:
    """Return the identities of the stores by the lines that open them."""
    found: dict[Line, set[str]] = {}
    for service in report.services:
        for store in service.stores:
            for opening in store.openings:
                found.setdefault((opening.at.path, opening.at.line), set()).add(store.identity)
    return found


def calls(report: Report) -> list[tuple[str, int, str]]:
    """Return the calls on stores: path, line and `write`, `read`, `delete`, `search` (by similarity) or `walk`."""
    found = set()
    for service in report.services:
        for store in service.stores:
            for call in store.calls:
                what = "search" if call.searches else "walk" if call.traverses else call.verb
                found.add((call.at.path, call.at.line, what))
    return sorted(found)
