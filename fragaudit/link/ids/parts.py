"""Containers that are got as items or attributes of what holds them: `client["app"]["notes"]`, `db.notes`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fragaudit.link.ids.heads import Head, Here, Made
from fragaudit.model.values import Arg, Attr, Call, Item, Lit

if TYPE_CHECKING:
    from fragaudit.link.ids.flow import Flow


def part_of(flow: Flow, head: Head, value: Attr | Item, here: Here) -> Made | None:
    """Return the container that an item or attribute of a library's object is, as if a method had given it."""
    if not isinstance(head, Made) or head.cls is not None:
        return None
    catalogue = flow.evaluator.catalogue
    method = "__getattr__" if isinstance(value, Attr) else "__getitem__"
    owner = next((o.returns for o in catalogue.operation(head.name) if o.returns), head.name)
    for operation in catalogue.operations(owner, method) or catalogue.operations_of_library(owner, method):
        if operation.verb == "container":
            key = Lit(value.name) if isinstance(value, Attr) else value.key
            return Made(operation.name, None, Call(Attr(value.base, method), (Arg(None, key),), head.call.at), here)
    return None
