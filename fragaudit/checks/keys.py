"""FA203 to FA205: indexes that another one makes superfluous or that nothing uses, and foreign keys that have none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from fragaudit.checks.patterns import is_small, shown
from fragaudit.checks.registry import check
from fragaudit.checks.suggested import ddl
from fragaudit.coverage import applies, looks_up
from fragaudit.model.accesses import Access
from fragaudit.model.findings import Confidence, Hit, Related
from fragaudit.model.schema import ForeignKey, Index, Key, Table
from fragaudit.model.stores import Service


@check("FA203")
def redundant_index(service: Service) -> Iterator[Hit]:
    """An index whose keys are the first keys of another one."""
    for table in service.schema:
        if table.silent or table.view is not None:
            continue
        for number, index in enumerate(table.indexes):
            if index.origin != "index" or not index.at:
                continue
            wider = next(
                (w for n, w in enumerate(table.indexes) if n != number and _replaces(w, index, n < number)), None
            )
            if wider is not None:
                same = len(wider.keys) == len(index.keys)
                what = "has the same keys" if same else "begins with the same keys"
                message = f"{shown(index)} of {table.name} is superfluous: {shown(wider)} {what}"
                related = tuple(Related(at, f"{shown(wider)} is defined here") for at in wider.at[:1])
                apart = not set(index.by) & set(wider.by)  # two sources that may not hold at the same time
                yield Hit(index.at[0], message, f"{table.name}:{index.name}:{','.join(map(str, index.keys))}",
                          related=related, confidence=Confidence.POSSIBLE if apart else None,
                          data=_data(table, index, wider.name))  # fmt: skip


@check("FA204")
def unindexed_foreign_key(service: Service) -> Iterator[Hit]:
    """A foreign key that no index begins with."""
    deleted = {w.table.lower() for w in service.writes if w.verb == "delete"}
    for table in service.schema:
        if table.silent or table.view is not None or table.engine == "mysql" or table.temporary:
            continue
        for foreign in table.foreign_keys:
            if not foreign.at or any(_leads(i, foreign) for i in table.indexes):
                continue
            columns = ", ".join(foreign.columns)
            parent = foreign.table.rpartition(".")[2]
            sure = (foreign.on_delete in ("cascade", "set null") or parent.lower() in deleted) and not is_small(table)
            keys = tuple(Key(c) for c in foreign.columns)
            message = (
                f"{table.name} ({columns}) references {foreign.table} and no index begins with it: each row deleted "
                f"there is looked for in all of {table.name}. This would help: {ddl(table, keys)}"
            )
            yield Hit(foreign.at[0], message, f"{table.name}:{columns}",
                      confidence=None if sure else Confidence.POSSIBLE,
                      data={"table": table.name, "columns": list(foreign.columns), "equality": list(foreign.columns),
                            "in": [], "range": [], "sort": [], "covered_by": None,
                            "suggestion": {"columns": list(foreign.columns), "ddl": ddl(table, keys)}})  # fmt: skip


@check("FA205")
def unused_index(service: Service) -> Iterator[Hit]:
    """An index that no access found uses, of a table whose accesses are all understood."""
    by_table: dict[str, list[Access]] = {}
    for access in service.accesses:
        by_table.setdefault(access.table, []).append(access)
    if service.unparsed:
        return  # what they use isn't known
    own = {at.at.path for at in service.tables}
    for table in service.schema:
        accesses = by_table.get(table.name, [])
        if not accesses or table.silent or not any(at.path in own for at in table.defined_at):
            continue
        if any(a.unknown for a in accesses):
            continue
        for index in table.indexes:
            if index.origin != "index" or index.unique or not index.at or "implicit" in index.by:
                continue
            if not _used(index, accesses, table) and not any(_leads(index, k) for k in table.foreign_keys):
                message = f"{shown(index)} of {table.name} is used by none of the {len(accesses)} accesses found"
                yield Hit(index.at[0], message, f"{table.name}:{index.name}", data=_data(table, index, ""))


def _used(index: Index, accesses: Sequence[Access], table: Table) -> bool:
    for access in accesses:
        conditions = [*access.conditions, *(c for arm in access.arms for c in arm)]
        if any(looks_up(index, 0, c, table, access.dialect) for c in conditions) and applies(
            index, access, access.dialect
        ):
            return True
        names = {s.column.lower() for s in access.sort} | {access.extreme.lower(), *(g.lower() for g in access.group)}
        names |= {d.lower() for d in access.distinct}
        if index.keys[0].column.lower() in names or index.name in access.by.split(", "):
            return True
    return False


def _replaces(wider: Index, index: Index, earlier: bool) -> bool:
    """Say whether an index serves everything that another one does."""
    count = len(index.keys)
    if wider.method not in ("btree", "rowid") and wider.method != index.method:
        return False
    if index.method != "btree" and not (index.method == wider.method and len(wider.keys) == count):
        return False
    if tuple(_plain(k) for k in wider.keys[:count]) != tuple(_plain(k) for k in index.keys):
        return False
    if wider.where_text.lower() != index.where_text.lower():
        return False
    held = {k.column.lower() for k in wider.keys} | {c.lower() for c in wider.include}
    if any(c.lower() not in held for c in index.include):
        return False
    if index.unique:
        return wider.unique and len(wider.keys) == count and (earlier or wider.origin != "index")
    if len(wider.keys) == count:
        return wider.unique or (earlier and len(wider.include) >= len(index.include))
    return True


def _plain(key: Key) -> tuple[object, ...]:
    return (
        key.column.lower(),
        key.expression,
        key.descending,
        key.nulls,
        key.opclass,
        key.collation.lower(),
        key.length,
    )


def _leads(index: Index, foreign: ForeignKey) -> bool:
    """Say whether an index finds the rows of a foreign key: its columns come first, in any order."""
    columns = {c.lower() for c in foreign.columns}
    first = {k.column.lower() for k in index.keys[: len(columns)]}
    partial = index.where_text and not index.where_text.lower().strip("() ").endswith("is not null")
    return first == columns and index.method in ("btree", "rowid", "hash") and not partial


def _data(table: Table, index: Index, covered_by: str) -> dict[str, Any]:
    columns = [str(k) for k in index.keys]
    return {"table": table.name, "columns": columns, "equality": [], "in": [], "range": [], "sort": [],
            "suggestion": None, "covered_by": covered_by or None, "index": index.name}  # fmt: skip
