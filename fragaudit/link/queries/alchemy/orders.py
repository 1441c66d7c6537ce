"""Keys of ORDER BY."""

from __future__ import annotations

from msgspec.structs import replace as changed

from fragaudit.link.queries.draft import Bag, Choice, Labelled, Sorted, Thing
from fragaudit.link.queries.flow import MOST_OPTIONS, Flow
from fragaudit.link.queries.predicates import OPERANDS
from fragaudit.model.sql import Column, Constant, Expression, Order, Parameter
from fragaudit.model.values import Call

SORTS = {
    "desc": "desc",
    "asc": "asc",
    "nulls_last": "last",
    "nullslast": "last",
    "nulls_first": "first",
    "nullsfirst": "first",
}


def sorted_by(base: Thing, name: str, flow: Flow) -> Thing:
    """Return a key of ORDER BY with one of its properties."""
    order = base.order if isinstance(base, Sorted) else None
    if order is None:
        operand = flow.operand(base) if isinstance(base, (*OPERANDS, Labelled)) else Expression("", (), "unknown")
        by_name = named(base, flow) if isinstance(base, Constant) else None
        order = Order(by_name if by_name is not None else operand)
    what = SORTS[name]
    if what in ("asc", "desc"):
        return Sorted(changed(order, descending=what == "desc"))
    return Sorted(changed(order, nulls=what))


def named(text: Constant, flow: Flow) -> Column | None:
    """Return the column that an order names in a string: one of the query's own tables, or a label."""
    return Column("", text.value, flow.here) if text.value and text.value.isidentifier() else None


def orders(call: Call, flow: Flow) -> list[tuple[Order, ...]]:
    """Return the keys that a call orders by, one row for each choice among them; an empty one for no order."""
    found: list[tuple[Order, ...]] = [()]
    for argument in call.args:
        thing = flow.argument(argument)
        if len(call.args) == 1 and thing == Constant(None, "null"):
            return [()]
        for item in [i for i, _ in thing.items] if isinstance(thing, Bag) else [thing]:
            options = item.options if isinstance(item, Choice) else (item,)
            found = [(*keys, _order(o, flow)) for keys in found for o in options][:MOST_OPTIONS]
    kept: list[tuple[Order, ...]] = []
    for keys in found:
        # An index is walked in either direction.
        if keys not in kept and tuple(changed(k, descending=not k.descending) for k in keys) not in kept:
            kept.append(keys)
    return kept


def _order(item: Thing, flow: Flow) -> Order:
    if isinstance(item, Sorted):
        return _usual(item.order, flow.dialect)
    if isinstance(item, Constant) and (column := named(item, flow)) is not None:
        return Order(column)
    if isinstance(item, OPERANDS) and not isinstance(item, Parameter):
        return Order(item)
    return Order(Expression("", (), "chosen when it runs"))


def _usual(order: Order, dialect: str) -> Order:
    """Leave out where nulls go if they go there anyway."""
    first = order.descending if dialect in ("postgres", "redshift", "oracle", "") else not order.descending
    return changed(order, nulls="") if order.nulls == ("first" if first else "last") else order
