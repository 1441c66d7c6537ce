"""How checks speak of stores: the same words in every message."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from fragaudit.model.asides import opens_for_itself
from fragaudit.model.findings import Related
from fragaudit.model.locations import Location
from fragaudit.model.stores import Store
from fragaudit.wording import AT_RUN_TIME


def shown(store: Store) -> str:
    """Return a store as `redis at localhost:6379/0`."""
    if store.of_project:
        return store.engine if store.identity == AT_RUN_TIME else f"{store.engine} ({store.identity})"
    where = f" at {store.identity}" if store.identity and store.identity != AT_RUN_TIME else ""
    role = f", used as {store.role}" if store.role != "data" else ""
    return f"{one_of(store) or store.engine + where}{role}"


def one_of(store: Store) -> str:
    """Return the back ends that a store is one of, empty where it has one alone or one of them is the default."""
    slot = store.slot
    if slot is None or slot.default is not None or len(slot.alternatives) < 2:
        return ""
    return f"one of {enumerated(slot.alternatives)}"


def listed(stores: Sequence[Store]) -> str:
    """Return stores as a list in a sentence, the first four by name."""
    names = [shown(store) for store in stores]
    if len(names) > 4:
        names = [*names[:4], f"{len(names) - 4} more"]
    return "; ".join(names)


def enumerated(names: Sequence[str]) -> str:
    """Return names as a list in a sentence, the first five of them."""
    shown_ones = list(names[:5])
    if len(names) > 5:
        shown_ones.append(f"{len(names) - 5} more")
    return ", ".join(shown_ones[:-1]) + (" and " if len(shown_ones) > 1 else "") + shown_ones[-1]


def place_of(store: Store) -> Location:
    """Return where a reader looks first for a store: where the service opens it, by an address, to keep it."""
    if not store.openings:
        return Location("")
    best = min(store.openings, key=lambda o: (opens_for_itself(o.at.path), not o.address, not o.field, o.at))
    return best.at


def related_to(stores: Sequence[Store], at: Location) -> tuple[Related, ...]:
    """Return the places of stores other than the one reported at."""
    found = [Related(place_of(store), f"{shown(store)} is {_made(store)} here") for store in stores]
    return tuple(r for r in found if r.at != at)


def _made(store: Store) -> str:
    return "declared" if store.of_project and store.slot is None else "opened"


def store_data(stores: Sequence[Store]) -> dict[str, Any]:
    """Return what a finding's data says of stores."""
    return {"stores": [s.id for s in stores], "engines": sorted({s.engine for s in stores})}


def by_place(stores: Iterable[Store]) -> list[Store]:
    """Return stores in the order in which a reader meets them: the later one is the one too many."""
    return sorted(stores, key=lambda store: (place_of(store), store.id))
