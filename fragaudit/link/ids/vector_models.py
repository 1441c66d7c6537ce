"""Classes of the project whose rows hold vectors, by the types of their columns."""

from __future__ import annotations

from functools import cached_property

from fragaudit.link.abstract import ClassRef, External
from fragaudit.link.evaluate import Evaluator
from fragaudit.link.program import Place
from fragaudit.model.facts import FileFacts
from fragaudit.model.values import Attr, Call, Lit, Ref, Value, children

_TYPES = frozenset(
    {
        "Vector",
        "VECTOR",
        "HALFVEC",
        "SPARSEVEC",
        "HalfVector",
        "VectorField",
        "HalfVectorField",
        "SparseVectorField",
        "VectorType",
        "Halfvec",
        "BitField",
    }
)


_COLUMN_TYPES = ("django.db.models", "django.contrib.gis", "sqlalchemy")


class VectorModels:
    """Finds the models with vector columns."""

    def __init__(self, evaluator: Evaluator) -> None:
        self._evaluator = evaluator
        self._program = evaluator.program

    @cached_property
    def columns(self) -> dict[Place, tuple[str, ...]]:
        """The project's classes with vector columns, and those columns."""
        found: dict[Place, tuple[str, ...]] = {}
        for number, file in enumerate(self._program.files):
            if not self._speaks(file):
                continue
            for binding in file.bindings:
                if file.scopes[binding.scope].kind != "class":
                    continue
                place = Place(number, binding.scope)
                if self._is_vector(binding.value, place) or self._is_vector(binding.annotation, place):
                    found[place] = (*found.get(place, ()), binding.target)
        return found

    @cached_property
    def tables(self) -> dict[tuple[int, str], tuple[str, str]]:
        """Tables that are no classes, by file and what they are bound to: their names, and their vector columns."""
        found: dict[tuple[int, str], tuple[str, str]] = {}
        for number, file in enumerate(self._program.files):
            if not self._speaks(file):
                continue
            for binding in file.bindings:
                value = binding.value
                if not isinstance(value, Call) or getattr(value.func, "name", "") != "Table":
                    continue
                for argument in value.args:
                    column = argument.value
                    if (
                        isinstance(column, Call)
                        and column.args
                        and self._is_vector(column, Place(number, binding.scope))
                    ):
                        named = (text_of(value.args[0].value), text_of(column.args[0].value))
                        found.setdefault((number, binding.target), named)
        return found

    def _speaks(self, file: FileFacts) -> bool:
        if any(i.name in _TYPES or "pgvector" in i.module or i.module == "pgvector" for i in file.imports):
            return True
        return any(scope.kind == "class" and scope.name in _TYPES for scope in file.scopes)

    def _is_vector(self, value: Value | None, place: Place) -> bool:
        stack = [value] if value is not None else []
        while stack:
            top = stack.pop()
            if isinstance(top, (Ref, Attr)) and top.name in _TYPES:
                for meaning in self._evaluator.evaluate(top, place):
                    if isinstance(meaning, External) and not meaning.name.startswith(("lancedb", "pinecone", "google")):
                        return True
                    if isinstance(meaning, ClassRef) and any(
                        base.name.startswith(_COLUMN_TYPES) for base in self._evaluator.outside_bases(meaning)
                    ):
                        return True  # a type of columns that the project makes itself
            stack.extend(children(top))
        return False

    def names(self) -> dict[str, list[Place]]:
        """Return the models by the names that files have for them."""
        names: dict[str, list[Place]] = {}
        for place in self.columns:
            names.setdefault(self._program.scope(place).name, []).append(place)
        for file in self._program.files:
            for item in file.imports:
                if item.name in names and item.local != item.name:
                    names.setdefault(item.local, []).extend(
                        p for p in names[item.name] if p not in names.get(item.local, ())
                    )
        return names


def text_of(value: Value) -> str:
    """Return a literal text, empty for anything else."""
    return value.value if isinstance(value, Lit) and isinstance(value.value, str) else ""
