"""Functions whose queries depend on how they are called.

They ask a model that they are given or that their object has, hand filters on, or run or extend a query that they are
given; or they call one of these with what they are given themselves.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from fragaudit.link.abstract import FunctionRef
from fragaudit.link.evaluate import argument_of
from fragaudit.link.orm.reader import View
from fragaudit.link.program import Place, Program, Site
from fragaudit.link.queries.scopes import Scopes, Statement, statements_of
from fragaudit.link.queries.tables import Tables
from fragaudit.model.values import Attr, Call, Ref, Value, children

_ASKING = frozenset({"select", "query", "update", "delete", "insert", "get", "exists", "scalars", "scalar", "aliased",
                     "model_query"})  # fmt: skip
"""Functions and methods that are given a model."""
_RUNNING = frozenset({"execute", "scalars", "scalar", "exec", "stream", "stream_scalars", "fetch_all", "fetch_one",
                      "select_from"})  # fmt: skip
"""Methods that are given a query."""
_EXTENDING = frozenset({"where", "filter", "filter_by", "order_by", "limit", "offset", "options", "subquery",
                        "with_only_columns", "outerjoin", "exclude"})  # fmt: skip
"""Methods that queries alone have."""

_CLASS_NAME = re.compile(r"model|entity|table|cls|klass|class", re.IGNORECASE)
"""What parameters and attributes that hold a model are called."""

MOST_ROUNDS = 3
"""Functions that hand filters on to functions that hand them on."""


@dataclass
class Forwarding:
    """The functions that are to be understood anew for each call, by name.

    `queries` are those of them for which that counts only if a query is among the arguments; `models` are those that
    ask a model that they or their object are given, each with the names of the parameters that it is given as.
    """

    names: dict[str, set[Place]] = field(default_factory=dict)
    queries: set[Place] = field(default_factory=set)
    models: dict[Place, set[str]] = field(default_factory=dict)

    def add(self, place: Place, program: Program) -> None:
        """Add a function, which is no constructor."""
        name = program.scope(place).name
        if name != "__init__":
            self.names.setdefault(name, set()).add(place)

    def at(self, name: str) -> set[Place]:
        """Return the functions of a name."""
        return self.names.get(name, set())

    def count(self) -> int:
        """Return how many functions there are."""
        return sum(len(places) for places in self.names.values())


def followed(mapping: Tables, scopes: Scopes) -> tuple[Scopes, Forwarding]:
    """Return the scopes in which something may be asked, and the functions to be understood anew for each call.

    Args:
        mapping: the models.
        scopes: by file, the scopes with query expressions.
    """
    found = Forwarding()
    for _ in range(MOST_ROUNDS):
        before = found.count()
        _find(found, mapping, scopes)
        if found.count() == before:
            break
        scopes = _calling_scopes(mapping.reader.program, scopes, found)
    return scopes, found


def _find(found: Forwarding, mapping: Tables, scopes: Scopes) -> None:
    """Add what is found among the scopes in which something may be asked."""
    program = mapping.reader.program
    asking = {Place(n, index): statements for n, own in enumerate(scopes) for index, statements in own}
    for place, statements in asking.items():
        scope = program.scope(place)
        options = next((p.name for p in scope.parameters if p.kind == "**"), None)
        if scope.kind == "function" and options is not None and any(v == Ref(options) for v in _values(statements)):
            found.add(place, program)
    for site in _sites(program, _ASKING):
        given = _asked(site, mapping) if site.place in asking else None
        if given is not None and _is_handed(given, site, mapping):
            found.add(site.place, program)
            if _CLASS_NAME.search(getattr(given, "name", "")) or len(mapping.meant(given, View(site.place))) > 1:
                found.models.setdefault(site.place, set()).update([given.name] if isinstance(given, Ref) else [])
    _find_callers(found, mapping)
    for site in _sites(program, _RUNNING | _EXTENDING):
        func = site.call.func
        if isinstance(func, Attr) and site.place not in found.at(program.scope(site.place).name):
            running = func.name in _RUNNING
            query = site.call.args[0].value if running and site.call.args else None if running else func.base
            if isinstance(query, Ref) and any(p.name == query.name for p in program.scope(site.place).parameters):
                found.add(site.place, program)
                found.queries.add(site.place)


def _find_callers(found: Forwarding, mapping: Tables) -> None:
    """Add functions that hand on the model that they are given, and methods that ask as other classes' objects do."""
    program = mapping.reader.program
    bases = _bases(mapping)
    for name in sorted(found.names):
        places = found.at(name) & found.models.keys()
        for site in program.sites_by_name.get(name, ()):
            scope = program.scope(site.place)
            if scope.kind != "function" or not places or site.place in found.models:
                continue
            cls = Place(site.place.file, max(scope.parent, 0))
            own = cls in bases and bool(scope.parameters) and _on_own(site.call, scope.parameters[0].name)
            handed = {name for place in places for name in _handed_on(site, place, found.models.get(place), mapping)}
            if own or handed:
                found.queries.discard(site.place)
                found.add(site.place, program)
                found.models.setdefault(site.place, set()).update(handed)


def _bases(mapping: Tables) -> set[Place]:
    """Return the classes that others are derived from."""
    classes = mapping.classes
    return {base.place for cls in classes.all() for base in classes.order(cls)[1:]}


def _on_own(call: Call, first: str) -> bool:
    """Say whether a method is called of the function's own object, `self.x()` or `super().x()`."""
    func = call.func
    base = func.base if isinstance(func, Attr) else None
    return base == Ref(first) or (isinstance(base, Call) and base.func == Ref("super"))


def _handed_on(site: Site, function: Place, names: set[str] | None, mapping: Tables) -> Iterator[str]:
    """Yield the parameters of its function that a call hands on as the models that another function is given."""
    program = mapping.reader.program
    if not names:
        return
    parameters = [p.name for p in program.scope(function).parameters]
    shift = int(bool(parameters) and parameters[0] in ("self", "cls") and isinstance(site.call.func, Attr))
    for number, name in enumerate(parameters):
        if name in names:
            given = argument_of(site.call.args, name, number - shift)
            if isinstance(given, Ref) and _is_handed(given, site, mapping) and _means(site, function, mapping):
                yield given.name


def _means(site: Site, function: Place, mapping: Tables) -> bool:
    meanings = mapping.reader.meanings(site.call.func, View(site.place))
    return any(isinstance(m, FunctionRef) and m.place == function for m in meanings)


def _sites(program: Program, names: frozenset[str]) -> Iterator[Site]:
    """Yield the calls of some names in functions."""
    for name in sorted(names):
        for site in program.sites_by_name.get(name, ()):
            if program.scope(site.place).kind == "function":
                yield site


def _asked(site: Site, mapping: Tables) -> Value | None:
    """Return what a call is given in the place of a model."""
    name = getattr(site.call.func, "name", "")
    if name == "model_query" and not mapping.reader.callee(site.call, View(site.place)).startswith("oslo_db."):
        return None
    named = next((a.value for a in site.call.args if a.name == "model"), None)
    plain = [a.value for a in site.call.args if a.name is None]
    if len(plain) < (2 if name == "get" else 1):
        return named
    return named or plain[0]


def _is_handed(given: Value, site: Site, mapping: Tables) -> bool:
    """Say whether a model is one that the function is given, or that its object has."""
    scope = mapping.reader.program.scope(site.place)
    while isinstance(given, Attr) and isinstance(given.base, Attr):
        given = given.base
    if isinstance(given, Attr):
        method = mapping.reader.program.scope(Place(site.place.file, max(scope.parent, 0))).kind == "class"
        own = method and bool(scope.parameters) and given.base == Ref(scope.parameters[0].name)
    else:
        own = isinstance(given, Ref) and any(p.name == given.name for p in scope.parameters)
    return own and len(mapping.meant(given, View(site.place))) != 1


def _values(statements: Sequence[Statement]) -> Iterator[Value]:
    for statement in statements:
        stack = [statement.value] if statement.value is not None else []
        while stack:
            top = stack.pop()
            yield top
            stack.extend(children(top))


def _calling_scopes(program: Program, scopes: Scopes, found: Forwarding) -> Scopes:
    """Return the scopes with query expressions, and those that call a function to be understood anew for each call."""
    result: Scopes = [list(own) for own in scopes]
    known = {Place(number, scope) for number, own in enumerate(scopes) for scope, _ in own}
    for name in sorted(found.names):
        if found.at(name) <= found.queries:
            continue  # a query that it is given stands where it is called
        for site in program.sites_by_name.get(name, ()):
            if site.place not in known and (site.call.args or isinstance(site.call.func, Attr)):
                known.add(site.place)
                result[site.place.file].append((site.place.scope, statements_of(program, site.place)))
    return [sorted(own, key=lambda o: o[0]) for own in result]
