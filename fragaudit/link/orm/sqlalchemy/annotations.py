"""What annotations say of a column: `Mapped[X]`, `Annotated[X, …]`, `X | None`."""

from __future__ import annotations

from fragaudit.link.abstract import ClassRef
from fragaudit.link.orm.reader import Read, View
from fragaudit.link.orm.sqlalchemy.bodies import Bodies
from fragaudit.model.values import Either, Item, Lit, Operation, Seq, Value, alternatives


def mapped_type(annotation: Value | None, view: View, bodies: Bodies) -> Value | None:
    """Return X of `Mapped[X]`."""
    if isinstance(annotation, Item) and bodies.reader.last(annotation.base, view) in ("Mapped", "WriteOnlyMapped"):
        return annotation.key
    return None


def is_collection(value: Value) -> bool:
    """Say whether a type is one of several: `list[X]`."""
    base = value.base if isinstance(value, Item) else value
    return getattr(base, "name", "") in ("List", "list", "Set", "set", "Sequence")


def without_none(value: Value) -> tuple[Value, bool]:
    """Return a type without `None`, and whether it was there."""
    if isinstance(value, (Either, Operation)):
        options = alternatives(value)
        kept = tuple(o for o in options if o != Lit(None))
        return (kept[0] if kept else value), len(kept) < len(options)
    if isinstance(value, Item) and getattr(value.base, "name", "") == "Optional":
        return value.key, True
    if isinstance(value, Item) and getattr(value.base, "name", "") == "Union" and isinstance(value.key, Seq):
        return without_none(Either(value.key.items))
    return value, False


def is_enumeration(kind: Value, view: View, bodies: Bodies) -> bool:
    """Say whether a type means the members of an enumeration, or literals."""
    if isinstance(kind, Item):
        return bodies.reader.last(kind.base, view) == "Literal"
    known = (m for m in bodies.reader.meanings(kind, view) if isinstance(m, ClassRef))
    return any(name.rpartition(".")[2].endswith("Enum") for cls in known for name in bodies.classes.outside(cls))


def annotated(value: Value, view: View) -> list[Read]:
    """Return what `Annotated[X, …]` says besides the type."""
    if isinstance(value, Item) and getattr(value.base, "name", "") == "Annotated" and isinstance(value.key, Seq):
        return [Read(part, view) for part in value.key.items[1:]]
    return []
