"""FA109: stores opened past the project's own access layer."""

from __future__ import annotations

from collections.abc import Iterator

from fragaudit.checks.registry import check
from fragaudit.checks.words import shown, store_data
from fragaudit.model.findings import Confidence, Hit
from fragaudit.model.stores import Service


@check("FA109")
def store_outside_foundation(service: Service) -> Iterator[Hit]:
    """A store opened past the access layer that the configuration names, and a result of that layer used unseen."""
    for past in service.past:
        store = service.store(past.store)
        message = f"{shown(store)} is opened past the foundation; use {past.instead}"
        yield Hit(past.at, message, f"past:{store.engine}:{store.identity}",
                  data={**store_data([store]), "instead": past.instead})  # fmt: skip
    for used in service.unchecked:
        seen = (
            "it may be None, and nothing asks"
            if used.how == "optional"
            else "its value is taken whether it is one or not"
        )
        yield Hit(used.at, f"the result of {used.call}() is used unseen: {seen}", f"unchecked:{used.call}",
                  confidence=Confidence.LIKELY, data={"call": used.call})  # fmt: skip
