"""Base classes and mixins of libraries, which are in no repository: the columns they define, the tables they name."""

from __future__ import annotations

from fragaudit.link.orm.alchemy_table import Drawn
from fragaudit.model.schema import ColumnDef

_OSLO = {
    "TimestampMixin": (("created_at", "datetime"), ("updated_at", "datetime")),
    "SoftDeleteMixin": (("deleted_at", "datetime"), ("deleted", "int")),
    "ModelIterator": (),
}
_AUDITED = (("created_at", "datetime"), ("updated_at", "datetime"))
_KEYS = {
    "UUID": "uuid", "UUIDv6": "uuid", "UUIDv7": "uuid", "NanoID": "string", "BigInt": "bigint", "Identity": "bigint",
}  # fmt: skip
_ADVANCED = {
    **{f"{name}{kind}": (("id", key),) for name, key in _KEYS.items() for kind in ("Base", "PrimaryKey")},
    **{f"{name}AuditBase": (("id", key), *_AUDITED) for name, key in _KEYS.items()},
    **dict.fromkeys(("DefaultBase", "AdvancedDeclarativeBase", "SQLQuery", "CommonTableAttributes", "BasicAttributes",
                     "UniqueMixin", "SentinelMixin"), ()),
    "AuditColumns": _AUDITED,
}  # fmt: skip
_ADVANCED_ROOTS = ("advanced_alchemy", "litestar")
"""Litestar hands on the classes of Advanced Alchemy."""
_MIXINS: dict[str, dict[str, tuple[tuple[str, str], ...]]] = {
    "oslo_db": _OSLO,
    "sqlalchemy_utils": {"Timestamp": (("created", "datetime"), ("updated", "datetime"))},
    **dict.fromkeys(_ADVANCED_ROOTS, _ADVANCED),
}
"""By library and class, the columns with their types: https://docs.openstack.org/oslo.db, SQLAlchemy-Utils,
https://docs.advanced-alchemy.litestar.dev (`advanced_alchemy.base`, `advanced_alchemy.mixins`)."""


def mixed_in(base: str) -> dict[str, Drawn] | None:
    """Return the columns by attribute that a base from a library defines; None if that isn't known."""
    found = _MIXINS.get(base.partition(".")[0], {}).get(base.rpartition(".")[2])
    if found is None:
        return None
    return {name: Drawn(ColumnDef(name, kind, nullable=name != "id"), primary=name == "id") for name, kind in found}


def is_mapped(base: str) -> bool:
    """Say whether classes derived from a base of a library are mapped to tables."""
    root, name = base.partition(".")[0], base.rpartition(".")[2]
    return root in _ADVANCED_ROOTS and name in _ADVANCED and name.endswith(("Base", "SQLQuery"))


def names_tables(base: str) -> bool:
    """Say whether a base of a library calls the tables of classes as the classes are called, in snake case."""
    return is_mapped(base) and not base.endswith(("SQLQuery", "DeclarativeBase"))
