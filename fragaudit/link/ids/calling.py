"""What calls give: the project's functions are entered, a few of Python and of libraries are known by name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fragaudit.link.abstract import Bound, ClassRef, External, FunctionRef, Handle, Instance
from fragaudit.link.evaluate import argument_of
from fragaudit.link.ids import stepping, texts
from fragaudit.link.ids.heads import (
    UNKNOWN,
    Atom,
    Chars,
    Frame,
    Head,
    Here,
    Made,
    Pairs,
    Row,
    Several,
    Thunk,
)
from fragaudit.link.ids.known import (
    BUILTINS,
    COMMON_UUID,
    DEEPEST_CALLS,
    FIELDS,
    HASHING,
    RANDOM,
    RUNNING,
    RUNNING_METHODS,
    SAME,
    TIME,
    UUID5,
    WELL_KNOWN,
)
from fragaudit.link.ids.objects import made_outside
from fragaudit.link.program import Place
from fragaudit.model.values import Arg, Attr, Call, Function, Item, Ref, Value, dotted

if TYPE_CHECKING:
    from fragaudit.link.ids.flow import Flow


def called(flow: Flow, call: Call, here: Here) -> Iterator[Head]:
    """Yield what a call gives."""
    found = list(_entered(flow, call.func, call.args, here, call))
    if found:
        yield from found
        return
    if isinstance(call.func, Attr):
        yield from texts.method(flow, call.func, call, here)
        return
    yield made_outside(call, here) or Atom("result", dotted(call.func))


def _entered(flow: Flow, func: Value, args: tuple[Arg, ...], here: Here, call: Call) -> Iterator[Head]:
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
            yield from _entered(flow, handed.value, args, handed.here, call)
            return
        bound = _lambda(flow, func.name, here)
        if bound is not None:
            yield from _entered(flow, bound, args, here, call)
            return
        if func.name in BUILTINS and not flow.evaluator.name(func.name, here.place):
            yield from _outside(flow, func.name, args, here, call)
            return
    elif isinstance(func, Attr) and func.name in RUNNING_METHODS and len(args) > RUNNING_METHODS[func.name]:
        number = RUNNING_METHODS[func.name]
        yield from _entered(flow, args[number].value, args[number + 1 :], here, call)
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
                    yield from _outside(flow, meaning.name, args, here, call)
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


def _outside(flow: Flow, name: str, args: tuple[Arg, ...], here: Here, call: Call) -> Iterator[Head]:
    plain = [a.value for a in args if a.name is None]

    def first() -> tuple[Head, ...]:
        value = plain[0] if plain else next((a.value for a in args if a.name not in ("*", "**", None)), None)
        return flow.force(Thunk(value, here)) if value is not None else (UNKNOWN,)

    last = name.rpartition(".")[2]
    if name in RANDOM:
        yield Atom("random", last)
    elif name in UUID5 and args:
        yield from _uuid5(flow, last, args, here)
    elif last == "generate_uuid5" and args:
        space = argument_of(args, "namespace", 1)
        parts: tuple[str | tuple[Head, ...], ...] = (first(),)
        if space is not None:
            parts = (flow.force(Thunk(space, here)), ":", *parts)
        yield Atom("uuid5", last, (Chars(parts),))
    elif name in HASHING or name.partition(".")[0] in ("hashlib", "xxhash", "mmh3"):
        data = plain[1] if name == "hashlib.new" and len(plain) > 1 else plain[0] if plain else None
        yield Atom("hash", last, flow.force(Thunk(data, here)) if data is not None else ())
    elif name in TIME:
        yield Atom("time", last)
    elif name == "enumerate":
        elements = tuple(e for h in first() for e in flow.step(h, None))
        yield Several((Row(((Atom("counter", "enumerate"),), elements or (UNKNOWN,))),))
    elif name in ("range", "itertools.count", "numpy.arange"):
        yield Several((Atom("counter", last),))
    elif name in ("len", "sum", "id"):
        yield Atom("counter", last)
    elif name == "zip":
        yield Several((Row(tuple(_elements(flow, v, here) for v in plain)),))
    elif name == "map" and len(plain) > 1:
        element = Arg(None, Item(plain[1], Ref("")))  # some element of it
        yield Several(tuple(_entered(flow, plain[0], (element,), here, call)) or (UNKNOWN,))
    elif name == "itertools.repeat":
        yield Several(first())
    elif name in ("itertools.chain", "itertools.chain.from_iterable"):
        elements = tuple(e for v in plain for e in _elements(flow, v, here))
        inner = last == "from_iterable"
        yield Several(tuple(e for h in elements for e in flow.step(h, None)) if inner else elements)
    elif name in ("more_itertools.chunked", "itertools.batched", "more_itertools.batched", "toolz.partition_all"):
        yield Several(first())
    elif last in FIELDS and name.partition(".")[0] in ("pydantic", "dataclasses", "attr", "attrs", "msgspec"):
        yield from _default(flow, args, here, call)
    elif name in ("uuid.UUID", "int") and args:
        yield from _converted(last, first())
    elif name in SAME and args:
        yield from _same(flow, name, plain, first(), here)
    elif name in RUNNING and args:
        yield from _entered(flow, args[0].value, args[1:], here, call)
    elif last[:1].isupper() or flow.evaluator.catalogue.open(name) is not None:
        yield Made(name, None, call, here)
    else:
        yield Atom("result", dotted(call.func) or last)


def _uuid5(flow: Flow, last: str, args: tuple[Arg, ...], here: Here) -> Iterator[Head]:
    space = argument_of(args, "namespace", 0)
    named = argument_of(args, "name", 1)
    inner = flow.force(Thunk(named, here)) if named is not None else (UNKNOWN,)
    spaces = flow.force(Thunk(space, here)) if space is not None else (UNKNOWN,)
    if all(_for_all(s) for s in spaces):
        yield Atom("uuid5", last, inner)
    elif all(isinstance(s, Atom) and s.kind == "uuid5" and s.inner for s in spaces):
        within = tuple(h for s in spaces if isinstance(s, Atom) for h in s.inner)
        yield Atom("uuid5", last, (Chars((within, ":", inner)),))
    elif all(isinstance(s, Chars) for s in spaces):
        # UUID("…") written out: a namespace of its own, which only this code uses.
        yield Atom("uuid5", f"{last} (own)", inner)
    else:
        yield Atom("uuid5", f"{last} (open)", inner)


def _for_all(space: Head) -> bool:
    """Say whether a namespace is one that everybody uses: RFC 9562's by name or written out, or the nil UUID."""
    if isinstance(space, Atom):
        return space.kind == "external" and space.name in WELL_KNOWN
    text = space.parts[0] if isinstance(space, Chars) and len(space.parts) == 1 else None
    return isinstance(text, str) and COMMON_UUID.fullmatch(text.lower()) is not None


def _converted(last: str, heads: tuple[Head, ...]) -> Iterator[Head]:
    """A hash as a UUID or an integer: what engines take that take no text."""
    for head in heads:
        hashed = isinstance(head, Atom) and head.kind == "hash"
        yield Atom("hash", f"{last} of {head.name}", head.inner) if hashed and isinstance(head, Atom) else head


def _same(flow: Flow, name: str, plain: list[Value], heads: tuple[Head, ...], here: Here) -> Iterator[Head]:
    if name == "next":
        for head in heads:
            yield from flow.step(head, None)
    elif name in ("filter", "typing.cast") and len(plain) > 1:
        yield from flow.force(Thunk(plain[1], here))
    elif name in ("list", "set", "tuple", "sorted", "iter"):
        for head in heads:
            yield Several(tuple(stepping.keys(flow, head)) or (UNKNOWN,)) if isinstance(head, Pairs) else head
    else:
        yield from heads


def _elements(flow: Flow, value: Value, here: Here) -> tuple[Head, ...]:
    return tuple(e for h in flow.force(Thunk(value, here)) for e in flow.step(h, None)) or (UNKNOWN,)


def _default(flow: Flow, args: tuple[Arg, ...], here: Here, call: Call) -> Iterator[Head]:
    """What a field of a dataclass or model is when nobody gives it."""
    for argument in args:
        if argument.name in ("default_factory", "factory"):
            yield from _entered(flow, argument.value, (), here, call)
        elif argument.name in (None, "default"):
            yield from flow.force(Thunk(argument.value, here))
