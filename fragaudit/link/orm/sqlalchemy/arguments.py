"""`__table_args__`, and indexes that stand in the class body."""

from __future__ import annotations

from collections.abc import Set

from fragaudit.link.abstract import ClassRef
from fragaudit.link.orm.alchemy_table import Draft, engine_of
from fragaudit.link.orm.reader import Read, View
from fragaudit.link.orm.sqlalchemy.bodies import Bodies
from fragaudit.model.values import Attr, Call, Lit, Map, Ref


def add_arguments(
    cls: ClassRef, order: tuple[ClassRef, ...], above: Set[ClassRef], draft: Draft, bodies: Bodies
) -> None:
    """Add what `__table_args__` of a class says: its own, or one that it inherits from no class `above`."""
    for each in order:
        read = None
        binding = bodies.classes.members(each).get("__table_args__")
        if binding is not None and binding.value is not None and each not in above:
            read = bodies.read(binding, each, bodies.names(cls, draft.name))
        function = bodies.classes.functions(each).get("__table_args__")
        if function is not None:
            read = bodies.declared(cls, function, draft.name)
        if read is not None:
            _table_arguments(read, draft, bodies)
            break
    _in_body(cls, draft, bodies)


def _table_arguments(read: Read, draft: Draft, bodies: Bodies) -> None:
    followed = bodies.reader.follow(read)
    if isinstance(followed.value, Map) or (isinstance(followed.value, Call) and _is_dict(followed.value)):
        _options(followed, draft, bodies)
        return
    if isinstance(followed.value, Lit):
        return
    items = bodies.reader.items(followed)
    if items is None:
        draft.opaque = draft.opaque or "its __table_args__ can't be followed"
        return
    arguments = []
    for item in items:
        inner = bodies.reader.follow(item) if not isinstance(item.value, Call) else item
        if isinstance(inner.value, Map) or (isinstance(inner.value, Call) and _is_dict(inner.value)):
            _options(inner, draft, bodies)
        else:
            arguments.append(item)
    bodies.tables.apply(draft, arguments)


def _options(read: Read, draft: Draft, bodies: Bodies) -> None:
    entries = bodies.reader.entries(read)
    draft.engine = engine_of(entries)
    if "schema" in entries:
        draft.schema = bodies.reader.text(entries["schema"]) or ""
    if "comment" in entries:
        draft.comment = bodies.reader.text(entries["comment"]) or ""


def _in_body(cls: ClassRef, draft: Draft, bodies: Bodies) -> None:
    """Add an `Index(…, column)` that stands in the class body as an attribute."""
    for binding in bodies.classes.members(cls).values():
        value, view = binding.value, View(cls.place)
        if not isinstance(value, Call) or bodies.reader.last(value, view) not in ("Index", "UniqueConstraint"):
            continue
        if any(isinstance(a.value, (Ref, Attr, Call)) for a in value.args if a.name is None):
            bodies.tables.constraint(draft, bodies.reader.last(value, view), value, view)


def _is_dict(call: Call) -> bool:
    return isinstance(call.func, Ref) and call.func.name == "dict"
