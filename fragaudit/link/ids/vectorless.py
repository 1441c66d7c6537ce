"""Records that a vector library keeps without a vector: rows of texts in a table that is searched for words."""

from __future__ import annotations

import re
from collections.abc import Iterator

from fragaudit.catalogue import Operation
from fragaudit.catalogue_format import Library
from fragaudit.link.abstract import Bound
from fragaudit.link.evaluate import argument_of
from fragaudit.link.ids.callers import here_of
from fragaudit.link.ids.flow import Flow
from fragaudit.link.ids.heads import Head, Items, Made, Pairs, Several
from fragaudit.link.ids.keys import keys_of
from fragaudit.link.ids.paths import at_path, parsed, paths
from fragaudit.link.program import Program, Site
from fragaudit.model.values import Attr, Call, Lit, Ref, Value
from fragaudit.model.vectors import is_vector_name

_SHORT = re.compile(r"emb|vec|dense|sparse|feat|repr|encod|^[vx]$", re.IGNORECASE)
"""Names of columns and values that may be vectors: no row with one of them is surely without."""


def writes_rows(flow: Flow, library: Library | None, operation: Operation, site: Site) -> bool:
    """Say whether a write is surely of rows without vectors, in a library whose tables need none.

    Tables of such a library may make vectors by themselves: only where the project uses nothing that has them do it.
    """
    if library is None or not library.embeds or not operation.vector or _embeds(flow.program, library):
        return False
    beside = {parsed(path)[0] for path in paths(operation.vector)}
    if beside.isdisjoint(parsed(path)[0] for path in paths(operation.metadata)):
        # The vector is handed in beside the record.
        given = any(a.name in beside or a.name in ("*", "**") for a in site.call.args)
        placed = any(argument_of(site.call.args, name, operation.at.get(name)) is not None for name in sorted(beside))
        return not given and not placed and _makes_tables(flow, library)
    records = [
        record
        for path in paths(operation.metadata)
        for head in at_path(flow, site.call, here_of(site), operation, path) or ()
        for record in (flow.step(head, None) if isinstance(head, (Items, Several)) else (head,))
    ]
    return bool(records) and all(_plain(flow, record) for record in records)


_ACTION = frozenset({"_index", "_id", "_op_type"})
_WITHIN = ("_source", "doc", "$set")
_REQUESTS = {"InsertOne": ".document", "ReplaceOne": ".replacement", "UpdateOne": ".update"}
"""Where the record is in what bulk writes take: under a key, or an argument of a request."""
DEEPEST = 4


def records_in(flow: Flow, head: Head, deep: int = 0) -> Iterator[Head]:
    """Yield the records in what a write is given: one, a list of them, or of requests that hold one each."""
    inner: tuple[Head, ...] = ()
    if isinstance(head, (Items, Several)):
        inner = tuple(flow.step(head, None))
    elif isinstance(head, Pairs):
        named = set(keys_of(flow, head))
        within = ("$set",) if named.isdisjoint(_ACTION) else _WITHIN
        inner = next((tuple(flow.step(head, f"={key}")) for key in within if key in named), ())
    elif isinstance(head, Made) and head.cls is None:
        step = _REQUESTS.get(head.name.rpartition(".")[2])
        inner = tuple(flow.step(head, step)) if step is not None else ()
    if not inner or deep >= DEEPEST:
        yield head
    for one in inner if deep < DEEPEST else ():
        yield from records_in(flow, one, deep + 1)


def _embeds(program: Program, library: Library) -> bool:
    keywords = {name[:-1] for name in library.embeds if name.endswith("=")}
    return any(
        f"{item.module}.{item.name}.".startswith(f"{module}.")
        for file in program.files
        for item in file.imports
        for module in library.embeds
        if not item.level
    ) or any(a.name in keywords for site in (program.sites if keywords else ()) for a in site.call.args)


def _makes_tables(flow: Flow, library: Library) -> bool:
    """Say whether the project makes the library's tables itself, so that it is known what they do."""
    for container in library.container:
        name = container.name.rpartition(".")[2]
        for site in flow.program.sites_by_name.get(name, ()) if name.startswith("create") else ():
            for meaning in flow.evaluator.evaluate(site.call.func, site.place):
                if isinstance(meaning, Bound) and meaning.handle.name.partition(".")[0] in library.modules:
                    return True
    return False


def _plain(flow: Flow, record: Head) -> bool:
    """Say whether a record is a dictionary all of whose keys are known, and none of them or their values a vector."""
    if not isinstance(record, Pairs):
        return False
    written = (*((e.key, e.value) for e in record.value.entries), *((key, thunk.value) for key, thunk in record.more))
    if not written or not all(isinstance(key, Lit) for key, _ in written):
        return False
    names = (*keys_of(flow, record), *(name for _, value in written for name in _called(value)))
    return not any(is_vector_name(name) or _SHORT.search(name) for name in names)


def _called(value: Value) -> Iterator[str]:
    """Yield what the source calls a value: a name, an attribute, the function that gave it."""
    if isinstance(value, Call):
        value = value.func
    if isinstance(value, (Ref, Attr)):
        yield value.name
