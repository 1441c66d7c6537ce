"""Fields of SQLModel, as columns."""

from __future__ import annotations

from fragaudit.link.orm.alchemy_table import TYPES, Drawn
from fragaudit.link.orm.reader import Read, View
from fragaudit.link.orm.sqlalchemy.annotations import annotated, is_collection, is_enumeration, without_none
from fragaudit.link.orm.sqlalchemy.bodies import Bodies
from fragaudit.model.facts import Binding
from fragaudit.model.schema import ColumnDef, ForeignKeyDef
from fragaudit.model.sql import Mark
from fragaudit.model.values import Call, Item, Lit, Seq

_NOT_COLUMNS = frozenset(
    {
        "relationship", "Relationship", "synonym", "association_proxy", "composite", "hybrid_property", "PrivateAttr",
        "ConfigDict", "dict",
    }
)  # fmt: skip


def field_column(binding: Binding, attribute: str, view: View, mark: Mark, bodies: Bodies) -> Drawn | None:
    """Return the column of a SQLModel field."""
    annotation = binding.annotation
    if annotation is None or attribute.startswith(("_", "model_config")):
        return None
    if bodies.reader.last(annotation.base if isinstance(annotation, Item) else annotation, view) == "ClassVar":
        return None
    inner, nullable = without_none(annotation)
    read = Read(binding.value, view) if binding.value is not None else Read(Lit(None), view)
    calls = [r for r in (read, *annotated(inner, view)) if isinstance(r.value, Call)]
    if isinstance(inner, Item) and getattr(inner.base, "name", "") == "Annotated":
        inner = inner.key.items[0] if isinstance(inner.key, Seq) else inner.key
        inner, more = without_none(inner)
        nullable = nullable or more
    base = inner.base if isinstance(inner, Item) else inner
    kind = TYPES.get(getattr(base, "name", "").lower(), getattr(base, "name", "").lower())
    primary = unique = index = False
    foreign: tuple[ForeignKeyDef, ...] = ()
    typed = False
    for each in calls:
        call = each.value
        if not isinstance(call, Call):
            continue
        last = bodies.reader.last(call, each.view)
        if last in _NOT_COLUMNS:
            return None
        if last != "Field":
            continue
        keywords = bodies.reader.keywords(call, each.view)
        whole = keywords.get("sa_column")
        if whole is not None:
            followed = bodies.reader.follow(whole) if not bodies.is_column(whole) else whole
            if isinstance(followed.value, Call):
                return bodies.tables.column(followed.value, followed.view, attribute, mark)
        extra = bodies.reader.entries(keywords["sa_column_kwargs"]) if "sa_column_kwargs" in keywords else {}
        keywords = {**extra, **keywords}
        primary = primary or bodies.reader.flag(keywords.get("primary_key")) is True
        unique = unique or bodies.reader.flag(keywords.get("unique")) is True
        index = index or bodies.reader.flag(keywords.get("index")) is True
        if "sa_type" in keywords:
            kind, typed = bodies.tables.type_name(keywords["sa_type"]), True
        target = bodies.reader.text(keywords["foreign_key"]) if "foreign_key" in keywords else None
        if target:
            table, _, there = target.rpartition(".")
            on_delete = (bodies.reader.text(keywords["ondelete"]) or "") if "ondelete" in keywords else ""
            foreign = (ForeignKeyDef((attribute,), table, (there,), on_delete=on_delete.lower(), at=mark),)
        said = bodies.reader.flag(keywords.get("nullable"))
        nullable = said if said is not None else nullable
    if is_collection(inner) and not typed:
        return None
    chosen = is_enumeration(inner, view, bodies)
    column = ColumnDef(attribute, kind, nullable=nullable and not primary, at=mark, chosen=chosen)
    return Drawn(column, primary, unique, index, foreign)
