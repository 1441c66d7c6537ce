"""What deployment files say: compose services, container images, manifests, defaults of variables."""

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


class DeployFacts(Struct, frozen=True):
    """The facts of one deployment file."""

    path: str
    compose: tuple[ComposeService, ...] = ()
    images: tuple[Image, ...] = ()
    manifests: tuple[Manifest, ...] = ()
    variables: tuple[Variable, ...] = ()
    problems: tuple[Problem, ...] = ()
