"""What calls are: of the libraries' functions and methods, of containers' methods, of functions of the project."""

from __future__ import annotations

from fragaudit.link.abstract import FunctionRef
from fragaudit.link.orm.reader import Read
from fragaudit.link.queries.draft import Bag, Choice, Draft, Drafts, EachColumn, EachKey, Keywords, Named, Thing
from fragaudit.link.queries.flow.alternatives import choice
from fragaudit.link.queries.flow.arms import option
from fragaudit.link.queries.flow.asked import options
from fragaudit.link.queries.flow.containers import ENTERING, collected, dictionary, entered
from fragaudit.link.queries.flow.handing import made
from fragaudit.link.queries.flow.references import elsewhere
from fragaudit.link.queries.flow.scope import Flow
from fragaudit.link.queries.inlined import inlined
from fragaudit.link.queries.predicates import PREDICATES, UNKNOWN, both
from fragaudit.link.queries.receivers import constructed
from fragaudit.model.sql import Column, Constant
from fragaudit.model.values import Attr, Call, Ref

_WHOLE = frozenset({"items", "keys", "copy"})
"""Methods of a dictionary that give all that is in it."""


def called(call: Call, flow: Flow) -> Thing:
    """Return what a call gives."""
    func = call.func
    if isinstance(func, Attr):
        base = flow.thing(func.base)
        if isinstance(base, Named) and isinstance(func.base, Ref) and func.name in ENTERING:
            entered(func.base.name, base, func.name, call, flow)
            return None
        if isinstance(base, Bag):
            if isinstance(func.base, Ref) and collected(func.base.name, base, func.name, call, flow):
                return None
        elif isinstance(base, EachColumn):
            each = [_method(c, call, func.name, flow) if c is not None else UNKNOWN for c in base.columns]
            return both([m if isinstance(m, PREDICATES) else UNKNOWN for m in each])
        elif isinstance(base, Keywords):
            return option(call, flow) if func.name == "get" else base if func.name in _WHOLE else None
        elif isinstance(base, Choice):
            found = [_method(option, call, func.name, flow) for option in base.options]
            return choice(found, anew=bool(flow.within))
        elif base is not None:
            result = _method(base, call, func.name, flow)
            if result is not None:
                return result
        elif isinstance(func.base, Attr) and func.base.name != "objects":
            flow.pool.narrowed.add(func.name)
    for framework in flow.frameworks.values():
        result = framework.function(call, flow)
        if result is not None:
            return result
    return _foreign(call, flow)


def _method(base: Thing, call: Call, name: str, flow: Flow) -> Thing:
    return next((r for f in flow.frameworks.values() if (r := f.method(base, call, name, flow)) is not None), None)


def _foreign(call: Call, flow: Flow) -> Thing:
    """Return what a call gives that no library here knows: a query handed to a function may come back longer."""
    if isinstance(call.func, Ref) and call.func.name == "dict":
        return dictionary(call, flow)
    made_object = constructed(call, flow.view, flow.pool.constructing, flow.mapping)
    if made_object is not None:
        return made_object
    if isinstance(call.func, Ref) and call.func.name == "getattr" and len(call.args) >= 2:
        return _got(call, flow)
    found = [(flow.argument(a), a) for a in call.args]
    anew = inlined(call, [thing for thing, _ in found], flow)
    if anew is not None:
        return anew
    given = [t for t, _ in found if isinstance(t, (Draft, Drafts))]
    handed_on = made(call, flow) if not given else None
    if handed_on is not None:
        return handed_on
    if len(given) == 1 and any(isinstance(m, FunctionRef) for m in flow.reader.meanings(call.func, flow.view)):
        return Drafts(tuple(d.add("where", UNKNOWN, flow.branch) for d in options(given[0])))
    for thing, argument in found:
        flow.escape(thing, call if isinstance(thing, (Draft, Drafts)) else argument.value)
    if isinstance(call.func, Attr) or not any(t is not None and not isinstance(t, Constant) for t, _ in found):
        return None
    return _helper(call, flow)


def _got(call: Call, flow: Flow) -> Thing:
    """Return what `getattr(model, name)` is, for each name if it runs over several."""
    base, key = flow.thing(call.args[0].value), flow.thing(call.args[1].value)
    names = [n for n, _ in key.of.entries] if isinstance(key, EachKey) else []
    if isinstance(key, Constant) and key.kind == "string" and key.value:
        names = [key.value]
    found = [next((t for f in flow.frameworks.values() if (t := f.attribute(base, n, flow)) is not None), None)
             for n in names]  # fmt: skip
    if isinstance(key, EachKey):
        columns = tuple(t if isinstance(t, Column) else None for t in found)
        return EachColumn(columns if key.of.complete else (*columns, None))
    return found[0] if found else None


def _helper(call: Call, flow: Flow) -> Thing:
    """Return what a short function of the project gives, its parameters bound to this call's arguments."""
    read = flow.reader.step(Read(call, flow.view))
    return elsewhere(read, flow) if read is not None and read.view.names else None
