"""Classes that hold stores in their attributes, by what they are given and by what they declare."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fragaudit.catalogue import Catalogue
from fragaudit.link.abstract import Bound, ClassRef, Handle, Instance
from fragaudit.link.evaluate import Evaluator
from fragaudit.link.identity import site_key
from fragaudit.link.openings import SiteKey
from fragaudit.link.program import Place
from fragaudit.model.facts import Binding
from fragaudit.model.stores import Kind
from fragaudit.model.values import Attr, Call, Either, Item, Lit, Operation, Ref, Seq, Span, Value, alternatives


@dataclass(frozen=True, slots=True)
class Held:
    """One attribute of a class that holds a store.

    Known by the `opening` it was given, by the project's own implementation (`abstraction`: the class that names the
    kind), or by its declared type alone. `container` is a constant name it was made with; `at` where it is declared.
    """

    cls: Place
    field: str
    kind: Kind | None
    declared: str
    at: Span
    opening: SiteKey | None
    implementation: Place | None
    container: str = ""
    conditional: bool = False


class Holders:
    """Finds the store attributes of every class."""

    def __init__(self, evaluator: Evaluator, catalogue: Catalogue) -> None:
        self._evaluator = evaluator
        self._catalogue = catalogue
        self._program = evaluator.program
        self._by_class: dict[int, dict[int, list[tuple[Binding, str]]]] = {}

    def all(self) -> tuple[Held, ...]:
        """Return the store attributes of the repository, in order of file and class."""
        found: dict[tuple[Place, str], Held] = {}
        for file_number, file in enumerate(self._program.files):
            for number, scope in enumerate(file.scopes):
                if scope.kind == "class":
                    for held in self._of_class(Place(file_number, number)):
                        known = found.get((held.cls, held.field))
                        if known is None or (known.opening is None and held.opening is not None):
                            found[held.cls, held.field] = held
        return tuple(found.values())

    def _of_class(self, cls: Place) -> Iterator[Held]:
        for binding, field in self._fields(cls):
            yield from self._held(cls, binding, field)

    def _fields(self, cls: Place) -> Sequence[tuple[Binding, str]]:
        known = self._by_class.get(cls.file)
        if known is None:
            known = self._by_class[cls.file] = defaultdict(list)
            for binding in self._program.files[cls.file].bindings:
                target = binding.target
                if "." not in target:
                    if binding.annotation is not None:
                        known[binding.scope].append((binding, target))
                elif target.startswith("self.") and target.count(".") == 1 and not target.endswith("[]"):
                    inside = self._program.enclosing_class(Place(cls.file, binding.scope))
                    if inside is not None:
                        known[inside.scope].append((binding, target[5:]))
        return known.get(cls.scope, ())

    def _held(self, cls: Place, binding: Binding, field: str) -> Iterator[Held]:
        place = Place(cls.file, binding.scope)
        declared = binding.annotation or self._parameter_type(binding, place)
        if isinstance(declared, Item) and type_name(declared.base) in ("type", "Type"):
            return  # a class of stores, not one of them
        name = type_name(declared)
        kind = self._catalogue.abstraction(name) if name else None
        opening, implementation = self._given(binding, place)
        if opening is None and declared is not None:
            of_kind = implementation is not None and self._kind_of(ClassRef(implementation)) == kind
            if not of_kind:
                # What a dynamic factory may return for other attributes is not what this one is declared to be.
                implementation = self._declared_class(declared, place) or (implementation if kind is None else None)
        if kind is None and implementation is not None:
            kind = self._kind_of(ClassRef(implementation))
        if kind is None and name == "" and isinstance(binding.value, Call):
            factory = getattr(binding.value.func, "name", "")
            kind = self._catalogue.abstraction(factory)
            name = factory if kind is not None else name
        if opening is None and kind is None:
            return
        if not name and implementation is not None:
            name = self._program.scope(implementation).name
        container = self._container(binding.value)
        conditional = bool(self._program.branches(cls.file, binding.branch))
        yield Held(
            cls, field, Kind(kind) if kind else None, name, binding.at, opening, implementation, container, conditional
        )

    def _parameter_type(self, binding: Binding, place: Place) -> Value | None:
        """Return the annotation of the constructor parameter that an attribute is given as it is."""
        value = binding.value
        names = [v.name for v in (alternatives(value) if value is not None else ()) if isinstance(v, Ref)]
        for parameter in self._program.scope(place).parameters:
            if parameter.name in names:
                return parameter.annotation
        return None

    def _given(self, binding: Binding, place: Place) -> tuple[SiteKey | None, Place | None]:
        opening: SiteKey | None = None
        implementation: Place | None = None
        for meaning in self._evaluator.evaluate(binding.value, place):
            handle = meaning.handle if isinstance(meaning, Bound) else meaning
            if isinstance(meaning, Bound) and meaning.handle.name.endswith(("()", "()[]")):
                continue  # a part of what a store answered
            if isinstance(handle, Handle) and handle.site is not None:
                opening = opening or site_key(handle.site)
            elif isinstance(meaning, Instance) and self._kind_of(meaning.of) is not None:
                implementation = implementation or meaning.of.place
        return opening, implementation

    def _declared_class(self, declared: Value, place: Place) -> Place | None:
        for meaning in self._evaluator.typed(declared, place):
            if isinstance(meaning, Instance) and self._kind_of(meaning.of) is not None:
                return meaning.of.place
        return None

    def _kind_of(self, cls: ClassRef) -> str | None:
        for ancestor in self._evaluator.ancestry(cls):
            kind = self._catalogue.abstraction(self._program.scope(ancestor.place).name)
            if kind is not None:
                return kind
        for outside in self._evaluator.outside_bases(cls):
            kind = self._catalogue.abstraction(outside.name.rpartition(".")[2])
            if kind is not None and self._catalogue.open(outside.name) is None:
                return kind
        return None

    def _container(self, value: Value | None) -> str:
        if not isinstance(value, Call):
            return ""
        for argument in value.args:
            named = argument.name in (
                "namespace",
                "collection",
                "collection_name",
                "table",
                "index",
                "index_name",
                "name",
            )
            if named or (argument.name is None and isinstance(argument.value, Lit)):
                text = _text(argument.value)
                if text:
                    return text
        return ""


def _text(value: Value) -> str:
    if isinstance(value, Lit) and isinstance(value.value, str):
        return value.value
    if isinstance(value, Attr):
        return value.name
    return ""


def type_name(annotation: Value | None) -> str:
    """Return the last name of an annotated type, wrappers such as Optional taken off; empty if there are several."""
    match annotation:
        case Ref():
            return annotation.name
        case Attr():
            return annotation.name
        case Either() | Operation(op="|"):
            names = {type_name(option) for option in alternatives(annotation)} - {""}
            return names.pop() if len(names) == 1 else ""
        case Item() if type_name(annotation.base) in ("Optional", "Annotated", "Final", "ClassVar", "Depends", "Union"):
            keys = annotation.key.items if isinstance(annotation.key, Seq) else (annotation.key,)
            names = {type_name(key) for key in keys} - {"", "None"}
            return names.pop() if len(names) == 1 else (type_name(keys[0]) if keys else "")
        case Item():
            return type_name(annotation.base)
        case _:
            return ""
