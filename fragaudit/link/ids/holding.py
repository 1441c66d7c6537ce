"""Do records hold a vector: by their keys, by those of what callers hand in, or by the class that writes them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from fragaudit.catalogue import Catalogue, Operation
from fragaudit.link.abstract import ClassRef
from fragaudit.link.ids.callers import Callers, here_of, lifted
from fragaudit.link.ids.flow import Flow
from fragaudit.link.ids.heads import From, Head
from fragaudit.link.ids.keys import keys_of
from fragaudit.link.ids.paths import at_path, paths
from fragaudit.link.ids.telling import PREPARING
from fragaudit.link.ids.vectorless import records_in
from fragaudit.link.program import Place, Site
from fragaudit.link.verbs import verb_of
from fragaudit.model.vectors import is_vector_name

_BESIDE = re.compile(r"meta|stat(?:e|us|s)(?:_|$)|log(?:s|_|$)|history|jobs?(?:_|$)|session|owner|user", re.IGNORECASE)
"""Methods of classes that keep vectors which write something else."""


class Holding:
    """Knows which records hold vectors."""

    def __init__(self, flow: Flow, catalogue: Catalogue, callers: Callers) -> None:
        self._flow = flow
        self._catalogue = catalogue
        self._callers = callers

    def holds_vector(self, site: Site, operation: Operation) -> bool:
        """Say whether the records of a write have a key that speaks of a vector.

        Records that nobody could follow do where a method writes them whose class keeps vectors.
        """
        hidden = False
        for path in paths(operation.metadata):
            for head in at_path(self._flow, site.call, here_of(site), operation, path) or ():
                if any(is_vector_name(key) for one in self._handed(head) for key in keys_of(self._flow, one)):
                    return True
                hidden = hidden or any(not any(keys_of(self._flow, r)) for r in records_in(self._flow, head))
        function = self._flow.program.enclosing_function(site.place)
        name = self._flow.program.scope(function).name if function is not None else ""
        return hidden and self.keeps_vectors(site.place, verb_of(name, "vector"))

    def show_vector(self, records: tuple[Head, ...] | None) -> bool:
        """Say whether records have a key that speaks of a vector, here or where callers put them together."""
        handed = (one for head in records or () for one in self._handed(head))
        return any(is_vector_name(key) for one in handed for key in keys_of(self._flow, one))

    def _handed(self, head: Head) -> Iterator[Head]:
        """Yield a value, and what callers give for it where it is a parameter."""
        yield head
        if isinstance(head, From) and head.function is not None:
            for site in self._callers.of(head.function):
                yield from lifted(self._flow, (head,), head.function, site)

    def keeps_vectors(self, place: Place, verb: str | None) -> bool:
        """Say whether what is done at a place is how a class of the project's own writes vectors."""
        program = self._flow.program
        cls, function = program.enclosing_class(place), program.enclosing_function(place)
        if verb != "write" or cls is None or function is None:
            return False
        name = program.scope(function).name
        if PREPARING.search(name) or _BESIDE.search(name):
            return False
        kinds = (
            self._catalogue.abstraction(program.scope(ancestor.place).name)
            for ancestor in self._flow.evaluator.ancestry(ClassRef(cls))
        )
        return next((kind for kind in kinds if kind is not None), None) == "vector"
