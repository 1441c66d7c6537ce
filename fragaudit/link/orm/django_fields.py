"""Django's fields, indexes and constraints as they are written, in models and in migrations alike."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from fragaudit.link.abstract import ClassRef, External
from fragaudit.link.orm.alchemy_table import written_key
from fragaudit.link.orm.classes import Classes
from fragaudit.link.orm.core import python_literal
from fragaudit.link.orm.django_state import Field, Part, Spec
from fragaudit.link.orm.reader import Read, Reader, View
from fragaudit.link.program import Place
from fragaudit.model.schema import Method
from fragaudit.model.sql import And, Column, Compare, Constant, Expression, Mark, Opaque, Predicate
from fragaudit.model.values import Attr, Call, Lit, Operation, Ref, Seq, Span, Value, calls

_TYPES = {
    "AutoField": "integer", "BigAutoField": "bigint", "SmallAutoField": "smallint", "CharField": "varchar",
    "SlugField": "varchar(50)", "EmailField": "varchar(254)", "URLField": "varchar(200)", "FileField": "varchar(100)",
    "ImageField": "varchar(100)", "FilePathField": "varchar(100)", "TextField": "text", "IntegerField": "integer",
    "BigIntegerField": "bigint", "SmallIntegerField": "smallint", "PositiveIntegerField": "integer",
    "PositiveBigIntegerField": "bigint", "PositiveSmallIntegerField": "smallint", "BooleanField": "boolean",
    "NullBooleanField": "boolean", "DateField": "date", "DateTimeField": "timestamp", "TimeField": "time",
    "DecimalField": "numeric", "FloatField": "float", "DurationField": "interval", "JSONField": "jsonb",
    "UUIDField": "uuid", "GenericIPAddressField": "inet", "IPAddressField": "inet", "BinaryField": "bytea",
    "SearchVectorField": "tsvector", "VectorField": "vector", "HalfVectorField": "halfvec", "HStoreField": "hstore",
    "CITextField": "citext", "CICharField": "citext", "CIEmailField": "citext", "MoneyField": "numeric",
    "CommaSeparatedIntegerField": "varchar", "XMLField": "text",
}  # fmt: skip
_GEOMETRY = frozenset(
    {"GeometryField", "PointField", "LineStringField", "PolygonField", "MultiPointField", "MultiLineStringField",
     "MultiPolygonField", "GeometryCollectionField", "RasterField"}
)  # fmt: skip
_NO_COLUMN = frozenset({"GenericRelation", "GenericForeignKey", "CompositePrimaryKey", "HistoricalRecords"})
_MANY = ("ManyToManyField", "ParentalManyToManyField", "SortedManyToManyField", "TaggableManager")
_ONE = ("OneToOneField", "AutoOneToOneField")
_FOREIGN = ("ForeignKey", "ParentalKey", "TreeForeignKey", "ForeignObject", "HierarchyForeignKey", "TenantForeignKey")
_INDEXES: dict[str, tuple[Method, str]] = {
    "Index": ("btree", "idx"), "BTreeIndex": ("btree", "btree"), "GinIndex": ("gin", "gin"),
    "GistIndex": ("gist", "gist"), "BrinIndex": ("brin", "brin"), "HashIndex": ("hash", "hash"),
    "SpGistIndex": ("spgist", "spgist"), "BloomIndex": ("bloom", "bloom"), "HnswIndex": ("vector", "hnsw"),
    "IvfflatIndex": ("vector", "ivfflat"), "FullTextIndex": ("fulltext", "idx"),
}  # fmt: skip
_LOOKUPS = {"exact": "=", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
_FUNCTIONS = {"Lower": "lower", "Upper": "upper", "Trim": "trim", "Length": "length", "Abs": "abs"}
_SETTING = re.compile(r"^[A-Z][A-Z0-9_]*_MODEL$")


class FieldReader:
    """Reads fields and indexes. `label` tells which model a reference means, seen from an app."""

    def __init__(self, reader: Reader, classes: Classes, mark: Callable[[View, Span], Mark]) -> None:
        self.reader = reader
        self.classes = classes
        self._mark = mark
        self.app_of: Callable[[ClassRef], str] = lambda cls: ""
        self.user = "auth.user"

    # -- fields ----------------------------------------------------------------------------------------------------

    def kind(self, call: Call, view: View) -> str:
        """Return the name of the library's field class that a call makes an object of, empty if it is no field."""
        for meaning in self.reader.meanings(call.func, view):
            if isinstance(meaning, ClassRef):
                for name in self.classes.outside(meaning):
                    last = name.rpartition(".")[2]
                    if _is_field(last):
                        return last
                return ""
            if isinstance(meaning, External):
                if meaning.name.startswith(("django.forms", "rest_framework", "wtforms", "marshmallow")):
                    return ""
                last = meaning.name.rpartition(".")[2]
                return last if _is_field(last) else ""
        last = self.reader.last(call, view)
        return last if _is_field(last) else ""

    def field(self, name: str, read: Read, app: str, at: Mark, own: str = "") -> Field | None:
        """Return the field an expression makes under a name; `own` is the model it stands in, for `self`."""
        read = read if isinstance(read.value, Call) and self.kind(read.value, read.view) else self.reader.follow(read)
        call, view = read.value, read.view
        if not isinstance(call, Call):
            return None
        last = self.kind(call, view)
        if not last or last in _NO_COLUMN:
            return None
        options = {**self._defaults(call, view), **self.reader.keywords(call, view), **self._forced(call, view)}
        positional = self.reader.positional(call, view) or []
        flag = {key: self.reader.flag(read) for key, read in options.items()}
        special = "many" if last in _MANY else "one" if last in _ONE else "foreign" if last in _FOREIGN else ""
        given = self.reader.text(options["db_column"]) if "db_column" in options else None
        unique = flag.get("unique") is True or special == "one"
        indexed = flag.get("db_index")
        if indexed is None:
            default = last in ("SlugField", "AutoSlugField") or special == "foreign"
            indexed = default if "db_index" not in options else True
        to = ""
        if special:
            target = options.get("to") or (positional[0] if positional else None)
            to = self.label(target, app, own) if target is not None else ""
            if last == "TaggableManager":
                return None
        table = self.reader.text(options["db_table"]) if "db_table" in options else None
        through = options.get("through")
        collation = self.reader.text(options["db_collation"]) if "db_collation" in options else None
        to_field = self.reader.text(options["to_field"]) if "to_field" in options else None
        on_delete = options.get("on_delete") or (positional[1] if special and len(positional) > 1 else None)
        return Field(
            name,
            given or (name + "_id" if special in ("foreign", "one") else name),
            "bigint" if special else self._type(last, options, positional),
            special,
            null=flag.get("null") is True,
            primary=flag.get("primary_key") is True,
            unique=unique,
            db_index=indexed and not unique,
            spatial=last in _GEOMETRY and flag.get("spatial_index") is not False,
            to=to,
            to_field=to_field or "",
            through=(self.label(through, app, own) or "?") if through is not None else "",
            db_table=table or "",
            constraint=flag.get("db_constraint") is not False,
            parent_link=flag.get("parent_link") is True,
            collation=collation or "",
            on_delete=_on_delete(on_delete.value) if on_delete is not None else "",
            at=at,
        )

    def _type(self, last: str, options: Mapping[str, Read], positional: list[Read]) -> str:
        if last == "ArrayField":
            base = options.get("base_field") or (positional[0] if positional else None)
            if base is not None and isinstance(base.value, Call):
                inner = self.kind(base.value, base.view)
                return self._type(inner, self.reader.keywords(base.value, base.view), []) + "[]"
            return "array"
        if last in _GEOMETRY:
            return "geometry"
        name = _TYPES.get(last, last.removesuffix("Field").lower())
        size = options.get("max_length") or options.get("dimensions")
        length = self.reader.constant(size) if size is not None else None
        if isinstance(length, int) and name.partition("(")[0] in ("varchar", "vector", "halfvec"):
            return f"{name.partition('(')[0]}({length})"
        return name

    def _defaults(self, call: Call, view: View) -> dict[str, Read]:
        return self._init(call, view, forced=False)

    def _forced(self, call: Call, view: View) -> dict[str, Read]:
        return self._init(call, view, forced=True)

    def _init(self, call: Call, view: View, *, forced: bool) -> dict[str, Read]:
        """Return the options that a field class of the project sets itself: as defaults, or whatever was given."""
        own = self.reader.project_class(call.func, view)
        found: dict[str, Read] = {}
        for cls in reversed(self.classes.order(own)) if own is not None else ():
            place = self.classes.functions(cls).get("__init__")
            if place is None:
                continue
            inside = View(place)
            parameters = [p.name for p in self.reader.program.scope(place).parameters if p.kind == "**"]
            name = parameters[0] if parameters else "kwargs"
            if forced:
                for binding in self.reader.program.bindings(place, f"{name}[]"):
                    if (
                        binding.value is not None
                        and isinstance(binding.key, Lit)
                        and isinstance(binding.key.value, str)
                    ):
                        found[binding.key.value] = Read(binding.value, inside)
            for use in self._uses(place):
                for each in calls(use):
                    if not isinstance(each.func, Attr):
                        continue
                    if not forced and each.func.name == "setdefault" and len(each.args) == 2:
                        key = self.reader.text(Read(each.args[0].value, inside))
                        if key and isinstance(each.func.base, Ref) and each.func.base.name == name:
                            found[key] = Read(each.args[1].value, inside)
                    elif forced and each.func.name == "__init__":
                        found.update(
                            {a.name: Read(a.value, inside) for a in each.args
                             if a.name and a.name not in "**" and not _passes_on(a.value, a.name)}
                        )  # fmt: skip
        return found

    def _uses(self, place: Place) -> list[Value]:
        return [u.value for u in self.reader.program.files[place.file].uses if u.scope == place.scope]

    def label(self, read: Read, app: str, own: str = "") -> str:
        """Return `app.model` in lower case for a reference to a model; empty if it can't be followed."""
        value, view = read.value, read.view
        if isinstance(value, Call) and self.reader.last(value, view) == "get_user_model":
            return self.user
        if isinstance(value, Call) and self.reader.last(value, view) == "swappable_dependency":
            return self.user
        if isinstance(value, Attr) and _SETTING.match(value.name):
            return self.user if value.name == "AUTH_USER_MODEL" else self._setting(read)
        text = self.reader.text(read)
        if text is not None:
            if text == "self":
                return own
            return (text if "." in text else f"{app}.{text}").lower()
        for meaning in self.reader.meanings(value, view):
            if isinstance(meaning, ClassRef):
                return f"{self.app_of(meaning)}.{self.classes.scope(meaning).name}".lower()
            if isinstance(meaning, External):
                return _outside_label(meaning.name)
        if isinstance(value, Ref):
            followed = self.reader.follow(read)
            if followed.value is not value:
                return self.label(followed, app, own)
        return ""

    def _setting(self, read: Read) -> str:
        text = self.reader.text(read)
        return text.lower() if text and "." in text else ""

    # -- indexes ---------------------------------------------------------------------------------------------------

    def specs(self, read: Read) -> tuple[list[Spec], str]:
        """Return the indexes or constraints of a list, and what of it was not understood."""
        items = self.reader.items(read)
        if items is None:
            return [], "a list of indexes can't be followed"
        found, why = [], ""
        for item in items:
            followed = item if isinstance(item.value, Call) else self.reader.follow(item)
            spec = self.spec(followed)
            if spec is not None:
                found.append(spec)
            elif not (isinstance(followed.value, Call) and self.reader.last(followed.value, followed.view) in _IGNORED):
                why = "an index can't be followed"
        return found, why

    def spec(self, read: Read) -> Spec | None:
        """Return an index or unique constraint; None for what is neither, or can't be read."""
        call, view = read.value, read.view
        if not isinstance(call, Call):
            return None
        last = self.reader.last(call, view)
        own = self.reader.project_class(call.func, view)
        if own is not None:
            last = next((n.rpartition(".")[2] for n in self.classes.outside(own)), last)
        options = self.reader.keywords(call, view)
        name = (self.reader.text(options["name"]) or "") if "name" in options else ""
        at = self._mark(view, call.at)
        if last == "ExclusionConstraint":
            return Spec((Part(expression="?"),), name, method="gist", at=at)
        unique = last == "UniqueConstraint"
        if last not in _INDEXES and not unique:
            return None
        method, suffix = _INDEXES.get(last, ("btree", "idx"))
        positional = self.reader.positional(call, view)
        fields = self.reader.texts(options["fields"]) if "fields" in options else ()
        if positional is None or fields is None:
            return None
        classes = self.reader.texts(options["opclasses"]) if "opclasses" in options else ()
        parts = [Part(f.lstrip("-"), descending=f.startswith("-")) for f in fields]
        if classes:
            parts = [
                Part(p.field, p.expression, p.descending, c) for p, c in zip(parts, classes, strict=False)
            ] or parts
        parts += [self.part(item) for item in positional]
        include = self.reader.texts(options["include"]) if "include" in options else ()
        where, text = None, ""
        if "condition" in options and options["condition"].value != Lit(None):
            where, text = self.condition(options["condition"])
        if not parts:
            return None
        return Spec(tuple(parts), name, unique, unique, method, suffix, where, text, include or (), at)

    def part(self, read: Read) -> Part:
        """Return one key of an index given by expressions: a field, with a direction, in a function."""
        value, view = read.value, read.view
        text = self.reader.text(read)
        if text is not None:
            return Part(text.lstrip("-"), descending=text.startswith("-"))
        if not isinstance(value, Call):
            return Part(expression="?")
        last = self.reader.last(value, view)
        if isinstance(value.func, Attr) and value.func.name in ("desc", "asc"):
            inner = self.part(Read(value.func.base, view))
            return Part(inner.field, inner.expression, value.func.name == "desc", inner.opclass)
        first = Read(value.args[0].value, view) if value.args else None
        if first is None:
            return Part(expression="?")
        if last == "F":
            return self.part(first)
        if last == "OrderBy":
            inner = self.part(first)
            turned = self.reader.flag(self.reader.keywords(value, view).get("descending")) is True
            return Part(inner.field, inner.expression, turned, inner.opclass)
        if last == "OpClass":
            inner = self.part(first)
            name = self.reader.keywords(value, view).get("name")
            return Part(
                inner.field, inner.expression, inner.descending, (self.reader.text(name) or "?") if name else "?"
            )
        if last == "RawSQL":
            raw = self.reader.text(first)
            return Part(expression=written_key(raw).expression or raw) if raw else Part(expression="?")
        if last in _FUNCTIONS and len(value.args) == 1:
            inner = self.part(first)
            if inner.field:
                return Part(expression=f"{_FUNCTIONS[last]}({inner.field})")
        return Part(expression="?")

    def condition(self, read: Read) -> tuple[Predicate, str]:
        """Return the predicate of a partial index from its `Q`, and its text."""
        found = self._conditions(read)
        if found is None or not found:
            return Opaque(Expression("?"), unknown=True), "?"
        text = " AND ".join(_shown(compare) for compare in found)
        return (found[0] if len(found) == 1 else And(tuple(found))), text

    def _conditions(self, read: Read) -> list[Compare] | None:
        followed = self.reader.follow(read)
        value, view = followed.value, followed.view
        if isinstance(value, Operation) and value.op == "&":
            parts = [self._conditions(Read(operand, view)) for operand in value.operands]
            return [c for part in parts for c in part or ()] if None not in parts else None
        if isinstance(value, Operation) and value.op == "~" and isinstance(value.operands[0], Call):
            inner = self._conditions(Read(value.operands[0], view))
            if inner and len(inner) == 1 and inner[0].op in _NEGATED:
                return [Compare(inner[0].left, _NEGATED[inner[0].op], inner[0].right)]  # type: ignore[arg-type]
            return None
        if not isinstance(value, Call) or self.reader.last(value, view) != "Q":
            return None
        found: list[Compare] = []
        pairs: list[tuple[str, Read]] = []
        for argument in value.args:
            if argument.name is not None:
                pairs.append((argument.name, Read(argument.value, view)))
            elif isinstance(argument.value, Seq) and len(argument.value.items) == 2:  # as migrations write it
                key = self.reader.text(Read(argument.value.items[0], view))
                if key is None:
                    return None
                pairs.append((key, Read(argument.value.items[1], view)))
            else:
                inner = self._conditions(Read(argument.value, view))
                if inner is None:
                    return None
                found.extend(inner)
        for key, given in pairs:
            if key.startswith("_"):
                return None
            name, _, lookup = key.partition("__")
            compare = self._lookup(name, lookup or "exact", given)
            if compare is None:
                return None
            found.append(compare)
        return found

    def _lookup(self, name: str, lookup: str, given: Read) -> Compare | None:
        column = Column("", name)
        constant = self.reader.constant(given)
        if lookup == "isnull" and isinstance(constant, bool):
            return Compare(column, "is null" if constant else "is not null")
        if lookup == "exact" and given.value == Lit(None):
            return Compare(column, "is null")
        if lookup == "exact" and isinstance(constant, bool):
            return Compare(column, "true" if constant else "false")
        if lookup in _LOOKUPS and constant is not None:
            return Compare(column, _LOOKUPS[lookup], (python_literal(constant),))  # type: ignore[arg-type]
        if lookup == "in":
            items = self.reader.items(given)
            values = [self.reader.constant(item) for item in items or []]
            if values and None not in values:
                return Compare(column, "in", tuple(python_literal(v) for v in values))
        return None


_NEGATED = {"is null": "is not null", "is not null": "is null", "true": "false", "false": "true", "=": "<>"}
_IGNORED = frozenset({"CheckConstraint"})


def _is_field(last: str) -> bool:
    return (last.endswith(("Field", "ForeignKey")) or last in (*_MANY, *_ONE, *_FOREIGN)) and last != "Field"


def _passes_on(value: Value, name: str) -> bool:
    return isinstance(value, Ref) and value.name == name


def _on_delete(value: Value) -> str:
    return getattr(value, "name", "").lower().replace("_", " ")


def _outside_label(dotted: str) -> str:
    """Return the label of a library's model by its dotted name: the package that holds `models`, and the class."""
    parts = dotted.split(".")
    if "models" in parts and parts.index("models") > 0:
        return f"{parts[parts.index('models') - 1]}.{parts[-1]}".lower()
    return f"{parts[-2] if len(parts) > 1 else ''}.{parts[-1]}".lower()


def _shown(compare: Compare) -> str:
    name = compare.left.name if isinstance(compare.left, Column) else "?"
    values = ", ".join(_constant(c) for c in compare.right if isinstance(c, Constant))
    if compare.op in ("true", "false"):
        return name if compare.op == "true" else f"NOT {name}"
    if compare.op == "in":
        return f"{name} IN ({values})"
    return f"{name} {compare.op.upper()} {values}".strip()


def _constant(constant: Constant) -> str:
    return f"'{constant.value}'" if constant.kind == "string" else str(constant.value)


__all__ = ["FieldReader"]
