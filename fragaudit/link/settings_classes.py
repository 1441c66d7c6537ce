"""Classes that hold settings: which field is which variable, and what it is by default."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fragaudit.link.abstract import UNKNOWN, Abstract, ClassRef, Instance, Known, Symbol, Template
from fragaudit.link.program import Place
from fragaudit.link.settings import real
from fragaudit.model.facts import Binding
from fragaudit.model.values import Call, Lit

if TYPE_CHECKING:
    from fragaudit.link.evaluate import Evaluator

_SETTINGS_BASES = ("BaseSettings", "BaseConfig", "Settings")
_SETTINGS_NAMES = ("Settings", "Config", "Configuration", "Options")


def field(evaluator: Evaluator, instance: Instance, cls: ClassRef, name: str) -> tuple[Abstract, ...] | None:
    """Return the value of an annotated field of a settings class or dataclass, or None if the class has no such field.

    What the constructor call passes wins. A settings class names an environment variable by its prefix and the
    field; the field's default is the variable's.
    """
    bindings = [b for b in evaluator.program.bindings(cls.place, name) if b.annotation is not None]
    if not bindings:
        return None
    if instance.site is not None:
        for argument in instance.site.call.args:
            if argument.name == name:
                return evaluator.evaluate(argument.value, instance.site.place)
    if name.startswith("_") or not _is_configuration(evaluator, cls):
        return None  # a private attribute is what the class's own methods make it
    binding = bindings[-1]
    place = cls.place
    defaults = evaluator.evaluate(binding.value, place) if binding.value is not None else ()
    if any(not isinstance(d, (Known, Symbol, Template)) and d != UNKNOWN for d in defaults):
        return defaults
    if not _is_text_like(binding):
        typed = tuple(evaluator.typed(binding.annotation, place)) if binding.annotation is not None else ()
        if typed:
            return typed
    symbols = [d for d in defaults if isinstance(d, Symbol)]
    if symbols:
        return tuple(symbols)
    return (Symbol(_variable(evaluator, cls, binding), real(defaults), strong=_holds_settings(evaluator, cls)),)


def _is_text_like(binding: Binding) -> bool:
    return getattr(binding.annotation, "name", "") in ("str", "int", "bool", "float", "SecretStr")


def _is_configuration(evaluator: Evaluator, cls: ClassRef) -> bool:
    """Say whether annotated fields of a class are settings: pydantic, dataclass, attrs, or named so."""
    scope = evaluator.program.scope(cls.place)
    for decorator in scope.decorators:
        value = decorator.func if isinstance(decorator, Call) else decorator
        if getattr(value, "name", "") in ("dataclass", "define", "frozen", "attrs", "s", "mutable"):
            return True
    if scope.name.endswith(_SETTINGS_NAMES):
        return True
    return any(
        base.name.rpartition(".")[2].endswith(
            (*_SETTINGS_BASES, "BaseModel", "SQLModel", "NamedTuple", "TypedDict", "Struct")
        )
        for base in evaluator.outside_bases(cls)
    )


def _holds_settings(evaluator: Evaluator, cls: ClassRef) -> bool:
    """Say whether a class is there to hold settings, so that its fields name them; data classes only pass values on."""
    name = evaluator.program.scope(cls.place).name
    return name.endswith(_SETTINGS_NAMES) or any(
        base.name.rpartition(".")[2].endswith(_SETTINGS_BASES) for base in evaluator.outside_bases(cls)
    )


def _variable(evaluator: Evaluator, cls: ClassRef, binding: Binding) -> str:
    value = binding.value
    if isinstance(value, Call):
        for argument in value.args:
            if argument.name in ("env", "validation_alias", "alias"):
                for meaning in evaluator.evaluate(argument.value, cls.place):
                    if isinstance(meaning, Known) and isinstance(meaning.value, str):
                        return meaning.value.upper()
    return (_prefix(evaluator, cls) + binding.target).upper()


def _prefix(evaluator: Evaluator, cls: ClassRef) -> str:
    for ancestor in evaluator.ancestry(cls):
        for binding in evaluator.program.bindings(ancestor.place, "model_config"):
            if isinstance(binding.value, Call):
                for argument in binding.value.args:
                    if argument.name == "env_prefix" and isinstance(argument.value, Lit):
                        return str(argument.value.value)
        for number in evaluator.program.definitions(ancestor.place, "Config"):
            for binding in evaluator.program.bindings(Place(ancestor.place.file, number), "env_prefix"):
                if isinstance(binding.value, Lit):
                    return str(binding.value.value)
    return ""
