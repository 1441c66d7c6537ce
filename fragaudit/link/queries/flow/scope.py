"""One scope while its query expressions are followed: where one is, what names stand for, what is asked there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fragaudit.link.orm.core import Places
from fragaudit.link.orm.reader import View
from fragaudit.link.program import Place
from fragaudit.link.queries.draft import Bag, Begins, Draft, Drafts, Labelled, Pool, Thing, columns
from fragaudit.link.queries.flow.alternatives import bound
from fragaudit.link.queries.flow.asked import Asked, options
from fragaudit.link.queries.flow.framework import Framework
from fragaudit.link.queries.flow.names import Names
from fragaudit.link.queries.predicates import PREDICATES, UNKNOWN, both, compared
from fragaudit.link.queries.tables import Tables
from fragaudit.link.queries.variants import above
from fragaudit.model.facts import NO_BRANCH
from fragaudit.model.locations import Location
from fragaudit.model.sql import (
    NOWHERE,
    Column,
    Compare,
    Constant,
    Expression,
    Mark,
    Opaque,
    Operand,
    Operator,
    Parameter,
    Predicate,
    Row,
    Subquery,
)
from fragaudit.model.values import Arg, Call, Ref, Span, Value, calls

DEEPEST = 40
"""Expressions inside one another that are followed."""
INSIDE: Span = (1, 1, 1, 1)
"""The place of an expression that stands inside one whose place is known."""


@dataclass(frozen=True)
class Shared:
    """What the flows of all scopes share: the tables, what was put together so far, the libraries.

    `kinds` tells by its class how an expression is understood.
    """

    mapping: Tables
    pool: Pool
    places: Places
    frameworks: dict[str, Framework]
    kinds: Mapping[type, Callable[[Any, Flow], Thing]]


class Flow:
    """What is known of one scope while its statements are interpreted in their order.

    `asked` are the queries that are run or handed on so far; `branch` is the arm of a choice in which one is, `here`
    and `statement` are the place; `pinned` is the place that counts instead, of the call for which the scope is
    understood; `within` tells how many such calls there are around this one, `deep` how many expressions.
    """

    def __init__(self, shared: Shared, place: Place, dialect: str = "") -> None:
        self.shared = shared
        self.mapping = shared.mapping
        self.reader = shared.mapping.reader
        self.program = shared.mapping.reader.program
        self.place = place
        self.view = View(place)
        self.pool = shared.pool
        self.frameworks = shared.frameworks
        self.dialect = dialect
        self.asked: list[Asked] = []
        self.branch = NO_BRANCH
        self.here: Mark = NOWHERE
        self.statement = INSIDE
        self.pinned: Mark | None = None
        self.within = 0
        self.deep = 0
        self.names = Names(self.program, place.file)
        self._kinds = shared.kinds

    def inside(self, place: Place, deep: int = 4) -> Flow:
        """Return what follows another scope for the sake of this one."""
        inner = Flow(self.shared, place, self.dialect)
        inner.deep = self.deep + deep
        return inner

    # -- what expressions are --------------------------------------------------------------------------------------

    def thing(self, value: Value) -> Thing:
        """Return what an expression is; None for what isn't understood. Queries that are run inside it are reported."""
        if self.deep > DEEPEST:
            return None
        self.deep += 1
        try:
            kind = self._kinds.get(type(value))
            return kind(value, self) if kind is not None else None
        finally:
            self.deep -= 1

    def argument(self, argument: Arg) -> Thing:
        """Return what an argument is; columns in it stand where it does."""
        outer = self.here
        if argument.at is not None:
            self.here = self.mark(argument.at)
        found = self.thing(argument.value)
        self.here = outer
        return found

    def name(self, name: str) -> Thing:
        """Return what a local name stands for where it is read."""
        return bound(self.names.read(name, self.branch), anew=bool(self.within))

    def bind(self, name: str, found: Thing, *, extends: bool) -> None:
        """Bind a local name here; `extends`: to something made of what it stood for until now."""
        self.names.bind(name, found, self.branch, extends=extends)

    # -- what is asked ---------------------------------------------------------------------------------------------

    def escape(self, found: Thing, value: Value | None = None, *, lazy: bool = False) -> None:
        """Report the queries that leave what is understood: they are run there, or handed on."""
        if found is None:
            return
        if isinstance(found, Bag):
            for item, _ in found.items:
                self.escape(item, value, lazy=lazy)
            return
        for draft in options(found):
            if draft.keeps and isinstance(value, Ref) and any(asked.draft is draft for asked in self.asked):
                continue
            self.ask(draft, _span(value), lazy=lazy)

    def ask(self, draft: Draft, at: Span, *, lazy: bool = False) -> None:
        """Report a query that is run in this scope."""
        function, count = draft.origin
        if function and len(draft.clauses) == count:
            return  # as it is, the function that made it reports it
        if function:
            self.pool.extended.add(function)
        location = self.program.location(self.place.file, at if at != INSIDE else self.statement)
        scope = self.program.scope(self.place)
        name = scope.name if lazy and scope.kind == "function" else ""
        self.asked.append(Asked(draft, self.branch, location, self.place.file, (name or "?") if lazy else ""))

    # -- where one is ----------------------------------------------------------------------------------------------

    def holds(self, branch: int) -> bool:
        """Say whether what was added in an arm of a choice is there for sure where one is."""
        return above(self.program, self.place.file, branch, self.branch)

    def inner(self, branch: int) -> int:
        """Return the narrower of an arm and the one that is being read."""
        return self.branch if self.holds(branch) else branch

    def mark(self, span: Span) -> Mark:
        """Return the mark of a place in this file, or of the call for which this scope is understood."""
        if self.pinned is not None:
            return self.pinned
        return self.shared.places.mark(self.program.location(self.place.file, span))

    def placed(self, call: Call) -> Mark:
        """Return where a call of a chain stands: its arguments if they are known, else the whole."""
        spans = [a.at for a in call.args if a.at is not None]
        return self.mark((*spans[0][:2], *spans[-1][2:])) if spans else self.mark(call.at)

    def location(self, call: Call) -> Location:
        """Return where a call stands."""
        return self.program.location(self.place.file, call.at if call.at != INSIDE else self.statement)

    # -- things as parts of a statement ----------------------------------------------------------------------------

    def operand(self, found: Thing) -> Operand:
        """Return something as an operand: what isn't understood is a value that the statement is given."""
        match found:
            case Draft():
                return Subquery(self.pool.query(found))
            case Drafts():
                return Subquery(self.pool.query(found.options[0]))
            case Labelled():
                return self.operand(found.value)
            case Column() | Constant() | Expression() | Row() | Subquery() | Parameter():
                return found
            case Compare(left=Subquery(query=query), op="exists" | "not exists"):
                return Expression("", (), "exists", (query,))
            case Compare():
                return Expression("", tuple(columns(found)), "comparison")
            case _:
                return Parameter()

    def pattern(self, found: Thing) -> Operand:
        """Return the pattern of a LIKE: of a text that is put together, its beginning decides."""
        return Constant(f"{found.text}…", "string") if isinstance(found, Begins) else self.operand(found)

    def predicate(self, found: Thing) -> Predicate:
        """Return something as a condition: what isn't understood may be any."""
        match found:
            case Bag():
                if any(branch != self.branch and not self.holds(branch) for _, branch in found.items):
                    return UNKNOWN
                return both([self.predicate(item) for item, _ in found.items])
            case Constant(kind="boolean"):
                return both([])
            case Column():
                return self.truth(found, True)
            case Labelled():
                return self.predicate(found.value)
            case Draft(exists=True):
                return Compare(self.operand(found), "exists", (), self.here)
            case _ if isinstance(found, PREDICATES):
                return found
            case Expression():
                return Opaque(found)
            case _:
                return UNKNOWN

    def compare(self, left: Operand, op: Operator, right: Operand) -> Predicate:
        """Return a comparison of operands; with True or False, as the dialect has them."""
        if op == "=" and isinstance(right, Constant) and right.kind == "boolean":
            return self.truth(left, right.value == "true")
        return compared(left, op, right, self.here)

    def truth(self, column: Operand, value: bool) -> Predicate:
        """Return a test of a boolean column: one with a number where the database has no booleans."""
        if self.dialect in ("sqlite", "mysql", "tsql", "oracle"):
            return Compare(column, "=", (Constant(str(int(value)), "number"),), self.here)
        return Compare(column, "true" if value else "false", (), self.here)


def _span(value: Value | None) -> Span:
    if isinstance(value, Call):
        return value.at
    inner = next(calls(value), None) if value is not None else None
    return inner.at if inner is not None else INSIDE
