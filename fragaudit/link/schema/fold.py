"""Changes of a schema, applied one after the other.

Sources that define a table twice, as a schema file and migrations do, are merged: an index that any of them has is
there. A change to a table that no source defines makes a table of which nothing is known but that change.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from fragaudit.link.schema.implied import completed
from fragaudit.model.locations import Location
from fragaudit.model.schema import (
    AddColumn,
    AddForeignKey,
    AddIndex,
    AlterColumn,
    ColumnDef,
    Comment,
    CreateTable,
    CreateView,
    DropColumn,
    DropForeignKey,
    DropIndex,
    DropTable,
    ForeignKey,
    ForeignKeyDef,
    Index,
    IndexDef,
    Lost,
    RenameColumn,
    RenameIndex,
    RenameTable,
    Table,
)
from fragaudit.model.sql import And, Column, Compare, Or, Predicate, Statement
from fragaudit.model.statements import Sited

By = Literal["sql", "migration", "model", "implicit"]
UNDEFINED = "its definition was not found"


class Draft(Struct):
    """A table while changes are applied to it."""

    name: str
    columns: dict[str, ColumnDef]
    indexes: list[Index]
    foreign_keys: list[ForeignKey]
    at: list[Location]
    by: list[By]
    engine: str = ""
    temporary: bool = False
    without_rowid: bool = False
    virtual: str = ""
    silent: str = ""
    comment: str = ""
    view: Statement | None = None
    view_columns: tuple[str, ...] = ()
    is_view: bool = False
    like: list[str] = []
    partition_of: str = ""
    defined: bool = False


class Folded:
    """The tables as they are after the changes applied so far."""

    def __init__(self, key: Callable[[str], str]) -> None:
        self._key = key
        self._drafts: dict[str, Draft] = {}

    def tables(self) -> tuple[Table, ...]:
        """Return the tables, completed with what databases add by themselves, sorted by name."""
        drafts = completed(self._drafts, self._key)
        return tuple(sorted((_table(d) for d in drafts.values()), key=lambda t: t.name))

    def apply(self, sited: Sited) -> None:
        """Apply one change."""
        change = sited.change
        if isinstance(change, CreateTable):
            self._create(change, sited)
        elif isinstance(change, CreateView):
            self._view(change, sited)
        elif isinstance(change, DropTable):
            self._drafts.pop(self._key(change.name), None)
        elif isinstance(change, RenameTable):
            self._rename(change)
        elif isinstance(change, AddColumn):
            draft = self._draft(change.table, sited)
            self._column(draft, change.column)
            for index in change.indexes:
                _add(draft, index, sited, if_absent=False)
            for foreign in change.foreign_keys:
                _refer(draft, foreign, sited)
        elif isinstance(change, AddIndex):
            _add(self._draft(change.table, sited), change.index, sited, if_absent=change.if_absent)
        elif isinstance(change, AddForeignKey):
            _refer(self._draft(change.table, sited), change.key, sited)
        elif isinstance(change, DropIndex):
            self._drop_index(change)
        elif isinstance(change, RenameIndex):
            for draft in self._drafts.values():
                draft.indexes = [
                    replace(i, name=change.new) if i.name.lower() == change.name.lower() else i for i in draft.indexes
                ]
        elif isinstance(change, Comment):
            self._comment(change)
        else:
            self._alter(change, sited)

    def _draft(self, name: str, sited: Sited) -> Draft:
        key = self._key(name)
        if key not in self._drafts:
            self._drafts[key] = Draft(name, {}, [], [], [], [], sited.origin.dialect, silent=UNDEFINED)
        return self._drafts[key]

    def _column(self, draft: Draft, column: ColumnDef) -> None:
        known = draft.columns.setdefault(column.name.lower(), column)
        if column.chosen and not known.chosen:
            draft.columns[column.name.lower()] = replace(known, chosen=True)

    def _create(self, change: CreateTable, sited: Sited) -> None:
        table = change.table
        draft = self._draft(table.name, sited)
        if draft.is_view and sited.by == "model":
            return  # what is read through the model has no indexes of its own, whatever it says of its columns
        if not draft.defined:
            draft.name, draft.engine = table.name, table.engine or sited.origin.dialect or draft.engine
            draft.silent = "" if draft.silent == UNDEFINED else draft.silent
            draft.defined = True
        draft.engine = draft.engine or table.engine
        draft.view, draft.is_view = None, False
        draft.at.append(sited.origin.place(table.at))
        if sited.by not in draft.by:
            draft.by.append(sited.by)
        draft.temporary |= table.temporary
        draft.without_rowid |= table.without_rowid
        draft.virtual = table.virtual or draft.virtual
        draft.comment = table.comment or draft.comment
        draft.silent = table.opaque or draft.silent
        draft.partition_of = table.partition_of or draft.partition_of
        draft.like += [name for name in table.like if name not in draft.like]
        for column in table.columns:
            self._column(draft, column)
        for index in table.indexes:
            _add(draft, index, sited, if_absent=False)
        for foreign in table.foreign_keys:
            _refer(draft, foreign, sited)

    def _view(self, change: CreateView, sited: Sited) -> None:
        draft = Draft(change.name, {}, [], [], [sited.origin.place(change.at)], [sited.by], sited.origin.dialect)
        draft.defined = True
        names = change.columns or (
            tuple(o.name for o in change.statement.queries[0].outputs) if change.statement else ()
        )
        if change.materialized:
            for name in names:
                if name and not name.endswith("*"):
                    self._column(draft, ColumnDef(name))
        else:
            draft.is_view = True
            draft.view, draft.view_columns = change.statement, change.columns
            draft.silent = "" if change.statement is not None else "the view's query was not understood"
        self._drafts[self._key(change.name)] = draft

    def _rename(self, change: RenameTable) -> None:
        draft = self._drafts.pop(self._key(change.name), None)
        if draft is not None:
            draft.name = change.new
            draft.indexes = [replace(i, table=change.new) for i in draft.indexes]
            self._drafts[self._key(change.new)] = draft
        for other in self._drafts.values():
            other.foreign_keys = [
                replace(k, table=change.new) if self._key(k.table) == self._key(change.name) else k
                for k in other.foreign_keys
            ]

    def _drop_index(self, change: DropIndex) -> None:
        drafts = [self._drafts.get(self._key(change.table))] if change.table else list(self._drafts.values())
        for draft in drafts:
            if draft is None:
                continue
            kept = [i for i in draft.indexes if not _meant(i, draft.name, change)]
            if len(kept) < len(draft.indexes) or change.table:
                draft.indexes = kept
                return

    def _comment(self, change: Comment) -> None:
        if change.on == "table" and (draft := self._drafts.get(self._key(change.name))) is not None:
            draft.comment = change.text
        elif change.on == "column":
            table, _, column = change.name.rpartition(".")
            held = self._drafts.get(self._key(table))
            if held is not None and column.lower() in held.columns:
                held.columns[column.lower()] = replace(held.columns[column.lower()], comment=change.text)
        elif change.on == "index":
            name = change.name.rpartition(".")[2].lower()
            for draft in self._drafts.values():
                if any(i.name.lower() == name for i in draft.indexes):
                    draft.indexes = [
                        replace(i, comment=change.text) if i.name.lower() == name else i for i in draft.indexes
                    ]

    def _alter(self, change: DropColumn | RenameColumn | AlterColumn | DropForeignKey | Lost, sited: Sited) -> None:
        draft = self._draft(change.table, sited)
        if isinstance(change, Lost):
            draft.silent = change.why
        elif isinstance(change, DropColumn):
            column = change.column.lower()
            draft.columns.pop(column, None)
            draft.indexes = [i for i in draft.indexes if column not in _columns(i)]
            draft.foreign_keys = [k for k in draft.foreign_keys if column not in [c.lower() for c in k.columns]]
        elif isinstance(change, RenameColumn):
            _rename_column(draft, change.column.lower(), change.new)
            for other in self._drafts.values():
                other.foreign_keys = [
                    replace(k, references=_renamed(k.references, change.column.lower(), change.new))
                    if self._key(k.table) == self._key(change.table) else k
                    for k in other.foreign_keys
                ]  # fmt: skip
        elif isinstance(change, DropForeignKey):
            columns = [c.lower() for c in change.columns]
            draft.foreign_keys = [
                k for k in draft.foreign_keys
                if not (columns and [c.lower() for c in k.columns] == columns)
                and not (change.name and _is_called(k, draft.name, change.name.lower()))
            ]  # fmt: skip
        else:
            old = draft.columns.get(change.column.lower())
            if old is not None:
                draft.columns[change.column.lower()] = replace(
                    old,
                    type=old.type if change.kind is None else change.kind,
                    nullable=old.nullable if change.nullable is None else change.nullable,
                    default=old.default if change.default is None else change.default,
                )


def _table(draft: Draft) -> Table:
    by = tuple(b for b in draft.by if b != "implicit")
    silent = draft.silent or ("" if draft.defined else UNDEFINED)
    return Table(
        draft.name, tuple(draft.columns.values()), tuple(draft.indexes), tuple(draft.foreign_keys), tuple(draft.at), by,
        draft.engine, draft.temporary, draft.without_rowid, draft.virtual, silent, draft.comment, draft.view,
        draft.view_columns,
    )  # fmt: skip


def _add(draft: Draft, index: IndexDef, sited: Sited, *, if_absent: bool) -> None:
    at = sited.origin.place(index.at)
    for place, known in enumerate(draft.indexes):
        named_alike = known.name.lower() == index.name.lower()
        # One source may leave a name to the database; two named ones beside each other are two indexes.
        if _signature(known) == _signature(index) and (
            named_alike or (sited.by not in known.by and not (known.name and index.name))
        ):
            by = known.by if sited.by in known.by else (*known.by, sited.by)
            draft.indexes[place] = replace(known, at=(*known.at, at), by=by, name=known.name or index.name)
            return
        if named_alike and index.name and known.at[-1] == at and known.keys == index.keys:
            # One statement, put together in several ways: what not all of them say is not sure.
            whole = known if not known.where_text else index
            draft.indexes[place] = replace(
                known, unique=known.unique and index.unique, where=whole.where, where_text=whole.where_text
            )
            return
        if if_absent and named_alike and index.name:
            return
        if index.origin == "primary key" == known.origin and not index.name:
            return  # another source says otherwise; the first one decides
    made = Index(index.name, draft.name, index.keys, index.unique, index.method, index.where, index.where_text,
                 index.include, index.origin, (at,), (sited.by,))  # fmt: skip
    draft.indexes.append(made)


def _signature(index: Index | IndexDef) -> tuple[object, ...]:
    keys = tuple((k.column.lower(), k.expression, k.descending, k.nulls, k.opclass, k.collation.lower(), k.length)
                 for k in index.keys)  # fmt: skip
    return keys, index.method, index.where_text.lower(), index.unique, index.origin == "primary key"


def _refer(draft: Draft, key: ForeignKeyDef, sited: Sited) -> None:
    made = ForeignKey(key.columns, key.table, key.references, key.on_delete, (sited.origin.place(key.at),), key.name)
    for place, known in enumerate(draft.foreign_keys):
        if [c.lower() for c in known.columns] == [c.lower() for c in made.columns] and known.table == made.table:
            draft.foreign_keys[place] = replace(known, at=(*known.at, *made.at), name=known.name or made.name)
            return
    draft.foreign_keys.append(made)


def _columns(index: Index) -> Iterator[str]:
    for key in index.keys:
        if key.column:
            yield key.column.lower()


def _meant(index: Index, table: str, change: DropIndex) -> bool:
    if change.origin and not change.name and not change.columns:
        return index.origin == change.origin
    if change.name:
        return change.name.lower() in _names(index, table)
    return bool(change.columns) and [c.lower() for c in change.columns] == [k.column.lower() for k in index.keys]


def _names(index: Index, table: str) -> tuple[str, ...]:
    """Return the names an index goes by: its own, or those that databases make up."""
    if index.name:
        return (index.name.lower(),)
    own = table.rpartition(".")[2].lower()
    columns = "_".join(_columns(index))
    if index.origin == "primary key":
        return (f"{own}_pkey", "primary")
    first = next(_columns(index), "")
    ending = "key" if index.origin == "unique" else "idx"
    return (f"{own}_{columns}_{ending}", first)


def _is_called(key: ForeignKey, table: str, name: str) -> bool:
    """Say whether a foreign key goes by a name: its own, one that a database makes up, or one by a convention.

    Conventions put the columns into the name, and as a rule the tables, in some order.
    """
    if key.name:
        return key.name.lower() == name
    own = table.rpartition(".")[2].lower()
    columns = "_".join(c.lower() for c in key.columns)
    there = key.table.rpartition(".")[2].lower()
    if name == f"{own}_{columns}_fkey":
        return True
    rest = f"_{re.sub('_+', '_', name)}_"
    if f"_{columns}_" not in rest:
        return False
    for part in (columns, there, own):
        rest = rest.replace(f"_{part}_", "_", 1)
    return rest.strip("_") in ("fk", "fkey", "foreign", "")


def _rename_column(draft: Draft, old: str, new: str) -> None:
    draft.columns = {
        (new.lower() if name == old else name): (replace(column, name=new) if name == old else column)
        for name, column in draft.columns.items()
    }
    draft.indexes = [
        replace(
            i,
            keys=tuple(replace(k, column=new) if k.column.lower() == old else k for k in i.keys),
            where=_renamed_in(i.where, old, new),
        )
        for i in draft.indexes
    ]
    draft.foreign_keys = [replace(k, columns=_renamed(k.columns, old, new)) for k in draft.foreign_keys]


def _renamed(columns: tuple[str, ...], old: str, new: str) -> tuple[str, ...]:
    return tuple(new if c.lower() == old else c for c in columns)


def _renamed_in(predicate: Predicate | None, old: str, new: str) -> Predicate | None:
    """Return a partial index's condition with a column renamed where it is compared as such."""
    if isinstance(predicate, And):
        return And(tuple(p for item in predicate.items if (p := _renamed_in(item, old, new)) is not None))
    if isinstance(predicate, Or):
        return Or(tuple(p for item in predicate.items if (p := _renamed_in(item, old, new)) is not None))
    if isinstance(predicate, Compare) and isinstance(predicate.left, Column) and predicate.left.name.lower() == old:
        return replace(predicate, left=replace(predicate.left, name=new))
    return predicate
