"""Functions whose queries depend on how they are called: repositories of any model, and what hands its filters on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fragaudit.link.orm.reader import View
from fragaudit.link.program import Place, Site
from fragaudit.link.queries.scopes import Scopes, Statement, statements_of
from fragaudit.link.queries.tables import Tables
from fragaudit.model.values import Attr, Ref, Value, children

_ASKING = frozenset({"select", "query", "update", "delete", "insert", "get", "exists", "scalars", "scalar", "aliased"})
"""Functions and methods that are given a model."""

Forwarding = dict[str, frozenset[Place]]
"""By name, the functions that are to be understood anew for each call."""


MOST_ROUNDS = 3
"""Functions that hand filters on to functions that hand them on."""


def followed(mapping: Tables, scopes: Scopes) -> tuple[Scopes, Forwarding]:
    """Return the scopes in which something may be asked, and the functions to be understood anew for each call."""
    names: Forwarding = {}
    for _ in range(MOST_ROUNDS):
        found = forwarding(mapping, scopes)
        if found == names:
            break
        names = found
        scopes = calling_scopes(mapping, scopes, names)
    return scopes, names


def forwarding(mapping: Tables, scopes: Scopes) -> Forwarding:
    """Return the functions that ask a model which they are given, or that their object has, or with filters given.

    Args:
        mapping: the models.
        scopes: by file, the scopes with query expressions.
    """
    program = mapping.reader.program
    asking = {Place(n, index): statements for n, own in enumerate(scopes) for index, statements in own}
    found: dict[str, set[Place]] = {}
    for place, statements in asking.items():
        scope = program.scope(place)
        options = next((p.name for p in scope.parameters if p.kind == "**"), None)
        if scope.kind == "function" and options is not None and any(v == Ref(options) for v in _values(statements)):
            found.setdefault(scope.name, set()).add(place)
    for name in sorted(_ASKING):
        for site in program.sites_by_name.get(name, ()):
            scope = program.scope(site.place)
            if site.place in asking and scope.kind == "function" and _is_given_a_model(site, mapping):
                found.setdefault(scope.name, set()).add(site.place)
    return {name: frozenset(places) for name, places in found.items() if name != "__init__"}


def _is_given_a_model(site: Site, mapping: Tables) -> bool:
    """Say whether a call asks what its function is given, or what the function's object has, as the model."""
    plain = [a.value for a in site.call.args if a.name is None]
    least = 2 if getattr(site.call.func, "name", "") == "get" else 1
    if len(plain) < least:
        return False
    scope, given = mapping.reader.program.scope(site.place), plain[0]
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


def calling_scopes(mapping: Tables, scopes: Scopes, names: Forwarding) -> Scopes:
    """Return the scopes with query expressions, and those that call a function to be understood anew for each call."""
    program = mapping.reader.program
    result: Scopes = [list(own) for own in scopes]
    known = {Place(number, scope) for number, own in enumerate(scopes) for scope, _ in own}
    for name in sorted(names):
        for site in program.sites_by_name.get(name, ()):
            if site.place not in known and site.call.args:
                known.add(site.place)
                result[site.place.file].append((site.place.scope, statements_of(program, site.place)))
    return [sorted(own, key=lambda o: o[0]) for own in result]
