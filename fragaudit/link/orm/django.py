"""Django's model classes: fields, `Meta`, inheritance, and what the library's own bases add."""

from __future__ import annotations

from dataclasses import replace

from fragaudit.link.abstract import ClassRef
from fragaudit.link.orm.classes import Classes
from fragaudit.link.orm.core import Model, Places, Relation
from fragaudit.link.orm.django_apps import Apps
from fragaudit.link.orm.django_fields import FieldReader
from fragaudit.link.orm.django_state import Field, Registry, State
from fragaudit.link.orm.reader import Read, Reader, View
from fragaudit.link.program import Place
from fragaudit.model.facts import MODULE_SCOPE
from fragaudit.model.schema import TableDef
from fragaudit.model.sql import Mark
from fragaudit.model.values import Attr, Call, Lit, Operation, Ref, Seq, Span, Value

_ABSTRACT = "abstract"
_LIBRARY_FIELDS: dict[str, tuple[Field, ...]] = {
    "AbstractBaseUser": (
        Field("password", "password", "varchar(128)"),
        Field("last_login", "last_login", "timestamp", null=True),
    ),
    "PermissionsMixin": (
        Field("is_superuser", "is_superuser", "boolean"),
        Field("groups", "groups", kind="many", to="auth.group"),
        Field("user_permissions", "user_permissions", kind="many", to="auth.permission"),
    ),
    "TimeStampedModel": (Field("created", "created", "timestamp"), Field("modified", "modified", "timestamp")),
}
_LIBRARY_FIELDS["AbstractUser"] = (
    *_LIBRARY_FIELDS["AbstractBaseUser"],
    *_LIBRARY_FIELDS["PermissionsMixin"],
    Field("username", "username", "varchar(150)", unique=True),
    *(Field(name, name, "varchar(150)") for name in ("first_name", "last_name")),
    Field("email", "email", "varchar(254)"),
    *(Field(name, name, "boolean") for name in ("is_staff", "is_active")),
    Field("date_joined", "date_joined", "timestamp"),
)
_ROOTS = ("django.db.models.Model", "django.db.models.base.Model", "django.contrib.gis.db.models.Model")
_VIEWS = ("django.forms.", "django_filters.", "rest_framework.", "graphene_django.", "factory.", "import_export.")
"""Libraries whose classes are made of models, and are none."""
_OTHERS = ("graphene", "ninja", "wtforms", "sqlalchemy", "sqlmodel", "pydantic", "tortoise", "peewee", "mongoengine",
           "piccolo", "ormar", "odmantic", "pony", "pynamodb", "cassandra", "redis_om", "aredis_om")  # fmt: skip
"""Libraries whose classes are called models too."""
_FIELDS = ("django.db.models.", "django.contrib.postgres.fields.", "django.contrib.gis.db.models.")
_PLAIN_ROOTS = frozenset(
    {"typing", "abc", "enum", "typing_extensions", "collections", "builtins", "functools", "dataclasses"}
)
_MODEL_BASES = frozenset({*_LIBRARY_FIELDS, "MPTTModel", "PolymorphicModel", "SafeDeleteModel", "SoftDeletableModel"})


class Django:
    """Finds the models of Django apps."""

    def __init__(self, reader: Reader, classes: Classes, places: Places) -> None:
        self.reader = reader
        self.classes = classes
        self.program = reader.program
        self.places = places
        self.apps = Apps(reader, classes)
        self.fields = FieldReader(reader, classes, self._mark)
        self.fields.app_of = self._app
        self.registry = Registry()
        self._labels: dict[ClassRef, str] = {}
        self._models: dict[ClassRef, bool] = {}

    def _mark(self, view: View, span: Span) -> Mark:
        return self.places.mark(self.reader.location(view, span))

    def states(self) -> dict[ClassRef, State]:
        """Return the state of every concrete model and proxy, in order of file and appearance."""
        found: dict[ClassRef, State] = {}
        classes = [cls for cls in self.classes.all() if self.is_model(cls)]
        if classes:
            self.fields.user = self._user()
        for cls in classes:
            if not self.is_abstract(cls):
                state = self._state(cls)
                found[cls] = state
                self.registry.add(state)
        return found

    def all(self) -> list[Model]:
        """Return every table: of models, and between them."""
        found: list[Model] = []
        states = self.states()
        by_label = {state.label: cls for cls, state in states.items()}
        for cls, state in states.items():
            at = self.program.location(cls.place.file, self.classes.scope(cls).span)
            tables = self.registry.render(state)
            columns, relations = self._names(state, by_label)
            if not tables:
                parent = self.registry.models.get(state.parents[0]) if state.parents else None
                table = self.registry.render(parent)[:1] if parent is not None else []
                if table:
                    found.append(
                        Model(
                            "django-proxy", cls, state.name, table[0], at, columns, relations, state.ordering, state.app
                        )
                    )
                continue
            first, *others = tables
            found.append(
                Model("django", cls, state.name, first, at, columns, relations, state.ordering, state.app,
                      subtype=bool(state.parents), latest=state.latest)
            )  # fmt: skip
            found.extend(
                Model("django", None, other.name, other, at, _columns(other), app=state.app) for other in others
            )
        return found

    def _names(self, state: State, by_label: dict[str, ClassRef]) -> tuple[dict[str, str], dict[str, Relation]]:
        """Return the columns of a model by the names queries use, and its relations."""
        columns: dict[str, str] = {}
        relations: dict[str, Relation] = {}
        source = state
        while source.proxy and source.parents and source.parents[0] in self.registry.models:
            source = self.registry.models[source.parents[0]]
        for each in self.registry.fields(source).values():
            if each.kind != "many":
                columns[each.name] = each.column
                columns.setdefault(each.column, each.column)
                if each.primary:
                    columns["pk"] = each.column
            if each.kind:
                through = ""
                if each.kind == "many":
                    through = (
                        self.registry.table_of(each.through)
                        if each.through
                        else self.registry.between(source, each).name
                    )
                own = (each.column,) if each.kind != "many" else ()
                relations[each.name] = Relation(by_label.get(each.to), own, through, each.kind == "many")
        return columns, relations

    # -- what is a model -------------------------------------------------------------------------------------------

    def is_model(self, cls: ClassRef) -> bool:
        """Say whether a class is one of Django's models."""
        known = self._models.get(cls)
        if known is None:
            outside = self.classes.outside(cls)
            known = not any(n.startswith(_VIEWS) for n in outside) and any(n in _ROOTS for n in outside)
            if not known and not any(n.startswith((*_VIEWS, *_OTHERS)) for n in outside):
                known = any(
                    n.rpartition(".")[2] in _MODEL_BASES or (".models." in n and n.endswith(("Model", "Page")))
                    for n in outside
                ) or (any(n.endswith("Model") for n in outside) and self._has_fields(cls))
            self._models[cls] = known
        return known

    def _has_fields(self, cls: ClassRef) -> bool:
        """Say whether a class or an ancestor of it in the project has fields of Django's own models."""
        for each in self.classes.order(cls):
            for binding in self.classes.members(each).values():
                if isinstance(binding.value, Call):
                    name = self.reader.named(binding.value.func, View(each.place))
                    if name.startswith(_FIELDS) and name.endswith(("Field", "ForeignKey")):
                        return True
        return False

    def is_abstract(self, cls: ClassRef) -> bool:
        """Say whether a model has no table because it is there to be derived from."""
        meta = self.classes.inner(cls, "Meta")
        binding = self.classes.members(meta).get(_ABSTRACT) if meta is not None else None
        return binding is not None and binding.value == Lit(True)

    def _user(self) -> str:
        """Return the label of the project's user model."""
        for number, file in enumerate(self.program.files):
            if "settings" in file.path or file.path.endswith(("config.py", "conf.py")):
                for binding in self.program.bindings(Place(number, MODULE_SCOPE), "AUTH_USER_MODEL"):
                    if binding.value is not None:
                        text = self.reader.text(Read(binding.value, View(Place(number, MODULE_SCOPE))))
                        if text:
                            return text.lower()
        return "auth.user"

    def _app(self, cls: ClassRef) -> str:
        known = self._labels.get(cls)
        if known is None:
            meta = self._meta(cls)
            given = self.reader.text(meta["app_label"]) if "app_label" in meta else None
            known = self._labels[cls] = given or self.apps.label(self.classes.module(cls))
        return known

    # -- Meta ------------------------------------------------------------------------------------------------------

    def _meta(self, cls: ClassRef) -> dict[str, Read]:
        """Return the options of `Meta`: the class's own, else that of the first abstract ancestor."""
        for each in self.classes.order(cls):
            if each != cls and not self.is_abstract(each) and self.is_model(each):
                continue
            meta = self.classes.inner(each, "Meta")
            if meta is not None:
                found: dict[str, Read] = {}
                for inner in reversed(self._meta_order(meta)):
                    for name, binding in self.classes.members(inner).items():
                        if binding.value is not None:
                            found[name] = self._extended(name, Read(binding.value, View(inner.place)))
                if each != cls or _ABSTRACT not in self.classes.members(meta):
                    found.pop(_ABSTRACT, None)
                return found
        return {}

    def _extended(self, name: str, read: Read) -> Read:
        """Return a list with what `append` and `extend` add to it further down in `Meta`."""
        more: list[Value] = []
        for use in self.program.files[read.view.place.file].uses:
            call = use.value
            if use.scope != read.view.place.scope or not isinstance(call, Call) or not isinstance(call.func, Attr):
                continue
            if call.func.base == Ref(name) and len(call.args) == 1:
                if call.func.name == "append":
                    more.append(Seq((call.args[0].value,)))
                elif call.func.name == "extend":
                    more.append(call.args[0].value)
        if not more:
            return read
        return Read(self.reader.kept(Operation("+", (read.value, *more))), read.view)

    def _meta_order(self, meta: ClassRef) -> list[ClassRef]:
        found = [meta]
        for base in self.classes.scope(meta).bases:
            if isinstance(base, Attr) and base.name == "Meta":
                scope = self.classes.scope(meta)
                owner = Place(meta.place.file, max(self.program.files[meta.place.file].scopes[scope.parent].parent, 0))
                above = self.reader.project_class(base.base, View(owner))
                inner = self.classes.inner(above, "Meta") if above is not None else None
                if inner is not None and inner not in found and len(found) < 20:
                    found.extend(m for m in self._meta_order(inner) if m not in found)
        return found

    # -- one model -------------------------------------------------------------------------------------------------

    def _state(self, cls: ClassRef) -> State:
        scope = self.classes.scope(cls)
        view = View(cls.place)
        app = self._app(cls)
        meta = self._meta(cls)
        state = State(app, scope.name, at=self._mark(view, scope.span))
        state.db_table = (self.reader.text(meta["db_table"]) or "?").strip('"') if "db_table" in meta else ""
        state.proxy = self.reader.flag(meta.get("proxy")) is True
        state.managed = self.reader.flag(meta.get("managed")) is not False
        state.ordering = self._ordering(meta)
        if "get_latest_by" in meta:
            state.latest = self.reader.texts(meta["get_latest_by"]) or ()
        state.parents = self._parents(cls)
        state.opaque = self._opaque(cls)
        self._fields(cls, state)
        self._options(state, meta)
        return state

    def _parents(self, cls: ClassRef) -> tuple[str, ...]:
        """Return the labels of the concrete models a class derives from, abstract ones in between left out."""
        found: list[str] = []
        queue = list(self.classes.bases(cls)[0])
        while queue:
            base = queue.pop(0)
            if not self.is_model(base):
                continue
            if self.is_abstract(base):
                queue = [*self.classes.bases(base)[0], *queue]
            else:
                label = f"{self._app(base)}.{self.classes.scope(base).name}".lower()
                if label not in found:
                    found.append(label)
        return tuple(found)

    def _opaque(self, cls: ClassRef) -> str:
        for each in self._sources(cls):
            for name in self.classes.bases(each)[1]:
                last = name.rpartition(".")[2]
                if name in _ROOTS or last in _LIBRARY_FIELDS or last.endswith("Mixin"):
                    continue
                if name.partition(".")[0] in _PLAIN_ROOTS or last in ("object", "Generic", "Protocol", "ABC"):
                    continue
                return f"its base {name} isn't in the repository"
        return ""

    def _sources(self, cls: ClassRef) -> list[ClassRef]:
        """Return the classes whose fields stand in a model's own table: itself, mixins and abstract ancestors."""
        order = self.classes.order(cls)
        concrete = [c for c in order[1:] if self.is_model(c) and not self.is_abstract(c)]
        above = {c for parent in concrete for c in self.classes.order(parent)}
        return [c for c in order if c not in above]

    def _fields(self, cls: ClassRef, state: State) -> None:
        taken: set[str] = set()
        found: list[tuple[str, Field]] = []
        for each in self._sources(cls):
            view = View(each.place)
            for name, binding in self.classes.members(each).items():
                if name in taken or name.startswith("__") or binding.value is None:
                    continue
                taken.add(name)
                made = self.fields.field(
                    name, Read(binding.value, view), state.app, self._mark(view, binding.at), state.label
                )
                if made is not None:
                    found.append((name, made))
            for base in self.classes.bases(each)[1]:
                for made in _LIBRARY_FIELDS.get(base.rpartition(".")[2], ()):
                    if made.name not in taken:
                        taken.add(made.name)
                        found.append((made.name, _at(made, state.at)))
        state.fields = dict(found)

    def _options(self, state: State, meta: dict[str, Read]) -> None:
        why = ""
        if "order_with_respect_to" in meta:
            state.fields["_order"] = Field("_order", "_order", "integer", at=state.at)
        if "indexes" in meta:
            state.indexes, why = self.fields.specs(meta["indexes"])
        if "constraints" in meta:
            state.constraints, more = self.fields.specs(meta["constraints"])
            why = why or more
        for name in ("unique_together", "index_together"):
            if name in meta:
                groups = together(self.reader, meta[name])
                if groups is None:
                    why = why or f"{name} can't be followed"
                elif name == "unique_together":
                    state.unique_together = groups
                else:
                    state.index_together = groups
        if state.db_table == "?":
            why = "its db_table can't be followed"
        state.opaque = state.opaque or why

    def _ordering(self, meta: dict[str, Read]) -> tuple[str, ...]:
        items = self.reader.items(meta["ordering"]) if "ordering" in meta else None
        found = []
        for item in items or []:
            part = self.fields.part(item)
            if not part.field:
                return ()
            found.append(("-" if part.descending else "") + part.field)
        return tuple(found)


def together(reader: Reader, read: Read) -> tuple[tuple[str, ...], ...] | None:
    """Return the groups of `unique_together`: several, or one that stands alone; None if they can't be followed."""
    items = reader.items(read)
    if items is None:
        return None
    if items and all(reader.text(item) is not None for item in items):
        return (tuple(text for item in items if (text := reader.text(item)) is not None),)
    groups = [reader.texts(item) for item in items]
    return tuple(g for g in groups if g is not None) if None not in groups else None


def _at(made: Field, at: Mark) -> Field:
    return replace(made, at=at)


def _columns(table: TableDef) -> dict[str, str]:
    return {c.name: c.name for c in table.columns}
