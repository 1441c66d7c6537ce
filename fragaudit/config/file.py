"""A configuration file: its TOML table, and where each key of it stands."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import tomli

Keys: TypeAlias = tuple[str | int, ...]
"""Names of tables and keys, and numbers of elements in arrays, from the outside in."""


class ConfigError(Exception):
    """The configuration can't be used; the message names file, line and the nearest valid key."""


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


class ConfigFile:
    """A configuration file: its table, and where a key of it stands. `table` is None if it has none."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.shown = shown_path(str(path), os.getcwd())
        self._prefix: Keys = ("tool", "fragaudit") if path.name == "pyproject.toml" else ()
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
        self.table = inside(self._data, self._prefix)

    def at(self, keys: Keys, find: str = "") -> str:
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
        if count < last and inside(data, keys) is None:
            before = count
        else:
            after, last = middle, min(last, count)
    name = find or next((str(key) for key in reversed(keys) if isinstance(key, str)), "")
    number = next((key for key in reversed(keys) if isinstance(key, int)), 0)
    pattern = re.compile(rf"(?<![\w-]){re.escape(name)}(?![\w-])" + ("" if find else r"[\"']?\s*="))
    places = [n for n, line in enumerate(lines[before:last], before + 1) if pattern.search(line)]
    return places[min(number, len(places) - 1)] if places else before + 1


def inside(data: Any, keys: Sequence[str | int]) -> Any:
    """Return what stands under keys, or None."""
    for key in keys:
        if isinstance(key, int):
            data = data[key] if isinstance(data, list) and key < len(data) else None
        else:
            data = data.get(key) if isinstance(data, dict) else None
    return data


def type_name(value: object) -> str:
    """Return what TOML calls the type of a value."""
    names = {
        bool: "a boolean",
        int: "an integer",
        float: "a number",
        str: "a string",
        list: "an array",
        dict: "a table",
    }
    return names.get(type(value), f"a {type(value).__name__}")
