"""From a TOML table to the configuration: every key and value checked, mistakes told with their line."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from fragaudit.catalogue_format import CatalogueError, Library
from fragaudit.catalogue_format import read as read_library
from fragaudit.config.file import ConfigError, ConfigFile, Keys, inside, type_name, unknown
from fragaudit.config.shapes import (
    DEFAULT_MAX_FILE_SIZE,
    SEVERITIES,
    Config,
    DocumentationConfig,
    RuleConfig,
    SearchConfig,
    ServiceConfig,
    VectorIds,
)
from fragaudit.model.sql import DIALECT_ALIASES, DIALECTS

_LEVELS = ("error", "warning", "note", "never")


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


_SECTIONS: dict[str, type[Struct]] = {
    "search": SearchConfig,
    "vector-ids": _VectorIds,
    "documentation": DocumentationConfig,
}


def config_of(file: ConfigFile) -> Config:
    """Return the configuration that a file gives. Raises ConfigError at the line of what isn't valid."""
    table = file.table
    if not isinstance(table, dict):
        raise ConfigError(f"{file.at(())}: [tool.fragaudit] must be a table, not {type_name(table)}")
    if isinstance(inside(table, ("tool", "fragaudit")), dict):
        raise ConfigError(
            f"{file.at(('tool',))}: the keys of {file.path.name} stand at its top, without [tool.fragaudit]"
        )
    _check_keys(table, _Table, file, (), "key")
    services = table.get("services")
    for number, service in enumerate(services if isinstance(services, list) else ()):
        _check_keys(service, _Service, file, ("services", number), "key of a service")
    for name, shape in _SECTIONS.items():
        _check_keys(table.get(name), shape, file, (name,), f"key of {name}")
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


def _check_keys(table: object, shape: type[Struct], file: ConfigFile, at: Keys, what: str) -> None:
    """Refuse keys of a table that its shape does not have."""
    for key in table if isinstance(table, dict) else ():
        if key not in shape.__struct_encode_fields__:
            raise unknown(key, shape.__struct_encode_fields__, file.at((*at, key)), what)


def _stores(written: Sequence[dict[str, Any]], file: ConfigFile) -> tuple[dict[str, Any], ...]:
    """Refuse entries that are no client libraries, at the line of what is wrong with them."""
    for number, table in enumerate(written):
        try:
            read_library({"modules": [table.get("package", "")], **table}, Library, "")
        except CatalogueError as error:
            what = str(error).removeprefix(": ")
            key = what.partition("unknown key `")[2].partition("`")[0] or "package"
            raise ConfigError(f"{file.at(('store', number, key))}: [[tool.fragaudit.store]]: {what}") from None
    return tuple(written)


def _dialect(name: str | None, file: ConfigFile) -> str | None:
    if name is None:
        return None
    known = DIALECT_ALIASES.get(name.lower(), name.lower())
    if known not in DIALECTS:
        raise unknown(name, (*DIALECTS, *DIALECT_ALIASES), file.at(("dialect",)), "dialect")
    return known


def _vector_ids(written: _VectorIds, file: ConfigFile) -> VectorIds:
    for template in written.templates:
        names = template.split(written.separator)
        if "id" not in names or len(names) < 2 or not all(re.fullmatch(r"[A-Za-z_]\w*", name) for name in names):
            raise ConfigError(
                f"{file.at(('vector-ids', 'templates'), template)}: `{template}` is no template: it must be names "
                f"joined by `{written.separator}`, `id` among them, as in "
                f"`{written.separator.join(('service', 'type', 'id'))}`"
            )
    return VectorIds(written.separator, written.templates, written.aliases)


def _rule(name: str, entry: object, file: ConfigFile) -> RuleConfig:
    if not isinstance(entry, dict):
        raise ConfigError(f"{file.at(('rules', name))}: {name} must be a table with `severity` and parameters")
    severity = entry.get("severity")
    if severity is not None and severity not in SEVERITIES:
        raise unknown(str(severity), SEVERITIES, file.at(("rules", name, "severity")), "severity")
    return RuleConfig(severity, {k: v for k, v in entry.items() if k != "severity"})


def _services(written: Sequence[_Service], file: ConfigFile) -> tuple[ServiceConfig, ...]:
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
