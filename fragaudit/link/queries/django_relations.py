"""How Django's models lead to each other: by the names that lookups use, and by those that rows have."""

from __future__ import annotations

from dataclasses import dataclass

from fragaudit.link.orm.core import Model
from fragaudit.link.orm.reader import Read, View, argument
from fragaudit.link.queries.tables import Pairs, Tables, primary_key
from fragaudit.model.values import Call


@dataclass(frozen=True)
class Step:
    """One relation on the way: the model it leads to, by which columns, whether to many rows or maybe none."""

    model: Model
    pairs: Pairs
    many: bool = False
    optional: bool = False


@dataclass(frozen=True)
class Related:
    """Where an attribute of a row leads: to which model's rows, and by which lookup of theirs they lead back."""

    model: Model
    back: str = ""
    many: bool = False


class Relations:
    """Relations of Django's models in both directions, by the names that lookups and instances use."""

    def __init__(self, mapping: Tables) -> None:
        self._mapping = mapping
        self._back: dict[int, dict[str, Step]] = {}
        self.accessors: dict[str, list[tuple[Model, str]]] = {}
        self._models = [
            m
            for m in mapping.models
            if m.framework in ("django", "django-proxy", "tortoise", "ormar") and m.cls is not None
        ]
        for model in self._models:
            if model.framework != "django-proxy":
                self._reverse(model)

    def step(self, model: Model, name: str) -> list[Step] | None:
        """Return where one name of a path leads from a model."""
        relation = model.relations.get(name)
        if relation is not None:
            other = self._mapping.by_class.get(relation.target) if relation.target is not None else None
            if other is None:
                return None
            if relation.many:
                return self._through(model, other, relation.through)
            key = primary_key(other)
            known = next((k for k in model.table.foreign_keys if k.columns == relation.columns), None)
            there = known.references if known is not None and known.references else key
            if len(there) != 1 or len(relation.columns) != 1:
                return None
            column = next((c for c in model.table.columns if c.name == relation.columns[0]), None)
            return [Step(other, ((relation.columns[0], there[0]),), optional=column is None or column.nullable)]
        back = self._back.get(id(model), {}).get(name)
        if back is not None:
            return [back]
        return self._many_back(model, name)

    def related(self, model: Model, name: str) -> Related | None:
        """Return where an attribute of a model's rows leads."""
        relation = model.relations.get(name)
        if relation is not None:
            other = self._mapping.by_class.get(relation.target) if relation.target is not None else None
            if other is None:
                return None
            return Related(other, self._names(model, name)[1] if relation.many else "", relation.many)
        for child, attribute in self.accessors.get(name, ()):
            target = child.relations[attribute].target
            if target is not None and self._mapping.by_class.get(target) is model:
                return self._back_to(child, attribute)
        return None

    def only(self, name: str) -> Related | None:
        """Return where an attribute of rows of an unknown model leads, if only one model can have it."""
        found = self.accessors.get(name, ())
        return self._back_to(*found[0]) if len(found) == 1 else None

    def _back_to(self, child: Model, attribute: str) -> Related:
        columns = child.relations[attribute].columns
        unique = any(i.unique and tuple(k.column for k in i.keys) == columns for i in child.table.indexes)
        return Related(child, attribute, not (unique and columns))

    def _through(self, model: Model, other: Model, through: str, *, reverse: bool = False) -> list[Step] | None:
        middle = self._mapping.by_table.get(through.lower())
        if middle is None or model is other:
            return None
        first, second = self._mapping.pairs(model, middle), self._mapping.pairs(middle, other)
        if first is None or second is None:
            return None
        return [Step(middle, first, many=True, optional=True), Step(other, second, many=reverse)]

    def _many_back(self, model: Model, name: str) -> list[Step] | None:
        for other in self._models:
            for attribute, relation in other.relations.items():
                if (
                    not relation.many
                    or relation.target is None
                    or self._mapping.by_class.get(relation.target) is not model
                ):
                    continue
                accessor, query = self._names(other, attribute)
                if name in (query, accessor):
                    return self._through(model, other, relation.through)
        return None

    def _reverse(self, model: Model) -> None:
        for attribute, relation in model.relations.items():
            accessor, query = self._names(model, attribute)
            if accessor and accessor != "+":
                self.accessors.setdefault(accessor, []).append((model, attribute))
            other = self._mapping.by_class.get(relation.target) if relation.target is not None else None
            if other is None or relation.many or len(relation.columns) != 1:
                continue
            key = primary_key(other)
            if len(key) == 1:
                unique = any(
                    i.unique and [k.column for k in i.keys] == list(relation.columns) for i in model.table.indexes
                )
                step = Step(model, ((key[0], relation.columns[0]),), many=not unique, optional=True)
                self._back.setdefault(id(other), {}).setdefault(query, step)

    def _names(self, model: Model, attribute: str) -> tuple[str, str]:
        """Return by which names the other side knows a relation: on its objects, and in lookups."""
        lower = model.name.lower()
        binding = None
        for cls in self._mapping.classes.order(model.cls) if model.cls is not None else ():
            binding = self._mapping.classes.members(cls).get(attribute)
            if binding is not None:
                view = View(cls.place)
                break
        related = query = None
        one = False
        if binding is not None and isinstance(binding.value, Call):
            reader = self._mapping.reader
            given, asked = argument(binding.value, "related_name"), argument(binding.value, "related_query_name")
            related = reader.text(Read(given, view)) if given is not None else None
            query = reader.text(Read(asked, view)) if asked is not None else None
            one = getattr(binding.value.func, "name", "") == "OneToOneField"
            if related:
                related = related.replace("%(class)s", lower).replace("%(app_label)s", model.app)
        if model.framework == "tortoise":  # one name for both
            return (related or f"{lower}s",) * 2
        accessor = related or (lower if one else f"{lower}_set")
        return accessor, query or related or lower
