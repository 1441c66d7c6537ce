"""Tortoise, Peewee, Piccolo, ormar and Pony: one class a table, columns as attributes, options in an inner class."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fragaudit.link.abstract import ClassRef
from fragaudit.link.orm.alchemy_table import Draft, Drawn, conventional
from fragaudit.link.orm.between import between
from fragaudit.link.orm.classes import Classes
from fragaudit.link.orm.core import Model, Places, Relation
from fragaudit.link.orm.reader import Read, Reader, View, argument, snake
from fragaudit.model.facts import Binding
from fragaudit.model.schema import ColumnDef, ForeignKeyDef, IndexDef, Key
from fragaudit.model.sql import Mark
from fragaudit.model.values import Call, Lit, Ref, Span, Value


@dataclass(frozen=True)
class _Framework:
    """How a library writes models, and how it calls generated indexes.

    `bases` are its model classes. `names` has a token that no convention knows where a name can't be said.
    """

    name: str
    roots: tuple[str, ...]
    bases: tuple[str, ...]
    table: tuple[str, ...]
    column: tuple[str, ...]
    foreign: tuple[str, ...]
    one: tuple[str, ...] = ()
    many: tuple[str, ...] = ()
    suffix: str = "_id"
    indexed: bool = False
    primary: tuple[str, ...] = ("primary_key",)
    names: str = ""


_PLAIN = "%(table_name)s_%(column_0_N_name)s"
_FRAMEWORKS = (
    _Framework("tortoise", ("tortoise",), ("Model",), ("table",), ("source_field",), ("ForeignKeyField",),
               ("OneToOneField",), ("ManyToManyField", "BackwardFKRelation"), primary=("pk", "primary_key"),
               names="%(digest)s"),
    _Framework("peewee", ("peewee", "playhouse", "peewee_async"), ("Model",), ("table_name", "db_table"),
               ("column_name", "db_column"), ("ForeignKeyField",), (), ("ManyToManyField",), indexed=True,
               names=_PLAIN),
    _Framework("piccolo", ("piccolo",), ("Table",), (), ("db_column_name",), ("ForeignKey",), (), ("M2M",), suffix="",
               names=_PLAIN),
    _Framework("ormar", ("ormar",), ("Model",), ("tablename",), ("name",), ("ForeignKey",), (), ("ManyToMany",),
               suffix=""),
)  # fmt: skip
_TYPES = {
    "charfield": "varchar", "textfield": "text", "intfield": "integer", "integerfield": "integer",
    "bigintfield": "bigint", "bigintegerfield": "bigint", "smallintfield": "smallint", "booleanfield": "boolean",
    "datetimefield": "timestamp", "datefield": "date", "floatfield": "float", "decimalfield": "numeric",
    "jsonfield": "jsonb", "uuidfield": "uuid", "binaryfield": "blob", "blobfield": "blob", "autofield": "integer",
    "bigautofield": "bigint", "serial": "integer", "bigserial": "bigint", "string": "varchar",
}  # fmt: skip


class ActiveRecord:
    """Finds the models of libraries that write them as plain classes."""

    def __init__(self, reader: Reader, classes: Classes, places: Places) -> None:
        self.reader = reader
        self.classes = classes
        self.program = reader.program
        self.places = places
        self._names: dict[ClassRef, str] = {}
        self._between: dict[str, Model] = {}

    def all(self) -> list[Model]:
        """Return the tables of all models, in order of file and appearance."""
        found: list[Model] = []
        classes = [(cls, f) for cls in self.classes.all() if (f := self._framework(cls)) is not None]
        above = {base for cls, _ in classes for base in self.classes.order(cls)[1:]}
        for cls, framework in classes:
            if not self._abstract(cls, framework, derived=cls in above):
                found.append(self._model(cls, framework))
        tables = {model.table.name for model in found}
        return [*found, *(model for name, model in self._between.items() if name not in tables)]

    def _framework(self, cls: ClassRef) -> _Framework | None:
        for name in self.classes.outside(cls):
            root, _, last = name.partition(".")[0], "", name.rpartition(".")[2]
            for framework in _FRAMEWORKS:
                if root in framework.roots and last in framework.bases:
                    return framework
        return None

    def _abstract(self, cls: ClassRef, framework: _Framework, *, derived: bool) -> bool:
        if self.reader.flag(self._options(cls, framework, own=True).get("abstract")) is True:
            return True
        if any(key == "abstract" and value == Lit(True) for key, value in self.classes.scope(cls).keywords):
            return True
        if (
            framework.name == "ormar"
            and "ormar_config" not in self.classes.members(cls)
            and (self.classes.inner(cls, "Meta") is None)
        ):
            return True
        # A base that only carries the database is a model in name alone.
        return derived and not any(self._calls(cls, framework))

    def _calls(self, cls: ClassRef, framework: _Framework) -> Iterator[str]:
        for binding in self.classes.members(cls).values():
            if isinstance(binding.value, Call):
                name = self.reader.callee(binding.value, View(cls.place))
                if name.partition(".")[0] in framework.roots or self._is_own_field(binding.value, cls, framework):
                    yield name

    def _is_own_field(self, call: Call, cls: ClassRef, framework: _Framework) -> bool:
        own = self.reader.project_class(call.func, View(cls.place))
        return own is not None and any(name.partition(".")[0] in framework.roots for name in self.classes.outside(own))

    def _options(self, cls: ClassRef, framework: _Framework, *, own: bool = False) -> dict[str, Read]:
        """Return the options of a model: of `Meta`, of `ormar_config`, of the class's own keywords."""
        found: dict[str, Read] = {}
        for each in reversed(self.classes.order(cls)[: 1 if own else None]):
            meta = self.classes.inner(each, "Meta")
            mine: dict[str, Read] = {}
            for inner in reversed(self.classes.order(meta)) if meta is not None else ():
                for name, binding in self.classes.members(inner).items():
                    if binding.value is not None:
                        mine[name] = Read(binding.value, View(inner.place))
            config = self.classes.members(each).get("ormar_config")
            if config is not None and isinstance(config.value, Call):
                mine.update(self.reader.keywords(config.value, View(each.place)))
            for key, value in self.classes.scope(each).keywords:
                mine[key] = Read(value, View(each.place))
            if each != cls:
                for key in ("abstract", *framework.table, "tablename"):
                    mine.pop(key, None)
            found.update(mine)
        return found

    def table_name(self, cls: ClassRef, framework: _Framework) -> str:
        """Return the name of a model's table, as written or as the library makes it up; `?` if it can't be followed."""
        known = self._names.get(cls)
        if known is None:
            options = self._options(cls, framework)
            given = next((options[key] for key in (*framework.table, "tablename") if key in options), None)
            name = self.classes.scope(cls).name
            if given is not None:
                known = self.reader.text(given) or "?"
            elif framework.name == "piccolo":
                known = snake(name)
            elif framework.name == "ormar":
                known = name.lower() + "s"
            elif framework.name == "peewee" and self.reader.flag(options.get("legacy_table_names")) is False:
                known = snake(name)
            else:
                known = name.lower()
            self._names[cls] = known
        return known

    def _mark(self, view: View, span: Span) -> Mark:
        return self.places.mark(self.reader.location(view, span))

    def _model(self, cls: ClassRef, framework: _Framework) -> Model:
        scope = self.classes.scope(cls)
        at = self.program.location(cls.place.file, scope.span)
        options = self._options(cls, framework)
        draft = Draft(self.table_name(cls, framework), at=self.places.mark(at))
        draft.convention = {"ix": framework.names}
        schema = self.reader.text(options["schema"]) if "schema" in options else None
        draft.schema = schema or ""
        relations: dict[str, Relation] = {}
        taken: set[str] = set()
        for each in self.classes.order(cls):
            for name, binding in self.classes.members(each).items():
                if name not in taken and isinstance(binding.value, Call):
                    taken.add(name)
                    self._field(name, binding, each, framework, draft, relations)
        if not any(d.primary for d in draft.columns.values()) and "primary_key" not in options:
            key = Drawn(ColumnDef("id", "integer", nullable=False, at=draft.at), primary=True)
            draft.columns = {"id": key, **draft.columns}
            draft.attributes["id"] = "id"
        self._meta(options, framework, draft)
        if draft.name == "?":
            draft.opaque = "its name can't be followed"
        order = self.reader.texts(options["ordering"]) if "ordering" in options else None
        return Model(framework.name, cls, scope.name, draft.table(), at, dict(draft.attributes), relations,
                     tuple(order or ()))  # fmt: skip

    def _field(
        self, name: str, binding: Binding, cls: ClassRef, framework: _Framework, draft: Draft,
        relations: dict[str, Relation],
    ) -> None:  # fmt: skip
        call, view = binding.value, View(cls.place)
        if not isinstance(call, Call):
            return
        called = self.reader.callee(call, view)
        last = called.rpartition(".")[2]
        if called.partition(".")[0] not in framework.roots:
            if not self._is_own_field(call, cls, framework):
                return
            own = self.reader.project_class(call.func, view)
            last = self.classes.outside(own)[0].rpartition(".")[2] if own is not None else last
        keywords = self.reader.keywords(call, view)
        mark = self._mark(view, binding.at)
        first = next((a.value for a in call.args if a.name is None), None)
        target = argument(call, "references") or argument(call, "model_name") or argument(call, "model") or argument(
            call, "to") or first  # fmt: skip
        relation = last in framework.foreign or last in framework.one
        if last in framework.many:
            to, table = self._target(target, cls)
            through = ""
            if framework.name == "tortoise" and to is not None and table and last == "ManyToManyField":
                through = self._through(call, cls, draft, to, table)
            relations[name] = Relation(to, through=through, many=True)
            return
        if last[:1].islower() or last in ("Relation", "CompositeKey"):
            return
        given = next((t for k in framework.column if k in keywords and (t := self.reader.text(keywords[k]))), None)
        suffix = framework.suffix if relation and not (framework.name == "peewee" and name.endswith("_id")) else ""
        column = given or name + suffix
        flag = {key: self.reader.flag(read) for key, read in keywords.items()}
        indexed = flag.get("index", flag.get("db_index"))
        foreign: tuple[ForeignKeyDef, ...] = ()
        if relation:
            to, table = self._target(target, cls)
            if table == "self":
                table = draft.name
            relations[name] = Relation(to, (column,))
            foreign = (ForeignKeyDef((column,), table, at=mark),) if table else ()
        draft.add(
            name,
            Drawn(
                ColumnDef(column, _TYPES.get(last.lower(), last.removesuffix("Field").lower()),
                          nullable=(flag.get("null") or flag.get("nullable")) is True, at=mark,
                          chosen="choices" in keywords or last in ("CharEnumField", "IntEnumField")),
                any(flag.get(key) is True for key in framework.primary) or last in ("AutoField", "BigAutoField"),
                flag.get("unique") is True or last in framework.one,
                indexed is True or (framework.indexed and relation and indexed is None),
                foreign,
            ),
        )  # fmt: skip
        if relation and framework.name == "tortoise":
            draft.attributes.setdefault(f"{name}_id", column)

    def _through(self, call: Call, cls: ClassRef, draft: Draft, other: ClassRef, table: str) -> str:
        """Return the table between two models of Tortoise, by the names that it makes up where none are given."""
        view = View(cls.place)
        given = {key: self.reader.text(read) for key, read in self.reader.keywords(call, view).items()}
        names = [self.classes.scope(each).name.lower() for each in (cls, other)]
        name = given.get("through") or f"{draft.name}_{table}"
        ends = (
            (given.get("backward_key") or f"{names[0]}_{'rel_' if names[0] == names[1] else ''}id", draft.name),
            (given.get("forward_key") or f"{names[1]}_id", table),
        )
        at = self.reader.location(view, call.at)
        self._between.setdefault(name, between("tortoise", name, ends, at, self.places.mark(at)))
        return name

    def _target(self, value: Value | None, cls: ClassRef) -> tuple[ClassRef | None, str]:
        """Return the model a relation leads to, and its table."""
        if value is None:
            return None, ""
        view = View(cls.place)
        own = self.reader.project_class(value, view)
        if own is None:
            text = self.reader.text(Read(value, view)) or (value.name if isinstance(value, Ref) else "")
            if text == "self":
                return cls, "self"
            last = text.rpartition(".")[2]
            own = next((c for c in self.classes.all() if self.classes.scope(c).name == last), None) if last else None
        framework = self._framework(own) if own is not None else None
        return (own, self.table_name(own, framework)) if own is not None and framework is not None else (own, "")

    def _meta(self, options: dict[str, Read], framework: _Framework, draft: Draft) -> None:
        """Add the indexes, constraints and composite keys of `Meta`."""
        composite = options.get("primary_key")
        if composite is not None and isinstance(composite.value, Call):
            names = [self.reader.text(r) for r in self.reader.positional(composite.value, composite.view) or []]
            keys = tuple(Key(draft.attributes.get(n, n)) for n in names if n)
            if keys:
                draft.indexes.append(IndexDef("", keys, unique=True, origin="primary key", at=draft.at))
        for option, unique in (("unique_together", True), ("indexes", False), ("constraints", False)):
            if option not in options:
                continue
            items = self.reader.items(options[option])
            if items is None:
                draft.opaque = draft.opaque or f"its {option} can't be followed"
                continue
            texts = [self.reader.text(item) for item in items]
            groups = [Read(options[option].value, options[option].view)] if items and None not in texts else items
            for group in groups:
                self._group(group, framework, draft, unique=unique)

    def _group(self, group: Read, framework: _Framework, draft: Draft, *, unique: bool) -> None:
        followed = self.reader.follow(group)
        names: tuple[str, ...] | None
        given = ""
        mark = draft.at
        if isinstance(followed.value, Call):
            call, view = followed.value, followed.view
            mark = self._mark(view, call.at)
            last = self.reader.last(call, view)
            keywords = self.reader.keywords(call, view)
            given = (self.reader.text(keywords["name"]) or "") if "name" in keywords else ""
            unique = unique or last.startswith("Unique") or self.reader.flag(keywords.get("unique")) is True
            if last.startswith("Check"):
                return
            if "fields" in keywords:
                names = self.reader.texts(keywords["fields"])
            else:
                positional = self.reader.positional(call, view) or []
                texts = [self.reader.text(item) for item in positional]
                names = tuple(t for t in texts if t is not None) if texts and None not in texts else None
        else:
            items = self.reader.items(followed) or []
            # Peewee writes (("a", "b"), True).
            pair = framework.name == "peewee" and len(items) == 2 and self.reader.flag(items[1]) is not None
            if pair:
                unique = self.reader.flag(items[1]) is True
            names = self.reader.texts(items[0] if pair else followed)
        if not names:
            draft.opaque = draft.opaque or "an index can't be followed"
            return
        keys = tuple(
            Key(draft.attributes.get(n.lstrip("-"), n.lstrip("-")), descending=n.startswith("-")) for n in names
        )
        plain = unique and framework.name != "peewee"
        if not given and not plain:
            given = conventional("ix", draft.name, "", draft.convention, tuple(key.column for key in keys))
        draft.indexes.append(IndexDef(given, keys, unique=unique, origin="unique" if plain else "index", at=mark))
