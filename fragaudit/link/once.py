"""Files whose statements run once, by migrations and by hand, rather than whenever the service is asked."""

from __future__ import annotations

from fragaudit.model.asides import run_once
from fragaudit.model.facts import FileFacts, Import

_MAKING_UP = ("faker", "model_bakery", "mixer")
"""Libraries that make up rows, to try an application with."""

_COMMAND_LINES = ("click", "typer", "argparse", "fire", "flask.cli")
"""Libraries of command lines. What a folder of commands is beside them may be another kind: of a bus, of a bot."""


def beside(file: FileFacts) -> str:
    """Return why what a file asks is asked once, empty if it is asked by the service: by its place, or its imports."""
    why = run_once(file.path)
    if why:
        return why
    outside = [item for item in file.imports if not item.level]
    if any(map(_makes_up, outside)):
        return "it makes up rows to try the service with"
    command = "/commands/" in f"/{file.path}" and any(item.module in _COMMAND_LINES for item in outside)
    return "it is a command run by hand" if command else ""


def _makes_up(item: Import) -> bool:
    root, _, inner = item.module.partition(".")
    if root == "factory":  # a project may have a module of that name, which makes the application
        return (
            bool(inner) or item.name is None or item.name[:1].isupper() or item.name in ("fuzzy", "django", "alchemy")
        )
    return root in _MAKING_UP
