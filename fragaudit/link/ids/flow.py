"""Follows values on demand: names to the bindings that reach a place, calls into functions, attributes into objects.

Nothing is executed. Work is bounded three ways: a question that depends on itself answers nothing, calls are followed
to a depth, and every question that is asked from outside has a budget of steps.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from fragaudit.link.abstract import (
    Abstract,
    ClassRef,
    Known,
    Symbol,
    Template,
)
from fragaudit.link.evaluate import Evaluator
from fragaudit.link.ids import calling, dumping, members, names, texts
from fragaudit.link.ids.growing import Growth
from fragaudit.link.ids.heads import (
    UNKNOWN,
    Atom,
    Chars,
    Frame,
    From,
    Head,
    Here,
    Items,
    Made,
    Pairs,
    Several,
    Step,
    Thunk,
    distinct,
)
from fragaudit.link.ids.known import DEEPEST_CALLS
from fragaudit.link.ids.making import Makers
from fragaudit.link.ids.parts import part_of
from fragaudit.link.ids.stepping import into
from fragaudit.link.program import Place, Program
from fragaudit.model.values import (
    Arg,
    Attr,
    Call,
    Either,
    Item,
    Lit,
    Map,
    Operation,
    Other,
    Ref,
    Seq,
    Text,
    Value,
)

DEEPEST = 40
BUDGET = 3_000

Heads = tuple[Head, ...]


class Flow:
    """Answers what values are. `fresh` starts a new budget."""

    def __init__(self, evaluator: Evaluator) -> None:
        self.evaluator = evaluator
        self.program: Program = evaluator.program
        self.growth = Growth(evaluator.program)
        self.makers = Makers(evaluator.program)
        self._memory: dict[tuple[int, Here], tuple[Thunk, Heads]] = {}
        self._open: set[tuple[int, Here]] = set()
        self.spread: set[tuple[int, Here]] = set()
        """Mappings that displays take over, while one looks into them."""
        self._left = BUDGET
        self._frames: dict[
            tuple[int, Here, Place, tuple[int, Here] | None], tuple[tuple[object, ...], Made | None, Frame]
        ] = {}
        self._cut = 0
        self._earlier: dict[str, Ref] = {}

    def fresh(self) -> None:
        """Start a new budget: answers given up for lack of one are asked again."""
        self._left = BUDGET

    # -- values ----------------------------------------------------------------------------------------------------

    def force(self, thunk: Thunk) -> Heads:
        """Return what a value can be: distinct, in order of discovery; `UNKNOWN` alone where nothing is known."""
        value, here = thunk.value, thunk.here
        key = (id(value), here)
        known = self._memory.get(key)
        if known is not None:
            return known[1]
        if key in self._open or len(self._open) > DEEPEST or self._left <= 0:
            self._cut += 1
            return ()
        self._left -= 1
        self._open.add(key)
        before = self._cut
        try:
            found = distinct(self._force(value, here)) or (UNKNOWN,)
        finally:
            self._open.discard(key)
        if before == self._cut or not self._open:
            self._memory[key] = (thunk, found)
        return found

    def _force(self, value: Value, here: Here) -> Iterator[Head]:
        match value:
            case Lit(value=None):
                yield Atom("none")
            case Lit(value=bool()):
                yield UNKNOWN
            case Lit(value=str(text)):
                yield Chars((text,))
            case Lit():
                yield Atom("number", str(value.value))
            case Ref():
                yield from names.name(self, value.name, here)
            case Attr():
                yield from self._attribute(value, here)
            case Item():
                yield from self._item(value, here)
            case Call():
                yield from calling.called(self, value, here)
            case Text():
                yield Chars(tuple(self._piece(part, here) for part in value.parts))
            case Seq():
                yield Items(value, here)
            case Map():
                yield Pairs(value, here)
            case Either():
                for option in value.options:
                    yield from self.force(Thunk(option, here))
            case Operation(op=":"):
                yield UNKNOWN
            case Operation(op="and"):
                yield from self.force(Thunk(value.operands[-1], here))
            case Operation():
                yield from texts.operated(self, value.operands, here, value.op)
            case Other():
                yield from texts.operated(self, value.parts, here)
            case _:
                yield UNKNOWN

    def _piece(self, part: Value, here: Here) -> str | Heads:
        if isinstance(part, Lit) and part.value is not None:
            return str(part.value)
        return self.force(Thunk(part, here))

    # -- steps -----------------------------------------------------------------------------------------------------

    def _attribute(self, value: Attr, here: Here) -> Iterator[Head]:
        if value.name == "__dict__":
            yield from dumping.dumped(self, value.base, (), here)
            return
        found = distinct(
            h
            for head in self.force(Thunk(value.base, here))
            for h in self._part(head, value, here) or self.step(head, f".{value.name}")
        )
        if found in ((), (UNKNOWN,)):
            yield from self._linked(value, here)
        yield from found

    def _item(self, value: Item, here: Here) -> Iterator[Head]:
        key: Step
        match value.key:
            case Lit(value=str(text)):
                key = f"={text}"
            case Lit(value=int(number)):
                key = number
            case Operation(op=":") | Other(parts=()):
                yield from self._slice(value, here)
                return
            case _:
                keys = self.force(Thunk(value.key, here))
                only = keys[0] if len(keys) == 1 else None
                single = only.parts[0] if isinstance(only, Chars) and len(only.parts) == 1 else None
                key = f"={single}" if isinstance(single, str) else "any"
        found = distinct(
            h
            for head in self.force(Thunk(value.base, here))
            for h in self._part(head, value, here) or self.step(head, key)
        )
        if found in ((), (UNKNOWN,)):
            yield from self._linked(value, here)
        yield from found

    def _part(self, head: Head, value: Attr | Item, here: Here) -> Heads:
        part = part_of(self, head, value, here)
        return (part,) if part is not None else ()

    def _linked(self, value: Value, here: Here) -> Iterator[Head]:
        """Constants of classes and modules, settings, the environment: what the linker itself knows."""
        for meaning in self.evaluator.evaluate(value, here.place):
            if isinstance(meaning, (Known, Symbol, Template)):
                own = self.program.enclosing_class(here.place) if _of_self(value) else None
                if own is not None and isinstance(value, Attr):
                    yield from members.of_object(self, meaning, ClassRef(own), value.name)
                else:
                    yield from self.from_meaning(meaning)

    def _slice(self, value: Item, here: Here) -> Iterator[Head]:
        for head in self.force(Thunk(value.base, here)):
            if isinstance(head, (Items, Several, From)) or (isinstance(head, Atom) and head.kind in ("hash", "random")):
                yield head
            else:
                yield UNKNOWN

    def walk(self, head: Head, steps: Iterable[Step]) -> Iterator[Head]:
        """Yield what steps into a value lead to."""
        heads: Heads = (head,)
        for step in steps:
            heads = distinct(h for one in heads for h in self.step(one, step))
        yield from heads

    def step(self, head: Head, step: Step) -> Iterator[Head]:
        """Yield what one step into a value leads to."""
        return into(self, head, step)

    def of_self(self, head: From, name: str) -> Iterator[Head]:
        """An attribute of the object a method belongs to."""
        owner = self.owner(head.function) if head.function is not None else None
        if owner is not None:
            yield from self.class_attribute(ClassRef(owner), name, None)

    # -- classes ---------------------------------------------------------------------------------------------------

    def owner(self, function: Place) -> Place | None:
        """Return the class whose method a function is, if its first parameter is the object or class itself."""
        return members.owner(self.program, function)

    def class_attribute(self, cls: ClassRef, name: str, made: Made | None) -> Iterator[Head]:
        """Yield what an attribute of a class's objects is."""
        return members.class_attribute(self, cls, name, made)

    def from_meaning(self, meaning: Abstract) -> Iterator[Head]:
        """Yield what the linker's own answer comes to."""
        return members.from_meaning(self, meaning)

    # -- functions -------------------------------------------------------------------------------------------------

    def results(self, function: Place, frame: Frame | None) -> Iterator[Head]:
        """Yield what a function returns; what it yields comes as a sequence."""
        for use in self.program.returns[function.file].get(function.scope, ()):
            here = Here(function, use.line, 0, use.branch, frame)
            if use.how == "yield":
                yield Items(Seq((use.value,)), here)
            else:
                yield from self.force(Thunk(use.value, here))

    def entered(self, func: Value, args: tuple[Arg, ...], here: Here, call: Call) -> Iterator[Head]:
        """Yield what calling a function that is known gives; nothing for an unknown one."""
        return calling.entered(self, func, args, here, call)

    def frame(self, function: Place, arguments: tuple[object, ...], here: Here, of: Made | None = None) -> Frame | None:
        """Return the frame of a call of a function, or None beyond the depth that is followed."""
        depth = here.frame.depth + 1 if here.frame is not None else 1
        if depth > DEEPEST_CALLS:
            return None
        key = (id(arguments), here, function, (id(of.call), of.here) if of is not None else None)
        known = self._frames.get(key)
        if known is None:
            # What has these ids is kept with it, so that nothing else can get them.
            known = self._frames[key] = (arguments, of, calling.frame(self, function, arguments, here, depth, of))
        return known[2]


def _of_self(value: Value) -> bool:
    return isinstance(value, Attr) and value.base == Ref("self")
