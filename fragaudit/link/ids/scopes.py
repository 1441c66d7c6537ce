"""What a write or search is confined to by the engine itself: a namespace, tenant, partition, or its collection."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from fragaudit.catalogue import Catalogue, Operation
from fragaudit.link.ids.callers import argument, here_of, lifted
from fragaudit.link.ids.flow import Flow
from fragaudit.link.ids.heads import UNKNOWN, From, Head, Here, Made, Thunk
from fragaudit.link.ids.paths import first_known, parsed, paths
from fragaudit.link.program import Place, Site
from fragaudit.model.values import Attr, Call, Lit, Ref

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
        if lost and isinstance(on, Ref) and call.func.name.removeprefix("a").startswith("from_"):
            lost = _of_maker(flow, catalogue, site, containers, namespaces)
    elif operation is not None:
        lost = _of_maker(flow, catalogue, site, containers, namespaces)
    return Scope(tuple(dict.fromkeys(containers)), tuple(namespaces), lost)


def _of_maker(
    flow: Flow,
    catalogue: Catalogue,
    site: Site,
    containers: list[Head],
    namespaces: list[tuple[str, tuple[Head, ...]]],
) -> bool:
    """Collect what is said by a call that makes the store and fills it, as when it only makes one; say whether none.

    Either it is told the container, or given an object that was.
    """
    for name in _CONTAINERS:
        named = flow_given(flow, site.call, site, name, None) if not containers else ()
        containers.extend(h for h in named if not isinstance(h, Made))
    for told in site.call.args:
        for head in flow.force(Thunk(told.value, here_of(site))) if not containers else ():
            _of_object(flow, catalogue, head, containers, namespaces, 1)
    return not containers


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
