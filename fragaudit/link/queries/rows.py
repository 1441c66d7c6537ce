"""Rows that a query of SQLAlchemy gave, and what reading their relationships loads."""

from __future__ import annotations

from dataclasses import dataclass

from fragaudit.link.orm.core import Model
from fragaudit.link.orm.reader import Read, View, argument
from fragaudit.link.queries.draft import Draft, Entity, Path
from fragaudit.link.queries.tables import Tables
from fragaudit.model.sql import Output
from fragaudit.model.values import Call

_NEVER = frozenset({"raise", "raise_on_sql", "noload", "write_only", "dynamic", "viewonly"})
"""Ways of loading in which reading a relationship asks nothing by itself."""
_PLURAL = frozenset({"all", "scalars", "unique", "fetchall", "partitions", "yield_per", "mappings", "fetchmany"})
_SINGLE = frozenset({"one", "one_or_none", "first", "scalar_one", "scalar_one_or_none", "scalar", "first_or_404",
                     "get", "get_or_404", "one_or_404"})  # fmt: skip


@dataclass(frozen=True)
class Rows:
    """Objects of a model that a query gave; `loaded` are the relationships that came with them."""

    model: Model
    loaded: tuple[str, ...] = ()

    def after(self, name: str) -> Rows | None:
        """Return what a method of a result gives: the same objects."""
        return self if name in _PLURAL or name in _SINGLE else None


def rows_of(draft: Draft) -> Rows | None:
    """Return the objects that a query gives; None if it gives columns, or several objects a row."""
    if draft.model is None or draft.verb != "select" or draft.has("aggregate", "extreme", "arms", "group"):
        return None
    outputs = [o for c in draft.clauses if c.kind == "outputs" and isinstance(c.value, tuple) for o in c.value]
    if [o.name for o in outputs if isinstance(o, Output)] not in ([], [f"{draft.root}.*"]):
        return None
    return Rows(draft.model, tuple(str(c.value) for c in draft.clauses if c.kind == "loaded"))


def lazily(rows: Rows, name: str, entity: Entity, mapping: Tables) -> Path | None:
    """Return the relationship whose rows are loaded where an object's attribute is read; None for any other."""
    relation = rows.model.relations.get(name)
    if relation is None or relation.target is None or name in rows.loaded or rows.model.cls is None:
        return None
    for cls in mapping.classes.order(rows.model.cls):
        binding = mapping.classes.members(cls).get(name)
        if binding is None or not isinstance(binding.value, Call):
            continue
        way = argument(binding.value, "lazy")
        if way is not None and mapping.reader.text(Read(way, View(cls.place))) in _NEVER:
            return None
        return Path(entity, name) if argument(binding.value, "primaryjoin") is None else None
    return None
