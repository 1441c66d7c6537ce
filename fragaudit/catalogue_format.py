"""The shapes of the store catalogue, and the strict reading of its TOML tables."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeVar

import msgspec
from msgspec import Struct

KINDS = ("relational", "document", "kv", "vector", "graph", "search", "queue", "object", "file")
ROLES = ("data", "cache", "session", "broker", "checkpoint", "scratch")
Kind = Literal["relational", "document", "kv", "vector", "graph", "search", "queue", "object", "file"]
Role = Literal["data", "cache", "session", "broker", "checkpoint", "scratch"]
Means = Literal["url", "host", "port", "database", "path", "name", "client", "config", "alias", "server", "container",
                "selector", "scheme"]  # fmt: skip


class CatalogueError(Exception):
    """An entry of the catalogue, or of the user's own stores, is not as the format demands."""


class Identity(Struct, frozen=True, forbid_unknown_fields=True):
    """A parameter that says which store is opened, and what it means; `at` is its position, None for keyword only."""

    param: str
    means: Means
    at: int | None = None
    default: str | int | None = None


class Part(Struct, frozen=True, forbid_unknown_fields=True):
    """One of several stores that a single call opens."""

    engine: str
    kind: Kind
    role: Role = "data"


class Choice(Struct, frozen=True, forbid_unknown_fields=True):
    """A store that a config dict or a keyword names: `key` is the dotted path of the provider, `engines` its values."""

    key: str
    decides: Kind
    engines: dict[str, str] = {}
    default: str | None = None
    role: Role = "data"
    identity: tuple[Identity, ...] = ()


class Open(Struct, frozen=True, forbid_unknown_fields=True):
    """A callable that opens a store, wraps one, or points to one.

    `type`: `client` and `pool` open; `wrapper` and `session` take the store of a client they are given, and open one
    of their own only where their arguments say which; `model` is a base class whose subclasses are kept in the store,
    its identity in their attributes (`Meta.host`); `settings` and `url` objects carry an address to what opens; the
    others (`control marker lookup`) open nothing. `on_use`: also serves other ends (authentication, storage), so it
    is a store only where data is read or written through it; `on_use_engines` says so of some engines alone.
    `textual` is the argument (`name=word`) with which it is searched for words alone, by the name of what is given.
    `by_param` names the argument that decides the engine, `engines` what its values mean (`engine`, `engine/kind` or
    `engine/kind/role`); by `url` the URL's scheme does. `env`: the variables that name the store if no argument does.
    """

    name: str
    aliases: tuple[str, ...] = ()
    identity: tuple[Identity, ...] = ()
    returns: str = ""
    type: Literal["client", "pool", "wrapper", "session", "model", "control", "url", "marker", "lookup", "settings"] = (
        "client"
    )
    engine: str = ""
    kind: str = ""
    role: str = ""
    by: str = ""
    counts: bool = True
    in_memory: bool = False
    on_use: bool = False
    on_use_engines: tuple[str, ...] = ()
    is_async: bool = False
    by_param: str = ""
    textual: str = ""
    engines: dict[str, str] = {}
    env: tuple[str, ...] = ()
    config: tuple[Choice, ...] = ()
    parts: tuple[Part, ...] = ()
    library: str = ""


class Named(Struct, frozen=True, forbid_unknown_fields=True):
    """The parameter that names a container."""

    param: str
    at: int | None = None


class Operation(Struct, frozen=True, forbid_unknown_fields=True):
    """A method that creates a container, writes, reads or deletes; the paths say where ids, vectors and so on are.

    `textual` is the argument (`name=value`) with which a search is one for words rather than by similarity.
    `returns` is the class of what it gives back; `=topic`: the text of that parameter, as far as it is a name. `needs`
    is the parameter without which a call is no such operation: a table may be made with rows or without.
    """

    name: str
    container: Named | None = None
    id: str | tuple[str, ...] = ""
    vector: str | tuple[str, ...] = ""
    metadata: str | tuple[str, ...] = ""
    text: str | tuple[str, ...] = ""
    value: str | tuple[str, ...] = ""
    namespace: str | tuple[str, ...] = ""
    query: str | tuple[str, ...] = ""
    filter: str | tuple[str, ...] = ""
    sql: str | tuple[str, ...] = ""
    table: str | tuple[str, ...] = ""
    item: str | tuple[str, ...] = ""
    tenant: str | tuple[str, ...] = ""
    partition: str | tuple[str, ...] = ""
    lang: str | tuple[str, ...] = ""
    schema: str | tuple[str, ...] = ""
    at: dict[str, int] = {}
    similarity: bool | str = False
    textual: str = ""
    traversal: bool | str = False
    role: str = ""
    returns: str = ""
    needs: str = ""
    verb: str = ""
    library: str = ""


class Setting(Struct, frozen=True, forbid_unknown_fields=True):
    """A store opened by a setting: `aliases` of dictionaries, one `dict`, or a `value` (URL or dotted back end)."""

    name: str
    kind: Kind
    shape: Literal["aliases", "dict", "value"]
    where: Literal["django", "flask", "any"] = "any"
    engine: str = ""
    role: Role = "data"
    engine_key: str = ""
    engines: dict[str, str] = {}
    identity: tuple[Identity, ...] = ()
    library: str = ""


class Model(Struct, frozen=True, forbid_unknown_fields=True):
    """A base class, call or decorator by which the application declares a table or collection of its own."""

    base: str


class Example(Struct, frozen=True, forbid_unknown_fields=True):
    """Files with a mark on each line that opens a store: exactly these lines do, and these stores there are.

    `# store: ENGINE KIND [ROLE] [at ADDRESS]` for a store (role `data` where none is named), `# same` for a line that
    opens the store marked last once more (`# same: ENGINE` for the last one of an engine). Where a line is marked
    `# write`, `# read`, `# delete`, `# search` (by similarity) or `# walk` (over a graph), all such calls are. Marks
    stand at the end of a line, several behind each other. An example without a mark shows silence.
    """

    title: str
    files: dict[str, str]


class Library(Struct, frozen=True, forbid_unknown_fields=True):
    """One client library.

    `extends`: the package whose classes its own derive from, with their operations. `inherits` are the base classes
    of another library whose methods its classes have. `embeds`: its tables hold vectors only if the application gives
    them or declares by these modules, or by arguments of these names (`vectorizer_config=`), that they make them.
    `checked` are the versions its names were checked with, the newest and older ones that have what was removed
    since; `companions` what is installed beside it for that. `collective`: the name stands for the companions, no
    package of its own is installed.
    """

    package: str
    modules: tuple[str, ...]
    kind: Kind
    engine: str = ""
    by: Literal["", "url", "settings", "config", "class"] = ""
    role: Role = "data"
    checked: tuple[str, ...] = ()
    companions: tuple[str, ...] = ()
    collective: bool = False
    counts: bool = True
    inside: str = ""
    extends: str = ""
    framework: bool = False
    test_double: bool = False
    id_type: str = ""
    namespacing: str = ""
    inherits: tuple[str, ...] = ()
    embeds: tuple[str, ...] = ()
    notes: str = ""
    open: tuple[Open, ...] = ()
    container: tuple[Operation, ...] = ()
    write: tuple[Operation, ...] = ()
    read: tuple[Operation, ...] = ()
    delete: tuple[Operation, ...] = ()
    setting: tuple[Setting, ...] = ()
    model: tuple[Model, ...] = ()
    example: tuple[Example, ...] = ()


class Engine(Struct, frozen=True, forbid_unknown_fields=True):
    """An engine: engines of one family at one address are one store."""

    name: str
    kind: Kind
    family: str = ""
    schemes: tuple[str, ...] = ()
    default_port: int | None = None
    aliases: tuple[str, ...] = ()


class Abstraction(Struct, frozen=True, forbid_unknown_fields=True):
    """Names of a project's own store abstractions of one kind."""

    kind: Kind
    names: tuple[str, ...]
    factories: tuple[str, ...] = ()


class Engines(Struct, frozen=True, forbid_unknown_fields=True):
    """The file of engines."""

    engine: tuple[Engine, ...]


class Abstractions(Struct, frozen=True, forbid_unknown_fields=True):
    """The file of abstractions."""

    prefixes: tuple[str, ...]
    suffixes: tuple[str, ...]
    other_things: tuple[str, ...]
    abstraction: tuple[Abstraction, ...]


S = TypeVar("S", bound=Struct)


def read(table: Mapping[str, Any], shape: type[S], where: str) -> S:
    """Turn a TOML table into a shape. Raises CatalogueError naming the place and the nearest valid key."""
    try:
        return msgspec.convert(table, shape)
    except msgspec.ValidationError as error:
        raise CatalogueError(f"{where}: {explain(str(error), _all_keys(shape))}") from None


def explain(message: str, keys: Sequence[str]) -> str:
    """Add the nearest valid key to a message about an unknown one."""
    if "unknown field" in message:
        wrong = message.split("`")[1]
        near = difflib.get_close_matches(wrong, keys, n=1)
        hint = f"; did you mean `{near[0]}`?" if near else ""
        return f"unknown key `{wrong}`{hint}{_path(message)}"
    return message.replace("Object ", "")


def _path(message: str) -> str:
    return " (at " + message.split("at `$")[1].rstrip("`").lstrip(".") + ")" if "at `$" in message else ""


def _all_keys(shape: type[Struct]) -> tuple[str, ...]:
    shapes = (shape, Library, Open, Identity, Operation, Setting, Model, Choice, Part, Engine, Abstraction)
    return tuple(dict.fromkeys(key for s in shapes for key in s.__struct_fields__))
