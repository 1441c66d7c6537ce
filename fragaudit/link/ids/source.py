"""The source of an id's expression: found in the call that writes it, and written as one would."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fragaudit.link.evaluate import argument_of
from fragaudit.link.ids.callers import here_of
from fragaudit.link.ids.heads import Here, Step, Thunk
from fragaudit.link.ids.paths import parsed, paths
from fragaudit.link.ids.reaching import reaching
from fragaudit.link.program import Place, Site
from fragaudit.model.values import Attr, Call, Either, Function, Item, Lit, Map, Operation, Other, Ref, Seq, Text, Value

if TYPE_CHECKING:
    from fragaudit.catalogue import Operation as CatalogueOperation
    from fragaudit.link.ids.flow import Flow

MOST_HOPS = 12
LONGEST = 160


def expression(flow: Flow, site: Site, operation: CatalogueOperation | None) -> Thunk | None:
    """Return the expression of the id in a call, followed through names that are bound once; None if it isn't there."""
    if operation is None:
        return None
    for path in paths(operation.id):
        root, steps = parsed(path)
        value = argument_of(site.call.args, root, operation.at.get(root))
        if value is not None:
            found = _located(flow, Thunk(value, here_of(site)), steps, MOST_HOPS)
            if found is not None:
                return found
    return None


def _located(flow: Flow, thunk: Thunk, steps: tuple[Step, ...], hops: int) -> Thunk | None:
    if hops <= 0:
        return None
    value, here = thunk.value, thunk.here
    step = steps[0] if steps else None
    match value:
        case Ref():
            inner = _bound(flow, value.name, here)
            if inner is None:
                return thunk if not steps else None
            return _located(flow, inner, steps, hops - 1)
        case _ if not steps:
            if isinstance(value, Seq) and len(value.items) == 1:
                return _located(flow, Thunk(value.items[0], here), (), hops - 1)
            return thunk
        case Seq() if step is None and value.items:
            return _located(flow, Thunk(value.items[0], here), steps[1:], hops - 1)
        case Seq() if isinstance(step, int) and step < len(value.items):
            return _located(flow, Thunk(value.items[step], here), steps[1:], hops - 1)
        case Map() if isinstance(step, str):
            for entry in value.entries:
                if entry.key == Lit(step[1:]):
                    return _located(flow, Thunk(entry.value, here), steps[1:], hops - 1)
        case Map() if step is None and value.entries:
            first = value.entries[0].key
            return _located(flow, Thunk(first, here), steps[1:], hops - 1) if first is not None else None
        case Call() if isinstance(step, str):
            for argument in value.args:
                if argument.name == step[1:]:
                    return _located(flow, Thunk(argument.value, here), steps[1:], hops - 1)
    return None


def _bound(flow: Flow, name: str, here: Here) -> Thunk | None:
    scope = here.place
    bindings = flow.program.bindings(scope, name)
    chosen, _ = reaching(flow.program, scope.file, bindings, here)
    if len(chosen) != 1 or chosen[0].how not in ("=", "walrus"):
        return None
    binding = chosen[0]
    if binding.value is None or (isinstance(binding.value, Seq) and not binding.value.items):
        return None
    return Thunk(binding.value, Here(Place(scope.file, binding.scope), binding.at[0], binding.at[2], binding.branch))


def source(value: Value) -> str:
    """Return an expression as it could have been written, cut where it is long."""
    text = _source(value, 0)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _source(value: Value, deep: int) -> str:
    if deep > 12:
        return "…"
    match value:
        case Lit():
            return repr(value.value)
        case Ref():
            return value.name
        case Attr():
            return f"{_source(value.base, deep + 1)}.{value.name}"
        case Item():
            return f"{_source(value.base, deep + 1)}[{_source(value.key, deep + 1)}]"
        case Call():
            args = ", ".join(
                (a.name if a.name in ("*", "**") else f"{a.name}=" if a.name else "") + _source(a.value, deep + 1)
                for a in value.args
            )
            return f"{_source(value.func, deep + 1)}({args})"
        case Text():
            inner = "".join(
                str(p.value) if isinstance(p, Lit) else "{" + _source(p, deep + 1) + "}" for p in value.parts
            )
            return f'f"{inner}"'
        case Seq():
            return "[" + ", ".join(_source(i, deep + 1) for i in value.items) + "]"
        case Map():
            pairs = (
                (f"{_source(e.key, deep + 1)}: " if e.key else "**") + _source(e.value, deep + 1) for e in value.entries
            )
            return "{" + ", ".join(pairs) + "}"
        case Either():
            return " or ".join(_source(o, deep + 1) for o in value.options)
        case Function():
            return f"lambda: {_source(value.result, deep + 1)}"
        case Operation(op=":"):
            return ":".join("" if o == Lit(None) else _source(o, deep + 1) for o in value.operands)
        case Operation():
            inner = f" {value.op} ".join(_source(o, deep + 1) for o in value.operands)
            return inner if len(value.operands) > 1 else f"{value.op} {inner}"
        case Other():
            return " … ".join(_source(p, deep + 1) for p in value.parts) or "…"
        case _:
            return "…"
