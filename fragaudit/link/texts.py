"""The texts that an expression can be, piece by piece: what a statement says, and where each part of it is written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from fragaudit.link.abstract import Bound, ClassRef, Display, External, FunctionRef, Handle, Instance, Package
from fragaudit.link.callers import Callers
from fragaudit.link.evaluate import Evaluator, argument_of
from fragaudit.link.pieces import (
    Fixed,
    Gap,
    Pieces,
    choices,
    combined,
    constant,
    distinct,
    filled,
    limited,
    readable,
    replaced,
    source_of,
    stripped,
)
from fragaudit.link.program import Place
from fragaudit.model.facts import MODULE_SCOPE, NO_BRANCH, Binding
from fragaudit.model.values import (
    UNKNOWN,
    Arg,
    Attr,
    Call,
    Either,
    Item,
    Lit,
    Map,
    Operation,
    Placed,
    Ref,
    Seq,
    Span,
    Text,
    Value,
    alternatives,
    children,
)

MOST_TEXTS = 2_000
"""Texts that one expression may be: the statements that callers hand to a wrapper."""

MOST_ITEMS = 60
MOST_GROWN = 16
MOST_TURNS = 64
MOST_NAMES = 60
STEPS_OF_A_CALLER = 3_000
MOST_STEPS = 30_000
MOST_ALTOGETHER = 10_000  # callers of callers have budgets of their own: this is the end of all of them
DEEPEST = 40
END = (1 << 30, 0)

_PERCENT = re.compile(r"%(?P<kept>%)|%(?:\((?P<key>\w+)\))?[-#0 +]*\d*(?:\.\d+)?[sdrifgx]")
_BRACES = re.compile(r"(?P<brace>[{}])(?P<kept>(?P=brace))|\{(?P<key>[^{}:!]*)(?:![rsa])?(?::[^{}]*)?\}")
_MORE = Gap("…")
_FIELD = re.compile(r"\{(?P<key>[A-Za-z_]\w*)\}")
_KEEPING = frozenset(
    {"encode", "decode", "lower", "upper", "casefold", "expandtabs", "as_string", "as_bytes", "bindparams", "columns",
     "execution_options", "options", "__str__", "compile", "removeprefix", "removesuffix"}
)  # fmt: skip
_WRAPPING = frozenset({"text", "SQL", "DDL", "TextClause", "literal_column", "dedent", "cleandoc", "str", "quoted_name",
                       "Composed", "indent", "cast", "LiteralString"})  # fmt: skip
_LIBRARIES = ("sqlalchemy", "sqlmodel", "psycopg", "psycopg2", "textwrap", "inspect", "str", "builtins", "typing",
              "alembic", "databases", "sqlparse", "asyncpg", "flask_sqlalchemy")  # fmt: skip


class Frame(NamedTuple):
    """A call that is being looked into: what its arguments are, and where they are written."""

    function: Place
    args: tuple[Arg, ...]
    reading: Reading


class Turn(NamedTuple):
    """One turn of a loop: the loop, by file and place, and what its iterable gives this time."""

    file: int
    at: Span
    item: Value
    reading: Reading


class Reading(NamedTuple):
    """From where an expression is read: its scope, what comes before it, and the call that led here."""

    place: Place
    before: tuple[int, int] = END
    branch: int = NO_BRANCH
    frame: Frame | None = None
    deep: int = 0
    self_name: str = ""
    self_texts: tuple[Pieces, ...] = ()
    turns: tuple[Turn, ...] = ()


class _Given(NamedTuple):
    """What the fields of a text are filled with: by position, by name, and from dictionaries."""

    plain: Sequence[Value]
    named: Mapping[str, Value]
    mappings: tuple[Value, ...]


class Texts:
    """Follows expressions to texts."""

    def __init__(self, evaluator: Evaluator) -> None:
        self._evaluator = evaluator
        self._program = evaluator.program
        self._callers = Callers(evaluator)
        self._steps = 0
        self._altogether = 0
        self._asked: set[tuple[Place, str]] = set()
        self._handed: dict[tuple[Place, int], list[Pieces]] = {}

    def of(self, value: Value, reading: Reading) -> list[Pieces]:
        """Return the texts that an expression can be, in order of discovery; what can't be followed is a gap."""
        self._steps = self._altogether = 0
        return distinct(self._varied(value, reading), MOST_TEXTS)

    def _varied(self, value: Value, reading: Reading) -> Iterator[Pieces]:
        """Yield the texts of an expression, turn by turn of the loops it depends on: what varies together does so."""
        turns: list[tuple[Turn, ...]] = [()]
        for binding in self._loops(value, reading):
            assert binding.value is not None
            inside = reading._replace(before=binding.at[:2], branch=binding.branch)
            items = list(self._elements(binding.value, inside))
            if items and len(items) * len(turns) <= MOST_TURNS:
                file = reading.place.file
                turns = [(*t, Turn(file, binding.at, item, place)) for t in turns for item, place in items]
        for chosen in turns:
            yield from self._texts(value, reading._replace(turns=(*reading.turns, *chosen)))

    def _loops(self, value: Value, reading: Reading) -> list[Binding]:
        """Return the loops of a scope whose items an expression is made of, directly or by way of other names."""
        found: dict[Span, Binding] = {}
        seen: set[str] = set()
        stack = [value]
        while stack and len(seen) < MOST_NAMES:
            top = stack.pop()
            if not isinstance(top, Ref):
                stack.extend(children(top))
            elif top.name not in seen:
                seen.add(top.name)
                for binding in self._program.bindings(reading.place, top.name):
                    if binding.value is None or binding.at[:2] >= reading.before:
                        continue
                    if binding.how == "for":
                        found.setdefault(binding.at, binding)
                    elif binding.how != "in":
                        stack.append(binding.value)
        return [binding for _, binding in sorted(found.items())]

    def _texts(self, value: Value, reading: Reading) -> Sequence[Pieces]:
        self._steps += 1
        self._altogether += 1
        if self._steps > MOST_STEPS or self._altogether > MOST_ALTOGETHER or reading.deep > DEEPEST:
            return [(Gap(source_of(value)),)]
        reading = reading._replace(deep=reading.deep + 1)
        found = distinct(self._read(value, reading), MOST_TEXTS)
        return found or [(Gap(source_of(value)),)]

    def _read(self, value: Value, reading: Reading) -> Iterator[Pieces]:
        match value:
            case Placed():
                yield (Fixed(str(value.value), value.at, reading.place.file),)
            case Lit():
                yield (Fixed("NULL" if value.value is None else str(value.value)),)
            case Text():
                yield from self._joined(value.parts, reading)
            case Operation(op="+"):
                if not any(map(_is_number, value.operands)):
                    yield from self._joined(value.operands, reading)
            case Operation(op="%"):
                yield from self._percent(value, reading)
            case Either() | Operation():
                for option in alternatives(value):
                    if option is not value and option != Lit(None):
                        yield from self._texts(option, reading)
            case Ref():
                yield from self._name(value.name, reading)
            case Attr():
                yield from self._attribute(value, reading)
            case Item():
                for inner, place in self._items(value, reading):
                    yield from self._texts(inner, place)
            case Call():
                yield from self._call(value, reading)
            case _:
                return

    def _joined(self, parts: Sequence[Value], reading: Reading) -> list[Pieces]:
        return combined([(part, self._texts(part, reading)) for part in parts])

    def _percent(self, value: Operation, reading: Reading) -> Iterator[Pieces]:
        base, right = value.operands
        given = _Given(right.items if isinstance(right, Seq) else (right,), {}, (right,))
        for pieces in self._texts(base, reading):
            yield from self._filled(pieces, _PERCENT, given, reading)

    def _filled(self, pieces: Pieces, pattern: re.Pattern[str], given: _Given, reading: Reading) -> list[Pieces]:
        """Return a text with its fields filled: alternatives of one field in all combinations, a bounded number."""
        fields: dict[str, list[Pieces]] = {}
        names: list[str] = []
        number = 0
        for match in (m for p in pieces if isinstance(p, Fixed) for m in pattern.finditer(p.text) if not m["kept"]):
            key = match["key"] or ""
            if not key:
                key, number = str(number), number + 1
            names.append(key)
            if key not in fields:
                fields[key] = self._field(key, given, reading)
                if not fields[key]:
                    return []  # filling it would fail, so this text isn't what is filled here
        found = []
        for chosen in choices(fields):
            remaining = iter(names)
            found.append(filled(pieces, pattern, lambda _, c=chosen, r=remaining: c[next(r)]))  # type: ignore[misc]
        return distinct(found)

    def _field(self, key: str, given: _Given, reading: Reading) -> list[Pieces]:
        if key.isdigit():
            value = given.plain[int(key)] if int(key) < len(given.plain) else None
        else:
            value = given.named.get(key)
        if value is not None:
            return list(self._texts(value, reading))
        for mapping in given.mappings:
            found = self._entry(mapping, key, reading)
            if found:
                return found
        return [(Gap(key),)] if given.mappings else []

    def _entry(self, mapping: Value, key: str, reading: Reading) -> list[Pieces]:
        """Return the texts that a dictionary holds for a key where it is read: as made, and as set since."""
        start: list[Pieces] = []
        wanted = [re.compile(re.escape(key))]
        for container, place in self._containers(mapping, reading):
            if isinstance(container, Map):
                for entry in container.entries:
                    if self._fits(entry.key, place, wanted):
                        start.extend(self._texts(entry.value, place))
        if not isinstance(mapping, Ref):
            return start
        program = self._program
        made = program.bindings(reading.place, mapping.name)
        if any(isinstance(b.value, Call) and b.value.args[:1] == (Arg(None, Ref("str")),) for b in made):
            start.append(())  # a defaultdict(str)
        changes = program.bindings(reading.place, f"{mapping.name}[]")
        bindings = [b for b in changes if b.value is not None and self._fits(b.key, reading, wanted)]
        return list(self._flow(f"{mapping.name}[{key}]", bindings, start, reading))

    # -- names -----------------------------------------------------------------------------------------------------

    def _name(self, name: str, reading: Reading) -> Iterator[Pieces]:
        if name == reading.self_name:
            yield from reading.self_texts
            return
        program = self._program
        entries = program.files[reading.place.file].scopes
        scope, first = reading.place.scope, True
        while scope >= 0:
            here = Place(reading.place.file, scope)
            if first or entries[scope].kind != "class":
                inside = reading if first else reading._replace(place=here, before=END, branch=NO_BRANCH)
                found = self._local(name, here, inside)
                if found is not None:
                    yield from found
                    return
            first = False
            scope = entries[scope].parent
        for star in program.imports(Place(reading.place.file, MODULE_SCOPE), "*"):
            file = program.module(program.absolute(star, reading.place.file), reading.place.file)
            if file is not None and file != reading.place.file:
                yield from self._module_name(file, name, reading)

    def _module_name(self, file: int, name: str, reading: Reading) -> Sequence[Pieces]:
        key = (Place(file, MODULE_SCOPE), name)
        if key in self._asked:
            return []
        self._asked.add(key)
        try:
            return list(self._name(name, Reading(Place(file, MODULE_SCOPE), deep=reading.deep + 1)))
        finally:
            self._asked.discard(key)

    def _local(self, name: str, here: Place, reading: Reading) -> Sequence[Pieces] | None:
        program = self._program
        start: list[Pieces] = []
        known = False
        for number, parameter in enumerate(program.scope(here).parameters):
            if parameter.name == name:
                known = True
                start.extend(self._parameter(here, number, reading))
        bindings = [b for b in program.bindings(here, name) if b.value is not None]
        if bindings or known:
            return self._flow(name, bindings, start, reading._replace(place=here))
        for item in program.imports(here, name):
            if item.name is not None:
                file = program.module(program.absolute(item, here.file), here.file)
                if file is not None and file != here.file:
                    return self._module_name(file, item.name, reading)
            return []
        return [] if program.definitions(here, name) else None

    def _flow(
        self, name: str, bindings: Sequence[Binding], start: Sequence[Pieces], reading: Reading
    ) -> Sequence[Pieces]:
        """Return what a name holds where it is read: bindings in source order, those in other arms left out."""
        program, file = self._program, reading.place.file
        around = {NO_BRANCH, reading.branch} | self._arms(file, reading.branch)
        texts: list[Pieces] = list(start)
        choices_made: dict[int, dict[int, list[Pieces]]] = {}
        for binding in bindings:
            if binding.at[:2] >= reading.before or program.exclusive(file, binding.branch, reading.branch):
                continue
            key = (reading.place, f"{name}@{binding.at[0]}:{binding.at[1]}")
            if key in self._asked:
                continue
            self._asked.add(key)
            try:
                new = self._bound(name, binding, texts, reading)
            finally:
                self._asked.discard(key)
            if binding.branch in around:
                texts = distinct(new, MOST_TEXTS)
                continue
            branch = program.files[file].branches[binding.branch]
            arms = choices_made.setdefault(branch.group, {})
            arms[branch.arm] = list(new)
            if binding.how != "+=" and branch.parent in around and len(arms) == self._all_arms(file, branch.group):
                texts = distinct((text for found in arms.values() for text in found), MOST_TEXTS)
            else:
                texts = distinct((*texts, *new), MOST_TEXTS)
        return texts

    def _all_arms(self, file: int, group: int) -> int:
        """Return how many arms a choice has, one of which is always taken; 0 if none need be."""
        arms = [branch for branch in self._program.files[file].branches if branch.group == group]
        return len({branch.arm for branch in arms}) if any(branch.kind == "else" for branch in arms) else 0

    def _arms(self, file: int, branch: int) -> set[int]:
        found = set()
        while branch >= 0:
            found.add(branch)
            branch = self._program.files[file].branches[branch].parent
        return found

    def _bound(self, name: str, binding: Binding, before: list[Pieces], reading: Reading) -> Sequence[Pieces]:
        assert binding.value is not None
        inner = reading._replace(before=binding.at[:2], branch=binding.branch, self_name=name, self_texts=tuple(before))
        if binding.how in ("for", "in"):
            turn = next((t for t in reading.turns if t.file == reading.place.file and t.at == binding.at), None)
            items = [(turn.item, turn.reading)] if turn is not None else list(self._elements(binding.value, inner))
            taken = (one for item, place in items for one in self._taken_apart(item, place, binding.key))
            return [text for value, place in taken for text in self._texts(value, place)]
        if binding.how != "+=":
            return self._texts(binding.value, inner)
        if not before or _is_number(binding.value):
            return []
        added = self._texts(binding.value, inner)
        if len(before) * len(added) > MOST_GROWN:
            # So many parts may be there or not that what is added stays open.
            gap = Gap(source_of(binding.value))
            return distinct(text if text[-1:] == (gap,) else (*text, gap) for text in before)
        return [limited((*text, *more)) for text in before for more in added]

    def _parameter(self, function: Place, number: int, reading: Reading) -> Iterator[Pieces]:
        parameter = self._program.scope(function).parameters[number]
        if parameter.kind in ("*", "**"):
            return
        position = number - self._callers.shift(function)
        if position < 0:
            return
        outside = Reading(Place(function.file, self._program.scope(function).parent), deep=reading.deep)
        frame = reading.frame
        if frame is not None and frame.function == function:
            argument = argument_of(frame.args, parameter.name, position)
            if argument is not None:
                yield from self._texts(argument, frame.reading._replace(deep=reading.deep))
            elif parameter.default is not None:
                yield from self._texts(parameter.default, outside)
            return
        known = self._handed.get((function, number))
        if known is None:
            key = (function, parameter.name)
            if key in self._asked:
                return
            self._asked.add(key)
            try:
                known = distinct(self._from_callers(function, number, outside, reading.deep), MOST_TEXTS)
            finally:
                self._asked.discard(key)
            if len(self._asked) == 0 and self._steps < MOST_STEPS:
                self._handed[function, number] = known
        yield from known

    def _from_callers(self, function: Place, number: int, outside: Reading, deep: int) -> Iterator[Pieces]:
        """Yield what the callers of a function hand it, each with a budget of steps of its own."""
        parameter = self._program.scope(function).parameters[number]
        left_out = False
        spent = self._steps
        for site, argument in self._callers.giving(function, number):
            if argument is None:
                left_out = True
                continue
            self._steps = max(0, MOST_STEPS - STEPS_OF_A_CALLER) if spent < MOST_STEPS else MOST_STEPS
            before = self._steps
            yield from self._varied(argument, Reading(site.place, site.call.at[:2], site.branch, deep=deep))
            spent += (self._steps - before) // 10
        self._steps = spent
        if left_out and parameter.default not in (None, Lit(None)):
            assert parameter.default is not None
            yield from self._texts(parameter.default, outside)

    # -- attributes and items --------------------------------------------------------------------------------------

    def _attribute(self, value: Attr, reading: Reading) -> Iterator[Pieces]:
        if value.name == "value" and isinstance(value.base, Attr):
            yield from self._attribute(value.base, reading)  # of a member of an enumeration
        for base in self._evaluator.evaluate(value.base, reading.place):
            match base:
                case Package(file=int() as file):
                    yield from self._module_name(file, value.name, reading)
                case ClassRef():
                    yield from self._member(base, value.name, reading, None)
                case Instance():
                    yield from self._member(base.of, value.name, reading, base)
                case _:
                    continue

    def _member(self, cls: ClassRef, name: str, reading: Reading, instance: Instance | None) -> Sequence[Pieces]:
        found: list[Pieces] = []
        for family in (self._evaluator.ancestry(cls), self._callers.descendants(cls.place)):
            for ancestor in family:
                found = list(self._own(ancestor.place, name, reading, instance))
                if any(constant(pieces) not in ("", "NULL") for pieces in found) and family[0] == cls:
                    return distinct(found)
                if found and family[0] != cls:
                    return distinct(
                        text for other in family for text in self._own(other.place, name, reading, instance)
                    )
        return found

    def _own(self, cls: Place, name: str, reading: Reading, instance: Instance | None) -> Iterator[Pieces]:
        program = self._program
        key = (cls, name)
        if key in self._asked:
            return
        self._asked.add(key)
        try:
            bindings = [b for b in program.bindings(cls, name) if b.value is not None]
            if bindings:
                yield from self._flow(name, bindings, [], Reading(cls, deep=reading.deep))
            if instance is None:
                return
            for number in program.definitions(cls, name):
                if _is_property(program.scope(Place(cls.file, number)).decorators):
                    yield from self._result(Place(cls.file, number), (), reading)
            for method, inner, binding in program.assigned(cls, name):
                if inner != method.scope or binding.value is None:
                    continue
                frame = None
                if instance.site is not None and program.scope(method).name == "__init__":
                    there = Reading(instance.site.place, instance.site.call.at[:2], deep=reading.deep)
                    frame = Frame(method, instance.site.call.args, there)
                at = Reading(method, binding.at[:2], binding.branch, frame, reading.deep)
                yield from self._bound(binding.target, binding, [], at)
        finally:
            self._asked.discard(key)

    def _items(self, value: Item, reading: Reading) -> Iterator[tuple[Value, Reading]]:
        """Yield the values that `base[key]` can be, each with where it is read."""
        keys = [constant(pieces) for pieces in self._texts(value.key, reading)]
        patterns = [_pattern(pieces) for pieces in self._texts(value.key, reading)]
        for container, place in self._containers(value.base, reading):
            if isinstance(container, Seq):
                number = keys[0] if len(keys) == 1 and keys[0] is not None else ""
                if number.lstrip("-").isdigit() and -len(container.items) <= int(number) < len(container.items):
                    yield container.items[int(number)], place
                else:
                    yield from ((item, place) for item in container.items)
                continue
            for entry in container.entries:
                if entry.key is None:
                    for inner, there in self._containers(entry.value, place):
                        if isinstance(inner, Map):
                            yield from ((e.value, there) for e in inner.entries if self._fits(e.key, there, patterns))
                elif self._fits(entry.key, place, patterns):
                    yield entry.value, place

    def _fits(self, key: Value | None, reading: Reading, patterns: Sequence[re.Pattern[str]]) -> bool:
        if key is None:
            return False
        texts = [constant(pieces) for pieces in self._texts(key, reading)]
        return any(text is None or pattern.fullmatch(text) for text in texts for pattern in patterns)

    def _containers(self, value: Value, reading: Reading) -> Iterator[tuple[Map | Seq, Reading]]:
        """Yield the displays that a value can be."""
        if isinstance(value, (Map, Seq)):
            yield value, reading
        elif isinstance(value, Item):
            yield from self._contained(value, reading)
        elif isinstance(value, Call):
            for callee in self._evaluator.evaluate(value.func, reading.place):
                if isinstance(callee, FunctionRef):
                    frame = Frame(callee.place, value.args, reading)
                    for use in self._program.returns[callee.place.file].get(callee.place.scope, ()):
                        inside = Reading(callee.place, (use.line, 1 << 20), use.branch, frame, reading.deep + 1)
                        if inside.deep < DEEPEST and not isinstance(use.value, Call):
                            yield from self._containers(use.value, inside)
        elif isinstance(value, (Ref, Attr, Either)):
            for meaning in self._evaluator.evaluate(value, reading.place):
                if isinstance(meaning, Display):
                    yield meaning.value, Reading(meaning.place, deep=reading.deep)

    def _contained(self, value: Item, reading: Reading) -> Iterator[tuple[Map | Seq, Reading]]:
        """Yield the displays that `base[key]` can be; one that holds itself, `d = {"a": d["a"]}`, is entered once."""
        key = (reading.place, f"[{id(value)}]")
        if key in self._asked:
            return
        self._asked.add(key)
        try:
            for inner, place in self._items(value, reading):
                yield from self._containers(inner, place)
        finally:
            self._asked.discard(key)

    def _elements(self, value: Value, reading: Reading) -> Iterator[tuple[Value, Reading]]:
        """Yield what iterating over a value gives, pairs as displays."""
        if isinstance(value, Call) and isinstance(value.func, Attr):
            method = value.func.name
            if method in ("items", "values", "keys"):
                for container, place in self._containers(value.func.base, reading):
                    for entry in container.entries if isinstance(container, Map) else ():
                        key = entry.key or UNKNOWN
                        pair = {"keys": key, "values": entry.value}.get(method, Seq((key, entry.value)))
                        yield pair, place
            elif method in ("split", "splitlines"):
                yield value.func.base, reading
            return
        if isinstance(value, Call) and isinstance(value.func, Ref) and value.args:
            first = value.args[0].value
            if value.func.name in ("sorted", "reversed", "list", "tuple", "set", "iter", "tqdm"):
                yield from self._elements(first, reading)
            elif value.func.name == "enumerate":
                yield from ((Seq((UNKNOWN, item)), place) for item, place in self._elements(first, reading))
            return
        for container, place in self._containers(value, reading):
            items = container.items if isinstance(container, Seq) else [e.key for e in container.entries if e.key]
            yield from ((item, place) for item in items)

    def _taken_apart(self, item: Value, reading: Reading, key: Value | None) -> Iterator[tuple[Value, Reading]]:
        """Yield the part of an item that a loop binds to one of its names."""
        if not isinstance(key, Lit) or not isinstance(key.value, int):
            yield item, reading
            return
        for container, place in self._containers(item, reading):
            if isinstance(container, Seq) and key.value < len(container.items):
                yield container.items[key.value], place

    # -- calls -----------------------------------------------------------------------------------------------------

    def _call(self, call: Call, reading: Reading) -> Iterator[Pieces]:
        func = call.func
        if isinstance(func, Attr):
            texts = self._method(call, func, reading)
            if texts is not None:
                yield from texts
                return
        for callee in self._evaluator.evaluate(func, reading.place):
            match callee:
                case FunctionRef():
                    yield from self._result(callee.place, call.args, reading)
                case External():
                    yield from self._library(callee.name, call, reading)
                case Bound() | Handle():
                    name = callee.method if isinstance(callee, Bound) else callee.name.rpartition(".")[2]
                    if name in ("text", "SQL") and call.args:
                        yield from self._texts(call.args[0].value, reading)
                case _:
                    continue
        if isinstance(func, Ref) and func.name == "str" and call.args:
            yield from self._texts(call.args[0].value, reading)

    def _method(self, call: Call, func: Attr, reading: Reading) -> Sequence[Pieces] | None:
        """Return what a method of a text gives; None if it is none."""
        plain = [a.value for a in call.args if a.name is None]
        named = {a.name: a.value for a in call.args if a.name is not None and a.name[0] != "*"}
        name = func.name
        if name in _KEEPING:
            return self._texts(func.base, reading)
        if name in ("strip", "lstrip", "rstrip"):
            characters = constant(self._texts(plain[0], reading)[0]) if plain else None
            return [
                stripped(text, characters, left=name != "rstrip", right=name != "lstrip")
                for text in self._texts(func.base, reading)
            ]
        if name == "replace" and len(plain) == 2:
            old = [constant(pieces) for pieces in self._texts(plain[0], reading)]
            new = self._texts(plain[1], reading)
            bases = self._texts(func.base, reading)
            if len(old) == 1 and old[0]:
                filler = new[0] if len(new) == 1 else (Gap(source_of(plain[1])),)
                return [replaced(text, old[0], filler) for text in bases]
            return bases
        if name in ("format", "format_map"):
            mappings = tuple(a.value for a in call.args if a.name == "**" or name == "format_map")
            given = _Given(tuple(plain), named, mappings)
            return [t for text in self._texts(func.base, reading) for t in self._filled(text, _BRACES, given, reading)]
        if name == "join" and len(plain) == 1:
            separators = self._texts(func.base, reading)
            return self._joined_list(separators[0], plain[0], reading)
        return None

    def _joined_list(self, separator: Pieces, value: Value, reading: Reading) -> list[Pieces]:
        """Return the texts of `separator.join(value)`."""
        found: list[Pieces] = []
        for items in self._lists(value, reading):
            parts: list[Pieces] = []
            for number, item in enumerate(items):
                parts.extend([separator, item] if number else [item])
            found.append(limited(tuple(piece for pieces in parts for piece in pieces)))
        return distinct(text for text in found if text) or [(Gap(source_of(value)),)]

    def _lists(self, value: Value, reading: Reading) -> list[tuple[Pieces, ...]]:
        """Return the lists of texts that a value can be: as made, and with what is appended where that may be so."""
        if isinstance(value, Seq):
            return self._items_of(value, reading)
        if not isinstance(value, Ref):
            return [items for c, place in self._containers(value, reading) for items in self._items_of(c, place)]
        program, place = self._program, reading.place
        around = {NO_BRANCH, reading.branch} | self._arms(place.file, reading.branch)
        lists: list[tuple[Pieces, ...]] = []
        made = program.bindings(place, value.name)
        if not made:
            return [items for c, there in self._containers(value, reading) for items in self._items_of(c, there)]
        for at, branch, change in sorted(self._changes(value.name, place), key=lambda c: c[0]):
            if at[:2] >= reading.before or program.exclusive(place.file, branch, reading.branch):
                continue
            inner = reading._replace(before=at[:2], branch=branch)
            if isinstance(change, Binding):
                new = self._lists(change.value, inner) if isinstance(change.value, (Seq, Ref)) else []
                lists = new if branch in around else [*lists, *new]
                continue
            added = self._items_of(Seq(tuple(a.value for a in change.args)), inner)
            more = [(*items, *extra) for items in lists for extra in added]
            if len(more) > MOST_GROWN or getattr(change.func, "name", "") != "append":
                more = [items if items[-1:] == ((_MORE,),) else (*items, (_MORE,)) for items in lists]
            lists = more if branch in around else [*lists, *more]
            lists = list(dict.fromkeys(lists))
        return lists

    def _changes(self, name: str, place: Place) -> Iterator[tuple[Span, int, Binding | Call]]:
        """Yield what makes and changes a list in a scope, with its place and branch."""
        for binding in self._program.bindings(place, name):
            if binding.value is not None and binding.how != "+=":
                yield binding.at, binding.branch, binding
            elif binding.value is not None:
                yield binding.at, binding.branch, Call(Ref("+="), (), binding.at)
        for method in ("append", "extend", "insert"):
            for site in self._program.sites_by_name.get(method, ()):
                func = site.call.func
                if site.place == place and isinstance(func, Attr) and func.base == Ref(name):
                    yield site.call.at, site.branch, site.call

    def _items_of(self, container: Map | Seq, reading: Reading) -> list[tuple[Pieces, ...]]:
        """Return the texts of a display's items; none if they can't be told one by one, as of a comprehension."""
        items = container.items if isinstance(container, Seq) else ()
        if len(items) > MOST_ITEMS or any(isinstance(item, Seq) for item in items):
            return []
        if len(items) == 1 and self._repeated(items[0], reading.place):
            return []
        options = {number: list(self._texts(item, reading)) for number, item in enumerate(items)}
        return [tuple(chosen.values()) for chosen in choices(options)]

    def _repeated(self, item: Value, place: Place) -> bool:
        """Say whether the only item of a display is a comprehension's element, which stands for any number of them."""
        if not isinstance(item, (Lit, Text)):
            return True
        stack: list[Value] = [item]
        while stack:
            top = stack.pop()
            stack.extend(children(top))
            if isinstance(top, Ref) and any(b.how == "in" for b in self._program.bindings(place, top.name)):
                return True
        return False

    def _result(self, function: Place, args: tuple[Arg, ...], reading: Reading) -> Iterator[Pieces]:
        frame = Frame(function, args, reading)
        if _frames(reading.frame) > 6:
            return
        for use in self._program.returns[function.file].get(function.scope, ()):
            yield from self._texts(use.value, Reading(function, (use.line, 1 << 20), use.branch, frame, reading.deep))

    def _library(self, name: str, call: Call, reading: Reading) -> Iterator[Pieces]:
        last = name.rpartition(".")[2]
        root = name.partition(".")[0]
        if root not in _LIBRARIES or not call.args:
            if root in ("psycopg", "psycopg2") and last == "Placeholder":
                yield (Fixed("%s"),)
            return
        first = call.args[0].value
        if last == "Identifier":
            # Of `Identifier("schema", "table")` the last one names the thing.
            named = call.args[-1].value
            for text in (constant(pieces) for pieces in self._texts(named, reading)):
                yield (Fixed(f'"{text}"'),) if text is not None else (Gap(source_of(named)),)
        elif last == "Placeholder":
            names = [constant(pieces) for pieces in self._texts(first, reading)]
            yield (Fixed(f"%({names[0]})s" if names and names[0] else "%s"),)
        elif last == "Literal":
            yield (Gap(source_of(first), bound=True),)
        elif last == "Composed":
            for container, place in self._containers(first, reading):
                if isinstance(container, Seq):
                    yield from self._joined(container.items, place)
        elif last in _WRAPPING:
            yield from self._texts(call.args[1 if last == "cast" and len(call.args) > 1 else 0].value, reading)

    def forwarding(self, statement: re.Pattern[str]) -> set[str]:
        """Return the names of the functions that were found to hand on what is a statement."""
        return {
            self._program.scope(function).name
            for (function, _), texts in self._handed.items()
            if any(statement.match(readable(text)) for text in texts)
        } - {"__init__"}

    def unfilled(self, pieces: Pieces) -> Pieces:
        """Return a text whose fields (`{name}`) nobody was seen to fill, with gaps in their place."""
        return filled(pieces, _FIELD, lambda match: (Gap(match["key"]),))


def _frames(frame: Frame | None) -> int:
    count = 0
    while frame is not None and count < 20:
        count += 1
        frame = frame.reading.frame
    return count


def _is_number(value: Value) -> bool:
    return isinstance(value, Lit) and not isinstance(value.value, str)


def _pattern(pieces: Pieces) -> re.Pattern[str]:
    return re.compile("".join(re.escape(p.text) if isinstance(p, Fixed) else ".*" for p in pieces), re.DOTALL)


def _is_property(decorators: Sequence[Value]) -> bool:
    return any(getattr(d, "name", "") in ("property", "cached_property") for d in decorators)
