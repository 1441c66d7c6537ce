"""FA201, FA202 and FA206: access patterns that no index serves, that one serves in part, or that keep one from it."""

from __future__ import annotations

from collections.abc import Iterator

from fragaudit.advise.suggest import advice_for, suggestions
from fragaudit.checks.patterns import data, how, key, missing, related, shown, surroundings, tables_of, would
from fragaudit.checks.registry import check
from fragaudit.coverage import NO_BTREE, nearest, serves_column
from fragaudit.coverage.worth import Around, is_small, sure
from fragaudit.model.accesses import Access
from fragaudit.model.findings import Confidence, Hit
from fragaudit.model.locations import Location
from fragaudit.model.schema import Index, Table
from fragaudit.model.statements import OFFERED
from fragaudit.model.stores import Service

_REWRITABLE = ("computed from it first", "not compared as it is", "begins with a wildcard")


@check("FA201")
def uncovered_access(service: Service) -> Iterator[Hit]:
    """An access that no index serves."""
    tables = tables_of(service)
    open_ = [a for a in service.accesses if a.verdict == "uncovered"]
    advice = advice_for(service) if open_ else None
    known = surroundings(service)
    told: set[tuple[str, str]] = set()
    said: set[tuple[Location, str]] = set()  # of a text put together in several ways, each is an access of its own
    for access in open_:
        table = tables.get(access.table)
        if table is None or advice is None:
            continue
        if access.maintenance:  # what a migration asks again and again is one thing to say of it
            if (access.at.path, key(access)) in told:
                continue
            told.add((access.at.path, key(access)))
        made = advice.indexes(access, table)
        close = nearest(access, table, access.dialect)
        message = f"no index can find these rows of {access.table} ({how(access)})" + missing(
            access, table, made, close
        )
        if (access.at, message) in said:
            continue
        said.add((access.at, message))
        yield Hit(access.at, message, key(access), confidence=_confidence(access, table, known),
                  data=data(access, table, made), related=related(access, table, close))  # fmt: skip


@check("FA202")
def partly_covered_access(service: Service) -> Iterator[Hit]:
    """An access that an index serves in part only, while a better key is possible."""
    tables = tables_of(service)
    partly = [a for a in service.accesses if a.verdict == "partial"]
    advice = advice_for(service) if partly else None
    known = surroundings(service)
    for access in partly:
        table = tables.get(access.table)
        if table is not None and advice is not None:
            made = advice.indexes(access, table)
            message = f"{access.table}: {access.why}"
            entry = access.category == "entry"
            yield Hit(
                _entry(access) if entry else access.at,
                message + would(made) if entry and made else message,
                key(access),
                confidence=_confidence(access, table, known) if entry else None,
                data=data(access, table, made),
                related=related(access, table, nearest(access, table, access.dialect)),
            )


@check("FA206")
def unsargable_predicate(service: Service) -> Iterator[Hit]:
    """A column has an index, and the condition on it can't use it."""
    tables = tables_of(service)
    known = surroundings(service)
    for access in service.accesses:
        table = tables.get(access.table)
        if access.verdict not in ("n/a", "uncovered") or table is None or table.silent or access.unknown:
            continue
        if access.category == NO_BTREE or access.maintenance in OFFERED:
            continue
        for item in access.unindexable:
            index = _leading(table, item.column)
            if index is None or not any(words in item.why for words in _REWRITABLE):
                continue
            wildcard = "wildcard" in item.why
            message = f"{shown(index)} can't serve the condition on {access.table}.{item.column}: {item.why}"
            doubtful = wildcard or access.maintenance or is_small(table, known)
            confidence = Confidence.POSSIBLE if doubtful else None
            yield Hit(access.at, message, f"{access.table}:{item.column}:{item.why}", confidence=confidence,
                      data={**data(access, table, suggestions(access, table)), "columns": [item.column]},
                      related=related(access, table, nearest(access, table, access.dialect)))  # fmt: skip


def _entry(access: Access) -> Location:
    """Return the place of the condition that a statement could begin with."""
    return next((c.at for c in access.conditions if not c.join and c.op == "="), access.at)


def _leading(table: Table, column: str) -> Index | None:
    if not serves_column(table, column):
        return None
    return next((i for i in table.indexes if i.keys and i.keys[0].column.lower() == column.lower()), None)


def _confidence(access: Access, table: Table, known: Around) -> Confidence:
    return Confidence.LIKELY if sure(access, table, known) else Confidence.POSSIBLE
