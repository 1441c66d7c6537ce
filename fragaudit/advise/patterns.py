"""What an index would have to look like to serve an access: blocks of keys, free in their order or bound to one.

An access with equalities on a and b and an order by c is `{a, b} c`: a and b in any order, then c. Several accesses can
share an index if the sets of columns that their blocks end in are nested; which order of a and b is best follows from
the others. The key is that of three-star indexes (Lahdenmäki and Leach, Relational Database Index Design and the
Optimizers, chapter 4), with what SQLite and PostgreSQL really do about orders after IN and IS NULL.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from fragaudit.advise.dialects import (
    MSSQL,
    POSTGRES,
    SQLITE,
    column_of,
    dialect_of,
    indexable,
    is_flag,
    partial,
    pattern_class,
    prefix_length,
    special_method,
)
from fragaudit.model.accesses import Access, Condition, SortKey
from fragaudit.model.schema import ColumnDef, Method, Table

MOST_KEYS = 5
"""Keys of an index; a longer one costs every write and narrows nothing any more."""
MOST_RANGES = 3
"""Ranges of one access that are tried as the one an index can bound."""

Role: TypeAlias = Literal["=", "in", "null", "flag", "join", "range", "prefix", "sort", "match", "reference", "index"]


class Element(Struct, frozen=True, order=True):
    """One key as an access wants it. `opclass` None: any will do; `ordered`: its direction matters.

    `odd`: NULLs stand at the end that isn't the default of the direction.
    """

    column: str
    expression: str = ""
    collation: str = ""
    length: int = 0
    opclass: str | None = None
    ordered: bool = False
    descending: bool = False
    odd: bool = False
    role: Role = "="

    @property
    def what(self) -> tuple[str, str, str]:
        """Return what is indexed, whatever the direction."""
        return self.column, self.expression, self.collation


class Form(Struct, frozen=True, order=True):
    """One way to serve an access: blocks of keys, the order inside a block free.

    `where` are the constants of a partial index: SQL texts with `{}` for the column, and the column.
    """

    blocks: tuple[tuple[Element, ...], ...]
    where: tuple[tuple[str, str], ...] = ()
    method: Method = "btree"
    note: str = ""


def forms(access: Access, table: Table) -> tuple[tuple[Form, ...], ...]:
    """Return the ways to serve an access: each item must be served, by one of its forms, the best first.

    There is one item, or one for each arm of an OR; none if no index can serve it. What an index serves in part already
    is only served better by a whole key, so its forms don't leave out a range.
    """
    dialect = dialect_of(access, table)
    sort = (SortKey(access.extreme),) if access.extreme else access.sort
    limit = access.limit or bool(access.extreme)
    conditions = access.conditions or _computed(access, table, dialect)
    whole = _forms(conditions, sort, limit, table, dialect)
    if access.verdict != "partial":
        whole = tuple(dict.fromkeys((*whole, *_without_range(whole))))
    common = any(c.op in ("=", "in", "<", "two-sided", "prefix", "row", "match") for c in access.conditions)
    if not access.arms or common:
        return (whole,) if whole else ()
    arms = []
    for arm in access.arms:
        found = _forms((*access.conditions, *arm), (), False, table, dialect)
        if not found:
            return ()
        arms.append(tuple(dict.fromkeys((*found, *_without_range(found)))))
    return tuple(arms)


def _computed(access: Access, table: Table, dialect: str) -> tuple[Condition, ...]:
    """Return conditions on what is computed from columns, as an index on the expression serves them.

    Only a change of case is worth one: dates are better asked for by range, and other functions may not be pure. The
    text of the expression has bare names, which a name in capitals is not in PostgreSQL.
    """
    if dialect == MSSQL or table.engine == "mariadb":
        return ()
    return tuple(
        Condition(u.column, "=", access.at, u.expression)
        for u in access.unindexable
        if u.expression in (f"lower({u.column.lower()})", f"upper({u.column.lower()})")
        and (dialect != POSTGRES or u.column.islower())
    )


class _Parts(Struct):
    """The conditions of one access by what they can be in an index."""

    equal: list[Element]
    joined: list[Element]
    ranges: list[Element]
    row: list[Element]
    match: list[tuple[Element, Method, str]]
    constants: list[tuple[str, Element]]
    filtered: bool = False


def _forms(
    conditions: Sequence[Condition], sort: Sequence[SortKey], limit: bool, table: Table, dialect: str
) -> tuple[Form, ...]:
    parts = _parts(conditions, table, dialect)
    found: list[Form] = []
    for element, method, note in parts.match:
        if not parts.equal and not parts.joined:
            found.append(Form(((element,),), method=method, note=note))
    if found:
        return tuple(found[:1])
    constants = parts.constants if partial(dialect) else []
    for size in range(len(constants), -1, -1):
        for chosen in combinations(constants, size):
            left = [element for text, element in parts.constants if (text, element) not in chosen]
            where = tuple(sorted((text, element.column) for text, element in chosen))
            for blocks in _blocks(parts, left, [e for _, e in chosen], sort, limit, table, dialect):
                found.append(Form(blocks, where))
    return tuple(dict.fromkeys(found))


def _without_range(found: Sequence[Form]) -> Iterable[Form]:
    """Yield the forms without a range at their end: what comes before it finds the rows as well, if more of them.

    That lets one index serve accesses that differ in their ranges alone. An order at the end stays: without it all rows
    would have to be sorted.
    """
    for form in found:
        *before, last = form.blocks
        narrow = any(e.role in ("=", "in", "join") for block in before for e in block)
        if narrow and last[0].role in ("range", "prefix") and not last[0].ordered:
            yield replace(form, blocks=form.blocks[:-1])


def _blocks(
    parts: _Parts, left: Sequence[Element], bound: Sequence[Element], sort: Sequence[SortKey], limit: bool,
    table: Table, dialect: str,
) -> Iterable[tuple[tuple[Element, ...], ...]]:  # fmt: skip
    """Yield the key blocks for one choice of constants: `bound` are in the partial index's condition, `left` aren't."""
    equal, joined = list(parts.equal), list(parts.joined)
    if not partial(dialect):
        equal += left
    if equal and _unique(joined, table):
        joined = []  # a row is looked up by its own key, to which nothing needs to be added
    fixed = {e.column for e in (*equal, *bound) if e.role in ("=", "null", "flag")}
    order = _order(sort, fixed, table, dialect)
    if joined and not parts.filtered and limit and order:
        joined = []  # rows come in the asked order and stop early: the other side is looked up for each of them
    breaks = any(e.role == "in" for e in (*equal, *joined)) or (bool(joined) and not limit)
    tails: list[tuple[Element, ...]] = []
    if order and not breaks and (limit or (not parts.ranges and not parts.row and (equal or bound))):
        tails.append(order)
    if not tails and parts.row:
        tails.append(tuple(parts.row))
    if not tails:
        tails.extend((element,) for element in parts.ranges[:MOST_RANGES])
    made = False
    for tail in tails or [()]:
        blocks = _trimmed(equal, joined, tail)
        if blocks:
            made = True
            yield blocks
    nulls = [e for e in (*bound, *left) if e.role == "null"]
    if not made and nulls:
        yield ((nulls[0],),)


def _trimmed(
    equal: Sequence[Element], joined: Sequence[Element], tail: Sequence[Element]
) -> tuple[tuple[Element, ...], ...]:
    """Return blocks without repeated columns and of at most `MOST_KEYS` keys."""
    seen: set[tuple[str, str, str]] = set()
    room = MOST_KEYS
    blocks = []
    for block in (equal, joined, *((t,) for t in tail)):
        fresh = [e for e in block if e.what not in seen][:room]
        if block and len(fresh) < len([e for e in block if e.what not in seen]):
            blocks.append(tuple(fresh))
            break
        seen.update(e.what for e in fresh)
        room -= len(fresh)
        if fresh:
            blocks.append(tuple(fresh))
    return tuple(block for block in blocks if block)


def _parts(conditions: Sequence[Condition], table: Table, dialect: str) -> _Parts:
    parts = _Parts([], [], [], [], [], [])
    done: set[tuple[str, str]] = set()
    partner = _partner(conditions)
    for condition in sorted(conditions, key=_strength):
        name = (condition.column if not condition.expression else "", condition.expression)
        column = column_of(table, condition.column) if not condition.expression else None
        if condition.op == "match":
            special = special_method(column, dialect)
            if special is not None:
                method, opclass, note = special
                parts.match.append((Element(name[0], name[1], opclass=opclass, role="match"), method, note))
            continue
        if name in done or not (condition.expression or indexable(column, table, dialect)):
            continue
        own = column.collation.lower() if column is not None else ""
        asked = condition.collation.lower()
        element = Element(*name, collation="" if asked == own else asked, length=prefix_length(column, dialect))
        if condition.join and condition.op in ("=", "in"):
            if condition.join.rpartition(".")[0] != partner:
                continue
            parts.joined.append(replace(element, role="in" if condition.op == "in" else "join"))
            parts.filtered |= condition.filtered
        elif element.column and _is_constant(condition, column, dialect):
            parts.constants.append(_constant(condition, element))
        elif condition.op in ("true", "false"):
            continue
        elif condition.op in ("=", "in", "is null"):
            parts.equal.append(replace(element, role="=" if condition.op == "=" else "in"))
        elif condition.op == "row":
            parts.row.append(replace(element, role="range", ordered=True, opclass=""))
        elif condition.op == "prefix":
            opclass, collation = pattern_class(column, dialect)
            parts.ranges.append(
                replace(element, role="prefix", opclass=opclass if dialect == POSTGRES else None, collation=collation)
            )
        else:
            parts.ranges.append(replace(element, role="range", opclass=""))
        done.add(name)
    parts.equal.sort(key=lambda e: (e.role == "in", is_flag(column_of(table, e.column)) if e.column else False))
    return parts


def _strength(condition: Condition) -> int:
    """Order the conditions on one column: the one that binds it most comes first; else they stay as written."""
    if condition.op == "=":
        return 1 if condition.join else 0
    if condition.op == "in":
        return 2 if not condition.join else 3
    return {"is null": 2, "true": 2, "false": 2, "two-sided": 4, "prefix": 5, "row": 5}.get(condition.op, 6) + (
        3 if condition.join else 0
    )


def _partner(conditions: Sequence[Condition]) -> str:
    """Return the alias whose join columns go into the key: one that is narrowed down, then one joined by most columns.

    Columns joined with different partners are bound together only if all of these come earlier in the join's order.
    """
    counts: dict[str, tuple[bool, int]] = {}
    for condition in conditions:
        if condition.join and condition.op in ("=", "in"):
            alias = condition.join.rpartition(".")[0]
            filtered, count = counts.get(alias, (False, 0))
            counts[alias] = filtered or condition.filtered, count + 1
    return max(counts, key=lambda alias: counts[alias], default="")


def _is_constant(condition: Condition, column: ColumnDef | None, dialect: str) -> bool:
    if dialect == SQLITE and (condition.constant or "").lower() in ("true", "false"):
        return False  # it tells TRUE from true, and which of them was written isn't known any more
    if condition.op == "=":
        return condition.constant is not None and is_flag(column)
    return condition.op in ("is null", "true", "false")


def _constant(condition: Condition, element: Element) -> tuple[str, Element]:
    """Return a condition that never changes as SQL text with its column's name in braces, and the key it would be."""
    if condition.op == "is null":
        return "{} IS NULL", replace(element, role="null")
    if condition.constant is not None:  # as it is written, since SQLite compares texts
        return f"{{}} = {condition.constant}", replace(element, role="flag")
    return "{}" if condition.op == "true" else "NOT {}", replace(element, role="flag")


def _order(sort: Sequence[SortKey], fixed: set[str], table: Table, dialect: str) -> tuple[Element, ...]:
    """Return the keys that yield an order; none if no index can.

    Keys bound by `=` are the same in all rows; after a unique key without NULLs nothing is left to order.
    """
    single = [i for i in table.indexes if len(i.keys) == 1 and not i.where_text]
    unique = {i.keys[0].column for i in single if i.origin == "primary key"}
    unique |= {i.keys[0].column for i in single if i.unique and _not_null(i.keys[0].column, table)}
    found: list[Element] = []
    for key in sort:
        if key.column in fixed and not key.expression:
            continue
        column = column_of(table, key.column) if not key.expression else None
        default = _default_nulls(key.descending, dialect)
        odd = bool(key.nulls) and key.nulls != default
        if (
            (odd and dialect != POSTGRES)
            or not (key.expression or indexable(column, table, dialect))
            or prefix_length(column, dialect)
        ):
            return ()
        found.append(
            Element("" if key.expression else key.column, key.expression, opclass="", ordered=True,
                    descending=key.descending, odd=odd, role="sort")
        )  # fmt: skip
        if key.column in unique and not key.expression:
            break
    return tuple(found)


def _unique(elements: Sequence[Element], table: Table) -> bool:
    """Return whether a single row has the values of these columns."""
    names = {e.column for e in elements if e.role == "join"}
    return any(
        (i.unique or i.origin == "primary key") and not i.where_text and {k.column for k in i.keys} <= names
        for i in table.indexes
    )


def _not_null(name: str, table: Table) -> bool:
    column = column_of(table, name)
    return column is not None and not column.nullable


def _default_nulls(descending: bool, dialect: str) -> str:
    first = descending if dialect == POSTGRES else not descending
    return "first" if first else "last"
