"""Which searches the code offers to other services, and which functions ask several services."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from fragaudit.link.abstract import Abstract, ClassRef, Display, External, FunctionRef, Instance, Known, Symbol
from fragaudit.link.evaluate import Evaluator, argument_of
from fragaudit.link.program import Place, Site
from fragaudit.link.settings import readable
from fragaudit.link.shapes import Shape, Shapes
from fragaudit.model.facts import MODULE_SCOPE
from fragaudit.model.search import Coordinator, SearchOffer
from fragaudit.model.values import Attr, Call, Item, Lit, Ref, Seq, Text, Value, children, dotted

STANDARD = ("id", "type", "content", "confidence", "source", "metadata")
"""The fields of the guide's unified search result."""

_ROUTE_DECORATORS = frozenset({"get", "post", "put", "route", "api_route", "api", "query", "action", "websocket"})
_ROUTE_CALLS = frozenset(
    {"path", "re_path", "url", "Route", "APIRoute", "add_get", "add_post", "add_route", "add_api_route", "add_url_rule"}
)
_REQUESTS = frozenset({"get", "post", "put", "request", "send", "fetch", "stream", "urlopen", "call", "invoke"})
_WORDS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z0-9]+|[A-Z]+")
_GENERIC = frozenset(
    {"service", "svc", "api", "app", "server", "backend", "worker", "the", "url", "uri", "base", "host", "client",
     "http", "https", "self", "search", "unified", "endpoint", "stub", "grpc", "internal", "local", "addr", "port"}
)  # fmt: skip

Services: TypeAlias = Mapping[str, tuple[frozenset[int], frozenset[str]]]
"""By name, the numbers of each service's own files, and every name it may be called by."""


@dataclass(frozen=True, slots=True)
class Offered:
    """A search that a function offers, the class it belongs to if any, and that function."""

    offer: SearchOffer
    file: int
    owner: Place | None
    function: Place | None


@dataclass(frozen=True, slots=True)
class _Target:
    """What one search call asks: a class or file of the project, or words that may name a service."""

    file: int | None
    words: frozenset[str]


def snake(name: str) -> str:
    """Return a name in lower case with underscores, however it is written: `searchUnified`, `search-unified`."""
    return "_".join(word.lower() for word in _WORDS.findall(name))


class Searches:
    """Finds searches of the configured names; `coordinators` are the names of functions and classes that ask them."""

    def __init__(self, evaluator: Evaluator, names: Sequence[str], coordinators: Sequence[str]) -> None:
        self._evaluator = evaluator
        self._program = evaluator.program
        self._names = frozenset(snake(name.rpartition(".")[2]) for name in names) - {""}
        self._coordinators = frozenset(coordinators)
        self._shapes = Shapes(evaluator, frozenset(STANDARD))

    def _is_search(self, name: str) -> bool:
        return snake(name).removeprefix("resolve_") in self._names

    def _is_path(self, path: str) -> bool:
        """Say whether a URL path ends in a search's name, its words divided in any way: `/search/unified`."""
        plain = re.sub(r"\{[^}]*\}|<[^>]*>|\?.*$", "", path).rstrip("/$")
        words = snake(plain.rpartition("://")[2] or plain)
        return any(words == name or words.endswith("_" + name) for name in self._names)

    # -- offers ----------------------------------------------------------------------------------------------------

    @cached_property
    def offers(self) -> tuple[Offered, ...]:
        """Every search of the repository that others can call, in order of place."""
        found: dict[Place | Site, Offered] = {}
        for number, file in enumerate(self._program.files):
            for scope_number, scope in enumerate(file.scopes):
                if scope.kind != "function":
                    continue
                place = Place(number, scope_number)
                route = self._route(place)
                if route is None and not self._is_search(scope.name):
                    continue
                if self._promised(place) or self._forwards(place):
                    continue
                owner = self._program.enclosing_class(Place(number, scope.parent))
                if owner is None and self._program.enclosing_function(Place(number, scope.parent)) is not None:
                    continue  # a helper inside a function
                found[place] = self._offered(place, owner, route)
        for site in self._program.sites:
            if getattr(site.call.func, "name", "") in _ROUTE_CALLS and site.call.args:
                path = self._text(site.call.args[0].value, site.place)
                if path is not None and self._is_path(path):
                    handler = self._handler(site)
                    if handler is not None and handler not in found:
                        owner = self._program.enclosing_class(handler)
                        found[handler] = self._offered(handler, owner, site.call)
        return tuple(sorted(found.values(), key=lambda o: (o.offer.at, o.offer.name)))

    def _offered(self, function: Place, owner: Place | None, route: Call | None) -> Offered:
        scope = self._program.scope(function)
        shape = self._shape(function, owner, route)
        at = self._program.location(function.file, scope.span)
        how = "route" if route is not None else "method" if owner is not None else "function"
        offer = SearchOffer(at, scope.name, how)  # type: ignore[arg-type]
        if shape is not None:
            offer = SearchOffer(at, scope.name, how, shape.name, shape.at, shape.fields)  # type: ignore[arg-type]
        return Offered(offer, function.file, owner, function)

    def _shape(self, function: Place, owner: Place | None, route: Call | None) -> Shape | None:
        """Return the shape of a result: by the route's model, the function, or the protocol that it implements."""
        if route is not None:
            model = next((a.value for a in route.args if a.name == "response_model"), None)
            shape = self._shapes.of_type(model, Place(function.file, MODULE_SCOPE))
            if shape is not None:
                return shape
        shape = self._shapes.of_function(function)
        if shape is None and owner is not None and self._program.scope(function).returns is None:
            for ancestor in self._evaluator.ancestry(ClassRef(owner))[1:]:
                for number in self._program.definitions(ancestor.place, self._program.scope(function).name):
                    place = Place(ancestor.place.file, number)
                    shape = shape or self._shapes.of_type(self._program.scope(place).returns, place)
        return shape

    def _promised(self, function: Place) -> bool:
        """Say whether a method is only declared: abstract, or of a protocol."""
        scope = self._program.scope(function)
        if any(dotted(d).rpartition(".")[2] == "abstractmethod" for d in scope.decorators):
            return True
        if self._program.files[function.file].scopes[scope.parent].kind != "class":
            return False
        parent = self._program.files[function.file].scopes[scope.parent]
        bases = [b.base if isinstance(b, Item) else b for b in parent.bases]
        return any(dotted(b).rpartition(".")[2] == "Protocol" for b in bases)

    def _forwards(self, function: Place) -> bool:
        """Say whether a function is a client: it asks the search of one other service and offers nothing itself."""
        return any(self._is_remote(site) for site in self._sites_in(function)) and self._route(function) is None

    def _route(self, function: Place) -> Call | None:
        """Return the decorator that makes a function a route of a search's name."""
        scope = self._program.scope(function)
        for decorator in scope.decorators:
            if not isinstance(decorator, Call) or not isinstance(decorator.func, Attr | Ref):
                continue
            if decorator.func.name not in _ROUTE_DECORATORS:
                continue
            first = argument_of(decorator.args, "path", 0) or argument_of(decorator.args, "url_path", None)
            path = self._text(first, Place(function.file, MODULE_SCOPE)) if first is not None else None
            if path is None:
                continue
            prefix = self._prefix(decorator.func.base, function.file) if isinstance(decorator.func, Attr) else ""
            if self._is_path(path) or (prefix and self._is_path(f"{prefix}/{path}")):
                return decorator
        return None

    def _prefix(self, router: Value, file: int) -> str:
        """Return the prefix that a router was made with."""
        place = Place(file, MODULE_SCOPE)
        for binding in self._program.bindings(place, dotted(router)):
            if isinstance(binding.value, Call):
                for name in ("prefix", "url_prefix"):
                    value = argument_of(binding.value.args, name, None)
                    if value is not None:
                        return self._text(value, place) or ""
        return ""

    def _handler(self, site: Site) -> Place | None:
        for argument in site.call.args[1:]:
            for meaning in self._evaluator.evaluate(argument.value, site.place):
                if isinstance(meaning, FunctionRef):
                    return meaning.place
        return None

    def _text(self, value: Value, place: Place) -> str | None:
        if isinstance(value, Lit):
            return value.value if isinstance(value.value, str) else None
        for meaning in self._evaluator.evaluate(value, place):
            if isinstance(meaning, Known) and isinstance(meaning.value, str):
                return meaning.value
        return "".join(p.value if isinstance(p, Lit) and isinstance(p.value, str) else "{}" for p in value.parts) if (
            isinstance(value, Text)
        ) else None  # fmt: skip

    # -- coordinators ----------------------------------------------------------------------------------------------

    def coordinators(self, services: Services) -> dict[str, list[Coordinator]]:
        """Return the coordinators by the service they stand in."""
        found: dict[str, list[Coordinator]] = {}
        asking: dict[Place, list[Site]] = {}
        for site in self._program.sites:
            if self._asks(site):
                function = self._program.enclosing_function(site.place)
                if function is not None:
                    asking.setdefault(function, []).append(site)
        for function, sites in asking.items():
            home = next((name for name, (files, _) in services.items() if function.file in files), None)
            if home is None:
                continue
            coordinator = self._coordinator(function, sites, services)
            if coordinator is not None:
                found.setdefault(home, []).append(coordinator)
        return {name: sorted(entries, key=lambda c: c.at) for name, entries in found.items()}

    def _coordinator(self, function: Place, sites: Sequence[Site], services: Services) -> Coordinator | None:
        targets: set[_Target] = set()
        looped = unresolved = False
        for site in sites:
            some, loop, complete = self._targets(site)
            targets |= some
            looped = looped or loop
            unresolved = unresolved or not complete
        named = self._is_named(function)
        if len(targets) < 2 and not (looped and unresolved) and not named:
            return None
        reached: set[str] = set()
        strangers = 0
        for target in targets:
            name = self._service_of(target, services)
            if name is None:
                strangers += 1
            else:
                reached.add(name)
        scope = self._program.scope(function)
        owner = self._program.enclosing_class(function)
        name = f"{self._program.scope(owner).name}.{scope.name}" if owner is not None else scope.name
        at = self._program.location(function.file, scope.span)
        return Coordinator(at, name, tuple(sorted(reached)), strangers, unresolved)

    def _is_named(self, function: Place) -> bool:
        owner = self._program.enclosing_class(function)
        names = {self._program.scope(function).name} | (
            {self._program.scope(owner).name} if owner is not None else set()
        )
        return any(name.rpartition(".")[2] in names for name in self._coordinators)

    def _sites_in(self, function: Place) -> Iterator[Site]:
        for site in self._by_file.get(function.file, ()):
            if self._program.within(site.place, function) and site.how != "header":
                yield site

    @cached_property
    def _by_file(self) -> dict[int, list[Site]]:
        found: dict[int, list[Site]] = {}
        for site in self._program.sites:
            found.setdefault(site.place.file, []).append(site)
        return found

    def _asks(self, site: Site) -> bool:
        """Say whether a call asks a search of another object, or another service by URL."""
        func = site.call.func
        if site.how == "header":
            return False
        if isinstance(func, Attr) and self._is_search(func.name):
            return not self._is_self(func.base, site)
        return self._is_remote(site)

    def _is_self(self, base: Value, site: Site) -> bool:
        return isinstance(base, Ref) and base.name in ("self", "cls", "super")

    def _is_remote(self, site: Site) -> bool:
        """Say whether a call goes to another service's search: a request to its path, or a stub's method."""
        func = site.call.func
        name = getattr(func, "name", "")
        if isinstance(func, Attr) and self._is_search(name) and "stub" in dotted(func.base).lower():
            return True
        return name in _REQUESTS and self._url(site) is not None

    def _url(self, site: Site) -> Value | None:
        for argument in site.call.args[:3]:
            value = argument.value
            text = _flat(value)
            if text is None:
                text = self._text(value, site.place)
            if text is not None and ("/" in text or text.startswith("{}")) and self._is_path(text):
                return value
        return None

    def _targets(self, site: Site) -> tuple[set[_Target], bool, bool]:
        """Return what a call asks, whether that changes in a loop, and whether all of it is known."""
        func = site.call.func
        asked: Value = func.base if isinstance(func, Attr) and self._is_search(func.name) else (
            self._url(site) or func
        )  # fmt: skip
        loops = [name for name in _names(asked) if self._looped(name, site.place) is not None]
        if not loops:
            return {self._target(asked, site.place)}, False, True
        iterable, place = self._looped(loops[0], site.place) or (asked, site.place)
        elements = self._elements(iterable, place)
        if not elements:
            return set(), True, False
        return {self._target(value, where) for value, where in elements}, True, True

    def _looped(self, name: str, place: Place) -> tuple[Value, Place] | None:
        scope = place.scope
        while scope > MODULE_SCOPE:
            here = Place(place.file, scope)
            for binding in self._program.bindings(here, name):
                if binding.how in ("for", "in") and binding.value is not None:
                    return binding.value, here
            scope = self._program.scope(here).parent
        return None

    def _elements(self, iterable: Value, place: Place) -> list[tuple[Value, Place]]:
        """Return what a loop goes over: the elements of a display, a mapping's values with their keys."""
        if isinstance(iterable, Call):
            last = getattr(iterable.func, "name", "")
            if last in ("values", "items", "keys", "copy") and isinstance(iterable.func, Attr):
                iterable = iterable.func.base
            elif last in ("list", "tuple", "sorted", "enumerate", "zip", "set") and iterable.args:
                iterable = iterable.args[0].value
        found: list[tuple[Value, Place]] = []
        for meaning in self._evaluator.evaluate(iterable, place):
            if not isinstance(meaning, Display):
                return []
            if isinstance(meaning.value, Seq):
                if not meaning.value.items:
                    return []  # filled elsewhere
                found += [(item, meaning.place) for item in meaning.value.items]
            else:
                if not meaning.value.entries or any(e.key is None for e in meaning.value.entries):
                    return []
                found += [(Seq((e.key or e.value, e.value)), meaning.place) for e in meaning.value.entries]
        return found

    def _target(self, asked: Value, place: Place) -> _Target:
        words: set[str] = set()
        file = None
        stack = [asked]
        while stack:
            value = stack.pop()
            if isinstance(value, Lit) and isinstance(value.value, str):
                words |= _words(value.value)
            elif isinstance(value, (Ref, Attr)):
                words |= _words(dotted(value))
            meanings = self._evaluator.evaluate(value, place) if not isinstance(value, Lit) else ()
            for meaning in meanings:
                file = file if file is not None else self._file_of(meaning)
                words |= self._spoken(meaning)
            if not isinstance(value, (Ref, Attr)):
                stack.extend(children(value))
        return _Target(file, frozenset(words))

    def _file_of(self, meaning: Abstract) -> int | None:
        cls = meaning.of if isinstance(meaning, Instance) else meaning if isinstance(meaning, ClassRef) else None
        if cls is None:
            return None
        for ancestor in self._evaluator.ancestry(cls):
            for offered in self.offers:
                if offered.owner == ancestor.place:
                    return cls.place.file
        return None

    def _spoken(self, meaning: Abstract) -> set[str]:
        match meaning:
            case Known() | Symbol():
                return _words(readable(meaning)) | (_words(meaning.name) if isinstance(meaning, Symbol) else set())
            case External():
                return _words(meaning.name)
            case Instance():
                return _words(self._program.scope(meaning.of.place).name)
            case ClassRef():
                return _words(self._program.scope(meaning.place).name)
            case _:
                return set()

    def _service_of(self, target: _Target, services: Mapping[str, tuple[frozenset[int], frozenset[str]]]) -> str | None:
        if target.file is not None:
            for name, (files, _) in services.items():
                if target.file in files:
                    return name
        best: tuple[int, str] | None = None
        for name, (_, others) in services.items():
            for called in (name, *others):
                words = _words(called)
                if words and words <= target.words and (best is None or len(words) > best[0]):
                    best = (len(words), name)
        return best[1] if best is not None else None


def names_of(name: str, root: str, compose: Sequence[tuple[str, str | None]], aliases: Sequence[str]) -> frozenset[str]:
    """Return what a service may be called in a URL, a setting or a variable.

    Args:
        name: its own name.
        root: its folder.
        compose: compose services with the folder each is built from.
        aliases: further names from the configuration.
    """
    built = {service for service, context in compose if context is not None and context == root}
    return frozenset({name, posixpath.basename(root), *built, *aliases} - {"", "."})


def _words(text: str) -> set[str]:
    """Return the words of a name that can tell one service from another, in the singular."""
    found = {word.lower() for word in _WORDS.findall(text)}
    return {word.removesuffix("s") if len(word) > 3 else word for word in found if len(word) > 1} - _GENERIC


def _names(value: Value) -> Iterator[str]:
    stack = [value]
    while stack:
        top = stack.pop()
        if isinstance(top, Ref):
            yield top.name
        stack.extend(children(top))


def _flat(value: Value) -> str | None:
    """Return a text with its holes left out, or None if it is no text."""
    if isinstance(value, Lit):
        return value.value if isinstance(value.value, str) else None
    if isinstance(value, Text):
        return "".join(p.value if isinstance(p, Lit) and isinstance(p.value, str) else "{}" for p in value.parts)
    return None
