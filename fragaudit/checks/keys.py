"""FA203 to FA205: indexes that another one makes superfluous or that nothing uses, and foreign keys that have none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from msgspec.structs import replace

from fragaudit.advise.suggest import Advice, advice_for
from fragaudit.checks.patterns import shown, surroundings
from fragaudit.checks.registry import check
from fragaudit.coverage import NO_BTREE, no_btree
from fragaudit.coverage.columns import is_known
from fragaudit.coverage.rivals import leads, superfluous, uses
from fragaudit.coverage.worth import followed, left_behind
from fragaudit.model.accesses import Access
from fragaudit.model.findings import Confidence, Hit, Related
from fragaudit.model.locations import Location
from fragaudit.model.schema import Index, Table
from fragaudit.model.stores import Repository, Service


@check("FA203")
def redundant_index(service: Service) -> Iterator[Hit]:
    """An index whose keys are the first keys of another one."""
    for table in service.schema:
        if table.silent or table.view is not None or no_btree(table):
            continue
        for index in table.indexes:
            if index.origin != "index" or not index.at:
                continue
            better = superfluous(index, table.indexes)
            if better is not None:
                wider = better[0]
                same = len(wider.keys) == len(index.keys)
                what = "has the same keys" if same else "begins with the same keys"
                message = f"{shown(index)} of {table.name} is superfluous: {shown(wider)} {what}"
                related = tuple(Related(at, f"{shown(wider)} is defined here") for at in wider.at[:1])
                apart = not set(index.by) & set(wider.by)  # two sources that may not hold at the same time
                yield Hit(index.at[0], message, f"{table.name}:{index.name}:{','.join(map(str, index.keys))}",
                          related=related, confidence=Confidence.POSSIBLE if apart else None,
                          data=_data(table, index, wider.name))  # fmt: skip


@check("FA204", whole=True)
def unindexed_foreign_key(repository: Repository) -> Iterator[Hit]:
    """A foreign key that no index begins with; one that several services share is told once, of where it is surest."""
    told: dict[tuple[Location, str], Hit] = {}
    for service in repository.services:
        for hit in _unindexed(service):
            known = told.get((hit.at, hit.key))
            if known is None or (known.confidence is not None and hit.confidence is None):
                told[hit.at, hit.key] = replace(hit, service=service.name)
    yield from told.values()


def _unindexed(service: Service) -> Iterator[Hit]:
    advice: Advice | None = None
    others = surroundings(service)
    for table in service.schema:
        if table.silent or table.view is not None or table.engine == "mysql" or table.temporary or no_btree(table):
            continue
        if left_behind(table, others):
            continue
        for foreign in table.foreign_keys:
            if not foreign.at or any(leads(i, foreign) for i in table.indexes):
                continue
            columns = ", ".join(foreign.columns)
            known = all(is_known(table, c) for c in foreign.columns)  # else an index may stand with the column
            sure = known and followed(foreign, table, others)
            advice = advice or advice_for(service)
            made = advice.index(foreign, table)
            create = f"{made.ddl};"
            message = (
                f"{table.name} ({columns}) references {foreign.table} and no index begins with it: each row deleted "
                f"there is looked for in all of {table.name}. This would help: {create}"
            )
            yield Hit(foreign.at[0], message, f"{table.name}:{columns}",
                      confidence=None if sure else Confidence.POSSIBLE,
                      data={"table": table.name, "columns": list(foreign.columns), "equality": list(foreign.columns),
                            "in": [], "range": [], "sort": [], "covered_by": None,
                            "suggestion": {"columns": [str(k) for k in made.keys], "ddl": create}})  # fmt: skip


@check("FA205", whole=True)
def unused_index(repository: Repository) -> Iterator[Hit]:
    """An index that no access found uses, of a table whose accesses are all understood, in whichever service."""
    told: set[tuple[str, Location]] = set()
    for service in repository.services:
        own = {at.at.path for at in service.tables}
        for table in service.schema:
            if table.silent or not any(at.path in own for at in table.defined_at):
                continue
            sharing = [s for s in repository.services if s is service or table in s.schema]
            accesses = [a for s in sharing for a in s.accesses if a.table == table.name]
            if not accesses or any(s.unparsed for s in sharing):
                continue  # what they use isn't known
            if no_btree(table) or table.virtual or any(a.unknown or a.category == NO_BTREE for a in accesses):
                continue  # collections are asked in more ways than are understood
            for index in _unused(table, accesses):
                if (known_by := (index.name, index.at[0])) not in told:
                    told.add(known_by)
                    number = len(set(accesses))
                    message = f"{shown(index)} of {table.name} is used by none of the {number} accesses found"
                    yield Hit(index.at[0], message, f"{table.name}:{index.name}", service.name,
                              data=_data(table, index, ""))  # fmt: skip


def _unused(table: Table, accesses: Sequence[Access]) -> Iterator[Index]:
    for index in table.indexes:
        if index.origin != "index" or index.unique or not index.at or "implicit" in index.by:
            continue
        leading = any(leads(index, key) for key in table.foreign_keys)
        if not leading and not any(uses(access, index, table) for access in accesses):
            yield index


def _data(table: Table, index: Index, covered_by: str) -> dict[str, Any]:
    columns = [str(k) for k in index.keys]
    return {"table": table.name, "columns": columns, "equality": [], "in": [], "range": [], "sort": [],
            "suggestion": None, "covered_by": covered_by or None, "index": index.name}  # fmt: skip
