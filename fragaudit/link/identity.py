"""Which store a call opens: from its identity arguments to an address that can be compared with others."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass

from fragaudit.catalogue import Catalogue
from fragaudit.link.abstract import UNKNOWN, Abstract, Display, Handle, Instance, Known, Symbol, Template
from fragaudit.link.program import Site
from fragaudit.model.values import Lit, Seq

MOST_ADDRESSES = 6


@dataclass(frozen=True, slots=True)
class Address:
    """Where a store is, as far as the source says.

    `text` is readable, settings in it as `{NAME}`, unknown parts as `{unknown}`; `resolved` is the same with settings
    replaced by their defaults where those are known. `symbols` are the settings' names. `certain`: only constants
    and named settings. `private`: each opening is a store of its own (in-memory databases). `scratch`: temporary.
    `scheme` is what a URL began with.
    """

    text: str
    resolved: str
    symbols: tuple[str, ...]
    certain: bool
    scheme: str = ""
    private: bool = False
    scratch: bool = False

    @property
    def known(self) -> bool:
        """Whether anything at all is known of it."""
        return self.text not in ("", "{unknown}")


NOWHERE = Address("", "", (), certain=False)


def addresses(parts: dict[str, tuple[Abstract, ...]], catalogue: Catalogue) -> tuple[Address, ...]:
    """Make addresses of the evaluated identity arguments, by what each means (url, host, port, database, path, name).

    Several meanings of the leading part (different callers of one factory) give several addresses.
    """
    lead = next((key for key in ("url", "path", "host", "server", "name", "database") if key in parts), None)
    if lead is None:
        return (NOWHERE,)
    found: dict[Address, None] = {}
    for meaning in parts[lead][:MOST_ADDRESSES] or (UNKNOWN,):
        found[_address(lead, meaning, parts, catalogue)] = None
    return tuple(found)


def _address(lead: str, meaning: Abstract, parts: dict[str, tuple[Abstract, ...]], catalogue: Catalogue) -> Address:
    rest = {key: _single(values) for key, values in parts.items() if key != lead}
    shown = _compose(lead, _written(meaning), {key: _written(value) for key, value in rest.items()}, catalogue)
    composed = _compose(lead, _resolved(meaning), {key: _resolved(value) for key, value in rest.items()}, catalogue)
    resolved, scheme = composed.text, shown.scheme or composed.scheme
    symbols = tuple(sorted({s.name for value in (meaning, *rest.values()) for s in _symbols(value) if s.strong}))
    certain = "{unknown}" not in shown.text and all(s.strong for v in (meaning, *rest.values()) for s in _symbols(v))
    scratch = any(s.name == "<temporary>" for v in (meaning, *rest.values()) for s in _symbols(v))
    text = shown.text if symbols else resolved
    private = certain and (text == ":memory:" or (text == "" and lead == "path"))
    return Address(text, resolved, symbols, certain, scheme, private, scratch or private)


def _single(values: tuple[Abstract, ...]) -> Abstract:
    symbols = [value for value in values if isinstance(value, Symbol)]
    return symbols[0] if symbols else values[0] if len(values) == 1 else UNKNOWN


@dataclass(frozen=True, slots=True)
class _Composed:
    text: str
    scheme: str


def _compose(lead: str, value: str, rest: dict[str, str], catalogue: Catalogue) -> _Composed:
    if lead in ("url", "server") or "://" in value:
        return _from_url(value, rest.get("database", ""), catalogue)
    if lead == "path":
        return _Composed(_path(value), "")
    if lead == "host":
        host = _host(value)
        port = f":{rest['port']}" if rest.get("port") else ""
        database = f"/{rest['database']}" if rest.get("database") not in (None, "") else ""
        return _Composed(f"{host}{port}{database}", "")
    return _Composed(value, "")


_URL = re.compile(r"^(?P<scheme>[A-Za-z][A-Za-z0-9+._-]*)://(?P<rest>.*)$", re.DOTALL)


def _scheme(text: str) -> str:
    match = _URL.match(text)
    return match["scheme"].lower() if match else ""


def _from_url(text: str, database: str, catalogue: Catalogue) -> _Composed:
    """Reduce a URL to host, port and database: credentials, driver and options say nothing about which store it is."""
    match = _URL.match(text)
    if match is None:
        suffix = f"/{database}" if database and not text.endswith("}") else f"#{database}" if database else ""
        return _Composed(text + suffix, "")
    scheme = match["scheme"].lower()
    engine = catalogue.engine_of_url(text)
    rest = match["rest"]
    if scheme.startswith(("sqlite", "duckdb")):
        path = rest[1:] if rest.startswith("/") else rest
        return _Composed(_path(path.partition("?")[0]) or ":memory:", scheme)
    rest, _, query = rest.partition("?")
    rest = rest.rpartition("@")[2]
    host, _slash, path = rest.partition("/")
    host = "" if host == ":" else host  # put together of settings that are empty by default
    chosen = re.search(r"(?:^|&)db=(\w+)", query)
    path = chosen[1] if chosen else path or database
    if engine is not None and engine.default_port and host and ":" not in host and "{" not in host:
        host = f"{host}:{engine.default_port}"
    if engine is not None and engine.family == "redis" and not path:
        path = "0"
    host = (
        ":".join((_host(host.partition(":")[0]), host.partition(":")[2])) if ":" in host and "," not in host else host
    )
    return _Composed(host + (f"/{path}" if path else ""), scheme)


def _host(host: str) -> str:
    return "localhost" if host in ("127.0.0.1", "::1", "0.0.0.0") else host  # noqa: S104  # compared, not bound


def _path(path: str) -> str:
    path = path.removeprefix("file:")
    return posixpath.normpath(path) if path and path != ":memory:" else path


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
        case Display():
            return _display(meaning)
        case _:
            return "{unknown}"


_VAGUE = frozenset({"URL", "URI", "HOST", "PORT", "PATH", "DSN", "KWARGS", "ARGS", "CONFIG", "DATABASE", "NAME", "DB"})


def _display(display: Display) -> str:
    """Read `("host", port)`, `["http://a:9200"]` and `{"host": …}` as an address."""
    if isinstance(display.value, Seq):
        texts = [str(i.value) if isinstance(i, Lit) else "{unknown}" for i in display.value.items]
        if len(texts) == 2 and texts[1].isdigit():
            return f"{texts[0]}:{texts[1]}"
        return ",".join(sorted(texts)) or "{unknown}"
    return "{unknown}"


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
    return ("{" in one.resolved) == ("{" in other.resolved) or _differ_around_holes(one.resolved, other.resolved)


def _differ_around_holes(one: str, other: str) -> bool:
    """Say whether the last path part, which names the database, is literal in both and differs."""
    ends = [text.rpartition("/")[2] if "/" in text else "" for text in (one, other)]
    return all(end and "{" not in end for end in ends) and ends[0] != ends[1]


def site_key(site: Site) -> tuple[int, tuple[int, int, int, int]]:
    """Return what tells one opening call from another."""
    return (site.place.file, site.call.at)
