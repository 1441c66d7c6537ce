"""What a lookup of Django compares, in the SQL that it has on each back end."""

from __future__ import annotations

from fragaudit.link.queries.predicates import both, compared, computed, pattern
from fragaudit.model.sql import (
    Column,
    Compare,
    Constant,
    Expression,
    Mark,
    Operand,
    Operator,
    Parameter,
    Predicate,
    Row,
    Subquery,
)

_ORDER: dict[str, Operator] = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
_PATTERN = {"contains": ("%", "%"), "startswith": ("", "%"), "endswith": ("%", "")}
_PARTS = frozenset(
    {
        "date",
        "time",
        "month",
        "day",
        "week",
        "week_day",
        "iso_week_day",
        "quarter",
        "hour",
        "minute",
        "second",
        "len",
        "length",
        "lower",
        "upper",
        "unaccent",
        "trim",
        "abs",
        "tz",
    }
)
_SPECIAL: dict[str, Operator] = {
    "overlap": "overlaps",
    "contained_by": "contained",
    "has_key": "contains",
    "has_keys": "contains",
    "has_any_keys": "contains",
    "search": "match",
    "trigram_similar": "match",
    "trigram_word_similar": "match",
}
_YEARS = frozenset({"year", "iso_year"})
_COMPARING = frozenset(
    {"exact", "iexact", "isnull", "not_isnull", "ne", "not", "in", "not_in", "range", "regex", "iregex", *_ORDER,
     *_SPECIAL, *_PATTERN, *(f"i{name}" for name in _PATTERN)}
)  # fmt: skip
"""Lookups of which it is known what they compare."""
_OTHERS = frozenset({"startswith_any", "icontains_any", "fully_lt", "not_lt", "strict_word_similar"})
"""Lookups of which it is known only that they are none of a model's fields."""
LOOKUPS = _COMPARING | _PARTS | _YEARS | _OTHERS
"""What may follow the name of a field: transforms and lookups."""


def lookup(
    column: Column | Expression,
    parts: tuple[str, ...],
    value: Operand,
    dialect: str,
    kind: str,
    at: Mark,
    *,
    json: bool = False,
) -> Predicate | None:
    """Return what a column compared by lookups comes to; None if a lookup is not known.

    Args:
        column: what is compared.
        parts: transforms and the lookup, as they follow the field's name.
        value: what it is compared with.
        dialect: sqlglot's name of the dialect, empty if it isn't known.
        kind: the column's type.
        at: where it is written.
        json: the parts may be keys of a document.
    """
    left: Column | Expression = column
    names = list(parts)
    while names:
        name = names[0]
        if name in _YEARS and len(names) <= 2:
            return _year(left, names[1] if len(names) > 1 else "exact", value, at)
        if name in _PARTS:
            left = computed({"len": "array_length", "tz": "timezone"}.get(name, name), [left])
            names.pop(0)
            continue
        if json and name not in _COMPARING:
            left = Expression(
                "", left.columns if isinstance(left, Expression) else (left,), "a path into a document", (), at
            )
            names.pop(0)
            continue
        break
    last = names[0] if names else "exact"
    if len(names) > 1:
        return None
    return _compared(left, last, value, dialect, kind, at)


def _compared(
    left: Column | Expression, name: str, value: Operand, dialect: str, kind: str, at: Mark
) -> Predicate | None:
    if name == "exact":
        if isinstance(value, Constant) and value.kind == "boolean" and kind.startswith(("bool", "tinyint", "bit")):
            return Compare(left, "true" if value.value == "true" else "false", (), at)
        return Compare(left, "match", (value,), at) if kind == "tsvector" else compared(left, "=", value, at)
    if name == "isnull":
        negative = isinstance(value, Constant) and value.value == "false"
        return Compare(left, "is not null" if negative else "is null", (), at)
    if name == "not_isnull":
        return _compared(left, "isnull", Constant("false", "boolean"), dialect, kind, at)
    if name in ("ne", "not"):
        return compared(left, "<>", value, at)
    if name in _ORDER:
        return Compare(left, _ORDER[name], (value,), at)
    if name == "range":
        low, high = value.items[:2] if isinstance(value, Row) and len(value.items) > 1 else (Parameter(), Parameter())
        return both([Compare(left, ">=", (low,), at), Compare(left, "<=", (high,), at)])
    if name == "in":
        return _in(left, value, at)
    if name == "not_in":
        return Compare(left, "not in", (value,), at)
    if name in ("regex", "iregex"):
        return Compare(left, "regex", (value,), at)
    if name in _SPECIAL:
        return Compare(left, _SPECIAL[name], (value,), at)
    if name == "iexact":
        return _iexact(left, value, dialect, at)
    if (name in _PATTERN and kind.startswith(("json", "array"))) or (kind.endswith("[]") and name == "contains"):
        return Compare(left, "contains", (value,), at)
    plain = name.removeprefix("i")
    if plain in _PATTERN:
        before, after = _PATTERN[plain]
        if isinstance(value, (Column, Expression)) and value != Expression("", (), "unknown"):
            return Compare(left, "like", (value,), at)  # what is looked for differs from row to row
        text = pattern(value, before, after) if before or isinstance(value, Constant) else Constant(f"…{after}")
        if name.startswith("i") and plain != name and dialect not in ("sqlite", "mysql"):
            return Compare(computed("upper", [left]), "like", (text,), at)
        return Compare(left, "like", (text,), at)
    return None


def _iexact(left: Column | Expression, value: Operand, dialect: str, at: Mark) -> Predicate:
    if isinstance(value, Constant) and value.kind == "null":
        return Compare(left, "is null", (), at)
    if dialect == "mysql":
        return Compare(left, "=", (value,), at)
    if dialect == "sqlite":
        return Compare(left, "like", (value,), at)
    return Compare(computed("upper", [left]), "=", (value,), at)


def _in(left: Column | Expression, value: Operand, at: Mark) -> Predicate:
    if isinstance(value, Row):
        return Compare(left, "in", value.items or (Parameter(),), at)
    if isinstance(value, Subquery):
        return Compare(left, "in", (value,), at)
    return Compare(left, "in", (value, Parameter()), at)


def _year(left: Column | Expression, name: str, value: Operand, at: Mark) -> Predicate | None:
    """A year is asked for as the range from its first to its last moment."""
    del value
    if name == "exact":
        return both([Compare(left, ">=", (Parameter(),), at), Compare(left, "<=", (Parameter(),), at)])
    if name in _ORDER:
        return Compare(left, _ORDER[name], (Parameter(),), at)
    return Compare(computed("extract", [left]), "in", (Parameter(), Parameter()), at) if name == "in" else None
