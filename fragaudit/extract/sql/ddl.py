"""Definitions to changes of the schema: CREATE, ALTER, DROP, RENAME and COMMENT of every dialect."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from fragaudit.extract.sql.keys import Text, keys, method
from fragaudit.extract.sql.lex import Lexeme, words
from fragaudit.extract.sql.reader import Reader, UnreadError, items, unquoted
from fragaudit.extract.sql.storage import engine_of
from fragaudit.extract.sql.tabledef import Parts, add, constraint, parts
from fragaudit.model.schema import (
    AddColumn,
    AddForeignKey,
    AddIndex,
    AlterColumn,
    Change,
    ColumnDef,
    Comment,
    CreateTable,
    CreateView,
    DropColumn,
    DropForeignKey,
    DropIndex,
    DropTable,
    IndexDef,
    Lost,
    RenameColumn,
    RenameIndex,
    RenameTable,
    TableDef,
)
from fragaudit.model.sql import Mark, Predicate, Statement

Select = Callable[[int], Statement | None]
"""Reads the query that starts at an offset and reaches to the end of the statement; None if it can't be read."""
Where = Callable[[int, int], tuple[Predicate | None, str]]
"""Reads the condition between two offsets, and gives its text."""
_MODIFIERS = ("OR", "REPLACE", "ALTER", "GLOBAL", "LOCAL", "UNLOGGED", "FOREIGN", "EXTERNAL", "TRANSIENT", "DEFINER")


class Definitions:
    """Reads one definition. What its parts are as expressions and queries, a parser of the dialect is asked for."""

    def __init__(self, text: str, dialect: str, expression: Text, where: Where, select: Select) -> None:
        self._text = text
        self._dialect = dialect
        self._expression = expression
        self._where = where
        self._select = select

    def changes(self) -> tuple[Change, ...]:
        """Return what the statement changes; nothing for definitions that touch neither tables nor indexes.

        Raises:
            UnreadError: it could not be read, and which table it speaks of isn't known either.
        """
        reader = Reader(words(self._text, backslashes=self._dialect == "mysql"), self._dialect)
        if reader.take("CREATE"):
            return self._create(reader)
        if reader.take("ALTER"):
            return self._alter(reader)
        if reader.take("DROP"):
            return self._drop(reader)
        if reader.take("RENAME", "TABLE"):
            return self._rename_tables(reader)
        if reader.take("COMMENT", "ON"):
            return self._comment(reader)
        if reader.any("EXEC", "EXECUTE") and reader.word.text.lower() == "sp_rename":
            reader.next()
            return self._sp_rename(reader)
        return ()

    # -- CREATE --------------------------------------------------------------------------------------------------------

    def _create(self, reader: Reader) -> tuple[Change, ...]:
        temporary = unique = materialized = False
        kind = ""
        while True:
            if reader.any("TEMP", "TEMPORARY"):
                temporary = True
            elif reader.take("UNIQUE"):
                unique = True
            elif reader.any("FULLTEXT", "SPATIAL", "BITMAP", "VECTOR", "COLUMNSTORE"):
                kind = reader.ahead(-1).text
            elif reader.any("CLUSTERED", "NONCLUSTERED", "RECURSIVE", "SECURE", "FORCE", "HYPERTABLE"):
                pass
            elif reader.take("MATERIALIZED"):
                materialized = True
            elif reader.take("ALGORITHM", "=") or reader.take("DEFINER", "="):
                while not reader.done and not reader.at("VIEW") and not reader.at("SQL"):
                    reader.skip()
                if reader.take("SQL", "SECURITY"):
                    reader.next()
            elif reader.any(*_MODIFIERS):
                pass
            else:
                break
        virtual = reader.take("VIRTUAL")
        if reader.take("TABLE"):
            return self._table(reader, temporary, virtual)
        if reader.take("INDEX"):
            return self._index(reader, unique, kind)
        if reader.take("VIEW"):
            return self._view(reader, materialized)
        return ()

    def _table(self, reader: Reader, temporary: bool, virtual: bool) -> tuple[Change, ...]:
        if_absent = reader.take("IF", "NOT", "EXISTS")
        name, at = reader.table()
        table = TableDef(name, temporary=temporary, at=at)
        found = Parts([], [], [], [], [])
        if virtual:
            using = reader.next().text.lower() if reader.take("USING") else "other"
            columns = self._virtual(reader) if reader.word.text == "(" else ()
            return (CreateTable(replace(table, virtual=using, columns=columns), if_absent),)
        if reader.take("PARTITION", "OF"):
            table = replace(table, partition_of=reader.table()[0])
        elif reader.take("LIKE"):
            table = replace(table, like=(reader.table()[0],))
        elif reader.take("OF"):
            table = replace(table, opaque="it is made from a type")
        if reader.word.text == "(" and reader.word.kind == "op":
            if reader.ahead().text.upper() in ("SELECT", "WITH"):
                return (CreateTable(table, if_absent),)
            found = parts(reader.brackets(), reader.dialect, self._expression)
        without_rowid = False
        comment = ""
        opaque = table.opaque
        while not reader.done:
            if reader.take("WITHOUT"):
                without_rowid = reader.next().text.upper() == "ROWID"
            elif reader.take("INHERITS"):
                for item in items(reader.brackets(), reader.dialect):
                    found.like.append(Reader(item, reader.dialect).table()[0])
            elif reader.take("COMMENT"):
                reader.take("=")
                comment = unquoted(reader.next())
            elif reader.at("SELECT") or reader.at("WITH", "RECURSIVE"):
                break
            else:
                reader.skip()
        if found.lost:
            opaque = f"a part of its definition was not understood ({found.lost[0]})"
        table = replace(
            table,
            columns=tuple(found.columns),
            indexes=tuple(found.indexes),
            foreign_keys=tuple(found.foreign_keys),
            without_rowid=without_rowid,
            like=(*table.like, *found.like),
            comment=comment,
            opaque=opaque,
            engine=engine_of(self._text),
        )
        return (CreateTable(table, if_absent),)

    def _virtual(self, reader: Reader) -> tuple[ColumnDef, ...]:
        columns = []
        for item in items(reader.brackets(), reader.dialect):
            if item and item[0].kind in ("word", "quoted") and not any(w.text == "=" for w in item):
                columns.append(ColumnDef(item[0].name, at=(item[0].start, item[0].end)))
        return tuple(columns)

    def _index(self, reader: Reader, unique: bool, kind: str) -> tuple[Change, ...]:
        reader.take("CONCURRENTLY")
        if_absent = reader.take("IF", "NOT", "EXISTS")
        name, at = "", (reader.word.start, reader.word.end)
        if not reader.hole() and (not reader.at("ON") or reader.ahead().text.upper() == "ON"):
            name, at = reader.table()
            name = name.rpartition(".")[2]
        if reader.take("USING"):
            kind = reader.next().text
        if not reader.take("ON"):
            raise UnreadError(f"ON was expected, not `{reader.word.text[:40]}`")
        reader.take("ONLY")
        table, _ = reader.table()
        try:
            index = self._keys(reader, IndexDef(name, (), unique, at=at), kind)
        except UnreadError as problem:
            return (Lost(table, f"an index was not understood ({problem})", at),)
        return (AddIndex(table, index, if_absent),)

    def _keys(self, reader: Reader, index: IndexDef, kind: str) -> IndexDef:
        if reader.take("USING"):
            kind = reader.next().text
        index = replace(index, keys=keys(reader.brackets(), reader.dialect, self._expression))
        while not reader.done:
            if reader.take("INCLUDE") and reader.word.text == "(":
                names = [i[0].name for i in items(reader.brackets(), reader.dialect) if i]
                index = replace(index, include=tuple(names))
            elif reader.take("USING"):
                kind = reader.next().text
            elif reader.take("WHERE"):
                rest = reader.rest()
                if rest:
                    condition, text = self._where(rest[0].start, rest[-1].end)
                    index = replace(index, where=condition, where_text=text)
            else:
                reader.skip()
        return replace(index, method=method(kind)) if kind else index

    def _view(self, reader: Reader, materialized: bool) -> tuple[Change, ...]:
        reader.take("IF", "NOT", "EXISTS")
        name, at = reader.table()
        columns: list[str] = []
        if reader.word.text == "(":
            columns = [Reader(i, reader.dialect).name()[0] for i in items(reader.brackets(), reader.dialect) if i]
        while not reader.done and not reader.take("AS"):
            reader.skip()
        statement = self._select(reader.word.start) if not reader.done else None
        return (CreateView(name, statement, tuple(columns), materialized, at),)

    # -- ALTER ---------------------------------------------------------------------------------------------------------

    def _alter(self, reader: Reader) -> tuple[Change, ...]:
        if reader.take("INDEX"):
            reader.take("IF", "EXISTS")
            name, _ = reader.table()
            if reader.take("RENAME", "TO"):
                return (RenameIndex(name.rpartition(".")[2], reader.name()[0]),)
            return ()
        view = bool(reader.any("VIEW") or reader.take("MATERIALIZED", "VIEW"))
        if not view:
            reader.take("FOREIGN")
            if not reader.take("TABLE"):
                return ()
        reader.take("IF", "EXISTS")
        reader.take("ONLY")
        table, at = reader.table()
        reader.take("*")
        if reader.at("WITH", "CHECK") or reader.at("WITH", "NOCHECK"):
            reader.next()
            reader.next()
        changes: list[Change] = []
        for item in items(reader.rest(), reader.dialect):
            if item:
                try:
                    changes += self._action(Reader(item, reader.dialect), table, item)
                except UnreadError as problem:
                    changes.append(Lost(table, f"a change of it was not understood ({problem})", at))
        return tuple(changes)

    def _action(self, reader: Reader, table: str, item: list[Lexeme]) -> list[Change]:
        if reader.take("ADD"):
            return self._add(reader, table)
        if reader.take("DROP"):
            return self._drop_part(reader, table)
        if reader.take("RENAME"):
            return self._rename(reader, table)
        if reader.take("ALTER"):
            if reader.any("INDEX", "CONSTRAINT", "CHECK"):
                return []
            reader.take("COLUMN")
            return self._alter_column(reader, table)
        if reader.at("MODIFY") or reader.at("CHANGE"):
            changed = reader.next().text.upper() == "CHANGE"
            reader.take("COLUMN")
            old = reader.name()[0] if changed else ""
            found = Parts([], [], [], [], [])
            add(reader.rest(), reader.dialect, self._expression, found)
            new = found.columns[0]
            renamed: list[Change] = [RenameColumn(table, old, new.name)] if changed and old != new.name else []
            return [*renamed, AlterColumn(table, new.name, new.type, new.nullable, new.default or None),
                    *(AddIndex(table, i) for i in found.indexes)]  # fmt: skip
        if reader.take("ATTACH", "PARTITION"):
            return [CreateTable(TableDef(reader.table()[0], partition_of=table), if_absent=True)]
        del item
        return []

    def _add(self, reader: Reader, table: str) -> list[Change]:
        words_left = reader.rest()
        found = Parts([], [], [], [], [])
        start = Reader(words_left, reader.dialect)
        if start.any("PARTITION"):
            return []
        if not start.at("COLUMN") and constraint(words_left, reader.dialect, self._expression, found):
            return [
                *(AddIndex(table, i) for i in found.indexes),
                *(AddForeignKey(table, k) for k in found.foreign_keys),
            ]
        start.take("COLUMN")
        if_absent = start.take("IF", "NOT", "EXISTS")
        left = start.rest()
        groups = [left]
        if left and left[0].text == "(":  # several columns in brackets
            groups = items(Reader(left, reader.dialect).brackets(), reader.dialect)
        changes: list[Change] = []
        for group in groups:
            found = Parts([], [], [], [], [])
            add(group, reader.dialect, self._expression, found)
            if found.columns:
                column = found.columns[0]
                changes.append(AddColumn(table, column, tuple(found.indexes), tuple(found.foreign_keys), if_absent))
            else:
                changes += [AddIndex(table, i) for i in found.indexes]
                changes += [AddForeignKey(table, k) for k in found.foreign_keys]
        return changes

    def _drop_part(self, reader: Reader, table: str) -> list[Change]:
        if reader.take("PRIMARY", "KEY"):
            return [DropIndex(table=table, origin="primary key")]
        if reader.take("FOREIGN", "KEY"):
            reader.take("IF", "EXISTS")
            return [DropForeignKey(table, reader.name()[0])]
        kind = reader.any("INDEX", "KEY", "CONSTRAINT", "COLUMN", "PARTITION", "CHECK")
        if kind in ("PARTITION", "CHECK"):
            return []
        reader.take("IF", "EXISTS")
        changes: list[Change] = []
        name = reader.name()[0]
        if kind in ("INDEX", "KEY"):
            changes.append(DropIndex(name, table))
        elif kind == "CONSTRAINT":
            changes += [DropIndex(name, table), DropForeignKey(table, name)]
        else:
            changes.append(DropColumn(table, name))
        return changes

    def _rename(self, reader: Reader, table: str) -> list[Change]:
        if reader.any("TO", "AS"):
            schema, _, _ = table.rpartition(".")
            new = reader.table()[0]
            return [RenameTable(table, f"{schema}.{new}" if schema and "." not in new else new)]
        if reader.any("INDEX", "KEY", "CONSTRAINT"):
            old = reader.name()[0]
            reader.take("TO")
            return [RenameIndex(old, reader.name()[0])]
        reader.take("COLUMN")
        old = reader.name()[0]
        if not reader.take("TO"):
            raise UnreadError("TO was expected in a RENAME")
        return [RenameColumn(table, old, reader.name()[0])]

    def _alter_column(self, reader: Reader, table: str) -> list[Change]:
        name = reader.name()[0]
        if reader.take("SET", "NOT", "NULL"):
            return [AlterColumn(table, name, nullable=False)]
        if reader.take("DROP", "NOT", "NULL"):
            return [AlterColumn(table, name, nullable=True)]
        if reader.take("SET", "DEFAULT"):
            return [AlterColumn(table, name, default=" ".join(w.text for w in reader.rest()))]
        if reader.take("DROP", "DEFAULT"):
            return [AlterColumn(table, name, default="")]
        if reader.take("SET", "DATA", "TYPE") or reader.take("TYPE"):
            typed = []
            while not reader.done and not reader.at("USING") and not reader.at("COLLATE"):
                typed.append(reader.next().text)
            return [AlterColumn(table, name, kind=" ".join(typed).lower())]
        if self._dialect == "tsql":
            return [AlterColumn(table, name, kind=" ".join(w.text for w in reader.rest()).lower())]
        return []

    # -- DROP and the rest ---------------------------------------------------------------------------------------------

    def _drop(self, reader: Reader) -> tuple[Change, ...]:
        reader.any("TEMPORARY", "FOREIGN")
        reader.take("MATERIALIZED")
        kind = reader.any("TABLE", "VIEW", "INDEX")
        if not kind:
            return ()
        reader.take("CONCURRENTLY")
        reader.take("IF", "EXISTS")
        changes: list[Change] = []
        for item in items(reader.rest(), reader.dialect):
            inner = Reader(item, reader.dialect)
            if inner.done:
                continue
            name = inner.table()[0]
            if kind != "INDEX":
                changes.append(DropTable(name))
            elif inner.take("ON"):
                changes.append(DropIndex(name.rpartition(".")[2], inner.table()[0]))
            else:
                changes.append(DropIndex(name.rpartition(".")[2]))
        return tuple(changes)

    def _rename_tables(self, reader: Reader) -> tuple[Change, ...]:
        changes = []
        for item in items(reader.rest(), reader.dialect):
            inner = Reader(item, reader.dialect)
            old = inner.table()[0]
            inner.take("TO")
            changes.append(RenameTable(old, inner.table()[0]))
        return tuple(changes)

    def _comment(self, reader: Reader) -> tuple[Change, ...]:
        kind = reader.any("TABLE", "COLUMN", "INDEX")
        if not kind:
            return ()
        parts = [reader.name()]
        while reader.take("."):
            parts.append(reader.name())
        if not reader.take("IS"):
            return ()
        text = unquoted(reader.word) if reader.word.kind in ("string", "dollar") else ""
        at: Mark = parts[-1][1]
        name = ".".join(p[0] for p in parts)
        return (Comment(kind.lower(), name, text, at),)  # type: ignore[arg-type]

    def _sp_rename(self, reader: Reader) -> tuple[Change, ...]:
        values = [unquoted(w) for w in reader.rest() if w.kind == "string"]
        if len(values) == 2:
            return (RenameTable(values[0].replace("[", "").replace("]", ""), values[1]),)
        if len(values) == 3 and values[2].upper() == "COLUMN":
            table, _, column = values[0].rpartition(".")
            return (RenameColumn(table, column, values[1]),)
        if len(values) == 3 and values[2].upper() == "INDEX":
            return (RenameIndex(values[0].rpartition(".")[2], values[1]),)
        return ()
