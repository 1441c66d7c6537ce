"""In which scopes of a file queries may stand, and the statements of a scope in the order in which they run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias, Union

from fragaudit.link.program import Place, Program
from fragaudit.model.facts import Binding, FileFacts, Use
from fragaudit.model.values import Attr, Call, Lit, Placed, Ref, Value, calls, children

Statement: TypeAlias = Union[Binding, Use]
WORDS = frozenset(
    {
        "select", "query", "where", "filter", "filter_by", "exclude", "order_by", "scalars", "get_object_or_404",
        "get_list_or_404", "get_or_create", "aget_or_create", "update_or_create", "aupdate_or_create", "get_or_none",
        "get_by_id", "table", "from_", "exists", "delete", "update", "insert", "model_query",
    }
)  # fmt: skip
"""Names of which every query expression has one."""


def asking_scopes(file: FileFacts, methods: frozenset[str] = frozenset()) -> Iterator[tuple[int, list[Statement]]]:
    """Yield the scopes in which a query may stand, with their statements in source order.

    `methods` are names of methods that ask with what they are given, whatever they are called on.
    """
    found: dict[int, list[tuple[int, int, Statement]]] = {}
    asking: set[int] = set()
    every: list[Statement] = [*file.bindings, *file.uses]
    for number, statement in enumerate(every):
        value = statement.value
        line = _line(statement, found.get(statement.scope))
        found.setdefault(statement.scope, []).append((line, number, statement))
        if statement.scope not in asking and value is not None and _asks(value, methods):
            asking.add(statement.scope)
    for scope in sorted(asking):
        statements = sorted(found[scope], key=lambda s: s[:2])
        yield scope, [s for _, _, s in statements]


def statements_of(program: Program, place: Place) -> list[Statement]:
    """Return the statements of one scope in source order."""
    found: list[tuple[int, int, Statement]] = []
    here: list[Statement] = [*program.bindings_by_scope[place.file].get(place.scope, ())]
    here += program.uses_by_scope[place.file].get(place.scope, ())
    for number, statement in enumerate(here):
        found.append((_line(statement, found), number, statement))
    return [s for _, _, s in sorted(found, key=lambda s: s[:2])]


def _line(statement: Statement, before: list[tuple[int, int, Statement]] | None) -> int:
    line = statement.at[0] if isinstance(statement, Binding) else statement.line
    if line > 1:
        return line
    call = next(calls(statement.value), None) if statement.value is not None else None
    if call is not None:
        return call.at[0]
    return before[-1][0] if before and line == 0 else line


def _is_class(value: Value) -> bool:
    name = value.name if isinstance(value, (Ref, Attr)) else ""
    return name[:1].isupper()


_OF_KEY = frozenset({"get"})
"""Methods of sessions that are given a model first."""

_OF_CLASS = frozenset({"get", "all", "create", "first", "bulk_create"})
"""Methods of model classes themselves."""

_OF_MANAGER = frozenset({"all", "count", "first", "last", "aggregate", "prefetch_related"})
"""Methods of managers, whatever they are called."""


Scopes: TypeAlias = list[list[tuple[int, list[Statement]]]]


def makers(program: Program, scopes: Scopes) -> frozenset[str]:
    """Return the names of functions that may hand on a query: those in which one stands, and that return something."""
    found: set[str] = set()
    for file, own in zip(program.files, scopes, strict=True):
        returning = {use.scope for use in file.uses if use.how in ("return", "yield")}
        asking = {number for number, _ in own} & returning
        found |= {file.scopes[number].name for number in asking if file.scopes[number].kind == "function"}
    return frozenset(found)


_LEAVES = frozenset({Lit, Placed, Ref})


def _asks(value: Value, methods: frozenset[str]) -> bool:
    stack = [value]
    while stack:
        top = stack.pop()
        if type(top) in _LEAVES:
            continue
        if isinstance(top, Call):
            name = getattr(top.func, "name", "")
            if name in WORDS or (name in _OF_KEY and len(top.args) > 0 and _is_class(top.args[0].value)):
                return True
            if top.func == Ref("<for>"):
                return True
            if name in methods and top.args and isinstance(top.func, Attr):
                return True
            if name in _OF_CLASS and isinstance(top.func, Attr) and _is_class(top.func.base):
                return True
            base = top.func.base if isinstance(top.func, Attr) else None
            # A manager of any name: `Book.shown.cheap()`, `author.books.all()`.
            if isinstance(base, Attr) and (name in _OF_MANAGER or (_is_class(base.base) and not _is_class(base))):
                return True
        elif isinstance(top, Attr) and (top.name in ("objects", "query") or top.name.endswith("_set")):
            return True
        stack.extend(children(top))
    return False
