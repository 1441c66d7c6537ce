"""Two querysets of Django joined by `|` or `&`: one query by the conditions of both."""

from __future__ import annotations

from dataclasses import replace

from msgspec.structs import replace as changed

from fragaudit.link.queries.django_terms import OF, Lookups
from fragaudit.link.queries.draft import Clause, ClauseKind, Draft, Join, Thing
from fragaudit.link.queries.flow import Flow, options
from fragaudit.link.queries.predicates import UNKNOWN, both, either
from fragaudit.model.sql import And, Compare, Opaque, Or, Predicate

_WHOLE: tuple[ClauseKind, ...] = ("arms", "limit", "group", "aggregate", "extreme")
"""What a query has that can't be joined to another one."""


def combined(op: str, things: list[Thing], flow: Flow) -> Draft | None:
    """Return the query that an operator makes of two; None if it isn't one of two queries."""
    if op not in ("&", "|") or len(things) != 2 or any(isinstance(t, Lookups) for t in things):
        return None
    left, right = ([d for d in options(t) if d.of == OF] for t in things)
    if not left or not right:
        return None
    first, second = left[0], right[0]
    fits = len(left) == len(right) == 1 and first.root == second.root and first.model is second.model
    wheres = [_where(draft, flow) for draft in (first, second)]
    if not fits or first.has(*_WHOLE) or second.has(*_WHOLE) or None in wheres or not _alike(first, second):
        return first.add("where", UNKNOWN, flow.branch)
    known = dict(first.paths)
    joins = [c for d in (first, second) for c in d.clauses if c.kind == "join" and isinstance(c.value, Join)]
    once = {c.value.source.alias: c for c in joins if isinstance(c.value, Join)}
    rest = [c for c in first.clauses if c.kind not in ("where", "join")]
    made = replace(first, clauses=tuple(rest), paths=tuple({**dict(second.paths), **known}.items()))
    for clause in once.values():
        made = replace(made, clauses=(*made.clauses, _optional(clause) if op == "|" else clause))
    found = [w for w in wheres if w]
    if op == "&":
        return made.add("where", both([p for w in found for p in w]), flow.branch) if found else made
    # Where one of them asks for all rows, so does the whole.
    return made.add("where", either([both(w) for w in found]), flow.branch) if len(found) == 2 else made


def _where(draft: Draft, flow: Flow) -> list[Predicate] | None:
    """Return the conditions of a query; None if some of them hold on some ways through the code only."""
    found: list[Predicate] = []
    for clause in draft.clauses:
        if clause.kind == "where" and isinstance(clause.value, (And, Or, Compare, Opaque)):
            if clause.branch != flow.branch:
                return None
            found.append(clause.value)
    return found


def _alike(first: Draft, second: Draft) -> bool:
    """Say whether what both call by one alias is the same join."""
    mine, theirs = ({alias: path for path, alias in d.paths if alias} for d in (first, second))
    return all(theirs.get(alias, path) == path for alias, path in mine.items())


def _optional(clause: Clause) -> Clause:
    join = clause.value
    if not isinstance(join, Join) or join.source.how != "inner":
        return clause
    return replace(clause, value=Join(changed(join.source, how="left"), join.query))
