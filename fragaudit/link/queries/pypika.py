"""PyPika's builders: `Query.from_(t).select(t.id).where(t.name == x)`, of tables that are named by their texts."""

from __future__ import annotations

from dataclasses import dataclass, replace

from fragaudit.link.orm.reader import Read
from fragaudit.link.queries.draft import Bag, Draft, Drafts, Entity, Join, Thing
from fragaudit.link.queries.flow import Flow, options
from fragaudit.link.queries.flow.conditions import filtered
from fragaudit.link.queries.predicates import PREDICATES, UNKNOWN, both, computed, either, negated
from fragaudit.link.queries.tables import equal
from fragaudit.model.sql import (
    Assign,
    Column,
    Compare,
    Expression,
    Operator,
    Order,
    Output,
    Parameter,
    Source,
)
from fragaudit.model.values import Attr, Call, Lit, Operation, Value

OF = "pypika"
LIBRARIES = frozenset({"pypika", "pypika_tortoise"})
_STARTS = {"from_": "select", "select": "select", "update": "update", "into": "insert"}
_JOINS = {"join": "inner", "inner_join": "inner", "left_join": "left", "left_outer_join": "left", "right_join": "right",
          "outer_join": "full", "full_outer_join": "full", "cross_join": "cross"}  # fmt: skip
_COMPARED: dict[str, Operator] = {"eq": "=", "ne": "<>", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
_AGGREGATES = frozenset({"Count", "Sum", "Avg", "Max", "Min", "Std", "StdDev"})
_ENDS = frozenset({"get_sql", "get_parameterized_sql"})


@dataclass(frozen=True)
class Named(Entity):
    """A table that is named by its text."""


@dataclass(frozen=True)
class Joiner:
    """A join that still lacks its condition."""

    draft: Draft
    entity: Entity
    how: str


class PyPika:
    """Understands the builders of PyPika."""

    def function(self, call: Call, flow: Flow) -> Thing | None:
        """Return a table, a query that a class starts, or a function of columns."""
        name = getattr(call.func, "name", "")
        if name not in _STARTS and name[:1].islower() and name not in ("all", "any", "str"):
            return None
        if name == "str":
            found = [flow.argument(a) for a in call.args]
            for draft in (d for t in found for d in options(t) if d.of == OF):
                flow.ask(draft, call.at)
            return Bag() if any(d.of == OF for t in found for d in options(t)) else None
        if flow.reader.callee(call, flow.view).partition(".")[0] not in LIBRARIES:
            return None
        if name == "Table":
            return self._table(call, flow)
        if name == "Tables":
            names = [flow.reader.text(Read(a.value, flow.view)) for a in call.args]
            return Bag(tuple((self._named(n, n, flow) if n else None, flow.branch) for n in names))
        if name == "Field":
            return self._field(call, flow)
        given = [flow.argument(a) for a in call.args if a.name is None]
        if name in _STARTS and isinstance(call.func, Attr):
            return self._start(_STARTS[name], given, call, flow)
        if name in ("all", "any"):
            items = [i for t in given[:1] if isinstance(t, Bag) for i, _ in t.items]
            predicates = [i if isinstance(i, PREDICATES) else UNKNOWN for i in items]
            return both(predicates) if name == "all" else either(predicates)
        operands = [flow.operand(t) for t in given]
        return computed(name, operands) if name[:1].isupper() else None

    def _table(self, call: Call, flow: Flow) -> Thing | None:
        name = flow.reader.text(Read(call.args[0].value, flow.view)) if call.args else None
        if not name:
            return None
        alias = next((flow.reader.text(Read(a.value, flow.view)) for a in call.args if a.name == "alias"), None)
        return self._named(name, alias or name, flow)

    def _named(self, name: str, alias: str, flow: Flow) -> Entity:
        return flow.pool.entity(Named(alias, flow.mapping.by_table.get(name.lower()), name))

    def _field(self, call: Call, flow: Flow) -> Column | None:
        name = flow.reader.text(Read(call.args[0].value, flow.view)) if call.args else None
        return Column("", name, flow.mark(call.at)) if name else None

    def _start(self, verb: str, given: list[Thing], call: Call, flow: Flow) -> Thing | None:
        first: Thing = given[0] if given else None
        text = flow.reader.text(Read(call.args[0].value, flow.view)) if call.args and first is not None else None
        if text:
            first = self._named(text, text, flow)
        if isinstance(first, Draft):
            first = flow.pool.entity(Entity(flow.pool.alias("anon"), None, "", flow.pool.query(first), flow.here))
        if not isinstance(first, Entity):
            return None
        how = "from" if verb == "select" else "target"
        source = Source(first.alias, first.table, -1, how, at=flow.mark(call.at))  # type: ignore[arg-type]
        draft = Draft(OF, flow.place.file, verb, root=first.alias, model=first.model)  # type: ignore[arg-type]
        return draft.add("from", Join(source, first.query), flow.branch)

    # -- what is known of tables and columns ---------------------------------------------------------------------------

    def attribute(self, base: Thing, name: str, flow: Flow) -> Thing | None:
        """Return a column of a table."""
        return Column(base.alias, name, flow.here) if isinstance(base, Named) and name != "star" else None

    def item(self, base: Thing, key: Value, flow: Flow) -> Thing | None:
        """Return a column by its name, or a range of one: `t.age[18:65]`."""
        if isinstance(base, Named) and isinstance(key, Lit) and isinstance(key.value, str):
            return Column(base.alias, key.value, flow.here)
        if (
            isinstance(base, Bag)
            and isinstance(key, Lit)
            and isinstance(key.value, int)
            and key.value < len(base.items)
        ):
            named = base.items[key.value][0]
            return named if isinstance(named, Named) else None
        entity = flow.pool.entities.get(base.source) if isinstance(base, Column) else None
        if isinstance(base, Column) and isinstance(entity, Named) and isinstance(key, Operation) and key.op == ":":
            return both(
                [Compare(base, ">=", (Parameter(),), flow.here), Compare(base, "<=", (Parameter(),), flow.here)]
            )
        return None

    def operation(self, op: str, things: list[Thing], flow: Flow) -> Thing | None:
        """Columns compare as those of other libraries do."""
        del op, things, flow
        return None

    def each(self, found: Thing, flow: Flow) -> Thing | None:
        """Return nothing: what a loop is at leads nowhere here."""
        del found, flow
        return None

    def method(self, base: Thing, call: Call, name: str, flow: Flow) -> Thing | None:
        """Return what a call adds to a query, or makes of a table or column."""
        given = [flow.argument(a) for a in call.args if a.name is None]
        if isinstance(base, Named):
            return self._of_table(base, given, call, name, flow)
        if isinstance(base, (Column, Expression)):
            return self._of_column(base, given, name, flow)
        if isinstance(base, PREDICATES) and name == "negate":
            return negated(base)
        if isinstance(base, Joiner):
            return self._on(base, given, name, flow)
        drafts = [d for d in options(base) if d.of == OF]
        if not drafts:
            return None
        if name in _ENDS:
            for draft in drafts:
                flow.ask(draft, call.at)
            return Bag()
        made = [self._extended(d, given, call, name, flow) for d in drafts]
        if isinstance(made[0], Joiner):
            return made[0]
        found = tuple(m for m in made if isinstance(m, Draft))
        return found[0] if len(found) == 1 else Drafts(found)

    def _of_table(self, base: Named, given: list[Thing], call: Call, name: str, flow: Flow) -> Thing | None:
        if name == "as_" and call.args:
            alias = flow.reader.text(Read(call.args[0].value, flow.view))
            return flow.pool.entity(replace(base, alias=alias)) if alias else None
        if name in ("field", "get_field"):
            found = self._field(call, flow)
            return Column(base.alias, found.name, flow.here) if found is not None else None
        if name in ("select", "update", "insert"):
            started = self._start("select" if name == "select" else name, [base], replace_args(call), flow)
            return self._extended(started, given, call, name, flow) if isinstance(started, Draft) else None
        return None

    def _of_column(self, base: Column | Expression, given: list[Thing], name: str, flow: Flow) -> Thing | None:
        value = flow.operand(given[0]) if given else Parameter()
        at = flow.here if flow.here[0] >= 0 else base.at
        if name in ("isin", "notin"):
            sense: Operator = "in" if name == "isin" else "not in"
            items = tuple(flow.operand(i) for i, _ in given[0].items) if given and isinstance(given[0], Bag) else ()
            return Compare(
                base, sense, items or ((value,) if options(given[0] if given else None) else (value, value)), at
            )
        if name in ("isnull", "notnull", "isnotnull"):
            return Compare(base, "is null" if name == "isnull" else "is not null", (), at)
        if name in _COMPARED:
            return Compare(base, _COMPARED[name], (value,), at)
        if name == "as_":
            return base
        return Compare(base, "regex", (value,), at) if name in ("regex", "rlike") else None

    def _extended(self, draft: Draft, given: list[Thing], call: Call, name: str, flow: Flow) -> Thing:
        branch = flow.branch
        if name == "where":
            return filtered(draft, call.args, flow)
        if name == "having":
            return filtered(draft, call.args, flow, "having")
        if name == "select":
            counted = any(getattr(getattr(a.value, "func", None), "name", "") in _AGGREGATES for a in call.args)
            draft = draft.add("aggregate", None, branch) if counted else draft
            operands = tuple(Output(getattr(t, "name", "?"), flow.operand(t)) for t in given)
            return draft.add("outputs", operands, branch)
        if name in ("orderby", "order_by"):
            return draft.add("order", self._orders(draft, given, call), branch)
        if name == "limit":
            return draft.add("limit", None, branch)
        if name == "offset":
            return draft.add("offset", None, branch)
        if name == "groupby":
            return draft.add("group", tuple(t for t in given if isinstance(t, Column)), branch)
        if name == "distinct":
            return draft.add("distinct", None, branch)
        if name == "delete":
            clauses = tuple(
                replace(c, value=Join(_target(c.value.source))) if c.kind == "from" and isinstance(c.value, Join) else c
                for c in draft.clauses
            )
            return replace(draft, verb="delete", clauses=clauses)
        if name == "set":
            column = given[0] if given else None
            return draft.add("set", (Assign(column.name),) if isinstance(column, Column) else (), branch)
        if name in _JOINS and given and isinstance(given[0], (Entity, Draft)):
            other = given[0]
            if isinstance(other, Draft):
                query = flow.pool.query(other)
                other = flow.pool.entity(Entity(flow.pool.alias("anon"), None, "", query, flow.here))
            if _JOINS[name] == "cross":
                source = Source(other.alias, other.table, -1, "from", at=flow.mark(call.at))
                return draft.add("from", Join(source, other.query), branch)
            return Joiner(draft, other, _JOINS[name])
        if name in ("columns", "insert", "replace", "with_", "force_index", "use_index", "for_update", "ignore", "as_"):
            return draft
        return draft.add("where", UNKNOWN, branch)

    def _orders(self, draft: Draft, given: list[Thing], call: Call) -> tuple[Order, ...]:
        way = next((a.value for a in call.args if a.name == "order"), None)
        found = []
        for thing in given:
            operand = thing if isinstance(thing, Column) else Expression("", (), "chosen when it runs")
            if isinstance(getattr(thing, "value", None), str):
                operand = Column(draft.root, str(getattr(thing, "value", "")))
            known = way is None or getattr(way, "name", "") in ("asc", "desc")
            key = Order(operand, getattr(way, "name", "") == "desc")
            found.append(key if known else Order(Expression("", (), "chosen when it runs")))
        return tuple(found)

    def _on(self, base: Joiner, given: list[Thing], name: str, flow: Flow) -> Draft:
        if name == "on":
            condition = flow.predicate(given[0]) if given else UNKNOWN
        elif name in ("on_field", "using"):
            names = [str(getattr(t, "value", "")) for t in given]
            condition = both(equal(base.draft.root, base.entity.alias, tuple((n, n) for n in names), flow.here))
        else:
            condition = UNKNOWN
        source = Source(base.entity.alias, base.entity.table, -1, base.how, condition, at=flow.here)  # type: ignore[arg-type]
        return base.draft.add("join", Join(source, base.entity.query), flow.branch)


def _target(source: Source) -> Source:
    return Source(source.alias, source.table, source.query, "target", source.on, at=source.at)


def replace_args(call: Call) -> Call:
    """Return a call without its arguments."""
    return Call(call.func, (), call.at)
