"""Query expressions to statements: the clauses that hold, put together as SQL would have them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import msgspec
from msgspec.structs import replace

from fragaudit.link.queries.draft import Clause, Draft, Join, Pool, columns, queries
from fragaudit.model.sql import (
    NOWHERE,
    And,
    Assign,
    Column,
    Compare,
    Expression,
    Mark,
    Opaque,
    Operand,
    Or,
    Order,
    Output,
    Predicate,
    Query,
    Row,
    Source,
    Statement,
    Subquery,
)

_ALIAS = re.compile(r'([^"\\]*)\\u0001(\d+)')
MOST_QUERIES = 40
"""A statement of more blocks isn't put together: something in it leads back to itself."""


def statement(draft: Draft, clauses: Sequence[Clause], pool: Pool, at: Mark = NOWHERE) -> Statement | None:
    """Return the statement that the clauses of a query make; None if neither it nor a query in it asks a table."""
    made = _Assembler(pool)
    number = made.block(draft, clauses, -1, frozenset(), at)
    if number < 0 or made.overfull:
        return None
    found = tuple(q for q in made.queries if q is not None)
    if len(found) < len(made.queries) or not (found[0].sources or found[0].arms or found[1:]):
        return None
    return _numbered(Statement(draft.verb, found))


def _numbered(made: Statement) -> Statement:
    """Return a statement whose generated aliases are numbered in it alone, so that other statements don't change it."""
    encoded = msgspec.json.encode(made).decode()
    if _ALIAS.search(encoded) is None:
        return made
    numbers: dict[str, int] = {}

    def number(match: re.Match[str]) -> str:
        return f"{match[1]}_{numbers.setdefault(match[2], len(numbers) + 1)}"

    return msgspec.json.decode(_ALIAS.sub(number, encoded), type=Statement)


class _Assembler:
    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self.queries: list[Query | None] = []
        self.overfull = False

    def block(
        self, draft: Draft, clauses: Sequence[Clause], parent: int, outside: frozenset[str], at: Mark = NOWHERE
    ) -> int:
        """Add the block of a query; `outside` are the aliases that it can see around it."""
        if len(self.queries) >= MOST_QUERIES:
            self.overfull = True
            return -1
        number = len(self.queries)
        self.queries.append(None)
        clauses = _standing(clauses)
        arms = [c.value for c in clauses if c.kind == "arms"]
        if arms:
            self._set(number, arms[-1], clauses, parent, outside)
            return number
        joins = [c.value for c in clauses if c.kind in ("from", "join") and isinstance(c.value, Join)]
        where = _all(c.value for c in clauses if c.kind == "where")
        having = _all(c.value for c in clauses if c.kind == "having")
        outputs = tuple(o for c in clauses if c.kind == "outputs" for o in _tuple(c.value, Output))
        orders = tuple(o for c in clauses if c.kind == "order" for o in _tuple(c.value, Order))
        groups = tuple(g for c in clauses if c.kind == "group" for g in _tuple(c.value, object))
        assigns = tuple(o for c in clauses if c.kind == "set" for o in _tuple(c.value, Assign))
        extremes = tuple(e for c in clauses if c.kind == "extreme" for e in _tuple(c.value, tuple))
        asked = outputs and draft.scalar and parent < 0  # what only its conditions name is asked around it
        named = self._implied(joins, None if asked else where, None if asked else having, outputs, outside)
        sources = _ordered([*joins, *named], draft)
        inside = outside | {j.source.alias for j in sources}
        made = tuple(self._source(join, number, inside, parent) for join in sources)
        self.queries[number] = Query(
            kind=draft.verb,
            parent=parent,
            sources=made,
            where=self._predicate(where, number, inside),
            group=tuple(self._operand(g, number, inside) for g in groups),
            having=self._predicate(having, number, inside),
            order=tuple(replace(o, operand=self._operand(o.operand, number, inside)) for o in orders),
            outputs=tuple(
                replace(o, operand=self._operand(o.operand, number, inside)) if o.operand is not None else o
                for o in outputs
            ),
            assigns=tuple(
                replace(a, value=self._operand(a.value, number, inside)) if a.value is not None else a for a in assigns
            ),
            limit=any(c.kind == "limit" for c in clauses),
            offset=any(c.kind == "offset" for c in clauses),
            distinct=any(c.kind == "distinct" for c in clauses),
            aggregates=any(c.kind in ("aggregate", "extreme") for c in clauses),
            extremes=extremes,
            at=at,
        )
        return number

    def _set(self, number: int, arms: object, clauses: Sequence[Clause], parent: int, outside: frozenset[str]) -> None:
        operator, members = arms if isinstance(arms, tuple) else ("union", ())
        made = []
        for member in members:
            if isinstance(member, Draft):
                made.append(self.block(member, member.clauses, parent, outside))
        self.queries[number] = Query(
            "set",
            parent,
            order=tuple(o for c in clauses if c.kind == "order" for o in _tuple(c.value, Order)),
            arms=tuple(n for n in made if n >= 0),
            set_operator=operator,
            limit=any(c.kind == "limit" for c in clauses),
            offset=any(c.kind == "offset" for c in clauses),
        )

    # -- FROM ----------------------------------------------------------------------------------------------------------

    def _implied(
        self,
        joins: Sequence[Join],
        where: Predicate | None,
        having: Predicate | None,
        outputs: Sequence[Output],
        outside: frozenset[str],
    ) -> list[Join]:
        """Return the tables that a query asks because their columns are in it."""
        there = {j.source.alias for j in joins}
        found: dict[str, Join] = {}
        used: list[Column] = [c for o in outputs for c in columns(o.operand)]
        used += [*columns(where), *columns(having), *(c for j in joins for c in columns(j.source.on))]
        for column in used:
            alias = column.source
            entity = self._pool.entities.get(alias)
            if not alias or entity is None or alias in there or alias in found:
                continue
            if alias in outside:
                continue
            source = Source(alias, entity.table, -1, "from", at=entity.at if entity.at != NOWHERE else column.at)
            found[alias] = Join(source, entity.query)
        return list(found.values())

    def _source(self, join: Join, number: int, inside: frozenset[str], parent: int) -> Source:
        source = join.source
        if join.query >= 0:
            inner = self._pool.queries[join.query]
            place = self.block(inner, inner.clauses, parent, frozenset())
            source = replace(source, query=place) if place >= 0 else source
        if source.on is not None:
            source = replace(source, on=self._predicate(source.on, number, inside))
        return source

    # -- queries inside expressions ------------------------------------------------------------------------------------

    def _predicate(self, item: Predicate | None, number: int, inside: frozenset[str]) -> Predicate | None:
        if item is None or not any(True for _ in queries(item)):
            return item
        match item:
            case And():
                return And(tuple(p for i in item.items if (p := self._predicate(i, number, inside)) is not None))
            case Or():
                return Or(tuple(p for i in item.items if (p := self._predicate(i, number, inside)) is not None))
            case Compare():
                right = tuple(self._operand(r, number, inside) for r in item.right)
                return replace(item, left=self._operand(item.left, number, inside), right=right)
            case Opaque():
                return replace(item, operand=self._operand(item.operand, number, inside))

    def _operand(self, item: Operand, number: int, inside: frozenset[str]) -> Operand:
        match item:
            case Subquery():
                return Subquery(self._nested(item.query, number, inside))
            case Expression(queries=queries_inside) if queries_inside:
                return replace(item, queries=tuple(self._nested(q, number, inside) for q in queries_inside))
            case Row():
                return Row(tuple(self._operand(i, number, inside) for i in item.items))
            case _:
                return item

    def _nested(self, query: int, number: int, inside: frozenset[str]) -> int:
        draft = self._pool.queries[query]
        place = self.block(draft, draft.clauses, number, inside)
        return max(place, 0)


def _standing(clauses: Sequence[Clause]) -> list[Clause]:
    """Leave out the orders that a later clause takes back."""
    last = max((n for n, c in enumerate(clauses) if c.kind == "unordered"), default=-1)
    return [c for n, c in enumerate(clauses) if not (c.kind == "order" and n < last)]


def _ordered(joins: list[Join], draft: Draft) -> list[Join]:
    """Put what a query starts from first, then joins; a table that is named twice stands once."""
    found: dict[str, Join] = {}
    first = [j for j in joins if j.source.how in ("target", "from")]
    for join in (*first, *(j for j in joins if j not in first)):
        known = found.get(join.source.alias)
        if known is None or (known.source.how == "from" and join.source.how not in ("from", "target")):
            found[join.source.alias] = join
    items = list(found.values())
    if items and draft.verb in ("update", "delete"):
        target = next((j for j in items if j.source.alias == draft.root), items[0])
        rest = [j for j in items if j is not target]
        items = [Join(replace(target.source, how="target"), target.query), *rest]
    # What is joined before anything stands there is what the query starts from.
    starts = [j for j in items if j.source.how in ("from", "target")]
    return [*starts, *(j for j in items if j not in starts)]


def _all(items: Iterable[object]) -> Predicate | None:
    found = [i for i in items if isinstance(i, (Compare, And, Or, Opaque))]
    if not found:
        return None
    return found[0] if len(found) == 1 else And(tuple(found))


def _tuple(value: object, kind: type) -> tuple:  # type: ignore[type-arg]
    return tuple(v for v in value if isinstance(v, kind)) if isinstance(value, tuple) else ()
