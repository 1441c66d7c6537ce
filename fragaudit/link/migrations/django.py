"""Django's migrations: sorted by their dependencies, squashed ones in place of those they replace.

State and database are kept apart, as `SeparateDatabaseAndState` does.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from fragaudit.link.migrations.compared import Names, changed
from fragaudit.link.migrations.django_code import executed
from fragaudit.link.migrations.django_operations import HANDLERS, Operations
from fragaudit.link.migrations.django_order import Ordering
from fragaudit.link.migrations.steps import Gap, History, Step
from fragaudit.link.orm.django import Django
from fragaudit.link.orm.django_state import Registry, State
from fragaudit.link.orm.reader import Read, Reader, View, argument
from fragaudit.model.locations import Location
from fragaudit.model.schema import AddIndex, Change, DropIndex, Lost, RenameIndex, TableDef
from fragaudit.model.values import Attr, Call, Lit, Text, Value

_SCHEMA_WORDS = re.compile(r"\b(?:create|alter|drop|rename)\b", re.IGNORECASE)
_DATA = re.compile(r"^\s*(?:insert|update|delete|select|with|set|vacuum|analyze|comment|grant|lock)\b", re.IGNORECASE)


class DjangoMigrations(Operations):
    """Runs the migrations of all apps of a repository."""

    def __init__(self, reader: Reader, django: Django) -> None:
        super().__init__(reader, django)
        self.state = Registry()
        self.real = Registry()
        self.names = Names()
        self._steps: list[Step] = []
        self._gaps: list[Gap] = []
        self._path = ""

    def all(self) -> list[History]:
        """Return the one series that the migrations of all apps make up; none if there are no migrations."""
        ordering = Ordering(self.reader, self.django)
        found = ordering.found()
        if not found:
            return []
        for migration in ordering.in_order(found):
            self._app, self._path = migration.name[0], migration.path
            for each in reversed(self.classes.order(migration.cls)):
                binding = self.classes.members(each).get("operations")
                if binding is not None and binding.value is not None:
                    self._operations(Read(binding.value, View(each.place)), self._both)
        paths = tuple(migration.path for migration in found)
        return [
            History(
                "", "django", tuple(self._steps), (*ordering.gaps, *self._gaps), files=paths, declared=self._declared()
            )
        ]

    def _declared(self) -> frozenset[tuple[str, tuple[str, ...]]]:
        return frozenset(
            (table.name.lower(), tuple(k.column for k in index.keys))
            for model in self.state.models.values()
            for table in self.state.render(model)
            for index in table.indexes
        )

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
        handler = HANDLERS.get(name)
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

    def _tell(self, at: Location, made: list[Change]) -> None:
        self._steps.extend(Step(self._path, at, change) for change in made)


def _literal(value: Value) -> str:
    if isinstance(value, Lit):
        return value.value if isinstance(value.value, str) else ""
    if isinstance(value, Text):
        return " ".join(_literal(part) for part in value.parts)
    return ""


_NOTHING = frozenset(
    {"AlterModelManagers", "AlterModelTableComment", "ValidateConstraint", "CreateCollation",
     "RemoveCollation", "AlterConstraint"}
)  # fmt: skip
_ON_MODEL = frozenset(
    {"AddField", "RemoveField", "AlterField", "RenameField", "AddIndex", "RemoveIndex", "RenameIndex", "AddConstraint",
     "RemoveConstraint", "AddIndexConcurrently", "RemoveIndexConcurrently", "AddConstraintNotValid"}
)  # fmt: skip
