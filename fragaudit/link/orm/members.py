"""Members of enumerations and constants that are kept elsewhere, alone and in lists, as conditions compare them."""

from __future__ import annotations

import re

from fragaudit.link.orm.core import python_literal
from fragaudit.link.orm.reader import Read, Reader
from fragaudit.link.program import Place
from fragaudit.model.facts import MODULE_SCOPE
from fragaudit.model.sql import KEPT, Constant, Parameter
from fragaudit.model.values import Attr, Call, Ref, Seq, Value, dotted

_PREFIX = re.compile(r"^(?:status|state|type|kind)_(?=.)")


def kept(value: Value, reader: Reader, file: int) -> Constant | None:
    """Return a constant that is kept elsewhere, as far as its name tells; None for anything else.

    Members of enumerations and constants in capitals are what is written out as well as any literal is, and called as
    their value is, as a rule: `Status.PENDING`, `STATUS_PENDING`.
    """
    if isinstance(value, Attr) and value.name in ("value", "name"):
        value = value.base
    name = value.name if isinstance(value, (Attr, Ref)) else ""
    if not name.isupper():
        return None
    if isinstance(value, Attr):
        holder = value.base.name if isinstance(value.base, (Ref, Attr)) else ""
        known = holder == "cls" or (holder[:1].isupper() and not holder.isupper())
    else:
        known = bool(reader.program.imports(Place(file, MODULE_SCOPE), name))
    return Constant(_PREFIX.sub("", name), "string") if known else None


def compared(read: Read, reader: Reader) -> Constant | None:
    """Return what a column is compared with, if that is written out somewhere."""
    value = reader.constant(read)
    return python_literal(value) if value is not None else kept(read.value, reader, read.view.place.file)


def listed(read: Read, reader: Reader) -> tuple[Constant, ...] | None:
    """Return the members of a list, wherever it is kept: `FINISHED`, `Status.finished()`; None if any isn't known."""
    followed = reader.follow(read)
    if not isinstance(followed.value, Seq):
        return None
    items = reader.items(followed)
    found = [compared(item, reader) for item in items or ()]
    return tuple(c for c in found if c is not None) if found and None not in found else None


def same(value: Value) -> Parameter | None:
    """Return what stands for a constant or a list of some that isn't known, but is the same everywhere; else None.

    That is what a class or a module in capitals keeps, and what a method of a class gives that is called with nothing.
    """
    called = isinstance(value, Call)
    if isinstance(value, Call):
        if value.args:
            return None
        value = value.func
    holder = value.base.name if isinstance(value, Attr) and isinstance(value.base, (Ref, Attr)) else ""
    name = value.name if isinstance(value, (Attr, Ref)) else ""
    if not (holder[:1].isupper() if called else name.isupper() and (not holder or holder[:1].isupper())):
        return None
    return Parameter(f"{KEPT}{dotted(value)}{'()' if called else ''}")
