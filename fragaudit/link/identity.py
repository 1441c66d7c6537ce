"""Which store a call opens: from its identity arguments to an address that can be compared with others."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass

from fragaudit.catalogue import Catalogue, Engine
from fragaudit.link.abstract import UNKNOWN, Abstract, Handle, Instance, Known, Symbol, Template
from fragaudit.link.program import Site

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


def addresses(parts: dict[str, tuple[Abstract, ...]], catalogue: Catalogue, engine: str = "") -> tuple[Address, ...]:
    """Make addresses of the evaluated identity arguments, by what each means (url, host, port, database, path, name).

    Several meanings of the leading part (different callers of one factory) give several addresses. The engine, where
    it is known, tells default ports and which parts of an address say nothing.
    """
    lead = next((key for key in ("url", "path", "host", "server", "name", "database") if key in parts), None)
    if lead is None:
        return (NOWHERE,)
    found: dict[Address, None] = {}
    for meaning in parts[lead][:MOST_ADDRESSES] or (UNKNOWN,):
        found[_address(lead, meaning, parts, _Reading(catalogue, catalogue.engine(engine)))] = None
    return tuple(found)


def _address(lead: str, meaning: Abstract, parts: dict[str, tuple[Abstract, ...]], reading: _Reading) -> Address:
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
    return Address(text, resolved, symbols, certain, scheme, private, scratch or in_memory)


def _single(values: tuple[Abstract, ...]) -> Abstract:
    symbols = [value for value in values if isinstance(value, Symbol)]
    return symbols[0] if symbols else values[0] if len(values) == 1 else UNKNOWN


@dataclass(frozen=True, slots=True)
class _Composed:
    text: str
    scheme: str


_URL = re.compile(r"^(?P<scheme>[A-Za-z][A-Za-z0-9+._-]*)://(?P<rest>.*)$", re.DOTALL)
_KEYED = re.compile(r"(?:^|[;\s])\s*(?P<key>[A-Za-z][A-Za-z ]*?)\s*=\s*(?P<value>\{[^}]*\}|'[^']*'|[^;\s]+)")
_KEYS = {
    "host": "host", "hostaddr": "host", "server": "host", "data source": "host", "port": "port", "dbname": "database",
    "database": "database", "initial catalog": "database", "dbq": "database", "driver": "driver",
    "accountendpoint": "host", "accountname": "host", "blobendpoint": "host",
}  # fmt: skip
_ODBC = {"sql server": "mssql", "postgres": "postgresql", "mysql": "mysql", "mariadb": "mysql", "oracle": "oracle",
         "sqlite": "sqlite", "freetds": "mssql", "snowflake": "snowflake"}  # fmt: skip
_FILES = ("sqlite", "duckdb", "spatialite")
_ONE_SERVER = {("qdrant", "6334"): "6333"}
"""A second port of the same server: gRPC beside REST."""
_UNSAID = {("neo4j", "neo4j"), ("milvus", "default"), ("chroma", "default_database")}
"""Names of the database that is used where none is named."""
_ARGUMENT_WINS = frozenset({"postgresql", "sql"})
"""Families whose clients let an argument override what the URL says; elsewhere the URL wins."""


@dataclass(frozen=True, slots=True)
class _Reading:
    """How one engine's addresses are read."""

    catalogue: Catalogue
    engine: Engine | None

    def compose(self, lead: str, value: str, rest: dict[str, str]) -> _Composed:
        database = rest.get("database", "")
        if lead == "server" and rest.get("port"):
            value = ",".join(h if re.search(r":\d+$", h) else f"{h}:{rest['port']}" for h in value.split(","))
        if lead in ("url", "server") or "://" in value:
            return self._from_url(value, database)
        scheme = rest.get("scheme", "").lower()
        if scheme.startswith(_FILES) and lead == "database":
            lead = "path"
        if lead == "path":
            return _Composed(_path(value), scheme)
        if lead in ("host", "database") and (lead == "host" or scheme):
            host, path = (value, database) if lead == "host" else ("", value)
            engine = self.engine or (self.catalogue.engine_of_url(scheme + "://") if scheme else None)
            port = rest.get("port", "")
            return _Composed(self._joined(f"{host}:{port}" if port else host, path, engine), scheme)
        return _Composed(value, scheme)

    def _from_url(self, text: str, database: str) -> _Composed:
        """Reduce a URL to host, port and database: credentials, driver and options don't say which store it is."""
        match = _URL.match(text)
        if match is None:
            return self._keyed(text, database) or self._plain(text, database)
        scheme = match["scheme"].lower()
        engine = self.catalogue.engine_of_url(text) or self.engine
        rest = match["rest"]
        if scheme.startswith(_FILES):
            path = rest[1:] if rest.startswith("/") else rest
            return _Composed(_path(path.partition("?")[0]) or ":memory:", scheme)
        rest, _, query = rest.partition("?")
        host, _slash, path = rest.rpartition("@")[2].partition("/")
        chosen = re.search(r"(?:^|&)db=(\w+)", query)
        path = chosen[1] if chosen else path.rstrip("/")
        family = engine.family if engine is not None else ""
        if database and (not path or family in _ARGUMENT_WINS):
            path = database
        return _Composed(self._joined(host, path, engine), scheme)

    def _plain(self, text: str, database: str) -> _Composed:
        if text.endswith("}") or not text:
            return _Composed(text + (f"#{database}" if database else ""), "")
        if text.startswith((".", "/", "~", ":")) or text.endswith((".db", ".sqlite", ".sqlite3")):
            return _Composed(_path(text), "")
        host, _, path = text.partition("/") if self.engine is not None and self.engine.default_port else (text, "", "")
        return _Composed(self._joined(host, database or path, self.engine), "")

    def _keyed(self, text: str, database: str) -> _Composed | None:
        """Read `host=a dbname=b` and `DRIVER={…};SERVER=a;DATABASE=b`."""
        found = {_KEYS.get(m["key"].lower(), ""): m["value"].strip("'") for m in _KEYED.finditer(text)}
        found.pop("", None)
        if not found:
            return None
        driver = found.get("driver", "").strip("{}").lower()
        scheme = next((engine for word, engine in _ODBC.items() if word in driver), "")
        host = found.get("host", "").removeprefix("tcp:").replace(",", ":")
        host = _URL.sub(lambda m: m["rest"].strip("/"), host)
        port = found.get("port", "")
        engine = self.engine or (self.catalogue.engine_of_url(scheme + "://") if scheme else None)
        path = database or found.get("database", "")
        return _Composed(self._joined(f"{host}:{port}" if port else host, path, engine), scheme)

    def _joined(self, hosts: str, database: str, engine: Engine | None) -> str:
        """Put hosts, sorted and with their ports, before a database."""
        family = engine.family if engine is not None else ""
        where = ",".join(sorted(self._host(host, engine) for host in hosts.split(",")))
        if family == "redis" and not database and engine is not None and engine.kind == "kv" and where:
            database = "0"
        if (family, database) in _UNSAID:
            database = ""
        return where + (f"/{database}" if database else "")

    def _host(self, text: str, engine: Engine | None) -> str:
        scheme = _URL.match(text.strip())
        host = (scheme["rest"] if scheme else text.strip()).rstrip("/").rpartition("@")[2]
        name, _, port = host.rpartition(":") if re.search(r":(?:\d+|\{[^}]*\})$", host) else (host, "", "")
        if not port and engine is not None and engine.default_port and name and not name.endswith("}"):
            secure = scheme is not None and scheme["scheme"].lower() == "https" and engine.name != "qdrant"
            port = "443" if secure else "" if "/" in name else str(engine.default_port)
        if engine is not None:
            port = _ONE_SERVER.get((engine.name, port), port)
        name = "localhost" if name in ("127.0.0.1", "::1", "[::1]", "0.0.0.0") else name  # noqa: S104  # compared
        return f"{name}:{port}" if port else name


def _path(path: str) -> str:
    path = path.removeprefix("file:")
    return posixpath.normpath(path) if path and not path.startswith(":memory:") else path


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
