"""Naming conventions: that of the metadata which a table belongs to."""

from __future__ import annotations

from fragaudit.link.abstract import ClassRef
from fragaudit.link.orm.reader import Read, Reader, View, argument
from fragaudit.link.orm.sqlalchemy.bodies import Bodies
from fragaudit.link.program import Place
from fragaudit.model.facts import MODULE_SCOPE
from fragaudit.model.values import Attr, Call


def convention(cls: ClassRef, bodies: Bodies) -> dict[str, str]:
    """Return the naming convention of the metadata that a class's table belongs to."""
    order = bodies.classes.order(cls)
    for each in order:
        binding = bodies.classes.members(each).get("metadata")
        if binding is not None and binding.value is not None:
            return convention_of(Read(binding.value, View(each.place)), bodies.reader)
    for each in order:
        scope = bodies.classes.scope(each)
        view = View(Place(each.place.file, max(scope.parent, MODULE_SCOPE)))
        for base in scope.bases:
            made = bodies.reader.follow(Read(base, view))
            if isinstance(made.value, Attr):  # db.Model
                made = bodies.reader.follow(Read(made.value.base, made.view))
            if isinstance(made.value, Call):
                given = argument(made.value, "metadata")
                if given is not None:
                    return convention_of(Read(given, made.view), bodies.reader)
    return {}


def convention_of(read: Read, reader: Reader) -> dict[str, str]:
    """Return the naming convention of a `MetaData(…)`."""
    made = reader.follow(read)
    if not isinstance(made.value, Call):
        return {}
    given = reader.keywords(made.value, made.view).get("naming_convention")
    if given is None:
        return {}
    entries = reader.entries(given)
    found = {k: reader.text(r) for k, r in entries.items()}
    return {k: v for k, v in found.items() if v is not None}
