"""What a write or search is confined to by the engine itself: a namespace, tenant, partition, or its collection."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from fragaudit.catalogue import Catalogue, Open, Operation
from fragaudit.link.ids.callers import argument, here_of, lifted
from fragaudit.link.ids.flow import Flow
from fragaudit.link.ids.heads import UNKNOWN, Atom, Chars, From, Head, Here, Made, Thunk, distinct
from fragaudit.link.ids.paths import first_known, parsed, paths
from fragaudit.link.program import Place, Site
from fragaudit.model.values import Attr, Call, Lit, Ref, Value

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

    `lost`: the object that it is made on could not be followed to where it is made; `memory`: all that it can be keeps
    vectors in the memory of its process alone.
    """

    containers: tuple[Head, ...] = ()
    namespaces: tuple[tuple[str, tuple[Head, ...]], ...] = ()
    lost: bool = False
    memory: bool = False

    def lifted(self, flow: Flow, function: Place, site: Site) -> Scope:
        """Return the scope as it is at a call of a function on whose parameters it depends."""
        containers = lifted(flow, self.containers, function, site) if self.containers else ()
        spaces = tuple((n, lifted(flow, h, function, site)) for n, h in self.namespaces)
        return replace(self, containers=containers, namespaces=spaces)

    def by_default(self, flow: Flow) -> Scope:
        """Return the scope with parameters that nobody gives as their defaults are; a namespace may be given yet."""
        containers = tuple(d for h in self.containers for d in _by_default(flow, h))
        spaces = tuple(
            (n, distinct(d for h in heads for d in (h, *_by_default(flow, h)))) for n, heads in self.namespaces
        )
        return replace(self, containers=containers, namespaces=spaces)

    def joined(self, other: Scope) -> Scope:
        """Return what either of two scopes says."""
        known = self.containers if any(h != UNKNOWN for h in self.containers) else other.containers
        spaces = self.namespaces or other.namespaces
        lost = (self.lost or other.lost) and not known
        return Scope(known, spaces, lost, self.memory and other.memory)


def _by_default(flow: Flow, head: Head) -> tuple[Head, ...]:
    if not isinstance(head, From) or head.function is None or head.steps:
        return (head,)
    scope = flow.program.scope(head.function)
    default = scope.parameters[head.number].default if head.number < len(scope.parameters) else None
    if default is None or default == Lit(None):
        return (head,)
    return flow.force(Thunk(default, Here(Place(head.function.file, max(scope.parent, 0)), 0, 0, -1)))


@dataclass(slots=True)
class _Said:
    """What calls say about where a write goes; `clients`: of each client they make, whether it keeps all in memory.

    `lost`: a store that something wraps could not be followed.
    """

    containers: list[Head] = field(default_factory=list)
    namespaces: list[tuple[str, tuple[Head, ...]]] = field(default_factory=list)
    clients: list[bool] = field(default_factory=list)
    lost: bool = False


def scope_of(flow: Flow, catalogue: Catalogue, site: Site, operation: Operation | None) -> Scope:
    """Return what a call's own arguments and the object it is made on say about its scope."""
    call, here = site.call, here_of(site)
    said = _Said()
    if operation is not None:
        _of_operation(flow, site, operation, said)
    else:
        for name in _CONTAINERS:
            said.containers.extend(flow_given(flow, call, site, name, None))
    lost = False
    if isinstance(call.func, Attr):
        on = call.func.base
        bases = flow.force(Thunk(on, here))
        while isinstance(on, Attr) and not any(isinstance(base, Made) for base in bases):
            on = on.base  # `collection.data.insert`: the collection says where
            bases = flow.force(Thunk(on, here))
        if operation is not None and not any(isinstance(base, Made) for base in bases):
            bases = _beneath(flow, on, here) or bases
        lost = operation is not None and not any(isinstance(base, Made) for base in bases)
        for found in bases:
            _of_object(flow, catalogue, found, said, 0)
            if not isinstance(found, Made):
                said.clients.append(False)
        if lost and isinstance(on, Ref) and call.func.name.removeprefix("a").startswith("from_"):
            said.clients.clear()
            lost = _of_maker(flow, catalogue, site, said)
    elif operation is not None:
        lost = _of_maker(flow, catalogue, site, said)
    memory = bool(said.clients) and all(said.clients)
    lost = lost or (said.lost and not said.containers)
    return Scope(tuple(dict.fromkeys(said.containers)), tuple(said.namespaces), lost, memory)


def _beneath(flow: Flow, value: Value, here: Here) -> tuple[Head, ...]:
    """Return the object that something is got from by methods nobody could follow: `with collection.batch.fixed()`."""
    for _ in range(MOST_NESTED):
        if isinstance(value, Ref):
            bindings = flow.program.bindings(here.place, value.name)
            value = next((b.value for b in bindings if isinstance(b.value, Call)), value)
        inner = value.func if isinstance(value, Call) else value
        if not isinstance(inner, Attr):
            return ()
        value = inner.base
        found = flow.force(Thunk(value, here))
        if any(isinstance(head, Made) for head in found):
            return found
    return ()


def _of_operation(flow: Flow, site: Site, operation: Operation, said: _Said) -> None:
    """Collect what a call gives for the parameters that the catalogue knows."""
    call, here = site.call, here_of(site)
    own = operation.container
    if own is not None:
        said.containers.extend(flow_given(flow, call, site, own.param, own.at))
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
                said.containers.extend(heads)
            elif heads is not None:
                said.namespaces.append((word, heads))


def _of_maker(flow: Flow, catalogue: Catalogue, site: Site, said: _Said) -> bool:
    """Collect what is said by a call that makes the store and fills it, as when it only makes one; say whether none.

    Either it is told the container, or given an object that was.
    """
    for name in _CONTAINERS:
        named = flow_given(flow, site.call, site, name, None) if not said.containers else ()
        said.containers.extend(h for h in named if not isinstance(h, Made))
    for given_ in site.call.args:
        for head in flow.force(Thunk(given_.value, here_of(site))):
            inner = _Said(clients=said.clients)
            _of_object(flow, catalogue, head, inner, 1)
            if not said.containers:
                said.containers.extend(inner.containers)
                said.namespaces.extend(inner.namespaces)
    return not said.containers


def handed_scope(flow: Flow, function: Place, site: Site, within: Scope) -> Scope:
    """Return the scope of a write inside a function at a call of it.

    The call says something too by parameters called like containers and namespaces.
    """
    containers: list[Head] = []
    namespaces: list[tuple[str, tuple[Head, ...]]] = []
    for number, parameter in enumerate(flow.program.scope(function).parameters):
        if parameter.name in _CONTAINERS and not containers:
            containers.extend(argument(flow, function, number, site))
        elif parameter.name in _NAMESPACES:
            namespaces.append((parameter.name, argument(flow, function, number, site)))
    told = Scope(tuple(h for h in containers if h != UNKNOWN), tuple(namespaces), memory=True)
    return told.joined(within.lifted(flow, function, site))


def flow_given(flow: Flow, call: Call, site: Site, name: str, position: int | None) -> tuple[Head, ...]:
    """Return what a call gives for a parameter, nothing if it is left out or hidden."""
    from fragaudit.link.ids.paths import given

    return tuple(h for h in given(flow, call, here_of(site), name, position) if h != UNKNOWN)


def _of_object(flow: Flow, catalogue: Catalogue, head: Head, said: _Said, deep: int) -> None:
    """Collect what the call that made an object says, and those that made what it was given."""
    if not isinstance(head, Made) or deep > MOST_NESTED:
        return
    call, here = head.call, head.here
    operation = next(iter(catalogue.operation(head.name)), None)
    if operation is not None and operation.container is not None:
        named = operation.container
        value = tuple(_argument(flow, head, named.param, named.at))
        if operation.role == "namespace" or named.param in ("tenant", "tenant_id"):
            said.namespaces.append(("tenant", value))
        else:
            said.containers.extend(value)
    opened = catalogue.open(head.name)
    if opened is not None:
        for identity in opened.identity:
            # Where the index is the store itself, its name is what vectors are kept apart by.
            if identity.means == "container" or (identity.means == "name" and opened.kind == "vector"):
                said.containers.extend(_argument(flow, head, identity.param, identity.at))
        if opened.type == "wrapper":
            wrapped = [tuple(_argument(flow, head, i.param, i.at)) for i in opened.identity if i.means == "client"]
            said.lost = said.lost or any(given_ and not any(isinstance(h, Made) for h in given_) for given_ in wrapped)
        if opened.type in ("client", "pool"):
            said.clients.extend(_in_memory(flow, head, opened))
    for given_ in call.args:
        heads = flow.force(Thunk(given_.value, here)) if given_.name not in ("*", "**") else ()
        if given_.name in _CONTAINERS and not said.containers:
            said.containers.extend(h for h in heads if not isinstance(h, Made))
        elif given_.name in _NAMESPACES and head.cls is not None and given_.name == "namespace":
            said.containers.extend(
                h for h in heads if not isinstance(h, Made) and not said.containers
            )  # a name of its own making
        elif given_.name in _NAMESPACES:
            said.namespaces.append((given_.name or "", heads))
        for one in heads:
            if isinstance(one, Made):
                _of_object(flow, catalogue, one, said, deep + 1)
    if isinstance(call.func, Attr):
        for base in flow.force(Thunk(call.func.base, here)):
            _of_object(flow, catalogue, base, said, deep + 1)


def _in_memory(flow: Flow, made: Made, opened: Open) -> Iterator[bool]:
    """Yield whether a client keeps all it gets in memory: it does always, or its address says so.

    Nothing where it is given one that says so itself.
    """
    if any(argument.name in ("*", "**") for argument in made.call.args):
        yield False
        return
    told = [h for i in opened.identity if i.means != "container" for h in _argument(flow, made, i.param, i.at)]
    told = [head for head in told if head != Atom("none")]
    if not told:
        yield opened.in_memory
    elif not all(isinstance(head, Made) for head in told):
        yield all(head == Chars((":memory:",)) for head in told)


def _argument(flow: Flow, made: Made, name: str, position: int | None) -> Iterator[Head]:
    from fragaudit.link.evaluate import argument_of

    value = argument_of(made.call.args, name, position)
    if value is not None:
        yield from flow.force(Thunk(value, made.here))
