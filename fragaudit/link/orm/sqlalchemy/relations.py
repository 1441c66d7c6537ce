"""Relationships of classes: what they lead to, and whether to many."""

from __future__ import annotations

from collections.abc import Set
from functools import cached_property

from fragaudit.link.abstract import ClassRef
from fragaudit.link.orm.core import Relation
from fragaudit.link.orm.reader import View, argument
from fragaudit.link.orm.sqlalchemy.annotations import is_collection, mapped_type, without_none
from fragaudit.link.orm.sqlalchemy.bodies import Bodies
from fragaudit.model.values import Call, Item, Lit, Ref, Value

_RELATIONS = frozenset({"relationship", "Relationship", "dynamic_loader", "backref"})


class Relations:
    """Reads the relationships of classes."""

    def __init__(self, bodies: Bodies) -> None:
        self._bodies = bodies
        self._classes = bodies.classes

    def of(self, cls: ClassRef, above: Set[ClassRef]) -> dict[str, Relation]:
        """Return the relationships of a class by attribute, without those that classes `above` have."""
        found: dict[str, Relation] = {}
        for each in self._classes.order(cls):
            if each in above:
                continue
            for attribute, binding in self._classes.members(each).items():
                value = binding.value
                view = View(each.place)
                if not isinstance(value, Call) or self._bodies.reader.last(value, view) not in _RELATIONS:
                    continue
                first = argument(value, "argument", 0)
                target = self._target(first, view) if first is not None else None
                mapped = mapped_type(binding.annotation, view, self._bodies) or binding.annotation
                many = mapped is not None and is_collection(without_none(mapped)[0])
                if target is None and mapped is not None:
                    inner, _ = without_none(mapped)
                    inner = inner.key if isinstance(inner, Item) and is_collection(inner) else inner
                    target = self._target(inner, view)
                found.setdefault(attribute, Relation(target, many=many))
        return found

    def _target(self, value: Value, view: View) -> ClassRef | None:
        if isinstance(value, Lit) and isinstance(value.value, str):
            name = value.value.rpartition(".")[2]
            return self._by_name.get(name)
        found = self._bodies.reader.project_class(value, view)
        if found is None and isinstance(value, Ref):
            return self._by_name.get(value.name)
        return found

    @cached_property
    def _by_name(self) -> dict[str, ClassRef]:
        index: dict[str, ClassRef] = {}
        for cls in self._classes.all():
            index.setdefault(self._classes.scope(cls).name, cls)
        return index
