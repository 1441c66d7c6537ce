"""Where settings come from: environment readers, settings classes, and the library calls that only pass a value on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from fragaudit.link.abstract import UNKNOWN, Abstract, ClassRef, Display, External, Known, Symbol, Template
from fragaudit.link.program import Place
from fragaudit.model.facts import MODULE_SCOPE
from fragaudit.model.values import Attr, Call, Entry, Lit, Map, Ref, Value, children, dotted

if TYPE_CHECKING:
    from fragaudit.link.evaluate import Evaluator

SAME_TEXT = frozenset(
    {"strip", "rstrip", "lstrip", "lower", "upper", "replace", "get_secret_value", "unicode_string",
     "render_as_string", "as_posix", "as_uri", "resolve", "absolute", "expanduser", "value", "parent", "encode",
     "decode", "removeprefix", "removesuffix", "removeSuffix", "__str__", "set", "_replace"}
)  # fmt: skip
"""Attributes of texts and settings that keep what they name."""

OTHER_TEXT = frozenset(
    {"with_suffix", "with_name", "with_stem", "with_segments", "joinpath", "relative_to", "format", "format_map",
     "join", "split", "rsplit", "partition", "rpartition", "geturl", "read_text", "isoformat", "hexdigest"}
)  # fmt: skip
"""Methods of texts and paths that make another one, which their own name says nothing of."""

_ENVIRONMENT = frozenset({"os.environ", "environ", "os.environb"})
_READERS = frozenset(
    {"os.getenv", "os.environ.get", "os.environ.setdefault", "os.environ.pop", "decouple.config",
     "decouple.AutoConfig()", "starlette.config.Config()", "starlette.config.Config().get", "dotenv.get_key",
     "environ.Env()", "dj_database_url.config", "prefect.blocks.system.Secret.load"}
)  # fmt: skip
_ENV_OBJECTS = ("environs.Env()", "environs.env", "environ.Env()", "environ.FileAwareEnv()", "everett.ConfigManager()")
_PASS_ON = frozenset(
    {"builtins.str", "builtins.int", "str", "int", "bool", "pathlib.Path", "pathlib.PurePath", "os.path.abspath",
     "os.path.expanduser", "os.path.realpath", "os.path.normpath", "os.fspath", "typing.cast",
     "urllib.parse.quote", "urllib.parse.quote_plus", "pydantic.SecretStr", "pydantic.RedisDsn",
     "pydantic.PostgresDsn", "pydantic.AnyUrl", "sqlalchemy.engine.make_url", "sqlalchemy.make_url",
     "sqlalchemy.engine.url.make_url", "dj_database_url.parse", "starlette.datastructures.Secret",
     "starlette.datastructures.URL", "databases.DatabaseURL", "yarl.URL"}
)  # fmt: skip
_SAME = frozenset(
    {"functools.partial", "functools.lru_cache", "functools.cache", "contextlib.closing", "asyncio.run",
     "contextlib.ExitStack().enter_context", "contextlib.AsyncExitStack().enter_context",
     "contextlib.AsyncExitStack().enter_async_context"}
)  # fmt: skip
"""What gives the object it is given, as far as that object's use tells."""

BUILT_IN = frozenset({"str", "int", "bool", "dict"})
"""Names that no import gives and that pass a value on."""

_FIELDS = frozenset(
    {"dataclasses.field", "pydantic.Field", "pydantic.fields.Field", "attr.ib", "attrs.field", "attr.attrib",
     "sqlmodel.Field"}
)  # fmt: skip
_PROVIDERS = frozenset(
    {"fastapi.Depends", "fastapi.Security", "fastapi.params.Depends", "taskiq.TaskiqDepends", "fast_depends.Depends"}
)
_VALUES = "configurations.values."
"""Before the names of the values of django-configurations, which read the environment."""
_BY_ALIAS = frozenset({"DatabaseURLValue", "CacheURLValue"})
"""Those of an address that stand for a whole dictionary, of one alias."""
_SETTINGS_CLASSES = frozenset({"configurations.Configuration", "configurations.base.Configuration"})
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*$")
TEMPORARY = Symbol("<temporary>", strong=False)


def is_environment(name: str) -> bool:
    """Say whether an outside name is the mapping of environment variables."""
    return name in _ENVIRONMENT


def external_attribute(evaluator: Evaluator, base: External, name: str) -> Iterator[Abstract]:
    """Yield what `base.name` means for an outside name: Django and Flask settings are followed to the project's own."""
    dotted = f"{base.name}.{name}"
    if base.name in ("django.conf.settings", "flask.current_app.config", "dynaconf.settings"):
        yield from django_setting(evaluator, name)
    elif (
        base.name.endswith("()")
        and not base.name.startswith(_ENV_OBJECTS)
        and name.isidentifier()
        and not name.islower()
    ):
        yield Symbol(name.upper(), strong=True)
    else:
        yield External(dotted)


def django_setting(evaluator: Evaluator, name: str) -> tuple[Abstract, ...]:
    """Return the value of a project-wide setting from the project's settings modules, or its name."""
    found: list[Abstract] = []
    for number, file in enumerate(evaluator.program.files):
        if "settings" in file.path or file.path.endswith(("config.py", "conf.py")):
            for place in (Place(number, MODULE_SCOPE), *_settings_classes(evaluator, number)):
                for binding in evaluator.program.bindings(place, name):
                    found.extend(evaluator.bound(binding, number))
    return tuple(found) or (Symbol(name.upper()),)


def _settings_classes(evaluator: Evaluator, number: int) -> Iterator[Place]:
    file = evaluator.program.files[number]
    if any(item.module.partition(".")[0] == "configurations" for item in file.imports):
        places = (Place(number, scope) for scope, entry in enumerate(file.scopes) if entry.kind == "class")
        yield from (place for place in places if is_settings_class(evaluator, place))


def is_settings_class(evaluator: Evaluator, place: Place) -> bool:
    """Say whether a class holds Django's settings, as django-configurations has them."""
    for cls in evaluator.ancestry(ClassRef(place)):
        scope = evaluator.program.scope(cls.place)
        outside = (m for base in scope.bases for m in evaluator.evaluate(base, Place(cls.place.file, scope.parent)))
        if any(isinstance(m, External) and m.name in _SETTINGS_CLASSES for m in outside):
            return True
    return False


def call(evaluator: Evaluator, name: str, call: Call, place: Place) -> tuple[Abstract, ...] | None:
    """Return what a call of an outside function means, or None if it is an ordinary one."""
    if name.startswith(_VALUES):
        return _value(evaluator, name.removeprefix(_VALUES), call, place)
    if name in _READERS or (name.startswith(_ENV_OBJECTS) and name not in _ENV_OBJECTS):
        return _environment(evaluator, name, call, place)
    if name in _FIELDS:
        return _field_default(evaluator, call, place)
    if name in _PROVIDERS:
        first = call.args[0].value if call.args else None
        return _called(evaluator, first, place)
    if name.startswith("tempfile."):
        return (TEMPORARY,)
    if name == "os.path.join" or (name in ("pathlib.Path", "pathlib.PurePath") and len(call.args) > 1):
        parts: list[Abstract] = []
        for argument in call.args:
            meanings = evaluator.evaluate(argument.value, place)
            parts.extend([Known("/"), meanings[0] if len(meanings) == 1 else UNKNOWN])
        return (Template(tuple(parts[1:])),)
    if name in _PASS_ON:
        if not call.args:
            return (UNKNOWN,)
        return evaluator.evaluate(call.args[-1 if name == "typing.cast" else 0].value, place)
    if name in _SAME:
        return evaluator.evaluate(call.args[0].value, place) if call.args else (UNKNOWN,)
    if name in ("dict", "builtins.dict"):
        entries = tuple(
            Entry(Lit(argument.name), argument.value)
            for argument in call.args
            if argument.name and argument.name not in "**"
        )
        return (Display(Map(entries), place),) if entries else (UNKNOWN,)
    return None


_USUAL = {
    "dj_database_url.config": "DATABASE_URL",
    "db": "DATABASE_URL",
    "cache": "CACHE_URL",
    "dj_db_url": "DATABASE_URL",
    "dj_cache_url": "CACHE_URL",
}
"""Variables that are read where the call names none, by reader or by method of an environment object."""


def _value(evaluator: Evaluator, kind: str, call: Call, place: Place) -> tuple[Abstract, ...]:
    """Return what a value of django-configurations is: a variable it names, or the default that it is given."""
    given = {argument.name: argument.value for argument in reversed(call.args)}
    default = given.get(None, given.get("default"))
    if kind in _BY_ALIAS:
        entry = Entry(Lit("default"), default) if default is not None else None
        return (Display(Map((entry,)), place),) if entry is not None else (UNKNOWN,)
    meant = evaluator.evaluate(default, place) if default is not None else ()
    variable = given.get("environ_name")
    if not isinstance(variable, Lit) or any(isinstance(m, Display) for m in meant):
        return meant or (UNKNOWN,)
    return (Symbol(str(variable.value), real(meant)),)


def _environment(evaluator: Evaluator, reader: str, call: Call, place: Place) -> tuple[Abstract, ...]:
    name = ""
    defaults: tuple[Abstract, ...] = ()
    for number, argument in enumerate(call.args):
        if number == 0 and argument.name in (None, "key", "var", "option", "env"):
            first = evaluator.evaluate(argument.value, place)
            if len(first) == 1 and isinstance(first[0], Known) and isinstance(first[0].value, str):
                name = first[0].value
            elif len(first) == 1 and isinstance(first[0], (Template, Symbol)):
                name = readable(first[0])
        elif argument.name in ("default", "failobj") or (argument.name is None and number == 1):
            defaults = evaluator.evaluate(argument.value, place)
    name = name or _USUAL.get(reader.rpartition(".")[2] if reader.startswith(_ENV_OBJECTS) else reader, "")
    if not name:
        return (UNKNOWN,)
    return (Symbol(name, real(defaults)),)


def read_by(evaluator: Evaluator, function: Place, call: Call, place: Place) -> tuple[Abstract, ...] | None:
    """Return the setting that a helper of the project reads, or None if the function is no such helper.

    `get_env("REDIS_URL", "redis://…")`: what all its callers pass would otherwise be mixed up in its result.
    """
    if not call.args or not evaluator.reads_environment(function):
        return None
    first = evaluator.evaluate(call.args[0].value, place)
    name = first[0].value if len(first) == 1 and isinstance(first[0], Known) else None
    if not isinstance(name, str) or not _VARIABLE.match(name):
        return None
    return _environment(evaluator, "os.getenv", call, place)


def mentions_environment(value: Value) -> bool:
    """Say whether an expression speaks of the environment."""
    stack = [value]
    while stack:
        top = stack.pop()
        if isinstance(top, (Ref, Attr)):
            name = dotted(top)
            if name.endswith(("environ", "getenv")) or "environ." in name or "getenv." in name:
                return True
            if name:
                continue  # what it is an attribute of has been looked at with it
        stack.extend(children(top))
    return False


def real(defaults: tuple[Abstract, ...]) -> tuple[Abstract, ...]:
    """Return those of some defaults that say something."""
    return tuple(d for d in defaults if d != UNKNOWN and d != Known(None) and d != Known(""))


def _field_default(evaluator: Evaluator, call: Call, place: Place) -> tuple[Abstract, ...]:
    for argument in call.args:
        if argument.name in (None, "default"):
            return evaluator.evaluate(argument.value, place)
        if argument.name in ("default_factory", "factory"):
            return _called(evaluator, argument.value, place)
    return (UNKNOWN,)


def _called(evaluator: Evaluator, function: Value | None, place: Place) -> tuple[Abstract, ...]:
    """Return what calling a function value without arguments gives."""
    if function is None:
        return (UNKNOWN,)
    return evaluator.called(function, place)


def readable(meaning: Abstract) -> str:
    """Return a value as text: settings as `{NAME}`, unknown parts as `{unknown}`."""
    match meaning:
        case Known():
            return "" if meaning.value is None else str(meaning.value)
        case Symbol():
            return "{" + meaning.name + "}"
        case Template():
            return "".join(readable(part) for part in meaning.parts)
        case _:
            return "{unknown}"
