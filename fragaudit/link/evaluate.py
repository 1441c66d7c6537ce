"""Follows names, attributes and calls across files to what they can mean. Bounded, and nothing is executed."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

from fragaudit.catalogue import Catalogue
from fragaudit.link import settings, settings_classes
from fragaudit.link.abstract import (
    UNKNOWN,
    Abstract,
    Bound,
    ClassRef,
    Display,
    External,
    FunctionRef,
    Handle,
    Instance,
    Known,
    Package,
    Symbol,
    Template,
    Unknown,
)
from fragaudit.link.answers import Answers
from fragaudit.link.calling import Calling
from fragaudit.link.lazy import Lazy
from fragaudit.link.program import Assigned, Place, Program, Site
from fragaudit.model.facts import MODULE_SCOPE, Binding, Import, Parameter
from fragaudit.model.values import (
    Arg,
    Attr,
    Call,
    Either,
    Function,
    Item,
    Lit,
    Map,
    Operation,
    Ref,
    Seq,
    Text,
    Value,
    alternatives,
)

MOST_MEANINGS = 12
"""An expression with more possible meanings is cut off: no store has that many addresses in one service."""

DEEPEST_UNPACKING = 4

Meanings = tuple[Abstract, ...]


class Evaluator:
    """Answers what values mean. Answers are remembered; questions that depend on themselves answer nothing."""

    def __init__(self, program: Program, catalogue: Catalogue) -> None:
        self.program = program
        self.catalogue = catalogue
        self._readers: dict[Place, bool] = {}
        self.answers = Answers()
        self._known = self.answers.known
        self._calling = Calling(self)
        self._lazy = Lazy(program)
        self._sites: dict[int, Site] = {id(site.call): site for site in program.sites}

    # -- values ----------------------------------------------------------------------------------------------------

    def evaluate(self, value: Value | None, place: Place) -> Meanings:
        """Return what a value can mean in a scope: distinct, in order of discovery, empty if nothing is known."""
        if isinstance(value, Ref):
            return self.name(value.name, place)
        if isinstance(value, Attr):
            bases = self.evaluate(value.base, place)
            if len(bases) == 1:  # as nearly always: not worth to be remembered once more
                return self.attribute(bases[0], value.name)
        elif isinstance(value, Lit):
            return (Known(value.value),)
        elif value is None:
            return ()
        key = (id(value), place)
        known = self._known.get(key)
        return known if known is not None else self.answers.through(key, self._evaluate, value, place)

    def _evaluate(self, value: Value, place: Place) -> Meanings:
        return _distinct(self._meanings(value, place))

    def _meanings(self, value: Value, place: Place) -> Iterator[Abstract]:
        match value:
            case Attr():
                for base in self.evaluate(value.base, place):
                    yield from self.attribute(base, value.name)
            case Item():
                for base in self.evaluate(value.base, place):
                    yield from self._item(base, value.key, place)
            case Text():
                following = (*value.parts[1:], None)
                parts = zip(value.parts, following, strict=True)
                yield Template(tuple(self._one(part, place, after) for part, after in parts))
            case Either():
                yield from _with_fallback([m for option in value.options for m in self.evaluate(option, place)])
            case Operation() if value.op in ("|", "and"):
                for option in alternatives(value):
                    yield from self.evaluate(option, place)
                if value.op == "and":
                    yield UNKNOWN
            case Seq() | Map():
                yield Display(value, place)
            case Function():
                yield from self.evaluate(value.result, place)
            case Call():
                yield from self._call(value, place)
            case _:
                yield UNKNOWN

    def _one(self, part: Value, place: Place, following: Value | None) -> Abstract:
        """Return the single meaning of a part of a text: settings first, as they name the part best.

        Of several settings that callers pass, the one of the part's own name is the usual one. A scheme, which two
        constants often differ in (`redis`, `rediss`), tells the engine by any of them.
        """
        meanings = self.evaluate(part, place)
        named = [meaning for meaning in meanings if isinstance(meaning, Symbol)]
        if named:
            own = part.name.upper() if isinstance(part, (Ref, Attr)) else ""
            return next((setting for setting in named if setting.name.rpartition(".")[2] == own), named[0])
        constants = [meaning for meaning in meanings if isinstance(meaning, Known)]
        if constants and isinstance(following, Lit) and str(following.value).startswith("://"):
            return constants[0]
        return meanings[0] if len(meanings) == 1 else UNKNOWN

    # -- names -----------------------------------------------------------------------------------------------------

    def name(self, name: str, place: Place) -> Meanings:
        """Return what a name means in a scope, looked up outwards as Python does."""
        key = (place, name)
        known = self._known.get(key)
        if known is not None:
            return known
        scope = self.program.bound_in(place, name)
        if scope == place.scope:
            return self.answers.of(key, self._name, name, place)
        # One question for all the scopes that read a name of an outer one.
        outer = (Place(place.file, scope), name)
        found = self.name(name, outer[0])
        if outer in self._known:
            self._known[key] = found
        return found

    def _name(self, name: str, place: Place) -> Meanings:
        scope = place.scope
        entries, bound = self.program.files[place.file].scopes, self.program.bound[place.file]
        while scope >= 0:
            if (scope, name) in bound and (scope == place.scope or entries[scope].kind != "class"):
                found = list(self._local(name, place if scope == place.scope else Place(place.file, scope)))
                if found:
                    return _distinct(found)
            scope = entries[scope].parent
        stars = self.program.imports(Place(place.file, MODULE_SCOPE), "*")
        exported = _distinct(meaning for star in stars for meaning in self._exported(star, name, place.file))
        return exported or ((External(name),) if name in settings.BUILT_IN else ())

    def _exported(self, star: Import, name: str, asking: int) -> Iterator[Abstract]:
        module = self.program.absolute(star, asking)
        file = self.program.module(module, asking)
        if file is not None and file != asking:
            yield from self.name(name, Place(file, MODULE_SCOPE))

    def _local(self, name: str, here: Place) -> Iterator[Abstract]:
        program = self.program
        for number in program.definitions(here, name):
            place = Place(here.file, number)
            if program.scope(place).kind == "class":
                yield ClassRef(place)
            else:
                owner = program.enclosing_class(here)
                yield FunctionRef(place, ClassRef(owner) if owner is not None and owner == here else None)
        for item in program.imports(here, name):
            yield from self._imported(item, here.file)
        scope = program.scope(here)
        for number, parameter in enumerate(scope.parameters):
            if parameter.name == name:
                yield from self._parameter(here, number, parameter)
        for binding in program.bindings(here, name):
            yield from self.bound(binding, here.file)

    def bound(self, binding: Binding, file: int) -> Meanings:
        """Return what a binding gives its target."""
        place = Place(file, binding.scope)
        found: list[Abstract] = []
        if binding.value is not None and binding.how != "+=":
            for meaning in self.evaluate(binding.value, place):
                found.extend(self._elements(meaning) if binding.how in ("for", "in") else (meaning,))
        if binding.annotation is not None and not any(isinstance(m, (Handle, Instance, Known, Symbol)) for m in found):
            found.extend(self.typed(binding.annotation, place))
        return tuple(found) or (UNKNOWN,)

    def _elements(self, meaning: Abstract) -> Iterator[Abstract]:
        if isinstance(meaning, Display):
            values = (
                meaning.value.items if isinstance(meaning.value, Seq) else tuple(e.key for e in meaning.value.entries)
            )
            for value in values:
                yield from self.evaluate(value, meaning.place)
        else:
            yield UNKNOWN

    def _imported(self, item: Import, asking: int) -> Iterator[Abstract]:
        module = self.program.absolute(item, asking)
        if item.name is None:
            yield self._module(module, asking)
            return
        inner = self.program.module(f"{module}.{item.name}", asking)
        file = self.program.module(module, asking)
        if file is not None and file != asking:
            found = self.name(item.name, Place(file, MODULE_SCOPE))
            if found:
                yield from found
                return
        if inner is not None:
            yield Package(f"{module}.{item.name}", inner)
        elif file is not None or self.program.is_package(f"{module}.{item.name}"):
            yield Package(f"{module}.{item.name}", None) if file is None else UNKNOWN
        else:
            yield External(f"{module}.{item.name}")

    def _module(self, dotted: str, asking: int) -> Abstract:
        file = self.program.module(dotted, asking)
        if file is not None:
            return Package(dotted, file)
        root_known = dotted.partition(".")[0] in self.catalogue.roots
        return Package(dotted, None) if self.program.is_package(dotted) and not root_known else External(dotted)

    # -- parameters ------------------------------------------------------------------------------------------------

    def _parameter(self, function: Place, number: int, parameter: Parameter) -> Iterator[Abstract]:
        owner = self._method_owner(function)
        if owner is not None and number == 0 and not _is_static(self.program, function):
            yield ClassRef(owner) if _is_classmethod(self.program, function) else Instance(ClassRef(owner))
            return
        if parameter.kind in ("*", "**"):
            yield UNKNOWN
            return
        passed, omitted = self._arguments(function, number, parameter, owner)
        found = _distinct(passed)
        yield from found
        if parameter.default is not None and (omitted or not found):
            yield from self._default(parameter.default, Place(function.file, self.program.scope(function).parent))
        sure = any(isinstance(m, (Handle, Known)) or (isinstance(m, Symbol) and m.strong) for m in found)
        if parameter.annotation is not None and not sure:
            yield from self.typed(parameter.annotation, function)
        if all(m == UNKNOWN for m in found) and (parameter.default in (None, Lit(None)) or (found and not omitted)):
            yield Symbol(parameter.name.upper(), strong=False)

    def _default(self, default: Value, place: Place) -> Iterator[Abstract]:
        if default != Lit(None):
            yield from self.evaluate(default, place)

    def _arguments(
        self, function: Place, number: int, parameter: Parameter, owner: Place | None
    ) -> tuple[list[Abstract], bool]:
        """Return what callers pass for a parameter, and whether one of them leaves it out."""
        shift = 1 if owner is not None and not _is_static(self.program, function) else 0
        passed: list[Abstract] = []
        callers = self._calling.of(function, owner)
        omitted = callers.cut
        for site in callers.sites:
            argument = argument_of(site.call.args, parameter.name, number - shift)
            unpacked = [a.value for a in site.call.args if a.name == "**"] if argument is None else []
            if argument is not None:
                passed.extend(self.evaluate(argument, site.place) or (UNKNOWN,))
            elif unpacked:
                passed.extend(self._unpacked(unpacked, parameter.name, site.place))
            else:
                omitted = True
        return passed, omitted

    def _unpacked(self, dictionaries: Iterable[Value], key: str, place: Place) -> Iterator[Abstract]:
        """Yield what stands under a key in the dictionaries that a call unpacks."""
        for value in dictionaries:
            for meaning in self.evaluate(value, place):
                if isinstance(meaning, Display):
                    yield from self.lookup(meaning, key)

    def constructor_owner(self, cls: ClassRef) -> Place | None:
        """Return the class of the project whose `__init__` makes an object of a class, if there is one."""
        for ancestor in self.ancestry(cls):
            if self.program.definitions(ancestor.place, "__init__"):
                return ancestor.place
        return None

    def _method_owner(self, function: Place) -> Place | None:
        parent = Place(function.file, self.program.scope(function).parent)
        return parent if parent.scope >= 0 and self.program.scope(parent).kind == "class" else None

    # -- attributes ------------------------------------------------------------------------------------------------

    def attribute(self, base: Abstract, name: str) -> Meanings:
        """Return what `base.name` means."""
        key = (base, name)
        known = self._known.get(key)
        return known if known is not None else self.answers.of(key, self._attribute, base, name)

    def _attribute(self, base: Abstract, name: str) -> Meanings:
        return _distinct(self._attributes(base, name))

    def _attributes(self, base: Abstract, name: str) -> Iterator[Abstract]:
        match base:
            case External():
                yield from settings.external_attribute(self, base, name)
            case Package():
                yield from self._module_attribute(base, name)
            case ClassRef():
                yield from self._class_attribute(base, name)
            case Instance():
                yield from self._instance_attribute(base, name)
            case Handle():
                yield Bound(base, name)
            case Known() | Symbol() | Template() if name in settings.SAME_TEXT:
                yield base
            case Known() | Symbol() | Template() | Unknown() if name in settings.OTHER_TEXT:
                yield UNKNOWN
            case Symbol():
                yield Symbol(f"{base.name}.{name.upper()}" if base.strong else name.upper(), strong=base.strong)
            case Bound():
                yield Bound(Handle(f"{base.handle.name}.{base.method}", base.handle.site), name)
            case _ if name in settings.SAME_TEXT:
                yield UNKNOWN
            case _:
                yield Symbol(name.upper(), strong=False)

    def _module_attribute(self, base: Package, name: str) -> Iterator[Abstract]:
        if base.file is not None:
            found = self.name(name, Place(base.file, MODULE_SCOPE))
            if found:
                yield from found
                return
        asking = base.file if base.file is not None else 0
        inner = self.program.module(f"{base.name}.{name}", asking)
        if inner is not None or self.program.is_package(f"{base.name}.{name}"):
            yield Package(f"{base.name}.{name}", inner)
        else:
            yield UNKNOWN

    def _class_attribute(self, base: ClassRef, name: str) -> Iterator[Abstract]:
        for ancestor in self.ancestry(base):
            found = list(self._local(name, ancestor.place))
            if found:
                yield from found
                return
        for outside in self.outside_bases(base):
            yield from settings.external_attribute(self, outside, name)
            return

    def _instance_attribute(self, base: Instance, name: str) -> Iterator[Abstract]:
        found: list[Abstract] = []
        for ancestor in self.ancestry(base.of):
            field = settings_classes.field(self, base, ancestor, name)
            if field is not None:
                found.extend(field)
                continue
            found.extend(self._assigned(ancestor.place, name))
            for number in self.program.definitions(ancestor.place, name):
                place = Place(ancestor.place.file, number)
                if self.program.scope(place).kind == "class":
                    found.append(ClassRef(place))
                elif _is_property(self.program, place):
                    found.extend(self.result(place))
                else:
                    found.append(FunctionRef(place, ancestor))
            for binding in self.program.bindings(ancestor.place, name):
                found.extend(self.bound(binding, ancestor.place.file))
            if any(meaning != UNKNOWN for meaning in found):
                break
        known = [meaning for meaning in found if meaning != UNKNOWN and meaning != Known(None)]
        if not known and base.site is None:
            # A part of a class that is put together of several finds what the others assign.
            for whole in self._mixed(base.of):
                known.extend(m for m in self._assigned(whole.place, name) if m not in (UNKNOWN, Known(None)))
        yield from known
        if not known:
            outside = self.outside_bases(base.of)
            for external in outside:
                if self.catalogue.open(external.name) is not None:
                    yield Bound(Handle(external.name, base.site), name)
                    return
            if found or not outside:
                yield Symbol(name.upper(), strong=False)

    def _mixed(self, cls: ClassRef) -> tuple[ClassRef, ...]:
        """Return the classes that a class is mixed into, and the other parts of them."""
        return self.answers.of((cls, "<mixed>"), self._find_mixed, cls)

    def _find_mixed(self, cls: ClassRef) -> tuple[ClassRef, ...]:
        found: dict[ClassRef, None] = {}
        for whole in self.program.subclasses.get(self.program.scope(cls.place).name, ())[:MOST_MEANINGS]:
            parts = self.ancestry(ClassRef(whole))
            if cls in parts and len(self.program.scope(whole).bases) > 1:
                found.update(dict.fromkeys(part for part in parts if part != cls))
        return tuple(found)

    def _assigned(self, cls: Place, name: str) -> Iterator[Abstract]:
        """Yield what the methods of a class assign to `self.name`."""
        for assigned in self.program.assigned(cls, name):
            yield from self.bound(assigned.binding, cls.file)

    def _item(self, base: Abstract, key: Value, place: Place) -> Iterator[Abstract]:
        keys = self.evaluate(key, place)
        wanted = keys[0].value if len(keys) == 1 and isinstance(keys[0], Known) else None
        match base:
            case External() if settings.is_environment(base.name):
                if isinstance(wanted, str):
                    yield Symbol(wanted)
            case Display():
                yield from self.lookup(base, wanted)
            case Handle():
                yield Handle(f"{base.name}[]", base.site)
            case Bound():
                yield Handle(f"{base.handle.name}.{base.method}[]", base.handle.site)
            case Known() | Template():
                yield base
            case Symbol() if isinstance(wanted, str):
                yield Symbol(f"{base.name}.{wanted.upper()}" if base.strong else wanted.upper(), strong=base.strong)
            case ClassRef():
                yield base  # a generic class: Repository[User]
            case _:
                yield Symbol(wanted.upper(), strong=False) if isinstance(wanted, str) else UNKNOWN

    def lookup(self, display: Display, key: str | int | float | bool | None, deep: int = 0) -> Iterator[Abstract]:
        """Yield the meanings of an entry; of every entry when the key is not known."""
        if isinstance(display.value, Seq):
            items = display.value.items
            chosen = (items[key],) if isinstance(key, int) and -len(items) <= key < len(items) else items
            for item in chosen:
                yield from self.evaluate(item, display.place)
            return
        for entry in display.value.entries:
            if entry.key is None:
                # A dictionary that unpacks itself is legal: `config = {**config, …}`.
                for inner in self.evaluate(entry.value, display.place) if deep < DEEPEST_UNPACKING else ():
                    if isinstance(inner, Display):
                        yield from self.lookup(inner, key, deep + 1)
            elif key is None or Known(key) in self.evaluate(entry.key, display.place):
                yield from self.evaluate(entry.value, display.place)

    # -- calls -----------------------------------------------------------------------------------------------------

    def _call(self, call: Call, place: Place) -> Iterator[Abstract]:
        site = self._sites.get(id(call))
        if isinstance(call.func, Attr) and call.func.name == "get" and call.args:
            callees: list[Abstract] = []
            for base in self.evaluate(call.func.base, place):
                if isinstance(base, (Display, Symbol, Unknown)):
                    yield from self._entry(base, call, place)
                else:
                    found = self.attribute(base, "get")
                    if found == (Symbol("GET", strong=False),):  # of what nobody could follow, most likely a mapping
                        yield from self._entry(UNKNOWN, call, place)
                    else:
                        callees.extend(found)
        else:
            callees = list(self.evaluate(call.func, place))
        for callee in callees:
            match callee:
                case External():
                    yield from self._external_call(callee, call, place, site)
                case ClassRef() | FunctionRef() if (lazy := self._lazy.imported(callee.place, call)) is not None:
                    yield from self._taken_out(*lazy, place.file)
                case ClassRef():
                    yield Instance(callee, site)
                case FunctionRef():
                    setting = settings.read_by(self, callee.place, call, place)
                    yield from self.result(callee.place) if setting is None else setting
                case Bound():
                    yield from self._method_call(callee, site)
                case Known() | Symbol() | Template():
                    yield callee  # a text method that keeps the text: strip, replace, get_secret_value
                case Handle() if self.lambda_of(call.func, place) is not None:
                    yield callee
                case Instance():
                    for method in self.attribute(callee, "__call__"):
                        if isinstance(method, FunctionRef):
                            yield from self.result(method.place)
                case _:
                    yield UNKNOWN

    def lambda_of(self, func: Value, place: Place) -> Assigned | None:
        """Return where the lambda is assigned that an attribute of a method's own object is, if it is one."""
        cls = self.program.enclosing_class(place) if isinstance(func, Attr) and func.base == Ref("self") else None
        if cls is None or not isinstance(func, Attr):
            return None
        for ancestor in self.ancestry(ClassRef(cls)):
            for assigned in self.program.assigned(ancestor.place, func.name):
                if isinstance(assigned.binding.value, Function):
                    return assigned
        return None

    def _taken_out(self, module: str, name: str, asking: int) -> Meanings:
        """Return a module by its dotted name, or what it has under another name."""
        found = self._module(module, asking)
        return self.attribute(found, name) if name else (found,)

    def _entry(self, mapping: Abstract, call: Call, place: Place) -> Iterator[Abstract]:
        """Yield what `mapping.get(key, default)` can give."""
        found = tuple(self._item(mapping, call.args[0].value, place))
        default = self.evaluate(argument_of(call.args, "default", 1), place)
        options = [str(d.value) for d in default if isinstance(d, Known) and _is_option(d.value)]
        if isinstance(mapping, Unknown) and options and len(found) == 1 and isinstance(found[0], Symbol):
            # The option of a section: `config.get("database", "host")`.
            found, default = (Symbol(f"{found[0].name}.{options[0].upper()}", strong=False),), ()
        if len(found) == 1 and isinstance(found[0], Symbol) and not found[0].defaults:
            found = (Symbol(found[0].name, tuple(d for d in default if isinstance(d, Known)), found[0].strong),)
            default = ()
        yield from found
        if isinstance(mapping, Display) and found:
            return
        yield from (meaning for meaning in default if meaning not in (Known(None), Known("")))

    def _external_call(self, callee: External, call: Call, place: Place, site: Site | None) -> Iterator[Abstract]:
        special = settings.call(self, callee.name, call, place)
        if special is not None:
            yield from special
            return
        if callee.name == "importlib.import_module" and call.args and isinstance(call.args[0].value, Lit):
            named = str(call.args[0].value.value)
            yield self._module(named, place.file) if not named.startswith(".") else UNKNOWN
            return
        opened = self.catalogue.open(callee.name)
        if opened is not None:
            yield Handle(opened.returns or opened.name, site)
            return
        yield External(f"{callee.name}()")

    def _method_call(self, callee: Bound, site: Site | None) -> Iterator[Abstract]:
        opened = self.catalogue.open(f"{callee.handle.name}.{callee.method}")
        if opened is not None:
            yield Handle(opened.returns or opened.name, site)
            return
        for operation in self.catalogue.operations(callee.handle.name, callee.method):
            if operation.returns.startswith("="):
                if site is not None and operation.container is not None:
                    value = argument_of(site.call.args, operation.container.param, operation.container.at)
                    yield from self.evaluate(value, site.place)
                return
            if operation.returns:
                yield Handle(operation.returns, callee.handle.site)
                return
        yield Handle(f"{callee.handle.name}.{callee.method}()", callee.handle.site)

    def called(self, function: Value, place: Place) -> Meanings:
        """Return what calling a function value without arguments gives, as a dependency provider does."""
        found: list[Abstract] = []
        for callee in self.evaluate(function, place):
            if isinstance(callee, FunctionRef):
                found.extend(self.result(callee.place))
            elif isinstance(callee, ClassRef):
                found.append(Instance(callee))
            elif isinstance(callee, (Handle, Instance, Display)):
                found.append(callee)  # a lambda, whose value is its result already
            elif isinstance(callee, External) and self.catalogue.open(callee.name) is not None:
                found.append(Handle(callee.name))
        return tuple(found)

    def result(self, function: Place) -> Meanings:
        """Return what a function of the project can return or yield."""
        return self.answers.of((function, "<result>"), self._result, function)

    def reads_environment(self, function: Place) -> bool:
        """Say whether the body of a function, or one inside it, reads environment variables."""
        known = self._readers.get(function)
        if known is None:
            bindings, uses = self.program.bindings_by_scope[function.file], self.program.uses_by_scope[function.file]
            scopes = {function.scope, *self.program.children(function)}
            values = [b.value for scope in scopes for b in bindings.get(scope, ()) if b.value is not None]
            values += [u.value for scope in scopes for u in uses.get(scope, ())]
            known = self._readers[function] = any(map(settings.mentions_environment, values))
        return known

    def _result(self, function: Place) -> Meanings:
        return _distinct(self._results(function))

    def _results(self, function: Place) -> Iterator[Abstract]:
        found = False
        for use in self.program.returns[function.file].get(function.scope, ()):
            for meaning in self.evaluate(use.value, function):
                found = found or meaning != UNKNOWN
                yield meaning
        annotation = self.program.scope(function).returns
        if annotation is not None and not found:
            yield from self.typed(annotation, function)

    # -- classes and types -----------------------------------------------------------------------------------------

    def ancestry(self, cls: ClassRef) -> tuple[ClassRef, ...]:
        """Return a class and its ancestors inside the project, nearest first."""
        return self.answers.of((cls, "<ancestry>"), self._find_ancestry, cls) or (cls,)

    def _find_ancestry(self, cls: ClassRef) -> tuple[ClassRef, ...]:
        found, queue = [cls], [cls]
        while queue and len(found) < 40:
            current = queue.pop(0)
            scope = self.program.scope(current.place)
            for base in scope.bases:
                for meaning in self.evaluate(base, Place(current.place.file, scope.parent)):
                    if isinstance(meaning, ClassRef) and meaning not in found:
                        found.append(meaning)
                        queue.append(meaning)
        return tuple(found)

    def outside_bases(self, cls: ClassRef) -> tuple[External, ...]:
        """Return the library classes that a class and its ancestors derive from."""
        return self.answers.of((cls, "<outside>"), self._find_outside, cls)

    def _find_outside(self, cls: ClassRef) -> tuple[External, ...]:
        found: list[External] = []
        for ancestor in self.ancestry(cls):
            scope = self.program.scope(ancestor.place)
            for base in scope.bases:
                value = base.base if isinstance(base, Item) else base
                for meaning in self.evaluate(value, Place(ancestor.place.file, scope.parent)):
                    if isinstance(meaning, External) and meaning not in found:
                        found.append(meaning)
                    elif isinstance(meaning, Handle) and External(meaning.name) not in found:
                        found.append(External(meaning.name))
        return tuple(found)

    def typed(self, annotation: Value, place: Place) -> Iterator[Abstract]:
        """Yield what a value of an annotated type is: handles and instances whose making isn't known."""
        if isinstance(annotation, Item):
            keys = annotation.key.items if isinstance(annotation.key, Seq) else (annotation.key,)
            for key in keys:
                if isinstance(key, Call):
                    yield from self.evaluate(key, place)  # Annotated[X, Depends(make)]
                elif not isinstance(key, Lit):
                    yield from self.typed(key, place)
            annotation = annotation.base
        if isinstance(annotation, Either) or (isinstance(annotation, Operation) and annotation.op == "|"):
            for option in alternatives(annotation):
                yield from self.typed(option, place)
            return
        if not isinstance(annotation, (Ref, Attr)):
            return
        for meaning in self.evaluate(annotation, place):
            if isinstance(meaning, ClassRef):
                yield Instance(meaning)
            elif isinstance(meaning, External) and self.catalogue.open(meaning.name) is not None:
                opened = self.catalogue.open(meaning.name)
                assert opened is not None
                yield Handle(opened.name, None)


def argument_of(arguments: tuple[Arg, ...], name: str, position: int | None) -> Value | None:
    """Return the argument given for a parameter by keyword or position; None if it is left out or hidden in a splat."""
    plain = 0
    for argument in arguments:
        if argument.name == name:
            return argument.value
        if argument.name is None:
            if position is not None and plain == position:
                return argument.value
            plain += 1
        elif argument.name == "*":
            position = None
    return None


def _is_option(value: object) -> bool:
    return isinstance(value, str) and value.isidentifier() and value != "localhost"


def _with_fallback(meanings: list[Abstract]) -> Iterator[Abstract]:
    """Make what stands beside a setting its defaults: `os.getenv("URL") or settings.url or "redis://localhost"`."""
    settings_named = [m for m in meanings if isinstance(m, Symbol) and m.strong]
    constants = tuple(m for m in meanings if isinstance(m, Known) and m.value not in (None, ""))
    if not settings_named or len(settings_named) + len(constants) != len(meanings) or len(meanings) == 1:
        yield from meanings
        return
    setting, *others = dict.fromkeys(settings_named)
    yield Symbol(setting.name, (*setting.defaults, *others, *constants), setting.strong)


def _distinct(meanings: Iterable[Abstract]) -> Meanings:
    found: dict[Abstract, None] = {}
    for meaning in meanings:
        found[meaning] = None
        if len(found) >= MOST_MEANINGS:
            break
    if len(found) > 1:
        found.pop(UNKNOWN, None)
    return tuple(found)


def _decorated(program: Program, function: Place, *names: str) -> bool:
    for decorator in program.scope(function).decorators:
        value = decorator.func if isinstance(decorator, Call) else decorator
        if getattr(value, "name", "") in names:
            return True
    return False


def _is_property(program: Program, function: Place) -> bool:
    return _decorated(program, function, "property", "cached_property", "computed_field")


def _is_static(program: Program, function: Place) -> bool:
    return _decorated(program, function, "staticmethod")


def _is_classmethod(program: Program, function: Place) -> bool:
    return _decorated(program, function, "classmethod", "validator", "field_validator") or (
        program.scope(function).name == "__new__"
    )


sys.setrecursionlimit(max(sys.getrecursionlimit(), 5_000))
