"""The schema of a repository: every change of it, folded in the order in which they are made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from fragaudit.link.schema.fold import Folded
from fragaudit.link.schema.order import later, order, source
from fragaudit.model.schema import AddIndex, Change, DropIndex, Table, bare
from fragaudit.model.statements import Read, Sited, Written

__all__ = ["Schema", "bare", "changes", "fold"]

_DEFAULTS = frozenset({"", "public", "dbo", "main", "guest"})


class Schema:
    """Tables by name, in any case, with or without the schema they are in."""

    def __init__(self, tables: Sequence[Table]) -> None:
        self.tables = tuple(tables)
        self._full: dict[str, Table] = {}
        self._bare: dict[str, list[Table]] = {}
        for table in tables:
            self._full[key(table.name)] = table
            self._bare.setdefault(bare(table.name), []).append(table)

    def table(self, name: str) -> Table | None:
        """Return a table; a name without a schema means the only one of that name, or that of the default schema."""
        found = self._full.get(key(name))
        if found is not None:
            return found
        named = self._bare.get(bare(name), [])
        return named[0] if len(named) == 1 else None


def key(name: str) -> str:
    """Return what a table is known by: its name, and its schema unless that is a default one."""
    schema, _, own = name.lower().rpartition(".")
    return own if schema in _DEFAULTS else f"{schema}.{own}"


def changes(read: Iterable[tuple[Written, Sequence[Read]]]) -> tuple[Sited, ...]:
    """Return the changes that texts make, each with its place in the order of things."""
    return tuple(
        Sited(change, written, source(written.path), _order(change, written.path))
        for written, reads in read
        for one in reads
        for change in one.changes
    )


def _order(change: Change, path: str) -> tuple[int | str, ...]:
    runs = path.endswith(".py") and source(path) == "sql"
    return later(path) if runs and isinstance(change, (AddIndex, DropIndex)) else order(path)


def fold(found: Sequence[Sited], dialects: Mapping[str, str] | None = None) -> Schema:
    """Return the schema that changes add up to, whatever they were written in.

    Args:
        found: the changes; those of one file in the order in which they stand there.
        dialects: by path, the dialect of what stands in a file, where it isn't that of its texts.
    """
    del dialects
    folded = Folded(key)
    for sited in sorted(found, key=lambda s: (s.order, s.origin.path, s.origin.at.line, s.origin.at.column)):
        folded.apply(sited)
    return Schema(folded.tables())
