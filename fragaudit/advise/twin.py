"""An empty twin of a schema in SQLite's memory, for its planner to be asked."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Sequence

from msgspec import Struct

from fragaudit.advise.dialects import POSTGRES, SQLITE
from fragaudit.advise.quoting import identifier
from fragaudit.model.plan import Proposal
from fragaudit.model.schema import ColumnDef, Index, Key, Table

_AFFINITIES = (
    (re.compile(r"bool|^bit$"), "BOOLEAN"),
    (re.compile(r"interval|\[|array|range|enum"), "TEXT"),
    (re.compile(r"int|serial|^year$"), "INTEGER"),
    (re.compile(r"float|double|real"), "REAL"),
    (re.compile(r"numeric|decimal|money|^number"), "NUMERIC"),
    (re.compile(r"blob|bytea|binary|^image$"), "BLOB"),
)
_TRUTH = re.compile(r"\b(?:true|false)\b", re.IGNORECASE)
_COLLATIONS = ("binary", "nocase", "rtrim")


class Twin(Struct):
    """The connection, and what of the schema it could not be given, by name, with the reason."""

    connection: sqlite3.Connection
    missing: dict[str, str]

    def close(self) -> None:
        """Free the memory."""
        self.connection.close()


def build(tables: Iterable[Table], views: Iterable[tuple[str, str]], dialect: str) -> Twin:
    """Return a twin of the tables with their indexes, and of views: names and queries in SQLite's dialect."""
    tables = sorted(tables, key=lambda t: t.name)
    connection = sqlite3.connect(":memory:", isolation_level=None)
    twin = Twin(connection, {})
    # Else LIKE compares without case, as nowhere but in SQLite itself.
    connection.execute(f"PRAGMA case_sensitive_like = {'OFF' if dialect == SQLITE else 'ON'}")
    for table in tables:
        if table.view is not None:
            continue
        if table.virtual:
            twin.missing[table.name] = "it is a virtual table"
            continue
        _try(twin, table.name, create_table(table, dialect))
        for index in table.indexes:
            if index.origin not in ("primary key", "unique") and table.name not in twin.missing:
                _index(twin, table, index, dialect)
    columns = {table.name: table.view_columns for table in tables}
    for name, query in views:
        named = f" ({', '.join(map(_name, columns[name]))})" if columns.get(name) else ""
        _try(twin, name, f"CREATE VIEW {_name(bare(name))}{named} AS {query}")
    return twin


def create_table(table: Table, dialect: str) -> str:
    """Return the statement that creates a table's twin; types keep their affinity, constraints their indexes."""
    rows = [_column(column, dialect) for column in table.columns]
    rowid = ""
    for index in table.indexes:
        columns = [k.column for k in index.keys]
        if index.origin == "primary key" and len(columns) == 1 and not table.without_rowid:
            rowid = next((c.name for c in table.columns if c.name == columns[0] and _integer(c)), "")
        if index.origin in ("primary key", "unique") and all(columns) and columns != [rowid]:
            kind = "PRIMARY KEY" if index.origin == "primary key" else "UNIQUE"
            rows.append(f"{kind} ({', '.join(_name(c) for c in columns)})")
    if rowid:
        number = next(n for n, c in enumerate(table.columns) if c.name == rowid)
        rows[number] = f"{_name(rowid)} INTEGER PRIMARY KEY"
    tail = " WITHOUT ROWID" if table.without_rowid else ""
    return f"CREATE TABLE {_name(bare(table.name))} ({', '.join(rows) or 'no_column'}){tail}"


def create_index(
    name: str, table: str, keys: Sequence[Key], where: str, dialect: str, *, unique: bool = False
) -> str:  # fmt: skip
    """Return the statement that creates an index in the twin: operator classes for patterns need none there."""
    texts = []
    for key in keys:
        text = _name(key.column) if key.column else f"({key.expression})"
        collation = f" COLLATE {key.collation}" if key.collation.lower() in _COLLATIONS else ""
        texts.append(f"{text}{collation}{' DESC' if key.descending else ''}")
    kind = "UNIQUE INDEX" if unique else "INDEX"
    # Of truth values SQLite's planner compares the texts, and those of statements are in capitals.
    condition = f" WHERE {_TRUTH.sub(lambda m: m[0].upper(), where)}" if where else ""
    return f"CREATE {kind} {_name(name)} ON {_name(bare(table))} ({', '.join(texts)}){condition}"


def expressible(proposal: Proposal) -> str:
    """Return why SQLite can't have an index like this one; empty if it can."""
    if proposal.method != "btree":
        return f"SQLite has no {proposal.method} index"
    if any(key.collation and key.collation.lower() not in _COLLATIONS for key in proposal.keys):
        return "SQLite has no such collation"
    if any(key.nulls for key in proposal.keys):
        return "SQLite's indexes have NULLs at one end only"
    return ""


def bare(name: str) -> str:
    """Return a table's name without its schema, which the twin doesn't have."""
    return name.rpartition(".")[2]


def _name(name: str) -> str:
    return identifier(name, SQLITE) if "." not in name else '"' + name.replace('"', '""') + '"'


def _integer(column: ColumnDef) -> bool:
    return column.type in ("integer", "int", "bigint", "serial", "bigserial", "smallint", "smallserial")


def _column(column: ColumnDef, dialect: str) -> str:
    kind = re.sub(r"[^\w() ,]", "", column.type) if dialect == SQLITE else affinity(column.type)
    collation = f" COLLATE {column.collation}" if column.collation.lower() in _COLLATIONS else ""
    return f"{_name(column.name)} {kind}{collation}{'' if column.nullable else ' NOT NULL'}"


def affinity(kind: str) -> str:
    """Return the type of SQLite that compares as a type of another database does."""
    return next((name for pattern, name in _AFFINITIES if pattern.search(kind.lower())), "TEXT")


def _index(twin: Twin, table: Table, index: Index, dialect: str) -> None:
    if index.method not in ("btree", "hash") or any(key.nulls for key in index.keys):
        twin.missing[index.name] = f"SQLite has no {index.method} index"
        return
    if index.where_text and dialect == POSTGRES and "::" in index.where_text:
        twin.missing[index.name] = "its condition has casts that SQLite doesn't know"
        return
    name = index.name or f"implicit_{table.name}_{'_'.join(map(str, index.keys))}"
    _try(twin, index.name, create_index(name, table.name, index.keys, index.where_text, dialect, unique=index.unique))


def _try(twin: Twin, name: str, statement: str) -> None:
    try:
        twin.connection.execute(statement)
    except (sqlite3.Error, sqlite3.Warning) as error:
        twin.missing[name] = f"SQLite can't have it: {error}"
