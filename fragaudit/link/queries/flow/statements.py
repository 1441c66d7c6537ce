"""What statements do: bind a name to what an expression is, add to it, run queries, or hand them on."""

from __future__ import annotations

from collections.abc import Iterable

from fragaudit.link.queries.draft import Bag, EachKey, Keywords, Named, Thing
from fragaudit.link.queries.flow.arms import NOT_TAKEN, Arms
from fragaudit.link.queries.flow.asked import options
from fragaudit.link.queries.flow.containers import branched
from fragaudit.link.queries.flow.scope import INSIDE, Flow
from fragaudit.link.queries.predicates import PREDICATES, either
from fragaudit.model.facts import NO_BRANCH, Binding, Use
from fragaudit.model.sql import NOWHERE
from fragaudit.model.values import Lit, Operation, Ref, Seq, Value, children


def run(statements: Iterable[Binding | Use], flow: Flow) -> None:
    """Interpret statements in order; for one call of a function, those of arms that it can't take are left out."""
    arms = Arms(flow) if flow.within else None
    for statement in statements:
        flow.branch = statement.branch if arms is None else arms.of(statement.branch)
        if flow.branch == NOT_TAKEN:
            continue
        flow.here = NOWHERE
        flow.statement = statement.at if isinstance(statement, Binding) else (statement.line, 1, statement.line, 1)
        if isinstance(statement, Binding):
            if isinstance(statement.value, (Seq, Operation)) and statement.at != INSIDE:
                flow.here = flow.mark(statement.at)
            if statement.value is not None:
                _bound(statement, statement.value, flow)
        elif isinstance(statement, Use):
            found = flow.thing(statement.value)
            flow.escape(found, statement.value, lazy=statement.how in ("return", "yield"))


def _bound(binding: Binding, value: Value, flow: Flow) -> None:
    found = flow.thing(value)
    if binding.how in ("for", "in") and isinstance(found, (Keywords, EachKey)):
        second = isinstance(binding.key, Lit) and binding.key.value == 1
        key = EachKey(found) if isinstance(found, Keywords) else found
        flow.bind(binding.target, None if second else key, extends=False)
    elif binding.how in ("for", "with"):
        flow.escape(found, value)
        if "." not in binding.target:
            flow.names.forget(binding.target)
            each = [f.each(found, flow) for f in flow.frameworks.values()] if binding.how == "for" else []
            for thing in each:
                if thing is not None:
                    flow.bind(binding.target, thing, extends=False)
    elif binding.how == "+=":
        _augmented(binding, found, flow)
    elif "." in binding.target or "[" in binding.target:
        flow.escape(found, value, lazy=True)
        _entered(binding, found, flow)
    else:
        if flow.program.scope(flow.place).kind != "function":
            flow.escape(found, value, lazy=True)
        # A name that stood for nothing is bound to nothing that is made of it.
        extends = binding.target in flow.names and _mentions(value, binding.target)
        flow.bind(binding.target, found, extends=extends)


def _augmented(binding: Binding, found: Thing, flow: Flow) -> None:
    """Follow `name += …`, and what other operators do so."""
    name = binding.target
    known = flow.name(name)
    operator = binding.key.value if isinstance(binding.key, Lit) else "+"
    if operator == "&" and known is not None and not options(known):
        items = known.items if isinstance(known, Bag) else ((known, NO_BRANCH),)
        flow.bind(name, Bag((*items, *branched(found, flow))), extends=True)
    elif operator == "|" and known is not None and not isinstance(known, Bag):
        sides = [known, found]
        made = next((m for f in flow.frameworks.values() if (m := f.operation("|", sides, flow)) is not None), None)
        if made is None and isinstance(known, PREDICATES) and isinstance(found, PREDICATES):
            made = either([known, found])
        flow.bind(name, made, extends=True)
    elif operator == "+" and isinstance(known, Bag):
        flow.bind(name, Bag((*known.items, *branched(found, flow))), extends=True)
    elif name in flow.names:
        flow.bind(name, None, extends=True)


def _entered(binding: Binding, found: Thing, flow: Flow) -> None:
    """Follow `name[key] = …` for a dictionary."""
    name = binding.target.removesuffix("[]")
    known = flow.name(name) if name != binding.target and name in flow.names else None
    if isinstance(known, Named):
        key = binding.key.value if isinstance(binding.key, Lit) else None
        more = Named(((key, found, flow.branch),)) if isinstance(key, str) else Named(more=True)
        flow.bind(name, known.entries(more), extends=True)


def _mentions(value: Value, name: str) -> bool:
    """Say whether an expression starts from a name: `name.where(…)`, `f(name)`."""
    stack = [value]
    while stack:
        top = stack.pop()
        if isinstance(top, Ref) and top.name == name:
            return True
        stack.extend(children(top))
    return False
