"""What a service uses a store for, and which store is its primary database; each with its reason."""

from __future__ import annotations

import re
from collections.abc import Container, Sequence

from fragaudit.link.grouping import Group
from fragaudit.link.openings import UNDECIDED, Opened, SiteKey
from fragaudit.link.program import Place, Program
from fragaudit.model.locations import Location
from fragaudit.model.stores import Kind, Reason, Role, Store, TableOrigin
from fragaudit.model.values import Attr

_BROKER = re.compile(r"broker|celery|\bqueue|_queue|rq_|arq|dramatiq|huey|taskiq|kombu|faststream", re.IGNORECASE)
_SESSION = re.compile(r"session_?(?:store|redis|backend|engine)|redis_?session", re.IGNORECASE)
_CACHE = re.compile(r"cache", re.IGNORECASE)
_DISCARDING = frozenset({"unlink", "rmtree", "remove", "cleanup"})
_ORDER = (Role.DATA, Role.SESSION, Role.CACHE, Role.CHECKPOINT, Role.BROKER, Role.SCRATCH)
PRIMARY_KINDS = (Kind.RELATIONAL, Kind.DOCUMENT, Kind.GRAPH)


def role_of(group: Group, program: Program, used: Container[SiteKey] = ()) -> tuple[Role, Reason]:
    """Return the role of a store: the weightiest of its openings' roles.

    A client of which nothing says what it is for, and through which itself nothing is read or written (`used` are
    the openings of which there is a call), is what it is handed to: a queue's, a cache's, a session's. What a wrapper
    is for, its client says.
    """
    roles = [(_opening_role(opened, program), opened) for opened in group.openings]
    handed = {opened.alias for (role, _), opened in roles if opened.alias is not None and role != Role.DATA}
    keys = {opened.key for _, opened in roles}
    told = [
        ((role, why), opened)
        for (role, why), opened in roles
        if role != Role.DATA or (opened.alias not in keys and (opened.key not in handed or opened.key in used))
    ]
    (role, why), opened = min(
        told or roles, key=lambda item: (_ORDER.index(item[0][0]), item[1].site.place, item[1].site.call.at)
    )
    at = program.location(opened.site.place.file, opened.site.call.at)
    return role, Reason(f"role {role}: {why}", at)


def _opening_role(opened: Opened, program: Program) -> tuple[Role, str]:
    if opened.role != Role.DATA:
        return (
            opened.role,
            f"{opened.library} opens it as that" if opened.role != Role.SCRATCH else "in memory or temporary",
        )
    if (
        opened.kind in (Kind.RELATIONAL, Kind.FILE)
        and opened.engine in ("sqlite", "duckdb")
        and _discarded(opened, program)
    ):
        return Role.SCRATCH, "its file is removed by the code that opens it"
    if opened.kind == Kind.RELATIONAL and opened.engine == "sqlite":
        named = next((name for name in _names_around(opened, program) if _CACHE.search(name)), None)
        if named is not None:
            return Role.CACHE, f"named {named}"
    if opened.kind == Kind.KV:
        names = _names_around(opened, program)
        for role, pattern in ((Role.BROKER, _BROKER), (Role.SESSION, _SESSION), (Role.CACHE, _CACHE)):
            named = next((name for name in names if pattern.search(name)), None)
            if named is not None:
                return role, f"named {named}"
    return Role.DATA, "nothing marks it as a cache, a broker or the like"


def role_of_slot(kind: Kind, name: str, at: Location | None, role: Role, why: Reason) -> tuple[Role, Reason]:
    """Return the role of alternative back ends: what the name they share says, whatever engine each of them has."""
    if role not in (Role.DATA, Role.SCRATCH):
        return role, why
    if kind == Kind.KV:
        for told, pattern in ((Role.BROKER, _BROKER), (Role.SESSION, _SESSION), (Role.CACHE, _CACHE)):
            if pattern.search(name):
                return told, Reason(f"role {told}: named {name}", at)
    return Role.DATA, why if role == Role.DATA else Reason(f"role data: kept by whichever {name or kind} is chosen", at)


def _names_around(opened: Opened, program: Program) -> list[str]:
    place = opened.site.place
    names = [opened.site.target.removeprefix("self."), *opened.address.symbols]
    function = program.enclosing_function(place)
    cls = program.enclosing_class(place)
    names.extend(program.scope(p).name for p in (function, cls) if p is not None)
    return [name for name in names if name]


def _discarded(opened: Opened, program: Program) -> bool:
    """Say whether the class or function that opens a file database also deletes files."""
    place = opened.site.place
    unit = program.enclosing_class(place) or program.enclosing_function(place)
    if unit is None:
        return False
    for site in program.sites_by_file[place.file]:
        func = site.call.func
        if isinstance(func, Attr) and func.name in _DISCARDING:
            if func.name == "remove" and getattr(func.base, "name", "") != "os":
                continue
            if program.within(site.place, unit):
                return True
    return False


def primary_of(
    stores: Sequence[Store], tables: Sequence[TableOrigin], files: frozenset[str]
) -> tuple[str | None, tuple[Reason, ...]]:
    """Return the id of the primary database and why; None when no store holds the application's own tables.

    What a service opens in its own `files` comes before what code that it shares with others keeps for itself.
    """
    candidates = [s for s in stores if s.kind in PRIMARY_KINDS and s.role == Role.DATA and s.inside is None]
    relational = [s for s in candidates if s.kind != Kind.GRAPH]
    if not relational:
        graphs = [s for s in candidates if s.kind == Kind.GRAPH and s.holds_tables]
        if graphs:
            return graphs[0].id, (Reason(f"{graphs[0].engine} holds the application's entities", _first(graphs[0])),)
        why = "no relational or document database holds data of the application's own"
        return None, (Reason(why),)
    chosen = max(
        relational,
        key=lambda s: (
            s.holds_tables,
            s.kind == Kind.RELATIONAL,
            any(o.at.path in files for o in s.openings),
            len(s.openings) + len(s.calls),
        ),
    )
    what = "it holds the application's tables" if chosen.holds_tables else "it is the database opened for data"
    named = "the SQL database" if chosen.engine == UNDECIDED else chosen.engine
    reasons = [Reason(f"{named} is the primary database: {what}", _first(chosen))]
    reasons.extend(Reason(f"table {t.name} is defined by {t.by}", t.at) for t in tables[:3] if chosen.holds_tables)
    return chosen.id, tuple(reasons)


def _first(store: Store) -> Location | None:
    return store.openings[0].at if store.openings else None


def names_of(place: Place, program: Program) -> str:
    """Return `path::Class` of the class around a place, or an empty string."""
    cls = program.enclosing_class(place)
    return program.qualified(cls) if cls is not None else ""
