"""What changed since a git revision, asked of git itself; no hook, filter or diff program of the repository runs."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import msgspec

from fragaudit.config import shown_path
from fragaudit.model.findings import Finding, Report
from fragaudit.model.locations import Location

_HUNK = re.compile(r"^@@ -\d+(?:,\d+)? \+(?P<first>\d+)(?:,(?P<count>\d+))? @@")
_ESCAPE = re.compile(rb"\\([0-7]{3}|[abtnvfr\"\\])")
_ESCAPED = {b"a": b"\a", b"b": b"\b", b"t": b"\t", b"n": b"\n", b"v": b"\v", b"f": b"\f", b"r": b"\r", b'"': b'"'}
_ESCAPED[b"\\"] = b"\\"
_SAFE = ("-c", "core.quotepath=off", "-c", "core.fsmonitor=false", "-c", "diff.external=")
TIMEOUT = 120
"""Seconds that git may take."""


class ChangesError(Exception):
    """What changed can't be found out; the message says why."""


class Changes(msgspec.Struct, frozen=True):
    """Changed line ranges (first, last; of the present files) by reported path. An empty range: all of it is new."""

    lines: dict[str, tuple[tuple[int, int], ...]]

    def touch(self, at: Location) -> bool:
        """Say whether a place lies on changed lines."""
        ranges = self.lines.get(at.path)
        if ranges is None:
            return False
        last = max(at.line, at.end_line)
        return not ranges or any(first <= last and at.line <= end for first, end in ranges)


def changes_since(ref: str, base: Path) -> Changes:
    """Return what differs between a revision and the files as they are, untracked ones included.

    Where lines were only removed, the lines beside the gap count as changed.

    Raises:
        ChangesError: git isn't there, this is no repository, or it knows no such revision.
    """
    git = shutil.which("git")
    if git is None:
        raise ChangesError("--diff needs git, which isn't on the PATH")
    if ref.startswith("-") or not ref.strip() or "\0" in ref:
        raise ChangesError(f"--diff: {ref!r} is no revision")
    top = _run(git, base, "rev-parse", "--show-toplevel")
    if top is None:
        raise ChangesError(f"--diff: {base} is in no git repository")
    if _run(git, base, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}") is None:
        raise ChangesError(f"--diff: git knows no revision {ref!r} here; a shallow clone may lack it")
    root = top.rstrip("\n")
    flags = ("--unified=0", "--no-color", "--no-ext-diff", "--no-textconv", "--no-renames", "--ignore-submodules=all")
    text = _run(git, Path(root), "diff", *flags, "--src-prefix=a/", "--dst-prefix=b/", ref, "--")
    others = _run(git, Path(root), "ls-files", "--others", "--exclude-standard", "-z")
    if text is None or others is None:
        raise ChangesError(f"--diff: git could not compare the files with {ref!r}")
    found = {_shown(root, path, base): tuple(ranges) for path, ranges in _ranges(text).items()}
    found.update({_shown(root, path, base): () for path in others.split("\0") if path})
    return Changes(found)


def only_changed(report: Report, changes: Changes) -> tuple[Report, int]:
    """Return the report with the findings alone that touch what changed, and how many others there are.

    A finding touches it with its own place or with one that belongs to it: an index or a second store elsewhere.
    """
    kept = tuple(f for f in report.findings if _touches(f, changes))
    return msgspec.structs.replace(report, findings=kept), len(report.findings) - len(kept)


def _touches(finding: Finding, changes: Changes) -> bool:
    return changes.touch(finding.at) or any(changes.touch(related.at) for related in finding.related)


def _run(git: str, folder: Path, *arguments: str) -> str | None:
    """Return what git prints, or None if it fails."""
    environment = {**os.environ, "LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"}
    environment.pop("GIT_EXTERNAL_DIFF", None)
    try:
        done = subprocess.run(  # noqa: S603  # a fixed program, and arguments of which none can be an option
            [git, *_SAFE, *arguments], cwd=folder, env=environment, capture_output=True, timeout=TIMEOUT, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode("utf-8", "surrogateescape") if done.returncode == 0 else None


def _ranges(text: str) -> dict[str, list[tuple[int, int]]]:
    found: dict[str, list[tuple[int, int]]] = {}
    current: list[tuple[int, int]] = []
    header = True
    for line in text.split("\n"):
        if line.startswith("diff --git "):
            header = True
        elif header and line.startswith("+++ "):
            name = _unquoted(line[4:].rstrip("\t"))
            current = found.setdefault(name.removeprefix("b/"), []) if name != "/dev/null" else []
        elif match := _HUNK.match(line):
            header = False
            first, count = int(match["first"]), int(match["count"] or 1)
            # Nothing is left of what was removed: the line before the gap and the one after it are what changed.
            current.append((first, first + count - 1) if count else (max(first, 1), first + 1))
    return found


def _unquoted(name: str) -> str:
    """Read a name as git writes it: in quotes with C escapes if it has characters that need them."""
    if not name.startswith('"'):
        return name
    raw = name[1:-1].encode("utf-8", "surrogateescape")
    return _ESCAPE.sub(lambda m: _ESCAPED.get(m[1]) or bytes([int(m[1], 8) & 255]), raw).decode(
        "utf-8", "surrogateescape"
    )


def _shown(root: str, path: str, base: Path) -> str:
    return shown_path(os.path.join(root, path), os.path.realpath(base))
