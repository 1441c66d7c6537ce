"""Stores that settings open: Django's and Flask's dictionaries and keys, with no constructor anywhere in the code."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from fragaudit.catalogue import Catalogue, Setting
from fragaudit.link.abstract import Abstract, ClassRef, Display, External, Handle, Known, Package, Symbol
from fragaudit.link.evaluate import Evaluator, argument_of
from fragaudit.link.identity import NOWHERE, addresses, site_key
from fragaudit.link.openings import NO_STORE, UNDECIDED, Opened
from fragaudit.link.program import Place, Site
from fragaudit.link.settings import is_settings_class
from fragaudit.model.facts import MODULE_SCOPE, Binding
from fragaudit.model.stores import Kind, Role
from fragaudit.model.values import UNKNOWN, Attr, Call, Entry, Lit, Map, Ref, Value


class Configured:
    """Reads the settings that the catalogue names."""

    def __init__(self, evaluator: Evaluator, catalogue: Catalogue) -> None:
        self._evaluator = evaluator
        self._program = evaluator.program
        self._catalogue = catalogue
        imported = {item.module for file in self._program.files for item in file.imports if not item.level}
        roots = {".".join(module.split(".")[:end]) for module in imported for end in range(1, module.count(".") + 2)}
        self._configuring = frozenset(self._configurations())
        self._used = {library.package for library in catalogue.libraries if not roots.isdisjoint(library.modules)}

    def all(self) -> tuple[Opened, ...]:
        """Return what settings open, in order of file and appearance."""
        found: list[Opened] = []
        for number, file in enumerate(self._program.files):
            for binding in file.bindings:
                configuring = Place(number, binding.scope) in self._configuring
                for name, value in _settings(binding, file.path, configuring):
                    found.extend(self._read(name, value, number, binding))
                    for dotted in self._dotted(binding, number):
                        found.extend(self._read(dotted, value, number, binding))
        for site in self._program.sites:
            func = site.call.func
            if not isinstance(func, Attr) or func.name not in _FILLING:
                continue
            if isinstance(func.base, Ref) and func.base.name.isupper():
                # More aliases: `CACHES.update({"redis": {…}})`, `DATABASES.setdefault("replica", {…})`.
                entries = tuple(Entry(Lit(alias), value) for alias, value in _passed(site.call))
                target = f"{func.base.name}[]"
                at = Binding(site.place.scope, target, Map(entries), None, site.call.at, "=", None, site.branch)
                found.extend(self._read(func.base.name, Map(entries), site.place.file, at))
            if not _is_configuration(func.base):
                continue
            for name, value in _passed(site.call):
                at = Binding(site.place.scope, "config[]", value, None, site.call.at, "=", Lit(name), site.branch)
                found.extend(self._read(name, value, site.place.file, at))
        return tuple(dict.fromkeys(found))

    def _configurations(self) -> Iterator[Place]:
        """Yield the modules and classes that settings are taken from: `app.config_from_object("app.conf")`."""
        for site in self._program.sites_by_name.get("config_from_object", ()):
            asking = site.place.file
            for meaning in self._evaluator.evaluate(argument_of(site.call.args, "obj", 0), site.place):
                if isinstance(meaning, ClassRef):
                    yield meaning.place
                elif isinstance(meaning, Package) and meaning.file is not None:
                    yield Place(meaning.file, MODULE_SCOPE)
                elif isinstance(meaning, Known) and isinstance(meaning.value, str):
                    dotted, _, name = meaning.value.replace(":", ".").rpartition(".")
                    whole, outer = (
                        self._program.module(f"{dotted}.{name}".lstrip("."), asking),
                        self._program.module(dotted, asking),
                    )
                    if whole is not None:
                        yield Place(whole, MODULE_SCOPE)
                    elif outer is not None:
                        for inner in self._evaluator.name(name, Place(outer, MODULE_SCOPE)):
                            if isinstance(inner, ClassRef):
                                yield inner.place

    def _read(self, name: str, value: Value, file: int, binding: Binding) -> Iterator[Opened]:
        for setting in self._catalogue.setting(name):
            if self._applies(setting, file, binding):
                yield from self._opened(setting, value, file, binding)

    def _dotted(self, binding: Binding, file: int) -> Iterator[str]:
        """Yield the full names of a setting that is an attribute of a library's own object: `neomodel.config.X`."""
        base, _, name = binding.target.rpartition(".")
        if base and "." not in base:
            for meaning in self._evaluator.name(base, Place(file, binding.scope)):
                if isinstance(meaning, External):
                    yield f"{meaning.name}.{name}"

    def _applies(self, setting: Setting, file: int, binding: Binding) -> bool:
        """Keep settings to where they mean something: module level or a configuration class, of what is used at all."""
        if setting.where == "flask" and setting.library not in self._used:
            return False
        scope = self._program.scope(Place(file, binding.scope))
        if binding.target.endswith("config[]") or "." in binding.target:
            return setting.where != "django"
        if scope.kind == "class":
            return setting.where != "django" or is_settings_class(self._evaluator, Place(file, binding.scope))
        return binding.scope == MODULE_SCOPE

    def _opened(self, setting: Setting, value: Value, file: int, binding: Binding) -> Iterator[Opened]:
        place = Place(file, binding.scope)
        for meaning in self._evaluator.evaluate(value, place):
            if setting.shape == "aliases" and isinstance(meaning, Display) and isinstance(meaning.value, Map):
                for entry in meaning.value.entries:
                    alias = str(entry.key.value) if isinstance(entry.key, Lit) else "default"
                    inner = self._evaluator.evaluate(entry.value, meaning.place)
                    yield from _chosen([o for m in inner for o in self._one(setting, m, file, binding, alias)])
            elif setting.shape != "aliases":
                yield from self._one(setting, meaning, file, binding, "")
            if setting.shape == "value":
                return

    def _one(self, setting: Setting, meaning: Abstract, file: int, binding: Binding, alias: str) -> Iterator[Opened]:
        engine, parts = setting.engine or "", dict[str, tuple[Abstract, ...]]()
        client = site_key(meaning.site) if isinstance(meaning, Handle) and meaning.site is not None else None
        if client is not None:
            pass  # a client object, whose address is its own
        elif isinstance(meaning, Display):
            chosen = tuple(self._evaluator.lookup(meaning, setting.engine_key)) if setting.engine_key else ()
            # What a variable of the environment chooses is its default, where it has one.
            chosen = (*chosen, *(d for m in chosen if isinstance(m, Symbol) for d in m.defaults))
            text = next((str(m.value) for m in chosen if isinstance(m, Known)), "")
            if setting.engines and text:
                engine = setting.engines.get(text, "") or self._derived(setting, text, file)
                if not engine:
                    return
            for identity in setting.identity:
                values = tuple(m for m in self._evaluator.lookup(meaning, identity.param) if m != Known(""))
                if values and identity.means not in parts:
                    parts[identity.means] = values
        else:
            text = str(meaning.value) if isinstance(meaning, Known) else ""
            if setting.engines and setting.shape != "aliases":
                engine = setting.engines.get(text, "")
                if not engine:
                    return
            else:
                parts["url"] = (meaning,)
        call = Call(Ref(alias or "setting"), (), binding.at)
        site = Site(Place(file, binding.scope), call, binding.branch, binding.target, None, "setting", False)
        for address in addresses(parts, self._catalogue, engine):
            by_url = self._catalogue.engine_of_url(address.scheme + "://") if address.scheme else None
            name = engine or (by_url.name if by_url is not None else "")
            name, _, rest = name.partition("/")
            kind, _, role = rest.partition("/")
            if not name:
                if setting.kind != "relational":
                    continue
                name = UNDECIDED
            known = self._catalogue.engine(name)
            if name in NO_STORE:
                continue
            kind = kind or (setting.kind if setting.role == "broker" else "") or (known.kind if known else setting.kind)
            # Whichever file or branch gives a setting its value, an application has one value of it at a time.
            choice = f"{setting.name}[{alias}]" if alias else setting.name
            role = role or ("scratch" if address.private else setting.role) or "data"
            yield Opened(site, setting.library, name, Kind(kind), Role(role), address, client, choice=choice)

    def _derived(self, setting: Setting, dotted: str, file: int) -> str:
        """Return the engine of a back end of the project's own that builds on a known one; empty if it builds on none.

        Django finds it in the module `base` of the package that a setting names.
        """
        module = self._program.module(f"{dotted}.base", file)
        imports = self._program.files[module].imports if module is not None else ()
        built_on = (
            engine for item in imports for name, engine in sorted(setting.engines.items())
            if f"{item.module}.{item.name}.".startswith(f"{name}.")
        )  # fmt: skip
        return next(built_on, "")


def _chosen(alternatives: list[Opened]) -> Iterator[Opened]:
    """Yield what an alias stands for: one database, whichever of several dictionaries is chosen at run time.

    Beside an address that is known only then, what a dictionary says counts.
    """
    alternatives = [o for o in alternatives if o.engine != UNDECIDED] or alternatives
    if len({o.engine for o in alternatives}) > 1 and all(o.kind == Kind.RELATIONAL for o in alternatives):
        yield replace(alternatives[0], engine=UNDECIDED, address=NOWHERE)
    else:
        yield from alternatives[:1]


_FILLING = frozenset({"update", "from_mapping", "setdefault"})
"""Methods that put several settings into a configuration at once."""


def _is_configuration(value: Value) -> bool:
    return getattr(value, "name", "") in ("config", "conf")


def _passed(call: Call) -> Iterator[tuple[str, Value]]:
    """Yield the (name, value) of settings given as keywords, in a dictionary, or as a name with a value."""
    if getattr(call.func, "name", "") == "setdefault":
        name, *values = [*(a.value for a in call.args if a.name is None), UNKNOWN]
        if isinstance(name, Lit) and isinstance(name.value, str) and values:
            yield name.value, values[0]
        return
    for argument in call.args:
        if argument.name is None and isinstance(argument.value, Map):
            for entry in argument.value.entries:
                if isinstance(entry.key, Lit) and isinstance(entry.key.value, str):
                    yield entry.key.value, entry.value
        elif argument.name is not None and not argument.name.startswith("*"):
            yield argument.name, argument.value


def _settings(binding: Binding, path: str, configuring: bool) -> Iterator[tuple[str, Value]]:
    """Yield the (name, value) of settings that a binding makes: a name, a configuration key, a class attribute.

    Lower-case names are settings in a module or class that an application is configured from (`configuring`), and in a
    module that is named after the library that reads it: `celeryconfig.py`.
    """
    value = binding.value if binding.value is not None else UNKNOWN
    if binding.target.endswith("config[]") and isinstance(binding.key, Lit) and isinstance(binding.key.value, str):
        yield binding.key.value, value
    elif binding.target.endswith("[]") and binding.target[:-2].isupper() and isinstance(binding.key, Lit):
        yield binding.target[:-2], Map((Entry(binding.key, value),))  # one more alias: `CACHES["redis"] = {…}`
    elif (
        binding.target.rpartition(".")[2].isupper()
        or configuring
        or "conf." in binding.target
        or "celery" in path.rpartition("/")[2].lower()
    ):
        yield binding.target.rpartition(".")[2], value
