"""Model classes, their tables, and how tables of related models are joined."""

from __future__ import annotations

from fragaudit.link.abstract import ClassRef, Instance
from fragaudit.link.orm import SHARED, Mapping
from fragaudit.link.orm.core import Model
from fragaudit.link.orm.reader import Read, View, argument
from fragaudit.model.sql import Column, Compare, Mark, Predicate
from fragaudit.model.values import Call, Lit, Value

Pairs = tuple[tuple[str, str], ...]
"""Columns of one table and those of another that are equal."""


class Tables:
    """Answers what a class or table is, and how it leads to another one."""

    def __init__(self, found: Mapping) -> None:
        self.reader = found.reader
        self.classes = found.classes
        self.models = found.models
        self.user = found.django.fields.user
        self.by_class: dict[ClassRef, Model] = {}
        self.by_table: dict[str, Model] = {}
        self.by_name: dict[str, list[Model]] = {}
        for model in found.models:
            if model.cls is not None:
                self.by_class.setdefault(model.cls, model)
            if model.framework not in SHARED:
                self.by_table.setdefault(model.table.name.lower(), model)
            self.by_name.setdefault(model.name.lower(), []).append(model)

    def model(self, value: Value, view: View) -> Model | None:
        """Return the model that an expression names; None if it may be several."""
        found = self.meant(value, view)
        return found[0] if len(found) == 1 else None

    def meant(self, value: Value, view: View) -> list[Model]:
        """Return every model that an expression may name."""
        found: list[Model] = []
        for meaning in self.reader.meanings(value, view):
            if isinstance(meaning, Instance):
                continue
            if isinstance(meaning, ClassRef):
                model = self.by_class.get(meaning)
                if model is not None and model not in found:
                    found.append(model)
        return found

    def made(self, value: Value, view: View) -> Model | None:
        """Return the table that an expression makes: `Table("name", metadata, …)`; None for any other."""
        if not isinstance(value, Call) or getattr(value.func, "name", "") != "Table":
            return None
        library = self.reader.callee(value, view).partition(".")[0]
        return self.table(value, view) if library == "sqlalchemy" else None

    def table(self, call: Call, view: View) -> Model | None:
        """Return the table that a `Table("name", metadata, …)` makes or names."""
        positional = [a.value for a in call.args if a.name is None]
        name = self.reader.text(Read(positional[0], view)) if positional else None
        if name is None:
            return None
        schema = argument(call, "schema")
        prefix = self.reader.text(Read(schema, view)) if schema is not None else None
        return self.by_table.get(f"{prefix}.{name}".lower() if prefix else name.lower())

    def labelled(self, app: str, name: str) -> Model | None:
        """Return a model by the app it is in (empty: any) and its name, in any case."""
        found = [m for m in self.by_name.get(name.lower(), ()) if not app or m.app.lower() == app.lower()]
        return found[0] if len(found) == 1 else None

    # -- how tables are joined -----------------------------------------------------------------------------------------

    def pairs(self, own: Model, other: Model) -> Pairs | None:
        """Return the equal columns of the only foreign key between two tables, in either direction."""
        found = [*_keys(own, other), *(tuple((b, a) for a, b in p) for p in _keys(other, own))]
        return found[0] if len(set(found)) == 1 else None

    def between(self, model: Model, attribute: str) -> Model | None:
        """Return the association table of a relationship that has one."""
        for cls in self.classes.order(model.cls) if model.cls is not None else ():
            binding = self.classes.members(cls).get(attribute)
            if binding is None or not isinstance(binding.value, Call):
                continue
            secondary = argument(binding.value, "secondary", 1) or argument(binding.value, "link_model")
            if secondary is None:
                return None
            view = View(cls.place)
            if isinstance(secondary, Lit) and isinstance(secondary.value, str):
                return self.by_table.get(secondary.value.lower())
            named = self.model(secondary, view)
            if named is not None:
                return named
            made = self.reader.follow(Read(secondary, view))
            return self.table(made.value, made.view) if isinstance(made.value, Call) else None
        return None


def _keys(own: Model, other: Model) -> list[Pairs]:
    found: list[Pairs] = []
    target = other.table.name.lower().rpartition(".")[2]
    for key in own.table.foreign_keys:
        if key.table.lower().rpartition(".")[2] != target:
            continue
        there = key.references or primary_key(other)
        if len(there) == len(key.columns):
            found.append(tuple(zip(key.columns, there, strict=True)))
    return found


def primary_key(model: Model) -> tuple[str, ...]:
    """Return the columns of a table's primary key."""
    return next((tuple(k.column for k in i.keys) for i in model.table.indexes if i.origin == "primary key"), ())


def equal(left: str, right: str, pairs: Pairs, at: Mark) -> list[Predicate]:
    """Return the comparisons of two aliases' columns."""
    return [Compare(Column(left, a, at), "=", (Column(right, b, at),), at) for a, b in pairs]
