"""The configuration: `fragaudit.toml`, or `[tool.fragaudit]` of a `pyproject.toml`, whichever is nearest."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

import msgspec
import tomli
from msgspec import Meta, Struct

from fragaudit.catalogue_format import CatalogueError, Library, read
from fragaudit.model.sql import DIALECT_ALIASES, DIALECTS

DEFAULT_MAX_FILE_SIZE = 5_000_000
"""Bytes. Hand-written source is far smaller; what is larger is generated or data."""

SEVERITIES = ("error", "warning", "note", "off")
_LEVELS = ("error", "warning", "note", "never")
_Keys: TypeAlias = tuple[str | int, ...]


class ConfigError(Exception):
    """The configuration can't be used; the message names file, line and the nearest valid key."""


class ServiceConfig(Struct, frozen=True):
    """A service the user names: its folders, and other names it uses as a namespace."""

    name: str
    paths: tuple[str, ...]
    aliases: tuple[str, ...] = ()


class RuleConfig(Struct, frozen=True):
    """What the user sets for one rule: its severity (or `off`) and its card's parameters."""

    severity: Literal["error", "warning", "note", "off"] | None = None
    params: dict[str, Any] = {}


class SearchConfig(Struct, frozen=True):
    """What services call their standard search, and the functions or classes that ask several of them."""

    names: tuple[str, ...] = ("search_unified",)
    coordinators: tuple[str, ...] = ()


class DocumentationConfig(Struct, frozen=True):
    """What counts as documentation of indexes.

    Sections whose headings have one of the words or phrases of `headings`, in documents that match `files` (patterns as
    in .gitignore, of Markdown and reStructuredText); and, if `comments`, comments in SQL and code beside definitions.
    """

    files: tuple[str, ...] = ("*.md", "*.markdown", "*.rst")
    # The singular alone is the heading of a table of contents as often as not.
    headings: tuple[str, ...] = (
        "indexes", "indices", "indexing", "index strategy", "index design", "index plan", "database index",
    )  # fmt: skip
    comments: bool = True


class VectorIds(Struct, frozen=True):
    """What a good vector id is: its separator, and the templates of which it follows one.

    A template names `service`, `type` and `id` in order, with any other names between them. `aliases` are words that
    stand for the service besides its name; where there are several services, each has its own.
    """

    separator: str = ":"
    templates: tuple[str, ...] = ("service:type:id",)
    aliases: tuple[str, ...] = ()


class Config(Struct, frozen=True):
    """Everything that can be configured. `source` is the file it came from, `root` that file's folder."""

    root: str | None = None
    source: str | None = None
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    fail_on: Literal["error", "warning", "note", "never"] = "warning"
    rules: dict[str, RuleConfig] = {}
    services: tuple[ServiceConfig, ...] = ()
    foundation: tuple[str, ...] = ()
    dialect: str | None = None
    max_file_size: int = DEFAULT_MAX_FILE_SIZE
    stores: tuple[dict[str, Any], ...] = ()
    ledger: str | None = None
    search: SearchConfig = SearchConfig()
    vector_ids: VectorIds = VectorIds()
    documentation: DocumentationConfig = DocumentationConfig()


class _Service(Struct, frozen=True):
    """As written: one folder as `root`, or several as `paths`."""

    name: str
    root: str | None = None
    paths: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()


class _VectorIds(Struct, frozen=True):
    separator: Annotated[str, Meta(min_length=1, max_length=8)] = ":"
    templates: Annotated[tuple[str, ...], Meta(min_length=1)] = ("service:type:id",)
    aliases: tuple[str, ...] = ()


class _Table(Struct, frozen=True, rename="kebab"):
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    fail_on: Literal["error", "warning", "note", "never"] = "warning"
    rules: dict[str, Any] = {}
    services: tuple[_Service, ...] = ()
    foundation: tuple[str, ...] = ()
    dialect: str | None = None
    max_file_size: Annotated[int, Meta(ge=1)] = DEFAULT_MAX_FILE_SIZE
    store: tuple[dict[str, Any], ...] = ()
    ledger: str | None = None
    search: SearchConfig = SearchConfig()
    vector_ids: _VectorIds = _VectorIds()
    documentation: DocumentationConfig = DocumentationConfig()


_KEYS = _Table.__struct_encode_fields__
_SERVICE_KEYS = _Service.__struct_encode_fields__
_SEARCH_KEYS = SearchConfig.__struct_encode_fields__
_VECTOR_KEYS = _VectorIds.__struct_encode_fields__
_DOCUMENTATION_KEYS = DocumentationConfig.__struct_encode_fields__


def load(start: Path, explicit: Path | None = None) -> Config:
    """Return the configuration that applies to a path: the explicit file, else the nearest upwards, else defaults.

    Raises:
        ConfigError: the file can't be read, is no TOML, or has a key or value that isn't valid.
    """
    if explicit is not None:
        file = _File(explicit)
        if file.table is None:
            raise ConfigError(f"{file.shown}: has no table [tool.fragaudit]")
        return _read(file)
    folder = Path(os.path.realpath(start))
    folder = folder if os.path.isdir(folder) else folder.parent
    for candidate in (folder, *folder.parents):
        for name in ("fragaudit.toml", "pyproject.toml"):
            path = candidate / name
            if os.path.isfile(path) and (name == "fragaudit.toml" or _speaks_of_us(path)):
                file = _File(path)
                if file.table is not None:
                    return _read(file)
    return Config()


def rebased(config: Config, base: Path) -> Config:
    """Return the configuration with the folders of services as files are reported: relative to a folder."""
    root = config.root or str(base)
    services = tuple(
        msgspec.structs.replace(s, paths=tuple(shown_path(os.path.join(root, p), str(base)) for p in s.paths))
        for s in config.services
    )
    return msgspec.structs.replace(config, services=services)


def shown_path(path: str, base: str) -> str:
    """Return how a file or folder is reported: posix style, relative to `base`, or absolute if it is not below it.

    Bytes of a name that are not UTF-8 are written as escapes, so that the result can be printed and is unique.
    """
    path, base = os.path.abspath(path), os.path.abspath(base)
    inside = path.startswith(base.rstrip(os.sep) + os.sep)
    text = path[len(base.rstrip(os.sep)) + 1 :] if inside else "." if path == base else path
    text = text.replace(os.sep, "/")
    return text if text.isascii() else os.fsencode(text).decode("utf-8", "backslashreplace")


def unknown(name: str, valid: Iterable[str], where: str, what: str) -> ConfigError:
    """Return the error for a name that isn't valid, with the nearest one that is; `where` may be empty."""
    valid = sorted(set(valid))
    near = difflib.get_close_matches(name, valid, n=1, cutoff=0.5)
    hint = f"did you mean `{near[0]}`?" if near else f"valid are: {', '.join(valid)}" if valid else "it has none"
    return ConfigError(f"{where}{': ' if where else ''}unknown {what} `{name}`; {hint}")


def validate_rules(
    config: Config, known: Mapping[str, str], params: Mapping[str, Iterable[str] | Mapping[str, Any]]
) -> None:
    """Refuse rules and parameters that don't exist, and values of another type than the default's.

    Args:
        config: the configuration.
        known: rule codes by everything a rule may be called (code or name).
        params: by code, parameter names, or defaults by parameter name.

    Raises:
        ConfigError: naming the line and the nearest valid name.
    """
    file = _File(Path(config.source)) if config.source and os.path.isfile(config.source) else None

    def at(keys: _Keys, find: str = "") -> str:
        return file.at(keys, find) if file is not None else ""

    named: dict[str, str] = {}
    for name, entry in config.rules.items():
        if name not in known:
            raise unknown(name, known, at(("rules", name)), "rule")
        if known[name] in named:
            where = at(("rules", name))
            raise ConfigError(f"{where}: {name} is the same rule as {named[known[name]]}; set it up once")
        named[known[name]] = name
        valid = params.get(known[name], ())
        for key, value in entry.params.items():
            if key not in (valid := valid if isinstance(valid, Mapping) else tuple(valid)):
                raise unknown(key, (*valid, "severity"), at(("rules", name, key)), f"parameter of {name}")
            if isinstance(valid, Mapping) and type(value) is not type(valid[key]):
                what = f"`{key}` must be {_type(valid[key])}, not {_type(value)}"
                raise ConfigError(f"{at(('rules', name, key))}: {what}")
    for key, names in (("select", config.select), ("ignore", config.ignore)):
        for name in names:
            if name not in known and not any(name and code.startswith(name) for code in known.values()):
                raise unknown(name, known, at((key,), name), "rule")


def _type(value: object) -> str:
    names = {
        bool: "a boolean",
        int: "an integer",
        float: "a number",
        str: "a string",
        list: "an array",
        dict: "a table",
    }
    return names.get(type(value), f"a {type(value).__name__}")


def _speaks_of_us(file: Path) -> bool:
    """Say whether a pyproject.toml mentions our table. One that can't be read was not meant for us."""
    try:
        return b"fragaudit" in file.read_bytes()
    except OSError:
        return False


class _File:
    """A configuration file: its table, and where a key of it stands. `table` is None if it has none."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.shown = shown_path(str(path), os.getcwd())
        self._prefix: _Keys = ("tool", "fragaudit") if path.name == "pyproject.toml" else ()
        try:
            self._text = path.read_text(encoding="utf-8-sig")
            self._data = tomli.loads(self._text)
        except OSError as error:
            raise ConfigError(f"{self.shown}: can't be read: {error.strerror}") from None
        except UnicodeDecodeError as error:
            line = error.object.count(b"\n", 0, error.start) + 1
            raise ConfigError(f"{self.shown}:{line}: is not UTF-8, which TOML demands") from None
        except tomli.TOMLDecodeError as error:
            message, line, column = broken(error)
            raise ConfigError(f"{self.shown}:{line}:{column}: is not valid TOML: {message}") from None
        except (ValueError, RecursionError) as error:
            raise ConfigError(f"{self.shown}: is not valid TOML: {error}") from None
        self.table = _at(self._data, self._prefix)

    def at(self, keys: _Keys, find: str = "") -> str:
        """Return `path:line` of a key, or of a text inside its value."""
        return f"{self.shown}:{line_of(self._text, (*self._prefix, *keys), find)}"


def broken(error: tomli.TOMLDecodeError) -> tuple[str, int, int]:
    """Return what is wrong, and the line and column where it was noticed."""
    message = str(error).partition(" (at ")[0]
    return getattr(error, "msg", message), getattr(error, "lineno", 1), getattr(error, "colno", 1)


def line_of(text: str, keys: Sequence[str | int], find: str = "") -> int:
    """Return the line of a key in a TOML text that has it: the first line without which a parser would not see it.

    Args:
        text: valid TOML.
        keys: names of tables and keys, and numbers of elements in arrays, from the outside in.
        find: a text to look for inside the value if that spans lines; by default the last name.
    """
    lines = text.split("\n")

    def parsed(count: int) -> tuple[int, Any]:
        """Parse as many lines, or the fewest more that end a value."""
        while True:
            try:
                return count, tomli.loads("\n".join(lines[:count]))
            except tomli.TOMLDecodeError:
                count += 1

    before, after, last = 0, len(lines), len(lines)
    while after - before > 1:
        middle = (before + after) // 2
        count, data = parsed(middle)
        if count < last and _at(data, keys) is None:
            before = count
        else:
            after, last = middle, min(last, count)
    name = find or next((str(key) for key in reversed(keys) if isinstance(key, str)), "")
    number = next((key for key in reversed(keys) if isinstance(key, int)), 0)
    pattern = re.compile(rf"(?<![\w-]){re.escape(name)}(?![\w-])" + ("" if find else r"[\"']?\s*="))
    places = [n for n, line in enumerate(lines[before:last], before + 1) if pattern.search(line)]
    return places[min(number, len(places) - 1)] if places else before + 1


def _at(data: Any, keys: Sequence[str | int]) -> Any:
    """Return what stands under keys, or None."""
    for key in keys:
        if isinstance(key, int):
            data = data[key] if isinstance(data, list) and key < len(data) else None
        else:
            data = data.get(key) if isinstance(data, dict) else None
    return data


def _read(file: _File) -> Config:
    table = file.table
    if not isinstance(table, dict):
        raise ConfigError(f"{file.at(())}: [tool.fragaudit] must be a table, not {_type(table)}")
    if isinstance(_at(table, ("tool", "fragaudit")), dict):
        raise ConfigError(
            f"{file.at(('tool',))}: the keys of {file.path.name} stand at its top, without [tool.fragaudit]"
        )
    for key in table:
        if key not in _KEYS:
            raise unknown(key, _KEYS, file.at((key,)), "key")
    services = table.get("services")
    for number, service in enumerate(services if isinstance(services, list) else ()):
        for key in service if isinstance(service, dict) else ():
            if key not in _SERVICE_KEYS:
                raise unknown(key, _SERVICE_KEYS, file.at(("services", number, key)), "key of a service")
    search = table.get("search")
    for key in search if isinstance(search, dict) else ():
        if key not in _SEARCH_KEYS:
            raise unknown(key, _SEARCH_KEYS, file.at(("search", key)), "key of search")
    vectors = table.get("vector-ids")
    for key in vectors if isinstance(vectors, dict) else ():
        if key not in _VECTOR_KEYS:
            raise unknown(key, _VECTOR_KEYS, file.at(("vector-ids", key)), "key of vector-ids")
    documentation = table.get("documentation")
    for key in documentation if isinstance(documentation, dict) else ():
        if key not in _DOCUMENTATION_KEYS:
            raise unknown(key, _DOCUMENTATION_KEYS, file.at(("documentation", key)), "key of documentation")
    level = table.get("fail-on")
    if isinstance(level, str) and level not in _LEVELS:
        raise unknown(level, _LEVELS, file.at(("fail-on",)), "level")
    try:
        written = msgspec.convert(table, _Table)
    except msgspec.ValidationError as error:
        what, _, place = str(error).partition(" - at `$")
        keys = tuple(int(n) if n else k for k, n in re.findall(r"\.([\w-]+)|\[(\d+)\]", place))
        shown = place.removeprefix(".").rstrip("`")
        raise ConfigError(f"{file.at(keys)}: `{shown}`: {what.replace('Object ', '')}") from None
    return Config(
        root=os.path.realpath(file.path.parent),
        source=str(file.path),
        select=written.select,
        ignore=written.ignore,
        include=written.include,
        exclude=written.exclude,
        fail_on=written.fail_on,
        rules={name: _rule(name, entry, file) for name, entry in written.rules.items()},
        services=_services(written.services, file),
        foundation=written.foundation,
        dialect=_dialect(written.dialect, file),
        max_file_size=written.max_file_size,
        stores=_stores(written.store, file),
        ledger=written.ledger,
        search=written.search,
        vector_ids=_vector_ids(written.vector_ids, file),
        documentation=written.documentation,
    )


def _stores(written: Sequence[dict[str, Any]], file: _File) -> tuple[dict[str, Any], ...]:
    """Refuse entries that are no client libraries, at the line of what is wrong with them."""
    for number, table in enumerate(written):
        try:
            read({"modules": [table.get("package", "")], **table}, Library, "")
        except CatalogueError as error:
            what = str(error).removeprefix(": ")
            key = what.partition("unknown key `")[2].partition("`")[0] or "package"
            raise ConfigError(f"{file.at(('store', number, key))}: [[tool.fragaudit.store]]: {what}") from None
    return tuple(written)


def _dialect(name: str | None, file: _File) -> str | None:
    if name is None:
        return None
    known = DIALECT_ALIASES.get(name.lower(), name.lower())
    if known not in DIALECTS:
        raise unknown(name, (*DIALECTS, *DIALECT_ALIASES), file.at(("dialect",)), "dialect")
    return known


def _vector_ids(written: _VectorIds, file: _File) -> VectorIds:
    for template in written.templates:
        names = template.split(written.separator)
        if "id" not in names or len(names) < 2 or not all(re.fullmatch(r"[A-Za-z_]\w*", name) for name in names):
            raise ConfigError(
                f"{file.at(('vector-ids', 'templates'), template)}: `{template}` is no template: it must be names "
                f"joined by `{written.separator}`, `id` among them, as in "
                f"`{written.separator.join(('service', 'type', 'id'))}`"
            )
    return VectorIds(written.separator, written.templates, written.aliases)


def _rule(name: str, entry: object, file: _File) -> RuleConfig:
    if not isinstance(entry, dict):
        raise ConfigError(f"{file.at(('rules', name))}: {name} must be a table with `severity` and parameters")
    severity = entry.get("severity")
    if severity is not None and severity not in SEVERITIES:
        raise unknown(str(severity), SEVERITIES, file.at(("rules", name, "severity")), "severity")
    return RuleConfig(severity, {k: v for k, v in entry.items() if k != "severity"})


def _services(written: Sequence[_Service], file: _File) -> tuple[ServiceConfig, ...]:
    found: dict[str, ServiceConfig] = {}
    for number, service in enumerate(written):
        where = file.at(("services", number, "name"))
        if (service.root is None) == (not service.paths):
            raise ConfigError(f"{where}: service `{service.name}` needs either `root`, its folder, or `paths`")
        if not service.name or service.name in found:
            raise ConfigError(f"{where}: {'two services are called' if service.name else 'a service is called'} "
                              f"`{service.name}`")  # fmt: skip
        paths = service.paths if service.root is None else (service.root,)
        found[service.name] = ServiceConfig(service.name, paths, service.aliases)
    return tuple(found.values())
