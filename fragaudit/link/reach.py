"""Which classes and functions of a repository something in it uses; the rest it only offers to others."""

from __future__ import annotations

from fragaudit.link.program import Place, Program
from fragaudit.model.facts import MODULE_SCOPE
from fragaudit.model.values import Lit, Map, Value

LONGEST_NAME = 120


class Reach:
    """Answers whether a place runs because of something in the repository, by names alone: too often rather than not.

    Module level runs on import, decorated functions are registered somewhere; a class or function counts as used where
    its name is called, imported by a module that isn't a package's `__init__`, subclassed, or spelled in a string.
    """

    def __init__(self, program: Program) -> None:
        self._program = program
        self._imported = {
            item.name or item.local
            for file in program.files
            for item in file.imports
            if not file.path.endswith("__init__.py")
        }
        self._spelled = {
            text.rpartition(".")[2].rpartition(":")[2]
            for file in program.files
            for binding in file.bindings
            if binding.value is not None
            for text in _texts(binding.value)
        }

    def used(self, place: Place) -> bool:
        """Say whether something uses the class or function that a place lies in."""
        unit = self._program.enclosing_class(place) or self._program.enclosing_function(place)
        if unit is None or unit.scope == MODULE_SCOPE:
            return True
        scope = self._program.scope(unit)
        if scope.decorators and scope.kind == "function":
            return True
        if scope.name in self._imported or scope.name in self._spelled:
            return True
        return any(
            not self._program.within(site.place, unit) for site in self._program.sites_by_name.get(scope.name, ())
        )


def _texts(value: Value) -> list[str]:
    """Return the short texts of a constant or of the values of a mapping."""
    if isinstance(value, Lit):
        return [value.value] if isinstance(value.value, str) and len(value.value) < LONGEST_NAME else []
    if isinstance(value, Map):
        return [text for entry in value.entries if isinstance(entry.value, Lit) for text in _texts(entry.value)]
    return []
