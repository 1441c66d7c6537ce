"""Lists of conditions and dictionaries of arguments: what they hold where they are written, and what is added later."""

from __future__ import annotations

from fragaudit.link.queries.draft import Bag, Named, Thing
from fragaudit.link.queries.flow.scope import Flow
from fragaudit.model.facts import NO_BRANCH
from fragaudit.model.values import Call, Lit, Map, Seq


def sequence(value: Seq, flow: Flow) -> Bag:
    """Return a list, set or tuple."""
    return Bag(tuple((flow.thing(item), flow.branch) for item in value.items))


def branched(found: Thing, flow: Flow) -> tuple[tuple[object, int], ...]:
    """Return what is added to a list, each with the arm of a choice in which it then is in it."""
    if isinstance(found, Bag):
        return tuple((item, flow.inner(branch)) for item, branch in found.items)
    return ((found, flow.branch),)


def collected(name: str, bag: Bag, method: str, call: Call, flow: Flow) -> bool:
    """Follow what a call of a list's method does to it; say whether it is one that adds to it."""
    if method not in ("append", "extend", "insert", "add") or not call.args:
        return False
    found = flow.argument(call.args[-1])
    added = branched(found, flow) if method == "extend" and isinstance(found, Bag) else ((found, flow.branch),)
    flow.bind(name, Bag((*bag.items, *added)), extends=True)
    return True


def mapping(value: Map, flow: Flow) -> Named:
    """Return a dictionary, as far as its keys are written out; queries in it are handed on."""
    found = Named()
    for entry in value.entries:
        thing = flow.thing(entry.value)
        flow.escape(thing, entry.value)
        if isinstance(entry.key, Lit) and isinstance(entry.key.value, str):
            found = found.entries(Named(((entry.key.value, thing, NO_BRANCH),)))
        elif entry.key is None and isinstance(thing, Named):
            found = found.entries(thing)
        else:
            found = found.entries(Named(more=True))
    return found


def dictionary(call: Call, flow: Flow) -> Named:
    """Return what `dict(name=value)` makes."""
    found = Named()
    for argument in call.args:
        thing = flow.argument(argument)
        if argument.name not in (None, "*", "**"):
            found = found.entries(Named(((str(argument.name), thing, NO_BRANCH),)))
        else:
            flow.escape(thing, argument.value)
            found = found.entries(thing if isinstance(thing, Named) else Named(more=True))
    return found


ENTERING = frozenset({"update", "setdefault", "pop"})
"""Methods that change a dictionary."""


def entered(name: str, known: Named, method: str, call: Call, flow: Flow) -> None:
    """Follow what a call of one of `ENTERING` does to a dictionary."""
    added = Named()
    if method == "update":
        for argument in call.args:
            thing = flow.argument(argument)
            if argument.name not in (None, "*", "**"):
                added = added.entries(Named(((str(argument.name), thing, flow.branch),)))
            elif isinstance(thing, Named):
                items = tuple((n, t, flow.inner(b)) for n, t, b in thing.items)
                added = added.entries(Named(items, thing.more))
            else:
                added = added.entries(Named(more=True))
    else:
        added = Named(more=True)
    flow.bind(name, known.entries(added), extends=True)
