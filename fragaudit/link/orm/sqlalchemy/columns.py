"""The columns of a class: of its own, of its mixins, of functions that declare them."""

from __future__ import annotations

from collections.abc import Mapping, Set

from fragaudit.link.abstract import ClassRef
from fragaudit.link.orm.alchemy_table import COLUMNS, TYPES, Draft, Drawn
from fragaudit.link.orm.reader import Read, View
from fragaudit.link.orm.sqlalchemy.annotations import is_collection, is_enumeration, mapped_type, without_none
from fragaudit.link.orm.sqlalchemy.bodies import Bodies
from fragaudit.link.orm.sqlalchemy.fields import field_column
from fragaudit.link.orm.sqlalchemy.kinds import is_sqlmodel
from fragaudit.link.program import Place
from fragaudit.model.facts import Binding
from fragaudit.model.schema import ColumnDef
from fragaudit.model.sql import Mark
from fragaudit.model.values import Attr, Call, Item, Lit, Ref, Seq, Value


def collect(cls: ClassRef, order: tuple[ClassRef, ...], above: Set[ClassRef], draft: Draft, bodies: Bodies) -> None:
    """Add the columns of a class and its mixins; those `above` stand in the table of a parent."""
    sqlmodel = is_sqlmodel(bodies.classes.outside(cls))
    taken: set[str] = set()
    names = bodies.names(cls, draft.name)
    local: dict[str, Drawn] = {}
    for each in order:
        for attribute, place in bodies.classes.functions(each).items():
            decorators = bodies.classes.decorators(place)
            if "declared_attr" in decorators and attribute not in taken:
                if each in above and "cascading" not in decorators:
                    continue
                taken.add(attribute)
                declared = bodies.declared(cls, place, draft.name)
                drawn = _drawn_function(declared, attribute, place, bodies) if declared is not None else None
                if drawn is not None:
                    local[attribute] = drawn
        if each in above:
            continue
        for attribute, binding in bodies.classes.members(each).items():
            if attribute in taken or attribute.startswith("__"):
                continue
            taken.add(attribute)
            drawn = _drawn(binding, attribute, each, names, sqlmodel, bodies)
            if drawn is not None:
                local[attribute] = drawn
    # As in the database: ancestors' columns come first where the class itself has no order of its own.
    for attribute, drawn in local.items():
        draft.attributes.pop(attribute, None)
        draft.add(attribute, drawn)


def _drawn_function(read: Read, attribute: str, place: Place, bodies: Bodies) -> Drawn | None:
    span = bodies.program.scope(place).span
    mark = bodies.places.mark(bodies.program.location(place.file, span))
    return _drawn_read(read, attribute, None, View(place), mark, bodies)


def _drawn(
    binding: Binding, attribute: str, cls: ClassRef, names: Mapping[str, Read], sqlmodel: bool, bodies: Bodies
) -> Drawn | None:
    view = View(cls.place, names)
    mark = bodies.tables.mark(view, binding.at)
    if binding.value is None and binding.annotation is None:
        return None
    if sqlmodel:
        return field_column(binding, attribute, view, mark, bodies)
    value = binding.value if binding.value is not None else Lit(None)
    return _drawn_read(Read(value, view), attribute, binding.annotation, view, mark, bodies)


def _drawn_read(
    read: Read, attribute: str, annotation: Value | None, view: View, mark: Mark, bodies: Bodies
) -> Drawn | None:
    mapped = mapped_type(annotation, view, bodies)
    followed = read if bodies.is_column(read) else bodies.reader.follow(read)
    if isinstance(followed.value, Call):
        last = bodies.reader.last(followed.value, followed.view)
        if last in ("deferred", "column_property", "query_expression") and followed.value.args:
            inner = bodies.reader.follow(Read(followed.value.args[0].value, followed.view))
            if bodies.is_column(inner):
                followed, last = inner, "Column"
        if last not in COLUMNS or not isinstance(followed.value, Call):
            return None
        drawn = bodies.tables.column(followed.value, followed.view, attribute, mark)
        return _typed(drawn, mapped, view, followed.value, followed.view, bodies) if drawn is not None else None
    if isinstance(followed.value, Lit) and mapped is not None and annotation is not None:
        if is_collection(mapped):
            return None
        return _typed(Drawn(ColumnDef(attribute, at=mark)), mapped, view, None, view, bodies)
    return None


def _typed(drawn: Drawn, mapped: Value | None, view: View, call: Call | None, call_view: View, bodies: Bodies) -> Drawn:
    """Complete a column with what `Mapped[…]` says: its type, whether it may be null, an `Annotated` column."""
    if mapped is None:
        return drawn
    options, nullable = without_none(mapped)
    inner = bodies.reader.follow(Read(options, view)) if isinstance(options, (Ref, Attr)) else Read(options, view)
    primary, unique, index, foreign = drawn.primary, drawn.unique, drawn.index, drawn.foreign
    kind = drawn.column.type
    if isinstance(inner.value, Item) and bodies.reader.last(inner.value.base, inner.view) == "Annotated":
        parts = inner.value.key.items if isinstance(inner.value.key, Seq) else (inner.value.key,)
        options = parts[0]
        if len(parts) and isinstance(options, Item):
            options, _ = without_none(options)
        for part in parts[1:]:
            followed = bodies.reader.follow(Read(part, inner.view))
            if bodies.is_column(followed) and isinstance(followed.value, Call):
                more = bodies.tables.column(followed.value, followed.view, drawn.column.name, drawn.column.at)
                if more is not None:
                    primary, unique, index = primary or more.primary, unique or more.unique, index or more.index
                    kind, foreign = kind or more.column.type, foreign or more.foreign
        view = inner.view
    said = bodies.reader.flag(bodies.reader.keywords(call, call_view).get("nullable")) if call is not None else None
    name = getattr(options, "name", "") if not isinstance(options, Item) else getattr(options.base, "name", "")
    column = ColumnDef(
        drawn.column.name,
        kind or TYPES.get(name.lower(), name.lower()),
        nullable=said if said is not None else nullable and not primary,
        default=drawn.column.default,
        generated=drawn.column.generated,
        comment=drawn.column.comment,
        at=drawn.column.at,
        chosen=is_enumeration(options, view, bodies),
    )
    return Drawn(column, primary, unique, index, foreign)
