"""SQLAlchemy and SQLModel: `select(…)`, `session.query(…)`, `Model.query`, Core tables, and the chains that follow."""

from __future__ import annotations

from dataclasses import dataclass, replace

from msgspec.structs import replace as changed

from fragaudit.link.orm.core import Model
from fragaudit.link.orm.reader import Read
from fragaudit.link.queries.alchemy_terms import RECORDS, Terms, named
from fragaudit.link.queries.draft import (
    Bag,
    Choice,
    Draft,
    Drafts,
    Entity,
    Join,
    Keywords,
    Labelled,
    Path,
    Sorted,
    Thing,
)
from fragaudit.link.queries.flow import MOST_OPTIONS, Flow, options
from fragaudit.link.queries.peewee import join_type
from fragaudit.link.queries.predicates import OPERANDS, PREDICATES, UNKNOWN, both
from fragaudit.link.queries.rows import Rows, lazily, rows_of
from fragaudit.link.queries.tables import equal, primary_key
from fragaudit.model.sql import (
    Assign,
    Column,
    Compare,
    Constant,
    Expression,
    Order,
    Output,
    Parameter,
    Predicate,
    Source,
)
from fragaudit.model.values import Attr, Call, Lit, Operation, Ref, Value

OF = "sqlalchemy"
LIBRARIES = (
    "sqlalchemy",
    "sqlmodel",
    "flask_sqlalchemy",
    "sqlalchemy_utils",
    "fastapi_async_sqlalchemy",
    "ormar",
    "peewee",
    "piccolo",
)
_STARTS = {"select": "select", "update": "update", "delete": "delete", "insert": "insert", "query": "select"}
_RUN = frozenset(
    {
        "execute",
        "scalars",
        "scalar",
        "exec",
        "stream",
        "stream_scalars",
        "scalar_one",
        "scalar_one_or_none",
        "fetch_all",
        "fetch_one",
        "fetch_val",
        "iterate",
        "scalar_all",
    }
)
"""Methods of sessions and connections that run the query they are given."""
_ENDS = frozenset(
    {
        "all",
        "one",
        "one_or_none",
        "scalar",
        "scalar_one",
        "scalar_one_or_none",
        "count",
        "first",
        "delete",
        "update",
        "get",
        "yield_per",
        "paginate",
        "first_or_404",
        "one_or_404",
        "get_or_404",
        "scalars",
        "exists_",
        "partitions",
        "aiterator",
    }
)
_SAME = frozenset(
    {
        "execution_options",
        "dicts",
        "tuples",
        "objects",
        "namedtuples",
        "iterator",
        "switch",
        "on_conflict",
        "on_conflict_ignore",
        "with_for_update",
        "enable_eagerloads",
        "populate_existing",
        "correlate",
        "params",
        "with_hint",
        "prefix_with",
        "suffix_with",
        "autoflush",
        "returning",
        "with_session",
        "set_label_style",
        "with_labels",
        "enable_assertions",
        "correlate_except",
        "reset_joinpoint",
        "execute_options",
        "ordered_values",
        "with_loader_criteria",
        "cache_key",
        "unique",
        "with_statement_hint",
        "on_conflict_do_nothing",
        "on_duplicate_key_update",
        "inline",
        "compile",
    }
)
_SETS = {
    "union": "union",
    "union_all": "union all",
    "intersect": "intersect",
    "except_": "except",
    "except_all": "except",
}
AGGREGATES = frozenset(
    {
        "count",
        "sum",
        "avg",
        "array_agg",
        "string_agg",
        "group_concat",
        "json_agg",
        "bool_or",
        "bool_and",
        "jsonb_agg",
        "count_if",
        "percentile_cont",
        "stddev",
        "variance",
        "max",
        "min",
    }
)


class Alchemy(Terms):
    """Understands the calls of SQLAlchemy."""

    # -- what starts a query -------------------------------------------------------------------------------------------

    def function(self, call: Call, flow: Flow) -> Thing | None:
        """Return what a call of the library's functions, or of a session's methods, is."""
        func = call.func
        name = getattr(func, "name", "")
        if name in ("query", "exists") and isinstance(func, Attr) and self._of_session(call, flow):
            return self._start(call, "select", flow)
        if name in _RUN and call.args:
            return self._run(call, flow)
        if name in LOADERS | _NOT_LOADING and call.args:
            thing = flow.argument(call.args[0])
            return Loader(((name, thing),)) if isinstance(thing, Path) else None
        if name == "get" and len(call.args) >= 2 and isinstance(func, Attr):
            return self._get(call, flow)
        if (
            name in ("Table", "aliased", "with_polymorphic")
            or name in _STARTS
            or name in self.FUNCTIONS
            or name in _SETS
        ):
            if name == "Table":
                model = flow.mapping.table(call, flow.view)
                return flow.entity_of(model) if model is not None else None
            if not self._is_library(call, flow):
                return None
            if name in _STARTS:
                return self._start(call, _STARTS[name], flow)
            if name in _SETS:
                arms = tuple(o[0] for a in call.args if (o := options(flow.argument(a))))
                return Draft(OF, flow.place.file).add("arms", (_SETS[name], arms), flow.branch)
            return self.term(name, call, flow)
        return self.term(name, call, flow) if self._is_func(func) and self._is_library(call, flow) else None

    def _is_func(self, func: Value) -> bool:
        return isinstance(func, Attr) and isinstance(func.base, (Ref, Attr)) and func.base.name in ("func", "fn")

    def _is_library(self, call: Call, flow: Flow) -> bool:
        name = flow.reader.callee(call, flow.view)
        if name:
            return name.partition(".")[0] in LIBRARIES
        # `db.select` of an extension object whose class is the project's own
        return (
            isinstance(call.func, Attr)
            and isinstance(call.func.base, Ref)
            and call.func.base.name in ("db", "sa", "fn")
        )

    def _of_session(self, call: Call, flow: Flow) -> bool:
        """Say whether `x.query(…)` asks for models or columns of them, as only a session does."""
        first = flow.argument(call.args[0]) if call.args else None
        return isinstance(first, (Entity, Column, Labelled, Expression)) or (
            isinstance(first, Compare) and first.op == "exists"
        )

    def _start(self, call: Call, verb: str, flow: Flow) -> Draft:
        draft = Draft(OF, flow.place.file, verb)  # type: ignore[arg-type]
        if not call.args and isinstance(call.func, Attr):
            draft = draft.add("where", UNKNOWN, flow.branch)  # of a row's relationship, whose key is asked as well
        return self._selected(draft, call, flow, start=True)

    def _selected(self, draft: Draft, call: Call, flow: Flow, *, start: bool = False) -> Draft:
        at = flow.mark(call.at)
        outputs: list[Output] = []
        found: list[tuple[Thing, bool]] = []
        for argument in call.args:
            thing = flow.argument(argument)
            items = [i for i, _ in thing.items] if isinstance(thing, Bag) else [thing]
            found += [(i, argument.name is None or argument.name == "*") for i in items]
        for thing, positional in found:
            if not positional:
                continue
            if isinstance(thing, Entity):
                draft = self._from(draft, thing, flow, at)
                outputs.append(Output(f"{thing.alias}.*"))
            else:
                draft = self._output(draft, thing, outputs, flow)
                for column in _columns(thing):
                    entity = flow.pool.entities.get(column.source)
                    if entity is not None and not draft.root:
                        draft = self._from(draft, entity, flow, at)
        extremes = [o.operand for o in outputs if isinstance(o.operand, Expression)]
        if start and len(outputs) == 1 and extremes and extremes[0].why in ("min()", "max()") and extremes[0].columns:
            kind = extremes[0].why[:3]
            draft = draft.add("extreme", ((kind, extremes[0].columns[0]),), flow.branch)
        return draft.add("outputs", tuple(outputs), flow.branch)

    def _output(self, draft: Draft, thing: Thing, outputs: list[Output], flow: Flow) -> Draft:
        name = ""
        if isinstance(thing, Labelled):
            name, thing = thing.name, thing.value
        operand = flow.operand(thing)
        if isinstance(operand, Column):
            name = name or operand.name
        if isinstance(operand, Expression) and operand.why.removesuffix("()") in AGGREGATES:
            draft = draft.add("aggregate", None, flow.branch)
            # `func.count(func.distinct(x))` and plain counts read the rows that the conditions leave
        outputs.append(Output(name or "?", operand))
        return draft

    def _from(self, draft: Draft, entity: Entity, flow: Flow, at: tuple[int, int]) -> Draft:
        how = "target" if draft.verb != "select" and not draft.root else "from"
        source = Source(entity.alias, entity.table, -1, how, at=at)  # type: ignore[arg-type]
        draft = draft.add("from", Join(source, entity.query), flow.branch)
        if not draft.root:
            draft = replace(draft, root=entity.alias, model=entity.model)
        return draft

    def _run(self, call: Call, flow: Flow) -> Thing | None:
        """Report the query that a session is given; what comes back are rows."""
        func = call.func
        base = flow.thing(func.base) if isinstance(func, Attr) else None
        first = flow.argument(call.args[0])
        drafts = options(first)
        if not drafts:
            if isinstance(base, (Draft, Drafts)):
                return self._end(base, call, getattr(func, "name", ""), flow)
            for argument in call.args[1:]:
                flow.escape(flow.argument(argument), argument.value)
            return None
        for argument in call.args[1:]:
            flow.escape(flow.argument(argument), argument.value)
        for draft in drafts:
            flow.ask(draft, call.at)
        return (rows_of(drafts[0]) if len(drafts) == 1 else None) or RAN

    def _get(self, call: Call, flow: Flow) -> Thing | None:
        """Return what `session.get(Model, key)` asks: the row of a primary key."""
        entity = flow.argument(call.args[0])
        if not isinstance(entity, Entity) or entity.model is None or entity.query >= 0:
            return None
        draft = self._from(Draft(OF, flow.place.file), entity, flow, flow.mark(call.at))
        at = flow.mark(call.args[1].at or call.at)
        for column in primary_key(entity.model):
            draft = draft.add("where", Compare(Column(entity.alias, column, at), "=", (Parameter(),), at), flow.branch)
        flow.ask(draft, call.at)
        return rows_of(draft) or RAN

    # -- chains --------------------------------------------------------------------------------------------------------

    def attribute(self, base: Thing, name: str, flow: Flow) -> Thing | None:
        """Return a column, a relation, or the query that an attribute of a model starts."""
        if isinstance(base, Rows):
            return self._read(base, name, flow)
        model = base.model if isinstance(base, Entity) else None
        if isinstance(base, Entity) and name == "query" and model is not None and "query" not in model.columns:
            return (
                self._from(Draft(OF, flow.place.file), base, flow, flow.here)
                if model.framework.startswith(OF)
                else None
            )
        if isinstance(base, Draft) and base.of == OF and name in ("c", "columns"):
            return self._derived(base, flow)
        return self.member(base, name, flow)

    def method(self, base: Thing, call: Call, name: str, flow: Flow) -> Thing | None:
        """Return what a call adds to a query, or what an expression's method makes of it."""
        if isinstance(base, Loader):
            thing = flow.argument(call.args[0]) if call.args else None
            if not isinstance(thing, Path):
                return base
            return Loader((*base.paths, (name, thing)))
        if isinstance(base, Rows):
            return base.after(name) or self._ran(call, flow)
        drafts = [d for d in options(base) if d.of == OF]
        if not drafts:
            return self.expression(base, call, name, flow) if base is not RAN else self._ran(call, flow)
        if name in _ENDS:
            return self._end(base, call, name, flow)
        if name in ("subquery", "cte", "alias", "lateral"):
            return self._derived(drafts[0], flow)
        if name in ("scalar_subquery", "as_scalar", "label"):
            return replace(drafts[0], scalar=True)
        if (
            name in ("exists", "execute", "run")
            and drafts[0].model is not None
            and drafts[0].model.framework in RECORDS
        ):
            return self._end(base, call, "all", flow)
        if name in ("get_or_create", "run_sync") and drafts[0].model is not None:
            return self._end(base, call, "get" if name == "get_or_create" else "all", flow)
        if name == "exists":
            return Compare(flow.operand(drafts[0]), "exists", (), flow.here)
        made: list[Draft] = []
        for number, draft in enumerate(drafts):
            before = len(flow.asked)
            made += self._alternatives(draft, call, name, flow)
            if number:
                del flow.asked[before:]
        made = made[:MOST_OPTIONS]
        return made[0] if len(made) == 1 else Drafts(tuple(made))

    def _ran(self, call: Call, flow: Flow) -> Thing:
        for argument in call.args:
            flow.escape(flow.argument(argument), argument.value)
        return RAN

    def _alternatives(self, draft: Draft, call: Call, name: str, flow: Flow) -> list[Draft]:
        """Return a query with what a call adds, one for each choice among its arguments."""
        if name in ("where", "filter"):
            return flow.filterings(draft, call.args)
        if name == "order_by":
            return [
                draft.add("order", keys, flow.branch) if keys else draft.add("unordered", None, flow.branch)
                for keys in self._orders(call, flow)
            ]
        return [self._extended(draft, call, name, flow)]

    def _extended(self, draft: Draft, call: Call, name: str, flow: Flow) -> Draft:
        branch = flow.branch
        if name == "options":
            return self._loaded(draft, call, flow)
        if name == "having":
            return flow.filtered(draft, call.args, "having")
        if name == "filter_by":
            return self._filter_by(draft, call, flow)
        if name in ("join", "outerjoin", "join_from", "outerjoin_from"):
            return self._join(draft, call, name.startswith("outer"), flow, named=name.endswith("_from"))
        if name == "select_from":
            return self._select_from(draft, call, flow)
        if name in ("limit", "fetch", "slice"):
            flow_argument = flow.argument(call.args[0]) if call.args else None
            del flow_argument
            return draft.add("limit", None, branch)
        if name == "offset":
            return draft.add("offset", None, branch)
        if name == "group_by":
            keys_ = tuple(k for a in call.args for k in self._keys(flow.argument(a), flow))
            return draft.add("group", keys_, branch)
        if name == "distinct":
            return draft.add("distinct", None, branch)
        if name in ("with_entities", "with_only_columns", "add_columns", "add_column", "column", "add_entity"):
            return self._selected(self._without_outputs(draft, name), call, flow)
        if name == "values":
            return self._values(draft, call, flow)
        if name in _SETS:
            arms = tuple(o[0] for a in call.args if (o := options(flow.argument(a))))
            return Draft(OF, draft.file).add("arms", (_SETS[name], (draft, *arms)), branch)
        for argument in call.args:
            flow.escape(flow.argument(argument), argument.value)
        if name != "with_parent" and (name in _SAME or name.startswith(("on_conflict", "with_", "execution"))):
            return draft
        # A method of the project's own query class, or the foreign key of an object whose class isn't known.
        return draft.add("where", UNKNOWN, branch)

    def _loaded(self, draft: Draft, call: Call, flow: Flow) -> Draft:
        """Report the queries that load related rows beside a query's own, and add the joins that load them with it."""
        for argument in call.args:
            thing = flow.argument(argument)
            if not isinstance(thing, Loader):
                continue
            outer, flow.here = flow.here, flow.mark(argument.at or call.at)
            beside: Draft | None = None
            last: Entity | None = None
            for name, path in thing.paths:
                draft = draft.add("loaded", path.name, flow.branch)
                target = self.target_of(path, flow) if name in LOADERS else None
                if target is None:
                    last = None
                    continue
                other = flow.pool.entity(Entity(flow.pool.alias(target.alias), target.model, target.table))
                held, own = beside or draft, last or path.entity
                if name == "joinedload" and _sources(held, own.alias):
                    for join in self._along(replace(path, entity=own), other, None, "left", flow):
                        held = held.add("join", join, flow.branch)
                    draft, beside = (held, None) if beside is None else (draft, held)
                else:
                    self._asked(beside, call, flow)
                    beside = self._beside(path, other, flow, several=name != "immediateload")
                last = other
            self._asked(beside, call, flow)
            flow.here = outer
        return draft

    def _asked(self, draft: Draft | None, call: Call, flow: Flow) -> None:
        if draft is not None:
            flow.ask(draft, call.at)

    def _read(self, base: Rows, name: str, flow: Flow) -> Thing | None:
        """Report the query that reading a relationship of an object comes to, and return the objects it leads to."""
        path = lazily(base, name, flow.entity_of(base.model), flow.mapping)
        target = self.target_of(path, flow) if path is not None else None
        if path is None or target is None or target.model is None:
            return None
        other = flow.pool.entity(Entity(flow.pool.alias(target.alias), target.model, target.table))
        key = (flow.place, base.model.table.name, name)
        if key not in flow.pool.read:
            flow.pool.read.add(key)
            self._asked(self._beside(path, other, flow, several=False), Call(Ref(name), (), flow.statement), flow)
        return Rows(target.model)

    def _beside(self, path: Path, other: Entity, flow: Flow, *, several: bool) -> Draft | None:
        """Return the query by which rows of a relationship are loaded: by the keys of those already there."""
        steps = self.steps(path, other, flow)
        if not steps:
            return None
        inner = self._from(Draft(OF, flow.place.file), other, flow, flow.here)
        for entity, on in steps:
            for condition in on:
                if not isinstance(condition, Compare):
                    continue
                own = next(
                    (
                        c
                        for c in (condition.left, *condition.right)
                        if isinstance(c, Column) and c.source == entity.alias
                    ),
                    None,
                )
                if entity is steps[0][0] and own is not None:
                    keys = (Parameter(), Parameter()) if several else (Parameter(),)
                    condition = Compare(own, "in" if several else "=", keys, flow.here)
                    inner = inner.add("where", condition, flow.branch)
                else:
                    inner = inner.add("where", condition, flow.branch)
        return inner

    def _without_outputs(self, draft: Draft, name: str) -> Draft:
        if name.startswith("add_") or name == "column":
            return draft
        return replace(
            draft, clauses=tuple(c for c in draft.clauses if c.kind not in ("outputs", "aggregate", "extreme"))
        )

    def _filter_by(self, draft: Draft, call: Call, flow: Flow) -> Draft:
        joined = [c.value for c in draft.clauses if c.kind == "join" and isinstance(c.value, Join)]
        alias = joined[-1].source.alias if joined else draft.root
        entity = flow.pool.entities.get(alias)
        for argument in call.args:
            thing = flow.given(argument)
            if argument.name == "**" and isinstance(thing, Keywords) and thing.complete:
                given = thing.entries
            else:
                given = ((argument.name if argument.name not in (None, "*", "**") else "", thing),)
            outer, flow.here = flow.here, flow.mark(argument.at or call.at)
            for name, value in given:
                column = self.member(entity, name, flow) if entity is not None and name else None
                made = self.compare(column, "==", value, flow) if column is not None else None
                draft = draft.add("where", made if made is not None else UNKNOWN, flow.branch)
            flow.here = outer
        return draft

    def _orders(self, call: Call, flow: Flow) -> list[tuple[Order, ...]]:
        """Return the keys that a call orders by, one row for each choice among them; an empty one for no order."""
        found: list[tuple[Order, ...]] = [()]
        for argument in call.args:
            thing = flow.argument(argument)
            if len(call.args) == 1 and thing == Constant(None, "null"):
                return [()]
            for item in [i for i, _ in thing.items] if isinstance(thing, Bag) else [thing]:
                options = item.options if isinstance(item, Choice) else (item,)
                found = [(*keys, self._order(o, flow)) for keys in found for o in options][:MOST_OPTIONS]
        kept: list[tuple[Order, ...]] = []
        for keys in found:
            # An index is walked in either direction.
            if keys not in kept and tuple(changed(k, descending=not k.descending) for k in keys) not in kept:
                kept.append(keys)
        return kept

    def _order(self, item: Thing, flow: Flow) -> Order:
        if isinstance(item, Sorted):
            return _usual(item.order, flow.dialect)
        if isinstance(item, Constant) and (column := named(item, flow)) is not None:
            return Order(column)
        if isinstance(item, OPERANDS) and not isinstance(item, Parameter):
            return Order(item)
        return Order(Expression("", (), "chosen when it runs"))

    def _keys(self, thing: Thing, flow: Flow) -> list[object]:
        if isinstance(thing, Bag):
            return [k for i, _ in thing.items for k in self._keys(i, flow)]
        if isinstance(thing, Entity) and thing.model is not None:
            return [Column(thing.alias, c) for c in primary_key(thing.model)]
        return [flow.operand(thing)]

    def _values(self, draft: Draft, call: Call, flow: Flow) -> Draft:
        entity = flow.pool.entities.get(draft.root)
        assigns: list[Assign] = []
        for argument in call.args:
            thing = flow.argument(argument)
            if argument.name is None or argument.name in ("*", "**"):
                continue
            column = self.member(entity, argument.name, flow) if entity is not None else None
            name = column.name if isinstance(column, Column) else argument.name
            assigns.append(Assign(name, flow.operand(thing) if thing is not None else None))
        return draft.add("set", tuple(assigns), flow.branch)

    # -- what ends a query ---------------------------------------------------------------------------------------------

    def _end(self, base: Thing, call: Call, name: str, flow: Flow) -> Thing:
        for draft in options(base):
            if name == "get" and draft.model is not None and draft.model.framework in RECORDS:
                draft = flow.filtered(draft, call.args).add("limit", None, flow.branch)
            elif name == "get" and draft.model is not None and call.args:
                at = flow.mark(call.at)
                for column in primary_key(draft.model):
                    condition: Predicate = Compare(Column(draft.root, column, at), "=", (Parameter(),), at)
                    draft = draft.add("where", condition, flow.branch)
            elif name == "get_or_404" and draft.model is not None:
                for column in primary_key(draft.model):
                    draft = draft.add("where", Compare(Column(draft.root, column), "=", (Parameter(),)), flow.branch)
            elif name in ("first", "first_or_404", "paginate"):
                draft = draft.add("limit", None, flow.branch)
            elif name == "count":
                draft = draft.add("aggregate", None, flow.branch).add("unordered", None, flow.branch)
            elif name in ("delete", "update"):
                draft = self._written(draft, call, name, flow)
            flow.ask(draft, call.at)
        for argument in call.args:
            if argument.name != "synchronize_session":
                flow.escape(flow.argument(argument), argument.value)
        found = rows_of(draft) if len(options(base)) == 1 else None
        return (found.after(name) if found is not None else None) or RAN

    def _written(self, draft: Draft, call: Call, name: str, flow: Flow) -> Draft:
        assigns: tuple[Assign, ...] = ()
        if name == "update" and call.args:
            entries = flow.reader.entries(Read(call.args[0].value, flow.view))
            assigns = tuple(Assign(key) for key in entries)
        draft = replace(draft, verb="delete" if name == "delete" else "update")
        return draft.add("set", assigns, flow.branch)

    def _derived(self, draft: Draft, flow: Flow) -> Entity:
        """Return a query as something that columns can be taken from."""
        alias = flow.pool.alias("anon")
        return flow.pool.entity(Entity(alias, None, "", flow.pool.query(draft), flow.here))

    # -- joins ---------------------------------------------------------------------------------------------------------

    def _select_from(self, draft: Draft, call: Call, flow: Flow) -> Draft:
        for argument in call.args:
            thing = flow.argument(argument)
            if isinstance(thing, Entity):
                draft = self._from(replace(draft, root=""), thing, flow, flow.mark(call.at))
            elif isinstance(thing, Joined):
                for join in thing.joins:
                    draft = draft.add("join" if join.source.on is not None else "from", join, flow.branch)
                first = thing.joins[0].source.alias
                entity = flow.pool.entities.get(first)
                draft = replace(draft, root=first, model=entity.model if entity is not None else None)
            elif thing is None:
                draft = draft.add("where", UNKNOWN, flow.branch)
        return draft

    def _join(self, draft: Draft, call: Call, outer: bool, flow: Flow, *, named: bool = False) -> Draft:
        arguments = [a for a in call.args if a.name not in ("isouter", "full", "join_type", "attr")]
        flags = {a.name: a.value for a in call.args}
        how = "left" if outer or flags.get("isouter") == Lit(True) else "inner"
        if getattr(flags.get("join_type"), "name", "").startswith("LEFT"):
            how = "left"
        if arguments and (kind := join_type(arguments[-1].value)):
            arguments.pop()
            how = "left" if kind.startswith("LEFT") else how
        how = "full" if flags.get("full") == Lit(True) else how
        if named and arguments:
            left = flow.argument(arguments.pop(0))
            if isinstance(left, Entity):
                draft = self._from(draft, left, flow, flow.mark(call.at))
        if not arguments:
            return draft
        target = flow.argument(arguments[0])
        given = flow.argument(arguments[1]) if len(arguments) > 1 else None
        outer_here, flow.here = flow.here, flow.placed(call)
        for join in self.joins(draft, target, given, len(arguments) > 1, how, flow):
            draft = draft.add("join", join, flow.branch)
        flow.here = outer_here
        return draft

    def joins(self, draft: Draft, target: Thing, given: Thing, explicit: bool, how: str, flow: Flow) -> list[Join]:
        """Return the entries of FROM that a join adds."""
        if isinstance(target, Path):
            other = target.target or self.target_of(target, flow)
            extra = target.condition
            if other is None:
                return [Join(Source(flow.pool.alias("unknown"), "", -1, "inner", UNKNOWN))]
            return self._along(target, other, extra, how, flow)
        if isinstance(target, Draft):
            target = self._derived(target, flow)
        if not isinstance(target, Entity):
            return [Join(Source(flow.pool.alias("unknown"), "", -1, "inner", UNKNOWN))]
        if isinstance(given, Path):
            return self._along(given, target, None, how, flow)
        if explicit:
            return [self._joined(target, flow.predicate(given), how, flow)]
        if target.query >= 0:
            return [self._joined(target, self._derived_on(draft, target, flow), how, flow)]
        known = [flow.pool.entities.get(c.value.source.alias) for c in draft.clauses if isinstance(c.value, Join)]
        for entity in known[-1:] + known[:-1]:  # the foreign keys of the table that was joined last come first
            if entity is not None and entity.model is not None and target.model is not None:
                pairs = flow.mapping.pairs(entity.model, target.model)
                if pairs is not None:
                    return [self._joined(target, both(equal(entity.alias, target.alias, pairs, flow.here)), how, flow)]
        return [self._joined(target, UNKNOWN, how, flow)]

    def _derived_on(self, draft: Draft, target: Entity, flow: Flow) -> Predicate:
        """Return what joins a derived table on its own: the foreign key of the table behind it."""
        inner = flow.pool.queries[target.query]
        names = {
            o.operand.name: o.name
            for c in inner.clauses
            if c.kind == "outputs" and isinstance(c.value, tuple)
            for o in c.value
            if isinstance(o, Output) and isinstance(o.operand, Column)
        }
        for clause in draft.clauses:
            entity = flow.pool.entities.get(clause.value.source.alias) if isinstance(clause.value, Join) else None
            if entity is not None and entity.model is not None and inner.model is not None:
                pairs = flow.mapping.pairs(entity.model, inner.model)
                if pairs is not None and all(there in names for _, there in pairs):
                    moved = tuple((own, names[there]) for own, there in pairs)
                    return both(equal(entity.alias, target.alias, moved, flow.here))
        return UNKNOWN

    def _joined(self, entity: Entity, on: Predicate, how: str, flow: Flow) -> Join:
        return Join(Source(entity.alias, entity.table, -1, how, on, at=flow.here), entity.query)  # type: ignore[arg-type]

    def _along(self, path: Path, other: Entity, extra: Predicate | None, how: str, flow: Flow) -> list[Join]:
        """Return the joins along a relationship, by way of its association table if it has one."""
        steps = self.steps(path, other, flow)
        if steps is None:
            return [self._joined(other, UNKNOWN, how, flow)]
        found = [self._joined(entity, both(on), how, flow) for entity, on in steps]
        if extra is not None:
            last = found[-1]
            on = both([p for p in (last.source.on, extra) if p is not None])
            found[-1] = Join(_with_on(last.source, on), last.query)
        return found


def _usual(order: Order, dialect: str) -> Order:
    """Leave out where nulls go if they go there anyway."""
    first = order.descending if dialect in ("postgres", "redshift", "oracle", "") else not order.descending
    return changed(order, nulls="") if order.nulls == ("first" if first else "last") else order


LOADERS = frozenset({"selectinload", "subqueryload", "joinedload", "immediateload"})
_NOT_LOADING = frozenset({"contains_eager", "raiseload", "noload"})
"""Options after which reading a relationship asks nothing, and that ask nothing themselves."""


@dataclass(frozen=True)
class Loader:
    """How related rows are to be loaded, along one relationship after another, each by its own option."""

    paths: tuple[tuple[str, Path], ...]


class Joined:
    """Tables joined by a function of Core, before any query is made of them."""

    def __init__(self, joins: list[Join]) -> None:
        self.joins = joins


class _Ran:
    """What comes back from a query that was run: rows, of which nothing more is asked."""


RAN = _Ran()


def _sources(draft: Draft, alias: str) -> bool:
    """Say whether a query reads something under an alias."""
    return any(isinstance(c.value, Join) and c.value.source.alias == alias for c in draft.clauses)


def _with_on(source: Source, on: Predicate) -> Source:
    return changed(source, on=on)


def _columns(thing: Thing) -> list[Column]:
    if isinstance(thing, Labelled):
        return _columns(thing.value)
    if isinstance(thing, Column):
        return [thing]
    if isinstance(thing, Expression):
        return list(thing.columns)
    if isinstance(thing, PREDICATES):
        return []
    return []


__all__ = ["AGGREGATES", "OF", "RAN", "Alchemy", "Joined", "Model", "Operation"]
