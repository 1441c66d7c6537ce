"""What files beside the code say: compose services, images, manifests, values of variables, gRPC interfaces."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from fragaudit.model.locations import Location, Problem


class ComposeService(Struct, frozen=True):
    """A service of a compose file that is built from the repository; paths are relative to the working directory."""

    name: str
    context: str | None
    dockerfile: str | None
    command: str
    at: Location


class Image(Struct, frozen=True):
    """A Dockerfile: `runs` is its own CMD or ENTRYPOINT, empty if it has none, `copies` what it takes in."""

    folder: str
    runs: str
    at: Location
    copies: tuple[str, ...] = ()


class Manifest(Struct, frozen=True):
    """A packaging or application manifest; `name` the distribution's, empty if it says none."""

    folder: str
    kind: Literal["pyproject", "setup", "requirements", "manage", "wheel"]
    name: str
    at: Location


class Variable(Struct, frozen=True):
    """The value a deployment file gives an environment variable; `service` is the compose service it is given to."""

    name: str
    value: str
    at: Location
    service: str = ""


class MessageField(Struct, frozen=True):
    """A field of a message; `type` as written, `map` for mappings."""

    name: str
    type: str
    repeated: bool = False


class Message(Struct, frozen=True):
    """A message of a .proto file."""

    name: str
    fields: tuple[MessageField, ...]
    at: Location


class Rpc(Struct, frozen=True):
    """A call of a gRPC service, and the message that it gives back."""

    service: str
    name: str
    returns: str
    at: Location


class DeployFacts(Struct, frozen=True):
    """The facts of one such file."""

    path: str
    compose: tuple[ComposeService, ...] = ()
    images: tuple[Image, ...] = ()
    manifests: tuple[Manifest, ...] = ()
    variables: tuple[Variable, ...] = ()
    messages: tuple[Message, ...] = ()
    rpcs: tuple[Rpc, ...] = ()
    problems: tuple[Problem, ...] = ()
