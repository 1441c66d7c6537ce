"""Wraps the id of a vector's write into the project's template, and adds what leads back to the row.

Only what stands in the call itself, or in the one assignment that its argument is bound by, is touched: an id that is
made elsewhere may be used elsewhere too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import libcst as cst
from libcst.metadata import MetadataWrapper, ParentNodeProvider, PositionProvider

from fragaudit.fix.trees import COMPREHENSIONS, argument, entry, inside, is_text, same_loop, text
from fragaudit.model.findings import Edit
from fragaudit.model.locations import Location
from fragaudit.model.running import THREADS
from fragaudit.model.vectors import Rewrite

_BESIDE = ("metadata", "payload", "properties", "meta")
"""What records call the dictionary that is stored with a vector."""


def vector_id_edits(
    path: str, text: str, writes: Sequence[tuple[Location, Rewrite]]
) -> dict[Location, tuple[Edit, ...]]:
    """Return the edits for each write of a file that can be fixed.

    Args:
        path: the file, for the places of the edits.
        text: its source.
        writes: the span of each call that writes, and how its ids are to be rewritten.
    """
    try:
        wrapper = MetadataWrapper(cst.parse_module(text))
    except (cst.ParserSyntaxError, RecursionError):
        return {}
    page = _Page(path, wrapper)
    found = {}
    for at, rewrite in writes:
        edits = page.edits(at, rewrite)
        if edits:
            found[at] = tuple(sorted(edits))
    return found


class _Page:
    """One file's tree with places and parents."""

    def __init__(self, path: str, wrapper: MetadataWrapper) -> None:
        self._path = path
        self._module = wrapper.module
        self._places: Mapping[cst.CSTNode, object] = wrapper.resolve(PositionProvider)
        self._parents: Mapping[cst.CSTNode, cst.CSTNode] = wrapper.resolve(ParentNodeProvider)

    def edits(self, at: Location, rewrite: Rewrite) -> list[Edit]:
        """Return the edits of one write, none if it isn't as simple as that."""
        call = next((n for n in self._places if isinstance(n, cst.Call) and self._at(n) == at), None)
        if call is None:
            return []
        handed = THREADS.get(getattr(getattr(call.func, "attr", call.func), "value", ""))
        value = argument(call, rewrite.parameter, rewrite.position if handed is None else None)
        if value is None:
            return []
        found = self._id(value, rewrite.steps, call)
        if found is None:
            return []
        expression, record = found
        if isinstance(expression, cst.Name) and not rewrite.bare:
            return []  # an id that is made here and used elsewhere too: it must stay the same there
        edits = [Edit(self._at(expression), self._wrapped(expression, rewrite))]
        if rewrite.uuid:
            edits.extend(self._import())
        if rewrite.bare:
            edits.extend(self._origin(call, record, expression, rewrite))
        return edits

    # -- finding -------------------------------------------------------------------------------------------------------

    def _id(
        self, value: cst.BaseExpression, steps: Sequence[str], call: cst.CSTNode, record: cst.CSTNode | None = None
    ) -> tuple[cst.BaseExpression, cst.CSTNode | None] | None:
        """Follow steps to the id's expression; with it comes the record it stands in."""
        if isinstance(value, cst.Name) and (steps or record is None):
            bound = self._bound(value.value, call)
            if bound is None:
                return (value, record) if not steps else None
            return self._id(bound, steps, call, record)
        if not steps:
            return None if isinstance(value, (cst.Dict, cst.List, cst.Tuple, *COMPREHENSIONS)) else (value, record)
        step, rest = steps[0], steps[1:]
        if step == "[]":
            if isinstance(value, COMPREHENSIONS):
                return self._id(value.elt, rest, call, record or value)
            if isinstance(value, (cst.List, cst.Tuple)) and len(value.elements) == 1:
                element = value.elements[0]
                if isinstance(element, cst.Element):
                    return self._id(element.value, rest, call, record or value)
            return None
        name = step[1:]
        if isinstance(value, cst.Call):
            inner = argument(value, name, None)
            return self._id(inner, rest, call, value) if inner is not None else None
        if isinstance(value, cst.Dict):
            inner = entry(value, name)
            return self._id(inner, rest, call, value) if inner is not None else None
        return None

    def _bound(self, name: str, call: cst.CSTNode) -> cst.BaseExpression | None:
        """Return the value of the one assignment of a name in the function, used in this call alone."""
        function: cst.CSTNode | None = call
        while function is not None and not isinstance(function, cst.FunctionDef):
            function = self._parents.get(function)
        if function is None:
            return None
        values = [
            a.value
            for a in inside(function)
            if isinstance(a, cst.Assign)
            and any(isinstance(t.target, cst.Name) and t.target.value == name for t in a.targets)
        ]
        uses = sum(isinstance(n, cst.Name) and n.value == name and self._reads(n) for n in inside(function))
        return values[0] if len(values) == 1 and uses == 2 else None

    def _reads(self, name: cst.Name) -> bool:
        """Say whether a name is one of a variable, not of a keyword or an attribute."""
        parent = self._parents.get(name)
        if isinstance(parent, cst.Arg):
            return parent.keyword is not name
        return not (isinstance(parent, cst.Attribute) and parent.attr is name)

    # -- writing -------------------------------------------------------------------------------------------------------

    def _wrapped(self, expression: cst.BaseExpression, rewrite: Rewrite) -> str:
        code = self._module.code_for_node(expression)
        text = code if is_text(expression) else f"str({code})"
        whole = f'"{rewrite.prefix}" + {text}'
        if not rewrite.uuid:
            return whole
        uuid5, url = self._uuid_names()
        return f"str({uuid5}({url}, {whole}))"

    def _uuid_names(self) -> tuple[str, str]:
        names = {n for _, n in self._from_uuid()}
        if {"uuid5", "NAMESPACE_URL"} <= names:
            return "uuid5", "NAMESPACE_URL"
        return "uuid.uuid5", "uuid.NAMESPACE_URL"

    def _from_uuid(self) -> Iterator[tuple[cst.CSTNode, str]]:
        for node in inside(self._module):
            if isinstance(node, cst.ImportFrom) and isinstance(node.module, cst.Name) and node.module.value == "uuid":
                for alias in () if isinstance(node.names, cst.ImportStar) else node.names:
                    if isinstance(alias.name, cst.Name) and alias.asname is None:
                        yield node, alias.name.value

    def _import(self) -> Iterator[Edit]:
        """Import `uuid` before the first import that isn't from `__future__`, where it isn't known."""
        if self._uuid_names()[0] == "uuid5":
            return
        first: cst.CSTNode | None = None
        for statement in self._module.body:
            if isinstance(statement, cst.SimpleStatementLine):
                for small in statement.body:
                    if isinstance(small, cst.Import) and any(
                        isinstance(a.name, cst.Name) and a.name.value == "uuid" and a.asname is None
                        for a in small.names
                    ):
                        return
                    future = isinstance(small, cst.ImportFrom) and getattr(small.module, "value", "") == "__future__"
                    if first is None and isinstance(small, (cst.Import, cst.ImportFrom)) and not future:
                        first = statement
        if first is not None:
            at = self._at(first)
            yield Edit(Location(self._path, at.line, 1, at.line, 1), "import uuid\n")

    def _origin(
        self, call: cst.Call, record: cst.CSTNode | None, expression: cst.BaseExpression, rewrite: Rewrite
    ) -> Iterator[Edit]:
        """Add the row's id and the namespace to the dictionary beside the id, if it is written out."""
        code = self._module.code_for_node(expression)
        target: cst.BaseExpression | None = None
        if isinstance(record, cst.Call):
            target = next((v for key in _BESIDE if (v := argument(record, key, None)) is not None), None)
        elif isinstance(record, cst.Dict):
            target = next((v for key in _BESIDE if (v := entry(record, key)) is not None), None)
        elif rewrite.metadata:
            target = argument(call, rewrite.metadata.partition("[")[0], None)
            if isinstance(target, cst.List) and isinstance(record, cst.List) and len(target.elements) == 1:
                target = target.elements[0].value
            elif same_loop(target, record):
                target = target.elt if isinstance(target, COMPREHENSIONS) else None
            else:
                target = None
        if not isinstance(target, cst.Dict):
            return
        keys = {text(e.key) for e in target.elements if isinstance(e, cst.DictElement)}
        space = rewrite.prefix[:-1]
        added = []
        if "original_id" not in keys and "originalId" not in keys:
            added.append(f'"original_id": {code}')
        if "rag_namespace" not in keys and "ragNamespace" not in keys:
            added.append(f'"rag_namespace": "{space}"')
        if added:
            at = self._at(target)
            comma = ", " if target.elements else ""
            place = Location(self._path, at.line, at.column + 1, at.line, at.column + 1)
            yield Edit(place, ", ".join(added) + comma)

    def _at(self, node: cst.CSTNode) -> Location:
        span = self._places[node]
        start, end = span.start, span.end  # type: ignore[attr-defined]
        return Location(self._path, start.line, start.column + 1, end.line, end.column + 1)
