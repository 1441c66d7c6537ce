"""SQLAlchemy and SQLModel: declarative classes, imperative tables, and the indexes that stand beside them."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field

from fragaudit.link.abstract import ClassRef
from fragaudit.link.orm.alchemy_table import COLUMNS, TYPES, Draft, Drawn, TableReader, column_indexes
from fragaudit.link.orm.classes import Classes
from fragaudit.link.orm.core import Model, Places, Relation
from fragaudit.link.orm.reader import Read, Reader, View, argument, snake
from fragaudit.link.program import Place
from fragaudit.model.facts import MODULE_SCOPE, Binding
from fragaudit.model.locations import Location
from fragaudit.model.schema import ColumnDef, ForeignKeyDef
from fragaudit.model.sql import Mark
from fragaudit.model.values import Attr, Call, Either, Item, Lit, Map, Operation, Ref, Seq, Value, alternatives

_DECLARATIVE = ("declarative_base", "generate_base", "automap_base", "as_declarative", "as_declarative_base")
_BASES = frozenset({"DeclarativeBase", "DeclarativeBaseNoMeta", "SQLModel", "@mapped", "@mapped_as_dataclass", "Model"})
_HARMLESS = frozenset(
    {
        "object", "ABC", "Generic", "Protocol", "MappedAsDataclass", "AsyncAttrs", "BaseModel", "Enum", "str", "dict",
        "DeclarativeMeta", "NamedTuple", "UserMixin", "AnonymousUserMixin", "DeclarativeBase", "DeclarativeBaseNoMeta",
        "SQLModel", "@mapped", "@mapped_as_dataclass", "@as_declarative", "AbstractConcreteBase", "ConcreteBase",
        "Model", "Base", "Representable", "SerializerMixin", "ModelBase", "Mapping", "RoleMixin", "BaseQuery",
    }
)  # fmt: skip
"""Bases of other libraries that define no columns."""

_RELATIONS = frozenset({"relationship", "Relationship", "dynamic_loader", "backref"})
_NOT_COLUMNS = frozenset(
    {
        "relationship", "Relationship", "synonym", "association_proxy", "composite", "hybrid_property", "PrivateAttr",
        "ConfigDict", "dict",
    }
)  # fmt: skip


@dataclass
class _Mapped:
    """A class while its table is put together."""

    cls: ClassRef
    draft: Draft
    relations: dict[str, Relation] = field(default_factory=dict)
    order: tuple[str, ...] = ()
    subtype: bool = False


class Alchemy:
    """Finds the tables of SQLAlchemy and SQLModel."""

    def __init__(self, reader: Reader, classes: Classes, places: Places) -> None:
        self.reader = reader
        self.classes = classes
        self.program = reader.program
        self.tables = TableReader(reader, places)
        self.tables.named = self._name_of
        self.places = places
        self._mapped: dict[ClassRef, _Mapped | None] = {}
        self._open: set[ClassRef] = set()
        self._imperative: dict[str, Draft] = {}
        self.dynamic: list[Location] = []
        self._tables_written: frozenset[str] | None = None

    def all(self) -> list[Model]:
        """Return every table, classes first, in order of file and appearance."""
        for cls in self.classes.all():
            self.mapped(cls)
        imperative = self._imperative_tables()
        self._beside()
        found: list[Model] = []
        seen: set[int] = set()
        for mapped in self._mapped.values():
            if mapped is not None:
                # Classes of one table (single-table inheritance) share its draft; the first one stands for it.
                name = self.classes.scope(mapped.cls).name
                at = self.program.location(mapped.cls.place.file, self.classes.scope(mapped.cls).span)
                first = id(mapped.draft) not in seen
                seen.add(id(mapped.draft))
                framework = "sqlalchemy" if first else "sqlalchemy-single"
                if mapped.draft.name == "?":
                    self.dynamic.append(at)
                    continue
                found.append(
                    Model(framework, mapped.cls, name, mapped.draft.table(), at, dict(mapped.draft.attributes),
                          dict(mapped.relations), mapped.order, subtype=mapped.subtype,
                          family=self._family(mapped.cls))
                )  # fmt: skip
        for draft, at in imperative:
            if id(draft) not in seen:
                found.append(Model("sqlalchemy", None, draft.name, draft.table(), at, dict(draft.attributes)))
        return found

    def _family(self, cls: ClassRef) -> str:
        """Return what stands for the metadata of a class: where the base that all of its kind derive from is made."""
        top = self.classes.order(cls)[-1]
        scope = self.classes.scope(top)
        view = View(Place(top.place.file, max(scope.parent, MODULE_SCOPE)))
        made = self.reader.follow(Read(scope.bases[0], view)) if scope.bases else None
        if made is not None and isinstance(made.value, Call):
            return str(self.reader.location(made.view, made.value.at))
        return self.program.qualified(top.place) if top != cls else ""

    # -- classes ---------------------------------------------------------------------------------------------------

    def mapped(self, cls: ClassRef) -> _Mapped | None:
        """Return the table of a class, or None if it has none."""
        if cls in self._mapped:
            return self._mapped[cls]
        if cls in self._open:
            return None
        self._open.add(cls)
        found = self._map(cls)
        self._open.discard(cls)
        self._mapped[cls] = found
        return found

    def _map(self, cls: ClassRef) -> _Mapped | None:
        order = self.classes.order(cls)
        outside = self.classes.outside(cls)
        if not self._is_declarative(cls, outside):
            return None
        members = self.classes.members(cls)
        abstract = members.get("__abstract__")
        if abstract is not None and self.reader.flag(self._read(abstract, cls)) is not False:
            return None
        parent = next((m for c in order[1:] if (m := self.mapped(c)) is not None), None)
        view = self._view(cls, "")
        if self._is_sqlmodel(outside) and parent is None and not self._is_table(cls):
            return None
        own = members.get("__table__")
        if own is not None and own.value is not None:
            return self._around(cls, own, view)
        name = self._tablename(cls, order, parent, outside)
        concrete = self._concrete(cls, order)
        if name is None:
            if parent is None or concrete:
                return None
            self._collect(cls, order, parent, parent.draft)
            return _Mapped(cls, parent.draft, {**parent.relations, **self._relations(cls, order, parent)})
        draft = Draft(name, at=self.tables.mark(view, self.classes.scope(cls).span))
        draft.convention = self.convention(cls)
        foreign = [
            b
            for b in outside
            if b.rpartition(".")[2] not in _HARMLESS and not b.removesuffix("()").endswith(_DECLARATIVE)
        ]
        if foreign:
            draft.opaque = f"its base {foreign[0]} isn't in the repository"
        inherited = None if concrete else parent
        if inherited is not None:
            draft.attributes.update(inherited.draft.attributes)
        self._collect(cls, order, inherited, draft)
        self._arguments(cls, order, parent, draft)
        relations = {**(inherited.relations if inherited else {}), **self._relations(cls, order, inherited)}
        return _Mapped(cls, draft, relations, self._order_by(cls, draft), inherited is not None)

    def _is_declarative(self, cls: ClassRef, outside: tuple[str, ...]) -> bool:
        if any(name.removesuffix("()").endswith(_DECLARATIVE) or name.rpartition(".")[2] in _BASES for name in outside):
            return not any(name.startswith("django.") for name in outside)
        if not outside:
            return False
        # A base that isn't in the repository: the class says itself that it has a table, with columns as they are here.
        members = self.classes.members(cls)
        if "__tablename__" not in members and "__tablename__" not in self.classes.functions(cls):
            return False
        values = [self._read(b, cls) for b in members.values() if isinstance(b.value, Call)]
        return any(self.reader.last(read.value, read.view) in COLUMNS for read in values)

    def _is_sqlmodel(self, outside: tuple[str, ...]) -> bool:
        return any(name.rpartition(".")[2] == "SQLModel" for name in outside)

    def _is_table(self, cls: ClassRef) -> bool:
        return any(key == "table" and value == Lit(True) for key, value in self.classes.scope(cls).keywords)

    def _read(self, binding: Binding, cls: ClassRef, names: Mapping[str, Read] | None = None) -> Read:
        return Read(binding.value if binding.value is not None else Lit(None), View(cls.place, names or {}))

    def _view(self, cls: ClassRef, table: str) -> View:
        """Return a view in which `cls`, `__name__` and `__tablename__` are those of a class."""
        return View(cls.place, self._names(cls, table))

    def _names(self, cls: ClassRef, table: str, first: str = "cls") -> dict[str, Read]:
        here = View(cls.place)
        names = {f"{first}.__name__": Read(Lit(self.classes.scope(cls).name), here)}
        if table:
            names[f"{first}.__tablename__"] = Read(Lit(table), here)
            names["__tablename__"] = Read(Lit(table), here)
        return names

    def _declared(self, cls: ClassRef, function: Place, table: str) -> Read | None:
        """Return what a `declared_attr` gives for a class."""
        returned = [u for u in self.program.returns[function.file].get(function.scope, ()) if u.how == "return"]
        if not returned:
            return None
        parameters = self.program.scope(function).parameters
        first = parameters[0].name if parameters else "cls"
        view = View(function, self._names(cls, table, first))
        values = tuple(u.value for u in returned)
        return Read(values[0] if len(values) == 1 else self.reader.kept(Either(values)), view)

    def _tablename(
        self, cls: ClassRef, order: tuple[ClassRef, ...], parent: _Mapped | None, outside: tuple[str, ...]
    ) -> str | None:
        above = set(self.classes.order(parent.cls)) if parent is not None else set()
        for each in order:
            binding = self.classes.members(each).get("__tablename__")
            if binding is not None and binding.value is not None and each not in above:
                read = self._read(binding, each, self._names(cls, ""))
                return None if read.value == Lit(None) else self.reader.text(read) or "?"
            function = self.classes.functions(each).get("__tablename__")
            if function is not None:
                declared = self._declared(cls, function, "")
                if declared is None or declared.value == Lit(None):
                    return None
                return self.reader.text(declared) or self._recognised(self.classes.scope(cls).name) or "?"
        name = self.classes.scope(cls).name
        if parent is not None:
            return None if not self._is_table(cls) else name.lower()
        if self._is_sqlmodel(outside) and self._is_table(cls):
            return name.lower()
        if any(base.endswith(".SQLAlchemy.Model") for base in outside):
            return snake(name)
        return None

    def _name_of(self, cls: ClassRef) -> str:
        """Return the name of a class's table, or of the one above that it shares; empty if it can't be followed."""
        name = self._tablename(cls, self.classes.order(cls), None, self.classes.outside(cls))
        return name if name and name != "?" else ""

    def _recognised(self, name: str) -> str:
        """Return the table that a class's name, written as tables are, has where the repository writes tables out.

        What computes the name can't always be followed; the usual result counts if a key or a migration says it.
        """
        if self._tables_written is None:
            written: set[str] = set()
            for function in ("ForeignKey", "create_table"):
                for site in self.program.sites_by_name.get(function, ()):
                    first = site.call.args[0].value if site.call.args else None
                    if isinstance(first, Lit) and isinstance(first.value, str):
                        parts = first.value.split(".")
                        written.add(parts[0] if function == "create_table" or len(parts) < 2 else parts[-2])
            self._tables_written = frozenset(written)
        usual = dict.fromkeys((snake(name), f"{snake(name)}s", name.lower(), f"{name.lower()}s"))
        found = [one for one in usual if one in self._tables_written]
        return found[0] if len(found) == 1 else ""

    def _concrete(self, cls: ClassRef, order: tuple[ClassRef, ...]) -> bool:
        del order
        binding = self.classes.members(cls).get("__mapper_args__")
        entries = self.reader.entries(self._read(binding, cls)) if binding is not None else {}
        return self.reader.flag(entries.get("concrete")) is True

    def _order_by(self, cls: ClassRef, draft: Draft) -> tuple[str, ...]:
        binding = self.classes.members(cls).get("__mapper_args__")
        entries = self.reader.entries(self._read(binding, cls)) if binding is not None else {}
        key = self.tables.key(entries["order_by"], draft) if "order_by" in entries else None
        return (str(key),) if key is not None else ()

    def _around(self, cls: ClassRef, binding: Binding, view: View) -> _Mapped | None:
        """Map a class to the `Table` it names or makes in its body."""
        read = self.reader.follow(Read(binding.value or Lit(None), view))
        if not isinstance(read.value, Call) or self.reader.last(read.value, read.view) != "Table":
            return None
        draft = self._imperative_table(read.value, read.view)
        return _Mapped(cls, draft, self._relations(cls, self.classes.order(cls), None)) if draft is not None else None

    # -- columns ---------------------------------------------------------------------------------------------------

    def _collect(self, cls: ClassRef, order: tuple[ClassRef, ...], parent: _Mapped | None, draft: Draft) -> None:
        """Add the columns of a class and its mixins; those of a mapped parent stand in the parent's table."""
        above = set(self.classes.order(parent.cls)) if parent is not None else set()
        sqlmodel = self._is_sqlmodel(self.classes.outside(cls))
        taken: set[str] = set()
        names = self._names(cls, draft.name)
        local: dict[str, Drawn] = {}
        for each in order:
            for attribute, place in self.classes.functions(each).items():
                decorators = self.classes.decorators(place)
                if "declared_attr" in decorators and attribute not in taken:
                    if each in above and "cascading" not in decorators:
                        continue
                    taken.add(attribute)
                    declared = self._declared(cls, place, draft.name)
                    drawn = self._drawn_function(declared, attribute, place) if declared is not None else None
                    if drawn is not None:
                        local[attribute] = drawn
            if each in above:
                continue
            for attribute, binding in self.classes.members(each).items():
                if attribute in taken or attribute.startswith("__"):
                    continue
                taken.add(attribute)
                drawn = self._drawn(binding, attribute, each, names, sqlmodel)
                if drawn is not None:
                    local[attribute] = drawn
        # As in the database: ancestors' columns come first where the class itself has no order of its own.
        for attribute, drawn in local.items():
            draft.attributes.pop(attribute, None)
            draft.add(attribute, drawn)

    def _drawn_function(self, read: Read, attribute: str, place: Place) -> Drawn | None:
        span = self.program.scope(place).span
        mark = self.places.mark(self.program.location(place.file, span))
        return self._drawn_read(read, attribute, None, View(place), mark)

    def _drawn(
        self, binding: Binding, attribute: str, cls: ClassRef, names: Mapping[str, Read], sqlmodel: bool
    ) -> Drawn | None:
        view = View(cls.place, names)
        mark = self.tables.mark(view, binding.at)
        if binding.value is None and binding.annotation is None:
            return None
        if sqlmodel:
            return self._field(binding, attribute, view, mark)
        value = binding.value if binding.value is not None else Lit(None)
        return self._drawn_read(Read(value, view), attribute, binding.annotation, view, mark)

    def _drawn_read(self, read: Read, attribute: str, annotation: Value | None, view: View, mark: Mark) -> Drawn | None:
        mapped = self._mapped_type(annotation, view)
        followed = read if self._is_column(read) else self.reader.follow(read)
        if isinstance(followed.value, Call):
            last = self.reader.last(followed.value, followed.view)
            if last in ("deferred", "column_property", "query_expression") and followed.value.args:
                inner = self.reader.follow(Read(followed.value.args[0].value, followed.view))
                if self._is_column(inner):
                    followed, last = inner, "Column"
            if last not in COLUMNS or not isinstance(followed.value, Call):
                return None
            drawn = self.tables.column(followed.value, followed.view, attribute, mark)
            return self._typed(drawn, mapped, view, followed.value, followed.view) if drawn is not None else None
        if isinstance(followed.value, Lit) and mapped is not None and annotation is not None:
            if self._is_collection(mapped):
                return None
            return self._typed(Drawn(ColumnDef(attribute, at=mark)), mapped, view, None, view)
        return None

    def _is_column(self, read: Read) -> bool:
        return isinstance(read.value, Call) and self.reader.last(read.value, read.view) in COLUMNS

    def _mapped_type(self, annotation: Value | None, view: View) -> Value | None:
        """Return X of `Mapped[X]`."""
        if isinstance(annotation, Item) and self.reader.last(annotation.base, view) in ("Mapped", "WriteOnlyMapped"):
            return annotation.key
        return None

    def _is_collection(self, value: Value) -> bool:
        base = value.base if isinstance(value, Item) else value
        return getattr(base, "name", "") in ("List", "list", "Set", "set", "Sequence")

    def _typed(self, drawn: Drawn, mapped: Value | None, view: View, call: Call | None, call_view: View) -> Drawn:
        """Complete a column with what `Mapped[…]` says: its type, whether it may be null, an `Annotated` column."""
        if mapped is None:
            return drawn
        options, nullable = _without_none(mapped)
        inner = self.reader.follow(Read(options, view)) if isinstance(options, (Ref, Attr)) else Read(options, view)
        primary, unique, index, foreign = drawn.primary, drawn.unique, drawn.index, drawn.foreign
        kind = drawn.column.type
        if isinstance(inner.value, Item) and self.reader.last(inner.value.base, inner.view) == "Annotated":
            parts = inner.value.key.items if isinstance(inner.value.key, Seq) else (inner.value.key,)
            options = parts[0]
            if len(parts) and isinstance(options, Item):
                options, _ = _without_none(options)
            for part in parts[1:]:
                followed = self.reader.follow(Read(part, inner.view))
                if self._is_column(followed) and isinstance(followed.value, Call):
                    more = self.tables.column(followed.value, followed.view, drawn.column.name, drawn.column.at)
                    if more is not None:
                        primary, unique, index = primary or more.primary, unique or more.unique, index or more.index
                        kind, foreign = kind or more.column.type, foreign or more.foreign
            view = inner.view
        said = self.reader.flag(self.reader.keywords(call, call_view).get("nullable")) if call is not None else None
        name = getattr(options, "name", "") if not isinstance(options, Item) else getattr(options.base, "name", "")
        column = ColumnDef(
            drawn.column.name,
            kind or TYPES.get(name.lower(), name.lower()),
            nullable=said if said is not None else nullable and not primary,
            default=drawn.column.default,
            generated=drawn.column.generated,
            comment=drawn.column.comment,
            at=drawn.column.at,
            chosen=self._is_enumeration(options, view),
        )
        return Drawn(column, primary, unique, index, foreign)

    def _is_enumeration(self, kind: Value, view: View) -> bool:
        """Say whether an annotation means the members of an enumeration, or literals."""
        if isinstance(kind, Item):
            return self.reader.last(kind.base, view) == "Literal"
        known = (m for m in self.reader.meanings(kind, view) if isinstance(m, ClassRef))
        return any(name.rpartition(".")[2].endswith("Enum") for cls in known for name in self.classes.outside(cls))

    def _field(self, binding: Binding, attribute: str, view: View, mark: Mark) -> Drawn | None:
        """Return the column of a SQLModel field."""
        annotation = binding.annotation
        if annotation is None or attribute.startswith(("_", "model_config")):
            return None
        if self.reader.last(annotation.base if isinstance(annotation, Item) else annotation, view) == "ClassVar":
            return None
        inner, nullable = _without_none(annotation)
        read = Read(binding.value, view) if binding.value is not None else Read(Lit(None), view)
        calls = [r for r in (read, *_annotated(inner, view)) if isinstance(r.value, Call)]
        kind = ""
        if isinstance(inner, Item) and getattr(inner.base, "name", "") == "Annotated":
            inner = inner.key.items[0] if isinstance(inner.key, Seq) else inner.key
            inner, more = _without_none(inner)
            nullable = nullable or more
        base = inner.base if isinstance(inner, Item) else inner
        kind = TYPES.get(getattr(base, "name", "").lower(), getattr(base, "name", "").lower())
        primary = unique = index = False
        foreign: tuple[ForeignKeyDef, ...] = ()
        typed = False
        for each in calls:
            call = each.value
            if not isinstance(call, Call):
                continue
            last = self.reader.last(call, each.view)
            if last in _NOT_COLUMNS:
                return None
            if last != "Field":
                continue
            keywords = self.reader.keywords(call, each.view)
            whole = keywords.get("sa_column")
            if whole is not None:
                followed = self.reader.follow(whole) if not self._is_column(whole) else whole
                if isinstance(followed.value, Call):
                    return self.tables.column(followed.value, followed.view, attribute, mark)
            extra = self.reader.entries(keywords["sa_column_kwargs"]) if "sa_column_kwargs" in keywords else {}
            keywords = {**extra, **keywords}
            primary = primary or self.reader.flag(keywords.get("primary_key")) is True
            unique = unique or self.reader.flag(keywords.get("unique")) is True
            index = index or self.reader.flag(keywords.get("index")) is True
            if "sa_type" in keywords:
                kind, typed = self.tables.type_name(keywords["sa_type"]), True
            target = self.reader.text(keywords["foreign_key"]) if "foreign_key" in keywords else None
            if target:
                table, _, there = target.rpartition(".")
                on_delete = (self.reader.text(keywords["ondelete"]) or "") if "ondelete" in keywords else ""
                foreign = (ForeignKeyDef((attribute,), table, (there,), on_delete=on_delete.lower(), at=mark),)
            said = self.reader.flag(keywords.get("nullable"))
            nullable = said if said is not None else nullable
        if self._is_collection(inner) and not typed:
            return None
        return Drawn(
            ColumnDef(
                attribute,
                kind,
                nullable=nullable and not primary,
                at=mark,
                chosen=self._is_enumeration(inner, view),
            ),
            primary,
            unique,
            index,
            foreign,
        )

    # -- relations -------------------------------------------------------------------------------------------------

    def _relations(self, cls: ClassRef, order: tuple[ClassRef, ...], parent: _Mapped | None) -> dict[str, Relation]:
        above = set(self.classes.order(parent.cls)) if parent is not None else set()
        found: dict[str, Relation] = {}
        for each in order:
            if each in above:
                continue
            for attribute, binding in self.classes.members(each).items():
                value = binding.value
                view = View(each.place)
                if not isinstance(value, Call) or self.reader.last(value, view) not in _RELATIONS:
                    continue
                first = argument(value, "argument", 0)
                target = self._related(first, view) if first is not None else None
                mapped = self._mapped_type(binding.annotation, view) or binding.annotation
                many = mapped is not None and self._is_collection(_without_none(mapped)[0])
                if target is None and mapped is not None:
                    inner, _ = _without_none(mapped)
                    inner = inner.key if isinstance(inner, Item) and self._is_collection(inner) else inner
                    target = self._related(inner, view)
                found.setdefault(attribute, Relation(target, many=many))
        return found

    def _related(self, value: Value, view: View) -> ClassRef | None:
        if isinstance(value, Lit) and isinstance(value.value, str):
            name = value.value.rpartition(".")[2]
            return next((c for c in self._by_name.get(name, ())), None)
        found = self.reader.project_class(value, view)
        if found is None and isinstance(value, Ref):
            return next((c for c in self._by_name.get(value.name, ())), None)
        return found

    @property
    def _by_name(self) -> dict[str, list[ClassRef]]:
        if not hasattr(self, "_names_index"):
            index: dict[str, list[ClassRef]] = {}
            for cls in self.classes.all():
                index.setdefault(self.classes.scope(cls).name, []).append(cls)
            self._names_index = index
        return self._names_index

    # -- __table_args__, conventions ---------------------------------------------------------------------------------

    def _arguments(self, cls: ClassRef, order: tuple[ClassRef, ...], parent: _Mapped | None, draft: Draft) -> None:
        above = set(self.classes.order(parent.cls)) if parent is not None else set()
        for each in order:
            read = None
            binding = self.classes.members(each).get("__table_args__")
            if binding is not None and binding.value is not None and each not in above:
                read = self._read(binding, each, self._names(cls, draft.name))
            function = self.classes.functions(each).get("__table_args__")
            if function is not None:
                read = self._declared(cls, function, draft.name)
            if read is not None:
                self._table_arguments(read, draft)
                break
        self._in_body(cls, draft)

    def _table_arguments(self, read: Read, draft: Draft) -> None:
        followed = self.reader.follow(read)
        if isinstance(followed.value, Map) or (isinstance(followed.value, Call) and _is_dict(followed.value)):
            self._options(followed, draft)
            return
        if isinstance(followed.value, Lit):
            return
        items = self.reader.items(followed)
        if items is None:
            draft.opaque = draft.opaque or "its __table_args__ can't be followed"
            return
        arguments = []
        for item in items:
            inner = self.reader.follow(item) if not isinstance(item.value, Call) else item
            if isinstance(inner.value, Map) or (isinstance(inner.value, Call) and _is_dict(inner.value)):
                self._options(inner, draft)
            else:
                arguments.append(item)
        self.tables.apply(draft, arguments)

    def _options(self, read: Read, draft: Draft) -> None:
        entries = self.reader.entries(read)
        if "schema" in entries:
            draft.schema = self.reader.text(entries["schema"]) or ""
        if "comment" in entries:
            draft.comment = self.reader.text(entries["comment"]) or ""

    def _in_body(self, cls: ClassRef, draft: Draft) -> None:
        """Add an `Index(…, column)` that stands in the class body as an attribute."""
        for binding in self.classes.members(cls).values():
            value, view = binding.value, View(cls.place)
            if not isinstance(value, Call) or self.reader.last(value, view) not in ("Index", "UniqueConstraint"):
                continue
            if any(isinstance(a.value, (Ref, Attr, Call)) for a in value.args if a.name is None):
                self.tables.constraint(draft, self.reader.last(value, view), value, view)

    def convention(self, cls: ClassRef) -> dict[str, str]:
        """Return the naming convention of the metadata that a class's table belongs to."""
        order = self.classes.order(cls)
        for each in order:
            binding = self.classes.members(each).get("metadata")
            if binding is not None and binding.value is not None:
                return self.convention_of(Read(binding.value, View(each.place)))
        for each in order:
            scope = self.classes.scope(each)
            view = View(Place(each.place.file, max(scope.parent, MODULE_SCOPE)))
            for base in scope.bases:
                made = self.reader.follow(Read(base, view))
                if isinstance(made.value, Attr):  # db.Model
                    made = self.reader.follow(Read(made.value.base, made.view))
                if isinstance(made.value, Call):
                    given = argument(made.value, "metadata")
                    if given is not None:
                        return self.convention_of(Read(given, made.view))
        return {}

    def convention_of(self, read: Read) -> dict[str, str]:
        """Return the naming convention of a `MetaData(…)`."""
        made = self.reader.follow(read)
        if not isinstance(made.value, Call):
            return {}
        given = self.reader.keywords(made.value, made.view).get("naming_convention")
        if given is None:
            return {}
        entries = self.reader.entries(given)
        found = {k: self.reader.text(r) for k, r in entries.items()}
        return {k: v for k, v in found.items() if v is not None}

    # -- imperative tables and indexes beside classes --------------------------------------------------------------

    def _imperative_tables(self) -> list[tuple[Draft, Location]]:
        found: list[tuple[Draft, Location]] = []
        series = self._series()
        for site in self.program.sites_by_name.get("Table", ()):
            view = View(site.place)
            if self.program.files[site.place.file].path.startswith(series):
                continue  # a table as a migration needs it once; what it creates is told by the migration
            name = self.reader.callee(site.call, view)
            if "sqlalchemy" not in name.lower() or not name.endswith("Table"):
                continue
            draft = self._imperative_table(site.call, view)
            if draft is not None:
                found.append((draft, self.program.location(site.place.file, site.call.at)))
        return found

    def _series(self) -> tuple[str, ...]:
        """Return the folders of Alembic's revisions and of what belongs to them: `env.py` stands one folder above."""
        paths = {file.path for file in self.program.files}
        found: set[str] = set()
        for number, file in enumerate(self.program.files):
            if self.program.bindings(Place(number, MODULE_SCOPE), "down_revision"):
                folder = posixpath.dirname(file.path)
                above = posixpath.dirname(folder)
                whole = above and f"{above}/env.py" in paths
                found.add((above if whole else folder) + "/" if folder else file.path)
        return tuple(sorted(found))

    def _imperative_table(self, call: Call, view: View) -> Draft | None:
        key = repr((view.place, call.at))
        if key in self._imperative:
            return self._imperative[key]
        positional = self.reader.positional(call, view)
        keywords = self.reader.keywords(call, view)
        if not positional or "autoload_with" in keywords or "autoload" in keywords:
            return None
        name = self.reader.text(positional[0])
        if name is None or len(positional) < 3:
            return None
        draft = Draft(name, at=self.tables.mark(view, call.at))
        draft.convention = self.convention_of(positional[1])
        schema = self.reader.text(keywords["schema"]) if "schema" in keywords else None
        draft.schema = schema or ""
        self.tables.apply(draft, positional[2:])
        self._imperative[key] = draft
        return draft

    def _beside(self) -> None:
        """Add the indexes made outside of classes and tables: `Index("name", User.email)`."""
        for site in self.program.sites_by_name.get("Index", ()):
            if site.nested or self.program.scope(site.place).kind != "module":
                continue
            view = View(site.place)
            name = self.reader.callee(site.call, view)
            if "sqlalchemy" not in name.lower() and "sqlmodel" not in name.lower():
                continue
            draft = self._subject(site.call, view)
            if draft is not None:
                self.tables.constraint(draft, "Index", site.call, view)

    def _subject(self, call: Call, view: View) -> Draft | None:
        """Return the table whose columns a call's arguments are."""
        stack = [a.value for a in call.args if a.name is None]
        while stack:
            value = stack.pop()
            if isinstance(value, Attr):
                base = value.base
                if isinstance(base, Attr) and base.name in ("c", "columns", "__table__"):
                    base = (
                        base.base.base if isinstance(base.base, Attr) and base.base.name == "__table__" else base.base
                    )
                own = self.reader.project_class(base, view)
                if own is not None:
                    mapped = self.mapped(own)
                    return mapped.draft if mapped is not None else None
                made = self.reader.follow(Read(base, view))
                if isinstance(made.value, Call) and self.reader.last(made.value, made.view) == "Table":
                    return self._imperative_table(made.value, made.view)
                stack.append(base)
            elif isinstance(value, Call):
                stack.extend([value.func, *(a.value for a in value.args)])
            elif isinstance(value, Item):
                stack.append(value.base)
        return None


def _without_none(value: Value) -> tuple[Value, bool]:
    """Return a type without `None`, and whether it was there."""
    if isinstance(value, (Either, Operation)):
        options = alternatives(value)
        kept = tuple(o for o in options if o != Lit(None))
        return (kept[0] if kept else value), len(kept) < len(options)
    if isinstance(value, Item) and getattr(value.base, "name", "") == "Optional":
        return value.key, True
    if isinstance(value, Item) and getattr(value.base, "name", "") == "Union" and isinstance(value.key, Seq):
        return _without_none(Either(value.key.items))
    return value, False


def _annotated(value: Value, view: View) -> list[Read]:
    if isinstance(value, Item) and getattr(value.base, "name", "") == "Annotated" and isinstance(value.key, Seq):
        return [Read(part, view) for part in value.key.items[1:]]
    return []


def _is_dict(call: Call) -> bool:
    return isinstance(call.func, Ref) and call.func.name == "dict"


__all__ = ["Alchemy", "column_indexes"]
