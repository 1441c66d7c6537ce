"""Model classes and collections of all frameworks, as tables."""

from __future__ import annotations

from fragaudit.link.evaluate import Evaluator
from fragaudit.link.orm.active_record import ActiveRecord
from fragaudit.link.orm.alchemy_table import TableReader
from fragaudit.link.orm.classes import Classes
from fragaudit.link.orm.core import Model, Places, Relation
from fragaudit.link.orm.django import Django
from fragaudit.link.orm.documents import Documents
from fragaudit.link.orm.pony import Pony
from fragaudit.link.orm.reader import Reader
from fragaudit.link.orm.sqlalchemy import Alchemy

__all__ = ["Mapping", "Model", "Relation"]

SHARED = frozenset({"sqlalchemy-single", "django-proxy"})
"""Models that stand for a table which another model defines."""


class Mapping:
    """The models of a repository, and what reads them; mark `(n, n)` of their tables is place n of `places`."""

    def __init__(self, evaluator: Evaluator) -> None:
        self.reader = Reader(evaluator)
        self.classes = Classes(self.reader)
        self.places = Places()
        self.alchemy = Alchemy(self.reader, self.classes, self.places)
        self.django = Django(self.reader, self.classes, self.places)
        others = (kind(self.reader, self.classes, self.places) for kind in (ActiveRecord, Pony, Documents))
        found = [*self.alchemy.all(), *self.django.all(), *(model for other in others for model in other.all())]
        self.models: tuple[Model, ...] = tuple(found)

    @property
    def tables(self) -> TableReader:
        """What reads columns and indexes as SQLAlchemy has them."""
        return self.alchemy.tables

    @property
    def defining(self) -> tuple[Model, ...]:
        """The models that define a table, one for each."""
        return tuple(model for model in self.models if model.framework not in SHARED)
