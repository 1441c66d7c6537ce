"""What parameters, and elements of them, are declared to be: `documents: Sequence[Document]`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fragaudit.link.abstract import Abstract, Instance
from fragaudit.link.ids.heads import Frame, From, Head, Here, Thunk
from fragaudit.link.ids.known import DEEPEST_CALLS
from fragaudit.link.program import Place
from fragaudit.model.values import Arg, Attr, Item, Seq

if TYPE_CHECKING:
    from fragaudit.link.ids.flow import Flow


def declared(flow: Flow, head: Head) -> Iterator[Abstract]:
    """Yield what a parameter, or an element of one, is declared to be: `docs: dict[str, list[Chunk]]`."""
    if not isinstance(head, From) or head.function is None or any(s not in (None, "values") for s in head.steps):
        return
    annotation = flow.program.scope(head.function).parameters[head.number].annotation
    for step in head.steps:
        annotation = annotation.key if isinstance(annotation, Item) else None
        if isinstance(annotation, Seq):
            annotation = annotation.items[-1 if step == "values" else 0] if annotation.items else None
    if annotation is not None:
        yield from flow.evaluator.typed(annotation, head.function)


def called(flow: Flow, func: Attr, args: tuple[Arg, ...], here: Here) -> Iterator[Head]:
    """Yield what a method gives of an object that is handed in and declared to be one of the project's own."""
    depth = here.frame.depth + 1 if here.frame is not None else 1
    for head in flow.force(Thunk(func.base, here)) if depth <= DEEPEST_CALLS else ():
        for meaning in declared(flow, head):
            method = _method(flow, meaning, func.name) if isinstance(meaning, Instance) else None
            if method is None:
                continue
            named = [parameter.name for parameter in flow.program.scope(method).parameters]
            plain = tuple(argument.value for argument in args if argument.name is None)
            given = [(argument.name, argument.value) for argument in args if argument.name in named]
            bound = (*zip(named[1:], plain, strict=False), *((n, v) for n, v in given if n is not None))
            frame = Frame(method, ((named[0], Thunk(func.base, here)), *((n, Thunk(v, here)) for n, v in bound)), depth)
            yield from flow.results(method, frame)


def _method(flow: Flow, meaning: Instance, name: str) -> Place | None:
    for ancestor in flow.evaluator.ancestry(meaning.of):
        for number in flow.program.definitions(ancestor.place, name):
            place = Place(ancestor.place.file, number)
            scope = flow.program.scope(place)
            return place if scope.kind == "function" and scope.parameters and flow.owner(place) is not None else None
    return None
