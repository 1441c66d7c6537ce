"""What in a text holds SQL, or builds a query by expressions: words first, as patterns take a hundred times longer."""

from __future__ import annotations

import re
from collections.abc import Set

WORD = re.compile(r"[A-Za-z_]\w*")

_DDL = re.compile(r"create\s+(?:\w+\s+)?table", re.IGNORECASE)


def _statement(verb: str, rest: str, *words: str) -> tuple[frozenset[str], re.Pattern[str]]:
    # The verb comes first, that the text is searched for it; only then whether it is a word of its own.
    return frozenset({verb, *words}), re.compile(rf"{verb}(?<=\b{verb}){rest}")


_STATEMENTS = (
    _statement("SELECT", r"\s[^;]{0,1500}?\bFROM\s", "FROM"),
    _statement("INSERT", r"\s+(?:OR\s+\w+\s+)?INTO\s", "INTO"),
    _statement("REPLACE", r"\s+INTO\s", "INTO"),
    _statement("DELETE", r"\s+FROM\s", "FROM"),
    _statement("MERGE", r"\s+INTO\s", "INTO"),
    _statement("UPDATE", r"\s+(?:\S+|\{[^}]{0,80}\})\s+SET\s", "SET"),
    *(_statement(verb, r"\s+(?:\w+\s+){0,2}(?:TABLE|INDEX|VIEW)\s") for verb in ("CREATE", "ALTER", "DROP")),
    _statement("select", r"\s[\w.*,()\s\"]{1,300}?\sfrom\s+[\w{\"]", "from"),
    _statement("insert", r"\s+into\s+[\w{\"]", "into"),
    _statement("delete", r"\s+from\s+[\w{\"]+\s+where", "from"),
    _statement("update", r"\s+[\w{\"]+\s+set\s", "set"),
    *(_statement(verb, r"\s+(?:\w+\s+)?(?:table|index)\s") for verb in ("create", "alter", "drop")),
)
"""Statements, with the words that none is without."""

_EXECUTED = re.compile(
    r"\.(?:execute\w*|exec_driver_sql|fetch\w*|prepare|query|raw|read_sql\w*|cursor|sql)\(\s*(?:[\w.]*\btext\(\s*)?"
    r"(?:[\w.]*(?:sql|SQL|query|QUERY|stmt|STMT|statement|command)\w*)"
)
"""A call that executes what is called a statement."""

_RUN = re.compile(r"RunSQL(?<=\bRunSQL)\(")
_READ = re.compile(r"read_sql(?<=\bread_sql)")

_METHOD = re.compile(
    r"\.(?:(?:objects|filter_by|query|_default_manager|get_queryset|table)\b|"
    r"(?:filter|exclude|where|order_by|scalars|scalar|get_or_404|annotate|values_list|prefetch_related|get_or_none|"
    r"get_or_create|update_or_create|select_related|aggregate|in_bulk|having|join|outerjoin|execute)\(|"
    r"get\(\s*[A-Z]|\w+\.all\(\))"
)
_OF_CLASS = re.compile(r"(?<![\w.])[A-Z]\w*\.(?:all\(\)|first\(\)|get\(\w+\s*=)")
"""What classes of models are asked, in the words that they share with much else."""
_GENERATED = re.compile(r"\bget\(\w+ for ")
_FUNCTIONS = ("select", "delete", "update", "insert", "exists", "aliased", "Q", "Exists", "OuterRef", "Subquery")
_FUNCTION = re.compile(rf"\b(?:{'|'.join(_FUNCTIONS)})\(")
_OR_404 = re.compile(r"get_(?:object|list)_or_404")
_SET = ("queryset", "search_fields", "list_filter", "filterset_fields", "filterset_class", "date_hierarchy",
        "ordering_fields", "lookup_field")  # fmt: skip
_SETTING = re.compile(rf"\b(?:{'|'.join(_SET)})\s*=")
_DECLARING = ("register", "FilterSet")
_DECLARED = re.compile(r"\badmin\.(?:site\.)?register\(|\bFilterSet\b")
"""What statements that build or run a query expression have in their text."""

_REPOSITORY = re.compile(
    r"(?:[Rr]epo(?:s|sitory|sitories)?|[Cc]rud|CRUD)\w*(?:\([^()]*\))?(?:\.\w+)?\.[a-z]\w*\(|(?:Repo|Repository|CRUD\w*)\(|"
    r"\.(?:get_one(?:_or_none)?|list_and_count|get_many_and_count)\("
)
_REPOSITORIES = ("repo", "Repo", "crud", "CRUD", ".get_one", "_and_count(")
"""A method called on, or the making of, what is called a repository: it asks with the filters that it is given."""


def holds_sql(text: str, words: Set[str]) -> bool:
    """Say whether a text holds SQL, or executes what is called so; `words` are all of its words."""
    if any(needed <= words and pattern.search(text) is not None for needed, pattern in _STATEMENTS):
        return True
    if _EXECUTED.search(text) is not None or _RUN.search(text) is not None or _READ.search(text) is not None:
        return True
    small = text.lower()
    return "create" in small and "table" in small and _DDL.search(text) is not None


def builds_query(text: str, words: Set[str]) -> bool:
    """Say whether a text builds or runs a query expression; `words` are all of its words."""
    return (
        _METHOD.search(text) is not None
        or (not words.isdisjoint(_FUNCTIONS) and _FUNCTION.search(text) is not None)
        or _OR_404.search(text) is not None
        or ("get" in words and _GENERATED.search(text) is not None)
        or (not words.isdisjoint(("all", "first", "get")) and _OF_CLASS.search(text) is not None)
        or (not words.isdisjoint(_SET) and _SETTING.search(text) is not None)
        or (not words.isdisjoint(_DECLARING) and _DECLARED.search(text) is not None)
    )


def asks_repository(text: str) -> bool:
    """Say whether a text has a repository ask."""
    return any(word in text for word in _REPOSITORIES) and _REPOSITORY.search(text) is not None
