"""How checks speak of access patterns and indexes: the same words and the same data in every finding."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from fragaudit.advise.suggest import Suggestion, without
from fragaudit.coverage.worth import Around, around
from fragaudit.model.accesses import Access, Condition
from fragaudit.model.findings import Related
from fragaudit.model.schema import Index, Table
from fragaudit.model.stores import Service

_SHOWN = {
    "=": "=",
    "in": "IN",
    "<": "a range",
    "two-sided": "a range",
    "prefix": "LIKE",
    "is null": "IS NULL",
    "true": "its truth",
    "false": "its truth",
    "row": "a row comparison",
    "match": "an operator of its own",
}


def tables_of(service: Service) -> dict[str, Table]:
    """Return the tables of a service's schema by name."""
    return {t.name: t for t in service.schema}


def how(access: Access) -> str:
    """Return what an access is looked up by, in words: `email by =, created_at by a range`."""
    conditions = [c for c in access.conditions if c.op not in ("true", "false")]
    if access.arms and not any(not c.join for c in conditions):
        return " or ".join(_listed(arm) for arm in access.arms)
    if conditions:
        return _listed(conditions)
    if access.extreme:
        return f"the least or greatest {access.extreme}"
    return "the order of " + ", ".join(s.column + (" DESC" if s.descending else "") for s in access.sort)


def _listed(conditions: Iterable[Condition]) -> str:
    parts = []
    for condition in conditions:
        name = condition.expression or condition.column
        joined = f" {condition.join}" if condition.join and condition.join != "(query)" else ""
        text = f"{name} by {_SHOWN[condition.op]}{joined}"
        if text not in parts:
            parts.append(text)
    return ", ".join(parts)


def surroundings(service: Service) -> Around:
    """Return what the other tables and the statements of a service tell of a table."""
    return around(
        service.schema, service.accesses, service.writes, service.made, service.deleted, service.removed, service.idle
    )


def missing(access: Access, table: Table, made: Sequence[Suggestion], close: tuple[Index, str] | None) -> str:
    """Return the rest of a message about an index that is missing: which comes nearest, and what would serve."""
    if close is not None:
        words = f"; {shown(close[0])} comes nearest but {close[1]}"
    else:
        words = "; no index of it comes near" if table.indexes else ""
    if not made:
        return f"{words}. None is proposed: {without(access, table)}"
    return words + would(made)


def would(made: Sequence[Suggestion]) -> str:
    """Return the sentence that says which indexes would serve, with the blank before it."""
    which = "This would" if len(made) == 1 else "These would, one for each alternative"
    return f". {which}: {' '.join(f'{m.ddl};' for m in made)}"


def shown(index: Index) -> str:
    """Return an index as `name (columns)`."""
    keys = ", ".join(str(k) for k in index.keys)
    return f"{index.name} ({keys})" if index.name else f"the {index.origin} ({keys})"


def related(access: Access, table: Table, close: tuple[Index, str] | None) -> tuple[Related, ...]:
    """Return the call that a wrapper asks for, the table's definition and the index that comes nearest."""
    found = [Related(access.called, "this call says what is asked")] if access.called is not None else []
    found += [Related(at, f"{table.name} is defined here") for at in table.defined_at[:1]]
    if close is not None and close[0].at and close[0].at[0] not in table.defined_at:
        found.append(Related(close[0].at[0], f"{shown(close[0])} is defined here"))
    return tuple(found)


def key(access: Access) -> str:
    """Return what tells an access from others, without its place."""
    columns = [c.column for c in access.conditions] or [c.column for arm in access.arms for c in arm]
    return f"{access.table}:{','.join(columns or [s.column for s in access.sort])}"


def data(access: Access, table: Table, made: Sequence[Suggestion] = ()) -> dict[str, Any]:
    """Return the contract's data of an index finding; of several indexes to create all stand in `suggestions`."""

    def names(*ops: str) -> list[str]:
        return list(dict.fromkeys(c.expression or c.column for c in conditions if c.op in ops))

    conditions: list[Condition] = [*access.conditions, *(c for arm in access.arms for c in arm)]
    extreme = [access.extreme] if access.extreme else []
    return {
        "table": access.table,
        "columns": list(dict.fromkeys([*(c.column for c in conditions), *(s.column for s in access.sort), *extreme])),
        "equality": names("=", "is null", "true", "false"),
        "in": names("in"),
        "range": names("<", "two-sided", "prefix", "row"),
        "sort": [s.column + (" DESC" if s.descending else "") for s in access.sort],
        "suggestion": _suggested(made[0]) if len(made) == 1 else None,
        **({"suggestions": [_suggested(m) for m in made]} if len(made) > 1 else {}),
        "covered_by": access.by or None,
    }


def _suggested(made: Suggestion) -> dict[str, Any]:
    return {"columns": [str(k) for k in made.keys], "ddl": f"{made.ddl};"}
