"""Follows values on demand: names to the bindings that reach a place, calls into functions, attributes into objects.

Nothing is executed. Work is bounded three ways: a question that depends on itself answers nothing, calls are followed
to a depth, and every question that is asked from outside has a budget of steps.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cached_property

from fragaudit.link.abstract import (
    Abstract,
    ClassRef,
    External,
    FunctionRef,
    Instance,
    Known,
    Symbol,
    Template,
)
from fragaudit.link.evaluate import Evaluator
from fragaudit.link.ids import calling, texts
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
from fragaudit.link.ids.reaching import reaching
from fragaudit.link.ids.stepping import into
from fragaudit.link.program import Place, Program
from fragaudit.model.facts import MODULE_SCOPE, Binding
from fragaudit.model.values import (
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
    dotted,
)

DEEPEST = 40
BUDGET = 3_000
_GROWING = frozenset({"append", "add", "extend", "insert", "update", "appendleft"})

Heads = tuple[Head, ...]


class Flow:
    """Answers what values are. `fresh` starts a new budget."""

    def __init__(self, evaluator: Evaluator) -> None:
        self.evaluator = evaluator
        self.program: Program = evaluator.program
        self._memory: dict[tuple[int, Here], tuple[Thunk, Heads]] = {}
        self._open: set[tuple[int, Here]] = set()
        self.spread: set[tuple[int, Here]] = set()
        """Mappings that displays take over, while one looks into them."""
        self._left = BUDGET
        self._frames: dict[tuple[int, Here, Place], tuple[tuple[object, ...], Frame]] = {}
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
                yield from self._name(value.name, here)
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
                yield from self._operated(value.operands, here, texts_=value.op in ("+", "%"))
            case Other():
                yield from self._operated(value.parts, here, texts_=False)
            case _:
                yield UNKNOWN

    def _piece(self, part: Value, here: Here) -> str | Heads:
        if isinstance(part, Lit) and part.value is not None:
            return str(part.value)
        return self.force(Thunk(part, here))

    def _operated(self, operands: tuple[Value, ...], here: Here, *, texts_: bool) -> Iterator[Head]:
        """An operator: texts are put together or filled, lists joined; a number stays what it was."""
        heads = [self.force(Thunk(part, here)) for part in operands]
        if texts_ and len(heads) == 2:
            filled = tuple(texts.percent(self, heads[0], heads[1]))
            if filled:
                yield from filled
                return
        if texts_ and any(isinstance(head, (Items, Several)) for head in heads[0]):
            yield Several(tuple(e for one in heads for h in one for e in self.step(h, None)))
            return
        if texts_ and len(heads) > 1 and any(isinstance(head, Chars) for one in heads for head in one):
            yield Chars(tuple(heads))
            return
        for alternatives in heads:
            for head in alternatives:
                if isinstance(head, Atom) and head.kind in ("hash", "random", "uuid5", "counter", "time"):
                    yield head
                    return
        if len(heads) == 1 and all(isinstance(h, From) for h in heads[0]):
            yield from heads[0]

    # -- names -----------------------------------------------------------------------------------------------------

    def _name(self, name: str, here: Here) -> Iterator[Head]:
        frame, scope = here.frame, here.place.scope
        scopes = self.program.files[here.place.file].scopes
        first = True
        while scope >= 0:
            place = Place(here.place.file, scope)
            entry = scopes[scope]
            if first or entry.kind != "class":
                inside = frame if frame is not None and frame.function == place else None
                found = list(self._in_scope(name, place, here, inside, nested=not first))
                if found:
                    yield from self._grown(name, place, here, found)
                    return
            first = False
            scope = entry.parent
        for meaning in self.evaluator.name(name, Place(here.place.file, MODULE_SCOPE)):
            yield from self.from_meaning(meaning)

    def _in_scope(self, name: str, place: Place, here: Here, frame: Frame | None, nested: bool) -> Iterator[Head]:
        handed = frame.get(name) if frame is not None else None
        bindings = self.program.bindings(place, name)
        entry = self.program.scope(place)
        number = next((n for n, p in enumerate(entry.parameters) if p.name == name), None)
        chosen, complete = reaching(self.program, place.file, bindings, None if nested else here)
        for binding in chosen:
            yield from self._bound(name, binding, place, here.frame)
        if number is not None and not complete:
            if handed is not None:
                yield from self.force(handed)
            elif frame is not None and entry.parameters[number].default is not None:
                yield from self.force(
                    Thunk(entry.parameters[number].default or Lit(None), _at(place.file, entry.parent))
                )
            else:
                yield From(place, number, name)
        if number is None and handed is not None:
            yield from self.force(handed)  # a parameter of a lambda
        if bindings or number is not None or handed is not None:
            return
        if self.program.imports(place, name) or self.program.definitions(place, name):
            for meaning in self.evaluator.name(name, place):
                yield from self.from_meaning(meaning)

    def _bound(self, name: str, binding: Binding, place: Place, frame: Frame | None) -> Iterator[Head]:
        if binding.value is None:
            return
        # A loop's span is the whole loop, but what it runs over stands at its head.
        at = Here(place, binding.at[0], 0 if binding.how == "for" else binding.at[2], binding.branch, frame)
        thunk = Thunk(binding.value, at)
        if binding.how in ("for", "in"):
            for head in self.force(thunk):
                for element in self.step(head, None):
                    yield from self.walk(element, _path(binding.key))
        elif binding.how == "+=":
            # Asked as a value is: a long row of additions is as deep as a nested one, and ends where that would.
            earlier = self._earlier.setdefault(name, Ref(name))
            before = self.force(Thunk(earlier, Here(place, binding.at[0], binding.at[0] - 1, binding.branch, frame)))
            added = self.force(thunk)
            if any(isinstance(h, Chars) for h in (*before, *added)):
                yield Chars((before, added))
            elif any(isinstance(h, Atom) and h.kind in ("number", "counter") for h in before):
                yield Atom("counter", name)
            else:
                yield from before
                yield from added
        else:
            yield from self.force(thunk)

    def _grown(self, name: str, place: Place, here: Here, heads: list[Head]) -> Iterator[Head]:
        """Add what is put into a list, dictionary or object after it was made."""
        added = self._mutations[place.file].get((place.scope, name), ())
        items = self.program.bindings(place, f"{name}[]")
        for head in heads:
            if isinstance(head, Atom) and head.kind == "hash" and not head.inner:
                fed = (c.args[0].value for m, c, _, _ in added if m == "update" and c.args)
                inner = distinct(h for v in fed for h in self.force(Thunk(v, here)))
                head = Atom("hash", head.name, inner)
            if isinstance(head, Items) and added:
                more: list[Thunk] = []
                for method, call, line, branch in added:
                    if call.args:
                        at = Here(place, line, max(call.at[2], line), branch, here.frame)
                        value = call.args[-1].value
                        if method in ("extend", "update"):
                            more.append(Thunk(Item(value, Ref("")), at))  # some element of it
                        else:
                            more.append(Thunk(value, at))
                head = Items(head.value, head.here, (*head.more, *more))
            if isinstance(head, Pairs):
                pairs = [
                    (b.key or Other(), Thunk(b.value, Here(place, b.at[0], b.at[2], b.branch, here.frame)))
                    for b in items
                    if b.value is not None
                ]
                pairs.extend(
                    (Other(), Thunk(c.args[0].value, Here(place, line, max(c.at[2], line), branch, here.frame)))
                    for method, c, line, branch in added
                    if method == "update" and c.args
                )
                if pairs:
                    head = Pairs(head.value, head.here, (*head.more, *pairs))
            if isinstance(head, Made):
                fields = self._fields[place.file].get((place.scope, name), ())
                set_later = tuple(
                    (b.target.rpartition(".")[2], Thunk(b.value, Here(place, b.at[0], b.at[2], b.branch, here.frame)))
                    for b in fields
                    if b.value is not None
                )
                if set_later:
                    head = Made(head.name, head.cls, head.call, head.here, (*head.more, *set_later))
            yield head

    @cached_property
    def _mutations(self) -> list[dict[tuple[int, str], list[tuple[str, Call, int, int]]]]:
        found: list[dict[tuple[int, str], list[tuple[str, Call, int, int]]]] = []
        for file in self.program.files:
            here: dict[tuple[int, str], list[tuple[str, Call, int, int]]] = defaultdict(list)
            for use in file.uses:
                value = use.value
                if isinstance(value, Call) and isinstance(value.func, Attr) and value.func.name in _GROWING:
                    base = dotted(value.func.base)
                    if base:
                        here[use.scope, base].append((value.func.name, value, use.line, use.branch))
            found.append(here)
        return found

    @cached_property
    def _fields(self) -> list[dict[tuple[int, str], list[Binding]]]:
        found: list[dict[tuple[int, str], list[Binding]]] = []
        for file in self.program.files:
            here: dict[tuple[int, str], list[Binding]] = defaultdict(list)
            for binding in file.bindings:
                base, dot, _ = binding.target.rpartition(".")
                if dot and not base.startswith("self") and not binding.target.endswith("[]"):
                    here[binding.scope, base].append(binding)
            found.append(here)
        return found

    # -- steps -----------------------------------------------------------------------------------------------------

    def _attribute(self, value: Attr, here: Here) -> Iterator[Head]:
        found = distinct(h for head in self.force(Thunk(value.base, here)) for h in self.step(head, f".{value.name}"))
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
        found = distinct(h for head in self.force(Thunk(value.base, here)) for h in self.step(head, key))
        if found in ((), (UNKNOWN,)):
            yield from self._linked(value, here)
        yield from found

    def _linked(self, value: Value, here: Here) -> Iterator[Head]:
        """Constants of classes and modules, settings, the environment: what the linker itself knows."""
        for meaning in self.evaluator.evaluate(value, here.place):
            if isinstance(meaning, (Known, Symbol, Template)):
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
        scope = self.program.scope(function)
        parent = Place(function.file, scope.parent)
        if scope.parent < 0 or self.program.scope(parent).kind != "class":
            return None
        static = any(getattr(d, "name", "") == "staticmethod" for d in scope.decorators)
        return None if static else parent

    def class_attribute(self, cls: ClassRef, name: str, made: Made | None) -> Iterator[Head]:
        """Yield what an attribute of a class's objects is: assigned in methods, in the class, or a property's result.

        `made` is the call that made the object: its `__init__` is then read with that call's arguments.
        """
        for ancestor in self.evaluator.ancestry(cls):
            found = list(self._assigned(ancestor.place, name, made))
            for number in self.program.definitions(ancestor.place, name):
                place = Place(ancestor.place.file, number)
                if any(getattr(d, "name", "") in ("property", "cached_property", "computed_field")
                       or getattr(getattr(d, "func", None), "name", "") == "computed_field"
                       for d in self.program.scope(place).decorators):  # fmt: skip
                    frame = self.frame(place, (), made.here, made) if made is not None else None
                    found.extend(self.results(place, frame))
            for binding in self.program.bindings(ancestor.place, name):
                found.extend(self._bound(name, binding, ancestor.place, None))
            if found:
                yield from found
                return
        for meaning in self.evaluator.attribute(Instance(cls), name):
            if isinstance(meaning, (Known, Symbol, Template)):
                yield from self.from_meaning(meaning)

    def _assigned(self, cls: Place, name: str, made: Made | None) -> Iterator[Head]:
        for method, inner, binding in self.program.assigned(cls, name):
            if inner != method.scope:
                continue
            frame = None
            if made is not None and self.program.scope(method).name == "__init__":
                frame = self.frame(method, made.call.args, made.here, made)
            yield from self._bound(binding.target, binding, method, frame)

    # -- functions -------------------------------------------------------------------------------------------------

    def results(self, function: Place, frame: Frame | None) -> Iterator[Head]:
        """Yield what a function returns; what it yields comes as a sequence."""
        for use in self.program.returns[function.file].get(function.scope, ()):
            here = Here(function, use.line, 0, use.branch, frame)
            if use.how == "yield":
                yield Items(Seq((use.value,)), here)
            else:
                yield from self.force(Thunk(use.value, here))

    def frame(self, function: Place, arguments: tuple[object, ...], here: Here, of: Made | None = None) -> Frame | None:
        """Return the frame of a call of a function, or None beyond the depth that is followed."""
        depth = here.frame.depth + 1 if here.frame is not None else 1
        if depth > DEEPEST_CALLS:
            return None
        key = (id(arguments), here, function)
        known = self._frames.get(key)
        if known is None:
            # The arguments are kept with it, so that no others can get their id.
            known = self._frames[key] = (arguments, calling.frame(self, function, arguments, here, depth, of))
        return known[1]

    # -- meanings --------------------------------------------------------------------------------------------------

    def from_meaning(self, meaning: Abstract) -> Iterator[Head]:
        """Yield what the linker's own answer comes to."""
        match meaning:
            case Known(value=str(text)):
                yield Chars((text,))
            case Known(value=None):
                yield Atom("none")
            case Known():
                yield Atom("number", str(meaning.value))
            case Symbol():
                yield Atom("setting" if meaning.strong else "field", meaning.name)
            case Template():
                yield Chars(tuple(distinct(self.from_meaning(part)) or (UNKNOWN,) for part in meaning.parts))
            case External():
                yield Atom("external", meaning.name)
            case ClassRef():
                yield Atom("class name", self.program.scope(meaning.place).name)
            case FunctionRef():
                yield UNKNOWN
            case _:
                yield UNKNOWN


def _at(file: int, scope: int) -> Here:
    return Here(Place(file, max(scope, MODULE_SCOPE)), 0, 0, -1)


def _path(key: Value | None) -> tuple[Step, ...]:
    match key:
        case Lit(value=int(number)):
            return (number,)
        case Seq():
            return tuple(item.value for item in key.items if isinstance(item, Lit) and isinstance(item.value, int))
        case _:
            return ()
