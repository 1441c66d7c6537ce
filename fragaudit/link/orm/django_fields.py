"""Django's fields as they are written, in models and in migrations alike."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from fragaudit.link.abstract import ClassRef, External
from fragaudit.link.orm.classes import Classes
from fragaudit.link.orm.django_indexes import IndexReader
from fragaudit.link.orm.django_state import Field
from fragaudit.link.orm.reader import Read, Reader, View
from fragaudit.link.program import Place
from fragaudit.model.sql import Mark
from fragaudit.model.values import Attr, Call, Lit, Ref, Span, Value, calls

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
_SETTING = re.compile(r"^[A-Z][A-Z0-9_]*_MODEL$")


class FieldReader(IndexReader):
    """Reads fields, and indexes too. `label` tells which model a reference means, seen from an app."""

    def __init__(self, reader: Reader, classes: Classes, mark: Callable[[View, Span], Mark]) -> None:
        super().__init__(reader, classes, mark)
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
            chosen="choices" in options and options["choices"].value != Lit(None) and not special,
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
                if meaning.name.endswith(".get_user_model()"):  # User = get_user_model()
                    return self.user
                return _outside_label(meaning.name)
        if isinstance(value, Ref):
            followed = self.reader.follow(read)
            if followed.value is not value:
                return self.label(followed, app, own)
        return ""

    def _setting(self, read: Read) -> str:
        text = self.reader.text(read)
        return text.lower() if text and "." in text else ""


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


__all__ = ["FieldReader"]
