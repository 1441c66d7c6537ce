"""What calls give: the project's functions are entered, a few of Python and of libraries are known by name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fragaudit.link.abstract import Bound, ClassRef, External, FunctionRef, Handle, Instance
from fragaudit.link.evaluate import argument_of
from fragaudit.link.ids import texts
from fragaudit.link.ids.heads import (
    UNKNOWN,
    Atom,
    Frame,
    Head,
    Here,
    Made,
    Thunk,
)
from fragaudit.link.ids.known import (
    BUILTINS,
    DEEPEST_CALLS,
    RUNNING_METHODS,
)
from fragaudit.link.ids.objects import made_outside
from fragaudit.link.ids.outside import outside
from fragaudit.link.program import Place
from fragaudit.model.values import Arg, Attr, Call, Function, Ref, Value, dotted

if TYPE_CHECKING:
    from fragaudit.link.ids.flow import Flow


def called(flow: Flow, call: Call, here: Here) -> Iterator[Head]:
    """Yield what a call gives."""
    found = list(entered(flow, call.func, call.args, here, call))
    if found:
        yield from found
        return
    if isinstance(call.func, Attr):
        yield from texts.method(flow, call.func, call, here)
        return
    yield made_outside(call, here) or Atom("result", dotted(call.func))


def entered(flow: Flow, func: Value, args: tuple[Arg, ...], here: Here, call: Call) -> Iterator[Head]:
    """Yield what calling a function that is known gives; nothing for an unknown one."""
    if isinstance(func, Function):
        outer = here.frame
        named = tuple((name, Thunk(a.value, here)) for name, a in zip(func.parameters, args, strict=False))
        same = outer is not None and outer.function == here.place
        inside = Frame(here.place, (*named, *(outer.bound if outer is not None and same else ())),
                       outer.depth + 1 if outer is not None else 1)  # fmt: skip
        if named and inside.depth > DEEPEST_CALLS:
            yield UNKNOWN
            return
        at = Here(here.place, here.first, here.last, here.branch, inside) if named else here
        yield from flow.force(Thunk(func.result, at))
        return
    if isinstance(func, Ref):
        handed = _handed(here, func.name)
        if handed is not None:
            yield from entered(flow, handed.value, args, handed.here, call)
            return
        bound = _lambda(flow, func.name, here)
        if bound is not None:
            yield from entered(flow, bound, args, here, call)
            return
        if func.name in BUILTINS and not flow.evaluator.name(func.name, here.place):
            yield from outside(flow, func.name, args, here, call)
            return
    elif isinstance(func, Attr) and func.name in RUNNING_METHODS and len(args) > RUNNING_METHODS[func.name]:
        number = RUNNING_METHODS[func.name]
        yield from entered(flow, args[number].value, args[number + 1 :], here, call)
        return
    kept = flow.evaluator.lambda_of(func, here.place)
    if kept is not None and isinstance(kept.binding.value, Function):
        yield from _of_lambda(flow, kept.binding.value, kept.method, args, here)
        return
    for meaning in flow.evaluator.evaluate(func, here.place):
        match meaning:
            case FunctionRef():
                method = func if isinstance(func, Attr) else None
                frame = flow.frame(meaning.place, args, here, _receiver(flow, method, here))
                yield from flow.results(meaning.place, frame)
            case ClassRef():
                yield Made(flow.program.scope(meaning.place).name, meaning, call, here)
            case External() if "()" in meaning.name:
                return  # a method of what a call gave: what that was says more
            case External():
                if isinstance(func, Attr) and _finds(flow, meaning.name.rpartition(".")[0], func.name):
                    yield Atom("stored", dotted(func) or func.name)
                else:
                    yield from outside(flow, meaning.name, args, here, call)
            case Handle():
                return
            case Bound():
                catalogue, name = flow.evaluator.catalogue, meaning.handle.name
                if catalogue.open(f"{name}.{meaning.method}") is not None:
                    yield Made(f"{name}.{meaning.method}", None, call, here)
                    continue
                if _finds(flow, name, meaning.method):
                    yield Atom("stored", dotted(func) or meaning.method)
                    continue
                known = catalogue.operations(name, meaning.method)
                for operation in known or catalogue.operations_of_library(name, meaning.method):
                    if operation.verb == "container":
                        yield Made(operation.name, None, call, here)
                        break
            case Instance():
                for inner in flow.evaluator.attribute(meaning, "__call__"):
                    if isinstance(inner, FunctionRef):
                        yield from flow.results(inner.place, flow.frame(inner.place, args, here))


def _of_lambda(flow: Flow, func: Function, place: Place, args: tuple[Arg, ...], here: Here) -> Iterator[Head]:
    """Yield what a lambda gives that a method keeps on its object: read where it stands, parameters as called."""
    depth = here.frame.depth + 1 if here.frame is not None else 1
    if depth > DEEPEST_CALLS:
        yield UNKNOWN
        return
    named = tuple((name, Thunk(a.value, here)) for name, a in zip(func.parameters, args, strict=False))
    yield from flow.force(Thunk(func.result, Here(place, 0, 0, -1, Frame(place, named, depth))))


def _finds(flow: Flow, name: str, method: str) -> bool:
    """Say whether a method of a library's class gives vectors that are stored already."""
    catalogue = flow.evaluator.catalogue
    if method not in catalogue.vector_methods or not catalogue.vector_operations(name, method, "read"):
        return False
    known = catalogue.operations(name, method) or catalogue.operations_of_library(name, method)
    return all(operation.verb == "read" for operation in known)


def _lambda(flow: Flow, name: str, here: Here) -> Function | None:
    """Return the lambda that a name is bound to, if it is bound once."""
    scope = here.place.scope
    while scope >= 0:
        bindings = flow.program.bindings(Place(here.place.file, scope), name)
        if bindings:
            value = bindings[0].value
            return value if len(bindings) == 1 and isinstance(value, Function) else None
        scope = flow.program.files[here.place.file].scopes[scope].parent
    return None


def _receiver(flow: Flow, func: Attr | None, here: Here) -> Made | None:
    """Return the object whose method is called, if the call that made it is known."""
    if func is None or (isinstance(func.base, Ref) and func.base.name in ("self", "cls")):
        return None
    heads = flow.force(Thunk(func.base, here))
    return heads[0] if len(heads) == 1 and isinstance(heads[0], Made) else None


def _handed(here: Here, name: str) -> Thunk | None:
    """Return the function that a parameter is bound to."""
    thunk = here.frame.get(name) if here.frame is not None else None
    return thunk if thunk is not None and isinstance(thunk.value, (Ref, Attr, Function)) else None


def frame(flow: Flow, function: Place, arguments: tuple[object, ...], here: Here, depth: int, of: Made | None) -> Frame:
    """Bind the parameters of a function to the arguments of a call."""
    scope = flow.program.scope(function)
    shift = 0
    bound: list[tuple[str, Thunk]] = []
    if flow.owner(function) is not None and scope.parameters:
        shift = 1
        if of is not None:
            bound.append((scope.parameters[0].name, Thunk(of.call, of.here)))
        else:
            bound.append((scope.parameters[0].name, Thunk(Ref(scope.parameters[0].name), Here(function, 0, 0, -1))))
    args: tuple[Arg, ...] = tuple(a for a in arguments if isinstance(a, Arg))
    for number, parameter in enumerate(scope.parameters):
        if number < shift or parameter.kind in ("*", "**"):
            continue
        value = argument_of(args, parameter.name, number - shift if parameter.kind == "positional" else None)
        if value is not None:
            bound.append((parameter.name, Thunk(value, here)))
    return Frame(function, tuple(bound), depth)
