"""Is an index worth its writes? What the text alone can say of it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, replace

from fragaudit.coverage.columns import COLLECTION, is_boolean, is_document, is_flag, is_kind, is_passing, is_state
from fragaudit.coverage.growth import (
    callings,
    found_by_time,
    growing,
    in_time,
    is_account,
    is_happening,
    is_kept,
    is_signature,
    tenants,
)
from fragaudit.coverage.marked import meant
from fragaudit.coverage.naming import snake
from fragaudit.coverage.partial import may_serve, part
from fragaudit.model.accesses import Access, Condition, Write
from fragaudit.model.schema import ForeignKey, Table, bare

SURE = frozenset(
    {"equality", "two-sided range", "filtered join", "outer join", "extreme", "alternatives", "correlated",
     "unfiltered join", "range join", "sort", "state", "entry"}
)  # fmt: skip
"""Kinds of accesses for which planners agree in at least 97 of 100 cases that an index is missing. What is left, a
column of two values, a range open at one end, a test for null, may return so much that no index pays."""
_WHOLE = frozenset({"unfiltered join", "range join", "outer join"})
"""Kinds of accesses that read all rows of what they join, unless that is narrowed down or ends early."""
_LOOKUP = re.compile(
    r"(?:^|_)(?:types?|kinds?|status(?:es)?|states?|roles?|levels?|priorit(?:y|ies)|languages?|countr(?:y|ies)|nations?|regions?"
    r"|currenc(?:y|ies)|settings?|config(?:uration)?s?|meta(?:data)?|versions?|migrations?|leaders?|locks?|units?"
    r"|genders?|colou?rs?|seasons?|weekdays?|months?|categor(?:y|ies)|severit(?:y|ies)|licen[cs]es?|tiers?|plans?"
    r"|templates?|plugins?|providers?|themes?)$"
    r"|(?:settings|configurations?|migrations?|templates?|plugins?|providers?|licen[cs]es?)$",
    re.IGNORECASE,
)
_DESCRIBING = re.compile(
    r"(?:^|_)(?:name|title|label|description|slug|colou?r|icon|order|position|sort|rank|enabled|default|editable|active"
    r"|search_vector|(?:created|modified|updated)(?:_at|_on|_date)?)$",
    re.IGNORECASE,
)
"""What an entry of a list is shown as, and when it was made, whatever a library calls that type: however much of it
there is, the list stays one of a few entries."""
_PRESET = re.compile(r"(?:is_)?default$", re.IGNORECASE)
"""Where one entry is chosen unless another one is, the entries are there to choose from."""
_TITLE = re.compile(r"^(?:name|title|label|slug)$", re.IGNORECASE)
_ARRANGED = re.compile(
    r"^(?:(?:display|sort|menu|list)_?)?(?:order|position)(?:ing)?$|^sort_?(?:index|key)$", re.IGNORECASE
)
"""By which somebody arranges the entries of a list by hand, one after the other."""
_MARK = re.compile(
    r"^(?:is_|was_|date_|time_)?(?:soft_?)?(?:deleted|removed)(?:_?(?:at|on|date|time|dt))?$", re.IGNORECASE
)
"""By which rows are said to be deleted that stay."""
_TURN = re.compile(r"^priority$", re.IGNORECASE)
"""By which it is decided whose turn it is."""
_WIDEST_LOOKUP = 5
_WIDEST_LIST = 2
_TIMES = ("timestamp", "datetime", "date", "time")


@dataclass(frozen=True, slots=True)
class Around:
    """What the other tables and the statements of a schema tell of a table; all by name, bare and in lower case.

    `referring` counts the tables with foreign keys to it, `whole` are those of which every row is read somewhere,
    `asked` those that any statement uses, `grown` and `deleted` those that the service adds rows to and deletes from.
    `modelled`: models define tables of the schema. `called` are the names of all tables by what they are called
    otherwise, `small` those that are short lists by their shape, `growing` those of which something shows growth.
    Rows of `gone` are deleted, by themselves or with what they belong to, those of `perhaps` by a name that may mean
    them; those of `staying` hardly ever are: what people set up, what everything of a customer belongs to, and what is
    only marked as deleted. `looked` are tables and the columns by which their rows are looked up.
    """

    referring: Counter[str]
    whole: frozenset[str]
    asked: frozenset[str]
    grown: frozenset[str]
    deleted: frozenset[str]
    modelled: bool
    called: dict[str, frozenset[str]]
    small: frozenset[str] = frozenset()
    growing: frozenset[str] = frozenset()
    gone: frozenset[str] = frozenset()
    perhaps: frozenset[str] = frozenset()
    staying: frozenset[str] = frozenset()
    looked: frozenset[tuple[str, str]] = frozenset()


def around(
    tables: Sequence[Table],
    accesses: Sequence[Access],
    writes: Sequence[Write],
    made: Iterable[str] = (),
    deleted: Iterable[str] = (),
    removed: Iterable[str] = (),
    idle: Iterable[str] = (),
) -> Around:
    """Return what tells of the sizes of tables beside their own shape.

    Args:
        tables: the schema.
        accesses: how rows are found.
        writes: the statements that change them.
        made: the tables of whose models objects are made.
        deleted: the tables of whose models objects are deleted.
        removed: what other objects that are deleted are called.
        idle: the tables of whose models nothing makes any objects.
    """
    known = Around(
        referring=Counter(name for t in tables for name in {bare(k.table) for k in t.foreign_keys} - {bare(t.name)}),
        whole=_names(a.table for a in accesses if _reads_all(a)),
        asked=_names([*(a.table for a in accesses if not a.maintenance), *(w.table for w in writes if not w.once)]),
        grown=_names([*(w.table for w in writes if w.verb == "insert" and not w.once), *made]),
        deleted=_names([*(w.table for w in writes if w.verb == "delete" and not w.once), *deleted]),
        modelled=any("model" in t.by for t in tables),
        called=callings(bare(t.name) for t in tables),
        looked=frozenset(
            (bare(a.table), c.column.lower())
            for a in accesses
            if not a.maintenance
            for c in a.conditions
            if c.op == "="
        ),
    )
    known = replace(known, small=frozenset(bare(t.name) for t in tables if _is_short(t, known)))
    gone = _gone(tables, known.deleted)
    perhaps = _gone(tables, known.deleted | meant(removed, known.called, frozenset(bare(t.name) for t in tables)))
    return replace(
        known,
        growing=growing(tables, known.called, known.small, known.grown, _names(idle)),
        gone=gone,
        perhaps=perhaps,
        staying=tenants(tables)
        | {bare(t.name) for t in tables if is_kept(t)}
        | {n for t in tables if (n := bare(t.name)) not in perhaps and any(map(_MARK.match, _columns(t)))},
    )


def _columns(table: Table) -> Iterable[str]:
    return (column.name for column in table.columns)


def _gone(tables: Sequence[Table], deleted: frozenset[str]) -> frozenset[str]:
    """Return the tables of which rows are deleted, by statements or together with rows that they refer to."""
    after = [(bare(t.name), {bare(k.table) for k in t.foreign_keys if k.on_delete == "cascade"}) for t in tables]
    found = set(deleted)
    while more := {name for name, before in after if name not in found and not found.isdisjoint(before)}:
        found |= more
    return frozenset(found)


def _names(tables: Iterable[str]) -> frozenset[str]:
    return frozenset(map(bare, tables))


def _reads_all(access: Access) -> bool:
    """Say whether every row is read, and by the service itself."""
    chosen = access.conditions or access.arms or access.unindexable or access.facts or access.limit or access.extreme
    return access.verb == "read" and not (chosen or access.unknown or access.maintenance)


def sure(access: Access, table: Table, known: Around) -> bool:
    """Say whether an index that an access lacks is worth having, as far as its shape and the table's tell."""
    if access.maintenance or access.category not in SURE or is_small(table, known):
        return False
    if access.category in _WHOLE and known.modelled and not _led_to(access):
        return False  # all rows of both are read: a report, which no index makes shorter
    if access.category == "state" and known.modelled and not any(map(_narrows, access.conditions)):
        return False  # of a few kinds each is a large part of the rows, unless they pass
    if access.category == "sort" and known.modelled and not _by_the_hour(access, table):
        return False  # a list that is shown in some order
    if part(access, table) is not None:
        return False  # that index can be read as a whole instead, however few rows it holds
    if may_serve(access, table) is not None:
        return False
    return _few(access, table, known) and _is_grown(table, known, access)


def _by_the_hour(access: Access, table: Table) -> bool:
    """Say whether an order is one of many rows: of people, of what happens again and again, or of times."""
    return is_account(table) or is_happening(table) or in_time(table, access.sort[0].column)


def _led_to(access: Access) -> bool:
    """Say whether a join looks for the rows of a few others, and for those alone: they are narrowed down, or the first.

    Where its own rows are narrowed down, if by nothing that an index serves, it may as well begin with those.
    """
    if access.category != "range join" and any(c.filtered for c in access.conditions):
        return True
    return access.stops and not access.unindexable


def _narrows(condition: Condition) -> bool:
    return is_passing(condition) or condition.op in ("<", "two-sided", "prefix")


def _is_grown(table: Table, known: Around, access: Access | None = None) -> bool:
    """Say whether a table can be expected to grow, where that can be told: by models, and by what makes rows of any."""
    if not known.modelled or not known.grown or table.virtual == COLLECTION or bare(table.name) in known.growing:
        return True
    if access is None or is_kept(table):
        return False
    return bare(table.name) in known.grown and found_by_time(access, table)


def _few(access: Access, table: Table, known: Around) -> bool:
    """Say whether few rows can be expected, where the code itself names the value that it looks for.

    A value that is written out is one of a handful, or a row that the program put there itself, unless rows have it for
    a while only; in a file of queries it may as well be an example of what is looked for. An OR finds as many rows as
    the widest of its alternatives. Where models define the tables, no entry of a list has few rows that refer to it.
    """
    kinds = _kinds(access, table, known)
    local = [c for c in access.conditions if not c.join]
    examples = access.at.path.endswith(".sql")
    if access.category == "alternatives":
        return all(_narrow(arm, table, examples, kinds) for arm in access.arms)
    if access.category == "entry":
        return _narrow([c for c in local if not is_state(c)], table, examples, kinds)
    if access.category in ("equality", "state"):
        return _narrow(local, table, examples, kinds)
    joined = {c.column.lower() for c in access.conditions if c.join}
    return not joined or not joined <= kinds


def _kinds(access: Access, table: Table, known: Around) -> set[str]:
    """Return the columns of which a handful of values can be expected, where models tell what they refer to."""
    if not known.modelled:
        return set()
    keys = [k for k in table.foreign_keys if len(k.columns) == 1 and bare(k.table) not in known.growing]
    keys = [k for k in keys if _LOOKUP.search(snake(k.table)) is not None]
    asked = (c for together in (access.conditions, *access.arms) for c in together)
    return {*(k.columns[0].lower() for k in keys), *(c.column.lower() for c in asked if is_kind(c, table))}


def _narrow(conditions: Sequence[Condition], table: Table, examples: bool, kinds: Set[str]) -> bool:
    """Say whether conditions that hold together leave few rows; values written out may be `examples` of those asked."""
    compared = [c for c in conditions if c.op in ("=", "in") and not is_flag(table, c.column)]
    compared = [c for c in compared if not is_document(table, c.column)]
    several = [c for c in compared if c.column.lower() not in kinds]
    if any(map(is_passing, compared)) or any(examples or c.constant is None for c in several):
        return True
    ranges = [c for c in conditions if c.op == "<"]
    return any(c.op in ("two-sided", "prefix", "row", "match") for c in conditions) or bool(compared and ranges)


def followed(key: ForeignKey, table: Table, known: Around) -> bool:
    """Say whether the rows of a foreign key are looked for, as rows that it refers to go.

    Entries of a list stay for good. Where models define the tables, rows go if something is seen to delete them; else
    they are looked for where the service itself looks them up by that key.

    Args:
        key: the foreign key.
        table: the table that has it.
        known: what the others and the statements tell.
    """
    name = bare(key.table)
    gone = key.on_delete in ("cascade", "set null") or name in known.deleted
    if known.modelled:
        going = known.gone if is_signature(key) or name in known.staying else known.perhaps
        gone = name in going or (gone and (bare(table.name), key.columns[0].lower()) in known.looked)
    small = is_small(table, known) or name in known.small
    return gone and not left_behind(table, known) and not small and _is_grown(table, known)


def left_behind(table: Table, known: Around) -> bool:
    """Say whether only migrations know a table while models define the others: a copy they made before a change.

    Nobody can tell whether it is there still, and nothing is lost if what refers from it is looked for slowly.
    """
    return known.modelled and table.by == ("migration",) and bare(table.name) not in known.asked


def is_small(table: Table, known: Around) -> bool:
    """Say whether a table is a short list by its shape."""
    return bare(table.name) in known.small


def _is_short(table: Table, known: Around) -> bool:
    """Say whether a table is shaped like one of a few rows: a list of kinds, settings, a single row of state."""
    key = {column.lower() for column in table.primary_key}
    columns = [c for c in table.columns if not c.type.startswith(_TIMES) and _DESCRIBING.search(c.name) is None]
    columns = [c for c in columns if c.name.lower() not in key]
    narrow = len(columns) <= _WIDEST_LOOKUP or any(_PRESET.match(c.name) for c in table.columns)
    if narrow and _LOOKUP.search(snake(table.name)) is not None and not is_account(table):
        return True
    if _is_queue(table, known):
        return True
    flags = {c.name.lower() for c in columns if is_boolean(table, c.name)}
    return _is_list(table, {c.name.lower() for c in columns} - flags, known) or _is_arranged(table, known)


def _is_queue(table: Table, known: Around) -> bool:
    """Say whether rows wait for their turn and go when they had it: as many as go on at a time."""
    name = bare(table.name)
    waits = any(_TURN.match(c.name) for c in table.columns)
    return known.modelled and waits and name in known.deleted and not known.referring[name]


def _is_list(table: Table, columns: set[str], known: Around) -> bool:
    """Say whether other tables choose among the rows of a table, by what they are called.

    Either nothing is kept of an entry but how it is shown, and more than its name, or little is and the service reads
    all entries at once; it doesn't add any where it does its work.

    Args:
        table: the table.
        columns: those that neither identify nor describe an entry, nor say when.
        known: what the other tables and the statements tell.
    """
    name = bare(table.name)
    if not known.referring[name] or name in known.grown:
        return False
    shown = [c.name for c in table.columns if _DESCRIBING.search(c.name) is not None]
    if not any(_TITLE.match(n) for n in shown):
        return False
    keys = {c.lower() for k in table.foreign_keys for c in k.columns}
    own, others = columns - keys, columns & keys
    if not own and len(others) <= 1 and any(_TITLE.match(n) is None for n in shown):
        return True
    return len(own) <= _WIDEST_LIST and not others and name in known.whole


def _is_arranged(table: Table, known: Around) -> bool:
    """Say whether somebody arranges all rows of a table: it has their titles and an order, and rows have no owner.

    What belongs to something else is arranged there; however few rows each has, there may be many of them.
    """
    names = [c.name for c in table.columns]
    if not any(map(_ARRANGED.match, names)) or not any(map(_TITLE.match, names)):
        return False
    free = {c.name.lower() for c in table.columns if c.nullable}
    own = {bare(table.name)}
    owners = (k for k in table.foreign_keys if bare(k.table) not in own and not free >= {c.lower() for c in k.columns})
    return bool(known.referring[bare(table.name)]) and not any(owners)
