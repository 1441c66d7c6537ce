"""A query that is used inside another: under aliases of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from msgspec.structs import replace as changed

from fragaudit.link.queries.draft import Clause, Draft, Join
from fragaudit.link.queries.flow import Flow
from fragaudit.model.sql import (
    And,
    Column,
    Compare,
    Expression,
    Opaque,
    Operand,
    Or,
    Order,
    Output,
    Predicate,
    Row,
    Subquery,
)


def renamed(draft: Draft, names: Mapping[str, str], column: Callable[[Column], Column], flow: Flow) -> Draft:
    """Return a query under other aliases, its columns given by a function."""

    def operand(item: Operand) -> Operand:
        match item:
            case Column():
                return column(item)
            case Expression():
                return changed(
                    item, columns=tuple(column(c) for c in item.columns), queries=tuple(map(query, item.queries))
                )
            case Row():
                return Row(tuple(operand(i) for i in item.items))
            case Subquery():
                return Subquery(query(item.query))
            case _:
                return item

    def query(number: int) -> int:
        return flow.pool.query(renamed(flow.pool.queries[number], names, column, flow))

    def predicate(item: Predicate) -> Predicate:
        match item:
            case And():
                return And(tuple(predicate(i) for i in item.items))
            case Or():
                return Or(tuple(predicate(i) for i in item.items))
            case Compare():
                return changed(item, left=operand(item.left), right=tuple(operand(r) for r in item.right))
            case Opaque():
                return changed(item, operand=operand(item.operand))

    def value(item: object) -> object:
        if isinstance(item, Join):
            on = predicate(item.source.on) if item.source.on is not None else None
            return Join(changed(item.source, alias=names.get(item.source.alias, item.source.alias), on=on), item.query)
        if isinstance(item, (And, Or, Compare, Opaque)):
            return predicate(item)
        if isinstance(item, Order):
            return changed(item, operand=operand(item.operand))
        if isinstance(item, Output):
            return changed(item, operand=operand(item.operand)) if item.operand is not None else item
        if isinstance(item, (Column, Expression, Row, Subquery)):
            return operand(item)
        if isinstance(item, tuple):
            return tuple(value(i) for i in item)
        return item

    clauses = tuple(Clause(c.kind, value(c.value), c.branch) for c in draft.clauses)
    paths = tuple((k, names.get(a, a)) for k, a in draft.paths)
    return replace(draft, clauses=clauses, root=names.get(draft.root, draft.root), paths=paths)
