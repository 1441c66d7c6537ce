"""Which store a call opens: from its identity arguments to an address that can be compared with others."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from fragaudit.catalogue import Catalogue
from fragaudit.link.abstract import UNKNOWN, Abstract, Handle, Instance, Known, Symbol, Template
from fragaudit.link.program import Site
from fragaudit.link.reading import Reading

MOST_ADDRESSES = 6


@dataclass(frozen=True, slots=True)
class Address:
    """Where a store is, as far as the source says.

    `text` is readable, settings in it as `{NAME}`, unknown parts as `{unknown}`; `resolved` is the same with settings
    replaced by their defaults where those are known. `symbols` are the settings' names. `certain`: only constants
    and named settings. `private`: each opening is a store of its own (in-memory databases). `scratch`: temporary.
    `scheme` is what a URL began with, `database` how `resolved` ends where a database of a server is named.
    """

    text: str
    resolved: str
    symbols: tuple[str, ...]
    certain: bool
    scheme: str = ""
    private: bool = False
    scratch: bool = False
    database: str = ""

    @property
    def server(self) -> str:
        """`resolved` without the database."""
        return self.resolved.removesuffix(f"/{self.database}") if self.database else self.resolved

    @property
    def known(self) -> bool:
        """Whether anything at all is known of it."""
        return self.text not in ("", "{unknown}")

    @property
    def complete(self) -> bool:
        """Whether no part of it is unknown."""
        return self.known and "{unknown}" not in self.text

    @property
    def shown(self) -> str:
        """The text for people: unknown parts as `*`, nothing if that is all of it."""
        text = re.sub(r"(?:\{unknown\})+", "*", self.text)
        return text if any(sign.isalnum() for sign in text) else ""


NOWHERE = Address("", "", (), certain=False)


def addresses(parts: dict[str, tuple[Abstract, ...]], catalogue: Catalogue, engine: str = "") -> tuple[Address, ...]:
    """Make addresses of the evaluated identity arguments, by what each means (url, host, port, database, path, name).

    Several meanings of the leading part (different callers of one factory) give several addresses; of other parts with
    several meanings, which goes with which is then unknown. The engine, where it is known, tells default ports and
    which parts of an address say nothing.
    """
    lead = next((key for key in ("url", "path", "host", "server", "name", "database") if key in parts), None)
    if lead is None:
        return (NOWHERE,)
    reading = Reading(catalogue, catalogue.engine(engine))
    if lead == "database" and reading.engine is not None and reading.engine.kind == "kv":
        parts, lead = {**parts, "host": (UNKNOWN,)}, "host"  # a number alone says nothing without its server
    found: dict[Address, None] = {}
    if len(parts[lead]) > 1:
        parts = {key: values if key == lead or len(values) == 1 else (UNKNOWN,) for key, values in parts.items()}
    for meaning in parts[lead][:MOST_ADDRESSES] or (UNKNOWN,):
        found[_address(lead, meaning, parts, reading)] = None
    return tuple(found)


def _address(lead: str, meaning: Abstract, parts: dict[str, tuple[Abstract, ...]], reading: Reading) -> Address:
    rest = {key: _single(values) for key, values in parts.items() if key not in (lead, "client")}
    shown = reading.compose(lead, _written(meaning), {key: _written(value) for key, value in rest.items()})
    composed = reading.compose(lead, _resolved(meaning), {key: _resolved(value) for key, value in rest.items()})
    resolved, scheme = composed.text, shown.scheme or composed.scheme
    symbols = tuple(sorted({s.name for value in (meaning, *rest.values()) for s in _symbols(value) if s.strong}))
    certain = "{unknown}" not in shown.text and all(s.strong for v in (meaning, *rest.values()) for s in _symbols(v))
    scratch = any(s.name == "<temporary>" for v in (meaning, *rest.values()) for s in _symbols(v))
    text = shown.text if symbols else resolved
    private = certain and (text == ":memory:" or (text == "" and lead == "path"))
    in_memory = private or text.startswith(":memory:") or "mode=memory" in text
    return Address(text, resolved, symbols, certain, scheme, private, scratch or in_memory, composed.database)


def _single(values: tuple[Abstract, ...]) -> Abstract:
    symbols = [value for value in values if isinstance(value, Symbol)]
    return symbols[0] if symbols else values[0] if len(values) == 1 else UNKNOWN


def _written(meaning: Abstract) -> str:
    match meaning:
        case Known():
            return "" if meaning.value is None else str(meaning.value)
        case Symbol():
            return (
                "{" + meaning.name + "}"
                if meaning.strong
                else "{unknown}"
                if meaning.name in _VAGUE
                else "{" + meaning.name + "}"
            )
        case Template():
            return "".join(_written(part) for part in meaning.parts)
        case _:
            return "{unknown}"


_VAGUE = frozenset({"URL", "URI", "HOST", "PORT", "PATH", "DSN", "KWARGS", "ARGS", "CONFIG", "DATABASE", "NAME", "DB"})


def _resolved(meaning: Abstract) -> str:
    """Return the text with settings replaced by their defaults; one without stays as `{NAME}`."""
    match meaning:
        case Symbol():
            defaults = [d for d in meaning.defaults if not isinstance(d, (Handle, Instance))]
            return _resolved(defaults[0]) if defaults else _written(meaning)
        case Template():
            return "".join(_resolved(part) for part in meaning.parts)
        case _:
            return _written(meaning)


def _symbols(meaning: Abstract) -> Iterator[Symbol]:
    if isinstance(meaning, Symbol):
        yield meaning
    elif isinstance(meaning, Template):
        for part in meaning.parts:
            yield from _symbols(part)


def same(one: Address, other: Address) -> bool:
    """Say whether two addresses of one engine are one store: written alike, or with equal defaults."""
    if one.private or other.private:
        return False
    return one.text == other.text or (one.certain and other.certain and one.known and one.resolved == other.resolved)


def distinct(one: Address, other: Address) -> bool:
    """Say whether two addresses of one engine are provably different stores.

    An unknown part proves nothing, nor does a constant against a setting without a default.
    """
    if one.private or other.private:
        return True
    if not (one.certain and other.certain and one.known and other.known):
        return False
    if one.text == other.text or one.resolved == other.resolved:
        return False
    both_named = bool(one.database and other.database)
    return _apart(one.server, other.server) or (both_named and _apart(one.database, other.database))


def _apart(one: str, other: str) -> bool:
    """Say whether two parts of addresses are provably different: a setting may well be the constant beside it."""
    return one != other and ("{" in one) == ("{" in other)


def site_key(site: Site) -> tuple[int, tuple[int, int, int, int]]:
    """Return what tells one opening call from another."""
    return (site.place.file, site.call.at)
