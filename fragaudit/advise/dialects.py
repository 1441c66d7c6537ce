"""What the dialects allow an index to be: which texts need a length, an operator class or a collation; partial indexes.

Sources: the manuals of PostgreSQL 15 (11.10 Operator Classes, 9.7 Pattern Matching), SQLite (Partial Indexes, the LIKE
optimisation), MySQL 8 (8.3.5 Column Prefix Indexes) and SQL Server (Create Filtered Indexes).
"""

from __future__ import annotations

import re

from fragaudit.model.accesses import Access
from fragaudit.model.schema import ColumnDef, Method, Table

POSTGRES, MYSQL, SQLITE, MSSQL, MONGODB = "postgres", "mysql", "sqlite", "tsql", "mongodb"
_ENGINES = {
    "postgresql": POSTGRES, "postgres": POSTGRES, "timescaledb": POSTGRES, "cockroachdb": POSTGRES,
    "mysql": MYSQL, "mariadb": MYSQL, "sqlite": SQLITE, "mssql": MSSQL, "sqlserver": MSSQL, "tsql": MSSQL,
}  # fmt: skip
PREFIX_LENGTH = 255
"""Characters of a text that a MySQL index keeps: at four bytes each, three of them fit into InnoDB's 3072 bytes."""
_WHOLE = 768
"""Characters up to which InnoDB can index a whole column of four-byte text."""
NAME_BYTES = {POSTGRES: 63, MYSQL: 64, SQLITE: 63, MSSQL: 128}
_SIZE = re.compile(r"\((\d+)")
_ARRAY = re.compile(r"\[\d*\]|\barray\b")


def dialect_of(access: Access | None, table: Table) -> str:
    """Return sqlglot's name of the dialect, empty if neither statement nor table knows it."""
    if access is not None and access.dialect:
        return access.dialect
    return _ENGINES.get(table.engine, table.engine)


def column_of(table: Table, name: str) -> ColumnDef | None:
    """Return the column of that name, whatever the case it was defined in."""
    exact = next((c for c in table.columns if c.name == name), None)
    return exact or next((c for c in table.columns if c.name.lower() == name.lower()), None)


def partial(dialect: str) -> bool:
    """Return whether constants that never change go into a partial index."""
    return dialect in (POSTGRES, SQLITE)


def is_flag(column: ColumnDef | None) -> bool:
    """Return whether the column is a boolean by its type."""
    if column is None:
        return False
    return column.type.split("(")[0].strip() in ("boolean", "bool", "bit") or column.type == "tinyint(1)"


def indexable(column: ColumnDef | None, table: Table, dialect: str) -> bool:
    """Return whether an ordinary index of the table can have the column as a key.

    A column that a table with known columns doesn't have can't be one: the statement fails as it is.
    """
    if column is None:
        return not table.columns or dialect == MONGODB
    base = column.type.split("(")[0].strip()
    if dialect == POSTGRES:
        return base not in ("json", "xml", "point", "box", "polygon", "circle", "vector", "halfvec", "sparsevec")
    if dialect == MYSQL:
        return base not in ("json", "geometry", "point", "polygon", "linestring")
    if dialect == MSSQL:
        return not re.search(r"\bmax\b", column.type) and base not in ("text", "ntext", "image", "xml", "geography")
    return True


def prefix_length(column: ColumnDef | None, dialect: str) -> int:
    """Return how many characters of the column a MySQL index must be limited to, 0 for all of it."""
    if dialect != MYSQL or column is None:
        return 0
    base = column.type.split("(")[0].strip()
    if base in ("text", "mediumtext", "longtext", "tinytext", "blob", "mediumblob", "longblob", "tinyblob"):
        return PREFIX_LENGTH
    size = _SIZE.search(column.type)
    return PREFIX_LENGTH if base.startswith("varchar") and size and int(size[1]) > _WHOLE else 0


def pattern_class(column: ColumnDef | None, dialect: str) -> tuple[str, str]:
    """Return operator class and collation that an index needs to serve LIKE with a prefix."""
    if dialect == SQLITE:
        return "", ("" if column is not None and column.collation.lower() == "nocase" else "nocase")
    if dialect != POSTGRES or (column is not None and column.collation.strip('"').lower() in ("c", "posix")):
        return "", ""
    base = column.type.split("(")[0].strip() if column is not None else "text"
    if base in ("varchar", "character varying"):
        return "varchar_pattern_ops", ""
    return ("bpchar_pattern_ops" if base in ("char", "character", "bpchar") else "text_pattern_ops"), ""


def special_method(column: ColumnDef | None, dialect: str) -> tuple[Method, str, str] | None:
    """Return method, operator class and note of the index that serves a column's own operators; None: there is none."""
    kind = column.type if column is not None else ""
    base = kind.split("(")[0].strip()
    if dialect == MYSQL:
        return (
            ("fulltext", "", "") if base in ("char", "varchar", "text", "mediumtext", "longtext", "tinytext") else None
        )
    if dialect != POSTGRES or column is None:
        return None
    if base in ("jsonb", "tsvector") or _ARRAY.search(kind):
        return "gin", "", ""
    if base.endswith(("range", "multirange")) or base in ("geometry", "geography", "point", "box", "polygon", "circle"):
        return "gist", "", ""
    if base in ("inet", "cidr"):
        return "gist", "inet_ops", ""
    if base == "ltree":
        return "gist", "", "needs the extension ltree"
    if base in ("text", "varchar", "character varying", "citext", "char", "character"):
        return "gin", "gin_trgm_ops", "needs the extension pg_trgm"
    return None
