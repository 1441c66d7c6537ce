"""Reads expressions of models and migrations as they are written: names followed, texts put together, calls named.

The evaluator answers what a value means; here the expression itself is wanted (`Column("id", primary_key=True)`), read
in a view that can also know what a loop or a caller has put into a name.
"""

from __future__ import annotations

import builtins
import re
from collections.abc import Callable, Mapping

from msgspec import Struct

from fragaudit.link.abstract import (
    Abstract,
    Bound,
    ClassRef,
    External,
    FunctionRef,
    Handle,
    Instance,
    Known,
    Package,
    Template,
)
from fragaudit.link.evaluate import Evaluator
from fragaudit.link.program import Place
from fragaudit.model.facts import MODULE_SCOPE
from fragaudit.model.locations import Location
from fragaudit.model.values import (
    Arg,
    Attr,
    Call,
    Either,
    Entry,
    Item,
    Lit,
    Map,
    Operation,
    Ref,
    Seq,
    Span,
    Text,
    Value,
    children,
    dotted,
)

MOST_STEPS = 12
"""How many names are followed from one expression."""

LONGEST_TEXT = 4_000
"""Characters of a text that is put together: more is no name and no condition."""

MOST_ITEMS = 4_000
"""Longer sequences of arguments, indexes or names are no schema."""

LONGEST_NAME = 200
_BUILT_IN = frozenset(dir(builtins))
_QUANTIFIED_GROUP = re.compile(r"\)[*+?{]")


class View(Struct, frozen=True):
    """Where an expression is read: its scope, and what names (`cls.__name__` too) stand for beyond their bindings."""

    place: Place
    names: Mapping[str, Read] = {}

    def __hash__(self) -> int:
        return hash(self.place)


class Read(Struct, frozen=True):
    """An expression with the view in which its names are read."""

    value: Value
    view: View


class Reader:
    """Follows expressions. Nothing is executed; every walk is bounded."""

    def __init__(self, evaluator: Evaluator) -> None:
        self.evaluator = evaluator
        self.program = evaluator.program
        self._made: dict[str, Ref] = {}
        self._comprehensions: dict[Place, dict[str, Value]] = {}
        self._kept: list[Value] = []
        self._open: set[int] = set()
        self._joining: set[int] = set()

    def kept(self, value: Value) -> Value:
        """Return an expression that no file has written. The evaluator remembers by identity, so it must stay alive."""
        self._kept.append(value)
        return value

    def _ref(self, name: str) -> Ref:
        return self._made.setdefault(name, Ref(name))

    # -- names -----------------------------------------------------------------------------------------------------

    def follow(self, read: Read) -> Read:
        """Return what a name, an attribute or a call of a project function stands for; the last binding decides."""
        for _ in range(MOST_STEPS):
            further = self.step(read)
            if further is None:
                return read
            read = further
        return read

    def step(self, read: Read) -> Read | None:
        """Return what a name, an attribute or a call is read as instead, one step on; None where nothing is known."""
        value, view = read.value, read.view
        match value:
            case Ref():
                return self._name(value.name, view)
            case Attr():
                known = view.names.get(dotted(value))
                return known if known is not None else self._attribute(value, view)
            case Item():
                return self._item(value, view)
            case Call():
                return self._returned(value, view)
        return None

    def _name(self, name: str, view: View) -> Read | None:
        known = view.names.get(name)
        if known is not None:
            return known
        scope, first = view.place.scope, True
        scopes = self.program.files[view.place.file].scopes
        while scope >= 0:
            here = Place(view.place.file, scope)
            if first or scopes[scope].kind != "class":
                found = self._bound(name, here, view)
                if found is not None:
                    return found
                if self.program.definitions(here, name):
                    return None
            first = False
            scope = scopes[scope].parent
        for star in self.program.imports(Place(view.place.file, MODULE_SCOPE), "*"):
            file = self.program.module(self.program.absolute(star, view.place.file), view.place.file)
            if file is not None and file != view.place.file:
                found = self._bound(name, Place(file, MODULE_SCOPE), View(Place(file, MODULE_SCOPE)))
                if found is not None:
                    return found
        return None

    def _bound(self, name: str, here: Place, view: View) -> Read | None:
        """Return the last value given to a name in a scope, or what it is imported from."""
        for binding in reversed(self.program.bindings(here, name)):
            if binding.value is not None and binding.how in ("=", "walrus"):
                inner = view if here == view.place else View(here)
                return None if binding.value == Ref(name) else Read(binding.value, inner)
        for item in self.program.imports(here, name):
            if item.name is None:
                continue
            file = self.program.module(self.program.absolute(item, here.file), here.file)
            if file is not None and file != here.file:
                return Read(self._ref(item.name), View(Place(file, MODULE_SCOPE)))
        return None

    def _attribute(self, value: Attr, view: View) -> Read | None:
        for base in self.meanings(value.base, view):
            if isinstance(base, Package) and base.file is not None:
                return Read(self._ref(value.name), View(Place(base.file, MODULE_SCOPE)))
            if isinstance(base, Instance):
                base = base.of
            if isinstance(base, ClassRef):
                for ancestor in self.evaluator.ancestry(base):
                    for binding in reversed(self.program.bindings(ancestor.place, value.name)):
                        if binding.value is not None:
                            return Read(binding.value, View(ancestor.place))
        return None

    def _item(self, value: Item, view: View) -> Read | None:
        if id(value) in self._open:  # `x = x[0]`
            return None
        self._open.add(id(value))
        base = self.follow(Read(value.base, view))
        key = self.constant(Read(value.key, view))
        self._open.discard(id(value))
        if isinstance(base.value, Map) and key is not None:
            for entry in base.value.entries:
                if entry.key is not None and self.constant(Read(entry.key, base.view)) == key:
                    return Read(entry.value, base.view)
        if isinstance(base.value, Seq) and isinstance(key, int) and -len(base.value.items) <= key:
            return Read(base.value.items[key], base.view) if key < len(base.value.items) else None
        return None

    def _returned(self, call: Call, view: View) -> Read | None:
        """Return what a function of the project gives, its parameters bound to this call's arguments."""
        for meaning in self.meanings(call.func, view):
            if isinstance(meaning, FunctionRef):
                uses = [
                    u
                    for u in self.program.returns[meaning.place.file].get(meaning.place.scope, ())
                    if u.how == "return"
                ]
                if len(uses) == 1:
                    return Read(uses[0].value, View(meaning.place, self.arguments(call, view, meaning)))
        return None

    def arguments(self, call: Call, view: View, function: FunctionRef) -> dict[str, Read]:
        """Return what the parameters of a function stand for in a call; what isn't passed is its default."""
        scope = self.program.scope(function.place)
        parameters = scope.parameters
        outside = View(Place(function.place.file, max(scope.parent, MODULE_SCOPE)))
        found = {p.name: Read(p.default, outside) for p in parameters if p.default is not None}
        positional = [p.name for p in parameters if p.kind == "positional"]
        if function.owner is not None and positional and "staticmethod" not in _decorators(scope.decorators):
            positional = positional[1:]
        taken = {p.name for p in parameters if p.kind in ("positional", "keyword")}
        rest = next((p.name for p in parameters if p.kind == "*"), None)
        options = next((p.name for p in parameters if p.kind == "**"), None)
        extra: list[Value] = []
        more: list[Entry] = []
        number = 0
        for argument in call.args:
            if argument.name is None:
                if number < len(positional):
                    found[positional[number]] = Read(argument.value, view)
                else:
                    extra.append(argument.value)
                number += 1
            elif argument.name in taken:
                found[argument.name] = Read(argument.value, view)
            elif argument.name == "**":
                more.append(Entry(None, argument.value))
            elif argument.name != "*":
                more.append(Entry(Lit(argument.name), argument.value))
        if rest is not None:
            found[rest] = Read(self.kept(Seq(tuple(extra))), view)
        if options is not None:
            found[options] = Read(self.kept(Map(tuple(more))), view)
        return found

    def meanings(self, value: Value, view: View) -> tuple[Abstract, ...]:
        """Return what an expression means, names of the view followed first."""
        if view.names:
            root = value
            while isinstance(root, Attr):
                root = root.base
            if isinstance(root, Ref) and root.name in view.names:
                if root is value:
                    known = view.names[root.name]
                    return self.meanings(known.value, known.view)
                if isinstance(value, Attr):
                    return tuple(
                        m
                        for base in self.meanings(value.base, view)
                        for m in self.evaluator.attribute(base, value.name)
                    )
        return self.evaluator.evaluate(value, view.place)

    # -- what is called --------------------------------------------------------------------------------------------

    def callee(self, call: Call, view: View) -> str:
        """Return the dotted name of the library function or class that is called, empty if it isn't one."""
        return self.named(call.func, view)

    def named(self, value: Value, view: View) -> str:
        """Return the dotted library name of an expression, also of a name that `from library import *` brings."""
        found = next((name for m in self.meanings(value, view) if (name := external_name(m))), "")
        if found or not isinstance(value, (Ref, Attr)):
            return found
        if isinstance(value, Attr):
            base = self.follow(Read(value.base, view))
            if isinstance(base.value, Call) and isinstance(base.value.func, Ref):
                made = self._starred(base.value.func.name, base.view)
                return f"{made}().{value.name}" if made else ""
            return ""
        return self._starred(value.name, view)

    def _starred(self, name: str, view: View) -> str:
        """Return a name as one of the library that a file imports everything from, unless the file defines it."""
        module = Place(view.place.file, MODULE_SCOPE)
        stars = self.program.imports(module, "*")
        if (
            not stars
            or name in _BUILT_IN
            or self.program.definitions(module, name)
            or self.program.bindings(module, name)
        ):
            return ""
        if self.program.imports(module, name):
            return ""
        outside = [
            s.module for s in stars if not s.level and self.program.module(s.module, view.place.file) is None
        ]  # fmt: skip
        return f"{outside[0]}.{name}" if len(outside) == 1 else ""

    def last(self, value: Value, view: View) -> str:
        """Return the last part of the name of a library's function or class, or of what is written."""
        func = value.func if isinstance(value, Call) else value
        return (self.named(func, view) or dotted(func)).rpartition(".")[2]

    def project_class(self, value: Value, view: View) -> ClassRef | None:
        """Return the project's class that an expression names."""
        for meaning in self.meanings(value, view):
            if isinstance(meaning, ClassRef):
                return meaning
        return None

    # -- constants -------------------------------------------------------------------------------------------------

    def constant(self, read: Read, deep: int = 0) -> str | int | float | bool | None:
        """Return a constant's value; None for what isn't one (and for None itself)."""
        if isinstance(read.value, Lit):
            return read.value.value
        followed = self.follow(read)
        if isinstance(followed.value, Lit):
            return followed.value.value
        return self.text(followed, deep)

    def flag(self, read: Read | None) -> bool | None:
        """Return True or False where that is written."""
        value = self.constant(read) if read is not None else None
        return value if isinstance(value, bool) else None

    def text(self, read: Read, deep: int = 0) -> str | None:
        """Return a text put together of constants, or None if a part is unknown."""
        value, view = read.value, read.view
        if deep > MOST_STEPS:
            return None
        match value:
            case Lit():
                return value.value[:LONGEST_TEXT] if isinstance(value.value, str) else None
            case Text():
                return self._joined(value, view, deep + 1)
            case Ref() | Attr() | Item():
                further = self.step(read)
                if further is not None:
                    return self.text(further, deep + 1)
            case Call():
                return self._called_text(value, view, deep + 1)
            case Either():
                # `name or "default"`: a name that stands for nothing here leaves the others; one that is given wins.
                first = view.names.get(value.options[0].name) if isinstance(value.options[0], Ref) else None
                given = self.text(first, deep + 1) if first is not None else None
                if given:
                    return given
                options = value.options[1:] if first is not None and first.value == Lit(None) else value.options
                found = [self.text(Read(option, view), deep + 1) for option in options]
                return found[0] if found and all(f == found[0] for f in found) else None
            case _:
                return None
        return self._meant(value, view)

    def _joined(self, value: Text, view: View, deep: int) -> str | None:
        """Return the parts of a text, one after the other; None for one that is a part of itself."""
        if id(value) in self._joining:
            return None
        self._joining.add(id(value))
        try:
            whole = ""
            for part in value.parts:
                piece = self._piece(Read(part, view), deep)
                if piece is None or len(whole) > LONGEST_TEXT:
                    return None
                whole += piece
            return whole
        finally:
            self._joining.discard(id(value))

    def _piece(self, read: Read, deep: int) -> str | None:
        if isinstance(read.value, Lit) and isinstance(read.value.value, (int, str)):
            return str(read.value.value)
        known = self.constant(read, deep) if isinstance(read.value, Ref) else None
        return str(known) if isinstance(known, (int, str)) else self.text(read, deep)

    def _meant(self, value: Value, view: View) -> str | None:
        meanings = self.meanings(value, view)
        if len(meanings) != 1:
            return None
        match meanings[0]:
            case Known(value=str() as text):
                return text
            case Template(parts=parts) if all(isinstance(p, Known) for p in parts):
                return "".join(str(p.value) for p in parts if isinstance(p, Known))
        return None

    def _called_text(self, call: Call, view: View, deep: int) -> str | None:
        func = call.func
        arguments = [a.value for a in call.args if a.name is None]
        if isinstance(func, Attr) and func.name in _TEXT_METHODS:
            base = self.text(Read(func.base, view), deep)
            given = [self.text(Read(argument, view), deep) for argument in arguments]
            if base is not None and None not in given and len(base) <= LONGEST_NAME:
                return _TEXT_METHODS[func.name](base, *(g for g in given if g is not None))
        name = self.callee(call, view)
        if name == "re.sub" and len(arguments) == 3:
            return _substituted(*(self.text(Read(argument, view), deep) for argument in arguments))
        if name in _SNAKE and arguments:
            base = self.text(Read(arguments[0], view), deep)
            return snake(base) if base is not None else None
        if name.rpartition(".")[2] in _PASS and arguments:
            return self.text(Read(arguments[0], view), deep)
        returned = self._returned(call, view)
        return self.text(returned, deep) if returned is not None else None

    # -- displays --------------------------------------------------------------------------------------------------

    def items(self, read: Read, deep: int = 0) -> list[Read] | None:
        """Return the items of a list or tuple, parts put together and unpacked; None if a part can't be followed."""
        read = self.follow(read)
        value, view = read.value, read.view
        if deep > MOST_STEPS:
            return None
        match value:
            case Seq():
                found: list[Read] = []
                for item in value.items:
                    made = self._comprehended(item, view, deep)
                    if made is not None:
                        found.extend(made)
                        continue
                    inner = self.follow(Read(item, view)) if isinstance(item, (Ref, Attr)) else Read(item, view)
                    # A starred item stands in the display like any other.
                    unpacked = (
                        self.items(inner, deep + 1)
                        if isinstance(inner.value, Seq) and inner.value is not item
                        else None
                    )
                    found.extend(unpacked if unpacked is not None else [Read(item, view)])
                return found[:MOST_ITEMS]
            case Map():
                return [Read(entry.key, view) for entry in value.entries if entry.key is not None][:MOST_ITEMS]
            case Either():
                options = [self.items(Read(option, view), deep + 1) for option in value.options]
                return [item for option in options for item in option or ()] if None not in options else None
            case Operation(op="&" | "-"):
                # What is there already is left out when it runs; here it may be either.
                kept = [self.items(Read(part, view), deep + 1) for part in value.operands]
                return kept[0] if value.op == "-" else next((k for k in kept if k is not None), None)
            case Operation(op="+" | "|"):
                parts = [self.items(Read(part, view), deep + 1) for part in value.operands]
                return [item for part in parts for item in part or ()] if None not in parts else None
            case Call():
                name = dotted(value.func)
                if name in ("list", "tuple", "set", "sorted", "frozenset", "reversed") and len(value.args) == 1:
                    return self.items(Read(value.args[0].value, view), deep + 1)
                if name in ("list", "tuple", "set") and not value.args:
                    return []
        return None

    def _comprehended(self, element: Value, view: View, deep: int) -> list[Read] | None:
        """Return what an element of a comprehension is, item by item, whatever it tests them for; None for others."""
        inside = self._inside(view.place)
        names = {n for n in _names(element) if n in inside and n not in view.names} if inside else set()
        iterated = [inside[n] for n in names]
        if not iterated or any(one != iterated[0] for one in iterated):
            return None
        targets = [name for name, value in inside.items() if value == iterated[0]]
        rounds = self.items(Read(iterated[0], view), deep + 1)
        if rounds is None or len(rounds) > MOST_ITEMS:
            return None
        found = []
        for item in rounds:
            parts = [item] if len(targets) == 1 else self.items(item, deep + 1) or []
            given = dict(zip(targets, parts, strict=False))
            found.append(Read(element, View(view.place, {**view.names, **given})))
        return found

    def _inside(self, place: Place) -> dict[str, Value]:
        """Return the names that comprehensions of a scope bind, and what they run over; ambiguous ones are left out."""
        known = self._comprehensions.get(place)
        if known is None:
            found: dict[str, Value] = {}
            other: set[str] = set()
            for binding in self.program.files[place.file].bindings:
                if binding.scope == place.scope and binding.value is not None:
                    if binding.how == "for":
                        continue
                    if binding.how != "in" or found.setdefault(binding.target, binding.value) != binding.value:
                        other.add(binding.target)
            known = self._comprehensions[place] = {n: v for n, v in found.items() if n not in other}
        return known

    def texts(self, read: Read) -> tuple[str, ...] | None:
        """Return the constant texts of a list or tuple (a single text stands for itself), or None."""
        single = self.text(read)
        if single is not None:
            return (single,)
        items = self.items(read)
        if items is None:
            return None
        found = [self.text(item) for item in items]
        return tuple(f for f in found if f is not None) if None not in found else None

    def entries(self, read: Read) -> dict[str, Read]:
        """Return the entries of a dictionary by their constant keys; those that can't be followed are left out."""
        read = self.follow(read)
        found: dict[str, Read] = {}
        match read.value:
            case Map():
                for entry in read.value.entries[:MOST_ITEMS]:
                    if entry.key is None:
                        found.update(self.entries(Read(entry.value, read.view)))
                        continue
                    key = self.text(Read(entry.key, read.view))
                    if key is not None:
                        found[key] = Read(entry.value, read.view)
            case Call() if dotted(read.value.func) == "dict":
                found.update(
                    {a.name: Read(a.value, read.view) for a in read.value.args if a.name and a.name not in "**"}
                )
        return found

    def keywords(self, call: Call, view: View) -> dict[str, Read]:
        """Return the keyword arguments of a call, `**` of known dictionaries unpacked."""
        found: dict[str, Read] = {}
        for argument in call.args:
            if argument.name == "**":
                found.update(self.entries(Read(argument.value, view)))
            elif argument.name not in (None, "*"):
                found[argument.name] = Read(argument.value, view)
        return found

    def positional(self, call: Call, view: View) -> list[Read] | None:
        """Return the positional arguments of a call, `*` of known sequences unpacked; None if one can't be followed."""
        found: list[Read] = []
        for argument in call.args:
            if argument.name == "*":
                items = self.items(Read(argument.value, view))
                if items is None:
                    return None
                found.extend(items)
            elif argument.name is None:
                found.append(Read(argument.value, view))
        return found[:MOST_ITEMS]

    def location(self, view: View, span: Span) -> Location:
        """Return a span of the view's file as a location."""
        return self.program.location(view.place.file, span)


def _names(value: Value) -> list[str]:
    """Return the names in an expression."""
    found, stack = [], [value]
    while stack:
        top = stack.pop()
        if isinstance(top, Ref):
            found.append(top.name)
        stack.extend(children(top))
    return found


def external_name(meaning: Abstract) -> str:
    """Return the dotted library name of a meaning, empty for anything else."""
    match meaning:
        case External():
            return meaning.name
        case Handle():
            return meaning.name
        case Bound():
            return f"{meaning.handle.name}.{meaning.method}"
        case _:
            return ""


def argument(call: Call, name: str, position: int | None = None) -> Value | None:
    """Return an argument given by keyword or position."""
    plain: list[Arg] = [a for a in call.args if a.name is None]
    named = next((a.value for a in call.args if a.name == name), None)
    if named is not None:
        return named
    return plain[position].value if position is not None and position < len(plain) else None


def _decorators(values: tuple[Value, ...]) -> set[str]:
    return {getattr(v.func if isinstance(v, Call) else v, "name", "") for v in values}


def snake(name: str) -> str:
    """Return `CamelCase` as `camel_case`, as inflection libraries do."""
    name = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name)
    name = re.sub(r"([a-z\d])([A-Z])", r"\1_\2", name)
    return name.replace("-", "_").lower()


def _substituted(pattern: str | None, replacement: str | None, text: str | None) -> str | None:
    """Run `re.sub` on a name; patterns that could take long (a quantified group) are left alone."""
    if pattern is None or replacement is None or text is None:
        return None
    if len(text) > LONGEST_NAME or len(pattern) > LONGEST_NAME or _QUANTIFIED_GROUP.search(pattern):
        return None
    try:
        return re.sub(pattern, replacement, text)
    except (re.error, IndexError):
        return None


_SNAKE = frozenset({"inflection.underscore", "stringcase.snakecase", "humps.decamelize", "humps.depascalize"})
_PASS = frozenset({"str", "f", "quoted_name", "conv", "_f", "text"})


def _text_method(name: str, least: int, most: int) -> Callable[..., str | None]:
    def run(base: str, *given: str) -> str | None:
        return str(getattr(base, name)(*given)) if least <= len(given) <= most else None

    return run


_TEXT_METHODS = {
    **{name: _text_method(name, 0, 0) for name in ("lower", "upper", "title", "capitalize", "casefold")},
    **{name: _text_method(name, 0, 1) for name in ("strip", "lstrip", "rstrip")},
    **{name: _text_method(name, 1, 1) for name in ("removeprefix", "removesuffix")},
    "replace": _text_method("replace", 2, 2),
}
