"""Query blocks with their sources resolved: views, derived tables and CTEs taken apart wherever a planner would.

Each block becomes a list of sources and of conditions on their columns. A simple query in FROM is dissolved into the
block around it; into any other, conditions are pushed down as far as its grouping, windows and arms allow.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct

from fragaudit.link.accesses.resolved import (
    Cmp,
    Col,
    Computed,
    Either,
    Every,
    Nested,
    Several,
    Term,
    Test,
    Unclear,
    Value,
    columns,
    conjuncts,
)
from fragaudit.link.schema import Schema
from fragaudit.model.locations import Location
from fragaudit.model.schema import Table
from fragaudit.model.sql import (
    KEPT,
    And,
    Column,
    Compare,
    Constant,
    Expression,
    Operand,
    Or,
    Parameter,
    Predicate,
    Query,
    Row,
    Source,
    Statement,
    Subquery,
)
from fragaudit.model.statements import Written

DEEPEST_VIEWS = 12
MOST_BLOCKS = 600
"""Of one statement, views taken apart included: views that name each other twice would double at each level."""
_STRICT = frozenset(
    {"=", "<>", "<", "<=", ">", ">=", "in", "any", "like", "ilike", "glob", "is not null", "true", "false", "not in",
     "not like"}
)  # fmt: skip
"""Comparisons that no row of nulls passes: they turn an outer join into an inner one."""


class Src(Struct, eq=False):
    """A source of a block: a table, or a query that keeps its own block.

    `only` are the conditions of its outer join; `optional`: it may be missing from a row.
    """

    number: int
    alias: str
    name: str
    at: Location
    table: Table | None
    block: Block | None
    how: str
    shared: bool = False
    optional: bool = False
    hint: str = ""
    only: list[Test] = []


class Block(Struct, eq=False):
    """A query block: its sources, the conditions that hold for all of them, and the blocks inside."""

    query: Query
    parent: Block | None
    sources: list[Src]
    tests: list[Test]
    inner: list[Block]
    arms: list[Block]
    scope: list[Entry]
    outputs: list[tuple[str, Term | None]]
    order: list[tuple[Term, bool, str]] = []
    group: list[Term] = []
    windows: list[Term] = []
    extremes: list[tuple[str, Term]] = []
    pushed: bool = False
    semijoin: Test | None = None

    def own(self) -> frozenset[int]:
        """Return the numbers of its sources."""
        return frozenset(s.number for s in self.sources)

    def outside(self) -> Iterator[Col]:
        """Yield the columns that the block and those inside it take from around it."""
        within = list(self._within())
        own = frozenset(s.number for block in within for s in block.sources)
        for block in within:
            for test in (*block.tests, *(t for s in block.sources for t in s.only)):
                if test is not self.semijoin:  # which is asked row by row only if the planner chooses so
                    yield from (c for c in columns(test, nested=False) if c.source not in own)

    def narrowed(self) -> bool:
        """Say whether conditions of its own leave some of its rows out."""
        return bool(self.query.limit) or any(t is not self.semijoin for t in self.tests)

    def _within(self) -> Iterator[Block]:
        waiting = [self]
        while waiting:
            block = waiting.pop()
            yield block
            waiting += (*block.inner, *block.arms)

    def output(self, name: str, at: Location) -> Term | None:
        """Return what a column of the block's result is, None if it isn't known."""
        for own, term in self.outputs:
            if own.lower() == name.lower() and not own.endswith("*"):
                return term
        for own, _ in self.outputs:
            entries = self.scope if own == "*" else [e for e in self.scope if f"{e.alias}.*".lower() == own.lower()]
            for entry in entries:
                if entry.has(name) is not False and own.endswith("*"):
                    return entry.column(name, at)
        return None

    def names(self) -> frozenset[str] | None:
        """Return the names of the result's columns in lower case, None if they aren't all known."""
        found: set[str] = set()
        for own, _ in self.outputs:
            if not own.endswith("*"):
                found.add(own.lower())
                continue
            for entry in self.scope:
                if own == "*" or own.lower() == f"{entry.alias}.*".lower():
                    names = entry.names()
                    if names is None:
                        return None
                    found |= names
        return frozenset(found)


class Entry(Struct, eq=False):
    """A name in FROM: a source, or a query that was dissolved into the block."""

    alias: str
    source: Src | None = None
    block: Block | None = None
    renamed: tuple[str, ...] = ()

    def names(self) -> frozenset[str] | None:
        """Return its columns' names in lower case, None if they aren't known."""
        if self.renamed:
            return frozenset(n.lower() for n in self.renamed)
        if self.block is not None:
            return self.block.names()
        assert self.source is not None
        if self.source.block is not None:
            return self.source.block.names()
        table = self.source.table
        if table is None or not table.columns:
            return None
        return frozenset(c.name.lower() for c in table.columns)

    def has(self, name: str) -> bool | None:
        """Say whether it has a column; None if that isn't known."""
        names = self.names()
        return None if names is None else name.lower() in names

    def column(self, name: str, at: Location) -> Term:
        """Return a column of it."""
        if self.block is None:
            assert self.source is not None
            return Col(self.source.number, name, at)
        if self.renamed:
            lowered = [n.lower() for n in self.renamed]
            if name.lower() in lowered and lowered.index(name.lower()) < len(self.block.outputs):
                return _moved(self.block.outputs[lowered.index(name.lower())][1] or Value(), at)
        found = self.block.output(name, at)
        return _moved(found, at) if found is not None else Value()


def _moved(term: Term, at: Location) -> Term:
    """Return a term as if written elsewhere: what a query's column stands for is reported where it is asked for."""
    if isinstance(term, Col):
        return Col(term.source, term.name, at)
    if isinstance(term, Computed):
        return Computed(term.text, tuple(Col(c.source, c.name, at) for c in term.columns), term.why)
    return term


class TooManyBlocksError(Exception):
    """The statement comes to more query blocks than are looked at."""


class Builder:
    """Makes the blocks of one statement."""

    def __init__(self, schema: Schema, written: Written) -> None:
        self._schema = schema
        self._written = written
        self._number = 0
        self._views = 0
        self._blocks = 0
        self._shared: dict[tuple[int, int], Block] = {}

    def build(self, statement: Statement) -> Block:
        """Return the outermost block."""
        return self._block(statement, 0, None, None)

    def _place(self, mark: tuple[int, int], fixed: Location | None) -> Location:
        return fixed if fixed is not None else self._written.place(mark)

    # -- blocks --------------------------------------------------------------------------------------------------------

    def _block(self, statement: Statement, number: int, parent: Block | None, fixed: Location | None) -> Block:
        self._blocks += 1
        if self._blocks > MOST_BLOCKS:
            raise TooManyBlocksError
        query = statement.queries[number]
        block = Block(query, parent, [], [], [], [], [], [])
        block.arms = [self._block(statement, arm, parent, fixed) for arm in query.arms]
        resolver = Resolver(self, statement, block, fixed)
        for source in query.sources:
            self._source(source, statement, block, fixed)
            if source.on is not None:
                self._joined(source, list(conjuncts(resolver.test(source.on))), block)
        block.tests += conjuncts(resolver.test(query.where))
        if query.kind == "set" and block.arms:
            first = block.arms[0]
            block.outputs = (
                [(n, None) for n, _ in first.outputs] if not query.outputs else [(o.name, None) for o in query.outputs]
            )
            block.scope = []
            return block
        block.outputs = [(o.name, resolver.term(o.operand) if o.operand is not None else None) for o in query.outputs]
        block.group = [resolver.named(g) for g in query.group]
        block.windows = [resolver.term(w) for w in query.windows]
        block.extremes = [(kind, resolver.term(operand)) for kind, operand in query.extremes]
        block.order = [(resolver.named(o.operand), o.descending, o.nulls) for o in query.order]
        if query.having is not None:
            self._having(list(conjuncts(resolver.test(query.having))), block)
        for assign in query.assigns:
            if assign.value is not None:
                resolver.term(assign.value)  # for the queries in it
        return block

    def _having(self, tests: Sequence[Test], block: Block) -> None:
        """Treat conditions of HAVING on the keys of the group as conditions of the rows, as planners do."""
        keys = {(g.source, g.name.lower()) for g in block.group if isinstance(g, Col)}
        for test in tests:
            found = list(columns(test))
            if found and isinstance(test, Cmp) and all((c.source, c.name.lower()) in keys for c in found):
                block.tests.append(test)

    def _joined(self, source: Source, tests: list[Test], block: Block) -> None:
        """Put the conditions of a join where they restrict something."""
        entry = block.scope[-1]
        new = self._added(block, entry)
        if source.how == "left":
            for src in new:
                src.only += tests
        elif source.how == "right":
            for src in block.sources:
                if src not in new:
                    src.only += tests
        elif source.how == "full":
            pass
        else:
            block.tests += tests

    def _added(self, block: Block, entry: Entry) -> list[Src]:
        if entry.source is not None:
            return [entry.source]
        assert entry.block is not None
        return [s for s in block.sources if s in entry.block.sources]

    def _source(self, source: Source, statement: Statement, block: Block, fixed: Location | None) -> None:
        at = self._place(source.at, fixed)
        optional = source.how in ("left", "full")
        if source.how in ("right", "full"):
            for src in block.sources:
                src.optional = True
        src = Src(
            self._next(), source.alias, source.table, at, None, None, source.how, False, optional, source.hint, []
        )
        renamed: tuple[str, ...] = ()
        if source.query >= 0:
            src.block, src.shared = self._child(statement, source, block, fixed)
        elif source.table:
            src.table = self._schema.table(source.table)
            if src.table is not None and src.table.view is not None and self._views < DEEPEST_VIEWS:
                self._views += 1
                view = src.table
                src.block = self._block(view.view, 0, None, at)  # type: ignore[arg-type]
                self._views -= 1
                renamed = view.view_columns
                src.table = None
        child = src.block
        if child is None or src.shared:
            block.sources.append(src)
            block.scope.append(Entry(source.alias, src))
        elif _dissolves(child):
            self._dissolve(child, src, block)
            block.scope.append(Entry(source.alias, None, child, renamed))
        else:
            if renamed and len(renamed) == len(child.outputs):
                child.outputs = [(n, t) for n, (_, t) in zip(renamed, child.outputs, strict=True)]
            block.sources.append(src)
            block.inner.append(child)
            block.scope.append(Entry(source.alias, src))

    def _child(self, statement: Statement, source: Source, block: Block, fixed: Location | None) -> tuple[Block, bool]:
        query = statement.queries[source.query]
        if query.once and query.kind in ("select", "set"):
            parent = block if source.lateral else block.parent
            return self._block(statement, source.query, parent, fixed), False
        known = (id(statement), source.query)
        if known not in self._shared:
            self._shared[known] = self._block(statement, source.query, block.parent, fixed)
            block.inner.append(self._shared[known])
        return self._shared[known], True

    def _dissolve(self, child: Block, src: Src, block: Block) -> None:
        for place, inner in enumerate(child.sources):
            inner.how = src.how if place == 0 else inner.how
            inner.optional |= src.optional
        if src.how == "left":
            for inner in child.sources:
                inner.only += child.tests
        else:
            block.tests += child.tests
        block.sources += child.sources
        block.inner += child.inner

    def _next(self) -> int:
        self._number += 1
        return self._number

    def nested(self, statement: Statement, number: int, block: Block, fixed: Location | None) -> Nested:
        """Return a query inside an expression of a block."""
        child = self._block(statement, number, block, fixed)
        block.inner.append(child)
        return Nested(child)


def _dissolves(block: Block) -> bool:
    """Say whether a query in FROM is as good as its sources and conditions written into the block around it."""
    query = block.query
    return (
        query.kind == "select"
        and bool(block.sources)
        and not (query.group or query.having or query.aggregates or query.distinct or query.limit or query.offset)
        and not query.windows
        and not any(s.how in ("left", "right", "full") for s in block.sources[:1])
    )


def strict_on(block: Block) -> frozenset[int]:
    """Return the sources that have to be there although an outer join may leave them out.

    A condition of the block that no row of nulls passes makes an outer join an inner one, and the condition of that
    join may do the same to the next.
    """
    found: set[int] = set()
    waiting = list(block.tests)
    while waiting:
        test = waiting.pop()
        if not isinstance(test, Cmp) or test.op not in _STRICT:
            continue
        for term in (test.left, *test.right):
            if isinstance(term, Col) and term.source not in found:
                found.add(term.source)
                waiting += [t for s in block.sources if s.number == term.source and s.how == "left" for t in s.only]
    return frozenset(found)


class Resolver:
    """Turns predicates of one block into tests: every column gets its source."""

    def __init__(self, builder: Builder, statement: Statement, block: Block, fixed: Location | None) -> None:
        self._builder = builder
        self._statement = statement
        self._block = block
        self._fixed = fixed

    def test(self, predicate: Predicate | None) -> Test | None:
        """Return a predicate with its columns resolved."""
        if predicate is None:
            return None
        if isinstance(predicate, And):
            return Every(tuple(t for p in predicate.items if (t := self.test(p)) is not None))
        if isinstance(predicate, Or):
            return Either(tuple(t for p in predicate.items if (t := self.test(p)) is not None))
        if isinstance(predicate, Compare):
            return Cmp(self.term(predicate.left), predicate.op, tuple(self.term(r) for r in predicate.right))
        return Unclear(self.term(predicate.operand), predicate.unknown)

    def term(self, operand: Operand) -> Term:
        """Return an operand with its columns resolved."""
        if isinstance(operand, Column):
            return self._column(operand)
        if isinstance(operand, Constant):
            return Value(operand.value, operand.kind)
        if isinstance(operand, Parameter):
            return Value(operand.name) if operand.name.startswith(KEPT) else Value()
        if isinstance(operand, Row):
            return Several(tuple(self.term(item) for item in operand.items))
        if isinstance(operand, Subquery):
            return self._builder.nested(self._statement, operand.query, self._block, self._fixed)
        return self._computed(operand)

    def named(self, operand: Operand) -> Term:
        """Return a key of GROUP BY or ORDER BY, which may be the name or number of an output."""
        outputs = self._block.outputs
        if isinstance(operand, Column) and not operand.source:
            for name, term in outputs:
                if name.lower() == operand.name.lower() and term is not None:
                    return _moved(term, self._builder._place(operand.at, self._fixed))
        if isinstance(operand, Constant) and operand.kind == "number" and str(operand.value).isdigit():
            place = int(str(operand.value)) - 1
            if 0 <= place < len(outputs):
                return outputs[place][1] or Value()
        return self.term(operand)

    def _computed(self, operand: Expression) -> Term:
        terms = [self._column(c) for c in operand.columns]
        found: list[Col] = []
        for term in terms:
            found += columns(term)
        for query in operand.queries:
            nested = self._builder.nested(self._statement, query, self._block, self._fixed)
            found += columns(nested)
        if not found and not operand.queries:
            return Value()
        return Computed(operand.text, tuple(found), operand.why)

    def _column(self, column: Column) -> Term:
        at = self._builder._place(column.at, self._fixed)
        block: Block | None = self._block
        if column.source.startswith("<"):
            return self._earlier(column.source[1:], column.name, at)
        while block is not None:
            if column.source:
                entry = next((e for e in block.scope if e.alias.lower() == column.source.lower()), None)
                if entry is not None:
                    return entry.column(column.name, at)
            else:
                entry = _holder(block, column.name)
                if entry is not None:
                    return entry.column(column.name, at)
            block = block.parent
        # A column that the schema doesn't know yet must be the only table's; nothing else could be meant.
        lone = self._block.scope if not column.source else []
        return lone[0].column(column.name, at) if len(lone) == 1 else Value()

    def _earlier(self, alias: str, name: str, at: Location) -> Term:
        """Return the column of USING on the side before the joined source."""
        before = []
        for entry in self._block.scope:
            if entry.alias.lower() == alias.lower():
                break
            before.append(entry)
        holder = next((e for e in before if e.has(name)), None) or next(
            (e for e in before if e.has(name) is None), None
        )
        return holder.column(name, at) if holder is not None else Value()


def _holder(block: Block, name: str) -> Entry | None:
    """Return the source that has a column, or the only one that may have it."""
    certain = [e for e in block.scope if e.has(name)]
    if certain:
        return certain[0]
    possible = [e for e in block.scope if e.has(name) is None]
    if len(possible) == 1:
        return possible[0]
    rowid = name.lower() in ("rowid", "oid", "_rowid_", "ctid")
    return block.scope[0] if rowid and len(block.scope) == 1 else None
