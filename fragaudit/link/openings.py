"""Every place where a store is opened: library calls, config dicts handed to them, and subclasses of clients."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from fragaudit.catalogue import Catalogue, Engine, Identity, Open
from fragaudit.link.abstract import (
    UNKNOWN,
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
from fragaudit.model.values import Attr, Call, Entry, Lit, Map, Ref

_CLASS = re.compile(r"cls$|class$|_type$|^[A-Z]")
"""Attributes that may hold a class, which a call makes an object of."""

SiteKey = tuple[int, tuple[int, int, int, int]]
_OPENING = frozenset({"client", "pool", "wrapper", "session"})
_CARRYING = frozenset({"settings", "url"})
"""Entries whose object only carries an address to what opens the store."""

NO_STORE = frozenset({"memory", "none", "dummy"})
"""Engines that live and die with the process."""

DEEPEST_SETTINGS = 3
UNDECIDED = "sql"
"""Engine of a URL-opened database whose URL is nowhere in the source."""

_SOME_BACK_END = " backend"


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
    def undecided(self) -> bool:
        """Whether the engine is still to be found elsewhere: a database or broker whose URL isn't in the call."""
        return self.engine == UNDECIDED or self.engine.endswith(_SOME_BACK_END)

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
            for opened, place in self._opens(site):
                found.extend(self._opened(site, opened, place))
        for number, file in enumerate(self._program.files):
            for scope, entry in enumerate(file.scopes):
                if entry.kind == "class" and entry.bases:
                    found.extend(self._models(Place(number, scope)))
        return tuple(dict.fromkeys(_backed(found)))

    def _models(self, cls: Place) -> Iterator[Opened]:
        """Yield the store that keeps the objects of a class, where a base class of the catalogue says so."""
        scope = self._program.scope(cls)
        for base in self._evaluator.outside_bases(ClassRef(cls)):
            opened = self._catalogue.open(base.name)
            if opened is None or opened.type != "model" or not opened.counts:
                continue
            call = Call(Ref(scope.name), (), scope.span)
            site = Site(cls, call, scope.branch, scope.name, None, "model", False)
            parts: dict[str, tuple[Abstract, ...]] = {}
            alias = None
            for identity in opened.identity:
                meanings = self._declared(cls, identity.param)
                alias = alias or next((key for m in meanings if (key := self._handle_site(m)) is not None), None)
                if meanings and identity.means != "client":
                    parts[identity.means] = meanings
            if not parts and opened.env and alias is None:
                parts = {"url": (Symbol(opened.env[0]),)}
            for address in addresses(parts, self._catalogue, opened.engine):
                yield self._made(site, opened, opened.engine, opened.kind, opened.role, address, alias, ())
            return

    def _declared(self, cls: Place, path: str) -> tuple[Abstract, ...]:
        """Return what an attribute of a class or of a class inside it means: `Meta.host`."""
        *inner, name = path.split(".")
        place = cls
        for step in inner:
            numbers = self._program.definitions(place, step)
            if not numbers:
                return ()
            place = Place(place.file, numbers[-1])
        bindings = self._program.bindings(place, name)
        return tuple(m for b in bindings for m in self._evaluator.evaluate(b.value, place) if m != Known(None))

    def _opens(self, site: Site) -> Iterator[tuple[Open, Place]]:
        """Yield the catalogue entries that a call may be."""
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
                    yield opened, site.place

    def _names(self, callee: Abstract) -> Iterator[str]:
        match callee:
            case External():
                yield callee.name.replace("()", "")  # a method of an object that an outside class made
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

    def _opened(self, site: Site, opened: Open, place: Place) -> Iterator[Opened]:
        if not opened.counts or opened.type not in _OPENING:
            return
        if opened.parts:
            for part in opened.parts:
                yield Opened(site, opened.library, part.engine, Kind(part.kind), Role(part.role), NOWHERE)
            return
        if opened.config:
            yield from self._configured(site, opened, place)
            return
        engine, kind, role = opened.engine, opened.kind, opened.role
        if opened.by_param:
            decided = self._decided(site, opened, place)
            if decided is None:
                return
            engine, kind, role = decided
        parts, alias, containers = self._identity(site, opened, place)
        if alias is None and not parts and opened.type in ("wrapper", "session"):
            return
        if not engine and opened.by != "url" and alias is None:
            return  # a façade whose back end is chosen by something that isn't here
        for address in addresses(parts, self._catalogue, engine):
            if not engine and alias is None and not self._by_scheme(address) and not _may_be_open(kind, address):
                continue  # a cache, limiter or file whose URL is nowhere or names no server
            made = self._made(site, opened, engine, kind, role, address, alias, containers)
            if made.engine not in NO_STORE:
                yield made

    def _by_scheme(self, address: Address) -> Engine | None:
        return self._catalogue.engine_of_url(address.scheme + "://") if address.scheme else None

    def _made(
        self, site: Site, opened: Open, engine: str, kind: str, role: str, address: Address,
        alias: SiteKey | None, containers: tuple[tuple[str, bool], ...],
    ) -> Opened:  # fmt: skip
        by_url = self._by_scheme(address)
        if by_url is not None and (not engine or by_url.family != self._family(engine)) and opened.by == "url":
            queue = kind == Kind.QUEUE and by_url.kind in (Kind.KV, Kind.QUEUE)
            engine, kind = by_url.name, kind if queue else by_url.kind
        if not engine:
            engine = UNDECIDED if kind in ("", "relational") and opened.by == "url" else opened.library + _SOME_BACK_END
        if address.private or address.scratch or (opened.in_memory and not address.known):
            role = Role.SCRATCH
        return Opened(site, opened.library, engine, Kind(kind or "relational"), Role(role or "data"), address, alias,
                      containers, opened.in_memory, opened.type, opened.on_use)  # fmt: skip

    def _family(self, engine: str) -> str:
        known = self._catalogue.engine(engine)
        return known.family if known is not None else engine

    def _decided(self, site: Site, opened: Open, place: Place) -> tuple[str, str, str] | None:
        """Return engine, kind and role that a string argument chooses; None if it chooses no store."""
        position = next((i.at for i in opened.identity if i.param == opened.by_param), 0)
        value = argument_of(site.call.args, opened.by_param, position)
        for meaning in self._evaluator.evaluate(value, place):
            text = _selecting(meaning)
            chosen = opened.engines.get(text) if text else None
            if chosen:
                engine, _, rest = chosen.partition("/")
                kind, _, role = rest.partition("/")
                known = self._catalogue.engine(engine)
                if engine in NO_STORE:
                    return None
                return engine, kind or (known.kind if known else opened.kind), role or opened.role
        return None

    def _identity(
        self, site: Site, opened: Open, place: Place, deep: int = 0
    ) -> tuple[dict[str, tuple[Abstract, ...]], SiteKey | None, tuple[tuple[str, bool], ...]]:
        """Return what the identity arguments mean, the client among them, and the containers they name."""
        parts: dict[str, tuple[Abstract, ...]] = {}
        assumed: dict[str, tuple[Abstract, ...]] = {}
        alias: SiteKey | None = None
        containers: list[tuple[str, bool]] = []
        splats = self._splats(site, place)
        for identity in opened.identity:
            meanings = self._given(site, identity, splats, place)
            if identity.means == "container":
                containers.extend(_container(meaning) for meaning in meanings)
                continue
            plain: list[Abstract] = []
            for meaning in meanings:
                carried = self._carried(meaning, deep)
                if carried is not None:
                    for means, inner in carried[0].items():
                        parts.setdefault(means, inner)
                    alias = alias or carried[1]
                    containers.extend(carried[2])
                elif identity.means == "client" or isinstance(meaning, (Handle, Instance)):
                    alias = alias or self._handle_site(meaning)
                    if identity.means == "client":
                        parts.setdefault("client", meanings)
                elif identity.means != "config":
                    plain.append(self._flat(meaning))
            if plain:
                parts[identity.means] = tuple(dict.fromkeys((*parts.get(identity.means, ()), *plain)))
            elif not meanings and identity.default is not None and not splats:
                assumed.setdefault(identity.means, (Known(identity.default),))
        if "client" in parts:
            return {}, alias, tuple(dict.fromkeys(containers))
        leading = [means for means in _LEADING if means in parts]
        if any(means in _SERVERS for means in leading):
            assumed = {means: value for means, value in assumed.items() if means not in _LEADING or means == "database"}
        if leading and leading[0] in ("url", "path"):
            assumed = {}
            parts.pop("host", None)
            parts.pop("port", None)
        parts = {**assumed, **parts}
        if opened.env and not leading:
            parts = {"url": (Symbol(opened.env[0]),)}
        return parts, alias, tuple(dict.fromkeys(containers))

    def _given(self, site: Site, identity: Identity, splats: list[Display], place: Place) -> tuple[Abstract, ...]:
        """Return what is passed for a parameter, in the call or in a dictionary unpacked into it."""
        param, _, key = identity.param.partition("[")
        value = argument_of(site.call.args, param, identity.at)
        meanings = self._evaluator.evaluate(value, place) if value is not None else ()
        if key:
            name = key.strip("]'")
            inside = [m for m in meanings if isinstance(m, Display) and _has(m, name)]
            meanings = tuple(m for display in inside for m in self._evaluator.lookup(display, name))
        if not meanings:
            for splat in splats:
                if _has(splat, param):
                    meanings = tuple(self._evaluator.lookup(splat, param))
        return tuple(m for m in meanings if m != Known(None))

    def _carried(
        self, meaning: Abstract, deep: int
    ) -> tuple[dict[str, tuple[Abstract, ...]], SiteKey | None, tuple[tuple[str, bool], ...]] | None:
        """Return what a settings or URL object says of the store, or None if the value is no such object."""
        handle = meaning.handle if isinstance(meaning, Bound) else meaning
        if not isinstance(handle, Handle) or handle.site is None or deep >= DEEPEST_SETTINGS:
            return None
        for opened, place in self._opens(handle.site):
            if opened.type in _CARRYING:
                return self._identity(handle.site, opened, place, deep + 1)
        return None

    def _flat(self, meaning: Abstract, deep: int = 0) -> Abstract:
        """Read `("host", port)`, `["http://a:9200"]` and `{"host": …, "port": …}` as texts."""
        if not isinstance(meaning, Display) or deep > DEEPEST_SETTINGS:
            return meaning
        if isinstance(meaning.value, Map):
            hosts = [m for key in _HOST_KEYS if _has(meaning, key) for m in self._evaluator.lookup(meaning, key)]
            ports = list(self._evaluator.lookup(meaning, "port")) if _has(meaning, "port") else []
            if not hosts:
                return UNKNOWN
            return Template((hosts[0], Known(":"), ports[0])) if ports else hosts[0]
        items = [(self._evaluator.evaluate(item, meaning.place) or (UNKNOWN,))[0] for item in meaning.value.items]
        if len(items) == 2 and _is_port(items[1]):
            return Template((items[0], Known(":"), items[1]))
        flat = [self._node(item, deep) for item in items]
        joined = [part for item in flat for part in (Known(","), item)][1:]
        return flat[0] if len(flat) == 1 else Template(tuple(joined)) if flat else UNKNOWN

    def _node(self, item: Abstract, deep: int) -> Abstract:
        """Return the address that one entry of a list of servers means: a text, a pair, or an object made of both."""
        if isinstance(item, External) and item.name.endswith("()"):
            return UNKNOWN
        carried = self._carried(item, deep)
        if carried is not None and "host" in carried[0]:
            port = carried[0].get("port")
            host = carried[0]["host"][0]
            return Template((host, Known(":"), port[0])) if port else host
        return self._flat(item, deep + 1)

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
        named = tuple(Entry(Lit(a.name), a.value) for a in site.call.args if a.name and not a.name.startswith("*"))
        found = [Display(Map(named), place)]
        for identity in opened.identity:
            if identity.means == "config":
                value = argument_of(site.call.args, identity.param, identity.at)
                found.extend(m for m in self._evaluator.evaluate(value, place) if isinstance(m, Display))
        displays = list(dict.fromkeys(found))
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
            for address in addresses(parts, self._catalogue, engine):
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


def _backed(found: list[Opened]) -> list[Opened]:
    """Leave out wrappers without an engine of their own whose client opened nothing."""
    while True:
        keys = {o.key for o in found if o.alias != o.key}
        kept = [o for o in found if not o.engine.endswith(_SOME_BACK_END) or o.alias is None or o.alias in keys]
        if len(kept) == len(found):
            return kept
        found = kept


_LEADING = ("url", "path", "host", "server", "name", "database")
_SERVERS = ("url", "path", "host", "server")
_HOST_KEYS = ("host", "hostname", "address", "url", "uri")


def _may_be_open(kind: str, address: Address) -> bool:
    """Say whether what is opened without a URL that names an engine is a database or broker all the same."""
    return kind in ("", "relational") or (kind == "queue" and not address.scheme)


def _is_port(meaning: Abstract) -> bool:
    if isinstance(meaning, Symbol):
        return "PORT" in meaning.name
    return isinstance(meaning, Known) and isinstance(meaning.value, int)


def _selecting(meaning: Abstract) -> str:
    """Return the text or the last name that chooses an engine: `"redis"`, `Cache.REDIS`, a class."""
    if isinstance(meaning, Known):
        return meaning.value if isinstance(meaning.value, str) else ""
    return meaning.name.rpartition(".")[2] if isinstance(meaning, (External, Handle)) else ""


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
