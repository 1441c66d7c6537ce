"""What an expression can mean once names are followed across files."""

from __future__ import annotations

from typing import TypeAlias

from msgspec import Struct

from fragaudit.link.program import Place, Site
from fragaudit.model.values import Map, Seq


class Known(Struct, frozen=True, cache_hash=True):
    """A constant."""

    value: str | int | float | bool | None


class Symbol(Struct, frozen=True, cache_hash=True):
    """A setting: an environment variable, a field of a settings class, a configuration key.

    `strong` when the name says which setting it is wherever it is used; a field of an object nobody could follow
    (`self.config.url`) is weak: equal names mean the same, different names prove nothing.
    """

    name: str
    defaults: tuple[Abstract, ...] = ()
    strong: bool = True


class Template(Struct, frozen=True, cache_hash=True):
    """A text put together of constants, settings and unknown parts."""

    parts: tuple[Abstract, ...]


class External(Struct, frozen=True, cache_hash=True):
    """A module, class, function or value of an outside library, by its dotted name."""

    name: str


class Package(Struct, frozen=True, cache_hash=True):
    """A folder or module of the project, by dotted name; `file` when the module itself was read."""

    name: str
    file: int | None


class ClassRef(Struct, frozen=True, cache_hash=True):
    """A class of the project."""

    place: Place


class FunctionRef(Struct, frozen=True, cache_hash=True):
    """A function or method of the project, with the class it is taken from."""

    place: Place
    owner: ClassRef | None = None


class Instance(Struct, frozen=True, cache_hash=True):
    """An object of a project class; `site` is the call that made it, if known."""

    of: ClassRef
    site: Site | None = None


class Handle(Struct, frozen=True, cache_hash=True):
    """An object of a library class that reaches a store; `site` is the call that opened it, if known."""

    name: str
    site: Site | None = None


class Bound(Struct, frozen=True, cache_hash=True):
    """A method of a handle."""

    handle: Handle
    method: str


class Display(Struct, frozen=True, cache_hash=True):
    """A list, tuple or dictionary, still as written, with the place its names are read in."""

    value: Map | Seq
    place: Place


class Unknown(Struct, frozen=True, cache_hash=True):
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
