"""What an expression can mean once names are followed across files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from fragaudit.link.program import Place, Site
from fragaudit.model.values import Map, Seq


@dataclass(frozen=True, slots=True)
class Known:
    """A constant."""

    value: str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Symbol:
    """A setting: an environment variable, a field of a settings class, a configuration key.

    `strong` when the name says which setting it is wherever it is used; a field of an object nobody could follow
    (`self.config.url`) is weak: equal names mean the same, different names prove nothing.
    """

    name: str
    defaults: tuple[Abstract, ...] = ()
    strong: bool = True


@dataclass(frozen=True, slots=True)
class Template:
    """A text put together of constants, settings and unknown parts."""

    parts: tuple[Abstract, ...]


@dataclass(frozen=True, slots=True)
class External:
    """A module, class, function or value of an outside library, by its dotted name."""

    name: str


@dataclass(frozen=True, slots=True)
class Package:
    """A folder or module of the project, by dotted name; `file` when the module itself was read."""

    name: str
    file: int | None


@dataclass(frozen=True, slots=True)
class ClassRef:
    """A class of the project."""

    place: Place


@dataclass(frozen=True, slots=True)
class FunctionRef:
    """A function or method of the project, with the class it is taken from."""

    place: Place
    owner: ClassRef | None = None


@dataclass(frozen=True, slots=True)
class Instance:
    """An object of a project class; `site` is the call that made it, if known."""

    of: ClassRef
    site: Site | None = None


@dataclass(frozen=True, slots=True)
class Handle:
    """An object of a library class that reaches a store; `site` is the call that opened it, if known."""

    name: str
    site: Site | None = None


@dataclass(frozen=True, slots=True)
class Bound:
    """A method of a handle."""

    handle: Handle
    method: str


@dataclass(frozen=True, slots=True)
class Display:
    """A list, tuple or dictionary, still as written, with the place its names are read in."""

    value: Map | Seq
    place: Place


@dataclass(frozen=True, slots=True)
class Unknown:
    """Something that can't be followed."""


UNKNOWN = Unknown()

Abstract: TypeAlias = (
    Known
    | Symbol
    | Template
    | External
    | Package
    | ClassRef
    | FunctionRef
    | Instance
    | Handle
    | Bound
    | Display
    | Unknown
)
