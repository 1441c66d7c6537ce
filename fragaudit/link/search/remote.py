"""Searches behind gRPC and GraphQL: servicers and their .proto files, resolvers and the fields that declare them."""

from __future__ import annotations

from collections.abc import Sequence

from fragaudit.link.program import Place, Program
from fragaudit.link.search.naming import STANDARD, snake
from fragaudit.link.shapes import Shape
from fragaudit.model.deploy import DeployFacts, Message
from fragaudit.model.facts import Scope
from fragaudit.model.search import ResultField
from fragaudit.model.values import Attr, Call, Item, Lit, Ref, Value, dotted

_GRAPHQL = frozenset({"field", "subscription", "mutation", "query"})
_FEW = 3
_KINDS = {
    **dict.fromkeys(("string",), "str"),
    **dict.fromkeys(("double", "float"), "float"),
    **dict.fromkeys(("int32", "int64", "uint32", "uint64", "sint32", "sint64", "fixed32", "fixed64"), "int"),
    **dict.fromkeys(("sfixed32", "sfixed64"), "int"),
    "bool": "bool",
    "bytes": "other",
    "map": "mapping",
    "google.protobuf.Struct": "mapping",
    "google.protobuf.DoubleValue": "float",
    "google.protobuf.FloatValue": "float",
    "google.protobuf.StringValue": "str",
}


class Interfaces:
    """What .proto files say that the calls of gRPC services give back."""

    def __init__(self, deploy: Sequence[DeployFacts]) -> None:
        self._messages: dict[str, Message] = {}
        self._returned: dict[tuple[str, str], str] = {}
        for facts in deploy:
            for message in facts.messages:
                self._messages.setdefault(message.name, message)
            for rpc in facts.rpcs:
                self._returned.setdefault((rpc.service, snake(rpc.name)), rpc.returns)

    def result(self, service: str, name: str) -> Shape | None:
        """Return the shape of one result of a service's call; of a list in an envelope, that of its elements."""
        message = self._message(self._returned.get((service, snake(name)), ""))
        if message is None:
            return None
        inner = [m for field in message.fields if field.repeated and (m := self._message(field.type)) is not None]
        if len(inner) == 1 and len({f.name for f in message.fields} & set(STANDARD)) < _FEW:
            message = inner[0]
        fields = tuple(
            ResultField(f.name, f.type, "list" if f.repeated else _KINDS.get(f.type, "unknown"))
            for f in message.fields
        )  # fmt: skip
        return Shape(message.name, message.at, fields) if fields else None

    def _message(self, name: str) -> Message | None:
        return self._messages.get(name.rpartition(".")[2])


def is_servicer(cls: Scope) -> str:
    """Return the service that a class implements for gRPC, empty if it implements none."""
    for base in cls.bases:
        name = dotted(base.base if isinstance(base, Item) else base).rpartition(".")[2]
        for end in ("Servicer", "Base"):  # grpclib's, and betterproto's, are called `NotesBase`
            if name.endswith(end) and name != end and (end == "Servicer" or "grpc" in dotted(base).lower()):
                return name.removesuffix(end)
    return ""


def resolves(scope: Scope) -> str:
    """Return the name of the GraphQL field that a function resolves by its decorator, empty if it resolves none.

    `@strawberry.field`, `@strawberry.field(name="searchUnified")`, Ariadne's `@query.field("searchUnified")`.
    """
    for decorator in scope.decorators:
        func = decorator.func if isinstance(decorator, Call) else decorator
        if not isinstance(func, Attr) or func.name not in _GRAPHQL or not isinstance(func.base, (Ref, Attr)):
            continue
        if isinstance(decorator, Call):
            for argument in decorator.args:
                if argument.name in (None, "name") and isinstance(argument.value, Lit):
                    return argument.value.value if isinstance(argument.value.value, str) else ""
        if dotted(func.base).rpartition(".")[2] in ("strawberry", "gql", "strawberry_django"):
            return scope.name
    return ""


def declared_field(program: Program, owner: Place, resolver: str) -> Value | None:
    """Return what graphene's field of a resolver is made of: `List(Note)` for `search_unified = List(Note)`."""
    name = resolver.removeprefix("resolve_")
    if name == resolver:
        return None
    for binding in program.bindings(owner, name):
        value = binding.value
        while isinstance(value, Call) and value.args:
            value = value.args[0].value
        if value is not None:
            return value
    return None
