"""Attributes of SQLAlchemy's classes that methods make: in a statement they are what the methods say, not columns."""

from __future__ import annotations

from collections.abc import Iterator

from fragaudit.link.abstract import ClassRef
from fragaudit.link.orm.reader import View
from fragaudit.link.program import Place
from fragaudit.link.queries.draft import Entity, Thing
from fragaudit.link.queries.flow import Flow, options
from fragaudit.link.queries.predicates import OPERANDS, PREDICATES, computed
from fragaudit.model.sql import NOWHERE, Column, Operand
from fragaudit.model.values import Attr, Call, Either, Lit, Operation, Ref, Value, children

_IN_STATEMENTS = ("comparator", "expression")
_OF_ROWS = frozenset({"is", "is not", "in", "not in", "and", "or", "not"})
"""Operators that Python itself decides: what they say of a row they don't say in a statement."""


def declared(model_cls: ClassRef, name: str, flow: Flow) -> bool:
    """Say whether a class or one above it has an attribute of a name that isn't a plain annotation."""
    classes = flow.mapping.classes
    return any(name in classes.members(c) or name in classes.functions(c) for c in classes.order(model_cls))


def hybrid(entity: Entity, name: str, flow: Flow) -> Thing | None:
    """Return what an attribute made by methods is in a statement; None where that can't be told, or it is none.

    That is what its expression gives, or what its comparator compares, else what the method gives for the class.
    (SQLAlchemy 2.0, Hybrid Attributes.)
    """
    cls = entity.model.cls if entity.model is not None else None
    for each in flow.mapping.classes.order(cls) if cls is not None else ():
        binding = flow.mapping.classes.members(each).get(name)
        if binding is not None:
            return _synonym(binding.value, entity, flow)
        own = list(_methods(each, name, flow))
        if not own:
            continue
        said = [(place, kind) for place, kind in own if kind in _IN_STATEMENTS]
        if said:
            place, kind = said[-1]
            return _compared(place, entity, flow) if kind == "comparator" else _given(place, entity, flow)
        place, kind = own[0]
        return _given(place, entity, flow) if kind == "hybrid_property" else None
    return None


def _synonym(value: Value | None, entity: Entity, flow: Flow) -> Column | None:
    """Return the column of `synonym("attribute")`."""
    if not isinstance(value, Call) or getattr(value.func, "name", "") != "synonym" or not value.args:
        return None
    named = value.args[0].value
    columns = entity.model.columns if entity.model is not None else {}
    column = columns.get(named.value) if isinstance(named, Lit) and isinstance(named.value, str) else None
    return Column(entity.alias, column, flow.here) if column is not None else None


def _methods(cls: ClassRef, name: str, flow: Flow) -> Iterator[tuple[Place, str]]:
    """Yield the methods that make an attribute, each with what its decorator says it is for."""
    program = flow.program
    for number in program.children(cls.place):
        place = Place(cls.place.file, number)
        scope = program.scope(place)
        if scope.kind != "function":
            continue
        for decorator in scope.decorators:
            value = decorator.func if isinstance(decorator, Call) else decorator
            kind = value.name if isinstance(value, (Attr, Ref)) else ""
            base = value.base if isinstance(value, Attr) else None
            if isinstance(base, Attr) and base.name == "inplace":  # whose methods have other names
                base = base.base
            if isinstance(base, Ref) and base.name == name and kind in (*_IN_STATEMENTS, "setter", "update_expression"):
                yield place, kind
                break
            if scope.name == name and kind == "hybrid_property":
                yield place, kind
                break


def _returned(place: Place, flow: Flow) -> Value | None:
    """Return what a method returns, if that is one expression."""
    found = [u.value for u in flow.program.returns[place.file].get(place.scope, ()) if u.how == "return"]
    return found[0] if len(found) == 1 else None


def _inside(place: Place, entity: Entity, flow: Flow) -> Flow:
    """Return what follows a method for a class, as if its expression stood where the attribute does."""
    inner = flow.inside(place)
    inner.here, inner.branch = flow.here, flow.branch
    inner.pinned = flow.pinned or (flow.here if flow.here != NOWHERE else None)
    parameters = flow.program.scope(place).parameters
    if parameters:
        inner.names.know(parameters[0].name, entity)
    return inner


def _given(place: Place, entity: Entity, flow: Flow) -> Thing | None:
    value = _returned(place, flow)
    if value is None or _of_rows(value):
        return None
    found = _inside(place, entity, flow).thing(value)
    return found if isinstance(found, (*OPERANDS, *PREDICATES)) or options(found) else None


def _of_rows(value: Value) -> bool:
    stack = [value]
    while stack:
        top = stack.pop()
        if isinstance(top, Either) or (isinstance(top, Operation) and top.op in _OF_ROWS):
            return True
        stack.extend(children(top))
    return False


def _compared(place: Place, entity: Entity, flow: Flow) -> Thing | None:
    """Return what a comparator compares: what it is made of, unless its class makes something else of that."""
    value = _returned(place, flow)
    if not isinstance(value, Call) or not value.args or value.args[0].name is not None:
        return None
    made = _inside(place, entity, flow).thing(value.args[0].value)
    cls = flow.reader.project_class(value.func, View(place))
    if cls is None or not isinstance(made, OPERANDS):
        return None
    for each in flow.mapping.classes.order(cls):
        functions = flow.mapping.classes.functions(each)
        method = functions.get("operate") or functions.get("__eq__")
        if method is not None:
            found = [_own(u.value, made) for u in flow.program.returns[method.file].get(method.scope, ())]
            return found[0] if found and all(f == found[0] for f in found) else None
    return None


def _own(value: Value, made: Operand) -> Operand | None:
    """Return what a method of a comparator compares, by what it returns; None if that can't be told."""
    if isinstance(value, Operation) and value.op == "==":
        return _element(value.operands[0], made)
    if isinstance(value, Call) and isinstance(value.func, Ref) and value.args:  # `op(element, other)`
        return _element(value.args[0].value, made)
    return None


def _element(value: Value, made: Operand) -> Operand | None:
    func = value.func if isinstance(value, Call) else None
    if isinstance(func, Attr) and func.name == "__clause_element__":
        return made
    if isinstance(value, Attr) and value.name == "expression" and value.base == Ref("self"):
        return made
    if isinstance(value, Call) and isinstance(func, Attr) and isinstance(func.base, (Ref, Attr)):
        arguments = [a.value for a in value.args]
        if func.base.name == "func" and len(arguments) == 1 and not isinstance(arguments[0], Lit):
            inner = _element(arguments[0], made)
            return computed(func.name, [inner]) if inner is not None else None
    return None
