"""The changes that lead from one version of a model's tables to the next, as a schema editor makes them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

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
    IndexDef,
    RenameColumn,
    RenameTable,
    TableDef,
)


class Names:
    """The names that generated indexes really have: a later rename of table or column doesn't change them."""

    def __init__(self) -> None:
        self._given: dict[tuple[str, object], str] = {}

    def note(self, table: str, index: IndexDef) -> None:
        """Remember the name under which an index is made."""
        self._given.setdefault((table.lower(), meaning(index)), index.name)

    def taken(self, table: str, index: IndexDef) -> str:
        """Return the name an index was made under, and forget it."""
        return self._given.pop((table.lower(), meaning(index)), index.name)

    def renamed(self, table: str, new: str) -> None:
        """Follow a table's rename."""
        moved = [key for key in self._given if key[0] == table.lower()]
        for key in moved:
            self._given[new.lower(), key[1]] = self._given.pop(key)

    def column(self, table: str, old: str, new: str) -> None:
        """Follow a column's rename."""
        for key in [key for key in self._given if key[0] == table.lower()]:
            columns = key[1][0] if isinstance(key[1], tuple) else ()
            turned = tuple((new if c == old else c, *rest) for c, *rest in columns)
            if turned != columns and isinstance(key[1], tuple):
                self._given[key[0], (turned, *key[1][1:])] = self._given.pop(key)


def meaning(index: IndexDef) -> tuple[object, ...]:
    """Return what an index is, whatever it is called."""
    keys = tuple((k.column, k.expression, k.descending, k.opclass) for k in index.keys)
    return keys, index.unique, index.method, index.where_text, index.origin


def changed(before: Sequence[TableDef], after: Sequence[TableDef], names: Names, *, paired: bool) -> Iterator[Change]:
    """Yield the changes from some tables to others. `paired`: they are the same ones, renamed, place by place."""
    old = {table.name: table for table in before}
    new = {table.name: table for table in after}
    if paired and len(before) == len(after):
        for one, other in zip(before, after, strict=True):
            if one.name != other.name:
                names.renamed(one.name, other.name)
                yield RenameTable(one.name, other.name)
            yield from altered(one, other, names, paired=True)
        return
    for name, table in old.items():
        if name not in new:
            for index in table.indexes:
                names.taken(name, index)
            yield DropTable(name)
    for name, table in new.items():
        if name in old:
            yield from altered(old[name], table, names, paired=False)
        else:
            for index in table.indexes:
                names.note(name, index)
            yield CreateTable(table)


def altered(before: TableDef, after: TableDef, names: Names, *, paired: bool) -> Iterator[Change]:
    """Yield the changes of one table whose name is that of `after` already."""
    table = after.name
    renamed: dict[str, str] = {}
    if paired and len(before.columns) == len(after.columns):
        for one, other in zip(before.columns, after.columns, strict=True):
            if one.name != other.name:
                renamed[one.name] = other.name
                names.column(table, one.name, other.name)
                yield RenameColumn(table, one.name, other.name)
    kept = {renamed.get(c.name, c.name): c for c in before.columns}
    wanted = {c.name: c for c in after.columns}
    gone = {name for name in kept if name not in wanted}
    had = [(renamed_index(i, renamed), i) for i in before.indexes]
    has = {meaning(i) for i in after.indexes}
    for was, index in had:
        if was in has or any(k.column in gone for k in index.keys):
            continue
        yield _dropped(table, index, names, was)
    for name in sorted(gone, key=list(kept).index):
        yield DropColumn(table, name)
    for name, column in wanted.items():
        if name not in kept:
            yield AddColumn(table, column)
        elif (column.type, column.nullable) != (kept[name].type, kept[name].nullable):
            yield AlterColumn(table, name, column.type, column.nullable)
    there = {was for was, _ in had}
    for index in after.indexes:
        if meaning(index) not in there:
            names.note(table, index)
            yield AddIndex(table, index)
    keys = {(tuple(renamed.get(c, c) for c in k.columns), k.table) for k in before.foreign_keys}
    now = {(k.columns, k.table) for k in after.foreign_keys}
    for columns, there_table in sorted(keys - now):
        if not set(columns) & gone and not paired:
            del there_table
            yield DropForeignKey(table, columns=columns)
    for key in after.foreign_keys:
        if (key.columns, key.table) not in keys and not paired:
            yield AddForeignKey(table, key)


def renamed_index(index: IndexDef, renamed: dict[str, str]) -> tuple[object, ...]:
    """Return what an index is once columns have new names."""
    keys, *rest = meaning(index)
    assert isinstance(keys, tuple)
    return (tuple((renamed.get(c, c), *more) for c, *more in keys), *rest)


def _dropped(table: str, index: IndexDef, names: Names, was: tuple[object, ...]) -> Change:
    del was
    if index.origin == "primary key":
        return DropIndex(table=table, origin="primary key")
    name = names.taken(table, index)
    if not name:
        # The name that databases make up for a unique column.
        name = f"{table.rpartition('.')[2]}_{'_'.join(k.column for k in index.keys)}_key"
    return DropIndex(name, table)
