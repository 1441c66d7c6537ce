"""Calls of methods that are chosen by name: `getattr(self.table, op)(*args)`, with the name that callers give."""

from __future__ import annotations

from collections.abc import Iterator

from fragaudit.link.evaluate import argument_of
from fragaudit.link.ids.callers import Callers
from fragaudit.link.ids.flow import Flow
from fragaudit.link.program import Site
from fragaudit.model.values import Attr, Call, Lit, Ref


def named_by_callers(flow: Flow, callers: Callers) -> Iterator[Site]:
    """Yield what callers of `getattr(self.table, op)(*args)` do by the method they name, as calls of it there."""
    program = flow.program
    for site in program.sites_by_name.get("getattr", ()):
        args = site.call.args
        function = program.enclosing_function(site.place)
        if len(args) != 2 or not isinstance(args[0].value, Attr) or function is None:
            continue
        wanted = args[1].value
        names = [p.name for p in program.scope(function).parameters if p.kind == "positional"]
        if not isinstance(wanted, Ref) or wanted.name not in names or flow.owner(function) is None:
            continue
        position = names.index(wanted.name) - 1
        for caller in callers.of(function):
            inside = program.enclosing_class(caller.place) == program.enclosing_class(function)
            method = argument_of(caller.call.args, wanted.name, position)
            if inside and isinstance(method, Lit) and method.value in flow.evaluator.catalogue.vector_methods:
                rest = tuple(a for a in caller.call.args if a.value is not method)
                func = Attr(args[0].value, str(method.value))
                yield caller._replace(call=Call(func, rest, caller.call.at))
