"""What the arguments of an opening call say of the store: its address, the client it is given, the containers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

from fragaudit.catalogue import Identity, Open
from fragaudit.link.abstract import (
    UNKNOWN,
    Abstract,
    Bound,
    Display,
    External,
    Handle,
    Instance,
    Known,
    Symbol,
    Template,
)
from fragaudit.link.evaluate import Evaluator, argument_of
from fragaudit.link.identity import site_key
from fragaudit.link.program import Place, Site
from fragaudit.link.settings import readable
from fragaudit.model.values import Lit, Map

SiteKey = tuple[int, tuple[int, int, int, int]]
Given: TypeAlias = tuple[dict[str, tuple[Abstract, ...]], SiteKey | None, tuple[tuple[str, bool], ...]]
"""The meanings by what they mean (url, host, …), the place of the client, the containers as (name, dynamic)."""

_CARRYING = frozenset({"settings", "url"})
"""Entries whose object only carries an address to what opens the store."""

DEEPEST_SETTINGS = 3
_LEADING = ("url", "path", "host", "server", "name", "database")
_SERVERS = ("url", "path", "host", "server")
_HOST_KEYS = ("host", "hostname", "address", "url", "uri")


class Arguments:
    """Reads identity arguments; `opens` yields the catalogue entries that a call may be."""

    def __init__(self, evaluator: Evaluator, opens: Callable[[Site], Iterator[tuple[Open, Site]]]) -> None:
        """Take what answers the meaning of expressions and of callees."""
        self._evaluator = evaluator
        self._opens = opens

    def of(self, site: Site, opened: Open, place: Place, deep: int = 0) -> Given:
        """Return what the identity arguments mean, the client among them, and the containers they name."""
        parts: dict[str, tuple[Abstract, ...]] = {}
        assumed: dict[str, tuple[Abstract, ...]] = {}
        alias: SiteKey | None = None
        containers: list[tuple[str, bool]] = []
        splats = self._splats(site, place)
        for identity in opened.identity:
            meanings = self._given(site, identity, splats, place)
            if identity.means == "container":
                containers.extend(container_of(meaning) for meaning in meanings if meaning != Known(None))
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
                    alias = alias or self.opened_at(meaning)
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
            inside = [m for m in meanings if isinstance(m, Display) and has(m, name)]
            meanings = tuple(m for display in inside for m in self._evaluator.lookup(display, name))
        if not meanings:
            for splat in splats:
                if has(splat, param):
                    meanings = tuple(self._evaluator.lookup(splat, param))
        return tuple(m for m in meanings if m != Known(None))

    def _carried(self, meaning: Abstract, deep: int) -> Given | None:
        """Return what a settings or URL object says of the store, or None if the value is no such object."""
        handle = meaning.handle if isinstance(meaning, Bound) else meaning
        if not isinstance(handle, Handle) or handle.site is None or deep >= DEEPEST_SETTINGS:
            return None
        for opened, given in self._opens(handle.site):
            if opened.type in _CARRYING:
                return self.of(given, opened, given.place, deep + 1)
        return None

    def _flat(self, meaning: Abstract, deep: int = 0) -> Abstract:
        """Read `("host", port)`, `["http://a:9200"]` and `{"host": …, "port": …}` as texts."""
        if not isinstance(meaning, Display) or deep > DEEPEST_SETTINGS:
            return meaning
        if isinstance(meaning.value, Map):
            hosts = [m for key in _HOST_KEYS if has(meaning, key) for m in self._evaluator.lookup(meaning, key)]
            ports = list(self._evaluator.lookup(meaning, "port")) if has(meaning, "port") else []
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

    def opened_at(self, meaning: Abstract) -> SiteKey | None:
        """Return the call that opened the store a value reaches: its own, or the one its class holds."""
        if isinstance(meaning, Handle) and meaning.site is not None:
            return site_key(meaning.site)
        if isinstance(meaning, Bound) and meaning.handle.site is not None:
            return site_key(meaning.handle.site)
        return None

    def at(self, displays: list[Display], path: str) -> tuple[Abstract, ...]:
        """Return what stands in dictionaries under a dotted path of keys."""
        found: list[Abstract] = list(displays)
        for key in path.split("."):
            following: list[Abstract] = []
            for meaning in found:
                if isinstance(meaning, Display) and has(meaning, key):
                    following.extend(self._evaluator.lookup(meaning, key))
            found = following
        return tuple(found)


def _is_port(meaning: Abstract) -> bool:
    if isinstance(meaning, Symbol):
        return "PORT" in meaning.name
    return isinstance(meaning, Known) and isinstance(meaning.value, int)


_EMPTY = Display(Map(()), Place(0, 0))


def has(display: Display, key: str) -> bool:
    """Say whether a dictionary has a key as a literal."""
    if not isinstance(display.value, Map):
        return False
    return any(entry.key == Lit(key) for entry in display.value.entries)


def container_of(meaning: Abstract) -> tuple[str, bool]:
    """Return the name of a container and whether it is put together at run time."""
    match meaning:
        case Known():
            return str(meaning.value), False
        case Symbol():
            return "{" + meaning.name + "}", not meaning.strong
        case Template():
            return readable(meaning), True
        case _:
            return "{unknown}", True
