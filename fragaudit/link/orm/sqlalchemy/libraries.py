"""Columns that mixins of libraries define, which are in no repository."""

from __future__ import annotations

from fragaudit.link.orm.alchemy_table import Drawn
from fragaudit.model.schema import ColumnDef

_OSLO = {
    "TimestampMixin": (("created_at", "datetime"), ("updated_at", "datetime")),
    "SoftDeleteMixin": (("deleted_at", "datetime"), ("deleted", "int")),
    "ModelIterator": (),
}
_MIXINS: dict[str, dict[str, tuple[tuple[str, str], ...]]] = {
    "oslo_db": _OSLO,
    "sqlalchemy_utils": {"Timestamp": (("created", "datetime"), ("updated", "datetime"))},
}
"""By library and class, the columns with their types: https://docs.openstack.org/oslo.db, SQLAlchemy-Utils."""


def mixed_in(base: str) -> dict[str, Drawn] | None:
    """Return the columns by attribute that a base from a library defines; None if that isn't known."""
    found = _MIXINS.get(base.partition(".")[0], {}).get(base.rpartition(".")[2])
    return {name: Drawn(ColumnDef(name, kind)) for name, kind in found} if found is not None else None
