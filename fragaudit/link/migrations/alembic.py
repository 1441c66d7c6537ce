"""Alembic: revisions in the order their `down_revision` gives, and what each `upgrade` does."""

from __future__ import annotations

import posixpath
import re

from msgspec import Struct

from fragaudit.link.migrations.interpret import Interpreter
from fragaudit.link.migrations.steps import Gap, History, Step
from fragaudit.link.orm import Mapping
from fragaudit.link.orm.alchemy_table import Draft, column_indexes, conventional, engine_of
from fragaudit.link.orm.reader import Read, View, argument
from fragaudit.link.program import Place
from fragaudit.model.facts import MODULE_SCOPE
from fragaudit.model.locations import Location
from fragaudit.model.schema import (
    AddColumn,
    AddForeignKey,
    AddIndex,
    AlterColumn,
    Change,
    CreateTable,
    DropColumn,
    DropForeignKey,
    DropIndex,
    DropTable,
    ForeignKeyDef,
    IndexDef,
    Key,
    Lost,
    RenameColumn,
    RenameTable,
)
from fragaudit.model.values import Attr, Call, Lit, Ref, Text, Value, dotted

_SQL = ("execute", "exec_driver_sql", "executescript", "scalar", "scalars")
_SCHEMA_WORDS = re.compile(r"\b(?:create|alter|drop|rename)\b", re.IGNORECASE)
_DROP = re.compile(r"^\s*drop\s+(?:index|table|view)\b", re.IGNORECASE)
_DATA = re.compile(r"^\s*(?:--[^\n]*\n\s*)*(?:insert|update|delete|select|with|set|pragma|vacuum|analyze|comment|grant|"
                   r"lock|explain|truncate|refresh)\b", re.IGNORECASE)  # fmt: skip


class Revision(Struct, frozen=True):
    """One file of a series: its name, those it follows, and where its `upgrade` stands."""

    name: str
    follows: tuple[str, ...]
    place: Place
    path: str


class Alembic:
    """Finds the series of revisions and runs them."""

    def __init__(self, mapping: Mapping) -> None:
        self.mapping = mapping
        self.reader = mapping.reader
        self.program = mapping.reader.program
        self.tables = mapping.tables
        self.models = {model.cls: model for model in mapping.models if model.cls is not None}
        self.interpreter = Interpreter(self.reader, self._operation)
        self._steps: list[Step] = []
        self._gaps: list[Gap] = []
        self._file = 0
        self._convention: dict[str, str] = {}

    def all(self) -> list[History]:
        """Return every series, folder by folder."""
        folders: dict[str, list[Revision]] = {}
        broken: dict[str, list[Gap]] = {}
        for number, file in enumerate(self.program.files):
            folder = posixpath.dirname(file.path)
            place = Place(number, MODULE_SCOPE)
            if not self.program.bindings(place, "down_revision"):
                continue
            revision = self._revision(number, file.path)
            if revision is None:
                broken.setdefault(folder, []).append(Gap(Location(file.path), "its revision can't be read"))
            else:
                folders.setdefault(folder, []).append(revision)
        return [self._history(folder, found, broken.get(folder, [])) for folder, found in sorted(folders.items())]

    def _revision(self, file: int, path: str) -> Revision | None:
        place = Place(file, MODULE_SCOPE)
        view = View(place)
        names: dict[str, tuple[str, ...]] = {}
        for key in ("revision", "down_revision", "depends_on"):
            bindings = [b for b in self.program.bindings(place, key) if b.value is not None]
            read = Read(bindings[-1].value or Lit(None), view) if bindings else Read(Lit(None), view)
            if read.value == Lit(None):
                names[key] = ()
                continue
            texts = self.reader.texts(read)
            if texts is None:
                return None
            names[key] = texts
        upgrade = self.program.definitions(place, "upgrade")
        if not names["revision"] or not upgrade:
            return None
        follows = (*names["down_revision"], *names["depends_on"])
        return Revision(names["revision"][0], follows, Place(file, upgrade[-1]), path)

    def _history(self, folder: str, found: list[Revision], broken: list[Gap]) -> History:
        ordered, missing = in_order(found)
        self._steps, self._gaps = [], [*broken]
        self._gaps += [Gap(Location(r.path), f"the revision it follows, {name}, isn't there") for r, name in missing]
        self._convention = self._target_convention(folder)
        for revision in ordered:
            self._file = revision.place.file
            self.interpreter.run(revision.place)
        return History(folder, "alembic", tuple(self._steps), tuple(self._gaps), files=tuple(r.path for r in ordered))

    def _target_convention(self, folder: str) -> dict[str, str]:
        """Return the naming convention of the metadata that `env.py` hands to Alembic."""
        for number, file in enumerate(self.program.files):
            if posixpath.basename(file.path) == "env.py" and folder.startswith(posixpath.dirname(file.path)):
                place = Place(number, MODULE_SCOPE)
                alchemy = self.mapping.alchemy
                for binding in reversed(self.program.bindings(place, "target_metadata")):
                    value = binding.value
                    if isinstance(value, Attr) and value.name == "metadata":
                        own = self.reader.project_class(value.base, View(place))
                        if own is not None:
                            return alchemy.convention(own)
                    if value is not None:
                        return alchemy.convention_of(Read(value, View(place)))
        return {}

    # -- operations ------------------------------------------------------------------------------------------------

    def _operation(self, call: Call, view: View) -> bool:
        func = call.func
        if not isinstance(func, Attr):
            return False
        batch = self._batch(func.base, view)
        name = self.reader.callee(call, view)
        if batch is not None:
            self._run(func.name, call, view, batch)
            return True
        if name == f"alembic.op.{func.name}" or (not name and dotted(func.base) in ("op", "alembic.op")):
            self._run(func.name, call, view, None)
            return func.name != "get_bind"
        if func.name in _SQL and call.args:
            return self._sql(call, view)
        if func.name in ("create", "drop", "create_all"):
            return self._table_object(func, view, call)
        return False

    def _batch(self, base: Value, view: View) -> Call | None:
        """Return the `op.batch_alter_table(…)` that an expression stands for."""
        if not isinstance(base, Ref):
            return None
        read = self.reader.follow(Read(base, view)) if base.name in view.names else None
        made = read.value if read is not None else None
        if isinstance(made, Call) and getattr(made.func, "name", "") == "batch_alter_table":
            return made
        return None

    def _add(self, call: Call, view: View, change: Change) -> None:
        at = self.reader.location(view, call.at)
        self._steps.append(Step(self.program.files[self._file].path, at, change))

    def _gap(self, call: Call, view: View, why: str, table: str | None = None, *, lost: bool = True) -> None:
        self._gaps.append(Gap(self.reader.location(view, call.at), why, table or "", drops=" dropped " in why))
        if table and lost:
            self._add(call, view, Lost(table, why, self.tables.mark(view, call.at)))

    def _text(self, value: Value | None, view: View) -> str | None:
        return self.reader.text(Read(value, view)) if value is not None else None

    def _given(self, call: Call, view: View, batch: Call | None, name: str, position: int) -> Value | None:
        """Return an argument; in a batch the table is left out, so that what follows stands one place further left."""
        del view
        return argument(call, name, position - 1 if batch is not None else position)

    def _table(self, call: Call, view: View, batch: Call | None, name: str, position: int) -> str | None:
        if batch is not None:
            outer = View(view.place, view.names)
            table = self._text(argument(batch, "table_name", 0), outer)
            schema = self._text(argument(batch, "schema"), outer)
        else:
            table = self._text(argument(call, name, position), view)
            schema = self._text(argument(call, "schema"), view)
        return f"{schema}.{table}" if schema and table else table

    def _run(self, name: str, call: Call, view: View, batch: Call | None) -> None:
        handler = _HANDLERS.get(name)
        if handler is not None:
            handler(self, call, view, batch)
        elif name not in _HARMLESS:
            table = self._table(call, view, batch, "table_name", 0)
            self._gap(call, view, f"the operation {name} isn't known", table)

    def _create_table(self, call: Call, view: View, batch: Call | None) -> None:
        del batch
        positional = self.reader.positional(call, view)
        name = self.reader.text(positional[0]) if positional else None
        if name is None or positional is None:
            self._gap(call, view, "a table is created whose name can't be followed")
            return
        draft = Draft(name, at=self.tables.mark(view, call.at), convention=self._convention)
        draft.schema = self._text(argument(call, "schema"), view) or ""
        self.tables.apply(draft, positional[1:])
        if draft.opaque:
            self._gaps.append(Gap(self.reader.location(view, call.at), draft.opaque, draft.full))
        keywords = self.reader.keywords(call, view)
        draft.engine = engine_of(keywords)
        absent = self.reader.flag(keywords.get("if_not_exists")) is True
        self._add(call, view, CreateTable(draft.table(), if_absent=absent))

    def _drop_table(self, call: Call, view: View, batch: Call | None) -> None:
        name = self._table(call, view, batch, "table_name", 0)
        if name is None:
            self._gap(call, view, "a table is dropped whose name can't be followed")
        else:
            self._add(call, view, DropTable(name))

    def _rename_table(self, call: Call, view: View, batch: Call | None) -> None:
        old = self._table(call, view, batch, "old_table_name", 0)
        new = self._text(argument(call, "new_table_name", 1), view)
        if old is None or new is None:
            self._gap(call, view, "a table is renamed and its names can't be followed", old)
        else:
            schema, _, _ = old.rpartition(".")
            self._add(call, view, RenameTable(old, f"{schema}.{new}" if schema else new))

    def _add_column(self, call: Call, view: View, batch: Call | None) -> None:
        table = self._table(call, view, batch, "table_name", 0)
        given = self._given(call, view, batch, "column", 1)
        made = self.reader.follow(Read(given, view)) if given is not None else None
        if (
            made is not None
            and isinstance(given, Call)
            and self.reader.last(given, view) in ("Column", "mapped_column")
        ):
            made = Read(given, view)
        drawn = None
        if made is not None and isinstance(made.value, Call):
            drawn = self.tables.column(made.value, made.view, "")
        if table is None or drawn is None:
            self._gap(call, view, "a column is added that can't be followed", table)
            return
        schema, _, bare = table.rpartition(".")
        indexes = list(column_indexes(bare, schema, self._convention, drawn.column.name, drawn))
        if drawn.primary:
            indexes.append(
                IndexDef("", (Key(drawn.column.name),), unique=True, origin="primary key", at=drawn.column.at)
            )
        self._add(call, view, AddColumn(table, drawn.column, tuple(indexes), drawn.foreign))

    def _drop_column(self, call: Call, view: View, batch: Call | None) -> None:
        table = self._table(call, view, batch, "table_name", 0)
        column = self._text(self._given(call, view, batch, "column_name", 1), view)
        if table is None or column is None:
            self._gap(call, view, "a column is dropped that can't be followed", table)
        else:
            self._add(call, view, DropColumn(table, column))

    def _alter_column(self, call: Call, view: View, batch: Call | None) -> None:
        table = self._table(call, view, batch, "table_name", 0)
        column = self._text(self._given(call, view, batch, "column_name", 1), view)
        if table is None or column is None:
            return  # its type or default; no index depends on that
        keywords = self.reader.keywords(call, view)
        kind = self.tables.type_name(keywords["type_"]) if "type_" in keywords else None
        nullable = self.reader.flag(keywords.get("nullable"))
        if kind is not None or nullable is not None:
            self._add(call, view, AlterColumn(table, column, kind, nullable))
        for name in ("new_column_name", "name"):
            if name in keywords:
                new = self.reader.text(keywords[name])
                if new is None:
                    self._gap(call, view, "a column is renamed and its new name can't be followed", table)
                elif new != column:
                    self._add(call, view, RenameColumn(table, column, new))

    def _keys(self, value: Value | None, view: View) -> tuple[Key, ...] | None:
        items = self.reader.items(Read(value, view)) if value is not None else None
        keys = [self.tables.key(item, None) for item in items or []]
        return tuple(key for key in keys if key is not None) if keys and None not in keys else None

    def _create_index(self, call: Call, view: View, batch: Call | None) -> None:
        table = self._table(call, view, batch, "table_name", 1)
        name = self._text(argument(call, "index_name", 0), view)
        keys = self._keys(self._given(call, view, batch, "columns", 2), view)
        if table is None or keys is None:
            self._gap(call, view, "an index is created that can't be followed", table)
            return
        keywords = self.reader.keywords(call, view)
        schema, _, bare = table.rpartition(".")
        if not name:
            columns = tuple(key.column or "expr" for key in keys)
            name = conventional("ix", bare, schema, self._convention, columns)
        if "unique" not in keywords and batch is None:
            unique = argument(call, "unique", 4)  # op.create_index(name, table, columns, schema, unique)
            if unique is not None:
                keywords["unique"] = Read(unique, view)
        made = self.tables.finished(name, keys, keywords, self.tables.mark(view, call.at), None)
        self._add(call, view, AddIndex(table, made, self.reader.flag(keywords.get("if_not_exists")) is True))

    def _drop_index(self, call: Call, view: View, batch: Call | None) -> None:
        table = self._table(call, view, batch, "table_name", 1)
        name = self._text(argument(call, "index_name", 0), view)
        if not name:
            self._gap(call, view, "an index is dropped whose name can't be followed", table, lost=False)
        else:
            self._add(call, view, DropIndex(name, table or ""))

    def _constraint(self, kind: str, call: Call, view: View, batch: Call | None) -> None:
        table = self._table(call, view, batch, "table_name", 1)
        name = self._text(argument(call, "constraint_name", 0), view)
        keys = self._keys(self._given(call, view, batch, "columns", 2), view)
        if table is None or keys is None:
            self._gap(call, view, "a constraint is created that can't be followed", table)
            return
        schema, _, bare = table.rpartition(".")
        columns = tuple(key.column for key in keys)
        made = name or conventional(kind, bare, schema, self._convention, columns)
        origin = "unique" if kind == "uq" else "primary key"
        index = IndexDef(made, keys, unique=True, origin=origin, at=self.tables.mark(view, call.at))  # type: ignore[arg-type]
        self._add(call, view, AddIndex(table, index))

    def _create_unique(self, call: Call, view: View, batch: Call | None) -> None:
        self._constraint("uq", call, view, batch)

    def _create_primary(self, call: Call, view: View, batch: Call | None) -> None:
        self._constraint("pk", call, view, batch)

    def _create_foreign(self, call: Call, view: View, batch: Call | None) -> None:
        table = self._table(call, view, batch, "source_table", 1)
        there = self._text(self._given(call, view, batch, "referent_table", 2), view)
        columns = self._given(call, view, batch, "local_cols", 3)
        remote = self._given(call, view, batch, "remote_cols", 4)
        here = self.reader.texts(Read(columns, view)) if columns is not None else None
        target = self.reader.texts(Read(remote, view)) if remote is not None else None
        source = self._text(argument(call, "source_schema"), view)
        if table is None or there is None or here is None:
            self._gap(call, view, "a foreign key is created that can't be followed", table)
            return
        on_delete = (self._text(argument(call, "ondelete"), view) or "").lower()
        name = self._text(argument(call, "constraint_name", 0), view) or ""
        key = ForeignKeyDef(here, there, target or (), name, on_delete, self.tables.mark(view, call.at))
        self._add(call, view, AddForeignKey(f"{source}.{table}" if source else table, key))

    def _drop_constraint(self, call: Call, view: View, batch: Call | None) -> None:
        table = self._table(call, view, batch, "table_name", 1)
        name = self._text(argument(call, "constraint_name", 0), view)
        kind = self._text(self._given(call, view, batch, "type_", 2), view)
        if table is not None and kind == "primary":
            self._add(call, view, DropIndex(table=table, origin="primary key"))
            return
        if table is None or name is None:
            # What its name may be is only known to a running database: `inspector.get_unique_constraints(…)`. That it
            # may still be there is what silence needs; so the table isn't lost.
            self._gap(call, view, "a constraint is dropped whose name can't be followed", table, lost=False)
            return
        if kind != "foreignkey":
            self._add(call, view, DropIndex(name, table))
        if kind in ("foreignkey", None):
            self._add(call, view, DropForeignKey(table, name))

    def _execute(self, call: Call, view: View, batch: Call | None) -> None:
        del batch
        self._sql(call, view)

    def _sql(self, call: Call, view: View) -> bool:
        """Hand a text of SQL on; data is left out, and what can't be followed but changes a schema is a gap."""
        first = call.args[0].value
        read = Read(first, view)
        followed = self.reader.follow(read) if not isinstance(first, (Lit, Text)) else read
        inner = followed
        if isinstance(followed.value, Call) and followed.value.args:
            last = self.reader.last(followed.value, followed.view)
            if last not in ("text", "DDL"):
                return False
            inner = Read(followed.value.args[0].value, followed.view)
        text = self.reader.text(inner)
        if text is None:
            known = _literal(self.reader.follow(inner).value)
            if _SCHEMA_WORDS.search(known) and not _DATA.match(known):
                at = self.reader.location(view, call.at)
                drops = _DROP.match(known) is not None
                self._gaps.append(Gap(at, "SQL that changes the schema can't be followed", drops=drops))
            return True
        if _SCHEMA_WORDS.search(text) and not _DATA.match(text):
            at = self.reader.location(view, call.at)
            self._steps.append(Step(self.program.files[self._file].path, at, sql=text))
        return True

    def _table_object(self, func: Attr, view: View, call: Call) -> bool:
        """Follow `Model.__table__.create(bind)`, `table.create(bind)` and `metadata.create_all(bind)`."""
        base = func.base
        if func.name == "create_all":
            self._gap(call, view, "every table of the models is created here, whatever they were then")
            return True
        if isinstance(base, Attr) and base.name == "__table__":
            own = self.reader.project_class(base.base, view)
            model = self.models.get(own) if own is not None else None
            if model is None:
                return False
            if func.name == "create":
                self._add(call, view, CreateTable(model.table, if_absent=True))
            else:
                self._add(call, view, DropTable(model.table.name))
            return True
        made = self.reader.follow(Read(base, view))
        if isinstance(made.value, Call) and self.reader.last(made.value, made.view) == "Table":
            positional = self.reader.positional(made.value, made.view)
            name = self.reader.text(positional[0]) if positional else None
            if name is None or positional is None:
                self._gap(call, view, "a table is created whose name can't be followed")
                return True
            if func.name == "drop":
                self._add(call, view, DropTable(name))
                return True
            draft = Draft(name, at=self.tables.mark(made.view, made.value.at), convention=self._convention)
            self.tables.apply(draft, positional[2:])
            self._add(call, view, CreateTable(draft.table(), if_absent=True))
            return True
        return False


def in_order(found: list[Revision]) -> tuple[list[Revision], list[tuple[Revision, str]]]:
    """Return revisions so that each stands after those it follows, and which of those aren't there.

    Branches come one after the other, sorted by name; a ring is cut at its first name.
    """
    by_name = {revision.name: revision for revision in sorted(found, key=lambda r: r.path)}
    missing: list[tuple[Revision, str]] = []
    done: dict[str, Revision] = {}

    def wanted(name: str) -> Revision | None:
        exact = by_name.get(name)
        if exact is not None:
            return exact
        short = [r for n, r in by_name.items() if n.startswith(name)]  # Alembic takes unambiguous beginnings
        return short[0] if len(short) == 1 and name else None

    for start in sorted(by_name):
        stack = [(by_name[start], False)]
        open_names: set[str] = set()
        while stack:
            revision, closed = stack.pop()
            if closed:
                done.setdefault(revision.name, revision)
                continue
            if revision.name in done or revision.name in open_names:
                continue
            open_names.add(revision.name)
            stack.append((revision, True))
            for name in sorted(revision.follows, reverse=True):
                before = wanted(name)
                if before is None:
                    missing.append((revision, name))
                else:
                    stack.append((before, False))
    return list(done.values()), sorted(set(missing), key=lambda m: (m[0].path, m[1]))


def _literal(value: Value) -> str:
    if isinstance(value, Lit):
        return value.value if isinstance(value.value, str) else ""
    if isinstance(value, Text):
        return " ".join(_literal(part) for part in value.parts)
    return ""


_HARMLESS = frozenset(
    {"f", "get_bind", "get_context", "bulk_insert", "create_check_constraint", "create_table_comment",
     "drop_table_comment", "batch_alter_table", "run_async", "invoke", "inline_literal", "create_exclude_constraint"}
)  # fmt: skip
_HANDLERS = {
    "create_table": Alembic._create_table,
    "drop_table": Alembic._drop_table,
    "rename_table": Alembic._rename_table,
    "add_column": Alembic._add_column,
    "drop_column": Alembic._drop_column,
    "alter_column": Alembic._alter_column,
    "create_index": Alembic._create_index,
    "drop_index": Alembic._drop_index,
    "create_unique_constraint": Alembic._create_unique,
    "create_primary_key": Alembic._create_primary,
    "create_foreign_key": Alembic._create_foreign,
    "drop_constraint": Alembic._drop_constraint,
    "execute": Alembic._execute,
}
