"""The configuration: `fragaudit.toml`, or `[tool.fragaudit]` of a `pyproject.toml`, whichever is nearest."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec
import tomli
from msgspec import Struct

DEFAULT_MAX_FILE_SIZE = 5_000_000
"""Bytes. Hand-written source is far smaller; what is larger is generated or data."""


class ConfigError(Exception):
    """The configuration can't be used; the message names file, line and the nearest valid key."""


class ServiceConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """A service the user names: its folders, and other names it uses as a namespace."""

    name: str
    paths: tuple[str, ...]
    aliases: tuple[str, ...] = ()


class RuleConfig(Struct, frozen=True):
    """What the user sets for one rule: its severity (or `off`) and its card's parameters."""

    severity: Literal["error", "warning", "note", "off"] | None = None
    params: dict[str, Any] = {}


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


class _Table(Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    fail_on: Literal["error", "warning", "note", "never"] = "warning"
    rules: dict[str, dict[str, Any]] = {}
    services: tuple[ServiceConfig, ...] = ()
    foundation: tuple[str, ...] = ()
    dialect: str | None = None
    max_file_size: int = DEFAULT_MAX_FILE_SIZE
    store: tuple[dict[str, Any], ...] = ()


_KEYS = tuple(_Table.__struct_encode_fields__)
_SERVICE_KEYS = tuple(ServiceConfig.__struct_encode_fields__)


def load(start: Path, explicit: Path | None = None) -> Config:
    """Return the configuration that applies to a path: the explicit file, else the nearest upwards, else defaults.

    Raises:
        ConfigError: the file can't be read, is no TOML, or has a key or value that isn't valid.
    """
    if explicit is not None:
        return _read(explicit, explicit.name != "pyproject.toml")
    folder = start.resolve()
    folder = folder if folder.is_dir() else folder.parent
    for candidate in (folder, *folder.parents):
        for name in ("fragaudit.toml", "pyproject.toml"):
            file = candidate / name
            if file.is_file() and (name == "fragaudit.toml" or _has_table(file)):
                return _read(file, name == "fragaudit.toml")
    return Config()


def _has_table(file: Path) -> bool:
    try:
        return "fragaudit" in file.read_text(encoding="utf-8") and "fragaudit" in _parse(file).get("tool", {})
    except (OSError, UnicodeDecodeError, ConfigError):
        # Another tool's broken file is that tool's to report, unless it was meant for us.
        return False


def _parse(file: Path) -> dict[str, Any]:
    try:
        return tomli.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{file}: can't be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{file}: is not UTF-8, which TOML demands") from None
    except tomli.TOMLDecodeError as error:
        line, column = getattr(error, "lineno", None), getattr(error, "colno", None)
        place = f":{line}:{column}" if line else ""
        message = getattr(error, "msg", str(error))
        raise ConfigError(f"{file}{place}: is not valid TOML: {message}") from None


def _read(file: Path, whole: bool) -> Config:
    data = _parse(file)
    table = data if whole else data.get("tool", {}).get("fragaudit", {})
    if not isinstance(table, dict):
        raise ConfigError(f"{file}: [tool.fragaudit] must be a table")
    text = file.read_text(encoding="utf-8")
    _refuse_unknown(table, _KEYS, file, text)
    services = table.get("services")
    for service in services if isinstance(services, list) else []:
        if isinstance(service, dict):
            _refuse_unknown(service, _SERVICE_KEYS, file, text)
    try:
        read = msgspec.convert(table, _Table)
    except msgspec.ValidationError as error:
        key = str(error).partition("`$.")[2].partition("`")[0]
        place = _line(text, re.split(r"[.\[]", key)[0]) if key else 1
        what = str(error).partition(" - at")[0]
        raise ConfigError(f"{file}:{place}: `{key}`: {what}") from None
    rules = {name: _rule(name, entry, file, text) for name, entry in read.rules.items()}
    return Config(
        root=str(file.parent.resolve()),
        source=str(file),
        select=read.select,
        ignore=read.ignore,
        include=read.include,
        exclude=read.exclude,
        fail_on=read.fail_on,
        rules=rules,
        services=read.services,
        foundation=read.foundation,
        dialect=read.dialect,
        max_file_size=read.max_file_size,
        stores=read.store,
    )


def _rule(name: str, entry: Mapping[str, Any], file: Path, text: str) -> RuleConfig:
    severity = entry.get("severity")
    if severity not in (None, "error", "warning", "note", "off"):
        raise ConfigError(f"{file}:{_line(text, name)}: severity of {name} must be error, warning, note or off")
    return RuleConfig(severity, {k: v for k, v in entry.items() if k != "severity"})


def _refuse_unknown(table: Mapping[str, Any], valid: Iterable[str], file: Path, text: str) -> None:
    valid = tuple(valid)
    for key in table:
        if key not in valid:
            raise unknown(key, valid, f"{file}:{_line(text, key)}", "key")


def unknown(name: str, valid: Iterable[str], where: str, what: str) -> ConfigError:
    """Return the error for a name that isn't valid, with the nearest one that is."""
    valid = tuple(valid)
    near = difflib.get_close_matches(name, valid, n=1, cutoff=0.5)
    hint = f"did you mean `{near[0]}`?" if near else f"valid are: {', '.join(sorted(valid))}"
    return ConfigError(f"{where}: unknown {what} `{name}`; {hint}")


def validate_rules(config: Config, known: Mapping[str, str], params: Mapping[str, Iterable[str]]) -> None:
    """Refuse rules and parameters that don't exist.

    Args:
        config: the configuration.
        known: rule codes by everything a rule may be called (code or name).
        params: parameter names by code.

    Raises:
        ConfigError: naming the line and the nearest valid name.
    """
    text = Path(config.source).read_text(encoding="utf-8") if config.source else ""
    for name, entry in config.rules.items():
        where = f"{config.source}:{_line(text, name)}"
        if name not in known:
            raise unknown(name, known, where, "rule")
        for key in entry.params:
            valid = tuple(params.get(known[name], ()))
            if key not in valid:
                raise unknown(key, (*valid, "severity"), f"{config.source}:{_line(text, key)}", f"parameter of {name}")
    for name in (*config.select, *config.ignore):
        if name not in known and not any(code.startswith(name) for code in known.values()):
            raise unknown(name, known, f"{config.source}:{_line(text, name)}", "rule")


def _line(text: str, key: str) -> int:
    """Return the line a key stands on: as a key, in a table header, or anywhere."""
    quoted = re.escape(key)
    for pattern in (rf'^\s*"?{quoted}"?\s*=', rf"^\s*\[.*\b{quoted}\b.*\]", rf"{quoted}"):
        match = re.search(pattern, text, re.MULTILINE)
        if match is not None:
            return text.count("\n", 0, match.start() + len(match[0]) - len(match[0].lstrip())) + 1
    return 1
