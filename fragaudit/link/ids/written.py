"""One place where vectors are written, as it is found: what it reaches, its ids, and the writes it comes down to."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from fragaudit.catalogue import Operation
from fragaudit.link.abstract import ClassRef
from fragaudit.link.ids.engines import INTEGER_ENGINES
from fragaudit.link.ids.heads import UNKNOWN, Atom, From, Head, distinct
from fragaudit.link.ids.scopes import Scope
from fragaudit.link.openings import SiteKey
from fragaudit.link.program import Place, Site
from fragaudit.model.stores import OF_PROJECT

_UPDATES = frozenset({"update", "set_payload", "overwrite_payload", "update_vectors"})
"""Methods of clients that change what has been written under an id, and write nothing under a new one."""


@dataclass(frozen=True, slots=True)
class Target:
    """What a write reaches: engine, library, the call that opened the store, or the project's own class."""

    engine: str
    package: str = ""
    opening: SiteKey | None = None
    owner: ClassRef | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Written:
    """One place where vectors are written, with what can be known of the ids there.

    `records`: the ids come inside records or lists that were handed in whole, so that a function which gets them only
    forwards. `inner` are the writes it comes down to.
    """

    site: Site
    target: Target
    ids: tuple[Head, ...]
    metadata: tuple[Head, ...] | None
    scope: Scope
    function: Place | None
    operation: Operation | None = None
    inner: tuple[Written, ...] = ()
    forwards: bool = field(default=False)
    made_here: bool = False

    @property
    def made_anew(self) -> bool:
        """Whether it makes the index that it fills: of an engine that runs inside the process."""
        method = self.operation.name.rpartition(".")[2] if self.operation is not None else ""
        return self.target.engine in INTEGER_ENGINES and method.removeprefix("a").startswith("from_")

    @property
    def updates(self) -> bool:
        """Whether it changes vectors that are stored already, under the ids they have."""
        method = self.operation.name.rpartition(".")[2] if self.operation is not None else ""
        return method in _UPDATES or (bool(self.ids) and all(_stored(head) for head in self.ids))


def pure(ids: tuple[Head, ...]) -> bool:
    """Say whether ids are nothing but what a function was given."""
    return bool(ids) and all(isinstance(h, From) and h.function is not None for h in ids)


def passed_on(written: Written) -> bool:
    """Say whether a call only passes on what something else gave it: what becomes of it is decided further in."""
    results = all(isinstance(head, From) and head.function is None for head in written.ids)
    return bool(written.ids) and results and not written.made_here


def records(ids: tuple[Head, ...]) -> bool:
    """Say whether ids are elements or parts of what was handed in, rather than ids handed in one by one."""
    return all(isinstance(h, From) and h.steps for h in ids)


def merged(known: Written, derived: Written) -> Written:
    """Join what two ways to look at one call say: several back ends behind one interface."""
    if known.ids == (UNKNOWN,) or (not known.inner and known.target.package == OF_PROJECT):
        ids = tuple(h for h in derived.ids if h != UNKNOWN) or known.ids
    else:
        ids = distinct((*known.ids, *derived.ids))
    engine = known.target.engine if known.target.engine == derived.target.engine else ""
    owner = known.target.owner
    opening = known.target.opening if known.target.opening == derived.target.opening else None
    target = Target(
        engine if known.inner else (known.target.engine or derived.target.engine), known.target.package, opening, owner
    )
    metadata = derived.metadata if known.metadata is None else known.metadata
    return replace(
        known,
        ids=ids,
        made_here=known.made_here or derived.made_here,
        target=target,
        metadata=metadata,
        inner=(*known.inner, *derived.inner),
        scope=known.scope.joined(derived.scope),
    )


def _stored(head: Head) -> bool:
    return isinstance(head, (Atom, From)) and head.kind == "stored"
