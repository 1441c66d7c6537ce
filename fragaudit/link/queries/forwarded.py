"""Functions whose queries depend on how they are called: repositories of any model, and what hands its filters on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fragaudit.link.orm.reader import View
from fragaudit.link.program import Place
from fragaudit.link.queries.scopes import Scopes, Statement, line_of
from fragaudit.link.queries.tables import Tables
from fragaudit.model.facts import Scope
from fragaudit.model.values import Attr, Call, Ref, Value, children

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
    found: dict[str, set[Place]] = {}
    for number, (file, asking) in enumerate(zip(mapping.reader.program.files, scopes, strict=True)):
        for index, statements in asking:
            scope = file.scopes[index]
            place = Place(number, index)
            if scope.kind == "function" and scope.name != "__init__" and _depends(scope, place, statements, mapping):
                found.setdefault(scope.name, set()).add(place)
    return {name: frozenset(places) for name, places in found.items()}


def _depends(scope: Scope, place: Place, statements: Sequence[Statement], mapping: Tables) -> bool:
    options = next((p.name for p in scope.parameters if p.kind == "**"), None)
    names = {p.name for p in scope.parameters if p.kind in ("positional", "keyword")}
    own = scope.parameters[0].name if scope.parameters else ""
    method = (
        mapping.reader.program.files[place.file].scopes[scope.parent].kind == "class" if scope.parent >= 0 else False
    )
    for value in _values(statements):
        if options is not None and value == Ref(options):
            return True
        if not isinstance(value, Call) or getattr(value.func, "name", "") not in _ASKING:
            continue
        plain = [a.value for a in value.args if a.name is None]
        if getattr(value.func, "name", "") == "get" and len(plain) < 2:
            continue
        for given in plain[:1]:
            while isinstance(given, Attr) and isinstance(given.base, Attr):
                given = given.base
            kept = method and isinstance(given, Attr) and given.base == Ref(own)
            handed = isinstance(given, Ref) and given.name in names
            if (kept or handed) and len(mapping.meant(given, View(place))) != 1:
                return True
    return False


def _values(statements: Sequence[Statement]) -> Iterator[Value]:
    for statement in statements:
        stack = [statement.value] if statement.value is not None else []
        while stack:
            top = stack.pop()
            yield top
            stack.extend(children(top))


def calling_scopes(mapping: Tables, scopes: Scopes, names: Forwarding) -> Scopes:
    """Return the scopes with query expressions, and those that call a function to be understood anew for each call."""
    if not names:
        return scopes
    result: Scopes = []
    for file, asking in zip(mapping.reader.program.files, scopes, strict=True):
        known = dict(asking)
        found: dict[int, list[tuple[int, int, Statement]]] = {}
        calling: set[int] = set()
        every: list[Statement] = [*file.bindings, *file.uses]
        for number, statement in enumerate(every):
            found.setdefault(statement.scope, []).append(
                (line_of(statement, found.get(statement.scope)), number, statement)
            )
            if statement.scope not in known and statement.scope not in calling and _calls(statement, names):
                calling.add(statement.scope)
        for scope in calling:
            known[scope] = [s for _, _, s in sorted(found[scope], key=lambda s: s[:2])]
        result.append(sorted(known.items()))
    return result


def _calls(statement: Statement, names: Forwarding) -> bool:
    return any(
        isinstance(value, Call) and bool(value.args) and getattr(value.func, "name", "") in names
        for value in _values([statement])
    )
