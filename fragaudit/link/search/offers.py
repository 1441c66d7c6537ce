"""Which searches the code offers to other services: functions, methods, and routes of HTTP, GraphQL and gRPC."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from fragaudit.link.abstract import ClassRef, FunctionRef
from fragaudit.link.evaluate import Evaluator, argument_of
from fragaudit.link.program import Place, Site
from fragaudit.link.search.naming import STANDARD, Naming
from fragaudit.link.search.remote import Interfaces, declared_field, is_servicer, resolves
from fragaudit.link.shapes import Shape, Shapes
from fragaudit.model.facts import MODULE_SCOPE, Scope
from fragaudit.model.search import SearchOffer
from fragaudit.model.values import Attr, Call, Item, Ref, Value, dotted

_ROUTE_DECORATORS = frozenset({"get", "post", "put", "route", "api_route", "api", "query", "action", "websocket"})
_ROUTE_CALLS = frozenset(
    {"path", "re_path", "url", "Route", "APIRoute", "add_get", "add_post", "add_route", "add_api_route", "add_url_rule"}
)


@dataclass(frozen=True, slots=True)
class Offered:
    """A search that a function offers, the class it belongs to if any, and that function."""

    offer: SearchOffer
    file: int
    owner: Place | None
    function: Place | None


class Offers:
    """Finds the searches of a repository."""

    def __init__(self, evaluator: Evaluator, naming: Naming, interfaces: Interfaces) -> None:
        self._evaluator = evaluator
        self._program = evaluator.program
        self._naming = naming
        self._interfaces = interfaces
        self._shapes = Shapes(evaluator, frozenset(STANDARD))

    @cached_property
    def all(self) -> tuple[Offered, ...]:
        """Every search of the repository that others can call, in order of place."""
        found: dict[Place | Site, Offered] = {}
        for number, file in enumerate(self._program.files):
            for scope_number, scope in enumerate(file.scopes):
                if scope.kind != "function":
                    continue
                place = Place(number, scope_number)
                route = self._route(place)
                resolved = resolves(scope)
                if route is None and not self._naming.is_search(resolved or scope.name):
                    continue
                if self._promised(place) or self._forwards(place):
                    continue
                owner = self._program.enclosing_class(Place(number, scope.parent))
                if owner is None and self._program.enclosing_function(Place(number, scope.parent)) is not None:
                    continue  # a helper inside a function
                found[place] = self._offered(place, owner, route)
        for site in self._program.sites:
            if getattr(site.call.func, "name", "") in _ROUTE_CALLS and site.call.args:
                path = self._naming.text(site.call.args[0].value, site.place)
                if path is not None and self._naming.is_path(path):
                    handler = self._handler(site)
                    if handler is not None and handler not in found:
                        owner = self._program.enclosing_class(handler)
                        found[handler] = self._offered(handler, owner, site.call)
        return tuple(sorted(found.values(), key=lambda o: (o.offer.at, o.offer.name)))

    def _offered(self, function: Place, owner: Place | None, route: Call | None) -> Offered:
        scope = self._program.scope(function)
        shape = self._shape(function, owner, route)
        at = self._program.location(function.file, scope.span)
        remote = route is not None or bool(resolves(scope)) or self._is_served(scope, owner)
        how = "route" if remote else "method" if owner is not None else "function"
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
        if shape is None and owner is not None:
            name = self._program.scope(function).name
            shape = self._shapes.of_type(declared_field(self._program, owner, name), owner)
            shape = shape or self._interfaces.result(is_servicer(self._program.scope(owner)), name)
        return shape

    def _is_served(self, scope: Scope, owner: Place | None) -> bool:
        """Say whether a method answers calls of gRPC, or resolves a field of graphene's."""
        if owner is None:
            return False
        return (
            bool(is_servicer(self._program.scope(owner)))
            or declared_field(self._program, owner, scope.name) is not None
        )

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
        return any(self._naming.is_remote(site) for site in self._sites_in(function)) and self._route(function) is None

    def _route(self, function: Place) -> Call | None:
        """Return the decorator that makes a function a route of a search's name."""
        scope = self._program.scope(function)
        for decorator in scope.decorators:
            if not isinstance(decorator, Call) or not isinstance(decorator.func, Attr | Ref):
                continue
            if decorator.func.name not in _ROUTE_DECORATORS:
                continue
            first = argument_of(decorator.args, "path", 0) or argument_of(decorator.args, "url_path", None)
            path = self._naming.text(first, Place(function.file, MODULE_SCOPE)) if first is not None else None
            if path is None:
                continue
            prefix = self._prefix(decorator.func.base, function.file) if isinstance(decorator.func, Attr) else ""
            if self._naming.is_path(path) or (prefix and self._naming.is_path(f"{prefix}/{path}")):
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
                        return self._naming.text(value, place) or ""
        return ""

    def _handler(self, site: Site) -> Place | None:
        for argument in site.call.args[1:]:
            for meaning in self._evaluator.evaluate(argument.value, site.place):
                if isinstance(meaning, FunctionRef):
                    return meaning.place
        return None

    def _sites_in(self, function: Place) -> Iterator[Site]:
        for site in self._program.sites_by_file.get(function.file, ()):
            if self._program.within(site.place, function) and site.how != "header":
                yield site
