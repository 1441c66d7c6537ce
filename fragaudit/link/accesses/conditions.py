"""What one condition means for one source: something an index can serve, or why none can."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from fragaudit.coverage import column_of, fact, is_number, is_text, never_null
from fragaudit.link.accesses.blocks import Src
from fragaudit.link.accesses.resolved import (
    Cmp,
    Col,
    Computed,
    Either,
    Nested,
    Several,
    Term,
    Test,
    Value,
    columns,
    conjuncts,
)
from fragaudit.model.accesses import Condition, Operation, Unindexable

_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_RANGES = frozenset({"<", "<=", ">", ">="})
_SPECIAL = frozenset({"contains", "contained", "overlaps", "match", "distance"})
_TEXT = ("text", "varchar", "character varying", "char", "character", "citext", "bpchar", "name", "nvarchar")


class Found(Struct):
    """What the conditions of a source come to. `arms` holds the alternatives of each OR that can be served."""

    conditions: list[Condition]
    choices: list[tuple[tuple[Condition, ...], ...]]
    unindexable: list[Unindexable]


class About:
    """A condition, its columns and the numbers of the sources they belong to."""

    __slots__ = ("columns", "sources", "test")

    def __init__(self, test: Test, found: tuple[Col, ...]) -> None:
        self.test = test
        self.columns = found
        self.sources = frozenset(c.source for c in found)


Shown = Callable[[Col], tuple[str, bool]]
"""Returns how a column of another source is written, and whether that source can be found by it through an index."""


Kinds = Callable[[Col], str]
"""Returns the type of a column, empty if it isn't known."""


class Conditions:
    """Reads tests for one source."""

    def __init__(self, source: Src, dialect: str, shown: Shown, kind: Kinds, filtered: bool) -> None:
        self._source = source
        self._number = source.number
        self._table = source.table
        self._dialect = dialect
        self._shown = shown
        self._kind = kind
        self._filtered = filtered
        self._optional = source.optional

    def read(self, tests: list[About], joining: Sequence[About] = ()) -> Found:
        """Return what tests, which all hold and speak of the source, mean for it; `joining`: those of its own join."""
        found = Found([], [], [])
        for about in tests:
            # A condition of the join itself is asked of the source's rows, not of those that the join doesn't find.
            self._optional = self._source.optional and about not in joining
            self._one(about.test, found)
        found.conditions = _merged(found.conditions)
        return found

    def _mine(self, term: Term) -> bool:
        if isinstance(term, Col):
            return term.source == self._number
        return not isinstance(term, Value) and any(c.source == self._number for c in columns(term))

    def _one(self, test: Test, found: Found) -> None:
        if isinstance(test, Either):
            self._either(test, found)
        elif isinstance(test, Cmp):
            for item in self._compared(test):
                if isinstance(item, Condition):
                    found.conditions.append(item)
                else:
                    found.unindexable.append(item)
        else:
            for column in columns(test):
                if column.source == self._number:
                    found.unindexable.append(Unindexable(column.name, "the condition is not one that an index serves"))

    # -- OR ------------------------------------------------------------------------------------------------------------

    def _either(self, test: Either, found: Found) -> None:
        arms: list[tuple[Condition, ...]] = []
        for arm in test.items:
            inner = Found([], [], [])
            for one in conjuncts(arm):
                self._one(one, inner)
            usable = [c for c in _merged(inner.conditions) if not c.expression or self._has_expression(c.expression)]
            if not usable:
                names = sorted({c.name for c in columns(test) if c.source == self._number})
                found.unindexable += [Unindexable(n, _why_either(test, self._number)) for n in names]
                return
            arms.append(tuple(usable))
        shared = {c.column for c in arms[0]} if arms else set()
        for other in arms[1:]:
            shared &= {c.column for c in other}
        single = all(len(a) == 1 for a in arms)
        first = arms[0][0] if arms else None
        if single and first is not None and all(a[0].column == first.column for a in arms) and not first.join:
            ops = {a[0].op for a in arms}
            op: Operation = "in" if ops <= {"=", "in", "is null"} else "match" if ops == {"match"} else "<"
            found.conditions.append(replace(first, op=op, constant=None))
            return
        found.choices.append(tuple(arms))

    # -- comparisons ---------------------------------------------------------------------------------------------------

    def _compared(self, test: Cmp) -> Iterator[Condition | Unindexable]:
        left, op, right = test.left, test.op, test.right
        if op in ("exists", "not exists"):
            return
        if not self._mine(left) and len(right) == 1 and self._mine(right[0]) and not isinstance(right[0], Nested):
            if op == "any":
                for element in columns(right[0]):
                    yield Unindexable(element.name, "it is an array, searched for one of its elements")
                return
            left, right = right[0], (left,)
            op = _FLIPPED.get(op, op)  # type: ignore[assignment]
        if not self._mine(left):
            return
        # What a query is searched by, once for each row outside, is no condition of its own.
        own = [c for r in right for c in columns(r) if c.source == self._number and c is not left]
        if isinstance(left, Several):
            yield from self._row(left, op, right)
            return
        column: Col | None = left if isinstance(left, Col) else None
        expression = ""
        if isinstance(left, Computed):
            column, expression = self._uncast(left)
        if column is None:
            for part in columns(left):
                if part.source == self._number:
                    yield Unindexable(part.name, "it is part of a larger expression")
            return
        if own:
            yield Unindexable(column.name, "it is compared with a column of the same row")
            return
        if not expression and self._converted(column, right):
            yield Unindexable(column.name, "it is text compared with a number, and converted for that row by row")
            return
        if expression and not self._has_expression(expression):
            assert isinstance(left, Computed)
            yield Unindexable(column.name, _around(left.why), expression if op in ("=", "in", "any") else "")
            return
        collation = (
            left.text.rpartition(" collate ")[2].strip('"')
            if isinstance(left, Computed) and left.why == "collate"
            else ""
        )
        for item in self._bounded(column, expression, op, right):
            yield replace(item, collation=collation) if collation and isinstance(item, Condition) else item

    def _uncast(self, left: Computed) -> tuple[Col | None, str]:
        """Return the column of an expression, and the expression's text unless it is a cast that changes nothing."""
        mine = [c for c in left.columns if c.source == self._number]
        if not mine or len(mine) < len(left.columns):
            return None, ""
        column = mine[0]
        if left.why == "cast" and self._dialect in ("postgres", "") and self._is_text(column.name):
            kind = left.text.rpartition(" as ")[2].rstrip(")")
            if kind.startswith(_TEXT):
                return column, ""
        if left.why == "collate" and " collate " in left.text and len(mine) == 1:
            return column, ""
        return column, left.text or "?"

    def _is_text(self, name: str) -> bool:
        definition = column_of(self._table, name) if self._table is not None else None
        return definition is not None and definition.type.startswith(_TEXT)

    def _converted(self, column: Col, right: tuple[Term, ...]) -> bool:
        """Say whether a comparison converts the column: text compared with a number, where that is allowed."""
        own = column_of(self._table, column.name) if self._table is not None else None
        if own is None or self._dialect not in ("sqlite", "mysql") or not is_text(own.type):
            return False
        for term in right:
            if isinstance(term, Value) and term.kind == "number" and self._dialect == "mysql":
                return True
            if isinstance(term, Col) and is_number(self._kind(term)):
                return True
        return False

    def _has_expression(self, text: str) -> bool:
        return self._table is not None and any(k.expression == text for i in self._table.indexes for k in i.keys)

    def _bounded(
        self, column: Col, expression: str, op: str, right: tuple[Term, ...]
    ) -> Iterator[Condition | Unindexable]:
        def condition(kind: Operation, constant: str | None = None) -> Condition:
            join, reversible = self._partner(right)
            return Condition(column.name, kind, column.at, expression, join, constant, bool(join) and self._filtered,
                             reversible)  # fmt: skip

        value = right[0] if right else None
        constant = _constant(value) if len(right) == 1 else None
        if isinstance(value, Value) and value.kind == "null" and op not in ("is not distinct", "is distinct"):
            return  # never true
        if op == "=":
            if isinstance(value, Value) and value.kind == "boolean":
                yield condition("true" if value.text == "true" else "false", constant)
            else:
                yield condition("=", constant)
        elif op in ("in", "any"):
            if len(right) == 1 and isinstance(value, Nested):
                # Among all rows of another query it is looked for as in a join that nothing filters.
                filtered = self._filtered or value.block.narrowed()
                yield Condition(column.name, "in", column.at, expression, "(query)", None, filtered)
            elif len(right) == 1 and op == "in" and isinstance(value, Value) and value.kind:
                yield condition("=", constant)
            else:
                yield condition("in")
        elif op in _RANGES:
            yield condition("<", f"{op} {constant}" if constant is not None else op)
        elif op == "is null":
            if self._optional:
                yield Unindexable(column.name, "it is asked for rows that the outer join does not find")
            elif self._table is not None and never_null(self._table, column.name):
                yield Unindexable(column.name, "it is never null")
            else:
                yield condition("is null")
        elif op in ("true", "false"):
            if self._dialect == "sqlite":
                yield Unindexable(column.name, "a bare boolean is not looked up in SQLite")
            else:
                yield condition("true" if op == "true" else "false")
        elif op == "is not distinct":
            if self._dialect == "postgres":
                yield Unindexable(column.name, "IS NOT DISTINCT FROM is not looked up in PostgreSQL")
            else:
                yield condition("=", constant)
        elif op in ("like", "glob", "ilike"):
            yield from self._like(column, expression, op, value)
        elif op in _SPECIAL:
            yield condition("match")
        else:
            yield Unindexable(column.name, _UNSARGABLE.get(op, f"{op} is not looked up in an index"))

    def _partner(self, right: tuple[Term, ...]) -> tuple[str, bool]:
        for term in right:
            for column in columns(term):
                if not isinstance(term, Nested):
                    shown, served = self._shown(column)
                    return shown, served and isinstance(term, Col)
        return "", False

    def _like(self, column: Col, expression: str, op: str, value: Term | None) -> Iterator[Condition | Unindexable]:
        if not isinstance(value, Value) or value.kind != "string" or value.text is None:
            yield Unindexable(column.name, "the pattern is known only when the statement runs")
            return
        wild = "*?[" if op == "glob" else "%_"
        prefix = ""
        for letter in value.text:
            if letter in wild:
                break
            prefix += letter
        if not prefix:
            yield Unindexable(column.name, "the pattern begins with a wildcard")
        elif op == "glob":
            yield Condition(column.name, "two-sided", column.at, expression, constant=value.text)
        elif op == "ilike" and self._dialect == "postgres":
            yield Unindexable(column.name, "ILIKE is not looked up in a plain index")
        elif len(prefix) == len(value.text) and self._dialect == "postgres":
            yield Condition(column.name, "=", column.at, expression, constant=f"'{prefix}'")
        else:
            yield Condition(column.name, "prefix", column.at, expression, constant=value.text)

    def _row(self, left: Several, op: str, right: tuple[Term, ...]) -> Iterator[Condition | Unindexable]:
        members = [c for c in left.items if isinstance(c, Col) and c.source == self._number]
        if len(members) < len(left.items):
            yield from (Unindexable(c.name, "it is part of a row that is not all of columns") for c in members)
            return
        if op == "=" and len(right) == 1 and isinstance(right[0], Several) and len(right[0].items) == len(members):
            for column, value in zip(members, right[0].items, strict=True):
                yield from self._bounded(column, "", "=", (value,))
        elif op in _RANGES:
            yield Condition(members[0].name, "row", members[0].at)
        elif op == "in" and self._dialect != "sqlite":
            yield from (Condition(c.name, "in", c.at) for c in members)
        else:
            yield from (Unindexable(c.name, "rows are not looked up by this comparison") for c in members)


_UNSARGABLE = {
    "<>": "<> leaves nearly all rows",
    "not in": "NOT IN leaves nearly all rows",
    "is not null": "IS NOT NULL leaves nearly all rows",
    "not like": "NOT LIKE leaves nearly all rows",
    "not ilike": "NOT ILIKE leaves nearly all rows",
    "is distinct": "IS DISTINCT FROM leaves nearly all rows",
    "regex": "a regular expression is not looked up",
    "other": "the comparison is not looked up in an index",
}


def _around(why: str) -> str:
    if why.endswith("()"):
        return f"{why} is computed from it first"
    return f"it is not compared as it is: {why}" if why else "it is part of an expression"


def _why_either(test: Either, number: int) -> str:
    for arm in test.items:
        for one in conjuncts(arm):
            if isinstance(one, Cmp) and one.op == "is null" and isinstance(one.left, Value):
                return "the condition is optional: it is skipped when a parameter is null"
    if any(c.source != number for c in columns(test)):
        return "one alternative of the OR is about another table"
    return "one alternative of the OR can't be looked up"


def _constant(value: Term | None) -> str | None:
    if not isinstance(value, Value) or not value.kind or value.text is None:
        return None
    return f"'{value.text}'" if value.kind == "string" else value.text


def _merged(conditions: list[Condition]) -> list[Condition]:
    """Join the two bounds of a range into one condition, and leave out what is said twice."""
    found: list[Condition] = []
    for condition in conditions:
        same = next((n for n, other in enumerate(found) if _alike(other, condition)), None)
        if same is None:
            found.append(condition)
        elif found[same].op == condition.op == "<":
            if _direction(found[same]) != _direction(condition):
                found[same] = replace(found[same], op="two-sided", constant=None)
        elif (found[same].op, found[same].constant) != (condition.op, condition.constant):
            found.append(condition)
    return [replace(c, constant=_value_of(c)) if c.op == "<" else c for c in found]


def _alike(one: Condition, other: Condition) -> bool:
    """Say whether two conditions are about the same, whatever they say of it."""
    return (one.column.lower(), one.expression, one.join) == (other.column.lower(), other.expression, other.join)


def _direction(condition: Condition) -> str:
    return (condition.constant or "")[:1]


def _value_of(condition: Condition) -> str | None:
    """Return the constant of a one-sided range with its operator, which tells what it implies."""
    text = condition.constant or ""
    return text if " " in text else None


_STRICT = frozenset({"=", "<>", "<", "<=", ">", ">="})
"""Comparisons that no null passes, nor what is reckoned from one."""


def facts(tests: list[Test], number: int) -> Iterator[str]:
    """Yield the conditions on a source that compare its columns with constants alone, as `coverage` writes them."""
    for test in tests:
        if not isinstance(test, Cmp):
            continue
        if isinstance(test.left, Computed) and test.left.why == "arithmetic" and test.op in _STRICT:
            yield from (fact(c.name, "is not null", ()) for c in test.left.columns if c.source == number)
        if not isinstance(test.left, Col) or test.left.source != number:
            continue
        values = [_constant(r) or (r.text if isinstance(r, Value) else None) for r in test.right]
        known = [v for v in values if v is not None]
        yield fact(test.left.name, test.op, known if len(known) == len(values) else None)
