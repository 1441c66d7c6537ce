"""How an address is read: URLs, hosts with ports, keyword strings and paths, reduced to what says which store it is."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass

from fragaudit.catalogue import Catalogue, Engine


@dataclass(frozen=True, slots=True)
class Composed:
    """An address as text. It ends with the database where that is named; `scheme` is what a URL began with."""

    text: str
    scheme: str
    database: str = ""


_URL = re.compile(r"^(?P<scheme>[A-Za-z][A-Za-z0-9+._-]*|\{[^}]*\}[A-Za-z0-9+._-]*)://(?P<rest>.*)$", re.DOTALL)
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
class Reading:
    """How one engine's addresses are read."""

    catalogue: Catalogue
    engine: Engine | None

    def compose(self, lead: str, value: str, rest: dict[str, str]) -> Composed:
        """Return the address that a leading part of some meaning (`url`, `host`, …) and the others make."""
        database = rest.get("database", "")
        if lead == "server" and rest.get("port"):
            value = ",".join(h if re.search(r":\d+$", h) else f"{h}:{rest['port']}" for h in value.split(","))
        if lead in ("url", "server") or "://" in value:
            return self._from_url(value, database)
        scheme = rest.get("scheme", "").lower()
        if scheme.startswith(_FILES) and lead == "database":
            lead = "path"
        if lead == "path":
            return Composed(_path(value), scheme)
        if lead in ("host", "database") and (lead == "host" or scheme):
            host, path = (value, database) if lead == "host" else ("", value)
            engine = self.engine or (self.catalogue.engine_of_url(scheme + "://") if scheme else None)
            port = rest.get("port", "")
            return self._joined(f"{host}:{port}" if port else host, path, engine, scheme)
        return Composed(value, scheme)

    def _from_url(self, text: str, database: str) -> Composed:
        """Reduce a URL to host, port and database: credentials, driver and options don't say which store it is."""
        match = _URL.match(text)
        if match is None:
            return self._keyed(text, database) or self._plain(text, database)
        scheme = "" if "{" in match["scheme"] else match["scheme"].lower()
        engine = self.catalogue.engine_of_url(text) or self.engine
        rest = match["rest"]
        if scheme.startswith(_FILES):
            path = rest[1:] if rest.startswith("/") else rest
            return Composed(_path(path.partition("?")[0]) or ":memory:", scheme)
        rest, _, query = re.sub(r",\s*[A-Za-z]+://", ",", rest).partition("?")
        host, _slash, path = rest.rpartition("@")[2].partition("/")
        chosen = re.search(r"(?:^|&)db=(\w+)", query)
        path = chosen[1] if chosen else path.rstrip("/")
        elsewhere = re.search(r"(?:^|&)host=([^&]+)", query)
        host = host or (elsewhere[1] if elsewhere else "")
        family = engine.family if engine is not None else ""
        if database and (not path or family in _ARGUMENT_WINS):
            path = database
        return self._joined(host, path, engine, scheme)

    def _plain(self, text: str, database: str) -> Composed:
        if "{" in text:
            text = re.split(r"[?&]", text, maxsplit=1)[0]  # options behind a setting
        if text.endswith("}") or not text:
            return Composed(text + (f"#{database}" if database else ""), "")
        if text.startswith((".", "/", "~", ":")) or text.endswith((".db", ".sqlite", ".sqlite3")):
            return Composed(_path(text), "")
        host, _, path = text.partition("/") if self.engine is not None and self.engine.default_port else (text, "", "")
        return self._joined(host, database or path, self.engine, "")

    def _keyed(self, text: str, database: str) -> Composed | None:
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
        return self._joined(f"{host}:{port}" if port else host, path, engine, scheme)

    def _joined(self, hosts: str, database: str, engine: Engine | None, scheme: str) -> Composed:
        """Put hosts, sorted and with their ports, before a database."""
        family = engine.family if engine is not None else ""
        where = ",".join(sorted(self._host(host, engine) for host in hosts.split(",")))
        if family == "redis" and not database and engine is not None and engine.kind == "kv" and where:
            database = "0"
        if (family, database) in _UNSAID:
            database = ""
        return Composed(where + (f"/{database}" if database else ""), scheme, database)

    def _host(self, text: str, engine: Engine | None) -> str:
        scheme = _URL.match(text.strip())
        host = (scheme["rest"] if scheme else text.strip()).rstrip("/").rpartition("@")[2]
        if host.strip(":") == "":
            return ""
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
    path = path if "mode=memory" in path else path.partition("?")[0]
    return posixpath.normpath(path) if path and not path.startswith(":memory:") else path
