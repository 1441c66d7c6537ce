"""The coordinated set of indexes, table by table, over all access patterns of a repository."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from fragaudit.advise.cover import Group, Item, keys_of, serves, smallest
from fragaudit.advise.ddl import create, drop
from fragaudit.advise.dialects import MSSQL, MYSQL, column_of, dialect_of
from fragaudit.advise.existing import existing_form, there
from fragaudit.advise.patterns import Element, Form, forms
from fragaudit.advise.quoting import index_name, where_of
from fragaudit.advise.reasons import reasons
from fragaudit.coverage import no_btree
from fragaudit.coverage.rivals import begins, leads, superfluous, uses
from fragaudit.coverage.worth import Around, around, followed, left_behind, sure
from fragaudit.model.accesses import Access, Condition, Write
from fragaudit.model.findings import Report
from fragaudit.model.plan import IndexPlan, Proposal, Superfluous, TablePlan, Unserved
from fragaudit.model.schema import ForeignKey, Index, Table


def plan(
    tables: Sequence[Table],
    accesses: Sequence[Access],
    writes: Sequence[Write],
    dialect: str = "",
    made: Iterable[str] = (),
    deleted: Iterable[str] = (),
    removed: Iterable[str] = (),
    idle: Iterable[str] = (),
) -> IndexPlan:
    """Return the index plan of one schema.

    Args:
        tables: the folded tables; one of which nothing may be said (`silent`), a view or a temporary table gets none.
        accesses: all access patterns with their verdicts.
        writes: all statements that change rows.
        dialect: of the database, where neither statements nor tables say it; sqlglot's name.
        made: the tables of whose models objects are made.
        deleted: the tables of whose models objects are deleted.
        removed: what other objects that are deleted are called.
        idle: the tables of whose models nothing makes any objects.
    """
    by_table: dict[str, list[Access]] = defaultdict(list)
    for access in sorted(accesses, key=lambda a: (a.at, a.alias, a.table)):
        by_table[access.table].append(access)
    others = around(tables, accesses, writes, made, deleted, removed, idle)
    taken = {i.name.lower() for t in tables for i in t.indexes} | {t.name.rpartition(".")[2].lower() for t in tables}
    twice = _twice(tables)
    plans = []
    for table in sorted(tables, key=lambda t: t.name):
        if table.silent or table.temporary or table.virtual or table.view is not None:
            continue
        if no_btree(table, dialect if not table.engine else ""):
            continue
        mine = by_table.get(table.name, [])
        found = _table(table, mine, [w for w in writes if w.table == table.name], others, taken, dialect, twice)
        if found is not None:
            plans.append(found)
    judged = sum(a.verdict in ("covered", "partial", "uncovered") for a in accesses)
    unjudged = sum(a.verdict == "unprovable" for a in accesses)
    return IndexPlan(tuple(plans), judged, unjudged)


def tables_of(report: Report) -> tuple[Table, ...]:
    """Return all tables of a repository once, though several services use them."""
    return tuple({table.name: table for service in report.services for table in service.schema}.values())


def plan_of(report: Report) -> IndexPlan:
    """Return the index plan over everything that the services of a report ask of their tables."""
    accesses: dict[Access, None] = {a: None for service in report.services for a in service.accesses}
    writes: dict[Write, None] = {w: None for service in report.services for w in service.writes}
    made = {table for service in report.services for table in service.made}
    deleted = {table for service in report.services for table in service.deleted}
    removed = {name for service in report.services for name in service.removed}
    idle = {table for service in report.services for table in service.idle}
    return plan(
        tables_of(report), tuple(accesses), tuple(writes), made=made, deleted=deleted, removed=removed, idle=idle
    )


class _Wanted(Struct):
    """One thing to serve: an access (or one arm of it) or a foreign key, and its forms."""

    forms: tuple[Form, ...]
    access: Access | None = None
    key: ForeignKey | None = None


def _table(
    table: Table,
    accesses: Sequence[Access],
    writes: Sequence[Write],
    others: Around,
    taken: set[str],
    default: str,
    twice: set[str],
) -> TablePlan | None:
    dialect = dialect_of(next((a for a in accesses if a.dialect), None), table) or default
    certain: list[_Wanted] = []
    maybe: list[_Wanted] = []
    partly: list[_Wanted] = []
    unserved: list[Unserved] = []
    ways: dict[
        object, tuple[tuple[tuple[Form, ...], ...], tuple[tuple[Form, ...], ...]]
    ] = {}  # of accesses that ask alike there may be thousands
    for access in accesses:
        missing = access.verdict in ("uncovered", "partial") or _special(access)
        if not missing or access.maintenance or _one_row(access, table):
            continue
        absent = _absent(access, table)
        if absent:
            unserved.append(Unserved(access, f"the table has no column {absent}"))
            continue
        asked = _asked(access)
        if asked not in ways:
            every = forms(access, table)
            ways[asked] = every, tuple(f for f in every if not there(f, table))
        wanted, found = ways[asked]
        if not wanted and access.verdict == "uncovered":
            unserved.append(Unserved(access, _why_none(access)))
        improvable = access.verdict == "partial" and access.category != "entry"
        chosen = partly if improvable else certain if sure(access, table, others) else maybe
        chosen += [_Wanted(f, access) for f in found]
    for key in table.foreign_keys if not left_behind(table, others) else ():
        if not any(leads(i, key) for i in table.indexes):
            form = Form((tuple(Element(c, role="reference") for c in key.columns),))
            (certain if followed(key, table, others) else maybe).append(_Wanted((form,), key=key))

    doubtful = {i for i in table.indexes if i.name.lower() in twice and dialect not in (MYSQL, MSSQL)}
    known = replace(table, indexes=tuple(i for i in table.indexes if i not in doubtful))
    existing = [f for i in known.indexes if (f := existing_form(i, table)) is not None]
    groups, exact = smallest(
        [*(Item(w.forms) for w in certain), *(Item(w.forms, "optional") for w in (*partly, *maybe)),
         *(Item((f,), "existing") for f in existing)]
    )  # fmt: skip
    proposals = [_proposal(g, known, [*certain, *partly, *maybe], writes, dialect, taken, False) for g in groups]
    late = [w for w in partly if w.access is not None and w.access.category == "sort"]
    left = [w for w in (*maybe, *late) if not any(_serves(p, g, w) for p, g in zip(proposals, groups, strict=True))]
    weak, exact_too = smallest([Item(w.forms) for w in left])
    proposals += [_proposal(g, known, left, writes, dialect, taken, True) for g in weak]
    proposals = [p for p in proposals if p.serves or p.improves or p.follows]
    gone = _superfluous(known, proposals, dialect)
    result = TablePlan(
        table.name,
        dialect,
        tuple(sorted(proposals, key=lambda p: (p.possible, p.name))),
        gone,
        _unused(known, accesses, {s.index for s in gone}),
        tuple(unserved),
        tuple(sorted(Counter(a.by for a in accesses if a.by).items())),
        exact and exact_too,
    )
    return result if accesses or result.proposals or result.superfluous else None


def _asked(access: Access) -> tuple[object, ...]:
    """Return all of an access that decides about its forms."""

    def shapes(conditions: Sequence[Condition]) -> tuple[object, ...]:
        return tuple((c.column, c.op, c.expression, c.join, c.constant, c.filtered, c.collation) for c in conditions)

    arms = tuple(map(shapes, access.arms))
    return (shapes(access.conditions), arms, access.sort, access.limit, access.extreme, access.verdict == "partial",
            access.unindexable, access.dialect)  # fmt: skip


def _special(access: Access) -> bool:
    """Return whether only an index of a kind of its own could serve the access, whose absence is no finding."""
    if access.verdict != "n/a" or access.unknown or access.category not in ("", "nothing to look up"):
        return False
    return any(c.op in ("match", "prefix") for c in access.conditions) or any(u.expression for u in access.unindexable)


def _absent(access: Access, table: Table) -> str:
    """Return a column of the access that its table doesn't have: then the statement fails, and so would an index."""
    names = (c.column for part in (access.conditions, *access.arms) for c in part if c.column and not c.expression)
    known = {"rowid", "oid", "_rowid_"} if table.columns else None
    return next((n for n in names if known and n.lower() not in known and column_of(table, n) is None), "")


def _one_row(access: Access, table: Table) -> bool:
    """Return whether a unique key is bound by `=`, so that longer keys could only cost more.

    One that is joined on as a whole is left open: the rows may as well be where the search begins.
    """
    equal = [c for c in access.conditions if c.op == "=" and not c.expression]
    bound, local = {c.column for c in equal}, {c.column for c in equal if not c.join}
    return any(
        (i.unique or i.origin == "primary key")
        and not i.where_text
        and {k.column for k in i.keys} <= bound
        and not local.isdisjoint(k.column for k in i.keys)
        for i in table.indexes
    )


def _proposal(
    group: Group, table: Table, wanted: Sequence[_Wanted], writes: Sequence[Write], dialect: str, taken: set[str],
    weak: bool,
) -> Proposal:  # fmt: skip
    keys = keys_of(group)
    first = group.forms[0]
    where = where_of(first.where, dialect)
    name = index_name(table.name, keys, where, dialect, taken)
    taken.add(name)
    distinct = {id(f): f for w in wanted for f in w.forms}
    good = {number for number, f in distinct.items() if serves(keys, first.where, first.method, f)}
    mine = [w for w in wanted if any(id(f) in good for f in w.forms)]
    served = [f for number, f in distinct.items() if number in good]
    words = {word.lower() for k in keys for word in re.findall(r"\w+", k.expression)}
    touched = {k.column for k in keys} | {column for _, column in first.where}
    touched |= {c.name for c in table.columns if c.name.lower() in words}
    found = Proposal(
        table=table.name,
        name=name,
        keys=keys,
        reasons=reasons(keys, served),
        dialect=dialect,
        method=first.method,
        where=where,
        serves=_once(w.access for w in mine if w.access is not None and w.access.verdict != "partial"),
        improves=_once(w.access for w in mine if w.access is not None and w.access.verdict == "partial"),
        follows=tuple(dict.fromkeys(w.key for w in mine if w.key is not None)),
        pays=tuple(sorted(w for w in writes if _pays(w, touched))),
        extends=tuple(i for i in table.indexes if existing_form(i, table) is not None and begins(keys, i.keys)),
        possible=weak,
        note=next((f.note for f in group.forms if f.note), ""),
    )
    if weak:
        found = replace(found, note=" ".join(filter(None, (_worth(found), found.note and f"It {found.note}."))))
    return replace(found, ddl=create(found))


def _worth(proposal: Proposal) -> str:
    """Return under which condition a proposal that is only possible is worth its writes."""
    if proposal.serves or any(access.category == "entry" for access in proposal.improves):
        return "Worth its writes only if the conditions are selective."
    if proposal.improves:
        return "Worth its writes only if sorting the rows that an index finds already takes long."
    parents = " and ".join(dict.fromkeys(key.table for key in proposal.follows))
    return f"Worth its writes only if rows of {parents} go or change their keys, which nothing found does."


def _once(accesses: Iterable[Access]) -> tuple[Access, ...]:
    return tuple(dict.fromkeys(accesses))


def _serves(proposal: Proposal, group: Group, wanted: _Wanted) -> bool:
    return any(serves(proposal.keys, group.forms[0].where, proposal.method, f) for f in wanted.forms)


def _pays(write: Write, columns: set[str]) -> bool:
    return write.verb != "update" or not write.columns or not columns.isdisjoint(write.columns)


def _twice(tables: Sequence[Table]) -> set[str]:
    """Return names that indexes of several tables have, in lower case.

    Where a name belongs to the whole schema that can't be: the names were put together as the code runs, and which
    index is on which table isn't known.
    """
    counts = Counter(name for t in tables for name in {i.name.lower() for i in t.indexes if i.name})
    return {name for name, count in counts.items() if count > 1}


def _superfluous(table: Table, proposals: Sequence[Proposal], dialect: str) -> tuple[Superfluous, ...]:
    new = [_as_index(p) for p in proposals if not p.possible]
    found = []
    for index in table.indexes:
        better = superfluous(index, table.indexes) or superfluous(index, new)
        if better is not None:
            other, why = better
            # Of two sources that share nothing one may not hold: then nothing is dropped for the other's sake.
            apart = other not in new and not set(index.by) & set(other.by)
            found.append(Superfluous(index, other.name, why, other in new, "" if apart else drop(index, dialect)))
    return tuple(found)


def _as_index(proposal: Proposal) -> Index:
    return Index(proposal.name, proposal.table, proposal.keys, False, proposal.method, None, proposal.where, (),
                 "index", (), ())  # fmt: skip


def _unused(table: Table, accesses: Sequence[Access], gone: set[Index]) -> tuple[Index, ...]:
    """Return indexes that no access found uses, that guarantee nothing and lead on no foreign key."""
    if not accesses or any(a.verdict == "unprovable" or a.unknown for a in accesses):
        return ()
    first = {key.columns[0] for key in table.foreign_keys}
    plain = [i for i in table.indexes if i.origin == "index" and not i.unique and i not in gone]
    return tuple(i for i in plain if i.keys[0].column not in first and not any(uses(a, i, table) for a in accesses))


def _why_none(access: Access) -> str:
    if access.unindexable:
        return "; ".join(f"{u.column}: {u.why}" for u in access.unindexable)
    return "an index that could serve it is of a kind that this database doesn't have"
