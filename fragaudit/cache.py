"""Facts remembered between runs, by content. A cache that can't be read or written costs time, never an answer."""

from __future__ import annotations

import hashlib
import os
import stat
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Generic, TypeVar

import msgspec
from msgspec import Struct

from fragaudit import __version__
from fragaudit.model.accesses import FileUses
from fragaudit.model.facts import FileFacts
from fragaudit.model.statements import FileReads
from fragaudit.model.understood import Fixes, Understood

FOLDER = ".fragaudit_cache"
FORMAT = 2
VARIABLE = "FRAGAUDIT_CACHE_DIR"
MOST_BYTES = 256_000_000
"""Facts beyond this are dropped, those unseen for longest first; it is the facts of some ten million lines."""
KEPT_DAYS = 30
SEEN_EVERY = 7
"""Days after which the use of an entry is written down: a run that changes nothing else need not write at all."""
_DIGEST = 64
_TAG = (
    "Signature: 8a477f597d28d172789f06886806bc55\n"
    "# This folder is a cache made by fragaudit; it can be deleted at any time. See https://bford.info/cachedir/\n"
)
OF_FILES = ("extract", "model")
"""The parts of this package that make the facts of a file, as names of folders and modules."""
OF_REPOSITORIES = (*OF_FILES, "link", "coverage")
"""Those that make what is understood of facts."""
OF_FIXES = (*OF_REPOSITORIES, "advise", "fix", "fixing.py")
"""Those that make edits of what is understood."""
Kept = TypeVar("Kept", FileFacts, FileReads, FileUses, Understood, Fixes)


class _Entry(Struct, frozen=True, array_like=True):
    """The facts of one path: of which content, when last of use (days since 1970), and encoded."""

    content: str
    day: int
    facts: msgspec.Raw


class _Content(Struct, frozen=True):
    key: str
    entries: dict[str, _Entry]


def facts_key(catalogue_digest: str, parts: Sequence[str] = OF_FILES) -> str:
    """Return what facts depend on besides the file: the parts of this package, Python, both parsers, the catalogue.

    Versions are read from the packages' files: neither importing the parsers nor asking `importlib.metadata`, which
    takes longer than an audit from the cache, would do at start-up. Where a package keeps its version elsewhere, its
    place and time of installation stand for it.
    """
    code = hashlib.sha256()
    package = Path(__file__).parent
    places = [package / part for part in parts]
    for file in sorted(file for place in places for file in ([place] if place.suffix else place.rglob("*.py"))):
        code.update(file.relative_to(package).as_posix().encode() + b"\0" + file.read_bytes())
    parsers = [_version(name) for name in ("libcst", "sqlglot")]
    python = f"{sys.implementation.name}-{sys.version_info.major}.{sys.version_info.minor}"
    return "|".join((str(FORMAT), __version__, code.hexdigest(), python, *parsers, catalogue_digest))


def _version(package: str) -> str:
    spec = find_spec(package)
    origin = Path(spec.origin) if spec is not None and spec.origin else None
    if origin is None:
        return f"no {package}"
    try:
        return hashlib.sha256((origin.parent / "_version.py").read_bytes()).hexdigest()
    except OSError:
        return f"{origin}:{origin.stat().st_mtime_ns}" if origin.exists() else str(origin)


def cache_folder(root: Path, environment: Mapping[str, str]) -> Path:
    """Return where facts are kept: the folder the environment names, else one in the project's root."""
    named = environment.get(VARIABLE)
    return Path(named) if named else root / FOLDER


def content_digest(data: bytes) -> str:
    """Return what stands for the content of a file. Times and sizes of files never do."""
    return hashlib.sha256(data).hexdigest()


class Remembered(Generic[Kept]):
    """What was made of files, encoded, by path and content, for one version of everything that makes it.

    All of them are in one file, which is read once and replaced as a whole. Runs at the same time don't see each
    other's facts; the last to write wins. The file starts with a digest of the rest, so that a damaged one is known.
    """

    def __init__(self, folder: Path | None, key: str, stem: str, kind: type[Kept], *, today: int | None = None) -> None:
        """Open the cache of a folder; None: remember nothing.

        Args:
            folder: where the cache is; it need not exist.
            key: stands for everything but the file that facts depend on: versions of tool, parsers and catalogue.
            stem: what the cache's file is called after.
            kind: what is remembered.
            today: days since 1970.
        """
        self._stem = stem
        self._decoder: msgspec.json.Decoder[Kept] = msgspec.json.Decoder(kind)
        self.notes: list[str] = []
        self._folder = folder
        self._key = key
        self._today = today if today is not None else int(time.time() // 86_400)
        self._name = f"{stem}-{hashlib.sha256(key.encode()).hexdigest()[:16]}.json"
        self._entries = self._read(folder / self._name) if folder is not None else {}
        self._changed = False

    def get(self, path: str, content: str) -> Kept | None:
        """Return what is known of a file with this path and content digest, or None.

        The path may end in a zero byte and a word, for facts of the same file that were made in another way.
        """
        entry = self._entries.get(path)
        if entry is None or entry.content != content:
            return None
        try:
            facts: Kept = self._decoder.decode(entry.facts)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        if facts.path != path.partition("\0")[0]:
            return None
        if abs(self._today - entry.day) >= SEEN_EVERY:
            self.put(path, content, bytes(entry.facts))
        return facts

    def put(self, path: str, content: str, encoded: bytes) -> None:
        """Remember encoded facts."""
        if self._folder is not None:
            self._entries[path] = _Entry(content, self._today, msgspec.Raw(encoded))
            self._changed = True

    def save(self) -> None:
        """Write the cache if anything changed, whole or not at all; what prevents it becomes a note."""
        if self._folder is None or not self._changed:
            return
        try:
            body = msgspec.json.encode(_Content(self._key, self._kept()))
            _make(self._folder)
            _replace(self._folder / self._name, hashlib.sha256(body).hexdigest().encode(), b"\n", body)
        except OSError as error:
            why = error.strerror or type(error).__name__
            self.notes.append(f"the cache {self._folder} can't be written ({why}); the next run reads every file again")
        except UnicodeEncodeError:
            pass  # a file name that is no text; nothing is remembered
        else:
            self._changed = False
            self._drop_leftovers(self._folder)

    def _read(self, file: Path) -> dict[str, _Entry]:
        try:
            status = file.stat()
            # Anything but a plain file of a sane size isn't ours, and opening a pipe would wait for ever.
            if not stat.S_ISREG(status.st_mode) or status.st_size > 2 * MOST_BYTES:
                return {}
            data = file.read_bytes()
            body = data[_DIGEST + 1 :]
            if data[: _DIGEST + 1] != hashlib.sha256(body).hexdigest().encode() + b"\n":
                return {}
            content = msgspec.json.decode(body, type=_Content)
        except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError, MemoryError):
            return {}
        return content.entries if content.key == self._key else {}

    def _kept(self) -> dict[str, _Entry]:
        """Return the entries worth keeping: seen lately, and not too many. Unused ones stay, for runs over less."""
        kept: dict[str, _Entry] = {}
        room = MOST_BYTES
        for path, entry in sorted(self._entries.items(), key=lambda item: (-item[1].day, item[0])):
            room -= len(bytes(entry.facts)) + len(path)
            if room < 0:
                break
            if abs(self._today - entry.day) <= KEPT_DAYS:
                kept[path] = entry
        return kept

    def _drop_leftovers(self, folder: Path) -> None:
        """Remove caches of versions that nobody runs any more, and what interrupted runs left half written."""
        for pattern, days in ((f"{self._stem}-*.json", KEPT_DAYS), (f"{self._stem}-*.tmp", 1)):
            for file in folder.glob(pattern):
                with suppress(OSError):
                    if file.name != self._name and self._today - file.stat().st_mtime / 86_400 > days:
                        file.unlink()


class FactsCache(Remembered[FileFacts]):
    """The facts of files."""

    def __init__(self, folder: Path | None, key: str, *, today: int | None = None) -> None:
        """Open it; see `Remembered`."""
        super().__init__(folder, key, "facts", FileFacts, today=today)


class ReadsCache(Remembered[FileReads]):
    """What the SQL statements of files say."""

    def __init__(self, folder: Path | None, key: str, *, today: int | None = None) -> None:
        """Open it; see `Remembered`."""
        super().__init__(folder, key, "reads", FileReads, today=today)


class UsesCache(Remembered[FileUses]):
    """What the SQL statements of files do to the tables of a schema."""

    def __init__(self, folder: Path | None, key: str, *, today: int | None = None) -> None:
        """Open it; see `Remembered`."""
        super().__init__(folder, key, "uses", FileUses, today=today)


class FixesCache(Remembered[Fixes]):
    """By which edits the findings of whole repositories go away, by the paths asked for."""

    def __init__(self, folder: Path | None, key: str, *, today: int | None = None) -> None:
        """Open it; see `Remembered`."""
        super().__init__(folder, key, "fixes", Fixes, today=today)


class UnderstoodCache(Remembered[Understood]):
    """What was understood of whole repositories, by the paths asked for."""

    def __init__(self, folder: Path | None, key: str, *, today: int | None = None) -> None:
        """Open it; see `Remembered`."""
        super().__init__(folder, key, "runs", Understood, today=today)


def _make(folder: Path) -> None:
    """Make the folder, known to git and to backups as a cache; one that exists already keeps its own files."""
    if folder.is_dir():
        return
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ".gitignore").write_text("*\n", encoding="utf-8")
    (folder / "CACHEDIR.TAG").write_text(_TAG, encoding="utf-8")


def _replace(file: Path, *parts: bytes) -> None:
    """Write a file so that readers see the old or the new one, never half of it."""
    handle, temporary = tempfile.mkstemp(dir=file.parent, prefix="facts-", suffix=".tmp")
    try:
        with open(handle, "wb") as out:
            out.writelines(parts)
        os.replace(temporary, file)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise
