"""The tables of SQLAlchemy and SQLModel: classes, one after those that it is derived from, and tables made by calls."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass, field

from fragaudit.link.abstract import ClassRef
from fragaudit.link.orm.alchemy_table import Draft, TableReader
from fragaudit.link.orm.classes import Classes
from fragaudit.link.orm.core import Model, Places, Relation
from fragaudit.link.orm.reader import Read, Reader, View
from fragaudit.link.orm.sqlalchemy.arguments import add_arguments
from fragaudit.link.orm.sqlalchemy.bodies import Bodies
from fragaudit.link.orm.sqlalchemy.columns import collect
from fragaudit.link.orm.sqlalchemy.conventions import convention, convention_of
from fragaudit.link.orm.sqlalchemy.imperative import Imperative
from fragaudit.link.orm.sqlalchemy.kinds import DECLARATIVE, is_declarative, is_sqlmodel, is_table
from fragaudit.link.orm.sqlalchemy.libraries import mixed_in
from fragaudit.link.orm.sqlalchemy.relations import Relations
from fragaudit.link.orm.sqlalchemy.tablenames import TableNames
from fragaudit.link.program import Place
from fragaudit.model.facts import MODULE_SCOPE, Binding
from fragaudit.model.locations import Location
from fragaudit.model.values import Attr, Call, Item, Lit

_HARMLESS = frozenset(
    {
        "object", "ABC", "Generic", "Protocol", "MappedAsDataclass", "AsyncAttrs", "BaseModel", "Enum", "str", "dict",
        "DeclarativeMeta", "NamedTuple", "UserMixin", "AnonymousUserMixin", "DeclarativeBase", "DeclarativeBaseNoMeta",
        "SQLModel", "@mapped", "@mapped_as_dataclass", "@as_declarative", "AbstractConcreteBase", "ConcreteBase",
        "Model", "Base", "Representable", "SerializerMixin", "ModelBase", "Mapping", "RoleMixin", "BaseQuery",
    }
)  # fmt: skip
"""Bases of other libraries that define no columns."""


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
        self.tables = TableReader(reader, places)
        self.dynamic: list[Location] = []
        self._bodies = Bodies(reader, classes, places, self.tables)
        self._reader = reader
        self._classes = classes
        self._program = reader.program
        self._names = TableNames(self._bodies)
        self._relations = Relations(self._bodies)
        self._imperative = Imperative(self._bodies)
        self._mapped: dict[ClassRef, _Mapped | None] = {}
        self._open: set[ClassRef] = set()
        self.tables.named = self._names.for_key

    def all(self) -> list[Model]:
        """Return every table, classes first, in order of file and appearance."""
        for cls in self._classes.all():
            self._table_of(cls)
        imperative = list(self._imperative.all())
        self._add_indexes_beside()
        found: list[Model] = []
        seen: set[int] = set()
        for mapped in self._mapped.values():
            if mapped is not None:
                # Classes of one table (single-table inheritance) share its draft; the first one stands for it.
                name = self._classes.scope(mapped.cls).name
                at = self._program.location(mapped.cls.place.file, self._classes.scope(mapped.cls).span)
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

    def convention(self, cls: ClassRef) -> dict[str, str]:
        """Return the naming convention of the metadata that a class's table belongs to."""
        return convention(cls, self._bodies)

    def convention_of(self, read: Read) -> dict[str, str]:
        """Return the naming convention of a `MetaData(…)`."""
        return convention_of(read, self._reader)

    def _family(self, cls: ClassRef) -> str:
        """Return what stands for the metadata of a class: where the base that all of its kind derive from is made."""
        top = self._classes.order(cls)[-1]
        scope = self._classes.scope(top)
        view = View(Place(top.place.file, max(scope.parent, MODULE_SCOPE)))
        made = self._reader.follow(Read(scope.bases[0], view)) if scope.bases else None
        if made is not None and isinstance(made.value, Call):
            return str(self._reader.location(made.view, made.value.at))
        return self._program.qualified(top.place) if top != cls else ""

    def _table_of(self, cls: ClassRef) -> _Mapped | None:
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
        order = self._classes.order(cls)
        outside = self._classes.outside(cls)
        if not is_declarative(cls, outside, self._bodies):
            return None
        members = self._classes.members(cls)
        abstract = members.get("__abstract__")
        if abstract is not None and self._reader.flag(self._bodies.read(abstract, cls)) is not False:
            return None
        parent = next((m for c in order[1:] if (m := self._table_of(c)) is not None), None)
        if is_sqlmodel(outside) and parent is None and not is_table(cls, self._bodies):
            return None
        own = members.get("__table__")
        if own is not None and own.value is not None:
            return self._around(cls, own)
        above = frozenset(self._classes.order(parent.cls)) if parent is not None else frozenset()
        name = self._names.of(cls, above, derived=parent is not None)
        concrete = self._reader.flag(self._bodies.mapper_arguments(cls).get("concrete")) is True
        if name is None:
            if parent is None or concrete:
                return None
            collect(cls, order, above, parent.draft, self._bodies)
            return _Mapped(cls, parent.draft, {**parent.relations, **self._relations.of(cls, above)})
        inherited = None if concrete else parent
        draft = self._drafted(cls, name, outside, above, inherited)
        below = {**(inherited.relations if inherited else {})}
        relations = {**below, **self._relations.of(cls, above if inherited else frozenset())}
        return _Mapped(cls, draft, relations, self._order_by(cls, draft), inherited is not None)

    def _drafted(
        self, cls: ClassRef, name: str, outside: tuple[str, ...], above: Set[ClassRef], inherited: _Mapped | None
    ) -> Draft:
        """Return a table of a class's own."""
        order = self._classes.order(cls)
        draft = Draft(name, at=self.tables.mark(self._bodies.view(cls), self._classes.scope(cls).span))
        draft.convention = self.convention(cls)
        mixed = [(b, mixed_in(b)) for b in outside]
        foreign = [
            b
            for b, columns in mixed
            if columns is None
            and b.rpartition(".")[2] not in _HARMLESS
            and not b.removesuffix("()").endswith(DECLARATIVE)
        ]
        if foreign:
            draft.opaque = f"its base {foreign[0]} isn't in the repository"
        for attribute, drawn in ((a, d) for _, columns in mixed for a, d in (columns or {}).items()):
            draft.add(attribute, drawn)
        if inherited is not None:
            draft.attributes.update(inherited.draft.attributes)
        collect(cls, order, above if inherited else frozenset(), draft, self._bodies)
        add_arguments(cls, order, above, draft, self._bodies)
        return draft

    def _order_by(self, cls: ClassRef, draft: Draft) -> tuple[str, ...]:
        entries = self._bodies.mapper_arguments(cls)
        key = self.tables.key(entries["order_by"], draft) if "order_by" in entries else None
        return (str(key),) if key is not None else ()

    def _around(self, cls: ClassRef, binding: Binding) -> _Mapped | None:
        """Map a class to the `Table` it names or makes in its body."""
        read = self._reader.follow(Read(binding.value or Lit(None), self._bodies.view(cls)))
        if not isinstance(read.value, Call) or self._reader.last(read.value, read.view) != "Table":
            return None
        draft = self._imperative.table(read.value, read.view)
        return _Mapped(cls, draft, self._relations.of(cls, frozenset())) if draft is not None else None

    def _add_indexes_beside(self) -> None:
        """Add the indexes made outside of classes and tables: `Index("name", User.email)`."""
        for site in self._program.sites_by_name.get("Index", ()):
            if site.nested or self._program.scope(site.place).kind != "module":
                continue
            view = View(site.place)
            name = self._reader.callee(site.call, view)
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
                    inner = base.base
                    base = inner.base if isinstance(inner, Attr) and inner.name == "__table__" else inner
                own = self._reader.project_class(base, view)
                if own is not None:
                    mapped = self._table_of(own)
                    return mapped.draft if mapped is not None else None
                made = self._reader.follow(Read(base, view))
                if isinstance(made.value, Call) and self._reader.last(made.value, made.view) == "Table":
                    return self._imperative.table(made.value, made.view)
                stack.append(base)
            elif isinstance(value, Call):
                stack.extend([value.func, *(a.value for a in value.args)])
            elif isinstance(value, Item):
                stack.append(value.base)
        return None
