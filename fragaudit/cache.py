"""Facts remembered between runs, by content. A cache that can't be read or written costs time, never an answer."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

import msgspec
from msgspec import Struct

FOLDER = ".fragaudit_cache"
FORMAT = 1
MOST_BYTES = 200_000_000
"""A cache of more is started anew: it holds the facts of files that are long gone."""


class _Content(Struct):
    """The file: facts by digest of path and content."""

    key: str
    entries: dict[str, msgspec.Raw]


class FactsCache:
    """Encoded facts by the digest of a file's path and content, for one version of everything that makes facts."""

    def __init__(self, folder: Path | None, key: str) -> None:
        """Open the cache of a folder; None: remember nothing. `key` stands for tool, parser and catalogue versions."""
        self._folder = folder
        self._key = key
        self._name = f"facts-{hashlib.sha256(key.encode()).hexdigest()[:16]}.json"
        self._known: dict[str, msgspec.Raw] = self._read()
        self._used: dict[str, msgspec.Raw] = {}
        self._changed = False
        self.note = ""

    @staticmethod
    def digest(path: str, data: bytes) -> str:
        """Return the name of a file's facts."""
        return hashlib.sha256(path.encode("utf-8", "replace") + b"\0" + data).hexdigest()[:40]

    def get(self, digest: str) -> bytes | None:
        """Return encoded facts."""
        raw = self._known.get(digest)
        if raw is None:
            return None
        self._used[digest] = raw
        return bytes(raw)

    def put(self, digest: str, encoded: bytes) -> None:
        """Remember encoded facts."""
        self._used[digest] = msgspec.Raw(encoded)
        self._changed = True

    def forget(self, digest: str) -> None:
        """Drop facts that turned out to be unreadable."""
        self._known.pop(digest, None)
        self._used.pop(digest, None)

    def save(self) -> None:
        """Write the cache if anything changed, whole or not at all. A folder that can't be written is only noted."""
        if self._folder is None or not self._changed:
            return
        # Facts not used in this run stay: the next one may audit another part of the repository.
        entries = {**self._known, **self._used}
        if sum(len(bytes(raw)) for raw in entries.values()) > MOST_BYTES:
            entries = self._used
        data = msgspec.json.encode(_Content(self._key, entries))
        temporary = ""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            _write_once(self._folder / ".gitignore", "*\n")
            _write_once(self._folder / "CACHEDIR.TAG", "Signature: 8a477f597d28d172789f06886806bc55\n")
            with tempfile.NamedTemporaryFile(dir=self._folder, delete=False, suffix=".tmp") as file:
                temporary = file.name
                file.write(data)
            os.replace(temporary, self._folder / self._name)
        except OSError as error:
            self.note = f"the cache {self._folder} can't be written ({error.strerror}); the next run starts from nothing"
            if temporary:
                try:
                    os.unlink(temporary)
                except OSError:
                    pass
            return
        self._drop_other_versions()

    def _read(self) -> dict[str, msgspec.Raw]:
        if self._folder is None:
            return {}
        try:
            content = msgspec.json.decode((self._folder / self._name).read_bytes(), type=_Content)
        except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return {}
        return content.entries if content.key == self._key else {}

    def _drop_other_versions(self) -> None:
        assert self._folder is not None
        try:
            for file in sorted(self._folder.glob("facts-*.json"), key=lambda f: f.stat().st_mtime)[:-3]:
                if file.name != self._name:
                    file.unlink()
        except OSError:
            pass


def _write_once(file: Path, text: str) -> None:
    if not file.exists():
        file.write_text(text, encoding="utf-8")
