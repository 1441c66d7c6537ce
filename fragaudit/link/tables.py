"""The tables and collections that the application defines: models and DDL."""

from __future__ import annotations

from collections.abc import Sequence

from fragaudit.catalogue import Catalogue
from fragaudit.link.evaluate import Evaluator
from fragaudit.link.orm.core import Model
from fragaudit.link.program import Place
from fragaudit.model.facts import FileFacts
from fragaudit.model.locations import Location
from fragaudit.model.stores import TableOrigin
from fragaudit.model.values import Lit

_MIGRATIONS = ("/migrations/", "/alembic/", "/versions/")
_LIBRARIES = {"tortoise": "tortoise-orm"}
"""Mapping frameworks whose client library is called otherwise."""


def table_origins(
    evaluator: Evaluator, catalogue: Catalogue, facts: Sequence[FileFacts], models: Sequence[Model]
) -> tuple[TableOrigin, ...]:
    """Return every definition of a table of the application's own, sorted by name and place.

    A model bears the name of a library only where the catalogue says that its models live in what that library opens.
    """
    mappers = {library.package for library in catalogue.libraries if library.model}
    found: set[TableOrigin] = set()
    for file in facts:
        for ddl in file.tables:
            found.add(TableOrigin(ddl.table, Location(file.path, *ddl.at), _by(file)))
    for model in models:
        library = _LIBRARIES.get(model.framework, model.framework)
        found.add(TableOrigin(model.table.name, model.at, "model", library if library in mappers else ""))
    mapped = {model.cls.place for model in models if model.cls is not None}
    program = evaluator.program
    for number, source in enumerate(program.files):
        for binding in source.bindings:
            # A class with a table's name whose base could not be followed.
            cls = Place(number, binding.scope)
            if binding.target == "__tablename__" and isinstance(binding.value, Lit) and cls not in mapped:
                at = program.location(number, program.scope(cls).span)
                if isinstance(binding.value.value, str):
                    found.add(TableOrigin(binding.value.value, at, "model"))
    return tuple(sorted(found))


def _by(file: FileFacts) -> str:
    return "migration" if any(part in f"/{file.path}" for part in _MIGRATIONS) else "sql"
