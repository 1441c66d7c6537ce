"""Every place where a store is opened: library calls, config dicts handed to them, and subclasses of clients."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from fragaudit.catalogue import Catalogue, Open
from fragaudit.link.abstract import (
    Abstract,
    Bound,
    ClassRef,
    Display,
    External,
    Handle,
    Instance,
    Known,
    Symbol,
    Template,
)
from fragaudit.link.evaluate import Evaluator, argument_of
from fragaudit.link.identity import NOWHERE, Address, addresses, site_key
from fragaudit.link.program import Place, Program, Site
from fragaudit.link.settings import readable
from fragaudit.model.stores import Kind, Role
from fragaudit.model.values import Attr, Lit, Map, Ref

_CLASS = re.compile(r"cls$|class$|_type$|^[A-Z]")
"""Attributes that may hold a class, which a call makes an object of."""

SiteKey = tuple[int, tuple[int, int, int, int]]
_OPENING = frozenset({"client", "pool", "wrapper", "session"})
UNDECIDED = "sql"
"""Engine of a URL-opened database whose URL is nowhere in the source."""


@dataclass(frozen=True, slots=True)
class Opened:
    """One store opened at one place. `alias` is the place of the client object it was given, whose store it shares.

    `containers` are (name, dynamic) of collections or indexes named right there.
    """

    site: Site
    library: str
    engine: str
    kind: Kind
    role: Role
    address: Address
    alias: SiteKey | None = None
    containers: tuple[tuple[str, bool], ...] = ()
    in_memory: bool = False
    type: str = "client"
    on_use: bool = False

    @property
    def key(self) -> SiteKey:
        """What tells this call from others."""
        return site_key(self.site)


class Openings:
    """Finds what is opened where. Asks the evaluator for callees and identity arguments."""

    def __init__(self, evaluator: Evaluator, catalogue: Catalogue) -> None:
        self._evaluator = evaluator
        self._catalogue = catalogue
        self._program: Program = evaluator.program

    def all(self) -> tuple[Opened, ...]:
        """Return every opening of the repository, in order of file and appearance."""
        found: list[Opened] = []
        for site in self._program.sites:
            for opened, given in self._opens(site):
                found.extend(self._opened(given, opened, site))
        return tuple(dict.fromkeys(found))

    def _opens(self, site: Site) -> Iterator[tuple[Open, Site]]:
        """Yield the catalogue entries that a call may be, with the arguments that reach them."""
        func = site.call.func
        if isinstance(func, Attr) and func.name not in self._catalogue.opening_names and not _CLASS.search(func.name):
            return  # a method that opens nothing, whatever it is called on
        if isinstance(func, Ref) and func.name in self._program.function_names:
            return
        seen: set[str] = set()
        for callee in self._evaluator.evaluate(site.call.func, site.place):
            for name in self._names(callee):
                opened = self._catalogue.open(name)
                if opened is not None and opened.name not in seen:
                    seen.add(opened.name)
                    yield opened, self._passed_on(site, callee)

    def _passed_on(self, site: Site, callee: Abstract) -> Site:
        """Leave out what a subclass of a client takes for itself: positions mean what its own `__init__` says."""
        if not isinstance(callee, ClassRef) or self._evaluator.constructor_owner(callee) is None:
            return site
        named = tuple(a for a in site.call.args if a.name not in (None, "*"))
        return site._replace(call=msgspec.structs.replace(site.call, args=named))

    def _names(self, callee: Abstract) -> Iterator[str]:
        match callee:
            case External():
                yield callee.name
            case Bound():
                yield f"{callee.handle.name}.{callee.method}"
            case ClassRef():
                for base in self._evaluator.outside_bases(callee):
                    yield base.name
                    break
            case Handle() if callee.site is None:
                yield callee.name  # a class passed around and called: `client_cls(url)`
            case _:
                return

    def _opened(self, given: Site, opened: Open, site: Site) -> Iterator[Opened]:
        place = site.place
        if not opened.counts or opened.type not in _OPENING:
            return
        if opened.parts:
            for part in opened.parts:
                yield Opened(site, opened.library, part.engine, Kind(part.kind), Role(part.role), NOWHERE)
            return
        if opened.config:
            yield from self._configured(given, opened, place)
            return
        engine, kind, role = opened.engine, opened.kind, opened.role
        if opened.by_param:
            decided = self._decided(given, opened, place)
            if decided is None:
                return
            engine, kind, role = decided
        parts, alias, containers = self._identity(given, opened, place)
        if alias is None and not parts and opened.type in ("wrapper", "session") and not opened.engine:
            return
        if not engine and opened.by != "url":
            return  # a façade whose back end is chosen by something that isn't here
        for address in addresses(parts, self._catalogue):
            if not engine and kind not in ("", "relational", "queue") and not address.scheme:
                continue  # a cache or limiter whose URL is nowhere: most often it is in memory
            yield self._made(site, opened, engine, kind, role, address, alias, containers)

    def _made(
        self, site: Site, opened: Open, engine: str, kind: str, role: str, address: Address,
        alias: SiteKey | None, containers: tuple[tuple[str, bool], ...],
    ) -> Opened:  # fmt: skip
        by_url = self._catalogue.engine_of_url(address.scheme + "://") if address.scheme else None
        if by_url is not None and (not engine or by_url.family != self._family(engine)) and opened.by == "url":
            engine, kind = by_url.name, by_url.kind
        if not engine:
            engine = UNDECIDED if kind in ("", "relational") else f"{opened.library} backend"
        if address.private or opened.in_memory or address.scratch:
            role = Role.SCRATCH
        on_use = opened.on_use or engine in opened.on_use_engines
        return Opened(site, opened.library, engine, Kind(kind or "relational"), Role(role or "data"), address, alias,
                      containers, opened.in_memory, opened.type, on_use)  # fmt: skip

    def _family(self, engine: str) -> str:
        known = self._catalogue.engine(engine)
        return known.family if known is not None else engine

    def _decided(self, site: Site, opened: Open, place: Place) -> tuple[str, str, str] | None:
        """Return engine, kind and role that a string argument chooses; None if it chooses no store."""
        position = next((i.at for i in opened.identity if i.param == opened.by_param), 0)
        value = argument_of(site.call.args, opened.by_param, position)
        for meaning in self._evaluator.evaluate(value, place):
            text = meaning.value if isinstance(meaning, Known) else None
            chosen = opened.engines.get(text) if isinstance(text, str) else None
            if chosen:
                engine, _, rest = chosen.partition("/")
                kind, _, role = rest.partition("/")
                known = self._catalogue.engine(engine)
                return engine, kind or (known.kind if known else opened.kind), role or opened.role
        return None

    def _identity(
        self, site: Site, opened: Open, place: Place
    ) -> tuple[dict[str, tuple[Abstract, ...]], SiteKey | None, tuple[tuple[str, bool], ...]]:
        parts: dict[str, tuple[Abstract, ...]] = {}
        alias: SiteKey | None = None
        containers: list[tuple[str, bool]] = []
        splats = self._splats(site, place)
        for identity in opened.identity:
            value = argument_of(site.call.args, identity.param, identity.at)
            meanings = self._evaluator.evaluate(value, place) if value is not None else ()
            if not meanings:
                for splat in splats:
                    meanings = (
                        tuple(self._evaluator.lookup(splat, identity.param)) if _has(splat, identity.param) else ()
                    )
            meanings = tuple(m for m in meanings if m != Known(None))
            if identity.means == "client":
                for meaning in meanings:
                    alias = alias or self._handle_site(meaning)
                if meanings and alias is None:
                    parts.setdefault("client", meanings)
                continue
            if identity.means == "container":
                containers.extend(_container(meaning) for meaning in meanings)
                continue
            if not meanings and identity.default is not None and not splats:
                meanings = (Known(identity.default),)
            if not meanings:
                continue
            if any(isinstance(m, (Handle, Instance)) for m in meanings):
                site_of = next((s for m in meanings if (s := self._handle_site(m)) is not None), None)
                alias = alias or site_of
                continue
            means = identity.means
            if means not in parts or value is not None:
                parts[means] = meanings
        if not parts and opened.env:
            parts["url"] = (Symbol(opened.env[0]),)
        if "client" in parts:
            return {}, alias, tuple(containers)
        if "url" in parts and "host" in parts:
            del parts["host"]
            parts.pop("port", None)
        if splats and not any(argument_of(site.call.args, i.param, i.at) for i in opened.identity):
            known = any(_has(splat, i.param) for splat in splats for i in opened.identity)
            if not known:
                parts = {}
        return parts, alias, tuple(dict.fromkeys(containers))

    def _splats(self, site: Site, place: Place) -> list[Display]:
        found: list[Display] = []
        for argument in site.call.args:
            if argument.name == "**":
                found.extend(m for m in self._evaluator.evaluate(argument.value, place) if isinstance(m, Display))
                if not found:
                    found.append(_EMPTY)
        return found

    def _handle_site(self, meaning: Abstract) -> SiteKey | None:
        """Return the call that opened the store a value reaches: its own, or the one its class holds."""
        if isinstance(meaning, Handle) and meaning.site is not None:
            return site_key(meaning.site)
        if isinstance(meaning, Bound) and meaning.handle.site is not None:
            return site_key(meaning.handle.site)
        return None

    def _configured(self, site: Site, opened: Open, place: Place) -> Iterator[Opened]:
        """Yield the stores that a config dict names; without one, the library's defaults."""
        displays: list[Display] = []
        for identity in opened.identity:
            if identity.means == "config":
                value = argument_of(site.call.args, identity.param, identity.at)
                displays.extend(m for m in self._evaluator.evaluate(value, place) if isinstance(m, Display))
        for row in opened.config:
            chosen = self._at(displays, row.key)
            provider = next((m.value for m in chosen if isinstance(m, Known) and isinstance(m.value, str)), row.default)
            engine = row.engines.get(provider or "", provider or "") if row.engines else (provider or "")
            known = self._catalogue.engine(engine)
            if not engine or (known is None and row.engines and provider not in row.engines):
                continue
            parts: dict[str, tuple[Abstract, ...]] = {
                i.means: values for i in row.identity if (values := self._at(displays, i.param))
            }
            kind = row.decides or (known.kind if known is not None else opened.kind)
            containers = tuple(_container(m) for m in parts.pop("container", ()))
            for address in addresses(parts, self._catalogue):
                name = known.name if known else engine
                role = Role(row.role or "data")
                yield Opened(site, opened.library, name, Kind(kind), role, address, None, containers)

    def _at(self, displays: list[Display], path: str) -> tuple[Abstract, ...]:
        found: list[Abstract] = list(displays)
        for key in path.split("."):
            following: list[Abstract] = []
            for meaning in found:
                if isinstance(meaning, Display) and _has(meaning, key):
                    following.extend(self._evaluator.lookup(meaning, key))
            found = following
        return tuple(found)


_EMPTY = Display(Map(()), Place(0, 0))


def _has(display: Display, key: str) -> bool:
    if not isinstance(display.value, Map):
        return False
    return any(entry.key == Lit(key) for entry in display.value.entries)


def _container(meaning: Abstract) -> tuple[str, bool]:
    match meaning:
        case Known():
            return str(meaning.value), False
        case Symbol():
            return "{" + meaning.name + "}", not meaning.strong
        case Template():
            return readable(meaning), True
        case _:
            return "{unknown}", True
