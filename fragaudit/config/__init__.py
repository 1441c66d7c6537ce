"""The configuration: `fragaudit.toml`, or `[tool.fragaudit]` of a `pyproject.toml`, whichever is nearest."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from fragaudit.config.file import ConfigError, ConfigFile, Keys, broken, line_of, shown_path, type_name, unknown
from fragaudit.config.reading import config_of
from fragaudit.config.shapes import (
    DEFAULT_MAX_FILE_SIZE,
    Config,
    DocumentationConfig,
    RuleConfig,
    SearchConfig,
    ServiceConfig,
    VectorIds,
)

__all__ = [
    "DEFAULT_MAX_FILE_SIZE", "Config", "ConfigError", "DocumentationConfig", "RuleConfig", "SearchConfig",
    "ServiceConfig", "VectorIds", "broken", "line_of", "load", "rebased", "shown_path", "unknown", "validate_rules",
]  # fmt: skip


def load(start: Path, explicit: Path | None = None) -> Config:
    """Return the configuration that applies to a path: the explicit file, else the nearest upwards, else defaults.

    Raises:
        ConfigError: the file can't be read, is no TOML, or has a key or value that isn't valid.
    """
    if explicit is not None:
        file = ConfigFile(explicit)
        if file.table is None:
            raise ConfigError(f"{file.shown}: has no table [tool.fragaudit]")
        return config_of(file)
    folder = Path(os.path.realpath(start))
    folder = folder if os.path.isdir(folder) else folder.parent
    for candidate in (folder, *folder.parents):
        for name in ("fragaudit.toml", "pyproject.toml"):
            path = candidate / name
            if os.path.isfile(path) and (name == "fragaudit.toml" or _speaks_of_us(path)):
                file = ConfigFile(path)
                if file.table is not None:
                    return config_of(file)
    return Config()


def rebased(config: Config, base: Path) -> Config:
    """Return the configuration with the folders of services as files are reported: relative to a folder."""
    root = config.root or str(base)
    services = tuple(
        msgspec.structs.replace(s, paths=tuple(shown_path(os.path.join(root, p), str(base)) for p in s.paths))
        for s in config.services
    )
    return msgspec.structs.replace(config, services=services)


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
    file = ConfigFile(Path(config.source)) if config.source and os.path.isfile(config.source) else None

    def at(keys: Keys, find: str = "") -> str:
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
                what = f"`{key}` must be {type_name(valid[key])}, not {type_name(value)}"
                raise ConfigError(f"{at(('rules', name, key))}: {what}")
    for key, names in (("select", config.select), ("ignore", config.ignore)):
        for name in names:
            if name not in known and not any(name and code.startswith(name) for code in known.values()):
                raise unknown(name, known, at((key,), name), "rule")


def _speaks_of_us(file: Path) -> bool:
    """Say whether a pyproject.toml mentions our table. One that can't be read was not meant for us."""
    try:
        return b"fragaudit" in file.read_bytes()
    except OSError:
        return False
