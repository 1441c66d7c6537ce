"""Dockerfiles: what the image runs. Instructions, continuations, comments and here-documents are told apart."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator

from fragaudit.model.deploy import DeployFacts, Image
from fragaudit.model.locations import Location

LONGEST = 4_000
"""Code points of an instruction that is filled, and of a value that fills one: each could double the one before."""

_GIVEN = re.compile(r"\b([A-Za-z_]\w*)=[\"']?([^\s\"']*)")
_VARIABLE = re.compile(r"\$(?:\{(\w+)(?::?-[^}]*)?\}|(\w+))")
_STAGE = re.compile(r"^(?:--\S+\s+)*(\S+)(?:\s+as\s+(\S+))?.*$", re.IGNORECASE)
_HEREDOC = re.compile(r"<<-?\s*[\"']?(\w+)[\"']?")


def read_dockerfile(path: str, text: str) -> DeployFacts:
    """Return what a Dockerfile's last stage runs; a stage built on another one runs what that does, unless it says."""
    entry, command, line = "", "", 1
    stages: dict[str, tuple[str, str, int]] = {}
    stage = ""
    copies: dict[str, None] = {}
    given: dict[str, str] = {}
    for number, instruction, rest in _instructions(text):
        if instruction == "FROM":
            base, _, stage = _STAGE.sub(r"\1 \2", rest).partition(" ")
            entry, command, line = stages.get(base.lower(), ("", "", 1))
        elif instruction == "CMD":
            command, line = _words(rest), number
        elif instruction == "ENTRYPOINT":
            entry, line = _words(rest), number
        elif instruction in ("COPY", "ADD"):
            copies.update(dict.fromkeys(_sources(_filled(rest, given))))
        elif instruction in ("ARG", "ENV"):
            given.update((name, _filled(value, given)) for name, value in _GIVEN.findall(rest))
        if stage:
            stages[stage.lower()] = (entry, command, line)
    runs = " ".join(part for part in (entry, command) if part)
    return DeployFacts(path, images=(Image(posixpath.dirname(path), runs, Location(path, line), tuple(copies)),))


def _filled(text: str, given: dict[str, str]) -> str:
    """Return a text with the values of variables that the file itself gives."""
    if len(text) > LONGEST:
        return text
    filled = _VARIABLE.sub(lambda match: given.get(match[1] or match[2], match[0]), text)
    return filled if len(filled) <= LONGEST else text


def _sources(rest: str) -> list[str]:
    """Return what a COPY takes from the context: nothing if it takes from another stage."""
    words = _words(rest).split()
    if any(word.startswith("--from") for word in words):
        return []
    paths = [word for word in words if not word.startswith("--")][:-1]
    return [path.lstrip("/") or "." for path in paths if "$" not in path and "://" not in path and "<<" not in path]


def _instructions(text: str) -> Iterator[tuple[int, str, str]]:
    """Yield (line, instruction, rest) with continued lines joined."""
    pending, start, until = "", 0, ""
    for number, line in enumerate(text.splitlines(), 1):
        if until:
            until = "" if line.strip() == until else until
            continue
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        start = start if pending else number
        if stripped.endswith("\\"):
            pending += stripped[:-1] + " "
            continue
        whole, pending = pending + stripped, ""
        word, _, rest = whole.partition(" ")
        heredoc = _HEREDOC.search(rest)
        until = heredoc[1] if heredoc is not None else ""
        yield start, word.upper(), rest.strip()


def _words(text: str) -> str:
    try:
        words = json.loads(text)
    except ValueError:
        return text
    return " ".join(str(word) for word in words) if isinstance(words, list) else text
