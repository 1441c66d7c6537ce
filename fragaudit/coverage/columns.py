"""What is known of a table's columns: their types, and how many values to expect in them."""

from __future__ import annotations

import re

from fragaudit.model.accesses import Condition
from fragaudit.model.schema import ColumnDef, Table

COLLECTION = "collection"
"""What `Table.virtual` says of a collection of documents, which has indexes as tables have."""

_FLAG = re.compile(
    r"(?:^|_)(?:gender|sex|flag|enabled|disabled|active|archived|deleted|visible|public|private|visibility|locked|verified"
    r"|approved|read|seen|done|completed|processed|finished|published|valid|default|primary|required|hidden)$"
    r"|^(?:is|has|can|was|should|allow|use)_|^(?:is|has)[A-Z]",
    re.IGNORECASE,
)
"""Columns that hold two values or three, by their names: half of the table may share one."""
_STATE = re.compile(
    r"(?:^|_)(?:status|state|kind|type|category|role|level|priority|severity|mode|phase|stage)$|(?<=[a-z])(?:Status|State"
    r"|Kind|Type|Category|Role|Level|Priority)$"
)
"""Columns that hold a handful of values. Planners look one up all the same, unless it is the usual one."""
_KIND = re.compile(
    r"(?:^|_)(?:(?:status|state|kind|type|category|role|level)_(?:code|name|key)|platform|provider|backend|source|locale"
    r"|lang|language|currency|engine|protocol|format|context|method|country|year(?:_start)?|privacy)$",
    re.IGNORECASE,
)
"""Columns of which a service has some more values, each of them in a large part of the rows all the same."""
_USUAL = frozenset(
    {"active", "enabled", "published", "completed", "complete", "done", "success", "succeeded", "ok", "valid", "normal",
     "default", "public", "live", "paid", "user", "finished"}
)  # fmt: skip
_PASSING = frozenset(
    {"pending", "queued", "enqueued", "waiting", "scheduled", "new", "created", "running", "started", "processing",
     "in_progress", "in progress", "inprogress", "retry", "retrying", "failed", "failure", "error", "errored", "stuck",
     "stale", "unprocessed", "unsent"}
)  # fmt: skip
"""Values that rows have for a while, or few of them for good: what queues and their watchers ask for."""
_DOCUMENT = re.compile(
    r"(?:^|_)(?:body|content|contents|text|html|xml|json|markdown|payload|raw|data|document|description|message|notes?"
    r"|prompt|chain|csr|pem|certificate|public_key|private_key)$",
    re.IGNORECASE,
)
"""Columns that hold whole documents, which fit into no key of an index."""
_ROW_NAMES = frozenset({"rowid", "_rowid_", "oid", "ctid"})


def column_of(table: Table, name: str) -> ColumnDef | None:
    """Return a column by name, in any case."""
    lowered = name.lower()
    return next((c for c in table.columns if c.name.lower() == lowered), None) if name else None


def is_known(table: Table, name: str) -> bool:
    """Say whether a column stands in its table's definition; of one that doesn't, no index can be missed.

    Documents have fields that nothing defines.
    """
    undefined = not table.columns or table.virtual == COLLECTION
    return undefined or column_of(table, name) is not None or name.lower() in _ROW_NAMES


def is_boolean(table: Table, name: str) -> bool:
    """Say whether a column holds only true and false."""
    column = column_of(table, name)
    return column is not None and column.type.startswith(("bool", "bit", "tinyint(1)"))


def is_flag(table: Table, name: str) -> bool:
    """Say whether two or three different values can be expected in a column: by its type, or by its name."""
    column = column_of(table, name)
    if column is not None and column.type.startswith("enum"):
        return True
    return is_boolean(table, name) or _FLAG.search(name) is not None


def is_state(condition: Condition) -> bool:
    """Say whether a handful of values can be expected in a column that is looked up."""
    return _STATE.search(condition.column) is not None


def is_kind(condition: Condition, table: Table) -> bool:
    """Say whether rows of few kinds can be expected by a column: its values are of a list, or it is called so."""
    column = column_of(table, condition.column)
    return (column is not None and column.chosen) or is_state(condition) or _KIND.search(condition.column) is not None


def is_usual(condition: Condition) -> bool:
    """Say whether a value is one that most rows can be expected to have."""
    return condition.constant is not None and condition.constant.strip("'").lower() in _USUAL


def is_document(table: Table, name: str) -> bool:
    """Say whether a column of unbounded length holds documents, by its name: what finds one is an index on a hash."""
    column = column_of(table, name)
    unbounded = column is not None and column.type.startswith(("text", "clob", "json", "longtext", "mediumtext"))
    return unbounded and _DOCUMENT.search(name) is not None


def is_passing(condition: Condition) -> bool:
    """Say whether a value is one that few rows can be expected to have at a time."""
    return condition.constant is not None and condition.constant.strip("'").lower() in _PASSING


def plain_collation(name: str) -> str:
    """Return a collation as it is compared: empty for the one that is meant where none is named."""
    return "" if name.lower() in ("binary", "default") else name.lower()


def is_text(kind: str) -> bool:
    """Say whether a column's type makes it text, by the rules of SQLite, which fit the others' types."""
    kind = kind.lower()
    return "int" not in kind and any(part in kind for part in ("char", "clob", "text"))


def is_number(kind: str) -> bool:
    """Say whether a column's type makes it a number."""
    kind = kind.lower()
    numbers = ("int", "real", "floa", "doub", "dec", "num", "serial", "bool", "date", "time", "money")
    return not is_text(kind) and any(part in kind for part in numbers)


def never_null(table: Table, name: str) -> bool:
    """Say whether a column can't hold a null: by its declaration, or as a part of the primary key."""
    column = column_of(table, name)
    if column is not None and not column.nullable:
        return True
    return any(
        i.origin == "primary key"
        and name.lower() in [k.column.lower() for k in i.keys]
        and (i.method == "rowid" or table.without_rowid or table.engine != "sqlite")  # SQLite lets other keys be null
        for i in table.indexes
    )
