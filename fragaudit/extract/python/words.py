"""Kinds of words: what a pattern looks for can't be in a text without certain words, which are cheaper to look up."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import reduce
from operator import or_

WORD = re.compile(r"[A-Za-z_]\w*")

VERB, PARTNER = 1, 2
"""Two words of a statement of SQL in capitals: `INSERT` and `INTO`."""

SMALL_VERB, SMALL_PARTNER = 4, 8
EXECUTES, NAMES_SQL = 16, 32
"""A method that runs a statement, and a name that one may have."""

READS_SQL, CREATES, TABLE = 64, 128, 256
ASKS = 512
"""What builds or runs a query expression."""

_EXACT = {
    **dict.fromkeys(("SELECT", "INSERT", "REPLACE", "DELETE", "MERGE", "UPDATE", "CREATE", "ALTER", "DROP"), VERB),
    **dict.fromkeys(("FROM", "INTO", "SET", "TABLE", "INDEX", "VIEW"), PARTNER),
    **dict.fromkeys(("select", "insert", "delete", "update", "create", "alter", "drop"), SMALL_VERB),
    **dict.fromkeys(("from", "into", "set", "table", "index"), SMALL_PARTNER),
}
_EXECUTING = frozenset({"exec_driver_sql", "prepare", "query", "raw", "cursor", "sql"})
_NAMING = re.compile(r"sql|SQL|query|QUERY|stmt|STMT|statement|command")
_ASKING = frozenset(
    {
        "objects", "filter_by", "query", "_default_manager", "get_queryset", "table", "select", "delete", "update",
        "insert", "exists", "aliased", "Q", "Exists", "OuterRef", "Subquery", "filter", "exclude", "where", "order_by",
        "scalars", "scalar", "get_or_404", "annotate", "values_list", "prefetch_related", "get_or_none",
        "get_or_create", "update_or_create", "select_related", "aggregate", "in_bulk", "having", "join", "outerjoin",
        "execute", "get", "queryset", "search_fields", "list_filter", "filterset_fields",
    }
)  # fmt: skip


class Kinds(dict[str, int]):
    """The kinds of words, each worked out once: words repeat all over a repository."""

    def __missing__(self, word: str) -> int:
        small = word.lower()
        kinds = _EXACT.get(word, 0)
        if word in _EXECUTING or word.startswith(("execute", "fetch", "read_sql")):
            kinds |= EXECUTES
        if _NAMING.search(word):
            kinds |= NAMES_SQL
        if word == "RunSQL" or word.startswith("read_sql"):
            kinds |= READS_SQL
        if small.endswith("create"):
            kinds |= CREATES
        if small.startswith("table"):
            kinds |= TABLE
        if word in _ASKING or "_or_404" in word:
            kinds |= ASKS
        self[word] = kinds
        return kinds

    def of(self, words: Iterable[str]) -> int:
        """Return the kinds of all words together."""
        return reduce(or_, map(self.__getitem__, words), 0)


def may_hold_sql(kinds: int) -> bool:
    """Say whether words of these kinds may stand in a text that holds SQL, or that executes what is called so."""
    return (
        kinds & (VERB | PARTNER) == VERB | PARTNER
        or kinds & (SMALL_VERB | SMALL_PARTNER) == SMALL_VERB | SMALL_PARTNER
        or kinds & (EXECUTES | NAMES_SQL) == EXECUTES | NAMES_SQL
        or kinds & (CREATES | TABLE) == CREATES | TABLE
        or kinds & READS_SQL != 0
    )
