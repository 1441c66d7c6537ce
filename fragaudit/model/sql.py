"""One statement as plain data: query blocks, their sources and predicates, whatever language they were written in.

SQL text and the query expressions of an ORM are both reduced to this, so that one front end decides about both.
Nothing here is resolved against a schema yet: columns and tables stand as written, identifiers folded as the dialect
folds them.
"""

from __future__ import annotations

from typing import Literal, TypeAlias, Union

from msgspec import Struct

DIALECTS = frozenset(
    {"athena", "bigquery", "clickhouse", "databricks", "doris", "drill", "duckdb", "hive", "materialize", "mysql",
     "oracle", "postgres", "presto", "redshift", "risingwave", "singlestore", "snowflake", "spark", "sqlite",
     "starrocks", "tableau", "teradata", "trino", "tsql"}
)  # fmt: skip
"""The dialects that can be named, as sqlglot calls them."""
DIALECT_ALIASES = {
    "postgresql": "postgres",
    "cockroachdb": "postgres",
    "mariadb": "mysql",
    "sqlite3": "sqlite",
    "mssql": "tsql",
    "sqlserver": "tsql",
}

Mark: TypeAlias = tuple[int, int]
"""Where something stands in its statement: start and end (exclusive) offsets into the statement's text.

A statement that never was text numbers its places instead; `(n, n)` is place n of its origin.
"""

NOWHERE: Mark = (-1, -1)

# -- operands ----------------------------------------------------------------------------------------------------------


class Column(Struct, frozen=True, tag="c", array_like=True):
    """A column reference: `source` is the alias or table written before it, empty if none was."""

    source: str
    name: str
    at: Mark = NOWHERE


class Constant(Struct, frozen=True, tag="k", array_like=True):
    """A literal. `value` is its text, `type` tells a string from a number."""

    value: str | None
    kind: Literal["string", "number", "boolean", "null", "other"] = "string"


class Parameter(Struct, frozen=True, tag="p", array_like=True):
    """A value bound when the statement runs: a placeholder, a hole of an f-string, a Python variable.

    One whose name begins with `KEPT` is the same wherever it stands, although it isn't known.
    """

    name: str = ""


KEPT = "kept: "


class Expression(Struct, frozen=True, tag="x", array_like=True):
    """Anything computed: normalised text (columns bare, lower case), the columns in it and why it can't use an index.

    `why` says what stands around the column: a function's name, `cast`, `arithmetic`, `collate`…; `queries` numbers the
    blocks inside it. An expression without columns and sub-queries is as good as a parameter.
    """

    text: str
    columns: tuple[Column, ...] = ()
    why: str = ""
    queries: tuple[int, ...] = ()
    at: Mark = NOWHERE


class Row(Struct, frozen=True, tag="r", array_like=True):
    """A row value `(a, b)`."""

    items: tuple[Operand, ...]


class Subquery(Struct, frozen=True, tag="q", array_like=True):
    """A query block used as a value or a set; `query` is its place in `Statement.queries`."""

    query: int


Operand: TypeAlias = Union[Column, Constant, Parameter, Expression, Row, Subquery]

# -- predicates --------------------------------------------------------------------------------------------------------

Operator: TypeAlias = Literal[
    "=", "<>", "<", "<=", ">", ">=", "in", "not in", "any",
    "like", "not like", "ilike", "not ilike", "glob", "regex",
    "is null", "is not null", "is distinct", "is not distinct",
    "true", "false",
    "exists", "not exists",
    "contains", "contained", "overlaps", "match", "distance", "other",
]  # fmt: skip
"""How two operands are compared. `any` is `= ANY(array)`; `true`/`false` a bare boolean (and its negation).

`contains contained overlaps match` are the operators that GIN, GiST and full-text indexes serve (`@> <@ && @@ MATCH`),
`distance` orders by nearness (`<->`), `other` is known to be served by nothing.
"""


class Compare(Struct, frozen=True, tag="=", array_like=True):
    """`left op right`. BETWEEN is two of these; a list of values is several operands on the right."""

    left: Operand
    op: Operator
    right: tuple[Operand, ...] = ()
    at: Mark = NOWHERE


class And(Struct, frozen=True, tag="and", array_like=True):
    """All of these hold."""

    items: tuple[Predicate, ...]


class Or(Struct, frozen=True, tag="or", array_like=True):
    """One of these holds."""

    items: tuple[Predicate, ...]


class Opaque(Struct, frozen=True, tag="?", array_like=True):
    """A predicate that isn't understood, a NOT that can't be pushed down, a condition that is put together elsewhere.

    `unknown`: it may hold conditions that we can't see, so nothing may be said of what is missing.
    """

    operand: Operand
    unknown: bool = False


Predicate: TypeAlias = Union[Compare, And, Or, Opaque]

# -- query blocks ------------------------------------------------------------------------------------------------------


class Source(Struct, frozen=True, array_like=True):
    """One entry of FROM (or the target of UPDATE, DELETE, MERGE): a table by name, or a query block.

    `table` has its schema before a dot if one was written. `query` is the place of a derived table's or CTE's block,
    -1 for a table; `recursive` marks a CTE's reference to itself. `on` is the join's condition (USING made explicit).
    """

    alias: str
    table: str = ""
    query: int = -1
    how: Literal["from", "inner", "left", "right", "full", "cross", "target"] = "from"
    on: Predicate | None = None
    lateral: bool = False
    recursive: bool = False
    hint: str = ""
    at: Mark = NOWHERE


class Order(Struct, frozen=True, array_like=True):
    """One key of ORDER BY. `nulls` is empty where none was written."""

    operand: Operand
    descending: bool = False
    nulls: Literal["", "first", "last"] = ""


class Output(Struct, frozen=True, array_like=True):
    """One column of a block's result: name (`*` for all, `alias.*` for all of one source) and what it is."""

    name: str
    operand: Operand | None = None


class Assign(Struct, frozen=True, array_like=True):
    """A column that is written: `SET column = value`, or a column of INSERT."""

    column: str
    value: Operand | None = None


class Query(Struct, frozen=True, array_like=True):
    """One block: a SELECT, the row search of an UPDATE, DELETE or MERGE, an INSERT, or the arms of a set operation.

    `parent` is the block whose columns this one can see (correlated), -1 for none. `arms` are the blocks of
    UNION/INTERSECT/EXCEPT, which this one then only combines. `limit`: LIMIT or FETCH FIRST is there; `offset` too.
    `extremes` are columns of a sole MIN or MAX. `windows` are PARTITION BY keys that every window of the block shares.
    `once`: a CTE or derived table used at one place only and not MATERIALIZED, so predicates can be pushed into it.
    """

    kind: Literal["select", "update", "delete", "insert", "merge", "set", "values"] = "select"
    parent: int = -1
    sources: tuple[Source, ...] = ()
    where: Predicate | None = None
    group: tuple[Operand, ...] = ()
    having: Predicate | None = None
    order: tuple[Order, ...] = ()
    outputs: tuple[Output, ...] = ()
    assigns: tuple[Assign, ...] = ()
    arms: tuple[int, ...] = ()
    set_operator: Literal["", "union", "union all", "intersect", "except"] = ""
    limit: bool = False
    offset: bool = False
    distinct: bool = False
    aggregates: bool = False
    extremes: tuple[tuple[Literal["min", "max"], Operand], ...] = ()
    windows: tuple[Operand, ...] = ()
    name: str = ""
    once: bool = True
    at: Mark = NOWHERE


class Statement(Struct, frozen=True, array_like=True):
    """A whole statement: its blocks (the first is the outermost) and the CTEs' names are in them.

    `kind` is what the outermost block does. `conflict` are the columns of ON CONFLICT, `dialect` what it was read as.
    """

    kind: Literal["select", "update", "delete", "insert", "merge"]
    queries: tuple[Query, ...]
    conflict: tuple[str, ...] = ()
    dialect: str = ""
    text: str = ""
