"""All files of a repository side by side: modules, scopes, names and callers, indexed for look-up."""

from __future__ import annotations

import posixpath
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import NamedTuple, TypeVar

import msgspec

from fragaudit.model.facts import MODULE_SCOPE, Binding, Branch, FileFacts, Import, Scope, Use
from fragaudit.model.locations import Location
from fragaudit.model.values import Call, Span, Value, calls

S = TypeVar("S", Binding, Use)
_MODULE = Scope("module", "", -1, (1, 1, 1, 1))


def _top_package(path: str, root: str) -> bool:
    """Say whether a path, relative to where all code of the project is, begins with a package."""
    parts = path.split("/")
    return root in (parts[0], parts[1] if len(parts) > 1 and parts[0] in ("src", "lib", "python") else "")


class Place(msgspec.Struct, frozen=True, order=True, cache_hash=True, gc=False):
    """A scope of a file: the context in which a value is read."""

    file: int
    scope: int


class Site(NamedTuple):
    """A call where it is written, and what its value becomes: `target` is the name bound to it, if it is bound whole.

    `nested` tells a call inside a larger expression from one that is the whole value.
    """

    place: Place
    call: Call
    branch: int
    target: str
    annotation: Value | None
    how: str
    nested: bool


class Assigned(NamedTuple):
    """`self.name = value` in a method, or in a function inside it, whose scope is `inner`."""

    method: Place
    inner: int
    binding: Binding


class Program:
    """The facts of many files, indexed. Files are numbered by their sorted path, so numbers don't depend on order."""

    def __init__(self, facts: Sequence[FileFacts], roots: frozenset[str] = frozenset()) -> None:
        """Index facts; `roots` are top-level import names of libraries, which project files don't shadow."""
        python = sorted((f for f in facts if f.language == "python"), key=lambda f: f.path)
        # A file that was not looked into still is a module.
        self.files = tuple(f if f.scopes else msgspec.structs.replace(f, scopes=(_MODULE,)) for f in python)
        self._library_roots = roots
        self._packages = {posixpath.dirname(f.path) for f in self.files if f.path.endswith("__init__.py")}
        self._common = self._common_prefix()
        self._own_packages = {f.rpartition("/")[2] for f in self._packages if f}
        self._suffixes: dict[str, list[int]] = defaultdict(list)
        self._found_modules: dict[tuple[str, int], int | None] = {}
        for number, file in enumerate(self.files):
            for name in self._module_names(file.path):
                self._suffixes[name].append(number)
        self._by_path = {file.path: number for number, file in enumerate(self.files)}
        # The folders on the way to files, and the files: nothing else can be the first name of a module.
        self._steps = {step for path in self._by_path for step in path.removesuffix(".py").split("/")}
        self._bindings: list[dict[tuple[int, str], list[Binding]]] = []
        self._imports: list[dict[tuple[int, str], list[Import]]] = []
        self._definitions: list[dict[tuple[int, str], list[int]]] = []
        self._children: list[dict[int, list[int]]] = []
        self.bound: list[set[tuple[int, str]]] = []
        """Per file, the (scope, name) of what is bound directly in a scope, by whatever means."""
        self._arms: dict[tuple[int, int], tuple[Branch, ...]] = {}
        self._attributes: dict[Place, dict[str, list[Assigned]]] = {}
        for file in self.files:
            self._index(file)

    def _index(self, file: FileFacts) -> None:
        bindings: dict[tuple[int, str], list[Binding]] = defaultdict(list)
        for binding in file.bindings:
            bindings[binding.scope, binding.target].append(binding)
        imports: dict[tuple[int, str], list[Import]] = defaultdict(list)
        for item in file.imports:
            imports[item.scope, item.local].append(item)
        definitions: dict[tuple[int, str], list[int]] = defaultdict(list)
        children: dict[int, list[int]] = defaultdict(list)
        for number, scope in enumerate(file.scopes):
            if scope.kind != "module":
                definitions[scope.parent, scope.name].append(number)
                children[scope.parent].append(number)
        self._bindings.append(bindings)
        self._imports.append(imports)
        self._definitions.append(definitions)
        self._children.append(children)
        parameters = ((number, p.name) for number, scope in enumerate(file.scopes) for p in scope.parameters)
        self.bound.append({*bindings, *imports, *definitions, *parameters})

    # -- modules ---------------------------------------------------------------------------------------------------

    def _module_names(self, path: str) -> Iterator[str]:
        """Yield the dotted names a file can be imported by: from each folder above it that is not a package."""
        stem = path.removesuffix(".py").removesuffix("/__init__")
        parts = [part for part in stem.split("/") if part not in ("", ".", "..")]
        for start in range(len(parts)):
            folder = "/".join(parts[:start])
            if start == 0 or not self._in_package(folder):
                yield ".".join(parts[start:])

    def _common_prefix(self) -> int:
        """Return the length of the path that leads to all files and is none of their packages.

        What is audited is the same from wherever it is audited.
        """
        common = posixpath.commonprefix([posixpath.dirname(file.path).split("/") for file in self.files])
        while common and "/".join(common) in self._packages:
            common = common[:-1]
        return len("/".join(common)) + bool(common)

    def module_names(self, file: int) -> tuple[str, ...]:
        """Return the dotted names a file can be imported by, the longest first."""
        return tuple(self._module_names(self.files[file].path))

    def _in_package(self, folder: str) -> bool:
        return folder in self._packages

    def module(self, dotted: str, asking: int) -> int | None:
        """Return the file that `import dotted` means in the asking file, or None for an outside module."""
        key = (dotted, asking)
        if key not in self._found_modules:
            self._found_modules[key] = self._module(dotted, asking)
        return self._found_modules[key]

    def _module(self, dotted: str, asking: int) -> int | None:
        found = self._suffixes.get(dotted, ())
        here = self.files[asking].path
        if not found:
            # A script finds what lies beside it, even where an `__init__.py` makes a package of the folder; a package
            # that names a module as a library does means the library.
            root = dotted.partition(".")[0]
            if root in self._library_roots or root in sys.stdlib_module_names or root not in self._steps:
                return None
            return self._beside(dotted, here)
        if dotted.partition(".")[0] in self._library_roots:
            # A project file called redis.py in some folder is not what `import redis` means, except beside it.
            # Only where the project is that library itself does the name mean the project's own package.
            root = dotted.partition(".")[0]
            own = [
                n
                for n in found
                if _top_package(self.files[n].path[self._common :], root) and root in self._own_packages
            ]
            beside = [
                n for n in found if posixpath.dirname(self.files[n].path) == posixpath.dirname(here) and n != asking
            ]
            if not own and ("." in dotted or not beside):
                return None
            found = own or beside
        if len(found) == 1:
            return found[0]
        return max(found, key=lambda n: (len(posixpath.commonpath(["/" + here, "/" + self.files[n].path])), -n))

    def _beside(self, dotted: str, here: str) -> int | None:
        """Return a module that lies in the folder of the asking file, or one of several names in a folder above it.

        Python puts the folder of the script that it runs on its path, and some projects' are packages themselves.
        """
        folder = posixpath.dirname(here)
        while True:
            path = posixpath.join(folder, dotted.replace(".", "/"))
            found = self._by_path.get(f"{path}.py", self._by_path.get(f"{path}/__init__.py"))
            above = posixpath.dirname(folder)
            # The root of absolute paths is its own parent.
            if found is not None or above == folder or "." not in dotted:
                return found
            folder = above

    @cached_property
    def _package_names(self) -> frozenset[str]:
        names: set[str] = set()
        for name in self._suffixes:
            parts = name.split(".")
            names.update(".".join(parts[:end]) for end in range(1, len(parts)))
        return frozenset(names)

    def is_package(self, dotted: str) -> bool:
        """Say whether a dotted name is a folder that holds project modules."""
        return dotted in self._package_names

    def absolute(self, item: Import, asking: int) -> str:
        """Return the absolute dotted module of an import, relative ones resolved against the asking file's path."""
        if not item.level:
            return item.module
        folder = posixpath.dirname(self.files[asking].path)
        for _ in range(item.level - 1):
            folder = posixpath.dirname(folder)
        base = ".".join(part for part in folder.split("/") if part not in ("", ".", ".."))
        return ".".join(part for part in (base, item.module) if part)

    def targets(self, item: Import, asking: int) -> set[int]:
        """Return the files that an import can take its name from: the module, and the one the name may be."""
        module = self.absolute(item, asking)
        names = [module] if item.name in (None, "*") else [module, f"{module}.{item.name}"]
        found = (self.module(name, asking) for name in names)
        return {number for number in found if number is not None}

    # -- scopes ----------------------------------------------------------------------------------------------------

    def scope(self, place: Place) -> Scope:
        """Return the scope of a place."""
        return self.files[place.file].scopes[place.scope]

    def bound_in(self, place: Place, name: str) -> int:
        """Return the innermost scope that binds a name which is read in a place, the module's if none does."""
        scope, bound, entries = place.scope, self.bound[place.file], self.files[place.file].scopes
        if scope <= MODULE_SCOPE or (scope, name) in bound:
            return scope
        while (scope := entries[scope].parent) > MODULE_SCOPE:
            if (scope, name) in bound and entries[scope].kind != "class":
                return scope
        return MODULE_SCOPE

    def bindings(self, place: Place, target: str) -> Sequence[Binding]:
        """Return the bindings of a name directly in a scope, in source order."""
        return self._bindings[place.file].get((place.scope, target), ())

    def imports(self, place: Place, local: str) -> Sequence[Import]:
        """Return the imports that bind a name directly in a scope."""
        return self._imports[place.file].get((place.scope, local), ())

    def definitions(self, place: Place, name: str) -> Sequence[int]:
        """Return the classes and functions of a name directly in a scope."""
        return self._definitions[place.file].get((place.scope, name), ())

    def children(self, place: Place) -> Sequence[int]:
        """Return the scopes directly inside a scope."""
        return self._children[place.file].get(place.scope, ())

    def assigned(self, cls: Place, name: str) -> Sequence[Assigned]:
        """Return what the methods of a class, and functions inside them, assign to an attribute of the object."""
        known = self._attributes.get(cls)
        if known is None:
            known = self._attributes[cls] = self._find_assigned(cls)
        return known.get(name, ())

    def _find_assigned(self, cls: Place) -> dict[str, list[Assigned]]:
        found: dict[str, list[Assigned]] = defaultdict(list)
        for number in self.children(cls):
            method = Place(cls.file, number)
            scope = self.scope(method)
            if scope.kind != "function" or not scope.parameters:
                continue
            start = f"{scope.parameters[0].name}."
            for inner in (number, *self.children(method)):
                for binding in self.bindings_by_scope[cls.file].get(inner, ()):
                    if binding.target.startswith(start):
                        found[binding.target[len(start) :]].append(Assigned(method, inner, binding))
        return found

    @cached_property
    def bindings_by_scope(self) -> list[dict[int, list[Binding]]]:
        """The bindings directly in each scope, per file by scope, in source order."""
        return [_by_scope(file.bindings) for file in self.files]

    @cached_property
    def uses_by_scope(self) -> list[dict[int, list[Use]]]:
        """The uses directly in each scope, per file by scope, in source order."""
        return [_by_scope(file.uses) for file in self.files]

    def enclosing_class(self, place: Place) -> Place | None:
        """Return the innermost class around a place, itself included."""
        return self._around[place.file][place.scope][0] if place.scope >= 0 else None

    def enclosing_function(self, place: Place) -> Place | None:
        """Return the outermost function around a place below its module or class, itself included."""
        return self._around[place.file][place.scope][1] if place.scope >= 0 else None

    @cached_property
    def _around(self) -> list[list[tuple[Place | None, Place | None]]]:
        """The innermost class and the outermost function around each scope, per file."""
        found = []
        for number, file in enumerate(self.files):
            around: list[tuple[Place | None, Place | None]] = [(None, None)]
            for scope, entry in enumerate(file.scopes[1:], 1):
                inside, within = around[entry.parent] if entry.parent > MODULE_SCOPE else (None, None)
                if entry.kind == "class":
                    inside = Place(number, scope)
                elif entry.kind == "function":
                    within = within or Place(number, scope)
                around.append((inside, within))
            found.append(around)
        return found

    def within(self, place: Place, outer: Place) -> bool:
        """Say whether a place lies in a scope or is it."""
        if place.file != outer.file:
            return False
        scope = place.scope
        while scope != -1:
            if scope == outer.scope:
                return True
            scope = self.files[place.file].scopes[scope].parent
        return False

    def branches(self, file: int, branch: int) -> tuple[Branch, ...]:
        """Return the arms a branch lies in, innermost first."""
        if branch < 0:
            return ()
        known = self._arms.get((file, branch))
        if known is None:
            entry = self.files[file].branches[branch]
            known = self._arms[file, branch] = (entry, *self.branches(file, entry.parent))
        return known

    def exclusive(self, file: int, one: int, other: int) -> bool:
        """Say whether two branches of a file lie in different arms of one choice."""
        if one < 0 or other < 0 or one == other:
            return False
        arms = {entry.group: entry.arm for entry in self.branches(file, one)}
        return any(arms.get(entry.group, entry.arm) != entry.arm for entry in self.branches(file, other))

    def location(self, file: int, span: Span) -> Location:
        """Return a span of a file as a location."""
        return Location(self.files[file].path, *span)

    def qualified(self, place: Place) -> str:
        """Return `path::Outer.inner` for a scope."""
        names: list[str] = []
        scope = place.scope
        while scope > MODULE_SCOPE:
            names.append(self.files[place.file].scopes[scope].name)
            scope = self.files[place.file].scopes[scope].parent
        return f"{self.files[place.file].path}::{'.'.join(reversed(names))}"

    # -- calls -----------------------------------------------------------------------------------------------------

    @cached_property
    def callable_names(self) -> frozenset[str]:
        """Names by which a class or function of the project can be called: its own, and what imports rename."""
        names = {scope.name for file in self.files for scope in file.scopes}
        renamed = {i.local for file in self.files for i in file.imports if i.name is not None and i.local != i.name}
        return frozenset(names | renamed)

    @cached_property
    def function_names(self) -> frozenset[str]:
        """Names that only functions of the project have: calling one opens nothing by itself."""
        functions = {s.name for file in self.files for s in file.scopes if s.kind == "function"}
        others = {s.name for file in self.files for s in file.scopes if s.kind == "class"}
        others |= {b.target for file in self.files for b in file.bindings}
        others |= {
            i.local for file in self.files for i in file.imports
            if i.local != i.name or (not i.level and i.module.partition(".")[0] in self._library_roots)
        }  # fmt: skip
        others |= {p.name for file in self.files for s in file.scopes for p in s.parameters}
        return frozenset(functions - others)

    @cached_property
    def subclasses(self) -> dict[str, list[Place]]:
        """Classes by the last name of each of their bases."""
        found: dict[str, list[Place]] = defaultdict(list)
        for number, file in enumerate(self.files):
            for scope_number, scope in enumerate(file.scopes):
                for base in scope.bases:
                    found[getattr(base, "name", "")].append(Place(number, scope_number))
        return found

    @cached_property
    def sites(self) -> tuple[Site, ...]:
        """Every call of the repository, in order of file and appearance."""
        found: list[Site] = []
        for number, file in enumerate(self.files):
            for binding in file.bindings:
                if binding.value is not None:
                    place = Place(number, binding.scope)
                    for call in calls(binding.value):
                        whole = call is binding.value
                        target = binding.target
                        found.append(
                            Site(place, call, binding.branch, target, binding.annotation, binding.how, not whole)
                        )
            for use in file.uses:
                for call in calls(use.value):
                    place = Place(number, use.scope)
                    found.append(Site(place, call, use.branch, "", None, use.how, call is not use.value))
            for scope_number, scope in enumerate(file.scopes):
                for value in _header_values(scope):
                    for call in calls(value):
                        place = Place(number, max(scope.parent, MODULE_SCOPE))
                        found.append(Site(place, call, scope.branch, "", None, "header", True))
                del scope_number
        return tuple(found)

    @cached_property
    def sites_by_file(self) -> dict[int, list[Site]]:
        """Calls by the file they are written in."""
        index: dict[int, list[Site]] = defaultdict(list)
        for site in self.sites:
            index[site.place.file].append(site)
        return index

    @cached_property
    def sites_by_name(self) -> dict[str, list[Site]]:
        """Calls by the last name of what is called."""
        index: dict[str, list[Site]] = defaultdict(list)
        for site in self.sites:
            index[getattr(site.call.func, "name", "")].append(site)
        return index

    @cached_property
    def returns(self) -> list[dict[int, list[Use]]]:
        """What each function returns or yields, per file by scope."""
        found: list[dict[int, list[Use]]] = []
        for file in self.files:
            here: dict[int, list[Use]] = defaultdict(list)
            for use in file.uses:
                if use.how in ("return", "yield"):
                    here[use.scope].append(use)
            found.append(here)
        return found


def _by_scope(items: Iterable[S]) -> dict[int, list[S]]:
    found: dict[int, list[S]] = defaultdict(list)
    for item in items:
        found[item.scope].append(item)
    return found


def _header_values(scope: Scope) -> Iterator[Value]:
    for parameter in scope.parameters:
        if parameter.default is not None:
            yield parameter.default
        if parameter.annotation is not None:
            yield parameter.annotation
    yield from scope.decorators
    yield from scope.bases
    for _, value in scope.keywords:
        yield value
