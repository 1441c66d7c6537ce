"""Compose files: which services are built from the repository, and which variables they set."""

from __future__ import annotations

import posixpath
import re
from typing import Any

import yaml

from fragaudit.model.deploy import ComposeService, DeployFacts, Variable
from fragaudit.model.locations import Location, Problem

MOST_NODES = 50_000
"""A document with more nodes is no compose file; aliases could multiply it without end."""

_DEFAULT = re.compile(r"\$\{(\w+):?-([^}]*)\}")
_SECRET = re.compile(r"password|secret|token|key", re.IGNORECASE)


def read_compose(path: str, text: str) -> DeployFacts:
    """Return the services and variables of a compose file."""
    try:
        root = yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        if root is None:
            return DeployFacts(path)
        if _size(root) > MOST_NODES:
            return DeployFacts(path, problems=(Problem(Location(path), "is too large for a compose file"),))
        lines = _service_lines(root)
        document = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506  # a safe loader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        at = Location(path, mark.line + 1, mark.column + 1) if mark is not None else Location(path)
        return DeployFacts(path, problems=(Problem(at, f"is not valid YAML: {error.problem}"),))
    except (yaml.YAMLError, ValueError) as error:
        return DeployFacts(path, problems=(Problem(Location(path), f"is not valid YAML: {error}"),))
    services = document.get("services") if isinstance(document, dict) else None
    if not isinstance(services, dict):
        return DeployFacts(path)
    found, variables = [], []
    for name, service in services.items():
        if not isinstance(service, dict):
            continue
        at = Location(path, lines.get(str(name), 1))
        variables.extend(_variables(service.get("environment"), at, str(name)))
        build = service.get("build")
        if build is not None:
            context, dockerfile = _build(build, posixpath.dirname(path))
            found.append(ComposeService(str(name), context, dockerfile, _words(service.get("command")), at))
    return DeployFacts(path, compose=tuple(found), variables=tuple(variables))


def _size(root: yaml.Node) -> int:
    """Count nodes as they are after aliases are followed, up to the bound."""
    count, stack = 0, [root]
    while stack and count <= MOST_NODES:
        node = stack.pop()
        count += 1
        if isinstance(node, yaml.MappingNode):
            stack.extend(child for pair in node.value for child in pair)
        elif isinstance(node, yaml.SequenceNode):
            stack.extend(node.value)
    return count


def _service_lines(root: yaml.Node) -> dict[str, int]:
    if isinstance(root, yaml.MappingNode):
        for key, value in root.value:
            if key.value == "services" and isinstance(value, yaml.MappingNode):
                return {str(name.value): name.start_mark.line + 1 for name, _ in value.value}
    return {}


def _build(build: Any, folder: str) -> tuple[str, str]:
    context = build if isinstance(build, str) else str(build.get("context", ".")) if isinstance(build, dict) else "."
    dockerfile = str(build.get("dockerfile", "Dockerfile")) if isinstance(build, dict) else "Dockerfile"
    root = posixpath.normpath(posixpath.join(folder, context))
    root = "" if root == "." else root
    return root, posixpath.normpath(posixpath.join(root, dockerfile))


def _words(command: Any) -> str:
    return " ".join(str(word) for word in command) if isinstance(command, list) else str(command or "")


def _variables(environment: Any, at: Location, service: str) -> list[Variable]:
    pairs: list[tuple[str, str]] = []
    if isinstance(environment, dict):
        pairs = [(str(k), str(v)) for k, v in environment.items() if v is not None]
    elif isinstance(environment, list):
        pairs = [(str(e).partition("=")[0], str(e).partition("=")[2]) for e in environment if "=" in str(e)]
    found = []
    for name, value in pairs:
        value = _DEFAULT.sub(lambda match: match[2], value)
        # A variable of the host's inside a value is one value wherever it stands in this repository.
        if value and not value.startswith("$") and not _SECRET.search(name):
            found.append(Variable(name, value, at, service))
    return found
