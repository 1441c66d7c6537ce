"""What a write or search is confined to by the engine itself: a namespace, tenant, partition, or its collection."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from fragaudit.catalogue import Catalogue, Operation
from fragaudit.link.ids.callers import argument, here_of, lifted
from fragaudit.link.ids.flow import Flow
from fragaudit.link.ids.heads import UNKNOWN, Atom, From, Head, Here, Made, Thunk
from fragaudit.link.ids.paths import first_known, parsed, paths
from fragaudit.link.ids.shapes import Part, Shape, shapes
from fragaudit.link.program import Place, Site
from fragaudit.model.values import Attr, Call, Lit

_CONTAINERS = ("collection_name", "index_name", "table_name", "collection", "class_name", "node_label", "dataset_path")
_NAMESPACES = (
    "namespace",
    "tenant",
    "tenant_id",
    "partition",
    "partition_name",
    "partition_names",
    "key_prefix",
    "group_id",
    "id_prefix",
    "workspace",
)
_CONTAINER_PATHS = frozenset(
    {
        "class_name",
        "collection",
        "collection_name",
        "index",
        "indexName",
        "TableName",
        "Bucket",
        "QueueUrl",
        "actions",
        "database",
    }
)
"""Parameters that the catalogue gives as namespaces and that name a container."""
_DEFAULTS = frozenset(
    {"", "default", "__default__", "_default", "default_tenant", "default_database", "public", "langchain"}
)
_KEYS = re.compile(r"^(?:rag_?|service_?|doc_?|data_?)?(?:namespace|tenant|service|svc|group|org|organi[sz]ation|"
                   r"workspace|project|user|account|customer|team|app|kb|knowledge_base|dataset|owner|bot|agent|space|site)"
                   r"(?:_?(?:id|name|key))?$", re.IGNORECASE)  # fmt: skip
_TECHNICAL = re.compile(r"dim|size|model|version|env|suffix|prefix|metric|type", re.IGNORECASE)
"""Parameters that tell set-ups apart, not tenants."""
_FIXED = ("setting", "class name", "number", "external")
MOST_NESTED = 4


@dataclass(frozen=True, slots=True)
class Scope:
    """What is known about where a write goes: names of its container, and native namespaces with the words for them.

    `lost`: the object that it is made on could not be followed to where it is made.
    """

    containers: tuple[Head, ...] = ()
    namespaces: tuple[tuple[str, tuple[Head, ...]], ...] = ()
    lost: bool = False

    def lifted(self, flow: Flow, function: Place, site: Site) -> Scope:
        """Return the scope as it is at a call of a function on whose parameters it depends."""
        containers = lifted(flow, self.containers, function, site) if self.containers else ()
        return Scope(containers, tuple((n, lifted(flow, h, function, site)) for n, h in self.namespaces), self.lost)

    def by_default(self, flow: Flow) -> Scope:
        """Return the scope with parameters that nobody gives as their defaults are."""
        return replace(self, containers=tuple(d for h in self.containers for d in _by_default(flow, h)))

    def joined(self, other: Scope) -> Scope:
        """Return what either of two scopes says."""
        known = self.containers if any(h != UNKNOWN for h in self.containers) else other.containers
        spaces = self.namespaces or other.namespaces
        return replace(self, containers=known, namespaces=spaces, lost=(self.lost or other.lost) and not known)


def _by_default(flow: Flow, head: Head) -> tuple[Head, ...]:
    if not isinstance(head, From) or head.function is None or head.steps:
        return (head,)
    scope = flow.program.scope(head.function)
    default = scope.parameters[head.number].default if head.number < len(scope.parameters) else None
    if default is None or default == Lit(None):
        return (head,)
    return flow.force(Thunk(default, Here(Place(head.function.file, max(scope.parent, 0)), 0, 0, -1)))


def scope_of(flow: Flow, catalogue: Catalogue, site: Site, operation: Operation | None) -> Scope:
    """Return what a call's own arguments and the object it is made on say about its scope."""
    call, here = site.call, here_of(site)
    containers: list[Head] = []
    namespaces: list[tuple[str, tuple[Head, ...]]] = []
    if operation is not None:
        own = operation.container
        if own is not None:
            value = flow_given(flow, call, site, own.param, own.at)
            containers.extend(value)
        for word, written in (
            ("namespace", operation.namespace),
            ("tenant", operation.tenant),
            ("partition", operation.partition),
        ):
            for path in paths(written):
                if own is not None and path == own.param:
                    continue
                heads = first_known(flow, call, here, operation, path)
                if heads is not None and parsed(path)[0] in _CONTAINER_PATHS:
                    containers.extend(heads)
                elif heads is not None:
                    namespaces.append((word, heads))
    else:
        for name in _CONTAINERS:
            containers.extend(flow_given(flow, call, site, name, None))
    lost = False
    if isinstance(call.func, Attr):
        on = call.func.base
        bases = flow.force(Thunk(on, here))
        while isinstance(on, Attr) and not any(isinstance(base, Made) for base in bases):
            on = on.base  # `collection.data.insert`: the collection says where
            bases = flow.force(Thunk(on, here))
        lost = operation is not None and not any(isinstance(base, Made) for base in bases)
        for found in bases:
            _of_object(flow, catalogue, found, containers, namespaces, 0)
    return Scope(tuple(dict.fromkeys(containers)), tuple(namespaces), lost)


def handed_scope(flow: Flow, function: Place, site: Site) -> Scope:
    """Return what a call of the project's own function says by parameters called like containers and namespaces."""
    containers: list[Head] = []
    namespaces: list[tuple[str, tuple[Head, ...]]] = []
    for number, parameter in enumerate(flow.program.scope(function).parameters):
        if parameter.name in _CONTAINERS and not containers:
            containers.extend(argument(flow, function, number, site))
        elif parameter.name in _NAMESPACES:
            namespaces.append((parameter.name, argument(flow, function, number, site)))
    return Scope(tuple(h for h in containers if h != UNKNOWN), tuple(namespaces))  # a call of the project's own code


def flow_given(flow: Flow, call: Call, site: Site, name: str, position: int | None) -> tuple[Head, ...]:
    """Return what a call gives for a parameter, nothing if it is left out or hidden."""
    from fragaudit.link.ids.paths import given

    return tuple(h for h in given(flow, call, here_of(site), name, position) if h != UNKNOWN)


def _of_object(
    flow: Flow,
    catalogue: Catalogue,
    head: Head,
    containers: list[Head],
    namespaces: list[tuple[str, tuple[Head, ...]]],
    deep: int,
) -> None:
    """Collect what the call that made an object says, and those that made what it was given."""
    if not isinstance(head, Made) or deep > MOST_NESTED:
        return
    call, here = head.call, head.here
    operation = next(iter(catalogue.operation(head.name)), None)
    if operation is not None and operation.container is not None:
        named = operation.container
        value = tuple(_argument(flow, head, named.param, named.at))
        if operation.role == "namespace" or named.param in ("tenant", "tenant_id"):
            namespaces.append(("tenant", value))
        else:
            containers.extend(value)
    opened = catalogue.open(head.name)
    if opened is not None:
        for identity in opened.identity:
            # Where the index is the store itself, its name is what vectors are kept apart by.
            if identity.means == "container" or (identity.means == "name" and opened.kind == "vector"):
                containers.extend(_argument(flow, head, identity.param, identity.at))
    for given_ in call.args:
        heads = flow.force(Thunk(given_.value, here)) if given_.name not in ("*", "**") else ()
        if given_.name in _CONTAINERS and not containers:
            containers.extend(h for h in heads if not isinstance(h, Made))
        elif given_.name in _NAMESPACES and head.cls is not None and given_.name == "namespace":
            containers.extend(
                h for h in heads if not isinstance(h, Made) and not containers
            )  # a name of its own making
        elif given_.name in _NAMESPACES:
            namespaces.append((given_.name or "", heads))
        for one in heads:
            if isinstance(one, Made):
                _of_object(flow, catalogue, one, containers, namespaces, deep + 1)
    if isinstance(call.func, Attr):
        for base in flow.force(Thunk(call.func.base, here)):
            _of_object(flow, catalogue, base, containers, namespaces, deep + 1)


def _argument(flow: Flow, made: Made, name: str, position: int | None) -> Iterator[Head]:
    from fragaudit.link.evaluate import argument_of

    value = argument_of(made.call.args, name, position)
    if value is not None:
        yield from flow.force(Thunk(value, made.here))


@dataclass(frozen=True, slots=True)
class Native:
    """Whether the engine scopes a write by itself: `yes`, `no`, or `unknown`, and why."""

    answer: str
    why: str = ""
    namespace: str = ""


def container_name(scope: Scope) -> tuple[str, str]:
    """Return a container's readable name, and whether it is `fixed`, `dynamic`, `unknown` or not `named` at all."""
    found = [shape for head in scope.containers for shape in shapes(head)]
    if not found:
        return "", "unknown" if scope.lost else "unnamed"
    states = {_state(shape) for shape in found}
    name = str(found[0])
    if "dynamic" in states:
        name = next(str(s) for s in found if _state(s) == "dynamic")
        return name, "dynamic"
    return name, "unknown" if "unknown" in states else "fixed"


def _state(shape: Shape) -> str:
    """Say whether a name is one for all: written out, from settings, or what the object was set up with."""
    holes = [p for p in shape.parts if not p.literal]
    if any(p.kind in ("row id", "random", "uuid5", "hash") for p in holes):
        return "dynamic"
    if len(shape.parts) > 1 and any(p.kind == "parameter" and not _TECHNICAL.search(p.text) for p in holes):
        return "dynamic"
    return "fixed" if all(p.kind in _FIXED or _set_up(p) for p in holes) else "unknown"


def _set_up(part: Part) -> bool:
    """Say whether a part is an attribute of the object itself: set when it is made, not from call to call."""
    head = part.head
    return part.kind == "field" and (isinstance(head, Atom) or (isinstance(head, From) and head.function is None))


def native(scope: Scope) -> Native:
    """Return what the engine's own namespaces say."""
    for word, heads in scope.namespaces:
        found = [shape for head in heads for shape in shapes(head)]
        real = [s for s in found if not _default(s)]
        if real and all(p.kind == "unknown" for s in real for p in s.parts):
            return Native("unknown", f"a {word} is given that could not be followed")
        if real and len(real) == len(found):
            literal = str(real[0]) if all(p.literal for p in real[0].parts) else ""
            return Native("yes", f"{word} {real[0]}", literal)
        if real:
            return Native("unknown", f"{word} {real[0]} or its default")
    return Native("no")


def _default(shape: Shape) -> bool:
    if len(shape.parts) == 1 and shape.parts[0].kind == "none":
        return True
    text = "".join(p.text for p in shape.parts) if all(p.literal for p in shape.parts) else None
    return not shape.parts or (text is not None and text.lower() in _DEFAULTS)


def scoping_key(flow: Flow, metadata: tuple[Head, ...] | None) -> str:
    """Return the key of a payload that tells tenants or namespaces apart, or an empty string."""
    from fragaudit.link.ids.metadata import keys_of

    for head in metadata or ():
        for key in keys_of(flow, head):
            if _KEYS.match(key):
                return key
    return ""
