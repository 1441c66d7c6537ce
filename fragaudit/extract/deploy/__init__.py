"""Deployment files to facts, with a real parser for each format."""

from __future__ import annotations

import configparser
import email.parser
import posixpath

import tomli

from fragaudit.extract.source import decode
from fragaudit.model.deploy import DeployFacts, Manifest
from fragaudit.model.locations import Location, Problem


def extract_deploy(path: str, data: bytes) -> DeployFacts:
    """Return the facts of a deployment file. Never raises: what can't be read becomes a problem of that file."""
    text = decode(path, data, python=False)
    if isinstance(text, Problem):
        return DeployFacts(path, problems=(text,))
    name = posixpath.basename(path)
    try:
        if name.endswith((".yml", ".yaml")):
            from fragaudit.extract.deploy.compose import read_compose

            return read_compose(path, text)
        if "Dockerfile" in name or name == "Containerfile":
            from fragaudit.extract.deploy.dockerfile import read_dockerfile

            return read_dockerfile(path, text)
        if name.endswith(".proto"):
            from fragaudit.extract.deploy.proto import read_proto

            return read_proto(path, text)
        return _manifest(path, name, text)
    except RecursionError:
        return DeployFacts(path, problems=(Problem(Location(path), "nested too deeply to be parsed"),))


def _manifest(path: str, name: str, text: str) -> DeployFacts:
    folder, at = posixpath.dirname(path), Location(path)
    if name == "pyproject.toml":
        try:
            table = tomli.loads(text)
        except tomli.TOMLDecodeError as error:
            line, column = getattr(error, "lineno", 1), getattr(error, "colno", 1)
            return DeployFacts(path, problems=(Problem(Location(path, line, column), f"is not valid TOML: {error}"),))
        project = table.get("project") or table.get("tool", {}).get("poetry")
        if not isinstance(project, dict):
            return DeployFacts(path)
        return DeployFacts(path, manifests=(Manifest(folder, "pyproject", str(project.get("name", "")), at),))
    if name == "setup.cfg":
        parser = configparser.ConfigParser(interpolation=None)
        try:
            parser.read_string(text)
        except configparser.Error as error:
            return DeployFacts(path, problems=(Problem(at, f"is not valid: {str(error).splitlines()[0]}"),))
        title = parser.get("metadata", "name", fallback="")
        return DeployFacts(path, manifests=(Manifest(folder, "setup", title, at),) if title else ())
    if name == "METADATA" and folder.endswith(".dist-info"):
        title = email.parser.HeaderParser().parsestr(text).get("Name", "")
        return DeployFacts(path, manifests=(Manifest(posixpath.dirname(folder), "wheel", title, at),))
    if name == "manage.py":
        if "django" not in text.lower():
            return DeployFacts(path)  # some other tool's
        return DeployFacts(path, manifests=(Manifest(folder, "manage", "", at),))
    if name == "setup.py":
        return DeployFacts(path, manifests=(Manifest(folder, "setup", "", at),))
    if name.startswith("requirements"):
        return DeployFacts(path, manifests=(Manifest(folder, "requirements", "", at),))
    return DeployFacts(path)
