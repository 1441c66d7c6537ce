"""yoyo's steps of SQL and Piccolo's migration managers: files in the order of their dependencies and names."""

from __future__ import annotations

import posixpath

from fragaudit.link.migrations.interpret import Interpreter
from fragaudit.link.migrations.steps import Gap, History, Step
from fragaudit.link.orm import Mapping
from fragaudit.link.orm.reader import Read, View, argument
from fragaudit.link.program import Place
from fragaudit.model.facts import MODULE_SCOPE
from fragaudit.model.schema import (
    AddColumn,
    AddIndex,
    Change,
    ColumnDef,
    CreateTable,
    DropColumn,
    DropIndex,
    DropTable,
    ForeignKeyDef,
    IndexDef,
    Key,
    RenameColumn,
    RenameTable,
    TableDef,
)
from fragaudit.model.values import Attr, Call


class Yoyo:
    """Runs the `step(…)`s of yoyo's migrations; what takes them back is left out."""

    def __init__(self, mapping: Mapping) -> None:
        self.reader = mapping.reader
        self.program = mapping.reader.program

    def all(self) -> list[History]:
        """Return one series for each folder."""
        folders: dict[str, list[int]] = {}
        for number, file in enumerate(self.program.files):
            if any(item.module == "yoyo" and item.name in ("step", "group") for item in file.imports):
                folders.setdefault(posixpath.dirname(file.path), []).append(number)
        return [self._history(folder, files) for folder, files in sorted(folders.items())]

    def _history(self, folder: str, files: list[int]) -> History:
        steps: list[Step] = []
        gaps: list[Gap] = []
        for number in self._in_order(files):
            path = self.program.files[number].path
            sites = [s for s in self.program.sites_by_name.get("step", ()) if s.place.file == number]
            for site in sorted(sites, key=lambda s: s.call.at):
                view = View(site.place)
                at = self.reader.location(view, site.call.at)
                first = argument(site.call, "apply", 0)
                text = self.reader.text(Read(first, view)) if first is not None else None
                if text is None:
                    gaps.append(Gap(at, "a step is no text that can be followed"))
                else:
                    steps.append(Step(path, at, sql=text))
        names = tuple(self.program.files[number].path for number in files)
        return History(folder, "yoyo", tuple(steps), tuple(gaps), files=names)

    def _in_order(self, files: list[int]) -> list[int]:
        names = {posixpath.basename(self.program.files[n].path).removesuffix(".py"): n for n in files}
        done: dict[int, None] = {}
        for start in sorted(names):
            stack = [(start, False)]
            entered: set[str] = set()
            while stack:
                name, closed = stack.pop()
                if closed:
                    done.setdefault(names[name])
                elif name in names and names[name] not in done and name not in entered:
                    entered.add(name)
                    stack.append((name, True))
                    stack.extend((before, False) for before in sorted(self._depends(names[name]), reverse=True))
        return list(done)

    def _depends(self, file: int) -> tuple[str, ...]:
        place = Place(file, MODULE_SCOPE)
        bindings = [b for b in self.program.bindings(place, "__depends__") if b.value is not None]
        return (
            (self.reader.texts(Read(bindings[-1].value, View(place))) or ()) if bindings and bindings[-1].value else ()
        )


class Piccolo:
    """Runs the `manager.add_column(…)` of Piccolo's `forwards`, files sorted by the time in their names."""

    def __init__(self, mapping: Mapping) -> None:
        self.mapping = mapping
        self.reader = mapping.reader
        self.program = mapping.reader.program
        self.interpreter = Interpreter(self.reader, self._operation)
        self._steps: list[Step] = []
        self._gaps: list[Gap] = []
        self._path = ""

    def all(self) -> list[History]:
        """Return one series for each folder."""
        folders: dict[str, list[tuple[str, Place]]] = {}
        for number, file in enumerate(self.program.files):
            if any(item.name == "MigrationManager" for item in file.imports):
                for scope in self.program.definitions(Place(number, MODULE_SCOPE), "forwards"):
                    folders.setdefault(posixpath.dirname(file.path), []).append((file.path, Place(number, scope)))
        found = []
        for folder, files in sorted(folders.items()):
            self._steps, self._gaps = [], []
            for path, place in sorted(files):
                self._path = path
                self.interpreter.run(place)
            paths = tuple(path for path, _ in sorted(files))
            found.append(History(folder, "piccolo", tuple(self._steps), tuple(self._gaps), files=paths))
        return found

    def _operation(self, call: Call, view: View) -> bool:
        if not isinstance(call.func, Attr) or call.func.name not in _OPERATIONS:
            return False
        given = {name: self.reader.text(read) for name, read in self.reader.keywords(call, view).items()}
        at = self.reader.location(view, call.at)
        made = self._made(call.func.name, given, call, view)
        if made is None:
            self._gaps.append(Gap(at, "a change can't be followed", given.get("tablename") or ""))
        else:
            self._steps.extend(Step(self._path, at, change) for change in made)
        return True

    def _made(self, name: str, given: dict[str, str | None], call: Call, view: View) -> list[Change] | None:
        table, column = given.get("tablename"), given.get("db_column_name") or given.get("column_name")
        mark = self.mapping.places.mark(self.reader.location(view, call.at))
        if name == "rename_table":
            old, new = given.get("old_tablename"), given.get("new_tablename")
            return [RenameTable(old, new)] if old and new else None
        if not table:
            return None
        if name == "add_table":
            primary = IndexDef("", (Key("id"),), unique=True, origin="primary key", at=mark)
            return [CreateTable(TableDef(table, (ColumnDef("id", "integer", False, at=mark),), (primary,), at=mark))]
        if name == "drop_table":
            return [DropTable(table)]
        if name == "rename_column":
            old, new = given.get("old_column_name"), given.get("new_column_name")
            return [RenameColumn(table, old, new)] if old and new else None
        if not column:
            return None
        if name == "drop_column":
            return [DropColumn(table, column)]
        params = self.reader.keywords(call, view).get("params")
        options = self.reader.entries(params) if params is not None else {}
        flags = {key: self.reader.flag(read) for key, read in options.items()}
        key = (Key(column),)
        index = IndexDef(f"{table}_{column}", key, at=mark)
        unique = IndexDef("", key, unique=True, origin="unique", at=mark)
        if name == "add_column":
            kind = (given.get("column_class_name") or "").lower()
            indexes = [index] if flags.get("index") else []
            indexes += [unique] if flags.get("unique") else []
            foreign: tuple[ForeignKeyDef, ...] = ()
            if kind == "foreignkey" and "references" in options:
                to = self.reader.project_class(options["references"].value, options["references"].view)
                target = next((m.table.name for m in self.mapping.models if m.cls == to), "") if to else ""
                foreign = (ForeignKeyDef((column,), target, at=mark),) if target else ()
            nullable = flags.get("null") is True
            return [AddColumn(table, ColumnDef(column, kind, nullable, at=mark), tuple(indexes), foreign)]
        found: list[Change] = []
        for option, made in (("index", index), ("unique", unique)):
            if flags.get(option) is True:
                found.append(AddIndex(table, made))
            elif flags.get(option) is False:
                found.append(DropIndex(made.name or f"{table}_{column}_key", table))
        return found


_OPERATIONS = frozenset(
    {"add_table", "drop_table", "rename_table", "add_column", "drop_column", "rename_column", "alter_column"}
)
