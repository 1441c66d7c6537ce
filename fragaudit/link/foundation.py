"""The project's own way to a store: which openings go past it, and which of its results are used unchecked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import msgspec

from fragaudit.link.abstract import External, FunctionRef
from fragaudit.link.boundaries import ServiceRoot
from fragaudit.link.evaluate import Evaluator
from fragaudit.link.openings import Opened
from fragaudit.link.program import Place, Site
from fragaudit.model.foundation import Past, Unchecked
from fragaudit.model.stores import Kind, Role, Service
from fragaudit.model.values import Attr, Either, Item, Lit, Operation, Ref, Value, alternatives, children, dotted
from fragaudit.wording import words_in

_SPEAKS = {
    Kind.RELATIONAL: ("database", "db", "sql", "session", "engine", "connection"),
    Kind.DOCUMENT: ("document", "mongo", "database"),
    Kind.KV: ("kv", "key", "cache", "redis"),
    Kind.VECTOR: ("vector", "embedding", "rag"),
    Kind.GRAPH: ("graph",),
    Kind.SEARCH: ("search",),
    Kind.QUEUE: ("queue", "broker", "event"),
    Kind.OBJECT: ("object", "bucket", "blob", "file"),
    Kind.FILE: ("file", "disk"),
}
"""Words in the name of a function that opens a store of a kind."""

_TAKES = frozenset({"value", "ok_value", "_value"})
_CHECKS = frozenset(
    {"is_ok", "is_err", "is_error", "is_success", "is_failure", "ok", "err", "error", "success", "failed"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Named:
    """A name of the foundation: where it stands in the project, if it does."""

    name: str
    files: frozenset[int]
    functions: tuple[str, ...]


class Foundation:
    """The access layer that the configuration names; modules, classes and functions, of the project or a library."""

    def __init__(self, evaluator: Evaluator, names: Sequence[str]) -> None:
        self._evaluator = evaluator
        self._program = evaluator.program
        self._named = tuple(self._resolved(name) for name in names)

    def _resolved(self, name: str) -> _Named:
        """Find a name: a module with what it holds, or something in one; what is in no file here is a library's."""
        program = self._program
        module = name.rpartition(".")[0]
        files = [n for n in range(len(program.files)) if program.module(name, n) == n or self._below(name, n)]
        if files:
            functions = [
                f"{name}.{scope.name}"
                for number in files
                for scope in program.files[number].scopes
                if scope.kind == "function" and scope.parent == 0 and not scope.name.startswith("_")
            ]
            return _Named(name, frozenset(files), tuple(sorted(functions)))
        holding = [n for n in range(len(program.files)) if module and program.module(module, n) == n]
        inside = [n for n in range(len(program.files)) if module and self._below(module, n)]
        return _Named(name, frozenset(holding + inside if holding else ()), (name,))

    def _below(self, module: str, number: int) -> bool:
        """Say whether a file is of a package: `acme.foundation` holds `src/acme/foundation/redis.py`."""
        folder = "/" + module.replace(".", "/") + "/"
        return folder in "/" + self._program.files[number].path

    @cached_property
    def files(self) -> frozenset[int]:
        """The files that are the foundation itself: what is opened there is opened by it."""
        return frozenset(n for named in self._named for n in named.files)

    def call_for(self, kind: Kind) -> str:
        """Return what should be called to open a store of a kind, as a person would write it."""
        functions = [f for named in self._named for f in named.functions]
        fitting = [f for f in functions if set(_SPEAKS[kind]) & _words(f.rpartition(".")[2])]
        chosen = fitting or [named.name for named in self._named]
        return " or ".join(f"{name}()" if name in functions else name for name in chosen[:3])

    # -- results ---------------------------------------------------------------------------------------------------

    def unchecked(self) -> Iterator[tuple[int, Unchecked]]:
        """Yield the places, with their files, where a result of the foundation is used without a look at it."""
        for site in self._program.sites:
            function = self._called(site)
            if function is None or site.place.file in self.files:
                continue
            at = self._program.location(site.place.file, site.call.at)
            name = dotted(site.call.func) or getattr(site.call.func, "name", "")
            optional = isinstance(function, FunctionRef) and self._optional(function.place)
            if site.nested or not site.target:
                how = self._taken_at_once(site, optional)
            else:
                how = self._misused(site, optional)
            if how:
                yield site.place.file, Unchecked(at, name, how)

    def _called(self, site: Site) -> External | FunctionRef | None:
        for callee in self._evaluator.evaluate(site.call.func, site.place):
            if isinstance(callee, External):
                name = callee.name.replace("()", "")
                if any(name == n.name or name.startswith(n.name + ".") for n in self._named):
                    return callee
            elif isinstance(callee, FunctionRef) and callee.place.file in self.files:
                return callee
        return None

    def _optional(self, function: Place) -> bool:
        returns = self._program.scope(function).returns
        if returns is not None and Lit(None) in alternatives(returns):
            return True
        return isinstance(returns, Item) and dotted(returns.base).rpartition(".")[2] == "Optional"

    def _taken_at_once(self, site: Site, optional: bool) -> Literal["value", "optional"] | None:
        """Return what is taken of a result that is not even given a name: `create_vector_store().value`."""
        for value in self._values(site.place):
            for part in _parts(value):
                if isinstance(part, Attr) and part.base is site.call and (optional or part.name in _TAKES):
                    return None if self._attempted(site) and not optional else "optional" if optional else "value"
        return None

    def _misused(self, site: Site, optional: bool) -> Literal["value", "optional"] | None:
        """Return what is taken of a result that nothing looks at first: its value, or anything if it may be None."""
        read = False
        for value in self._values(site.place):
            for part in _certain_parts(value):
                if not isinstance(part, Attr) or not _is(part.base, site.target):
                    continue
                if part.name in _CHECKS:
                    return None
                read = read or part.name in _TAKES or optional
        if not read or self._tested(site) or (self._attempted(site) and not optional):
            return None
        return "optional" if optional else "value"

    def _attempted(self, site: Site) -> bool:
        """Say whether a `try` stands around a call: taking the value of what is none may raise, and be caught there."""
        return any(arm.kind == "try" for arm in self._program.branches(site.place.file, site.branch))

    def _tested(self, site: Site) -> bool:
        """Say whether a result is tested where it is made: `if result`, `match result`, `assert result`, `:=`."""
        file = self._program.files[site.place.file]
        if any(b.how == "walrus" and b.target == site.target and b.scope == site.place.scope for b in file.bindings):
            return True  # a name is given inside an expression to be asked there
        tests = [v for b in file.branches if b.scope == site.place.scope for v in (b.subject, b.label) if v is not None]
        tests += [use.value for use in file.uses if use.how == "test" and use.scope == site.place.scope]
        return any(_is(part, site.target) for value in tests for part in _parts(value))

    def _values(self, place: Place) -> Iterator[Value]:
        file = self._program.files[place.file]
        for binding in file.bindings:
            if binding.scope == place.scope and binding.value is not None:
                yield binding.value
        for use in file.uses:
            if use.scope == place.scope:
                yield use.value


def with_foundation(
    services: Sequence[Service], roots: Sequence[ServiceRoot], evaluator: Evaluator, opened: Sequence[Opened],
    names: Sequence[str],
) -> tuple[Service, ...]:  # fmt: skip
    """Return the services with what each opens past the foundation, and uses of it unchecked.

    Args:
        services: the services.
        roots: their boundaries, in the same order.
        evaluator: what the code means.
        opened: what calls open; what settings open goes past nothing.
        names: the names of the foundation; without any, nothing goes past it.
    """
    if not names:
        return tuple(services)
    foundation = Foundation(evaluator, names)
    program = evaluator.program
    keys = {o.key for o in opened if o.site.place.file in foundation.files}
    bypassing = {
        program.location(o.site.place.file, o.site.call.at)
        for o in opened
        if o.site.place.file not in foundation.files and o.alias not in keys
    }
    unchecked = list(foundation.unchecked())
    found = []
    for service, root in zip(services, roots, strict=True):
        past = tuple(
            Past(store.id, opening.at, foundation.call_for(store.kind))
            for store in service.stores
            if store.role != Role.SCRATCH and not store.of_project
            for opening in store.openings
            if opening.at in bypassing and not opening.of_project
        )
        used = tuple(sorted(u for file, u in unchecked if program.files[file].path in root.files))
        found.append(msgspec.structs.replace(service, past=past, unchecked=used))
    return tuple(found)


def _is(value: Value, target: str) -> bool:
    return isinstance(value, (Ref, Attr)) and dotted(value) == target


def _certain_parts(value: Value) -> Iterator[Value]:
    """Yield the parts of a value that are what it comes to in any case: not `a` of `a or b`, nor of `a if c else b`."""
    stack = [value]
    while stack:
        top = stack.pop()
        if isinstance(top, Either) or (isinstance(top, Operation) and top.op == "and"):
            continue
        yield top
        stack.extend(children(top))


def _parts(value: Value) -> Iterator[Value]:
    stack = [value]
    while stack:
        top = stack.pop()
        yield top
        stack.extend(children(top))


def _words(name: str) -> set[str]:
    return {word.lower() for word in words_in(name)}
