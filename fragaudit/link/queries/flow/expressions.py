"""Which kinds of expression there are, each with what understands it, and what the simple ones are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fragaudit.link.orm.core import python_literal
from fragaudit.link.queries.draft import Begins, Thing
from fragaudit.link.queries.flow import alternatives
from fragaudit.link.queries.flow.arms import is_false
from fragaudit.link.queries.flow.calls import called
from fragaudit.link.queries.flow.containers import mapping, sequence
from fragaudit.link.queries.flow.operators import operation
from fragaudit.link.queries.flow.references import attribute, name
from fragaudit.link.queries.flow.scope import Flow
from fragaudit.model.sql import Constant
from fragaudit.model.values import (
    Attr,
    Call,
    Either,
    Function,
    Item,
    Lit,
    Map,
    Operation,
    Other,
    Placed,
    Ref,
    Seq,
    Text,
    children,
)


def _literal(value: Lit, _: Flow) -> Thing:
    return python_literal(value.value)


def _either(value: Either, flow: Flow) -> Thing:
    found = [flow.thing(option) for option in value.options]
    first = value.options[0]
    asked = flow.within and isinstance(first, Call) and getattr(first.func, "name", "") == "get"
    if asked and len(found) == 2 and isinstance(found[0], Constant):
        # `options.get("name") or …`: what a call hands on by name is known, and so is that it doesn't.
        return found[1] if is_false(found[0]) else found[0]
    return alternatives.either(found, anew=bool(flow.within))


def _item(value: Item, flow: Flow) -> Thing:
    base = flow.thing(value.base)
    if base is not None:
        for framework in flow.frameworks.values():
            found = framework.item(base, value.key, flow)
            if found is not None:
                return found
    flow.escape(base, value)
    flow.escape(flow.thing(value.key), value.key)
    return None


def _function(value: Function, flow: Flow) -> Thing:
    flow.escape(flow.thing(value.result), value.result)
    return None


def _text(value: Text, flow: Flow) -> Thing:
    """Return a text put together: what it begins with is known if that is written out."""
    for part in value.parts:
        if not isinstance(part, Lit):
            flow.escape(flow.thing(part), part)
    first = value.parts[0] if value.parts else None
    return Begins(first.value) if isinstance(first, Lit) and isinstance(first.value, str) else None


def _other(value: Other, flow: Flow) -> Thing:
    for child in children(value):
        if not isinstance(child, Lit):
            flow.escape(flow.thing(child), child)
    return None


KINDS: Mapping[type, Callable[[Any, Flow], Thing]] = {
    Ref: name,
    Attr: attribute,
    Call: called,
    Lit: _literal,
    Placed: _literal,
    Operation: operation,
    Either: _either,
    Seq: sequence,
    Item: _item,
    Function: _function,
    Text: _text,
    Map: mapping,
    Other: _other,
}
"""By the class of an expression, how it is understood. A table: a repository has as many expressions as signs."""
