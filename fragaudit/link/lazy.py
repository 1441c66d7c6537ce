"""Modules and classes that the project imports only when they are used: `LazyLoader("chromadb")`."""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

from fragaudit.link.program import Place, Program
from fragaudit.model.values import Attr, Call, Lit, Ref, dotted

_IMPORTING = frozenset({"importlib.import_module", "import_module"})


class Parameter(NamedTuple):
    """A parameter of a function, by its name and its place among the arguments of a call."""

    name: str
    position: int


class Named(NamedTuple):
    """Which parameters of a function or class name the module that it imports, and what it takes out of that."""

    module: Parameter
    inner: Parameter | None = None


class Lazy:
    """Knows the project's own functions that import what they are told to, and its classes that stand for a module."""

    def __init__(self, program: Program) -> None:
        self._program = program

    def imported(self, maker: Place, call: Call) -> tuple[str, str] | None:
        """Return the module, and the name in it, that a call of a function or class stands for; None if it does not.

        The name is empty where it is the module itself.
        """
        named = self._makers.get(maker)
        if named is None:
            return None
        module, inner = _text(call, named.module), _text(call, named.inner)
        whole = module and not module.startswith(".") and (inner or named.inner is None)
        return (module, inner) if whole else None

    @cached_property
    def _makers(self) -> dict[Place, Named]:
        found: dict[Place, Named] = {}
        for site in self._program.sites_by_name.get("import_module", ()):
            first = site.call.args[0].value if site.call.args else None
            if dotted(site.call.func) not in _IMPORTING:
                continue
            named = None
            if isinstance(first, Ref):
                named = self._of_function(site.place, first.name)
            elif isinstance(first, Attr) and first.base == Ref("self"):
                named = self._of_class(site.place, first.name)
            if named is not None:
                found.setdefault(*named)
        return found

    def _of_function(self, place: Place, name: str) -> tuple[Place, Named] | None:
        """Return the outermost function around a place, if it is given the names of a module and of what to take."""
        owner = self._program.enclosing_function(place)
        module = self._parameter(owner, name, 0) if owner is not None else None
        if owner is None or module is None:
            return None
        for site in self._program.sites_by_name.get("getattr", ()):
            taken = site.call.args[1].value if len(site.call.args) > 1 else None
            if site.place == place and isinstance(taken, Ref):
                inner = self._parameter(owner, taken.name, 0)
                if inner is not None:
                    return owner, Named(module, inner)
        return None

    def _of_class(self, place: Place, attribute: str) -> tuple[Place, Named] | None:
        """A class whose objects give the attributes of a module that they are made for."""
        cls = self._program.enclosing_class(place)
        if cls is None or not self._program.definitions(cls, "__getattr__"):
            return None
        for method, _, binding in self._program.assigned(cls, attribute):
            if self._program.scope(method).name == "__init__" and isinstance(binding.value, Ref):
                module = self._parameter(method, binding.value.name, 1)
                if module is not None:
                    return cls, Named(module)
        return None

    def _parameter(self, function: Place, name: str, before: int) -> Parameter | None:
        """Return a parameter of a function; `before`: how many come before those that a call gives."""
        names = [parameter.name for parameter in self._program.scope(function).parameters]
        return Parameter(name, names.index(name) - before) if name in names else None


def _text(call: Call, parameter: Parameter | None) -> str:
    """Return the literal text that a call gives for a parameter, or nothing."""
    plain = [a.value for a in call.args if a.name is None]
    value = next((a.value for a in call.args if parameter is not None and a.name == parameter.name), None)
    if value is None and parameter is not None and parameter.position < len(plain):
        value = plain[parameter.position]
    return value.value if isinstance(value, Lit) and isinstance(value.value, str) else ""
