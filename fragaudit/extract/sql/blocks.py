"""sqlglot's statements to query blocks, the plain form in which everything else sees them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

import msgspec
from sqlglot import exp

from fragaudit.extract.sql.operands import Operands, mark
from fragaudit.extract.sql.predicates import Predicates
from fragaudit.model.sql import (
    And,
    Assign,
    Column,
    Compare,
    Expression,
    Opaque,
    Operand,
    Order,
    Output,
    Predicate,
    Query,
    Source,
    Statement,
)

How = Literal["from", "inner", "left", "right", "full", "cross", "target"]
MOST_BLOCKS = 400
"""Of one statement."""
UNKNOWN_TABLE = "the name of a table is put in when it runs"


class DynamicError(Exception):
    """The statement is put together in a way that leaves open what it does; the message says what is open."""


class UnsupportedError(Exception):
    """A statement that was parsed and is none of those that find rows."""


class _Named(msgspec.Struct, frozen=True):
    """A CTE in scope: its block, and whether the reference is to itself."""

    query: int
    recursive: bool = False


_Scope = Mapping[str, _Named]


def statement(tree: exp.Expr, dialect: str) -> Statement:
    """Return a parsed statement as blocks. Raises DynamicError or UnsupportedError."""
    return _Blocks(dialect).statement(tree)


class _Blocks:
    """Collects the blocks of one statement; the number of a block is fixed before its parts are lowered."""

    def __init__(self, dialect: str) -> None:
        self._dialect = dialect
        self._queries: list[Query] = []
        self._references: dict[int, int] = {}
        self._current: tuple[int, _Scope] = (-1, {})
        self._operands = Operands(dialect, self._nested)
        self._predicates = Predicates(self._operands)
        self._conflict: tuple[str, ...] = ()

    def statement(self, tree: exp.Expr) -> Statement:
        """Lower a whole statement."""
        kind = self._block(tree, -1, {})
        queries = tuple(
            msgspec.structs.replace(q, once=q.once and self._references.get(n, 1) <= 1)
            for n, q in enumerate(self._queries)
        )
        return Statement(kind, queries, self._conflict, self._dialect)

    def _reserve(self, parent: int) -> int:
        if len(self._queries) >= MOST_BLOCKS:
            raise UnsupportedError(f"has more than {MOST_BLOCKS} query blocks")
        self._queries.append(Query(parent=parent))
        return len(self._queries) - 1

    def _nested(self, node: exp.Expr) -> int:
        """Lower a query inside an expression of the current block."""
        block, scope = self._current
        number = len(self._queries)
        self._block(node, block, scope)
        self._current = (block, scope)
        return number

    def _block(self, tree: exp.Expr, parent: int, scope: _Scope, name: str = "", once: bool = True) -> Any:
        """Lower a query as the next block and return the kind of statement it is."""
        number = self._reserve(parent)
        while isinstance(tree, (exp.Subquery, exp.Paren)) and not _modified(tree):
            scope = self._ctes(tree, parent, scope)
            tree = tree.this
        scope = self._ctes(tree, parent, scope)
        self._current = (number, scope)
        kind: str = "select"
        if isinstance(tree, exp.Select):
            query = self._select(tree, number, parent, scope)
        elif isinstance(tree, (exp.SetOperation, exp.Subquery)):
            query = self._set(tree, number, parent, scope)
        elif isinstance(tree, exp.Values):
            query = Query("values")
        elif isinstance(tree, exp.Table):  # TABLE name, or a name in brackets
            query = Query(sources=tuple(self._sources(tree, "from", None, number, scope)), outputs=(Output("*"),))
        elif isinstance(tree, exp.Update):
            kind, query = "update", self._update(tree, number, scope)
        elif isinstance(tree, exp.Delete):
            kind, query = "delete", self._delete(tree, number, scope)
        elif isinstance(tree, exp.Insert):
            kind, query = "insert", self._insert(tree, number, scope)
        elif isinstance(tree, exp.Merge):
            kind, query = "merge", self._merge(tree, number, scope)
        else:
            raise UnsupportedError(f"{type(tree).__name__.lower()} is not a query")
        self._queries[number] = msgspec.structs.replace(query, parent=parent, name=name, once=once)
        return kind

    # -- parts ---------------------------------------------------------------------------------------------------------

    def _ctes(self, tree: exp.Expr, parent: int, scope: _Scope) -> _Scope:
        clause = tree.args.get("with_")
        if clause is None:
            return scope
        inner = dict(scope)
        for cte in clause.expressions:
            name = self._operands.name(cte.args["alias"].this)
            number = len(self._queries)
            visible = {**inner, name.lower(): _Named(number, recursive=True)} if clause.recursive else inner
            written = isinstance(cte.this, (exp.Insert, exp.Update, exp.Delete, exp.Merge))
            self._references[number] = 0
            self._block(cte.this, parent, visible, name, once=not cte.args.get("materialized") and not written)
            self._rename(number, cte.args["alias"])
            inner[name.lower()] = _Named(number)
        return inner

    def _rename(self, number: int, alias: exp.Expr | None) -> None:
        """Give a block's outputs the names of a column list after its alias."""
        columns = alias.args.get("columns") if alias is not None else None
        if not columns:
            return
        query = self._queries[number]
        outputs = query.outputs or (self._queries[query.arms[0]].outputs if query.arms else ())
        if len(outputs) == len(columns) and not any(o.name.endswith("*") for o in outputs):
            names = [self._operands.name(c.this if isinstance(c, exp.ColumnDef) else c) for c in columns]
            renamed = tuple(Output(n, o.operand) for n, o in zip(names, outputs, strict=True))
            self._queries[number] = msgspec.structs.replace(query, outputs=renamed)

    def _select(self, tree: exp.Select, number: int, parent: int, scope: _Scope) -> Query:
        sources = self._from(tree, number, scope)
        self._current = (number, scope)
        operand = self._operands.operand
        outputs, aggregates, windows = self._outputs(tree.expressions)
        group = tree.args.get("group")
        having = self._predicates.predicate(_this(tree.args.get("having")))
        distinct = tree.args.get("distinct")
        keys: list[exp.Expr] = list(group.expressions) if group is not None else []
        special = group is not None and any(group.args.get(k) for k in ("grouping_sets", "cube", "rollup", "all"))
        return Query(
            "select",
            parent,
            sources,
            self._predicates.predicate(_this(tree.args.get("where"))),
            (Expression("", (), "grouping sets"),) if special else tuple(operand(k) for k in keys),
            having,
            self._order(tree.args.get("order")),
            outputs,
            limit=tree.args.get("limit") is not None,
            offset=tree.args.get("offset") is not None,
            distinct=distinct is not None,
            aggregates=aggregates,
            extremes=self._extremes(tree) if aggregates and not keys else (),
            windows=windows,
        )

    def _outputs(self, nodes: list[exp.Expr]) -> tuple[tuple[Output, ...], bool, tuple[Operand, ...]]:
        """Return the columns of a result, whether some are aggregates, and keys that partition all its windows."""
        outputs: list[Output] = []
        aggregates = False
        partitions: list[list[Operand]] = []
        for node in nodes:
            inner = node.this if isinstance(node, exp.Alias) else node
            name = self._operands.name(node.args["alias"]) if isinstance(node, exp.Alias) else ""
            if isinstance(inner, exp.Star):
                outputs.append(Output("*"))
            elif isinstance(inner, exp.Column) and isinstance(inner.this, exp.Star):
                outputs.append(Output(f"{self._operands.name(inner.args.get('table'))}.*"))
            elif isinstance(inner, exp.Column):
                column = self._operands.column(inner)
                outputs.append(Output(name or column.name, column))
            else:
                for found in inner.walk(prune=lambda n: isinstance(n, (exp.Query, exp.Window))):
                    if isinstance(found, exp.AggFunc):
                        aggregates = True
                    elif isinstance(found, exp.Window):
                        keys = found.args.get("partition_by") or ()
                        partitions.append([self._operands.operand(k) for k in keys])
                outputs.append(Output(name or _implied(inner), self._operands.operand(inner, text=False)))
        if not partitions:
            return tuple(outputs), aggregates, ()
        shared = [k for k in partitions[0] if all(_same(k, keys) for keys in partitions[1:])]
        return tuple(outputs), aggregates, tuple(shared) or (Expression("", (), "window"),)

    def _extremes(self, tree: exp.Select) -> tuple[tuple[Literal["min", "max"], Operand], ...]:
        if len(tree.expressions) != 1:
            return ()
        inner = tree.expressions[0].unalias()
        while isinstance(inner, (exp.Coalesce, exp.Paren, exp.Cast, exp.Add, exp.Sub)) and not isinstance(
            inner.this, exp.Column
        ):
            inner = inner.this
        if isinstance(inner, (exp.Min, exp.Max)) and not inner.expressions:
            return (("min" if isinstance(inner, exp.Min) else "max", self._operands.operand(inner.this)),)
        return ()

    def _order(self, node: exp.Expr | None) -> tuple[Order, ...]:
        if node is None:
            return ()
        found = []
        for key in node.expressions:
            inner = key.this if isinstance(key, exp.Ordered) else key
            operand = self._operands.operand(inner)
            descending = bool(key.args.get("desc"))
            # The parser fills in what the dialect does by itself; only the opposite was written.
            first = bool(key.args.get("nulls_first")) if isinstance(key, exp.Ordered) else descending
            usual = descending if self._dialect in ("postgres", "redshift", "oracle", "") else not descending
            nulls: Literal["", "first", "last"] = "" if first == usual else "first" if first else "last"
            found.append(Order(operand, descending, nulls))
        return tuple(found)

    def _set(self, tree: exp.Expr, number: int, parent: int, scope: _Scope) -> Query:
        """Lower UNION, INTERSECT, EXCEPT, or a bracketed query with an ORDER BY or LIMIT of its own."""
        members = _members(tree)
        arms = []
        for member in members:
            arms.append(len(self._queries))
            self._block(member, parent, scope)
        self._current = (number, scope)
        operator: Any = ""
        if isinstance(tree, exp.SetOperation):
            operator = "intersect" if isinstance(tree, exp.Intersect) else "except"
            if isinstance(tree, exp.Union):
                operator = "union" if any(n.args.get("distinct") for n in _unions(tree)) else "union all"
        return Query(
            "set",
            parent,
            order=self._order(tree.args.get("order")),
            arms=tuple(arms),
            set_operator=operator,
            limit=tree.args.get("limit") is not None,
            offset=tree.args.get("offset") is not None,
        )

    # -- sources -------------------------------------------------------------------------------------------------------

    def _from(self, tree: exp.Expr, number: int, scope: _Scope) -> tuple[Source, ...]:
        found: list[Source] = []
        start = tree.args.get("from_")
        if start is not None:
            found += self._sources(start.this, "from", None, number, scope)
        for lateral in tree.args.get("laterals") or ():
            found += self._sources(lateral, "cross", None, number, scope)
        self._joined(tree.args.get("joins") or (), found, number, scope)
        return tuple(found)

    def _joined(self, joins: Any, found: list[Source], number: int, scope: _Scope) -> None:
        for join in joins:
            added = list(self._sources(join.this, _how(join), None, number, scope))
            self._current = (number, scope)
            on = self._predicates.predicate(join.args.get("on"))
            if join.args.get("using") and added:
                on = self._using(join.args["using"], added[0].alias)
            if str(join.args.get("method") or "").upper() == "NATURAL":
                on = Opaque(Expression("", (), "natural join"), unknown=True)
            if added:
                added[0] = msgspec.structs.replace(added[0], on=_both(added[0].on, on))
            found += added

    def _using(self, names: list[exp.Expr], alias: str) -> Predicate:
        pairs = []
        for name in names:
            column = self._operands.name(name)
            pairs.append(Compare(Column(alias, column, mark(name)), "=", (Column(f"<{alias}", column, mark(name)),)))
        return And(tuple(pairs))

    def _sources(self, node: exp.Expr, how: How, on: Predicate | None, number: int, scope: _Scope) -> Iterator[Source]:
        alias = node.args.get("alias")
        name = self._operands.name(alias.this) if isinstance(alias, exp.TableAlias) and alias.this else ""
        if isinstance(node, exp.Table):
            yield self._table(node, name, how, on, scope)
            found: list[Source] = []
            self._joined(node.args.get("joins") or (), found, number, scope)
            yield from found
            return
        lateral = isinstance(node, exp.Lateral)
        inner = node.this if lateral else node
        if isinstance(inner, exp.Subquery) and _joins(inner):
            group = list(self._sources(inner.this, how, on, number, scope))
            self._joined(inner.args.get("joins") or (), group, number, scope)
            if how in ("left", "full"):
                group = [msgspec.structs.replace(s, how="left") if s.how != "left" else s for s in group]
            yield from group
            return
        if isinstance(inner, exp.Query):
            place = len(self._queries)
            parent = number if lateral else self._queries[number].parent  # what its block itself can see
            self._block(inner, parent, scope, name)
            self._current = (number, scope)
            self._rename(place, alias if isinstance(alias, exp.TableAlias) else inner.args.get("alias"))
            name = name or self._operands.name(_this(inner.args.get("alias")))
            yield Source(name, "", place, how, on, lateral=lateral, at=mark(_this(alias)))
            found = []
            self._joined(inner.args.get("joins") or (), found, number, scope)
            yield from found
            return
        yield Source(name, "", -1, how, on, lateral=lateral)  # a function, VALUES, UNNEST: nothing with indexes

    def _table(self, node: exp.Table, alias: str, how: How, on: Predicate | None, scope: _Scope) -> Source:
        inner = node.this
        if isinstance(inner, (exp.Placeholder, exp.Parameter)):
            raise DynamicError(UNKNOWN_TABLE)
        if not isinstance(inner, exp.Identifier):
            return Source(alias, "", -1, how, on)
        name = self._operands.name(inner)
        schema = node.args.get("db")
        if schema is None and (named := scope.get(name.lower())) is not None:
            self._references[named.query] = self._references.get(named.query, 0) + 1
            query = -1 if named.recursive else named.query
            return Source(alias or name, "", query, how, on, recursive=named.recursive, at=mark(inner))
        full = f"{self._operands.name(schema)}.{name}" if schema is not None else name
        hint = "not indexed" if node.args.get("indexed") is False else ""
        return Source(alias or name, full, -1, how, on, hint=hint, at=mark(inner))

    # -- writes --------------------------------------------------------------------------------------------------------

    def _targeted(self, tree: exp.Expr, number: int, scope: _Scope, others: list[Source]) -> tuple[Source, ...]:
        """Return the sources of UPDATE or DELETE, its target first; the target may name an alias of FROM."""
        own = list(self._sources(tree.this, "target", None, number, scope))
        first, rest = own[0], [*own[1:], *others]
        named = tree.args.get("tables")
        wanted = self._operands.name(named[0].this) if named else first.table if not first.query >= 0 else ""
        for place, source in enumerate(rest):
            if source.alias.lower() == wanted.lower() and source.alias.lower() != first.alias.lower():
                target = msgspec.structs.replace(source, how="target")
                kept = [] if not named else [msgspec.structs.replace(first, how="from")]
                return (target, *kept, *(s for n, s in enumerate(rest) if n != place))
        for source in rest:
            if not named and source.alias.lower() == first.alias.lower():
                return (msgspec.structs.replace(source, how="target"), *(s for s in rest if s is not source))
        return (first, *rest)

    def _update(self, tree: exp.Update, number: int, scope: _Scope) -> Query:
        sources = self._targeted(tree, number, scope, list(self._from(tree, number, scope)))
        self._current = (number, scope)
        return Query(
            "update",
            sources=sources,
            where=self._predicates.predicate(_this(tree.args.get("where"))),
            assigns=self._assigns(tree.expressions),
            order=self._order(tree.args.get("order")),
            limit=tree.args.get("limit") is not None,
        )

    def _delete(self, tree: exp.Delete, number: int, scope: _Scope) -> Query:
        others: list[Source] = []
        for node in tree.args.get("using") or ():
            others += self._sources(node, "cross", None, number, scope)
        sources = self._targeted(tree, number, scope, others)
        self._current = (number, scope)
        return Query(
            "delete",
            sources=sources,
            where=self._predicates.predicate(_this(tree.args.get("where"))),
            order=self._order(tree.args.get("order")),
            limit=tree.args.get("limit") is not None,
        )

    def _insert(self, tree: exp.Insert, number: int, scope: _Scope) -> Query:
        target, columns = tree.this, []
        if isinstance(target, exp.Schema):
            target, columns = target.this, target.expressions
        if not isinstance(target, exp.Table):
            raise UnsupportedError("what is inserted into is no table")
        source = self._table(target, "", "target", None, {})
        arms = []
        if isinstance(tree.expression, exp.Query):
            arms.append(len(self._queries))
            self._block(tree.expression, -1, scope)
            self._current = (number, scope)
        conflict = tree.args.get("conflict")
        updates: tuple[Assign, ...] = ()
        if conflict is not None:
            keys = [k.this if isinstance(k, exp.Ordered) else k for k in conflict.args.get("conflict_keys") or ()]
            self._conflict = tuple(self._operands.name(k.this) for k in keys if isinstance(k, exp.Column))
            updates = self._assigns(conflict.expressions)
        del updates
        assigns = tuple(Assign(self._operands.name(c)) for c in columns if isinstance(c, exp.Identifier))
        return Query("insert", sources=(source,), assigns=assigns, arms=tuple(arms))

    def _merge(self, tree: exp.Merge, number: int, scope: _Scope) -> Query:
        target = next(iter(self._sources(tree.this, "target", None, number, scope)))
        using = list(self._sources(tree.args["using"], "inner", None, number, scope))
        self._current = (number, scope)
        using[0] = msgspec.structs.replace(using[0], on=self._predicates.predicate(tree.args.get("on")))
        assigns: list[Assign] = []
        for when in tree.args["whens"].expressions:
            if isinstance(when.args.get("then"), exp.Update):
                assigns += self._assigns(when.args["then"].expressions)
        return Query("merge", sources=(target, *using), assigns=tuple(assigns))

    def _assigns(self, nodes: list[exp.Expr]) -> tuple[Assign, ...]:
        found = []
        for node in nodes:
            if isinstance(node, exp.EQ) and isinstance(node.this, exp.Column):
                value = self._operands.operand(node.expression, text=False)
                found.append(Assign(self._operands.name(node.this.this), value))
        return tuple(found)


def _this(node: Any) -> Any:
    return node.this if isinstance(node, exp.Expr) else None


def _modified(node: exp.Expr) -> bool:
    return any(node.args.get(key) for key in ("order", "limit", "offset"))


def _joins(node: exp.Subquery) -> bool:
    """Say whether brackets hold joined tables rather than a query."""
    inner = node.this
    while isinstance(inner, exp.Subquery):
        inner = inner.this
    return isinstance(inner, exp.Table)


def _how(join: exp.Join) -> How:
    side, kind = str(join.args.get("side") or "").upper(), str(join.args.get("kind") or "").upper()
    if side == "LEFT":
        return "left"
    if side == "RIGHT":
        return "right"
    if side == "FULL":
        return "full"
    return "cross" if kind == "CROSS" or not (join.args.get("on") or join.args.get("using")) else "inner"


def _both(first: Predicate | None, second: Predicate | None) -> Predicate | None:
    if first is None or second is None:
        return second if first is None else first
    return And((first, second))


def _members(tree: exp.Expr) -> list[exp.Expr]:
    if not isinstance(tree, exp.SetOperation):
        return [tree.this]
    found: list[exp.Expr] = []
    waiting: list[exp.Expr] = [tree]
    while waiting:
        item = waiting.pop()
        if isinstance(item, type(tree)) and (item is tree or not _ordered(item)):
            waiting += [item.args["expression"], item.this]
        else:
            found.append(item)
    return found


def _ordered(item: exp.Expr) -> bool:
    return any(item.args.get(key) for key in ("order", "limit", "offset", "with_"))


def _unions(tree: exp.Expr) -> Iterator[exp.Expr]:
    waiting: list[exp.Expr] = [tree]
    while waiting:
        item = waiting.pop()
        if isinstance(item, exp.Union):
            yield item
            waiting += [item.this, item.args["expression"]]


def _implied(node: exp.Expr) -> str:
    """Return the name that a column without alias gets: the function's, as PostgreSQL does."""
    if isinstance(node, exp.Anonymous):
        return str(node.this).lower()
    return node.sql_name().lower() if isinstance(node, exp.Func) else ""


def _same(key: Operand, keys: list[Operand]) -> bool:
    if isinstance(key, Column):
        return any(isinstance(k, Column) and (k.source, k.name) == (key.source, key.name) for k in keys)
    return key in keys
