"""FA201, FA202, FA206: access patterns that no index serves, or serves badly."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fragaudit.checks.registry import check
from fragaudit.checks.suggested import ddl, key_for
from fragaudit.model.accesses import Access, Condition
from fragaudit.model.findings import Confidence, Hit
from fragaudit.model.schema import Table
from fragaudit.model.stores import Service

SURE = frozenset({"equality", "two-sided range", "filtered join", "outer join", "extreme", "alternatives"})
"""Categories of accesses for which planners agree in at least 97 of 100 cases that an index is missing."""


@check("FA201")
def uncovered_access(service: Service) -> Iterator[Hit]:
    """An access that no index serves."""
    for access in service.accesses:
        if access.verdict != "uncovered":
            continue
        table = _table(service, access.table)
        if table is None:
            continue
        yield Hit(access.at, _message(access, table), _key(access), confidence=_confidence(access, table),
                  data=_data(access, table))  # fmt: skip


def _table(service: Service, name: str) -> Table | None:
    return next((t for t in service.schema if t.name == name), None)


def _confidence(access: Access, table: Table) -> Confidence:
    if access.maintenance or access.category not in SURE or _tiny(table):
        return Confidence.POSSIBLE
    return Confidence.LIKELY


def _tiny(table: Table) -> bool:
    return False


def _key(access: Access) -> str:
    columns = ",".join(c.column for c in access.conditions) or ",".join(s.column for s in access.sort)
    return f"{access.table}:{access.category}:{columns}"


def _message(access: Access, table: Table) -> str:
    return f"{access.table}: {access.why}"


def _data(access: Access, table: Table) -> dict[str, Any]:
    def names(*ops: str) -> list[str]:
        return list(dict.fromkeys(c.expression or c.column for c in conditions if c.op in ops))

    conditions: list[Condition] = [*access.conditions, *(c for arm in access.arms for c in arm)]
    keys = key_for(access, table)
    return {
        "table": access.table,
        "columns": list(dict.fromkeys([*(c.column for c in conditions), *(s.column for s in access.sort)])),
        "equality": names("=", "is null", "true", "false"),
        "in": names("in"),
        "range": names("<", "two-sided", "prefix", "row"),
        "sort": [s.column + (" DESC" if s.descending else "") for s in access.sort],
        "suggestion": {"columns": [str(k) for k in keys], "ddl": ddl(table, keys)} if keys else None,
        "covered_by": access.by or None,
    }
