"""Which classes SQLAlchemy and SQLModel map to tables, by what they are derived from."""

from __future__ import annotations

from fragaudit.link.abstract import ClassRef
from fragaudit.link.orm.alchemy_table import COLUMNS
from fragaudit.link.orm.sqlalchemy.bodies import Bodies
from fragaudit.link.orm.sqlalchemy.libraries import is_mapped
from fragaudit.model.values import Call, Lit

DECLARATIVE = ("declarative_base", "generate_base", "automap_base", "as_declarative", "as_declarative_base")

_BASES = frozenset({"DeclarativeBase", "DeclarativeBaseNoMeta", "SQLModel", "@mapped", "@mapped_as_dataclass", "Model"})


def is_declarative(cls: ClassRef, outside: tuple[str, ...], bodies: Bodies) -> bool:
    """Say whether a class is one of those that are mapped to tables; `outside` are its bases from elsewhere."""
    if any(_maps(name) for name in outside):
        return not any(name.startswith("django.") for name in outside)
    if not outside:
        return False
    # A base that isn't in the repository: the class says itself that it has a table, with columns as they are here.
    members = bodies.classes.members(cls)
    if "__tablename__" not in members and "__tablename__" not in bodies.classes.functions(cls):
        return False
    values = [bodies.read(b, cls) for b in members.values() if isinstance(b.value, Call)]
    return any(bodies.reader.last(read.value, read.view) in COLUMNS for read in values)


def _maps(base: str) -> bool:
    return base.removesuffix("()").endswith(DECLARATIVE) or base.rpartition(".")[2] in _BASES or is_mapped(base)


def is_sqlmodel(outside: tuple[str, ...]) -> bool:
    """Say whether a class with such bases from elsewhere is one of SQLModel."""
    return any(name.rpartition(".")[2] == "SQLModel" for name in outside)


def is_table(cls: ClassRef, bodies: Bodies) -> bool:
    """Say whether a class of SQLModel says that it has a table."""
    return any(key == "table" and value == Lit(True) for key, value in bodies.classes.scope(cls).keywords)
