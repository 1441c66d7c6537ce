"""Walks the paths to audit: ignore files honoured, loops and special files survived, everything left out counted."""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from msgspec import Struct
from pathspec import GitIgnoreSpec

from fragaudit.config import Config, shown_path
from fragaudit.discover.defaults import DOCS, DOCUMENTS, file_reason, folder_reason, language
from fragaudit.model.locations import Location, Problem

IGNORED = "ignored by .gitignore"
CONFIGURED = "excluded by the configuration"
SPECIAL = "special files"
MOST_DOCUMENTS = 3_000
"""Documents that are looked into: more are a book, not a description of a service."""
LARGEST_DOCUMENT = 1_000_000
"""Bytes."""


class SourceFile(Struct, frozen=True, order=True):
    """A file to read; `path` is posix style, relative to the working directory.

    `language` is python, sql or deploy, and document for what is no input of the audit.
    """

    path: str
    absolute: str
    language: str


Read = Callable[[SourceFile], bytes]
"""Returns the content of a file. Raises OSError."""


class Discovery(Struct, frozen=True):
    """The files found, how many were left out for which reason, and what could not be looked into.

    `documents` are no input of the audit: Markdown and reStructuredText below the paths, in folders of documentation,
    and between the paths and the working directory.
    """

    files: tuple[SourceFile, ...]
    excluded: tuple[tuple[str, int], ...]
    problems: tuple[Problem, ...]
    documents: tuple[SourceFile, ...] = ()


def discover(paths: Sequence[Path], base: Path, config: Config) -> Discovery:
    """Find the files to audit under paths.

    A path named outright is audited whatever the defaults and ignore files say; they count below it.

    Args:
        paths: files and folders that exist.
        base: the working directory, to which reported paths are relative.
        config: its `include` and `exclude` are patterns as in .gitignore, relative to its own folder.
    """
    walk = _Walk(base.resolve(), config)
    for path in paths:
        walk.start(path)
    return Discovery(
        tuple(sorted(walk.files.values())), tuple(sorted((+walk.excluded).items())), tuple(sorted(set(walk.problems))),
        tuple(sorted(walk.documents.values())[:MOST_DOCUMENTS]),
    )  # fmt: skip


class _Walk:
    def __init__(self, base: Path, config: Config) -> None:
        self._base = str(base)
        self._config_root = config.root or str(base)
        self._include = GitIgnoreSpec.from_lines(config.include) if config.include else None
        self._exclude = GitIgnoreSpec.from_lines(config.exclude) if config.exclude else None
        self._largest = config.max_file_size
        self._patterns = GitIgnoreSpec.from_lines(config.documentation.files)
        self.files: dict[str, SourceFile] = {}
        self.documents: dict[str, SourceFile] = {}
        self.excluded: Counter[str] = Counter()
        self.problems: list[Problem] = []
        self._seen: set[tuple[int, int]] = set()
        self._described: set[str] = set()

    def start(self, path: Path) -> None:
        absolute = os.path.abspath(path)
        if os.path.isdir(absolute):
            self._folder(absolute, self._ignores_above(absolute))
        else:
            self._file(absolute)
        self._documents_above(absolute)

    def _documents_above(self, path: str) -> None:
        """Find what describes the project that a path is a part of, up to the working directory."""
        inside = self._base.rstrip(os.sep) + os.sep
        while path.startswith(inside) and path != self._base:
            path = os.path.dirname(path)
            if path in self._described:
                return
            self._described.add(path)
            ignores = self._ignores_above(path)
            try:
                with os.scandir(path) as scan:
                    entries = sorted(scan, key=lambda entry: entry.name)
            except OSError:
                continue
            for entry in entries:
                try:
                    is_folder = entry.is_dir(follow_symlinks=False)
                except OSError:
                    continue
                if is_folder and folder_reason(entry.name, False) == DOCS:
                    if self._reason(entry, True, ignores) in (None, DOCS):
                        self._count(entry, documents=True)
                elif entry.name.endswith(DOCUMENTS) and self._reason(entry, False, ignores) is None:
                    self._document(entry.path)

    def _document(self, path: str) -> None:
        try:
            status = os.stat(path)
        except OSError:
            return
        relative = os.path.relpath(path, self._config_root)
        if stat.S_ISREG(status.st_mode) and status.st_size <= LARGEST_DOCUMENT and self._patterns.match_file(relative):
            shown = self._shown(path)
            self.documents[shown] = SourceFile(shown, path, "document")

    def _ignores_above(self, folder: str) -> list[tuple[str, GitIgnoreSpec]]:
        """Return the ignore files that apply to a folder from above it, up to the repository's root."""
        found: list[tuple[str, GitIgnoreSpec]] = []
        current = folder
        while True:
            if os.path.exists(os.path.join(current, ".git")):
                info = self._ignore_file(os.path.join(current, ".git", "info", "exclude"))
                if info is not None:
                    found.append((current, info))
                return list(reversed(found))
            parent = os.path.dirname(current)
            if parent == current:
                return []
            current = parent
            spec = self._ignore_file(os.path.join(current, ".gitignore"))
            if spec is not None:
                found.append((current, spec))

    def _ignore_file(self, path: str) -> GitIgnoreSpec | None:
        try:
            with open(path, encoding="utf-8", errors="replace") as lines:
                return GitIgnoreSpec.from_lines(lines)
        except OSError:
            return None

    def _folder(self, folder: str, ignores: list[tuple[str, GitIgnoreSpec]]) -> None:
        # An explicit stack: a tree can be deeper than Python's own.
        queue = [(folder, ignores)]
        while queue:
            current, specs = queue.pop()
            queue.extend(self._entries(current, specs))

    def _entries(
        self, folder: str, ignores: list[tuple[str, GitIgnoreSpec]]
    ) -> Iterator[tuple[str, list[tuple[str, GitIgnoreSpec]]]]:
        try:
            key = os.stat(folder)
            if (key.st_dev, key.st_ino) in self._seen:
                return
            self._seen.add((key.st_dev, key.st_ino))
            with os.scandir(folder) as scan:
                entries = sorted(scan, key=lambda entry: entry.name)
        except OSError as error:
            self.problems.append(Problem(self._at(folder), f"the folder can't be read: {error.strerror}"))
            return
        if any(entry.name == ".gitignore" for entry in entries):
            spec = self._ignore_file(os.path.join(folder, ".gitignore"))
            ignores = [*ignores, (folder, spec)] if spec is not None else ignores
        for entry in entries:
            try:
                is_folder, is_link = entry.is_dir(follow_symlinks=True), entry.is_symlink()
            except OSError as error:
                self.problems.append(Problem(self._at(entry.path), f"can't be read: {error.strerror}"))
                continue
            reason = self._reason(entry, is_folder, ignores)
            if is_folder:
                if reason is None and not (is_link and self._leads_back(entry.path)):
                    yield entry.path, ignores
                elif reason is not None:
                    self.excluded[reason] += self._count(entry, documents=reason == DOCS)
            elif language(entry.name) is not None:
                if reason is None:
                    self._file(entry.path)
                else:
                    self.excluded[reason] += 1
            elif entry.name.endswith(DOCUMENTS) and reason is None:
                self._document(entry.path)

    def _leads_back(self, path: str) -> bool:
        """Say whether a linked folder is one of its own parents, or one already walked."""
        key = os.stat(path)
        return (key.st_dev, key.st_ino) in self._seen

    def _count(self, entry: os.DirEntry[str], *, documents: bool) -> int:
        """Count the Python and SQL files in a folder that is left out; build output is not worth the walk.

        The documents in a folder of documentation are found on the way.
        """
        if entry.name in ("node_modules", ".git", ".venv", "site-packages", "__pycache__") or entry.is_symlink():
            return 1
        count = 0
        for folder, folders, names in os.walk(entry.path):
            folders[:] = [name for name in folders if name not in ("node_modules", ".git", "site-packages")]
            count += sum(name.endswith((".py", ".sql")) for name in names)
            if documents:
                for name in names:
                    if name.endswith(DOCUMENTS):
                        self._document(os.path.join(folder, name))
        return count

    def _reason(self, entry: os.DirEntry[str], is_folder: bool, ignores: list[tuple[str, GitIgnoreSpec]]) -> str | None:
        path = entry.path
        included = self._include is not None and self._matches(self._include, path, is_folder)
        if self._exclude is not None and self._matches(self._exclude, path, is_folder):
            return CONFIGURED
        if included:
            return None
        ignored = None
        for root, spec in ignores:
            relative = os.path.relpath(path, root) + ("/" if is_folder else "")
            verdict = spec.check_file(relative).include
            ignored = verdict if verdict is not None else ignored
        if ignored:
            return IGNORED
        if is_folder:
            is_app = all(os.path.exists(os.path.join(path, name)) for name in ("apps.py", "migrations"))
            return folder_reason(entry.name, os.path.exists(os.path.join(path, "pyvenv.cfg")), is_app)
        if language(entry.name) == "deploy":
            return None
        return file_reason(entry.name)

    def _matches(self, spec: GitIgnoreSpec, path: str, is_folder: bool) -> bool:
        return spec.match_file(os.path.relpath(path, self._config_root) + ("/" if is_folder else ""))

    def _file(self, path: str) -> None:
        kind = language(os.path.basename(path))
        if kind is None:
            return
        try:
            status = os.stat(path)
        except OSError as error:
            self.problems.append(Problem(self._at(path), f"can't be read: {error.strerror}"))
            return
        if not stat.S_ISREG(status.st_mode):
            self.excluded[SPECIAL] += 1
            return
        if status.st_size > self._largest:
            what = f"is larger than {self._largest:,} bytes ({status.st_size:,}) and was not read; see max-file-size"
            self.problems.append(Problem(self._at(path), what))
            return
        real = os.path.realpath(path)
        shown = self._shown(path)
        known = self.files.get(real)
        if known is None or shown < known.path:
            self.files[real] = SourceFile(shown, path, kind)

    def _shown(self, path: str) -> str:
        return shown_path(path, self._base)

    def _at(self, path: str) -> Location:
        return Location(self._shown(path))
