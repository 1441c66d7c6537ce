"""Is the row written before its vector? Looks at the statements of a function, at what it calls and who calls it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from fragaudit.catalogue import Catalogue
from fragaudit.link.abstract import FunctionRef, Instance
from fragaudit.link.evaluate import Evaluator
from fragaudit.link.identity import site_key
from fragaudit.link.ids.callers import Callers
from fragaudit.link.openings import SiteKey
from fragaudit.link.program import Place, Program, Site
from fragaudit.link.usage import Called
from fragaudit.link.verbs import DELETE_WORDS, speaks
from fragaudit.model.locations import Location
from fragaudit.model.values import Attr, Call, Lit, Ref, Text
from fragaudit.model.vectors import Pairing

DEEPEST = 3
_KEEPING = frozenset({"relational", "document", "graph"})
_INSERTS = re.compile(
    r"^\s*(?:(?:insert\s+(?:\w+\s+){0,3}?|replace\s+|upsert\s+)into\b|merge\s*(?:\(|into\b)|INSERT\b|UPSERT\b|CREATE\s*\()",
)
_CHANGES = re.compile(r"^\s*(?:update\s+\S+\s+set\b|delete\s+from\b|UPDATE\b|DELETE\b)")
_READS = re.compile(r"^\s*(?:select\s.*\sfrom\b|with\s+\w+\s+as\b|SELECT\b|WITH\b|MATCH\s*\()", re.DOTALL)
"""Statements, in small letters only where they can't be words of a message: `Update done`, `Select a file`."""
_CYPHER = re.compile(r"\s*(?:MERGE|CREATE|MATCH)\s*\(", re.IGNORECASE)
_GRAPH = "graph "
"""Begins what is done with nodes of a graph."""
_INSERTING = frozenset(
    {
        "insert_one",
        "insert_many",
        "add_all",
        "bulk_create",
        "abulk_create",
        "bulk_save_objects",
        "add",
        "merge",
        "create",
        "insert",
        "save",
        "put_item",
        "replace_one",
        "upsert_node",
        "merge_node",
    }
)
_ADDING = frozenset({"add", "merge"})
_ROW_WRITES = frozenset(
    {
        "commit",
        "add_all",
        "insert_one",
        "insert_many",
        "bulk_create",
        "abulk_create",
        "bulk_save_objects",
        "executemany",
        "copy_records_to_table",
        "flush",
    }
)


@dataclass(frozen=True, slots=True)
class Event:
    """Something a function does with rows: `insert`, `write` (what, isn't known), or `read`."""

    what: str
    line: int
    column: int
    branch: int


class Order:
    """Answers how a vector's write stands to the writes of rows."""

    def __init__(
        self,
        evaluator: Evaluator,
        catalogue: Catalogue,
        callers: Callers,
        called: Sequence[Called],
        vectors: set[SiteKey],
    ) -> None:
        self._evaluator = evaluator
        self._program: Program = evaluator.program
        self._callers = callers
        self._vectors = vectors
        self._known: dict[tuple[str, int, int], str] = {}
        for one in called:
            kind = catalogue.engine(one.engine)
            if kind is not None and kind.kind in _KEEPING and one.call.verb != "delete":
                what = "read" if one.call.verb == "read" else "insert" if one.method in _INSERTING else "write"
                what = (_GRAPH if kind.kind == "graph" else "") + what
                self._known[one.call.at.path, one.call.at.line, one.call.at.column] = what
        self._by_function: dict[Place, list[Site]] = {}
        self._memory: dict[Place, frozenset[str]] = {}

    def pairing(self, site: Site, handed: bool, graph: bool) -> tuple[Pairing, Location | None]:
        """Return how the vector written at a call stands to rows, and the row's write that decides it.

        `handed`: what the id is made of comes from the caller, who may have written the row; `graph`: nodes are rows,
        as the primary database is one of graphs.
        """
        function = self._program.enclosing_function(site.place)
        if function is None:
            return "unknown", None
        before, after, reads = self._around(function, site, graph)
        if before:
            last = max(before, key=lambda e: (e.line, e.column))
            at = self._at(function, last)
            ignored = all(self._may_fail(function.file, e.branch, site.branch) for e in before)
            return ("row ignored" if ignored else "row first"), at
        if reads:
            return "row first", self._at(function, reads[0])
        inserts = [e for e in after if e.what == "insert"]
        if inserts:
            return "vector first", self._at(function, inserts[0])
        if after:
            return "unknown", None
        found = self._outside(function, graph, 0)
        inside = self._program.enclosing_class(function) is not None
        return ("unknown" if found == "no row" and (handed or inside) else found), None

    def _outside(self, function: Place, graph: bool, deep: int) -> Pairing:
        """Look at the callers of a function that touches no row itself."""
        sites = self._callers.of(function)
        if not sites or deep >= DEEPEST:
            return "no row" if not sites and deep == 0 else "unknown"
        for site in sites:
            outer = self._program.enclosing_function(site.place)
            if outer is None or outer == function:
                continue
            before, _, reads = self._around(outer, site, graph)
            if before or reads:
                return "row first"
        return "unknown"

    def _at(self, function: Place, event: Event) -> Location:
        return Location(self._program.files[function.file].path, event.line, event.column, event.line, event.column)

    def _around(self, function: Place, site: Site, graph: bool) -> tuple[list[Event], list[Event], list[Event]]:
        before: list[Event] = []
        after: list[Event] = []
        reads: list[Event] = []
        mine = (site.call.at[0], site.call.at[1])
        for other in self._sites(function):
            if other.call is site.call or site_key(other) in self._vectors:
                continue
            if self._program.exclusive(function.file, other.branch, site.branch):
                continue
            for done in sorted(self._does(other, 0)):
                if done.startswith(_GRAPH) and not graph:
                    continue  # no row of a primary database that keeps tables
                what = done.removeprefix(_GRAPH)
                event = Event(what, other.call.at[0], other.call.at[1], other.branch)
                earlier = (event.line, event.column) < mine
                if what == "read":
                    if earlier:
                        reads.append(event)
                elif earlier:
                    before.append(event)
                else:
                    after.append(event)
        return before, after, reads

    def _sites(self, function: Place) -> Sequence[Site]:
        if not self._by_function:
            grouped: dict[Place, list[Site]] = defaultdict(list)
            for site in self._program.sites:
                inside = self._program.enclosing_function(site.place)
                if inside is not None:
                    grouped[inside].append(site)
            self._by_function = dict(grouped)
        return self._by_function.get(function, ())

    def _does(self, site: Site, deep: int) -> frozenset[str]:
        """Return what a call does with rows, itself or through the project's functions it enters."""
        path = self._program.files[site.place.file].path
        # The text of a statement says more than that it is executed.
        done = (
            self._direct(site.call)
            or self._known.get((path, site.call.at[0], site.call.at[1]), "")
            or self._of_model(site)
        )
        if done:
            return frozenset({done})
        if deep >= DEEPEST:
            return frozenset()
        func = site.call.func
        if not isinstance(func, (Ref, Attr)) or func.name not in self._program.callable_names:
            return frozenset()
        if speaks(func.name, DELETE_WORDS):
            return frozenset()  # what is gone is no row behind a vector
        found: set[str] = set()
        for meaning in self._evaluator.evaluate(func, site.place):
            if isinstance(meaning, FunctionRef):
                found |= self._inside(meaning.place, deep + 1)
        return frozenset(found)

    def _inside(self, function: Place, deep: int) -> frozenset[str]:
        known = self._memory.get(function)
        if known is None:
            self._memory[function] = frozenset()
            found: set[str] = set()
            for site in self._sites(function):
                if site_key(site) not in self._vectors:
                    found |= self._does(site, deep)
            known = frozenset(found)
            for kept in ("", _GRAPH):
                if f"{kept}insert" in known or f"{kept}write" in known:
                    known -= {f"{kept}read"}
            self._memory[function] = known
        return known

    def _direct(self, call: Call) -> str:
        func = call.func
        if isinstance(func, Attr) and func.name in _ROW_WRITES:
            return "insert" if func.name in _INSERTING else "write"
        if isinstance(func, Attr) and isinstance(func.base, Attr) and func.base.name == "objects":
            return "insert" if func.name in _INSERTING else "read"
        for argument in call.args[:1]:
            value = argument.value
            text = value.parts[0] if isinstance(value, Text) and value.parts else value
            if isinstance(text, Lit) and isinstance(text.value, str):
                for what, form in (("insert", _INSERTS), ("write", _CHANGES), ("read", _READS)):
                    if form.match(text.value) or form.match(text.value.lower()):
                        return (_GRAPH if _CYPHER.match(text.value) else "") + what
        return ""

    def _of_model(self, site: Site) -> str:
        """Say that a row is written by what adds an object of a mapped class, whoever handed in the session."""
        func, args = site.call.func, site.call.args
        if not isinstance(func, Attr) or func.name not in _ADDING or len(args) != 1:
            return ""
        for meaning in self._evaluator.evaluate(args[0].value, site.place):
            if isinstance(meaning, Instance) and any(
                self._program.bindings(ancestor.place, "__tablename__")
                for ancestor in self._evaluator.ancestry(meaning.of)
            ):
                return "insert"
        return ""

    def _may_fail(self, file: int, row: int, vector: int) -> bool:
        """Say whether a row's failure is caught and passed over before the vector is written."""
        around = {(b.group, b.arm) for b in self._program.branches(file, vector)}
        for branch in self._program.branches(file, row):
            if branch.kind == "try" and (branch.group, branch.arm) not in around:
                handlers = [
                    b for b in self._program.files[file].branches if b.group == branch.group and b.kind == "except"
                ]
                if handlers and not any(b.terminal for b in handlers):
                    return True
        return False
