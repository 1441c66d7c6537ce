"""Expressions of SQLAlchemy: columns and their methods, functions, relationships."""

from __future__ import annotations

from dataclasses import replace

from msgspec.structs import replace as changed

from fragaudit.link.orm.members import listed, same
from fragaudit.link.orm.reader import Read
from fragaudit.link.queries import peewee
from fragaudit.link.queries.draft import Bag, Draft, Entity, Join, Labelled, Path, Sorted, Thing
from fragaudit.link.queries.flow import Flow, options
from fragaudit.link.queries.hybrids import declared, hybrid
from fragaudit.link.queries.predicates import (
    OPERANDS,
    PREDICATES,
    PYTHON_OPERATORS,
    both,
    computed,
    denied,
    either,
    liked,
    negated,
)
from fragaudit.link.queries.rows import Rows
from fragaudit.link.queries.tables import equal, primary_key
from fragaudit.model.sql import (
    KEPT,
    Column,
    Compare,
    Constant,
    Expression,
    Operand,
    Operator,
    Order,
    Parameter,
    Predicate,
    Row,
    Source,
    Subquery,
)
from fragaudit.model.values import Call, Lit, Operation, Ref, Value

_PATTERNS = {"startswith": ("", "%"), "endswith": ("%", ""), "contains": ("%", "%")}
_SORTS = {
    "desc": "desc",
    "asc": "asc",
    "nulls_last": "last",
    "nullslast": "last",
    "nulls_first": "first",
    "nullsfirst": "first",
}
_COMPARED: dict[str, Operator] = {
    "like": "like",
    "ilike": "ilike",
    "not_like": "not like",
    "notlike": "not like",
    "not_ilike": "not ilike",
    "notilike": "not ilike",
    "regexp_match": "regex",
    "match": "match",
    "is_distinct_from": "is distinct",
    "isnot_distinct_from": "is not distinct",
    "is_not_distinct_from": "is not distinct",
    "overlap": "overlaps",
    "overlaps": "overlaps",
    "contained_by": "contained",
    "has_key": "contains",
    "has_any": "contains",
    "has_all": "contains",
    "bool_op": "other",
}
_KEPT = frozenset({"self_group", "label_", "expression", "as_", "type_coerce", "asc_"})


class Terms:
    """Understands expressions; chains of queries are understood by the class that extends this one."""

    FUNCTIONS = frozenset(
        {
            "and_",
            "or_",
            "not_",
            "desc",
            "asc",
            "nulls_last",
            "nullslast",
            "nulls_first",
            "nullsfirst",
            "cast",
            "type_coerce",
            "literal",
            "literal_column",
            "bindparam",
            "case",
            "extract",
            "exists",
            "aliased",
            "distinct",
            "tuple_",
            "between",
            "text",
            "true",
            "false",
            "null",
            "any_",
            "all_",
            "label",
            "column",
            "join",
            "outerjoin",
            "col",
            "collate",
            "alias",
            "func",
        }
    )

    def steps(self, path: Path, other: Entity, flow: Flow) -> list[tuple[Entity, list[Predicate]]] | None:
        """Return the entities that a relationship leads over, each with what joins it; None if that isn't known."""
        own, target = path.entity.model, other.model
        if own is None or target is None:
            return None
        middle = flow.mapping.between(own, path.name)
        if middle is None:
            pairs = flow.mapping.pairs(own, target)
            return [(other, equal(path.entity.alias, other.alias, pairs, flow.here))] if pairs is not None else None
        first, second = flow.mapping.pairs(own, middle), flow.mapping.pairs(middle, target)
        if first is None or second is None:
            return None
        between = flow.pool.entity(Entity(flow.pool.alias(middle.table.name), middle, middle.table.name))
        return [
            (between, equal(path.entity.alias, between.alias, first, flow.here)),
            (other, equal(between.alias, other.alias, second, flow.here)),
        ]

    def target_of(self, path: Path, flow: Flow) -> Entity | None:
        """Return what a relationship leads to, under its table's own name."""
        model = path.entity.model
        relation = model.relations.get(path.name) if model is not None else None
        target = flow.mapping.by_class.get(relation.target) if relation is not None and relation.target else None
        return flow.entity_of(target) if target is not None else None

    # -- attributes ----------------------------------------------------------------------------------------------------

    def member(self, base: Thing, name: str, flow: Flow) -> Thing | None:
        """Return a column or relation by the attribute that stands for it."""
        if not isinstance(base, Entity):
            return None
        if name in ("c", "columns", "__table__", "__mapper__", "inserted", "excluded"):
            return base
        if base.query >= 0:
            return Column(base.alias, name, flow.here)
        model = base.model
        if model is None or model.framework.startswith(("django", "tortoise")):
            return None
        column = model.columns.get(name)
        if column is not None:
            return Column(base.alias, column, flow.here)
        if name in model.relations:
            return Path(base, name)
        if model.cls is not None and declared(model.cls, name, flow):
            return hybrid(base, name, flow)
        return Column(base.alias, name, flow.here) if any(c.name == name for c in model.table.columns) else None

    def _key_of(self, path: Path, flow: Flow) -> Column | None:
        """Return the foreign key that comparing a relationship with an object compares."""
        target = self.target_of(path, flow)
        if target is None or target.model is None or path.entity.model is None:
            return None
        for key in path.entity.model.table.foreign_keys:
            same = key.table.lower().rpartition(".")[2] == target.table.lower().rpartition(".")[2]
            if same and len(key.columns) == 1:
                return Column(path.entity.alias, key.columns[0], flow.here)
        return None

    def compare(self, left: Thing, operator: str, right: Thing, flow: Flow) -> Predicate | None:
        """Return a comparison of two things."""
        if isinstance(left, Path):
            left = self._key_of(left, flow)
        if left is None:
            return None
        return flow.compare(flow.operand(left), PYTHON_OPERATORS[operator], flow.operand(right))

    def operation(self, op: str, things: list[Thing], flow: Flow) -> Thing | None:
        """Return the comparison of a relationship with an object: that of its foreign key."""
        if op in ("and", "or"):
            return _taken(op, things, flow)
        if op in PYTHON_OPERATORS and len(things) == 2 and isinstance(things[0], Path):
            return self.compare(things[0], op, things[1], flow)
        if op == "<<" and len(things) == 2 and isinstance(things[0], Column) and peewee.is_field(things[0], flow):
            return self._in(things[0], things[1], "in_", flow, flow.here)
        return peewee.operated(op, things, flow)

    def each(self, found: Thing, flow: Flow) -> Thing | None:
        """Return the object that a loop over rows is at."""
        del flow
        return found if isinstance(found, Rows) else None

    def item(self, base: Thing, key: Value, flow: Flow) -> Thing | None:
        """Return an item of a JSON column, or the first rows of a query."""
        if isinstance(base, Draft) and base.of == "sqlalchemy":
            limited = base.add("limit", None, flow.branch)
            if isinstance(key, Operation) and key.op == ":":
                return limited
            flow.ask(limited, flow.statement)  # one row, which is asked for at once
            return Bag()
        if isinstance(base, Entity):
            if isinstance(key, Lit) and isinstance(key.value, str):
                return self.member(base, key.value, flow)
            return base if base.query < 0 else None
        if isinstance(base, (Column, Expression)):
            return computed("", [base], why="a path into a document")
        return None

    # -- functions -----------------------------------------------------------------------------------------------------

    def term(self, name: str, call: Call, flow: Flow) -> Thing | None:
        """Return what a function of the library makes of its arguments."""
        if name in ("and_", "or_"):
            conditions = flow.conditions(call.args)
            if name == "and_":
                if all(branch == flow.branch for _, branch in conditions):
                    return both([p for p, _ in conditions])
                return Bag(tuple(conditions))
            optional = any(branch != flow.branch and not flow._within(flow.branch, branch) for _, branch in conditions)
            arms = [p for p, _ in conditions]
            if optional:
                return None
            return either(arms)
        if name in ("true", "false", "null"):
            return Constant(None, "null") if name == "null" else Constant(name, "boolean")
        if name in ("aliased", "alias"):
            return self._aliased(call, flow)
        if name in ("join", "outerjoin"):
            return self._joined_tables(call, name, flow)
        if name in ("exists", "EXISTS"):
            return self._exists(call, flow)
        things = [flow.argument(a) for a in call.args if a.name is None]
        if name == "not_":
            if things and isinstance(things[0], Column):
                return flow.truth(things[0], False)
            return denied(flow.predicate(things[0]), flow.dialect, turned=True) if things else None
        if name in _SORTS:
            return self._sorted(things[0] if things else None, name, flow)
        if name in ("literal", "bindparam", "text", "literal_column", "column"):
            return Parameter() if name in ("literal", "bindparam") else None
        if name == "col":
            return things[0] if things else None
        if name in ("any_", "all_"):
            return Labelled(name, things[0] if things else None)
        if name == "tuple_":
            return Row(tuple(flow.operand(t) for t in things))
        if name == "between" and len(things) == 3:
            return self._between(flow.operand(things[0]), things[1:], flow)
        if name == "cast":
            return self._cast(things[0] if things else None, call, flow)
        if name in ("distinct", "label", "type_coerce") and things:
            return things[0]
        operands: list[Operand] = [o for t in things for o in _flat(t, flow)]
        if name == "extract":
            return computed("extract", operands)
        if name == "case":
            return computed("case", operands, why="CASE")
        return computed(name, operands)

    def _cast(self, thing: Thing, call: Call, flow: Flow) -> Expression:
        operand = flow.operand(thing)
        kind = getattr(call.args[1].value, "name", "") if len(call.args) > 1 else ""
        kind = kind or getattr(getattr(call.args[1].value, "func", None), "name", "") if len(call.args) > 1 else ""
        kind = {"string": "varchar", "unicode": "varchar", "text": "text"}.get(kind.lower(), kind.lower())
        found = computed("cast", [operand], why="cast")
        return changed(found, text=f"cast({operand.name.lower()} as {kind})") if isinstance(operand, Column) else found

    def _aliased(self, call: Call, flow: Flow) -> Thing | None:
        base = flow.argument(call.args[0]) if call.args else None
        if isinstance(base, Draft):
            return flow.pool.entity(Entity(flow.pool.alias("anon"), None, "", flow.pool.query(base), flow.here))
        if not isinstance(base, Entity):
            return None
        instead = flow.argument(call.args[1]) if len(call.args) > 1 and call.args[1].name is None else None
        if isinstance(instead, Entity) and instead.query >= 0:  # rows of a query, by the names of a model
            return flow.pool.entity(replace(instead, alias=flow.pool.alias(base.alias), model=base.model))
        name = flow.pool.alias(base.alias)
        return flow.pool.entity(Entity(name, base.model, base.table, base.query, flow.here))

    def _joined_tables(self, call: Call, name: str, flow: Flow) -> Thing | None:
        from fragaudit.link.queries.alchemy import Joined

        things = [flow.argument(a) for a in call.args if a.name is None]
        outer = name == "outerjoin" or any(a.name == "isouter" and a.value == Lit(True) for a in call.args)
        if len(things) < 2:
            return None
        return self.join_of(things[0], things[1], things[2] if len(things) > 2 else None, outer, flow, Joined)

    def join_of(self, left: Thing, right: Thing, on: Thing, outer: bool, flow: Flow, kind: type) -> Thing | None:
        """Return two tables (or joins) of Core joined."""
        first = list(left.joins) if isinstance(left, kind) else []  # type: ignore[attr-defined]
        if isinstance(left, Entity):
            first = [Join(Source(left.alias, left.table, -1, "from", at=flow.here), left.query)]
        if not first or not isinstance(right, Entity):
            return None
        draft = Draft("sqlalchemy", flow.place.file)
        for join in first:
            draft = draft.add("from", join)
        made = self.joins(draft, right, on, on is not None, "left" if outer else "inner", flow)  # type: ignore[attr-defined]
        result: Thing = kind([*first, *made])
        return result

    def _exists(self, call: Call, flow: Flow) -> Thing | None:
        things = [flow.argument(a) for a in call.args if a.name is None]
        drafts = options(things[0]) if things else ()
        if drafts:
            return Compare(Subquery(flow.pool.query(drafts[0])), "exists", (), flow.here)
        draft = Draft("sqlalchemy", flow.place.file, exists=True)
        return flow.filtered(draft, [a for a in call.args if a.name is None]) if things else draft

    # -- methods of expressions ----------------------------------------------------------------------------------------

    def expression(self, base: Thing, call: Call, name: str, flow: Flow) -> Thing | None:
        """Return what a method of a column, a function or a relationship makes of it."""
        if isinstance(base, Path):
            return self._of_path(base, call, name, flow)
        if isinstance(base, Entity):
            return self._of_entity(base, call, name, flow)
        if isinstance(base, Sorted):
            return self._sorted(base, name, flow) if name in _SORTS else None
        if isinstance(base, Labelled) and name in _SORTS:
            return self._sorted(base, name, flow)
        if isinstance(base, PREDICATES):
            return self._of_predicate(base, call, name, flow)
        if isinstance(base, Row) and name in ("in_", "not_in", "notin_"):
            return self._in(base, flow.argument(call.args[0]) if call.args else None, name, flow, flow.here)
        if not isinstance(base, (Column, Expression)):
            return None
        if name in _SORTS:
            return self._sorted(base, name, flow)
        if name == "label":
            given = call.args[0].value if call.args else None
            return Labelled(given.value if isinstance(given, Lit) and isinstance(given.value, str) else "?", base)
        return self._of_column(base, call, name, flow)

    def _of_column(self, base: Column | Expression, call: Call, name: str, flow: Flow) -> Thing | None:
        things = [flow.argument(a) for a in call.args if a.name is None]
        value = flow.operand(things[0]) if things else Parameter()
        if things and "like" in name:
            value = flow.pattern(things[0])
        at = flow.mark(call.at)
        if isinstance(base, Column):
            base = changed(base, at=flow.here if flow.here[0] >= 0 else at)
        at = flow.here if flow.here[0] >= 0 else at
        if name in ("is_in", "is_not_in"):  # as Piccolo has it
            name = "in_" if name == "is_in" else "not_in"
        if name in ("is_null", "is_not_null"):
            absent = (name == "is_null") != (bool(things) and things[0] == Constant("false", "boolean"))
            return Compare(base, "is null" if absent else "is not null", (), at)
        if isinstance(base, Column) and peewee.is_field(base, flow):
            by_pattern = peewee.matched(base, name, value, flow)
            if by_pattern is not None:
                return by_pattern
        if name in ("in_", "not_in", "notin_"):
            return self._in(base, _listed(call, things, flow), name, flow, at)
        if name in ("is_", "is_not", "isnot"):
            return self._is(base, value, name, at, flow)
        if name in _PATTERNS:
            if name == "contains" and not _is_text(base, flow):
                return Compare(base, "contains", (value,), at)
            if name == "startswith" and flow.dialect == "sqlite":
                return Compare(base, "like", (Parameter(),), at)  # put together when it runs
            return liked(base, "like", value, *_PATTERNS[name], at)
        if name in ("istartswith", "iendswith", "icontains"):
            before, after = _PATTERNS[name[1:]]
            return liked(computed("lower", [base]), "like", value, before, after, at)
        if name == "between":
            return self._between(base, things, flow)
        if name == "op":
            return Labelled("op", base)
        if name in ("ilike", "not_ilike", "notilike") and flow.dialect not in ("postgres", ""):
            return Compare(computed("lower", [base]), "like" if name == "ilike" else "not like", (value,), at)
        if name in _COMPARED:
            return Compare(base, _COMPARED[name], (value,), at)
        if name == "any":
            return Compare(value, "any", (base,), at)
        if name in ("cosine_distance", "l2_distance", "max_inner_product", "distance_centroid"):
            return computed(name, [base], why="distance")
        if name == "cast":
            return changed(computed("cast", [base], why="cast"), text="")
        if name in ("distinct", "self_group", "over", "filter", "within_group"):
            return base
        if name == "concat":
            return computed("concat", [base, value])
        if name == "collate":
            return computed("collate", [base], why="collate")
        if name in ("astext", "as_string", "as_integer", "as_boolean", "as_float"):
            return computed("", [base], why="a path into a document")
        return computed(name, [base, *[flow.operand(t) for t in things]]) if isinstance(base, Expression) else None

    def _in(self, base: Operand, given: Thing, name: str, flow: Flow, at: tuple[int, int]) -> Predicate:
        sense: Operator = "in" if name == "in_" else "not in"
        if isinstance(given, Bag):
            rows = isinstance(base, Row)
            items = tuple(
                Row(tuple(flow.operand(i) for i, _ in item.items))
                if rows and isinstance(item, Bag)
                else flow.operand(item)
                for item, _ in given.items
            )
            return Compare(base, sense, items or (Parameter(),), at)
        if isinstance(given, Entity) and given.query >= 0:
            return Compare(base, sense, (Subquery(given.query),), at)
        operand = flow.operand(given)
        # A list that is bound when it runs: any number of values.
        several = isinstance(operand, Parameter) and not operand.name.startswith(KEPT)
        right = (operand, Parameter()) if several else (operand,)
        return Compare(base, sense, right, at)

    def _is(self, base: Operand, value: Operand, name: str, at: tuple[int, int], flow: Flow) -> Predicate:
        found: Predicate
        if isinstance(value, Constant) and value.kind == "boolean":
            return flow.truth(base, (value.value == "true") == (name == "is_"))
        if isinstance(value, Constant) and value.kind == "null":
            found = Compare(base, "is null", (), at)
        else:
            found = Compare(base, "is not distinct", (value,), at)
        return found if name == "is_" else negated(found)

    def _between(self, base: Operand, things: list[Thing], flow: Flow) -> Predicate:
        low = flow.operand(things[0]) if things else Parameter()
        high = flow.operand(things[1]) if len(things) > 1 else Parameter()
        return both([Compare(base, ">=", (low,), flow.here), Compare(base, "<=", (high,), flow.here)])

    def _sorted(self, base: Thing, name: str, flow: Flow) -> Thing:
        order = base.order if isinstance(base, Sorted) else None
        if order is None:
            operand = flow.operand(base) if isinstance(base, (*OPERANDS, Labelled)) else Expression("", (), "unknown")
            by_name = named(base, flow) if isinstance(base, Constant) else None
            order = Order(by_name if by_name is not None else operand)
        what = _SORTS[name]
        if what in ("asc", "desc"):
            return Sorted(changed(order, descending=what == "desc"))
        return Sorted(changed(order, nulls=what))

    def _of_predicate(self, base: Thing, call: Call, name: str, flow: Flow) -> Thing | None:
        if name in ("where", "filter") and isinstance(base, Compare) and base.op == "exists":
            number = base.left.query if isinstance(base.left, Subquery) else -1
            if number >= 0:
                inner = flow.filtered(flow.pool.queries[number], call.args)
                return Compare(Subquery(flow.pool.query(inner)), "exists", (), base.at)
        if name in ("self_group", "label", "correlate", "select_from"):
            return base
        return Sorted(Order(Expression("", (), "comparison"))) if name in _SORTS else None

    def _of_path(self, base: Path, call: Call, name: str, flow: Flow) -> Thing | None:
        if name in ("any", "has"):
            return self._related(base, call, flow)
        if name == "of_type":
            other = flow.argument(call.args[0]) if call.args else None
            return replace(base, target=other) if isinstance(other, Entity) else base
        if name == "and_":
            return replace(base, condition=both([p for p, _ in flow.conditions(call.args)]))
        if name in ("contains", "is_", "is_not"):
            if name == "contains":
                return self._related(base, replace_args(call), flow)
            key = self._key_of(base, flow)
            things = [flow.argument(a) for a in call.args]
            if key is None or not things:
                return None
            return self._is(key, flow.operand(things[0]), name, flow.here, flow)
        return None

    def _related(self, path: Path, call: Call, flow: Flow) -> Predicate | None:
        """Return EXISTS over what a relationship leads to."""
        target = self.target_of(path, flow)
        if target is None:
            return None
        if target.alias == path.entity.alias:
            target = flow.pool.entity(Entity(flow.pool.alias(target.alias), target.model, target.table))
        steps = self.steps(path, target, flow)
        draft = Draft("sqlalchemy", flow.place.file, root=target.alias, model=target.model)
        for argument in call.args:
            if argument.name is None:
                for predicate, branch in flow.conditions([argument]):
                    draft = draft.add("where", predicate, branch)
            elif argument.name not in ("*", "**"):
                thing = flow.argument(argument)
                column = self.member(target, argument.name, flow)
                made = self.compare(column, "==", thing, flow)
                if made is not None:
                    draft = draft.add("where", made, flow.branch)
        for entity, on in steps or []:
            draft = draft.add("from", Join(Source(entity.alias, entity.table, -1, "from", at=flow.here)), flow.branch)
            for condition in on:
                draft = draft.add("where", condition, flow.branch)
        if not steps:
            return None
        return Compare(Subquery(flow.pool.query(draft)), "exists", (), flow.here)

    def _of_entity(self, base: Entity, call: Call, name: str, flow: Flow) -> Thing | None:
        from fragaudit.link.queries.alchemy import Joined

        if name in ("select", "update", "delete", "insert") and base.model is not None and base.model.cls is None:
            draft = Draft("sqlalchemy", flow.place.file, name)  # type: ignore[arg-type]
            made = self._from(draft, base, flow, flow.mark(call.at))  # type: ignore[attr-defined]
            return flow.filtered(made, call.args)
        if base.model is not None and base.model.framework in RECORDS:
            return self._of_record(base, call, name, flow)
        if name == "alias":
            return flow.pool.entity(Entity(flow.pool.alias(base.alias), base.model, base.table, base.query, flow.here))
        if name in ("join", "outerjoin"):
            things = [flow.argument(a) for a in call.args if a.name is None]
            on = things[1] if len(things) > 1 else None
            return self.join_of(base, things[0] if things else None, on, name == "outerjoin", flow, Joined)
        return None

    def _of_record(self, base: Entity, call: Call, name: str, flow: Flow) -> Thing | None:
        """Return what a method of a model class of Peewee or Piccolo starts, or reports."""
        from fragaudit.link.queries.alchemy import AGGREGATES, RAN

        at = flow.mark(call.at)
        verb = _RECORD_VERBS.get(name)
        if name == "alias":
            return flow.pool.entity(Entity(flow.pool.alias(base.alias), base.model, base.table, base.query, flow.here))
        if verb is None:
            return None
        start = Draft("sqlalchemy", flow.place.file, verb)  # type: ignore[arg-type]
        draft: Draft = self._from(start, base, flow, at)  # type: ignore[attr-defined]
        if name in ("get", "get_or_none"):
            flow.ask(flow.filtered(draft, call.args).add("limit", None, flow.branch), call.at)
            return RAN
        if name == "filter":
            return peewee.filtered(draft, base, call, flow)
        things = [flow.argument(a) for a in call.args]
        if name == "get_by_id" and base.model is not None:
            for column in primary_key(base.model):
                draft = draft.add(
                    "where", Compare(Column(base.alias, column, at), "=", (Parameter(),), at), flow.branch
                )
        if name in ("get_by_id", "create", "insert_many", "bulk_create", "get_or_create"):
            flow.ask(draft, call.at)
            return RAN
        if any(isinstance(t, Expression) and t.why.removesuffix("()") in AGGREGATES for t in things):
            draft = draft.add("aggregate", None, flow.branch)
        return draft


RECORDS = frozenset({"peewee", "piccolo"})
"""Libraries whose model classes start queries themselves, which then go on as those of Core do."""

_RECORD_VERBS = {
    "select": "select", "update": "update", "delete": "delete", "insert": "insert", "get": "select",
    "get_or_none": "select", "get_by_id": "select", "create": "insert", "insert_many": "insert",
    "bulk_create": "insert", "get_or_create": "insert", "objects": "select", "count": "select", "exists": "select",
    "filter": "select",
}  # fmt: skip


def _taken(op: str, things: list[Thing], flow: Flow) -> Thing | None:
    """Return the one of several comparisons that Python takes by itself; None if it refuses, or that isn't known.

    Only comparisons by `==` and `!=` have a truth: they are false and true of anything but the same column.
    Those of Peewee are always true.
    """
    for thing in things[:-1]:
        if not isinstance(thing, Compare) or not isinstance(thing.left, Column) or thing.op not in ("=", "<>"):
            return None
        true = thing.op == "<>" or peewee.is_field(thing.left, flow)
        if true != (op == "and"):
            return thing
    return things[-1] if isinstance(things[-1], Compare) else None


def _listed(call: Call, things: list[Thing], flow: Flow) -> Thing:
    """Return what `in_` is given: members that are written out somewhere, where what is understood leaves them open."""
    found = things[0] if things else None
    known = found.items if isinstance(found, Bag) else ()
    if not things or not (found is None or known) or all(isinstance(i, Constant) for i, _ in known or ((None, 0),)):
        return found
    value = call.args[0].value
    if isinstance(value, Ref) and flow.program.bindings(flow.place, value.name):
        return found  # a list that may have grown
    members = listed(Read(value, flow.view), flow.reader)
    if members is None:
        return found if known else same(value)
    if known and len(members) != len(known):
        return found
    return Bag(tuple((m, flow.branch) for m in members))


def _flat(thing: Thing, flow: Flow) -> list[Operand]:
    if isinstance(thing, Bag):
        return [o for item, _ in thing.items for o in _flat(item, flow)]
    return [flow.operand(thing)]


def named(text: Constant, flow: Flow) -> Column | None:
    """Return the column that an order names in a string: one of the query's own tables, or a label."""
    return Column("", text.value, flow.here) if text.value and text.value.isidentifier() else None


def replace_args(call: Call) -> Call:
    """Return a call without its arguments."""
    return Call(call.func, (), call.at)


def _is_text(base: Column | Expression, flow: Flow) -> bool:
    """Say whether a column holds text: `contains` is LIKE there, and a test of arrays and documents elsewhere."""
    if isinstance(base, Expression):
        return True
    entity = flow.pool.entities.get(base.source)
    model = entity.model if entity is not None else None
    column = next((c for c in model.table.columns if c.name == base.name), None) if model is not None else None
    return column is None or (
        not column.type.startswith(("json", "array", "hstore")) and not column.type.endswith("[]")
    )


__all__ = ["Terms"]
