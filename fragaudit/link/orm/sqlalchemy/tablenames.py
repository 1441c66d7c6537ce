"""How the table of a class is called: as it says, as what it inherits says, as the library names it otherwise."""

from __future__ import annotations

from collections.abc import Set

from fragaudit.link.abstract import ClassRef
from fragaudit.link.orm.reader import snake
from fragaudit.link.orm.sqlalchemy.bodies import Bodies
from fragaudit.link.orm.sqlalchemy.kinds import is_sqlmodel, is_table
from fragaudit.link.orm.sqlalchemy.libraries import names_tables
from fragaudit.model.values import Lit


class TableNames:
    """Names the tables of classes."""

    def __init__(self, bodies: Bodies) -> None:
        self._bodies = bodies
        self._written: frozenset[str] | None = None

    def of(self, cls: ClassRef, above: Set[ClassRef], *, derived: bool) -> str | None:
        """Return the table of a class, "?" for one that can't be followed, None for none of its own.

        Args:
            cls: the class.
            above: the classes whose name is that of the table of a parent.
            derived: whether the class has a parent with a table.
        """
        bodies, classes, reader = self._bodies, self._bodies.classes, self._bodies.reader
        for each in classes.order(cls):
            binding = classes.members(each).get("__tablename__")
            if binding is not None and binding.value is not None and each not in above:
                read = bodies.read(binding, each, bodies.names(cls, ""))
                return None if read.value == Lit(None) else reader.text(read) or "?"
            function = classes.functions(each).get("__tablename__")
            if function is not None:
                declared = bodies.declared(cls, function, "")
                if declared is None or declared.value == Lit(None):
                    return None
                return reader.text(declared) or self._recognised(classes.scope(cls).name) or "?"
        name, outside = classes.scope(cls).name, classes.outside(cls)
        if derived:
            return None if not is_table(cls, bodies) else name.lower()
        if is_sqlmodel(outside) and is_table(cls, bodies):
            return name.lower()
        if any(base.endswith(".SQLAlchemy.Model") or names_tables(base) for base in outside):
            return snake(name)
        return None

    def for_key(self, cls: ClassRef) -> str:
        """Return the name of a class's table, or of the one above that it shares; empty if it can't be followed."""
        name = self.of(cls, frozenset(), derived=False)
        return name if name and name != "?" else ""

    def _recognised(self, name: str) -> str:
        """Return the table that a class's name, written as tables are, has where the repository writes tables out.

        What computes the name can't always be followed; the usual result counts if a key or a migration says it.
        """
        if self._written is None:
            written: set[str] = set()
            for function in ("ForeignKey", "create_table"):
                for site in self._bodies.program.sites_by_name.get(function, ()):
                    first = site.call.args[0].value if site.call.args else None
                    if isinstance(first, Lit) and isinstance(first.value, str):
                        parts = first.value.split(".")
                        written.add(parts[0] if function == "create_table" or len(parts) < 2 else parts[-2])
            self._written = frozenset(written)
        usual = dict.fromkeys((snake(name), f"{snake(name)}s", name.lower(), f"{name.lower()}s"))
        found = [one for one in usual if one in self._written]
        return found[0] if len(found) == 1 else ""
