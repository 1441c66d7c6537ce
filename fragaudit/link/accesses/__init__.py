"""Statements and the schema to access patterns: one for each use of a table, with all that could be looked up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from fragaudit.coverage import column_of, judged, serves_column
from fragaudit.link.accesses.blocks import Block, Builder, Src, TooManyBlocksError, strict_on
from fragaudit.link.accesses.conditions import About, Conditions, Found, facts
from fragaudit.link.accesses.pushed import push
from fragaudit.link.accesses.resolved import Cmp, Col, Test, Unclear, Value, columns
from fragaudit.link.schema import Schema
from fragaudit.model.accesses import Access, SortKey, Used, Write
from fragaudit.model.locations import Location
from fragaudit.model.sql import Query, Statement
from fragaudit.model.statements import Written

__all__ = ["accesses"]

_CATALOGUES = ("information_schema.", "pg_catalog.", "sqlite_", "pg_", "sys.", "performance_schema.", "mysql.")
_PSEUDO = frozenset({"excluded", "new", "old", "inserted", "deleted", "dual"})


def accesses(statement: Statement, written: Written, schema: Schema) -> Used:
    """Return how a statement finds rows, judged against the schema, and what it writes.

    Args:
        statement: the statement.
        written: the text it was read from; places are found in it.
        schema: all tables.
    """
    try:
        root = Builder(schema, written).build(statement)
    except TooManyBlocksError:
        return Used((), ())
    dialect = statement.dialect or written.dialect
    push(root, dialect)
    found = [a for block in _all(root) for a in _Reader(block, written, schema, dialect).accesses()]
    return Used(tuple(found), tuple(_writes(root, written)))


def _all(block: Block) -> Iterator[Block]:
    yield block
    for inner in (*block.arms, *block.inner):
        yield from _all(inner)


class _Reader:
    """Reads the accesses of one block."""

    def __init__(self, block: Block, written: Written, schema: Schema, dialect: str) -> None:
        self._block = block
        self._written = written
        self._schema = schema
        self._dialect = dialect
        self._strict = strict_on(block)
        self._own = block.own()
        self._tests = [About(t, columns(t)) for t in block.tests]
        self._only = {s.number: [About(t, columns(t)) for t in s.only] for s in block.sources if s.only}
        self._never = any(_never(t) for t in block.tests)
        self._narrowed = {s.number for s in block.sources if self._is_narrowed(s)}

    def accesses(self) -> Iterator[Access]:
        if self._block.query.kind == "insert":
            return
        for source in self._block.sources:
            if source.block is None and source.name and not self._excluded(source.name):
                yield self._access(source)

    def _excluded(self, name: str) -> bool:
        lowered = name.lower()
        return lowered.startswith(_CATALOGUES) or lowered in _PSEUDO

    def _is_narrowed(self, source: Src) -> bool:
        """Say whether some condition speaks of this source alone and leaves less than about half of it."""
        if source.block is not None:
            child = source.block
            if child.query.limit or child.tests or any(a.tests for a in child.arms):
                return True
        for about in (*self._tests, *self._only.get(source.number, ())):
            alone = about.sources and all(n == source.number or n not in self._own for n in about.sources)
            if alone and not _is_truth(about.test):
                return True
        return False

    def _holding(self, source: Src) -> list[About]:
        """Return the conditions that rows of a source have to pass and that speak of it."""
        if self._never:
            return []
        tests = self._tests
        if self._only:
            tests = list(tests)
            for other in self._block.sources:
                inner = other.how not in ("left", "right", "full") or other.number in self._strict
                if other is source or inner:
                    tests += self._only.get(other.number, ())
        return [t for t in tests if source.number in t.sources]

    def _access(self, source: Src) -> Access:
        block, query = self._block, self._block.query
        others = self._narrowed - {source.number}
        tests = self._holding(source)
        correlated = any(not t.sources <= self._own for t in tests if isinstance(t.test, Cmp))
        reader = Conditions(source, self._dialect, self._shown, self._kind, bool(others) or correlated)
        if source.number in self._strict:
            source.optional = False
        found = reader.read(tests, self._only.get(source.number, ()))
        unknown = any(isinstance(t, Unclear) and t.unknown for t in (*block.tests, *source.only))
        sort = self._sort(source)
        verb = query.kind if source.how == "target" else "read"
        access = Access(
            at=_first(found, source),
            table=source.table.name if source.table is not None else source.name,
            alias=source.alias,
            verb=verb if verb in ("update", "delete", "merge") else "read",
            conditions=tuple(found.conditions),
            arms=found.choices[0] if found.choices else (),
            sort=sort,
            limit=bool(sort) and query.limit,
            stops=query.limit and not (query.group or query.aggregates),
            group=tuple(g.name for g in block.group if isinstance(g, Col) and g.source == source.number),
            distinct=self._distinct(source),
            extreme=self._extreme(source),
            unindexable=tuple(dict.fromkeys(found.unindexable)),
            facts=tuple(dict.fromkeys(facts([t.test for t in tests], source.number))),
            outer=source.optional,
            correlated=correlated,
            unknown=unknown or source.hint == "not indexed",
            dialect=self._dialect,
            maintenance=self._written.maintenance,
            site=self._written.at,
            called=self._written.called,
        )
        return self._best(access, found, source)

    def _best(self, access: Access, found: Found, source: Src) -> Access:
        """Judge an access; of several ORs the one that can be served decides."""
        best = judged(access, source.table)
        for arms in found.choices[1:]:
            if best.verdict == "covered":
                break
            other = judged(replace(access, arms=arms), source.table)
            if other.verdict == "covered":
                best = other
        return best

    def _shown(self, column: Col) -> tuple[str, bool]:
        source = next((s for s in self._block.sources if s.number == column.source), None)
        if source is None:
            return f"outer.{column.name}", False
        name = f"{source.alias or source.name}.{column.name}"
        return name, source.table is not None and serves_column(source.table, column.name)

    def _kind(self, column: Col) -> str:
        block: Block | None = self._block
        while block is not None:
            source = next((s for s in block.sources if s.number == column.source), None)
            if source is not None:
                found = column_of(source.table, column.name) if source.table is not None else None
                return found.type if found is not None else ""
            block = block.parent
        return ""

    def _sort(self, source: Src) -> tuple[SortKey, ...]:
        query = self._block.query
        if not self._block.order or query.aggregates or query.group or query.distinct:
            return ()
        keys = []
        for term, descending, nulls in self._block.order:
            if not isinstance(term, Col) or term.source != source.number:
                return ()
            keys.append(SortKey(term.name, descending, nulls))  # type: ignore[arg-type]
        return tuple(keys)

    def _distinct(self, source: Src) -> tuple[str, ...]:
        if not self._block.query.distinct:
            return ()
        return tuple(t.name for _, t in self._block.outputs if isinstance(t, Col) and t.source == source.number)

    def _extreme(self, source: Src) -> str:
        if len(self._block.extremes) != 1 or len(self._block.sources) != 1:
            return ""
        term = self._block.extremes[0][1]
        return term.name if isinstance(term, Col) and term.source == source.number else ""


def _first(found: Found, source: Src) -> Location:
    """Return the place that stands for an access: the first column that is looked up, else the table's name.

    A truth value is looked up in no index while something else is compared.
    """
    looked_up = found.conditions or [c for arms in found.choices for arm in arms for c in arm]
    looked_up = [c for c in looked_up if c.op not in ("true", "false")] or looked_up
    return looked_up[0].at if looked_up else source.at


def _is_truth(test: Test) -> bool:
    """Say whether a condition asks for one of two values: those that aren't deleted are most of the rows."""
    if not isinstance(test, Cmp):
        return False
    value = test.right[0] if len(test.right) == 1 else None
    literal = test.op == "=" and isinstance(value, Value) and value.text in ("true", "false")
    return test.op in ("true", "false") or literal


def _never(test: Test) -> bool:
    """Say whether a condition is false whatever the rows are."""
    return isinstance(test, Unclear) and isinstance(test.term, Value) and test.term.text in ("false", "0")


def _writes(root: Block, written: Written) -> Iterable[Write]:
    for block in _all(root):
        query: Query = block.query
        if query.kind not in ("insert", "update", "delete", "merge"):
            continue
        target = next((s for s in block.sources if s.how == "target"), None)
        if target is None or not target.name:
            continue
        columns_set = tuple(a.column for a in query.assigns) if query.kind in ("update", "merge") else ()
        name = target.table.name if target.table is not None else target.name
        yield Write(target.at, name, query.kind, columns_set, bool(written.maintenance))
