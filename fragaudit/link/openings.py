"""Every place where a store is opened: library calls, config dicts handed to them, and subclasses of clients."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

import msgspec

from fragaudit.catalogue import Catalogue, Engine, Open
from fragaudit.link.abstract import (
    Abstract,
    Bound,
    ClassRef,
    Display,
    External,
    Handle,
    Known,
    Symbol,
)
from fragaudit.link.arguments import Arguments, container_of
from fragaudit.link.arguments import SiteKey as SiteKey
from fragaudit.link.choices import Choices, usual
from fragaudit.link.connecting import Connecting
from fragaudit.link.evaluate import Evaluator, argument_of
from fragaudit.link.identity import NOWHERE, Address, addresses, site_key
from fragaudit.link.needed import keeps_texts
from fragaudit.link.program import Place, Program, Site
from fragaudit.model.stores import Kind, Role
from fragaudit.model.values import Attr, Call, Entry, Lit, Map, Ref

_CLASS = re.compile(r"cls$|class$|_type$|^[A-Z]")
"""Attributes that may hold a class, which a call makes an object of."""

_OPENING = frozenset({"client", "pool", "wrapper", "session"})
BY_CLASS = " by class"
"""Ends the name of a choice that is one of classes: one call makes an object of the one that was looked up."""
NO_STORE = frozenset({"memory", "none", "dummy"})
"""Engines that live and die with the process."""

UNDECIDED = "sql"
"""Engine of a URL-opened database whose URL is nowhere in the source."""

_SOME_BACK_END = " backend"


@dataclass(frozen=True, slots=True)
class Opened:
    """One store opened at one place. `alias` is the place of the client object it was given, whose store it shares.

    `containers` are (name, dynamic) of collections or indexes named right there. What has the same `choice` is open
    one at a time; `usual` is the one of them that is taken unless something else is asked for.
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
    choice: str = ""
    usual: bool = False

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
        self._arguments = Arguments(evaluator, self._opens)
        self._connecting = Connecting(evaluator)
        self._choices = Choices(evaluator)

    def all(self) -> tuple[Opened, ...]:
        """Return every opening of the repository, in order of file and appearance."""
        found: list[Opened] = []
        for site in self._program.sites:
            several = list(self._opens(site))
            engines = {opened.engine for opened, _ in several if opened.counts and opened.type in _OPENING}
            chosen = self._place(site) + BY_CLASS if len(engines) > 1 else ""
            for opened, given in several:
                made = self._opened(given, opened, site)
                found.extend(replace(one, choice=chosen) if chosen and not one.choice else one for one in made)
        for number, file in enumerate(self._program.files):
            for scope, entry in enumerate(file.scopes):
                if entry.kind == "class" and entry.bases:
                    found.extend(self._models(Place(number, scope)))
        return tuple(dict.fromkeys(_backed(found)))

    def _place(self, site: Site) -> str:
        at = self._program.location(site.place.file, site.call.at)
        return f"{at.path}:{at.line}:{at.column}"

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
                alias = alias or next(
                    (key for m in meanings if (key := self._arguments.opened_at(m)) is not None), None
                )
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
        parts, alias, containers = self._arguments.of(given, opened, place)
        if alias is None and not parts and opened.type in ("wrapper", "session"):
            return
        if alias is None and kind == Kind.RELATIONAL:
            alias = self._connecting.for_engine(place)
        if not engine and opened.by != "url" and alias is None:
            return  # a façade whose back end is chosen by something that isn't here
        found = addresses(parts, self._catalogue, engine)
        chosen = self._chosen(given, opened, parts, engine) if len(found) > 1 else None
        for address in found:
            if not engine and alias is None and not self._by_scheme(address) and not _may_be_open(kind, address):
                continue  # a cache, limiter or file whose URL is nowhere or names no server
            if self._stays_in_memory(given, opened, address):
                role = Role.SCRATCH
            if keeps_texts(opened, given.call):
                kind = Kind.SEARCH
            made = self._made(site, opened, engine, kind, role, address, alias, containers)
            if made.engine in NO_STORE:
                continue
            if chosen is not None:
                made = replace(made, choice=self._place(site), usual=address in chosen)
            yield made

    def _stays_in_memory(self, given: Site, opened: Open, address: Address) -> bool:
        """Say whether what is opened is gone with its process: so it is unless something tells where it is kept."""
        if address.private or address.scratch or address.known or not opened.in_memory:
            return address.private or address.scratch
        if any(argument.name in ("*", "**") for argument in given.call.args):
            return False
        for identity in opened.identity:
            value = argument_of(given.call.args, identity.param, identity.at)
            if identity.means == "container" or value in (None, Lit(None)):
                continue
            if identity.means != "config" or not all(
                isinstance(meaning, Handle) for meaning in self._evaluator.evaluate(value, given.place)
            ):
                return False  # settings that are known say nothing, or the address would
        return True

    def _chosen(
        self, site: Site, opened: Open, parts: dict[str, tuple[Abstract, ...]], engine: str
    ) -> tuple[Address, ...] | None:
        """Return the usual one of the addresses that a call chooses from, () if none is; None if it chooses nothing."""
        varying = [means for means, meanings in parts.items() if len(meanings) > 1]
        given = [
            value
            for identity in opened.identity
            if identity.means in varying
            and (value := argument_of(site.call.args, identity.param.partition("[")[0], identity.at)) is not None
        ]
        if len(varying) != 1 or len(given) != 1:
            return None
        options = self._choices.of(given[0], site.place)
        if {option.meaning for option in options} != set(parts[varying[0]]):
            return None
        number = usual(self._program, [(option.file, option.branch) for option in options])
        if number is None:
            return ()
        return addresses({**parts, varying[0]: (options[number].meaning,)}, self._catalogue, engine)

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
            chosen = self._arguments.at(displays, row.key)
            provider = next((m.value for m in chosen if isinstance(m, Known) and isinstance(m.value, str)), row.default)
            engine = row.engines.get(provider or "", provider or "") if row.engines else (provider or "")
            known = self._catalogue.engine(engine)
            if not engine or (known is None and row.engines and provider not in row.engines):
                continue
            parts: dict[str, tuple[Abstract, ...]] = {
                i.means: values for i in row.identity if (values := self._arguments.at(displays, i.param))
            }
            kind = row.decides or (known.kind if known is not None else opened.kind)
            containers = tuple(container_of(m) for m in parts.pop("container", ()))
            for address in addresses(parts, self._catalogue, engine):
                name = known.name if known else engine
                role = Role(row.role or "data")
                yield Opened(site, opened.library, name, Kind(kind), role, address, None, containers)


def _backed(found: list[Opened]) -> list[Opened]:
    """Leave out wrappers without an engine of their own whose client opened nothing."""
    while True:
        keys = {o.key for o in found if o.alias != o.key}
        kept = [o for o in found if not o.engine.endswith(_SOME_BACK_END) or o.alias is None or o.alias in keys]
        if len(kept) == len(found):
            return kept
        found = kept


def _may_be_open(kind: str, address: Address) -> bool:
    """Say whether what is opened without a URL that names an engine is a database or broker all the same."""
    return kind in ("", "relational") or (kind == "queue" and not address.scheme)


def _selecting(meaning: Abstract) -> str:
    """Return the text or the last name that chooses an engine: `"redis"`, `Cache.REDIS`, a class."""
    if isinstance(meaning, Known):
        return meaning.value if isinstance(meaning.value, str) else ""
    return meaning.name.rpartition(".")[2] if isinstance(meaning, (External, Handle)) else ""
