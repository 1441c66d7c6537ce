"""Conditions on a query in FROM, pushed down into it as far as planners do."""

from __future__ import annotations

from collections.abc import Iterator

from fragaudit.link.accesses.blocks import Block, Src
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
    columns,
)


class _StaysError(Exception):
    """The condition can't be pushed."""


def push(block: Block, dialect: str) -> None:
    """Push the conditions of a block into the queries among its sources, and theirs into those below."""
    if dialect in ("postgres", "mysql"):
        for test in (*block.tests, *(t for s in block.sources for t in s.only)):
            if isinstance(test, Cmp) and test.op == "in" and len(test.right) == 1 and isinstance(test.right[0], Nested):
                _semijoin(test, test.right[0].block)
        block.tests += [t for test in block.tests if isinstance(test, Cmp) for t in _existing(test, block)]
    for source in block.sources:
        child = source.block
        if child is None or source.shared:
            continue
        tests = source.only if source.how == "left" else [*block.tests, *source.only]
        for test in tests:
            found = list(columns(test))
            if found and all(c.source == source.number for c in found) and not _opaque(test):
                _into(child, test, source)
    for inner in (*block.inner, *block.arms):
        push(inner, dialect)


def _semijoin(test: Cmp, child: Block) -> None:
    """Let the query of `x IN (SELECT y …)` be searched by y for each row outside, as some planners do."""
    query = child.query
    if query.kind != "select" or query.group or query.aggregates or query.limit or query.windows:
        return
    if isinstance(test.left, Col) and len(child.outputs) == 1 and isinstance(child.outputs[0][1], Col):
        child.semijoin = Cmp(child.outputs[0][1], "=", (test.left,))
        child.tests.append(child.semijoin)


def _existing(test: Cmp, block: Block) -> Iterator[Cmp]:
    """Yield what `EXISTS (SELECT … WHERE y = x AND …)` lets look for by x: it is planned like `x IN (SELECT y …)`."""
    if test.op != "exists" or not isinstance(test.left, Nested):
        return
    child = test.left.block
    if child.query.kind != "select" or child.query.group or child.query.aggregates or child.query.windows:
        return
    own, around = child.own(), block.own()
    if not any(found and found <= own for found in ({c.source for c in columns(t)} for t in child.tests)):
        return
    for inner in child.tests:
        if isinstance(inner, Cmp) and inner.op == "=" and len(inner.right) == 1:
            sides = (inner.left, inner.right[0])
            for one, other in (sides, sides[::-1]):
                if isinstance(one, Col) and isinstance(other, Col) and one.source in around and other.source in own:
                    yield Cmp(one, "in", (Nested(child, free=True),))


def _opaque(test: Test) -> bool:
    return isinstance(test, Unclear) or (isinstance(test, Cmp) and any(isinstance(r, Nested) for r in test.right))


def _into(child: Block, test: Test, source: Src) -> None:
    query = child.query
    if query.limit or query.offset or query.kind not in ("select", "set"):
        return
    if query.kind == "set":
        names = [n.lower() for n, _ in child.outputs]
        for arm in child.arms:
            _arm(arm, test, source, names)
        return
    try:
        moved = _moved(test, lambda c: _allowed(child, c))
    except _StaysError:
        return
    child.tests.append(moved)


def _arm(arm: Block, test: Test, source: Src, names: list[str]) -> None:
    """Push into one arm of a set operation, whose columns correspond by their place."""

    def found(column: Col) -> Term:
        if any(n.endswith("*") for n in names) or any(n.endswith("*") for n, _ in arm.outputs):
            term = arm.output(column.name, column.at)
            if term is None:
                raise _StaysError
            return term
        if column.name.lower() not in names:
            raise _StaysError
        place = names.index(column.name.lower())
        if place >= len(arm.outputs):
            raise _StaysError
        return _allowed(arm, Col(column.source, arm.outputs[place][0], column.at), place)

    if arm.query.kind == "set":
        _into(arm, test, source)
        return
    if arm.query.limit or arm.query.offset:
        return
    try:
        arm.tests.append(_moved(test, found))
    except _StaysError:
        return


def _allowed(child: Block, column: Col, place: int = -1) -> Term:
    """Return what a column of a query's result is inside, if a condition on it may be asked before its grouping."""
    term = child.outputs[place][1] if place >= 0 else child.output(column.name, column.at)
    if not isinstance(term, (Col, Computed)):
        raise _StaysError
    if isinstance(term, Computed) and (child.query.aggregates or child.query.windows):
        raise _StaysError
    if child.query.group or child.query.aggregates:
        keys = {(g.source, g.name.lower()) for g in child.group if isinstance(g, Col)}
        if not isinstance(term, Col) or (term.source, term.name.lower()) not in keys:
            raise _StaysError
    if child.query.windows:
        keys = {(w.source, w.name.lower()) for w in child.windows if isinstance(w, Col)}
        if not isinstance(term, Col) or (term.source, term.name.lower()) not in keys:
            raise _StaysError
    return Col(term.source, term.name, column.at) if isinstance(term, Col) else term


def _moved(test: Test, found: object) -> Test:
    assert callable(found)

    def term(item: Term) -> Term:
        if isinstance(item, Col):
            result: Term = found(item)
            return result
        if isinstance(item, Computed):
            inner = []
            for column in item.columns:
                new = found(column)
                if not isinstance(new, Col):
                    raise _StaysError
                inner.append(new)
            return Computed(item.text, tuple(inner), item.why)
        if isinstance(item, Several):
            return Several(tuple(term(i) for i in item.items))
        return item

    if isinstance(test, Cmp):
        return Cmp(term(test.left), test.op, tuple(term(r) for r in test.right))
    if isinstance(test, Every):
        return Every(tuple(_moved(t, found) for t in test.items))
    if isinstance(test, Either):
        return Either(tuple(_moved(t, found) for t in test.items))
    raise _StaysError
