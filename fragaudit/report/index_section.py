"""The section on indexes of a document: per table what is there, what each index serves, and what is proposed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from fragaudit.coverage import index_name
from fragaudit.coverage.rivals import uses
from fragaudit.model.accesses import Access
from fragaudit.model.documents import BEGIN, END
from fragaudit.model.locations import Location
from fragaudit.model.plan import IndexPlan, Proposal, TablePlan
from fragaudit.model.schema import Index, Table
from fragaudit.model.stores import Service

_ORIGIN = "Written by `fragaudit indexes --document`; changes between the markers are lost."
MOST_SITES = 8
"""Call sites that are listed for an index."""
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})")


class MarkersError(Exception):
    """The markers of a document don't enclose one section; the message says where and how."""


def section(services: Sequence[Service], plan: IndexPlan) -> str:
    """Return the section with its markers, without a newline at its end; lines end in a bare newline."""
    tables = {t.name: t for s in services for t in s.schema if t.view is None and not t.temporary}
    plans = {t.table: t for t in plan.tables}
    accesses: dict[str, dict[Access, None]] = {}
    for service in services:
        for access in service.accesses:
            accesses.setdefault(access.table, {})[access] = None
    lines = [BEGIN, "## Indexes", "", _ORIGIN]
    for name in sorted(tables):
        if tables[name].indexes or name in plans or name in accesses:
            lines += _table(tables[name], plans.get(name), list(accesses.get(name, ())))
    if len(lines) == 4:
        lines += ["", "No table was found."]
    return "\n".join([*lines, END])


def _table(table: Table, plan: TablePlan | None, accesses: Sequence[Access]) -> list[str]:
    lines = ["", f"### {_code(table.name)}", ""]
    for index in table.indexes:
        lines.append(f"- {_index(index)}: {_serves(index, table, accesses)}")
    if not table.indexes:
        lines.append("- No index was found.")
    for proposal in plan.proposals if plan is not None else ():
        lines.append(f"- {_proposal(proposal)}")
    for left in plan.unserved if plan is not None else ():
        lines.append(f"- No index serves {_place(left.access.at)}: {_plain(left.why)}")
    return lines


def _index(index: Index) -> str:
    keys = ", ".join(_code(str(key)) for key in index.keys)
    what: list[str] = [index.origin] if index.origin != "index" else ["unique index"] if index.unique else ["index"]
    if index.method not in ("btree", "rowid"):
        what.append(index.method)
    kind = " ".join(what) + (f", where {_code(index.where_text)}" if index.where_text else "")
    return f"{_code(index.name)} ({keys}), {kind}" if index.name else f"{kind} ({keys})"


def _serves(index: Index, table: Table, accesses: Sequence[Access]) -> str:
    sites = _sites(a.at for a in accesses if _by(a, index))
    if sites:
        return f"serves {sites}"
    if index.origin == "foreign key" or any(k.columns[:1] == (index.keys[0].column,) for k in table.foreign_keys):
        return "serves the foreign key"
    if index.origin != "index" or index.unique:
        return "keeps its values unique"
    also = _sites(a.at for a in accesses if uses(a, index, table))
    return f"could serve {also}, which another index serves better" if also else "no statement found asks for it"


def _by(access: Access, index: Index) -> bool:
    """Say whether an index is the one that serves an access, or one of those that do for an OR."""
    if access.by == "rowid":
        return index.origin == "primary key"
    name = index_name(index)
    return access.by == name or name in access.by.split(", ")


def _proposal(proposal: Proposal) -> str:
    keys = ", ".join(_code(str(key)) for key in proposal.keys)
    where = f", where {_code(proposal.where)}" if proposal.where else ""
    doubt = ", if the conditions are selective" if proposal.possible else ""
    parts = []
    if proposal.serves or proposal.improves:
        parts.append(f"to serve {_sites(a.at for a in (*proposal.serves, *proposal.improves))}")
    if proposal.follows:
        parts.append("for the foreign key to " + ", ".join(_code(k.table) for k in proposal.follows))
    return f"Proposed{doubt}: {_code(proposal.name)} ({keys}){where}, {' and '.join(parts) or 'as a longer form'}"


def _sites(places: Iterable[Location]) -> str:
    found = [_place(at) for at in sorted(set(places))]
    found = list(dict.fromkeys(found))
    more = f" and {len(found) - MOST_SITES} more" if len(found) > MOST_SITES else ""
    return ", ".join(found[:MOST_SITES]) + more


def _place(at: Location) -> str:
    return _code(f"{at.path}:{at.line}")


def _code(text: str) -> str:
    """Return a text as a code span of one line, whatever is in it."""
    text = " ".join(text.split())
    if "`" not in text:
        return f"`{text}`"
    mark = "`" * (max(len(run) for run in re.findall("`+", text)) + 1)
    return f"{mark} {text} {mark}"


def _plain(text: str) -> str:
    return " ".join(text.split()).replace("<", "&lt;")


def spliced(text: str, new: str) -> str:
    """Return a document with the section between its markers replaced, or added at its end if it has none.

    Every other character stays as it is; line ends are those that the document has, as is a missing last one.

    Raises:
        MarkersError: there is a marker without its other half, or more than one pair; or there is none, and what is
            added would be part of a code block.
    """
    ends = "\r\n" if text.count("\r\n") * 2 > text.count("\n") else "\n"
    new = new.replace("\n", ends)
    places, fenced = _markers(text)
    kinds = [kind for kind, _, _ in places]
    if kinds == [BEGIN, END]:
        return text[: places[0][1]] + new + text[places[1][2] :]
    if kinds:
        lines = ", ".join(str(text.count("\n", 0, start) + 1) for _, start, _ in places)
        what = "more than one pair of markers" if len(kinds) > 2 else "a marker without its other half"
        if kinds == [END, BEGIN]:
            what = "its markers in the wrong order"
        raise MarkersError(f"has {what} (line {lines}); there must be one `{BEGIN}` and, after it, one `{END}`")
    if fenced:
        raise MarkersError(f"ends inside the code block that line {fenced} begins; close it first")
    if not text.strip("\ufeff"):
        return text + new + ends
    if text.endswith("\n"):
        gap = "" if text.endswith(ends * 2) else ends
        return text + gap + new + ends
    return text + ends * 2 + new


def _markers(text: str) -> tuple[list[tuple[str, int, int]], int]:
    """Return the markers that stand alone on a line, outside of code (kind, start and end), and the line of open code.

    That is the number of the line that begins a code block which never ends, 0 if every one does.
    """
    found, offset, fence, began = [], 0, "", 0
    for number, line in enumerate(text.split("\n"), 1):
        match = _FENCE.match(line)
        if fence:
            if match and match[1].startswith(fence) and not line.strip().strip(fence[0]):
                fence = ""
        elif match:
            fence, began = match[1], number
        elif (stripped := line.strip().lstrip("\ufeff")) in (BEGIN, END):
            start = offset + line.index(stripped)
            found.append((stripped, start, start + len(stripped)))
        offset += len(line) + 1
    return found, began if fence else 0
