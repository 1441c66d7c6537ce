"""Whether the project itself makes the objects of a class, and says what their fields are."""

from __future__ import annotations

import re
from functools import cached_property

from fragaudit.link.abstract import ClassRef
from fragaudit.link.program import Program

_HELD_CLASS = re.compile(r"(?:cls|class|type|factory)$", re.IGNORECASE)
"""Names of what holds a class that was chosen elsewhere: `storage_cls(namespace="notes")`."""
MOST_CLASSES = 60


class Makers:
    """Knows where objects are made."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._memory: dict[tuple[ClassRef, str], bool] = {}

    def give(self, cls: ClassRef, field: str) -> bool:
        """Say whether a call in the project makes an object of a class, or of one derived from it, with a field."""
        known = self._memory.get((cls, field))
        if known is None:
            sites = self._program.sites_by_name
            known = field in self._given_to_held or any(
                argument.name == field
                for name in self._names(cls)
                for site in sites.get(name, ())
                for argument in site.call.args
            )
            self._memory[cls, field] = known
        return known

    def _names(self, cls: ClassRef) -> list[str]:
        names = [self._program.scope(cls.place).name]
        for name in names:
            derived = (self._program.scope(place).name for place in self._program.subclasses.get(name, ()))
            names.extend(d for d in derived if d not in names and len(names) < MOST_CLASSES)
        return names

    @cached_property
    def _given_to_held(self) -> frozenset[str]:
        return frozenset(
            argument.name
            for name, sites in self._program.sites_by_name.items()
            if not name or _HELD_CLASS.search(name)
            for site in sites
            for argument in site.call.args
            if argument.name is not None
        )
