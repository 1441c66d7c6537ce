"""Which write of vectors a call is whose object could not be followed: by what only one library is called with."""

from __future__ import annotations

from collections.abc import Iterator

from fragaudit.catalogue import Catalogue, Operation
from fragaudit.link.ids.callers import here_of
from fragaudit.link.ids.flow import Flow
from fragaudit.link.ids.heads import Here, Items, Made, Pairs, Several, Thunk
from fragaudit.link.ids.keys import keys_of
from fragaudit.link.ids.paths import given, parsed, paths
from fragaudit.link.ids.reaching import reaching
from fragaudit.link.ids.telling import ARRAY, FORM, STORE_NAME, TELLING
from fragaudit.link.program import Site
from fragaudit.model.values import Attr, Call, Ref, Value, dotted
from fragaudit.model.vectors import is_vector_name


class Guesses:
    """Tells libraries by how they are called."""

    def __init__(self, flow: Flow, catalogue: Catalogue) -> None:
        self._flow = flow
        self._catalogue = catalogue

    def of(self, site: Site, func: Attr, *, named: bool) -> Iterator[Operation]:
        """An object that could not be followed: what it is called with can still tell the library.

        `named`: nothing is known of it, so that its name may tell too.
        """
        keywords = self._keywords(site)
        for operation in self._catalogue.vector_writes_named(func.name):
            if operation.item and self._holds(site, operation):
                yield operation
                return
        for library, keyword in (*TELLING.get(func.name, ()), *self._by_form(site, func)):
            for operation in self._catalogue.vector_writes_named(func.name) if named or keyword else ():
                if operation.name.startswith(library) and self._tells(keyword, keywords, func):
                    yield operation
                    return
        for operation in self._catalogue.vector_writes_named(func.name):
            taken = (operation.id, operation.vector, operation.metadata, operation.text)
            parameters = {parsed(p)[0] for w in taken for p in paths(w)}
            if operation.container is not None:
                parameters.add(operation.container.param)
            if len(parameters & keywords) >= 2 and keywords & {p.partition("[")[0] for p in paths(operation.id)}:
                yield operation
                return

    def _keywords(self, site: Site) -> set[str]:
        """Return the keywords of a call, those in a dictionary that is splatted into it included."""
        found = {a.name for a in site.call.args if a.name not in (None, "*", "**")}
        for argument in site.call.args:
            for head in self._flow.force(Thunk(argument.value, here_of(site))) if argument.name == "**" else ():
                found.update(keys_of(self._flow, head))
        return {name for name in found if name is not None}

    def _by_form(self, site: Site, func: Attr) -> Iterator[tuple[str, str]]:
        """Yield what the one argument of `add` tells: sets hold neither arrays nor lists of dictionaries."""
        args = site.call.args
        if func.name != "add" or len(args) != 1 or args[0].name is not None:
            return
        if self._is_array(args[0].value, here_of(site)):
            yield "faiss.Index.add", FORM
        for head in self._flow.force(Thunk(args[0].value, here_of(site))):
            elements = self._flow.step(head, None) if isinstance(head, (Items, Several)) else ()
            if any(is_vector_name(key) for e in elements if isinstance(e, Pairs) for key in keys_of(self._flow, e)):
                yield "lancedb.table.Table.add", FORM

    def _is_array(self, value: Value, here: Here) -> bool:
        """Say whether a value is an array of numpy, made in the call or bound right before it."""
        if isinstance(value, Ref):
            chosen, _ = reaching(
                self._flow.program, here.place.file, self._flow.program.bindings(here.place, value.name), here
            )
            value = next((b.value for b in chosen if isinstance(b.value, Call)), value)
        if not isinstance(value, Call):
            return False
        return ARRAY.fullmatch(dotted(value.func)) is not None or getattr(value.func, "name", "") == "astype"

    def _tells(self, keyword: str, keywords: set[str], func: Attr) -> bool:
        """Say whether a call has the keyword that makes sure of its library; for none, what its object is called."""
        return (
            keyword == FORM or keyword in keywords
            if keyword
            else STORE_NAME.search(getattr(func.base, "name", "")) is not None
        )

    def _holds(self, site: Site, operation: Operation) -> bool:
        root_name, wanted = _item(operation)
        root = next((p.partition("[")[0].partition(".")[0] for p in paths(operation.id)), "")
        for head in given(self._flow, site.call, here_of(site), root, operation.at.get(root, 0)):
            for element in self._flow.step(head, None) if isinstance(head, (Items, Several)) else (head,):
                if isinstance(element, Made) and element.cls is None:
                    last = element.name.rpartition(".")[2]
                    if last == wanted and element.name.partition(".")[0] == root_name:
                        return True
        return False


def _item(operation: Operation) -> tuple[str, str]:
    """Return the package and the name of the record class that an operation takes."""
    item = operation.item if isinstance(operation.item, str) else ""
    return item.partition(".")[0], item.rpartition(".")[2]
