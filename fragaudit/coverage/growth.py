"""Does a table grow as the service is used? A list that an operator keeps stays short, however often it is asked."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set

from fragaudit.coverage import naming
from fragaudit.model.accesses import Access
from fragaudit.model.schema import ForeignKey, Table, bare

_BELONGING = 2
"""Of so many other tables a row is a combination: such tables grow with the product of what they combine."""
_MOST = 0.4
"""Where so many of all tables refer to one, everything there is belongs to a team or a project: that shows nothing."""
_PLURALS = (("s", ""), ("es", ""), ("ies", "y"))
_TIME = ("timestamp", "datetime", "date", "time")
_FRAMEWORK = frozenset({"django_content_type", "django_site"})


def callings(tables: Iterable[str]) -> dict[str, frozenset[str]]:
    """Return what tables are called, without what stands before it and in the singular too, and which they are."""
    found: dict[str, set[str]] = defaultdict(set)
    for table in tables:
        for name in (table, f"_{table.rpartition('_')[2]}"):
            for word in (name, *(name.removesuffix(end) + new for end, new in _PLURALS if name.endswith(end))):
                found[word].add(table)
    return {word: frozenset(known) for word, known in found.items()}


def growing(
    tables: Sequence[Table],
    called: Mapping[str, frozenset[str]],
    small: Set[str],
    grown: Set[str],
    idle: Set[str] = frozenset(),
) -> frozenset[str]:
    """Return the tables of which something shows that rows become more while the service is used, by bare name.

    People and their accounts do, and so does what the service adds to and is called after something that happens again
    and again, or belongs to a table that grows. Rows that say which belong together are added with these. What is
    called after something that people set up, as plug-ins, nodes and plans are, stays short unless it says what goes
    with each person; and belonging to a customer's organisation, as everything does there, shows nothing.

    Args:
        tables: the schema.
        called: its tables by what they are called (see `callings`).
        small: those that are short lists by their shape; nothing grows by belonging to them.
        grown: those that the service adds rows to.
        idle: those of whose models nothing makes any objects.
    """
    shared = tenants(tables)
    none = {*small, *_FRAMEWORK, *shared}
    found: set[str] = set()
    waiting: dict[str, list[str]] = {}
    for table in tables:
        name = bare(table.name)
        if name in small:
            continue
        signed = {bare(k.table) for k in table.foreign_keys if is_signature(k)}
        owners = [owner for owner in _owners(table, called, signed) if owner != name]
        if not shared.isdisjoint(owners):  # where a service has many customers, everything says who made it
            owners = list(_owners(table, called, frozenset()))
        owners = [owner for owner in owners if owner not in none and owner != name]
        added = name in grown or (name not in idle and _is_between(table))
        if is_kept(table):
            people = any(naming.PEOPLE.search(owner) is not None for owner in owners if owner not in signed)
            if people and len(owners) >= _BELONGING and naming.PERSONAL.search(name) is not None:
                found.add(name)
        elif is_account(table) or (added and is_happening(table)):
            found.add(name)
        elif added:
            waiting[name] = owners
    while more := {name for name, owners in waiting.items() if name not in found and not found.isdisjoint(owners)}:
        found |= more
    return frozenset(found)


def _is_between(table: Table) -> bool:
    """Say whether rows tell which rows of other tables belong together, and hardly more: no model is made for them."""
    keyed = {c.lower() for k in table.foreign_keys for c in k.columns} | {c.lower() for c in table.primary_key}
    own = [c for c in table.columns if c.name.lower() not in keyed]
    return len(table.foreign_keys) >= _BELONGING and len(own) <= 1


def found_by_time(access: Access, table: Table) -> bool:
    """Say whether rows are found, or put in order, by when something happened: so many there are."""
    names = [c.column for c in access.conditions if c.op in ("<", "two-sided")] + [s.column for s in access.sort]
    asked = {name.lower() for name in names if naming.RECORDED.match(name) is None}
    return any(in_time(table, name) for name in asked)


def in_time(table: Table, name: str) -> bool:
    """Say whether a column says when something happened: by its type, or by its name."""
    types = {c.name.lower(): c.type for c in table.columns}
    return types.get(name.lower(), "").startswith(_TIME) or naming.WHEN.search(name) is not None


def is_happening(table: Table) -> bool:
    """Say whether a table is called after something that happens again and again."""
    return naming.HAPPENING.search(naming.snake(table.name)) is not None


def is_kept(table: Table) -> bool:
    """Say whether rows are what somebody sets up or registers, or stay for a moment: by names alone."""
    name = naming.snake(table.name)
    named = naming.KEPT.search(name) is not None or naming.FLEETING.search(name) is not None
    columns = [c.name for c in table.columns]
    return named or naming.is_registered(columns) or (naming.is_switched(columns) and not is_account(table))


def tenants(tables: Sequence[Table]) -> frozenset[str]:
    """Return the tables that what everything of one customer belongs to is in."""
    referring = Counter(name for t in tables for name in {bare(k.table) for k in t.foreign_keys})
    most = (name for name, count in referring.items() if count >= _MOST * len(tables))
    shared = {name for name in most if naming.SHARED.search(name) is not None}
    return frozenset(shared | {bare(t.name) for t in tables if naming.TENANT.search(bare(t.name)) is not None})


def is_signature(key: ForeignKey) -> bool:
    """Say whether a foreign key tells who made a row or changed it."""
    return any(naming.SIGNATURE.search(column) is not None for column in key.columns)


def is_account(table: Table) -> bool:
    """Say whether rows are people or their accounts: by what the table is called, or by what they sign in with."""
    columns = [c.name for c in table.columns]
    if naming.PEOPLE.search(naming.snake(table.name)) is not None:
        return not naming.is_registered(columns)
    return naming.signs_in(columns)


def _owners(table: Table, called: Mapping[str, frozenset[str]], signed: Set[str]) -> Iterator[str]:
    """Yield the tables that rows refer to: by foreign keys, or by columns that are named after a table.

    Of those who made a row and changed it last (`signed`), one is yielded.
    """
    keyed = {c.lower() for k in table.foreign_keys for c in k.columns}
    yield from sorted(signed)
    belonging = [k for k in table.foreign_keys if not is_signature(k) and not any(map(naming.POINTER.match, k.columns))]
    yield from {tuple(k.columns): bare(k.table) for k in belonging}.values()
    own = {c.lower() for c in table.primary_key} if len(table.primary_key) == 1 else set()
    for name in (column.name.lower() for column in table.columns):
        if name in keyed or name in own:
            continue
        match = naming.REFERS.match(name)
        if match is not None:
            yield from called.get(match[1], ()) or called.get(f"_{match[1]}", ())
        else:
            yield from called.get(name, ())
