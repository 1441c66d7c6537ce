"""Which model an object of a repository class works on: by its class, its constructor, or its type arguments."""

from __future__ import annotations

from dataclasses import dataclass

from fragaudit.link.abstract import ClassRef, Instance
from fragaudit.link.evaluate import argument_of
from fragaudit.link.orm.core import Model
from fragaudit.link.orm.reader import View
from fragaudit.link.program import Place, Program, Site
from fragaudit.link.queries.tables import Tables
from fragaudit.model.facts import MODULE_SCOPE
from fragaudit.model.values import Attr, Call, Item, Ref, Seq, Value


@dataclass(frozen=True)
class Receiver:
    """An object of a project class; `site` is the call that made it, if known."""

    cls: ClassRef
    site: Site | None = None


def receiver(meaning: object) -> Receiver | None:
    """Return what a method is called on."""
    if isinstance(meaning, Instance):
        return Receiver(meaning.of, meaning.site)
    return Receiver(meaning) if isinstance(meaning, ClassRef) else None


def constructing(program: Program) -> dict[str, frozenset[Place]]:
    """Return by name the class methods that make an object of the class that they are called on: `return cls(…)`."""
    found: dict[str, set[Place]] = {}
    for site in program.sites_by_name.get("cls", ()):
        scope = program.scope(site.place)
        of_class = any(getattr(d, "name", "") == "classmethod" for d in scope.decorators)
        returned = [use.value for use in program.returns[site.place.file].get(site.place.scope, ())]
        if of_class and [p.name for p in scope.parameters][:1] == ["cls"] and returned == [site.call]:
            found.setdefault(scope.name, set()).add(site.place)
    return {name: frozenset(places) for name, places in found.items()}


def constructed(call: Call, view: View, names: dict[str, frozenset[Place]], mapping: Tables) -> Receiver | None:
    """Return the object that a call of one of the class methods `names` makes."""
    func = call.func
    places = names.get(func.name) if isinstance(func, Attr) else None
    if places is None or not isinstance(func, Attr):
        return None
    for meaning in mapping.reader.meanings(func.base, view):
        if isinstance(meaning, ClassRef) and method(Receiver(meaning), func.name, mapping) in places:
            return Receiver(meaning)
    return None


def method(found: Receiver, name: str, mapping: Tables, *, after: ClassRef | None = None) -> Place | None:
    """Return the method of a name that an object has, inherited ones included; `after`: of a class above that one."""
    order = mapping.classes.order(found.cls)
    if after is not None:
        order = order[order.index(after) + 1 :] if after in order else ()
    for cls in order:
        place = mapping.classes.functions(cls).get(name)
        if place is not None:
            return place
    return None


def model_of(found: Receiver, attribute: str, mapping: Tables) -> Model | None:
    """Return the model that an attribute of an object holds; None if that isn't known, or differs."""
    classes = mapping.classes
    order = classes.order(found.cls)
    for cls in order:
        binding = classes.members(cls).get(attribute)
        if binding is not None and binding.value is not None:
            return mapping.model(binding.value, View(cls.place)) or mapping.made(binding.value, View(cls.place))
    made = _made(order, attribute, mapping)
    if made is not None:
        return made
    for number, cls in enumerate(order):
        init = classes.functions(cls).get("__init__")
        if init is None:
            continue
        parameters = mapping.reader.program.scope(init).parameters
        own = parameters[0].name if parameters else "self"
        for binding in mapping.reader.program.bindings(init, f"{own}.{attribute}"):
            if binding.value is None:
                continue
            given = _given(found, order[:number], binding.value, init, mapping)
            if given is not None:
                return given
    if not _declares(order, attribute, mapping):
        return None
    return type_argument(order, mapping)


def _made(order: tuple[ClassRef, ...], attribute: str, mapping: Tables) -> Model | None:
    """Return the table that a method makes and keeps in an attribute; None if others put something else there."""
    for cls in order:
        assigned = mapping.reader.program.assigned(cls.place, attribute)
        values = [(a.binding.value, View(Place(a.method.file, a.inner))) for a in assigned]
        made = [mapping.made(value, view) if value is not None else None for value, view in values]
        if made:
            first = made[0]
            return first if all(m is not None and m is first for m in made) else None
    return None


def _declares(order: tuple[ClassRef, ...], attribute: str, mapping: Tables) -> bool:
    """Say whether a class has an attribute that it gets from somewhere: declared, or assigned by a method."""
    program = mapping.reader.program
    for cls in order:
        if attribute in mapping.classes.members(cls) or attribute in mapping.classes.functions(cls):
            return True
        for place in mapping.classes.functions(cls).values():
            parameters = program.scope(place).parameters
            if parameters and program.bindings(place, f"{parameters[0].name}.{attribute}"):
                return True
    return False


def _given(found: Receiver, below: tuple[ClassRef, ...], value: Value, init: Place, mapping: Tables) -> Model | None:
    """Return the model that a constructor keeps: what it names, or what it is given as a parameter."""
    program = mapping.reader.program
    names = [p.name for p in program.scope(init).parameters]
    if not isinstance(value, Ref) or value.name not in names:
        return mapping.model(value, View(init))
    position = names.index(value.name) - 1
    for cls in reversed(below):
        inner = mapping.classes.functions(cls).get("__init__")
        for site in program.sites_by_name.get("__init__", ()) if inner is not None else ():
            func = site.call.func
            base = func.base if isinstance(func, Attr) else None
            if site.place == inner and isinstance(base, Call) and base.func == Ref("super"):
                argument = argument_of(site.call.args, value.name, position)
                return mapping.model(argument, View(site.place)) if argument is not None else None
    if found.site is not None:
        argument = argument_of(found.site.call.args, value.name, position)
        return mapping.model(argument, View(found.site.place)) if argument is not None else None
    return None


def type_argument(order: tuple[ClassRef, ...], mapping: Tables) -> Model | None:
    """Return the only model among the type arguments of a class's bases: `class Users(Repository[User])`."""
    models: dict[str, Model] = {}
    for cls in order:
        scope = mapping.classes.scope(cls)
        view = View(Place(cls.place.file, max(scope.parent, MODULE_SCOPE)))
        for base in scope.bases:
            if isinstance(base, Item):
                keys = base.key.items if isinstance(base.key, Seq) else (base.key,)
                for key in keys:
                    model = mapping.model(key, view)
                    if model is not None:
                        models[model.table.name] = model
        if models:
            break
    return next(iter(models.values())) if len(models) == 1 else None


def kept_by_parameter(found: Receiver, attribute: str, mapping: Tables) -> bool:
    """Say whether a constructor keeps what it is given in an attribute, so that each object has its own."""
    program = mapping.reader.program
    for cls in mapping.classes.order(found.cls):
        init = mapping.classes.functions(cls).get("__init__")
        parameters = [p.name for p in program.scope(init).parameters] if init is not None else []
        if init is not None and parameters:
            bindings = program.bindings(init, f"{parameters[0]}.{attribute}")
            if any(isinstance(b.value, Ref) and b.value.name in parameters for b in bindings):
                return True
    return False
