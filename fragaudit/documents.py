"""Reads what is written about indexes: the documents of a repository, and comments where tables are defined."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence

from fragaudit.config import Config
from fragaudit.discover import Read, SourceFile
from fragaudit.link.asking import Places
from fragaudit.link.documented import documented
from fragaudit.model.documents import Section, Serving
from fragaudit.model.facts import FileFacts
from fragaudit.model.locations import Location, Problem
from fragaudit.model.schema import Table
from fragaudit.model.stores import Service

Documenting = Callable[[Sequence[Service], Sequence[Table], Sequence[FileFacts]], tuple[Service, ...]]
"""Returns services with what is documented of their indexes, given all tables and the facts of all files."""


def with_documents(
    services: Sequence[Service],
    tables: Sequence[Table],
    code: Sequence[FileFacts],
    documents: Sequence[SourceFile],
    files: Sequence[SourceFile],
    read: Read,
    config: Config,
) -> tuple[Service, ...]:
    """Return the services with what is documented of their indexes; nothing is read if they ask no table."""
    if not any(service.accesses for service in services):
        return tuple(services)
    by_path = {file.path: file for file in files}
    beside = _Beside(by_path, read)
    counts = config.documentation.comments

    def there(path: str) -> bool:
        try:
            read(SourceFile(path, os.path.join(folder, path), "document"))
        except OSError:
            return False
        return True

    # Of a path that isn't one of the audit only the disk can say whether it is there.
    folder = next((f.absolute.removesuffix(f.path) for f in (*files, *documents) if f.absolute.endswith(f.path)), "")
    comments = beside.said(tables) if counts else []
    sections, places = _sections(documents, read, config), Places(code, there)
    return documented(services, tables, sections, comments, beside if counts else _nowhere, places)


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
    """Looks into the files that define a table or index; each is read once."""

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

    def said(self, tables: Sequence[Table]) -> list[Serving]:
        """Return what comments on indexes say that these are for: given to the database, or beside the definition."""
        from fragaudit.extract.comments import said_of_index
        from fragaudit.extract.servings import of_comment

        found = []
        for table in tables:
            for index in table.indexes:
                for at in index.at[:1] if index.origin == "index" else ():
                    text = index.comment or said_of_index(self._of(at.path), at.line)
                    keys = tuple(key.column.lower() for key in index.keys)
                    serving = of_comment(text, at, index.name, table.name, keys) if text else None
                    if serving is not None:
                        found.append(serving)
        return found

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
