"""Django's migrations: sorted by their dependencies, squashed ones in place of those they replace.

State and database are kept apart, as `SeparateDatabaseAndState` does.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from dataclasses import replace

from msgspec import Struct

from fragaudit.link.abstract import ClassRef
from fragaudit.link.migrations.compared import Names, changed
from fragaudit.link.migrations.django_code import executed, touches_schema
from fragaudit.link.migrations.steps import Gap, History, Step
from fragaudit.link.orm.django import Django, together
from fragaudit.link.orm.django_state import Field, Part, Registry, Spec, State
from fragaudit.link.orm.reader import Read, Reader, View, argument
from fragaudit.model.locations import Location
from fragaudit.model.schema import AddIndex, Change, DropIndex, Lost, RenameIndex, TableDef
from fragaudit.model.values import Attr, Call, Lit, Text, Value

_SCHEMA_WORDS = re.compile(r"\b(?:create|alter|drop|rename)\b", re.IGNORECASE)
_DATA = re.compile(r"^\s*(?:insert|update|delete|select|with|set|vacuum|analyze|comment|grant|lock)\b", re.IGNORECASE)

Name = tuple[str, str]
"""App and name of a migration."""


class _Migration(Struct, frozen=True):
    name: Name
    cls: ClassRef
    path: str
    depends: tuple[Name, ...]
    replaces: tuple[Name, ...]
    before: tuple[Name, ...]
    understood: bool


class DjangoMigrations:
    """Runs the migrations of all apps of a repository."""

    def __init__(self, reader: Reader, django: Django) -> None:
        self.reader = reader
        self.django = django
        self.fields = django.fields
        self.classes = django.classes
        self.state = Registry()
        self.real = Registry()
        self.names = Names()
        self._steps: list[Step] = []
        self._gaps: list[Gap] = []
        self._app = ""
        self._path = ""

    def all(self) -> list[History]:
        """Return the one series that the migrations of all apps make up; none if there are no migrations."""
        found = self._found()
        if not found:
            return []
        for migration in self._in_order(found):
            self._app, self._path = migration.name[0], migration.path
            for each in reversed(self.classes.order(migration.cls)):
                binding = self.classes.members(each).get("operations")
                if binding is not None and binding.value is not None:
                    self._operations(Read(binding.value, View(each.place)), self._both)
        paths = tuple(migration.path for migration in found)
        return [History("", "django", tuple(self._steps), tuple(self._gaps), files=paths, declared=self._declared())]

    def _declared(self) -> frozenset[tuple[str, tuple[str, ...]]]:
        return frozenset(
            (table.name.lower(), tuple(k.column for k in index.keys))
            for model in self.state.models.values()
            for table in self.state.render(model)
            for index in table.indexes
        )

    # -- which, and in which order -----------------------------------------------------------------------------------

    def _found(self) -> list[_Migration]:
        found: list[_Migration] = []
        for cls in self.classes.all():
            path = self.classes.module(cls)
            folder, name = posixpath.split(path.removesuffix(".py"))
            if self.classes.scope(cls).name != "Migration" or self.classes.scope(cls).parent != 0:
                continue
            if not any(base.endswith("migrations.Migration") for base in self.classes.outside(cls)):
                continue
            if name == "__init__" or posixpath.basename(folder) in ("management", "commands"):
                continue
            app = self.django.apps.label(posixpath.dirname(folder) + "/models.py")
            named = {key: self._pairs(cls, key) for key in ("dependencies", "replaces", "run_before")}
            understood = None not in named.values()
            found.append(
                _Migration((app, name), cls, path, named["dependencies"] or (), named["replaces"] or (),
                           named["run_before"] or (), understood)
            )  # fmt: skip
        return found

    def _pairs(self, cls: ClassRef, key: str) -> tuple[Name, ...] | None:
        binding = self.classes.members(cls).get(key)
        if binding is None or binding.value is None:
            return ()
        items = self.reader.items(Read(binding.value, View(cls.place)))
        found: list[Name] = []
        for item in items or []:
            texts = self.reader.texts(item)
            if texts is not None and len(texts) == 2:
                found.append((texts[0], texts[1]))
            elif isinstance(item.value, Call):  # swappable_dependency(settings.AUTH_USER_MODEL)
                app = self.fields.user.partition(".")[0]
                found.append((app, "__first__"))
            else:
                return None
        return tuple(found) if items is not None else None

    def _in_order(self, found: list[_Migration]) -> list[_Migration]:
        replaced = {name: m.name for m in found for name in m.replaces}
        active = {m.name: m for m in found if m.name not in replaced}
        firsts: dict[str, list[Name]] = {}
        for name in sorted(active):
            firsts.setdefault(name[0].lower(), []).append(name)
        for migration in found:
            if not migration.understood:
                self._gaps.append(Gap(Location(migration.path), "its dependencies can't be followed"))

        def known(name: Name, asking: Name) -> list[Name]:
            app, what = name
            if what in ("__first__", "__latest__"):
                own = [n for n in firsts.get(app.lower(), []) if n != asking]
                roots = [n for n in own if not any(d[0] == n[0] for d in active[n].depends)]
                return roots[:1] if what == "__first__" else own[-1:]
            for _ in range(len(found)):
                if (app, what) in replaced and replaced[app, what] != asking:
                    app, what = replaced[app, what]
                else:
                    break
            if (app, what) in active:
                return [(app, what)]
            if firsts.get(app.lower()) and (app, what) not in replaced:
                self._gaps.append(Gap(Location(active[asking].path), f"the migration it follows, {what}, isn't there"))
            return []

        edges: dict[Name, list[Name]] = {name: [] for name in active}
        for name, migration in active.items():
            inherited = [d for m in found if m.name in migration.replaces for d in m.depends]
            for before in (*migration.depends, *inherited):
                edges[name].extend(n for n in known(before, name) if n != name)
            for after in migration.before:
                for target in known(after, name):
                    edges[target].append(name)
        done: dict[Name, None] = {}
        for start in sorted(active):
            stack: list[tuple[Name, bool]] = [(start, False)]
            entered: set[Name] = set()
            while stack:
                name, closed = stack.pop()
                if closed:
                    done.setdefault(name)
                    continue
                if name in done or name in entered:
                    continue
                entered.add(name)
                stack.append((name, True))
                stack.extend((before, False) for before in sorted(edges[name], reverse=True))
        return [active[name] for name in done]

    # -- operations ------------------------------------------------------------------------------------------------

    def _operations(self, read: Read, apply: Callable[[str, Call, View], None]) -> None:
        items = self.reader.items(read)
        if items is None:
            wrapped = isinstance(read.value, Call)
            self._gaps.append(Gap(Location(self._path), "its operations can't be followed", own=wrapped))
            # A function that puts more around the operations that it is given.
            given = [a.value for a in read.value.args] if isinstance(read.value, Call) else []
            items = [Read(v, read.view) for v in given if isinstance(v, Call) and self._operation(v, read.view)]
        for item in items:
            followed = item if isinstance(item.value, Call) and self._operation(item.value, item.view) else (
                self.reader.follow(item)
            )  # fmt: skip
            if not isinstance(followed.value, Call):
                self._gaps.append(Gap(Location(self._path), "an operation can't be followed"))
                continue
            name = self._operation(followed.value, followed.view)
            apply(name, followed.value, followed.view)

    def _operation(self, call: Call, view: View) -> str:
        """Return the name of the library's operation that a call makes, also by a subclass of the project's own."""
        own = self.reader.project_class(call.func, view)
        if own is not None:
            method = next((m for c in self.classes.order(own) if (m := self.classes.functions(c).get(_RUNS))), None)
            if method is not None and not touches_schema(self.reader, method):
                return "RunPython"
            return next((n.rpartition(".")[2] for n in self.classes.outside(own)), self.classes.scope(own).name)
        last = self.reader.last(call, view)
        return last if last[:1].isupper() else ""

    def _both(self, name: str, call: Call, view: View) -> None:
        """Apply an operation to the database and to the state."""
        if name in ("SeparateDatabaseAndState", "RunSQL", "RunPython"):
            self._special(name, call, view)
            return
        registry = self._holder(name, call, view)
        self._apply(registry, name, call, view, tell=True)
        other = self.state if registry is self.real else self.real
        if registry is self.real:
            self._apply(other, name, call, view, tell=False)

    def _holder(self, name: str, call: Call, view: View) -> Registry:
        if name == "CreateModel":
            return self.real
        label = self._label(call, view, name)
        return self.real if label in self.real.models or label not in self.state.models else self.state

    def _special(self, name: str, call: Call, view: View) -> None:
        if name == "SeparateDatabaseAndState":
            database = argument(call, "database_operations", 0)
            state = argument(call, "state_operations", 1)
            if database is not None:
                self._operations(Read(database, view), self._database)
            if state is not None:
                self._operations(Read(state, view), self._state)
        elif name == "RunSQL":
            sql = argument(call, "sql", 0)
            if sql is not None:
                self._sql(Read(sql, view), call, view)
            state = argument(call, "state_operations", 2)
            if state is not None:
                self._operations(Read(state, view), self._state)
        elif name == "RunPython":
            code = argument(call, "code", 0)
            for text, at in executed(self.reader, code, view) if code is not None else ():
                self._steps.append(Step(self._path, at, sql=text))

    def _database(self, name: str, call: Call, view: View) -> None:
        if name in ("SeparateDatabaseAndState", "RunSQL", "RunPython"):
            self._special(name, call, view)
            return
        label = self._label(call, view, name)
        if label not in self.real.models and label in self.state.models:
            self.real.add(self.state.models[label].copy())
        self._apply(self.real, name, call, view, tell=True)

    def _state(self, name: str, call: Call, view: View) -> None:
        if name in ("SeparateDatabaseAndState", "RunSQL", "RunPython"):
            return
        self._apply(self.state, name, call, view, tell=False)

    def _sql(self, read: Read, call: Call, view: View) -> None:
        followed = self.reader.follow(read)
        texts: list[str | None]
        whole = followed.value.value if isinstance(followed.value, Lit) else None  # however long it is
        text = whole if isinstance(whole, str) else self.reader.text(followed)
        if text is not None:
            texts = [text]
        elif isinstance(followed.value, Attr) and followed.value.name == "noop":
            return
        else:
            items = self.reader.items(followed)
            texts = []
            for item in items or [followed]:
                one = self.reader.text(item)
                if one is None:
                    inner = self.reader.items(item)
                    one = self.reader.text(inner[0]) if inner else None
                texts.append(one)
        for one in texts:
            if one is None:
                if _SCHEMA_WORDS.search(_literal(followed.value)) or not _literal(followed.value):
                    self._gap(call, view, "SQL that can't be followed is run")
            elif _SCHEMA_WORDS.search(one) and not _DATA.match(one):
                self._steps.append(Step(self._path, self.reader.location(view, call.at), sql=one))

    def _gap(self, call: Call, view: View, why: str, table: str = "", *, own: bool = False) -> None:
        self._gaps.append(Gap(self.reader.location(view, call.at), why, table, own=own))

    def _text(self, call: Call, view: View, name: str, position: int) -> str:
        value = argument(call, name, position)
        return (self.reader.text(Read(value, view)) or "") if value is not None else ""

    def _label(self, call: Call, view: View, name: str) -> str:
        key = "model_name" if name in _ON_MODEL else "old_name" if name == "RenameModel" else "name"
        return f"{self._app}.{self._text(call, view, key, 0)}".lower()

    # -- one operation -----------------------------------------------------------------------------------------------

    def _apply(self, registry: Registry, name: str, call: Call, view: View, *, tell: bool) -> None:
        """Change a model, and tell of the changes that its tables go through."""
        if name in _NOTHING or name.endswith("Extension"):
            return
        at = self.reader.location(view, call.at)
        if name == "CreateModel":
            state = self._created(call, view)
            registry.add(state)
            if tell:
                self._tell(at, list(changed((), registry.render(state), self.names, paired=False)))
            return
        label = self._label(call, view, name)
        model = registry.models.get(label)
        handler = _HANDLERS.get(name)
        if handler is None:
            if tell:
                self._gap(call, view, f"the operation {name or '?'} isn't known", own=True)
            return
        if model is None:
            if tell:
                self._gap(call, view, f"the model {label} isn't there")
            return
        before = registry.render(model)
        state = model.copy()
        paired = name in ("RenameModel", "RenameField", "AlterModelTable")
        why = handler(self, registry, state, call, view)
        if why and tell:
            self._gap(call, view, why, before[0].name if before else "")
            for table in before[:1]:
                if "index" in why:
                    self._tell(at, [Lost(table.name, why, self.django.places.mark(at))])
        if name == "DeleteModel":
            registry.models.pop(label, None)
            after = []
        elif name == "RenameModel":
            self._rename(registry, label, state, at, before, tell=tell)
            return
        else:
            registry.models[label] = state
            after = registry.render(state)
        if tell:
            extra = self._extra(name, before, call, view, state, registry)
            self._tell(at, extra or list(changed(before, after, self.names, paired=paired)))

    def _extra(
        self, name: str, before: list[TableDef], call: Call, view: View, state: State, registry: Registry
    ) -> list[Change]:
        """Return changes by name: of indexes that only SQL has made, and of those that get a new name."""
        table = before[0].name if before else state.table
        if name in ("RemoveIndex", "RemoveIndexConcurrently", "RemoveConstraint"):
            return [DropIndex(self._text(call, view, "name", 1), table)]
        if name == "RenameIndex":
            new, old = self._text(call, view, "new_name", 1), self._text(call, view, "old_name", 2)
            if old:
                return [RenameIndex(old, new)]
            spec = next((s for s in state.indexes if s.name == new), None)
            if spec is not None:
                made = registry.index(state, spec)
                return [DropIndex(table=table, columns=tuple(k.column for k in made.keys)), AddIndex(table, made)]
        return []

    def _tell(self, at: Location, made: list[Change]) -> None:
        self._steps.extend(Step(self._path, at, change) for change in made)

    def _created(self, call: Call, view: View) -> State:
        name = self._text(call, view, "name", 0)
        at = self.django._mark(view, call.at)
        state = State(self._app, name, at=at)
        given = argument(call, "fields", 1)
        items = self.reader.items(Read(given, view)) if given is not None else []
        for item in items or []:
            pair = self.reader.items(item) or []
            text = self.reader.text(pair[0]) if len(pair) == 2 else None
            made = self._field(text, pair[1], state) if text is not None else None
            if made is not None:
                state.fields[made.name] = made
        if items is None:
            state.opaque = "its fields can't be followed"
        value = argument(call, "options", 2)
        options = self.reader.entries(Read(value, view)) if value is not None else {}
        state.db_table = (self.reader.text(options["db_table"]) or "").strip('"') if "db_table" in options else ""
        state.managed = self.reader.flag(options.get("managed")) is not False
        state.proxy = self.reader.flag(options.get("proxy")) is True
        bases = argument(call, "bases", 3)
        for base in (self.reader.items(Read(bases, view)) or []) if bases is not None else []:
            text = self.reader.text(base)
            if text and "." in text:
                state.parents = (*state.parents, text.lower())
        self.django._options(state, {k: v for k, v in options.items() if v.value != Lit(None)})
        return state

    def _field(self, name: str, read: Read, state: State) -> Field | None:
        view = read.view
        at = self.django._mark(view, read.value.at) if isinstance(read.value, Call) else state.at
        return self.fields.field(name, read, self._app, at, state.label)

    def _add_field(self, registry: Registry, state: State, call: Call, view: View) -> str:
        del registry
        name = self._text(call, view, "name", 1)
        value = argument(call, "field", 2)
        made = self._field(name, Read(value, view), state) if value is not None else None
        if made is None:
            return "" if name and isinstance(value, Call) else "a field can't be followed"
        state.fields[name] = made
        return ""

    def _remove_field(self, registry: Registry, state: State, call: Call, view: View) -> str:
        del registry
        state.fields.pop(self._text(call, view, "name", 1), None)
        return ""

    def _rename_field(self, registry: Registry, state: State, call: Call, view: View) -> str:
        old, new = self._text(call, view, "old_name", 1), self._text(call, view, "new_name", 2)
        if old not in state.fields or not new:
            return "a field is renamed that can't be followed"
        renamed: dict[str, Field] = {}
        for key, each in state.fields.items():
            if key == old:
                same = each.column in (old, old + "_id")
                column = new + each.column[len(old) :] if same else each.column
                renamed[new] = replace(each, name=new, column=column)
            else:
                renamed[key] = each
        state.fields = renamed

        def turned(names: tuple[str, ...]) -> tuple[str, ...]:
            return tuple(new if name == old else name for name in names)

        state.unique_together = tuple(turned(group) for group in state.unique_together)
        state.index_together = tuple(turned(group) for group in state.index_together)
        for specs in (state.indexes, state.constraints):
            specs[:] = [
                replace(s, parts=tuple(replace(p, field=new) if p.field == old else p for p in s.parts)) for s in specs
            ]
        for other in registry.models.values():
            for key, each in other.fields.items():
                if each.to == state.label and each.to_field == old:
                    other.fields[key] = replace(each, to_field=new)
        return ""

    def _rename(
        self,
        registry: Registry,
        label: str,
        state: State,
        at: Location,
        before: list[TableDef],
        *,
        tell: bool,
    ) -> None:
        """Rename a model: its table, and the columns by which tables in between know it."""
        others = [
            m for m in registry.models.values()
            if m.label != label and any(f.kind == "many" and f.to == label for f in m.fields.values())
        ]  # fmt: skip
        was = [registry.render(m) for m in others]
        registry.models.pop(label, None)
        registry.add(state)
        for model in registry.models.values():
            for key, each in model.fields.items():
                if label in (each.to, each.through):
                    model.fields[key] = replace(
                        each,
                        to=state.label if each.to == label else each.to,
                        through=state.label if each.through == label else each.through,
                    )
            model.parents = tuple(state.label if p == label else p for p in model.parents)
        if tell:
            self._tell(at, list(changed(before, registry.render(state), self.names, paired=True)))
            for model, tables in zip(others, was, strict=True):
                self._tell(at, list(changed(tables, registry.render(model), self.names, paired=True)))

    def _rename_model(self, registry: Registry, state: State, call: Call, view: View) -> str:
        del registry
        state.name = self._text(call, view, "new_name", 1) or state.name
        return ""

    def _alter_table(self, registry: Registry, state: State, call: Call, view: View) -> str:
        del registry
        state.db_table = self._text(call, view, "table", 1).strip('"')
        return ""

    def _alter_together(self, registry: Registry, state: State, call: Call, view: View) -> str:
        del registry
        for name in ("unique_together", "index_together"):
            value = argument(call, name) or (
                argument(call, name, 1) if name in _TOGETHER.get(self._last(call, view), "") else None
            )
            if value is not None:
                groups = () if value == Lit(None) else together(self.reader, Read(value, view))
                if groups is None:
                    return "an index of several fields can't be followed"
                if name == "unique_together":
                    state.unique_together = groups
                else:
                    state.index_together = groups
        return ""

    def _last(self, call: Call, view: View) -> str:
        return self._operation(call, view)

    def _alter_options(self, registry: Registry, state: State, call: Call, view: View) -> str:
        del registry
        value = argument(call, "options", 1)
        options = self.reader.entries(Read(value, view)) if value is not None else {}
        if "managed" in options:
            state.managed = self.reader.flag(options["managed"]) is not False
        return ""

    def _order_with(self, registry: Registry, state: State, call: Call, view: View) -> str:
        del registry
        value = argument(call, "order_with_respect_to", 1)
        if value is None or value == Lit(None):
            state.fields.pop("_order", None)
        else:
            state.fields["_order"] = Field("_order", "_order", "integer", at=self.django._mark(view, call.at))
        return ""

    def _spec(self, call: Call, view: View, key: str) -> Spec | None:
        value = argument(call, key, 1)
        if value is None:
            return None
        read = Read(value, view)
        return self.fields.spec(read if isinstance(value, Call) else self.reader.follow(read))

    def _add_index(self, registry: Registry, state: State, call: Call, view: View) -> str:
        del registry
        spec = self._spec(call, view, "index")
        if spec is None:
            return "an index is added that can't be followed"
        state.indexes.append(spec)
        return ""

    def _remove_index(self, registry: Registry, state: State, call: Call, view: View) -> str:
        name = self._text(call, view, "name", 1)
        state.indexes = [s for s in state.indexes if registry.index(state, s).name != name]
        return ""

    def _rename_index(self, registry: Registry, state: State, call: Call, view: View) -> str:
        new, old = self._text(call, view, "new_name", 1), self._text(call, view, "old_name", 2)
        if old:
            state.indexes = [replace(s, name=new) if registry.index(state, s).name == old else s for s in state.indexes]
            return ""
        value = argument(call, "old_fields")
        fields = self.reader.texts(Read(value, view)) if value is not None else None
        if fields is None:
            return "an index is renamed that can't be followed"

        state.index_together = tuple(g for g in state.index_together if g != fields)
        at = self.django._mark(view, call.at)
        state.indexes.append(Spec(tuple(Part(f) for f in fields), new, at=at))
        return ""

    def _add_constraint(self, registry: Registry, state: State, call: Call, view: View) -> str:
        del registry
        spec = self._spec(call, view, "constraint")
        if spec is not None:
            state.constraints.append(spec)
            return ""
        value = argument(call, "constraint", 1)
        read = self.reader.follow(Read(value, view)) if value is not None and not isinstance(value, Call) else None
        shown = read.value if read is not None else value
        known = isinstance(shown, Call) and self.reader.last(shown, view) == "CheckConstraint"
        return "" if known else "a constraint (perhaps with an index) is added that can't be followed"

    def _remove_constraint(self, registry: Registry, state: State, call: Call, view: View) -> str:
        name = self._text(call, view, "name", 1)
        state.constraints = [s for s in state.constraints if registry.index(state, s).name != name]
        return ""

    def _delete(self, registry: Registry, state: State, call: Call, view: View) -> str:
        return ""


def _literal(value: Value) -> str:
    if isinstance(value, Lit):
        return value.value if isinstance(value.value, str) else ""
    if isinstance(value, Text):
        return " ".join(_literal(part) for part in value.parts)
    return ""


_RUNS = "database_forwards"
_TOGETHER = {"AlterUniqueTogether": "unique_together", "AlterIndexTogether": "index_together"}
_NOTHING = frozenset(
    {"AlterModelManagers", "AlterModelTableComment", "ValidateConstraint", "CreateCollation",
     "RemoveCollation", "AlterConstraint"}
)  # fmt: skip
_ON_MODEL = frozenset(
    {"AddField", "RemoveField", "AlterField", "RenameField", "AddIndex", "RemoveIndex", "RenameIndex", "AddConstraint",
     "RemoveConstraint", "AddIndexConcurrently", "RemoveIndexConcurrently", "AddConstraintNotValid"}
)  # fmt: skip
_HANDLERS = {
    "DeleteModel": DjangoMigrations._delete,
    "RenameModel": DjangoMigrations._rename_model,
    "AlterModelTable": DjangoMigrations._alter_table,
    "AlterUniqueTogether": DjangoMigrations._alter_together,
    "AlterIndexTogether": DjangoMigrations._alter_together,
    "AlterModelOptions": DjangoMigrations._alter_options,
    "AlterOrderWithRespectTo": DjangoMigrations._order_with,
    "AddField": DjangoMigrations._add_field,
    "AlterField": DjangoMigrations._add_field,
    "RemoveField": DjangoMigrations._remove_field,
    "RenameField": DjangoMigrations._rename_field,
    "AddIndex": DjangoMigrations._add_index,
    "AddIndexConcurrently": DjangoMigrations._add_index,
    "RemoveIndex": DjangoMigrations._remove_index,
    "RemoveIndexConcurrently": DjangoMigrations._remove_index,
    "RenameIndex": DjangoMigrations._rename_index,
    "AddConstraint": DjangoMigrations._add_constraint,
    "AddConstraintNotValid": DjangoMigrations._add_constraint,
    "RemoveConstraint": DjangoMigrations._remove_constraint,
}
