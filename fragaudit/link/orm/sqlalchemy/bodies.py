"""Bodies of classes, read for the class that they count for: what it inherits names what is its own."""

from __future__ import annotations

from collections.abc import Mapping

from fragaudit.link.abstract import ClassRef
from fragaudit.link.orm.alchemy_table import COLUMNS, TableReader
from fragaudit.link.orm.classes import Classes
from fragaudit.link.orm.core import Places
from fragaudit.link.orm.reader import Read, Reader, View
from fragaudit.link.program import Place
from fragaudit.model.facts import Binding
from fragaudit.model.values import Call, Either, Lit


class Bodies:
    """Reads what bodies of classes declare."""

    def __init__(self, reader: Reader, classes: Classes, places: Places, tables: TableReader) -> None:
        self.reader = reader
        self.classes = classes
        self.program = reader.program
        self.places = places
        self.tables = tables

    def read(self, binding: Binding, cls: ClassRef, names: Mapping[str, Read] | None = None) -> Read:
        """Return what a class binds, to be read in its body."""
        return Read(binding.value if binding.value is not None else Lit(None), View(cls.place, names or {}))

    def names(self, cls: ClassRef, table: str, first: str = "cls") -> dict[str, Read]:
        """Return what `cls.__name__` and `__tablename__` stand for in what is read for a class."""
        here = View(cls.place)
        names = {f"{first}.__name__": Read(Lit(self.classes.scope(cls).name), here)}
        if table:
            names[f"{first}.__tablename__"] = Read(Lit(table), here)
            names["__tablename__"] = Read(Lit(table), here)
        return names

    def view(self, cls: ClassRef) -> View:
        """Return a view in which `cls` and `__name__` are those of a class."""
        return View(cls.place, self.names(cls, ""))

    def declared(self, cls: ClassRef, function: Place, table: str) -> Read | None:
        """Return what a `declared_attr` gives for a class."""
        returned = [u for u in self.program.returns[function.file].get(function.scope, ()) if u.how == "return"]
        if not returned:
            return None
        parameters = self.program.scope(function).parameters
        first = parameters[0].name if parameters else "cls"
        view = View(function, self.names(cls, table, first))
        values = tuple(u.value for u in returned)
        return Read(values[0] if len(values) == 1 else self.reader.kept(Either(values)), view)

    def mapper_arguments(self, cls: ClassRef) -> Mapping[str, Read]:
        """Return what `__mapper_args__` of a class says."""
        binding = self.classes.members(cls).get("__mapper_args__")
        return self.reader.entries(self.read(binding, cls)) if binding is not None else {}

    def is_column(self, read: Read) -> bool:
        """Say whether an expression makes a column."""
        return isinstance(read.value, Call) and self.reader.last(read.value, read.view) in COLUMNS
