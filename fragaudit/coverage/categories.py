"""Which kind of lookup is missing its index; planners agree on some kinds more than on others."""

from __future__ import annotations

from collections.abc import Sequence

from fragaudit.coverage.columns import column_of, is_boolean, is_flag, is_known, is_state, is_usual, plain_collation
from fragaudit.coverage.lookup import sort_possible
from fragaudit.model.accesses import Access, Condition
from fragaudit.model.schema import Table


def wanted_conditions(access: Access, table: Table, dialect: str) -> list[Condition]:
    """Return the conditions that a plain index could serve and that are worth one."""
    return [
        c
        for c in access.conditions
        if c.op not in ("true", "false", "match")
        and not c.expression
        and is_known(table, c.column)
        and _by_own_collation(c, table, dialect)
        and not (c.op in ("=", "in") and is_boolean(table, c.column))
    ]


def _by_own_collation(condition: Condition, table: Table, dialect: str) -> bool:
    """Say whether an index with the column's own collation would serve: a pattern, or a comparison that names one."""
    column = column_of(table, condition.column)
    own = plain_collation(column.collation) if column is not None else ""
    if condition.op == "prefix" and dialect in ("postgres", "sqlite"):
        return own == "nocase" if dialect == "sqlite" else own in ("c", "posix", "c.utf8", "ucs_basic")
    return not condition.collation or plain_collation(condition.collation) == own


def category(access: Access, table: Table, dialect: str) -> tuple[str, str] | None:
    """Return which kind of lookup is missing its index, the surest first, and its columns; None: there is none."""
    wanted = wanted_conditions(access, table, dialect)
    local = [c for c in wanted if not c.join]
    sure = [c for c in local if c.op in ("=", "in") and not is_flag(table, c.column) and not is_state(c)]
    if sure:
        return "equality", _listed(sure)
    both = [c for c in local if c.op == "two-sided"]
    if both:
        return "two-sided range", _listed(both)
    joins = [c for c in wanted if c.join and c.join != "(query)" and c.op in ("=", "in")]
    if access.correlated and joins:
        return "correlated", _listed(joins)
    if access.outer and joins:
        return "outer join", _listed(joins)
    if any(c.filtered for c in joins):
        return "filtered join", _listed(joins)
    if access.extreme and not local:
        return "extreme", access.extreme
    if access.arms and not _flags_alone(access, table):
        if any(all(_of_many(c, table) for c in arm) for arm in access.arms):
            return "flag", " or ".join(_listed(arm) for arm in access.arms)
        return "alternatives", " or ".join(_listed(arm) for arm in access.arms)
    states = [c for c in local if c.op == "=" and not is_flag(table, c.column) and not is_usual(c)]
    if states:
        return "state", _listed(states)
    flags = [c for c in local if c.op == "="]
    if flags:
        return "flag", _listed(flags)
    if any(c.join == "(query)" for c in wanted):
        return "in query", _listed([c for c in wanted if c.join == "(query)"])
    local = [c for c in local if c.op != "in"]  # several values of a flag are most of the table
    if local:
        return ("null" if all(c.op == "is null" for c in local) else "range"), _listed(local)
    if joins:
        return "unfiltered join", _listed(joins)
    ranges = [c for c in wanted if c.join and c.filtered and c not in joins]
    if ranges:
        return "range join", _listed(ranges)
    # Where few rows are found by what is computed from a column, walking all in the order asked for meets them late.
    computed = any(item.expression for item in access.unindexable)
    if access.sort and access.limit and not joins and sort_possible(access) and not computed:
        return "sort", ", ".join(s.column + (" DESC" if s.descending else "") for s in access.sort)
    return None


def _flags_alone(access: Access, table: Table) -> bool:
    return all(all(is_boolean(table, c.column) for c in arm) for arm in access.arms)


def _of_many(condition: Condition, table: Table) -> bool:
    """Say whether a condition may well return most of the rows, so that the others aren't worth an index."""
    return condition.op in ("true", "false") or (condition.op == "=" and is_boolean(table, condition.column))


def _listed(conditions: Sequence[Condition]) -> str:
    return ", ".join(dict.fromkeys(c.column for c in conditions))
