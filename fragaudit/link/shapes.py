"""The fields of a record type: dataclasses, pydantic, TypedDict, msgspec, attrs, plain classes, and displays."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from fragaudit.link.abstract import ClassRef, Display, External, FunctionRef, Instance
from fragaudit.link.evaluate import Evaluator
from fragaudit.link.program import Place
from fragaudit.model.facts import MODULE_SCOPE, Binding
from fragaudit.model.locations import Location
from fragaudit.model.search import ResultField
from fragaudit.model.values import (
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
    Text,
    Value,
    alternatives,
    dotted,
)

DEEPEST = 12
_FEW = 3
"""A record with fewer of the fields looked for may be an envelope around a list of the records meant."""

_RECORD_BASES = frozenset(
    {
        "BaseModel", "GenericModel", "RootModel", "Struct", "TypedDict", "NamedTuple", "SQLModel", "ObjectType",
        "Schema", "Serializer", "Generic", "Protocol", "ABC", "object", "BaseSchema", "Interface",
    }
)  # fmt: skip
"""Last names of outside classes that give a record no fields of its own."""

_ASSIGNED_BASES = frozenset({"ObjectType", "Interface", "Serializer", "Schema", "BaseSchema"})
_ASSIGNED_MAKERS = frozenset({"ib", "attrib", "field", "Field"})
_FIELD_DECORATORS = frozenset({"property", "cached_property", "computed_field", "field"})
_WRAPPING_CALLS = frozenset(
    {"list", "tuple", "sorted", "set", "dict", "asdict", "jsonify", "JSONResponse", "ORJSONResponse", "JsonResponse",
     "Response", "json_response"}
)  # fmt: skip
_DUMPS = frozenset({"model_dump", "dict", "to_dict", "asdict", "json", "as_dict", "_asdict"})

_KINDS = {
    **dict.fromkeys(("str", "UUID", "UUID4", "UUID1", "Text", "AnyStr", "LiteralString", "SecretStr", "AnyUrl"), "str"),
    **dict.fromkeys(("HttpUrl", "Literal", "Enum", "StrEnum", "ID", "String", "CharField", "UUIDField"), "str"),
    **dict.fromkeys(("float", "Decimal", "confloat", "Float", "FloatField", "DecimalField"), "float"),
    **dict.fromkeys(("NonNegativeFloat", "PositiveFloat", "FiniteFloat"), "float"),
    **dict.fromkeys(("int", "conint", "PositiveInt", "Int", "IntegerField", "Integer"), "int"),
    **dict.fromkeys(("bool", "Boolean", "BooleanField"), "bool"),
    **dict.fromkeys(("list", "List", "tuple", "Tuple", "set", "Set", "Sequence", "Iterable", "frozenset"), "list"),
    **dict.fromkeys(("dict", "Dict", "Mapping", "MutableMapping", "OrderedDict", "defaultdict"), "mapping"),
    **dict.fromkeys(("JSON", "JSONField", "DictField", "JSONString"), "mapping"),
    **dict.fromkeys(("bytes", "bytearray", "datetime", "date", "timedelta"), "other"),
}
_NOT_WHAT_IS_HELD = frozenset({"dict", "Dict", "Mapping", "MutableMapping", "Callable", "type", "Type", "Literal"})


class Shape(Struct, frozen=True):
    """A record type: its name, where it stands, and its fields."""

    name: str
    at: Location | None
    fields: tuple[ResultField, ...]


class Shapes:
    """Resolves types and values to record shapes. `wanted` are the field names that tell a record from its envelope."""

    def __init__(self, evaluator: Evaluator, wanted: frozenset[str]) -> None:
        self._evaluator = evaluator
        self._program = evaluator.program
        self._wanted = wanted

    # -- types -----------------------------------------------------------------------------------------------------

    def of_type(self, annotation: Value | None, place: Place, deep: int = 0) -> Shape | None:
        """Return the record that an annotation speaks of, through collections, options, envelopes and aliases."""
        if annotation is None or deep > DEEPEST:
            return None
        match annotation:
            case Either() | Operation(op="|"):
                options = [o for o in alternatives(annotation) if o != Lit(None)]
                found = [self.of_type(option, place, deep + 1) for option in options]
                return found[0] if len(found) == 1 else None  # one of several: which one isn't known
            case Item():
                if dotted(annotation.base).rpartition(".")[2] in _NOT_WHAT_IS_HELD:
                    return None
                keys = annotation.key.items if isinstance(annotation.key, Seq) else (annotation.key,)
                for key in reversed(keys):  # Coroutine[Any, Any, X], AsyncGenerator[X, None], Annotated[X, ...]
                    shape = self.of_type(key, place, deep + 1)
                    if shape is not None:
                        return shape
                return None
            case Ref() | Attr():
                return self._named(annotation, place, deep)
            case _:
                return None

    def _named(self, name: Ref | Attr, place: Place, deep: int) -> Shape | None:
        for meaning in self._evaluator.evaluate(name, place):
            if isinstance(meaning, (ClassRef, Instance)):
                return self.of_class(meaning.of if isinstance(meaning, Instance) else meaning, deep + 1)
        if isinstance(name, Ref):
            for value, there in self._definitions(name.name, place):
                return self._functional(value, there) or self.of_type(value, there, deep + 1)
        return None

    def _definitions(self, name: str, place: Place) -> Iterator[tuple[Value, Place]]:
        """Yield what a name is bound to in its module, or in the one it is imported from."""
        program = self._program
        module = Place(place.file, MODULE_SCOPE)
        for binding in program.bindings(module, name):
            if binding.value is not None:
                yield binding.value, module
        for item in program.imports(module, name):
            file = program.module(program.absolute(item, place.file), place.file)
            if file is not None and file != place.file and item.name is not None:
                there = Place(file, MODULE_SCOPE)
                for binding in program.bindings(there, item.name):
                    if binding.value is not None:
                        yield binding.value, there

    def _functional(self, value: Value, place: Place) -> Shape | None:
        """Read `TypedDict("X", {...})`, `NamedTuple("X", [...])`, `create_model("X", id=(str, ...))`."""
        if not isinstance(value, Call) or not value.args or not isinstance(value.args[0].value, Lit):
            return None
        name = str(value.args[0].value.value)
        maker = dotted(value.func).rpartition(".")[2]
        at = self._program.location(place.file, value.at)
        pairs: list[tuple[Value, Value]] = []
        second = value.args[1].value if len(value.args) > 1 else None
        if maker == "TypedDict" and isinstance(second, Map):
            pairs = [(e.key, e.value) for e in second.entries if e.key is not None]
        elif maker in ("NamedTuple", "make_dataclass", "defstruct") and isinstance(second, Seq):
            pairs = [(p.items[0], p.items[1]) for p in second.items if isinstance(p, Seq) and len(p.items) > 1]
        elif maker == "create_model":
            pairs = [
                (Lit(a.name), a.value.items[0])
                for a in value.args[1:]
                if a.name and isinstance(a.value, Seq) and a.value.items
            ]
        fields = [self._field(str(key.value), type_, place) for key, type_ in pairs if isinstance(key, Lit)]
        return Shape(name, at, tuple(fields)) if fields else None

    def of_class(self, cls: ClassRef, deep: int = 0) -> Shape | None:
        """Return the shape of a class of the project; None if some of its fields come from where nobody can look."""
        if deep > DEEPEST:
            return None
        program = self._program
        for base in program.scope(cls.place).bases:  # RootModel[list[X]]
            if isinstance(base, Item) and dotted(base.base).rpartition(".")[2] == "RootModel":
                return self.of_type(base.key, cls.place, deep + 1)
        outside = [b.name.removesuffix("()").rpartition(".")[2] for b in self._evaluator.outside_bases(cls)]
        if any(base not in _RECORD_BASES for base in outside) or self._unresolved(cls):
            return None
        assigned = bool(set(outside) & _ASSIGNED_BASES)
        fields: dict[str, ResultField] = {}
        held: list[tuple[Value, Place]] = []
        for ancestor in self._evaluator.ancestry(cls):
            for binding in self._program.files[ancestor.place.file].bindings:
                if binding.scope != ancestor.place.scope or binding.target in fields or not _public(binding.target):
                    continue
                annotation = _annotation(binding, assigned)
                if annotation is None or _is_class_variable(annotation):
                    continue
                fields[binding.target] = self._field(binding.target, annotation, ancestor.place, binding.value)
                held.append((annotation, ancestor.place))
            for number in program.children(ancestor.place):
                scope = program.files[ancestor.place.file].scopes[number]
                names = {dotted(d.func if isinstance(d, Call) else d).rpartition(".")[2] for d in scope.decorators}
                if scope.kind == "function" and names & _FIELD_DECORATORS and scope.name not in fields:
                    fields[scope.name] = self._field(scope.name, scope.returns, ancestor.place)
        if not fields:
            fields = self._from_constructor(cls)
        scope = program.scope(cls.place)
        if not fields:
            return None
        if len(self._wanted & fields.keys()) < _FEW:
            for annotation, place in held:
                inner = self.of_type(annotation, place, deep + 1) if _is_collection(annotation) else None
                if inner is not None and len(self._wanted & {f.name for f in inner.fields}) > len(
                    self._wanted & fields.keys()
                ):
                    return inner
        return Shape(scope.name, program.location(cls.place.file, scope.span), tuple(fields.values()))

    def _unresolved(self, cls: ClassRef) -> bool:
        """Say whether a base of the class, or of its ancestors, could not be followed at all."""
        for ancestor in self._evaluator.ancestry(cls):
            scope = self._program.scope(ancestor.place)
            for base in scope.bases:
                value = base.base if isinstance(base, Item) else base
                last = dotted(value).rpartition(".")[2]
                known = self._evaluator.evaluate(value, Place(ancestor.place.file, scope.parent))
                if last not in _RECORD_BASES and not any(isinstance(m, (ClassRef, External)) for m in known):
                    return True
        return False

    def _from_constructor(self, cls: ClassRef) -> dict[str, ResultField]:
        for ancestor in self._evaluator.ancestry(cls):
            for number in self._program.definitions(ancestor.place, "__init__"):
                place = Place(ancestor.place.file, number)
                parameters = self._program.scope(place).parameters[1:]
                if any(p.kind in ("*", "**") for p in parameters):
                    return {}
                return {p.name: self._field(p.name, p.annotation, place) for p in parameters}
        return {}

    def _field(self, name: str, annotation: Value | None, place: Place, default: Value | None = None) -> ResultField:
        aliases = []
        maker = default if isinstance(default, Call) else annotation if isinstance(annotation, Call) else None
        if maker is not None:
            keys = ("alias", "serialization_alias", "name", "data_key")
            aliases = [str(a.value.value) for a in maker.args if a.name in keys and isinstance(a.value, Lit)]
        return ResultField(name, readable_type(annotation), self.kind(annotation, place), tuple(aliases))

    def kind(self, annotation: Value | None, place: Place, deep: int = 0) -> str:
        """Return what a type comes down to; `unknown` where that can't be told, or where it can be several things."""
        if annotation is None or deep > DEEPEST:
            return "unknown"
        match annotation:
            case Either() | Operation(op="|"):
                kinds = {self.kind(o, place, deep + 1) for o in alternatives(annotation) if o != Lit(None)}
                return kinds.pop() if len(kinds) == 1 else "unknown"
            case Item():
                last = dotted(annotation.base).rpartition(".")[2]
                if last in ("Optional", "Annotated", "Required", "NotRequired", "ReadOnly", "Final", "Mapped"):
                    key = annotation.key.items[0] if isinstance(annotation.key, Seq) else annotation.key
                    return self.kind(key, place, deep + 1)
                return _KINDS.get(last, "unknown")
            case Call():
                return self.kind(annotation.func, place, deep + 1)
            case Ref() | Attr():
                last = dotted(annotation).rpartition(".")[2]
                return _KINDS.get(last) or self._kind_of_name(annotation, place, deep)
            case _:
                return "unknown"

    def _kind_of_name(self, name: Ref | Attr, place: Place, deep: int) -> str:
        for meaning in self._evaluator.evaluate(name, place):
            if isinstance(meaning, ClassRef):
                outside = {b.name.rpartition(".")[2] for b in self._evaluator.outside_bases(meaning)}
                if outside & {"Enum", "StrEnum", "TextChoices"}:
                    return "str"
                if outside & {"IntEnum", "IntegerChoices"}:
                    return "int"
                return "mapping"  # an object with fields travels as a mapping
        if isinstance(name, Ref):
            for value, there in self._definitions(name.name, place):
                return self.kind(value, there, deep + 1)
        return "unknown"

    # -- values ----------------------------------------------------------------------------------------------------

    def of_function(self, function: Place, deep: int = 0) -> Shape | None:
        """Return the record that a function returns one or many of: by its annotation, else by what it returns."""
        shape = self.of_type(self._program.scope(function).returns, function, deep + 1)
        if shape is not None or deep > DEEPEST:
            return shape
        found = []
        for use in self._program.returns[function.file].get(function.scope, ()):
            if use.value in (Seq(()), Lit(None), Map(())):
                continue  # nothing found: says nothing of what is
            shape = self.of_value(use.value, function, deep + 1)
            if shape is None:
                return None
            found.append(shape)
        names = {frozenset(f.name for f in shape.fields) for shape in found}
        return found[0] if len(names) == 1 else None

    def of_value(self, value: Value, place: Place, deep: int = 0) -> Shape | None:
        """Return the record that an expression makes one or many of."""
        if deep > DEEPEST:
            return None
        match value:
            case Seq():
                found = [self.of_value(item, place, deep + 1) for item in value.items]
                return found[0] if found and all(found) else None
            case Map():
                return self._of_display(value, place, deep)
            case Call():
                return self._of_call(value, place, deep)
            case Ref():
                return self._of_local(value.name, place, deep)
            case _:
                return None

    def _of_display(self, value: Map, place: Place, deep: int) -> Shape | None:
        keys = [e.key.value for e in value.entries if isinstance(e.key, Lit) and isinstance(e.key.value, str)]
        if len(keys) != len(value.entries) or not keys:
            return None
        if len(self._wanted & set(keys)) < _FEW:
            for entry in value.entries:
                inner = self.of_value(entry.value, place, deep + 1) if not isinstance(entry.value, Map) else None
                if inner is not None:
                    return inner
        fields = (ResultField(key, "", _literal_kind(e)) for key, e in zip(keys, value.entries, strict=True))
        return Shape("", None, tuple(fields))

    def _of_call(self, call: Call, place: Place, deep: int) -> Shape | None:
        last = getattr(call.func, "name", "")
        if last in _DUMPS and isinstance(call.func, Attr) and not call.args:
            return self.of_value(call.func.base, place, deep + 1)
        if last in _WRAPPING_CALLS and call.args:
            return self.of_value(call.args[0].value, place, deep + 1)
        for callee in self._evaluator.evaluate(call.func, place):
            if isinstance(callee, ClassRef):
                return self.of_class(callee, deep + 1)
            if isinstance(callee, FunctionRef):
                return self.of_function(callee.place, deep + 1)
        return None

    def _of_local(self, name: str, place: Place, deep: int) -> Shape | None:
        program = self._program
        for binding in program.bindings(place, name):
            shape = self.of_type(binding.annotation, place, deep + 1)
            if shape is None and binding.value is not None and binding.how == "=":
                shape = self.of_value(binding.value, place, deep + 1)
            if shape is not None:
                return shape
        appended = [
            site.call.args[0].value
            for site in program.sites_by_name.get("append", ())
            if site.place == place and isinstance(site.call.func, Attr) and site.call.func.base == Ref(name)
            and site.call.args
        ]  # fmt: skip
        found = [self.of_value(value, place, deep + 1) for value in appended]
        if found and all(found):
            return found[0]
        for meaning in self._evaluator.evaluate(Ref(name), place):
            if isinstance(meaning, Instance):
                return self.of_class(meaning.of, deep + 1)
            if isinstance(meaning, Display) and meaning.place != place:
                return self.of_value(meaning.value, meaning.place, deep + 1)
        return None


def readable_type(annotation: Value | None) -> str:
    """Return a type as people write it, cut short."""
    match annotation:
        case None:
            return ""
        case Item():
            keys = annotation.key.items if isinstance(annotation.key, Seq) else (annotation.key,)
            return f"{dotted(annotation.base)}[{', '.join(readable_type(k) for k in keys)}]"[:80]
        case Either() | Operation(op="|"):
            return " | ".join(readable_type(o) for o in alternatives(annotation))[:80]
        case Lit():
            return repr(annotation.value) if annotation.value is not None else "None"
        case Call():
            return dotted(annotation.func)
        case _:
            return dotted(annotation)


def _public(target: str) -> bool:
    return target.isidentifier() and not target.startswith("_") and not target.isupper() and target != "model_config"


def _annotation(binding: Binding, assigned: bool) -> Value | None:
    """Return the type of a field: as annotated, or what makes it where fields are assigned (attrs, serialisers)."""
    if binding.annotation is not None:
        return binding.annotation
    if not isinstance(binding.value, Call):
        return None
    last = dotted(binding.value.func).rpartition(".")[2]
    if last in _ASSIGNED_MAKERS and not assigned:
        types = [a.value for a in binding.value.args if a.name == "type"]
        return types[0] if types else binding.value
    return binding.value if assigned else None


def _is_class_variable(annotation: Value) -> bool:
    base = annotation.base if isinstance(annotation, Item) else annotation
    return dotted(base).rpartition(".")[2] in ("ClassVar", "InitVar", "PrivateAttr")


def _is_collection(annotation: Value) -> bool:
    if len(alternatives(annotation)) > 1:
        return any(_is_collection(option) for option in alternatives(annotation))
    if not isinstance(annotation, Item):
        return isinstance(annotation, Call) and bool(annotation.args)
    last = dotted(annotation.base).rpartition(".")[2]
    if last in ("Optional", "Annotated"):
        return any(
            _is_collection(k) for k in (annotation.key.items if isinstance(annotation.key, Seq) else (annotation.key,))
        )
    return _KINDS.get(last) == "list" or last in ("Collection", "Iterator", "AsyncIterator")


def _literal_kind(entry: Entry) -> str:
    match entry.value:
        case Lit(value=bool()):
            return "bool"
        case Lit(value=str()) | Text():
            return "str"
        case Lit(value=float()):
            return "float"
        case Lit(value=int()):
            return "int"
        case Map():
            return "mapping"
        case Seq():
            return "list"
        case _:
            return "unknown"
