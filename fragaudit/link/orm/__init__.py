"""Model classes and collections of all frameworks, as tables."""

from __future__ import annotations

from msgspec import Struct

from fragaudit.link.evaluate import Evaluator
from fragaudit.link.orm.classes import Classes
from fragaudit.link.orm.core import Model, Places, Relation
from fragaudit.link.orm.django import Django
from fragaudit.link.orm.reader import Reader
from fragaudit.link.orm.sqlalchemy import Alchemy
from fragaudit.model.locations import Location

__all__ = ["Model", "Models", "Relation", "models"]


class Models(Struct, frozen=True):
    """The models of a repository; mark `(n, n)` of their tables is `places[n]`."""

    models: tuple[Model, ...]
    places: tuple[Location, ...]


def models(evaluator: Evaluator) -> Models:
    """Return every model of a repository, in order of framework, file and appearance."""
    reader = Reader(evaluator)
    classes = Classes(reader)
    places = Places()
    found = [*Alchemy(reader, classes, places).all(), *Django(reader, classes, places).all()]
    return Models(tuple(found), places.all)
