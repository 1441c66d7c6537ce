"""Which operation of which library a call is: by what it is called on, else by what only one library is called with."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from fragaudit.catalogue import Catalogue, Operation
from fragaudit.link.abstract import Abstract, Bound, ClassRef, External, Handle, Instance, Symbol, Unknown
from fragaudit.link.evaluate import argument_of
from fragaudit.link.identity import site_key
from fragaudit.link.ids.callers import Callers
from fragaudit.link.ids.engines import INTEGER_ENGINES
from fragaudit.link.ids.flow import Flow
from fragaudit.link.ids.guessing import Guesses
from fragaudit.link.ids.holding import Holding
from fragaudit.link.ids.paths import parsed, paths
from fragaudit.link.ids.telling import ENGINE_WORDS
from fragaudit.link.ids.vectorless import writes_rows
from fragaudit.link.ids.written import Target
from fragaudit.link.needed import is_made, keeps_texts
from fragaudit.link.program import Place, Site
from fragaudit.model.values import Attr, Call, Ref, Value


class Operations:
    """Finds the operation that a call is."""

    def __init__(self, flow: Flow, catalogue: Catalogue, callers: Callers) -> None:
        self._flow = flow
        self._catalogue = catalogue
        self._guesses = Guesses(flow, catalogue)
        self.holding = Holding(flow, catalogue, callers)
        self._replacing: dict[tuple[ClassRef, str], bool] = {}
        self._kinds = {library.package: library for library in catalogue.libraries}

    def of_vectors(self, site: Site, func: Attr) -> Iterator[tuple[Target, Operation]]:
        """Yield the write of vectors that a method call is."""
        meanings = self._flow.evaluator.evaluate(func.base, site.place)
        if all(isinstance(meaning, (Symbol, Unknown)) for meaning in meanings):
            meanings = (*meanings, *self._given_back(func.base, site.place))
        if any(self._keeps_texts(meaning) for meaning in meanings):
            return
        chosen: tuple[Target, Operation] | None = None
        for name, opened in self.objects(meanings, func.name):
            written = self._catalogue.vector_operations(name, func.name, "write")
            likely = [operation for operation in written if is_made(operation, site.call)]
            if likely:
                operation = max(likely, key=lambda o: _taken(site, o))
                opens = opened is None and self._catalogue.open(f"{name}.{func.name}") is not None
                found = self.target(operation, name, site if opens else opened), operation
                if chosen is None or self._says_more(site, found, chosen):
                    chosen = found
            elif written:
                return  # what it needs to write is left out
        if chosen is not None:
            if not self._only_deletes(site, chosen[1]) and not self._writes_rows(site, chosen[1]):
                yield chosen
            return
        if _of_parent(func) or any(isinstance(m, Instance) or self._keeps_else(m) for m in meanings):
            return
        # What a call outside gave is as good as unknown, whatever was called.
        named = not any(isinstance(m, External) and "()" not in m.name for m in meanings)
        for operation in self._guesses.of(site, func, named=named):
            yield self.target(operation), operation

    def _keeps_texts(self, meaning: Abstract) -> bool:
        """Say whether an object is a store that is searched for words alone."""
        if not isinstance(meaning, Handle) or meaning.site is None:
            return False
        opened = self._catalogue.open(meaning.name)
        return opened is not None and keeps_texts(opened, meaning.site.call)

    def _given_back(self, value: Value, place: Place) -> Iterator[Abstract]:
        """Yield what a name is by the declared type of the function that gives it back."""
        function = self._flow.program.enclosing_function(place) if isinstance(value, Ref) else None
        if function is None or function != place:
            return
        annotation = self._flow.program.scope(function).returns
        uses = self._flow.program.returns[function.file].get(function.scope, ())
        if annotation is not None and any(use.how == "return" and use.value == value for use in uses):
            yield from self._flow.evaluator.typed(annotation, function)
            for meaning in self._flow.evaluator.evaluate(annotation, function):
                if isinstance(meaning, External):
                    yield meaning  # an interface of a library's, which opens nothing

    def _says_more(self, site: Site, one: tuple[Target, Operation], other: tuple[Target, Operation]) -> bool:
        """Say whether one of two operations that a call can be tells more of what it is given, or promises less.

        An index of positions needs no ids; where it is one of several that a call may reach, another may need them.
        """
        fits, fitted = self._fits(site, one[1]), self._fits(site, other[1])
        if fits != fitted:
            return fits
        return other[0].engine in INTEGER_ENGINES and one[0].engine not in INTEGER_ENGINES

    def of_parent(self, site: Site, func: Attr) -> Iterator[tuple[Target, Operation]]:
        """Yield the write that a call of a method of the library's class is, in a class of the project's own."""
        cls = self._flow.program.enclosing_class(site.place) if _of_parent(func) else None
        for base in self._flow.evaluator.outside_bases(ClassRef(cls))[:1] if cls is not None else ():
            for operation in self._catalogue.vector_operations(base.name, func.name, "write"):
                if is_made(operation, site.call):
                    yield self.target(operation, base.name), operation

    def of_making(self, site: Site, func: Value) -> Iterator[tuple[Target, Operation]]:
        """Yield the write that making an object is: an index of the nodes that it is handed."""
        for meaning in self._flow.evaluator.evaluate(func, site.place):
            opened = self._catalogue.open(meaning.name) if isinstance(meaning, External) else None
            for operation in self._catalogue.operation(opened.name) if opened is not None else ():
                if operation.verb == "write" and is_made(operation, site.call):
                    yield self.target(operation, opened=site), operation

    def objects(self, meanings: Iterable[Abstract], method: str) -> Iterator[tuple[str, Site | None]]:
        """Yield the class of a library whose method it is on each object, by its dotted name, and what opened it."""
        for meaning in meanings:
            match meaning:
                case Handle():
                    yield meaning.name, meaning.site
                case Bound():
                    yield f"{meaning.handle.name}.{meaning.method}", meaning.handle.site
                case External():
                    yield meaning.name, None
                case Instance() | ClassRef():
                    cls = meaning.of if isinstance(meaning, Instance) else meaning
                    for base in self._flow.evaluator.outside_bases(cls)[:1]:
                        if not self._replaced(cls, method):
                            yield base.name, None

    def _replaced(self, cls: ClassRef, method: str) -> bool:
        """Say whether the project's own class does by itself what a method of its library's class did."""
        known = self._replacing.get((cls, method))
        if known is None:
            known = self._replacing[cls, method] = self._replaces(cls, method)
        return known

    def _replaces(self, cls: ClassRef, method: str) -> bool:
        program = self._flow.program
        for ancestor in self._flow.evaluator.ancestry(cls):
            for number in program.definitions(ancestor.place, method):
                place = Place(ancestor.place.file, number)
                sites = program.sites_by_name.get(method, ())
                return not any(_of_parent(s.call.func) and program.within(s.place, place) for s in sites)
        return False

    def target(self, operation: Operation, name: str = "", opened: Site | None = None) -> Target:
        """Return what an operation reaches, on an object of a class that a call opened if that is known."""
        opening = site_key(opened) if opened is not None else None
        return Target(self._engine(name or operation.name, operation), operation.library, opening)

    def _fits(self, site: Site, operation: Operation) -> bool:
        """Say whether a call gives what an operation writes."""
        roots = {parsed(p)[0] for w in (operation.id, operation.vector, operation.metadata, operation.text)
                 for p in paths(w)}  # fmt: skip
        return any(argument_of(site.call.args, root, operation.at.get(root)) is not None for root in sorted(roots))

    def _only_deletes(self, site: Site, operation: Operation) -> bool:
        """Say whether a method that does several things only deletes or patches here."""
        others = any((a.name or "").startswith(("delete", "patch")) for a in site.call.args)
        return others and not self._fits(site, operation)

    def _writes_rows(self, site: Site, operation: Operation) -> bool:
        return writes_rows(self._flow, self._kinds.get(operation.library), operation, site)

    def _keeps_else(self, meaning: Abstract) -> bool:
        """Say whether something is a client of a library that keeps no vectors."""
        if not isinstance(meaning, (Handle, Bound)):
            return False
        opened = self._catalogue.open(meaning.name if isinstance(meaning, Handle) else meaning.handle.name)
        return opened is None or opened.kind != "vector"

    def of_records(self, site: Site, func: Value, among: Collection[Operation]) -> Iterator[tuple[Target, Operation]]:
        """Yield those of some writes that a call is: a method of a client, or a helper function of its library."""
        evaluator, catalogue = self._flow.evaluator, self._catalogue
        found: tuple[Operation, ...] = ()
        opened = None
        if isinstance(func, Attr):
            for meaning in evaluator.evaluate(func.base, site.place):
                if isinstance(meaning, (Handle, Bound)):
                    handle = meaning if isinstance(meaning, Handle) else meaning.handle
                    inner = handle.name if isinstance(meaning, Handle) else f"{handle.name}.{meaning.method}"
                    opened = handle.site
                    found = catalogue.operations(inner, func.name) or catalogue.operations_of_library(inner, func.name)
                elif isinstance(meaning, External):
                    found = catalogue.operation(f"{meaning.name}.{func.name}")
                if found:
                    break
        else:
            for meaning in evaluator.evaluate(func, site.place):
                if isinstance(meaning, External):
                    found = catalogue.operation(meaning.name)
        for operation in found:
            if operation in among:
                yield self.target(operation, opened=opened), operation

    def _engine(self, name: str, operation: Operation) -> str:
        """Return the engine that an operation of a class reaches, by the catalogue, else by the class's name."""
        opened = self._catalogue.open(name)
        if opened is not None and opened.engine:
            return opened.engine
        library = self._kinds.get(operation.library)
        if library is not None and library.engine:
            return library.engine
        made = next((m for part, m in ENGINE_WORDS if part in name.lower()), "")
        return made or (library.package if library is not None else "")


def _of_parent(func: Value) -> bool:
    """Say whether a method is called on `super()`: what the class itself was called with says more."""
    return isinstance(func, Attr) and isinstance(func.base, Call) and getattr(func.base.func, "name", "") == "super"


def _taken(site: Site, operation: Operation) -> int:
    """Return how many of the keywords of a call an operation knows."""
    known = {*operation.at, operation.container.param if operation.container is not None else ""}
    return sum(argument.name in known for argument in site.call.args)
