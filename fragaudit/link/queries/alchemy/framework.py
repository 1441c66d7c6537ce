"""SQLAlchemy and what is like it: which of its calls, attributes and operators is understood by which module."""

from __future__ import annotations

from dataclasses import replace

from fragaudit.link.queries import peewee
from fragaudit.link.queries.alchemy import oslo
from fragaudit.link.queries.alchemy.chains import SETS, chained
from fragaudit.link.queries.alchemy.comparisons import in_, taken
from fragaudit.link.queries.alchemy.ends import ENDS, RUN, ended, got, ran, run
from fragaudit.link.queries.alchemy.functions import FUNCTIONS, term
from fragaudit.link.queries.alchemy.loading import LOADERS, NOT_LOADING, read
from fragaudit.link.queries.alchemy.members import compare, member
from fragaudit.link.queries.alchemy.methods import expression
from fragaudit.link.queries.alchemy.sources import as_table, drawn_from
from fragaudit.link.queries.alchemy.starts import STARTS, started
from fragaudit.link.queries.alchemy.things import OF, RAN, RECORDS, Loader
from fragaudit.link.queries.draft import Bag, Draft, Drafts, Entity, Labelled, Path, Thing
from fragaudit.link.queries.flow import MOST_OPTIONS, Flow, options
from fragaudit.link.queries.flow.references import entity_of
from fragaudit.link.queries.predicates import PYTHON_OPERATORS, computed
from fragaudit.link.queries.rows import Rows
from fragaudit.model.sql import Column, Compare, Expression
from fragaudit.model.values import Attr, Call, Lit, Operation, Ref, Value

_LIBRARIES = frozenset(
    {
        "sqlalchemy", "sqlmodel", "flask_sqlalchemy", "sqlalchemy_utils", "fastapi_async_sqlalchemy", "ormar", "peewee",
        "piccolo",
    }
)  # fmt: skip
_DERIVING = frozenset({"subquery", "cte", "alias", "lateral"})
_SCALAR = frozenset({"scalar_subquery", "as_scalar", "label"})


class Alchemy:
    """Understands the calls of SQLAlchemy."""

    def function(self, call: Call, flow: Flow) -> Thing | None:
        """Return what a call of the library's functions, or of a session's methods, is."""
        func = call.func
        name = getattr(func, "name", "")
        if name in ("query", "exists") and isinstance(func, Attr) and _of_session(call, flow):
            return started(call, "select", flow)
        if name in RUN and call.args:
            return run(call, flow)
        if name in LOADERS | NOT_LOADING and call.args:
            thing = flow.argument(call.args[0])
            return Loader(((name, thing),)) if isinstance(thing, Path) else None
        if name == "get" and len(call.args) >= 2 and isinstance(func, Attr):
            return got(call, flow)
        if name == oslo.NAME:
            return oslo.model_query(call, flow)
        if name == "Table":
            model = flow.mapping.table(call, flow.view)
            return entity_of(model, flow) if model is not None else None
        known = name == "with_polymorphic" or name in STARTS or name in FUNCTIONS or name in SETS
        if not (known or _is_func(func)) or not _is_library(call, flow):
            return None
        if name in STARTS:
            return started(call, STARTS[name], flow)
        if name in SETS:
            arms = tuple(o[0] for a in call.args if (o := options(flow.argument(a))))
            return Draft(OF, flow.place.file).add("arms", (SETS[name], arms), flow.branch)
        return term(name, call, flow)

    def attribute(self, base: Thing, name: str, flow: Flow) -> Thing | None:
        """Return a column, a relation, or the query that an attribute of a model starts."""
        if isinstance(base, Rows):
            return read(base, name, flow)
        model = base.model if isinstance(base, Entity) else None
        if isinstance(base, Entity) and name == "query" and model is not None and "query" not in model.columns:
            if not model.framework.startswith(OF):
                return None
            return drawn_from(Draft(OF, flow.place.file), base, flow, flow.here)
        if isinstance(base, Draft) and base.of == OF and name in ("c", "columns"):
            return as_table(base, flow)
        return member(base, name, flow)

    def method(self, base: Thing, call: Call, name: str, flow: Flow) -> Thing | None:
        """Return what a call adds to a query, or what an expression's method makes of it."""
        if isinstance(base, Loader):
            thing = flow.argument(call.args[0]) if call.args else None
            return Loader((*base.paths, (name, thing))) if isinstance(thing, Path) else base
        if isinstance(base, Rows):
            return base.after(name) or ran(call, flow)
        drafts = [d for d in options(base) if d.of == OF]
        if not drafts:
            return expression(base, call, name, flow) if base is not RAN else ran(call, flow)
        if name in ENDS:
            return ended(base, call, name, flow)
        if name in _DERIVING:
            return as_table(drafts[0], flow)
        if name in _SCALAR:
            return replace(drafts[0], scalar=True)
        model = drafts[0].model
        if name in ("exists", "execute", "run") and model is not None and model.framework in RECORDS:
            return ended(base, call, "all", flow)
        if name in ("get_or_create", "run_sync") and model is not None:
            return ended(base, call, "get" if name == "get_or_create" else "all", flow)
        if name == "exists":
            return Compare(flow.operand(drafts[0]), "exists", (), flow.here)
        made: list[Draft] = []
        for number, draft in enumerate(drafts):
            before = len(flow.asked)
            made += chained(draft, call, name, flow)
            if number:
                del flow.asked[before:]
        made = made[:MOST_OPTIONS]
        return made[0] if len(made) == 1 else Drafts(tuple(made))

    def item(self, base: Thing, key: Value, flow: Flow) -> Thing | None:
        """Return an item of a JSON column, or the first rows of a query."""
        if isinstance(base, Draft) and base.of == OF:
            limited = base.add("limit", None, flow.branch)
            if isinstance(key, Operation) and key.op == ":":
                return limited
            flow.ask(limited, flow.statement)  # one row, which is asked for at once
            return Bag()
        if isinstance(base, Entity):
            if isinstance(key, Lit) and isinstance(key.value, str):
                return member(base, key.value, flow)
            return base if base.query < 0 else None
        if isinstance(base, (Column, Expression)):
            return computed("", [base], why="a path into a document")
        return None

    def operation(self, op: str, things: list[Thing], flow: Flow) -> Thing | None:
        """Return the comparison of a relationship with an object: that of its foreign key."""
        if op in ("and", "or"):
            return taken(op, things, flow)
        if op in PYTHON_OPERATORS and len(things) == 2 and isinstance(things[0], Path):
            return compare(things[0], op, things[1], flow)
        if op == "<<" and len(things) == 2 and isinstance(things[0], Column) and peewee.is_field(things[0], flow):
            return in_(things[0], things[1], "in_", flow, flow.here)
        return peewee.operated(op, things, flow)

    def each(self, found: Thing, flow: Flow) -> Thing | None:
        """Return the object that a loop over rows is at."""
        del flow
        return found if isinstance(found, Rows) else None


def _is_func(func: Value) -> bool:
    return isinstance(func, Attr) and isinstance(func.base, (Ref, Attr)) and func.base.name in ("func", "fn")


def _is_library(call: Call, flow: Flow) -> bool:
    name = flow.reader.callee(call, flow.view)
    if name:
        return name.partition(".")[0] in _LIBRARIES
    # `db.select` of an extension object whose class is the project's own
    func = call.func
    return isinstance(func, Attr) and isinstance(func.base, Ref) and func.base.name in ("db", "sa", "fn")


def _of_session(call: Call, flow: Flow) -> bool:
    """Say whether `x.query(…)` asks for models or columns of them, as only a session does."""
    first = flow.argument(call.args[0]) if call.args else None
    return isinstance(first, (Entity, Column, Labelled, Expression)) or (
        isinstance(first, Compare) and first.op == "exists"
    )
