"""What functions of Python and of libraries give that are known by name: hashes, random ids, times, iterators."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fragaudit.link.evaluate import argument_of
from fragaudit.link.ids import dumping, stepping
from fragaudit.link.ids.heads import UNKNOWN, Atom, Chars, Head, Here, Made, Pairs, Row, Several, Thunk
from fragaudit.link.ids.known import (
    COMMON_UUID,
    ENVIRONMENT,
    FIELDS,
    HASHING,
    RANDOM,
    RUNNING,
    SAME,
    TIME,
    UUID5,
    WELL_KNOWN,
)
from fragaudit.model.values import Arg, Call, Entry, Item, Lit, Map, Ref, Value, dotted

if TYPE_CHECKING:
    from fragaudit.link.ids.flow import Flow


def outside(flow: Flow, name: str, args: tuple[Arg, ...], here: Here, call: Call) -> Iterator[Head]:
    """Yield what a function of Python or of a library gives, by its dotted name."""
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
        yield Several(tuple(flow.entered(plain[0], (element,), here, call)) or (UNKNOWN,))
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
    elif name == "dict" and any(a.name not in (None, "*") for a in args):
        yield Pairs(Map(tuple(_entry(a) for a in args)), here)
    elif name in dumping.FUNCTIONS and plain:
        yield from dumping.dumped(flow, plain[0], args, here)
    elif name in SAME and args:
        yield from _same(flow, name, plain, first(), here)
    elif name in RUNNING and args:
        yield from flow.entered(args[0].value, args[1:], here, call)
    elif name in ENVIRONMENT:
        for meaning in flow.evaluator.evaluate(call, here.place):
            yield from flow.from_meaning(meaning)
    elif last[:1].isupper() or flow.evaluator.catalogue.open(name) is not None:
        yield Made(name, None, call, here)
    else:
        yield Atom("result", dotted(call.func) or last)


def _entry(argument: Arg) -> Entry:
    """Return the entry that an argument of `dict` makes: a keyword its name's, anything else those of a mapping."""
    return Entry(Lit(argument.name) if argument.name not in (None, "**") else None, argument.value)


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
            yield from flow.entered(argument.value, (), here, call)
        elif argument.name in (None, "default"):
            yield from flow.force(Thunk(argument.value, here))
