"""Reads what is written about indexes: the documents of a repository, and comments where tables are defined."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from fragaudit.config import Config
from fragaudit.discover import Read, SourceFile
from fragaudit.link.documented import documented
from fragaudit.model.documents import Section
from fragaudit.model.locations import Location, Problem
from fragaudit.model.schema import Table
from fragaudit.model.stores import Service

Documenting = Callable[[Sequence[Service], Sequence[Table]], tuple[Service, ...]]
"""Returns services with what is documented of their indexes, given all tables."""


def with_documents(
    services: Sequence[Service],
    tables: Sequence[Table],
    documents: Sequence[SourceFile],
    files: Sequence[SourceFile],
    read: Read,
    config: Config,
) -> tuple[Service, ...]:
    """Return the services with what is documented of their indexes; nothing is read if they ask no table."""
    if not any(service.accesses for service in services):
        return tuple(services)
    by_path = {file.path: file for file in files}
    beside = _Beside(by_path, read) if config.documentation.comments else _nowhere
    return documented(services, tables, _sections(documents, read, config), beside)


def _sections(documents: Sequence[SourceFile], read: Read, config: Config) -> list[Section]:
    from fragaudit.extract.documents import sections

    found: list[Section] = []
    for document in documents:
        try:
            data = read(document)
        except OSError:
            continue  # no input of the audit: what can't be read documents nothing
        found.extend(sections(document.path, data, config.documentation.headings))
    return sorted(found)


def _nowhere(table: Table) -> Location | None:
    del table
    return None


class _Beside:
    """Looks into the files that define a table; each is read once, and only where no document names the table."""

    def __init__(self, files: Mapping[str, SourceFile], read: Read) -> None:
        self._files = files
        self._read = read
        self._lines: dict[str, list[str]] = {}

    def __call__(self, table: Table) -> Location | None:
        from fragaudit.extract.comments import says_indexes, says_of_index, says_of_table

        own = [index for index in table.indexes if index.origin in ("index", "unique")]
        for index in own:
            if index.comment:
                return index.at[0] if index.at else table.defined_at[0]
        if any(says_indexes(text) for text in (table.comment, *(column.comment for column in table.columns))):
            return table.defined_at[0]
        for at in table.defined_at:
            if says_of_table(self._of(at.path), at.line):
                return at
        for at in (at for index in own if index.origin == "index" for at in index.at):
            if says_of_index(self._of(at.path), at.line):
                return at
        return None

    def _of(self, path: str) -> list[str]:
        if path not in self._lines:
            self._lines[path] = self._text(path).splitlines()
        return self._lines[path]

    def _text(self, path: str) -> str:
        from fragaudit.extract.source import decode

        file = self._files.get(path)
        if file is None:
            return ""
        try:
            text = decode(path, self._read(file), python=file.language == "python")
        except OSError:
            return ""  # gone since it was read
        return "" if isinstance(text, Problem) else text
