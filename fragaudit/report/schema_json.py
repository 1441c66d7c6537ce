"""Tables and access patterns in the JSON contract."""

from __future__ import annotations

from typing import Any

from fragaudit.model.accesses import Access
from fragaudit.model.locations import Location
from fragaudit.model.schema import Table
from fragaudit.model.stores import Service

Json = dict[str, Any]


def place(at: Location) -> Json:
    """Return a location."""
    return {
        "path": at.path,
        "line": at.line,
        "column": at.column,
        "end_line": at.end_line,
        "end_column": at.end_column,
    }


def tables(service: Service) -> list[Json]:
    """Return the tables that a service defines or uses, those whose shape isn't known with their name alone."""
    origins: dict[str, list[Location]] = {}
    for origin in service.tables:
        origins.setdefault(origin.name, []).append(origin.at)
    known = {name.rpartition(".")[2].lower() for t in service.schema for name in (t.name,)}
    shown = [_table(table, service) for table in service.schema]
    shown += [
        {"name": name, "columns": [], "primary_key": [], "defined_at": [place(at) for at in places],
         "owner": service.name, "indexes": []}
        for name, places in origins.items()
        if name.rpartition(".")[2].lower() not in known
    ]  # fmt: skip
    return sorted(shown, key=lambda t: str(t["name"]))


def _table(table: Table, service: Service) -> Json:
    own = {origin.at.path for origin in service.tables}
    return {
        "name": table.name,
        "columns": [{"name": c.name, "type": c.type} for c in table.columns],
        "primary_key": list(table.primary_key),
        "defined_at": [place(at) for at in table.defined_at],
        "owner": service.name if any(at.path in own for at in table.defined_at) else None,
        "indexes": [
            {
                "name": index.name or None,
                "columns": [str(key) for key in index.keys],
                "unique": index.unique,
                "method": index.method,
                "where": index.where_text or None,
                "at": place(index.at[0]) if index.at else None,
                "origin": index.origin,
            }
            for index in table.indexes
        ],
        "silent": table.silent or None,
        "view": table.view is not None,
    }


def access(found: Access) -> Json:
    """Return an access pattern."""
    return {
        "at": place(found.at),
        "table": found.table,
        **pattern(found),
        "unindexable": [{"column": u.column, "why": u.why} for u in found.unindexable],
        "verb": found.verb,
        "verdict": found.verdict,
        "by": found.by or None,
        "why": found.why,
    }


def pattern(found: Access) -> Json:
    """Return the columns of an access pattern by how they are looked up; those of an OR by its alternatives."""
    groups: dict[str, list[str]] = {"equality": [], "in": [], "range": [], "join": []}
    for condition in found.conditions:
        name = condition.expression or condition.column
        if condition.join and condition.join != "(query)":
            kind = "join"
        elif condition.op == "in":
            kind = "in"
        else:
            kind = "equality" if condition.op in ("=", "is null", "true", "false") else "range"
        if name not in groups[kind]:
            groups[kind].append(name)
    return {
        "equality": groups["equality"],
        "in": groups["in"],
        "range": groups["range"],
        "sort": [s.column + (" DESC" if s.descending else "") for s in found.sort],
        "join": groups["join"],
        "alternatives": [[c.expression or c.column for c in arm] for arm in found.arms],
    }
