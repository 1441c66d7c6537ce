"""Which searches the code offers to other services, and which functions ask several services."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence

from fragaudit.link.search.coordinators import Coordinators
from fragaudit.link.search.naming import Naming
from fragaudit.link.search.offers import Offered, Offers
from fragaudit.link.search.remote import Interfaces

__all__ = ["Coordinators", "Interfaces", "Naming", "Offered", "Offers", "names_of"]


def names_of(name: str, root: str, compose: Sequence[tuple[str, str | None]], aliases: Sequence[str]) -> frozenset[str]:
    """Return what a service may be called in a URL, a setting or a variable.

    Args:
        name: its own name.
        root: its folder.
        compose: compose services with the folder each is built from.
        aliases: further names from the configuration.
    """
    built = {service for service, context in compose if context is not None and context == root}
    return frozenset({name, posixpath.basename(root), *built, *aliases} - {"", "."})
