"""Does an index serve what a document says that it serves? Only what surely isn't so is told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from fragaudit.coverage import column_of, index_name
from fragaudit.coverage.rivals import uses
from fragaudit.link.asking import Asked, Places
from fragaudit.model.accesses import Access
from fragaudit.model.documents import Serving, Sought, Untrue
from fragaudit.model.schema import Index, Table, bare
from fragaudit.model.sql import And, Column, Compare, Predicate

_ANY_KEY = frozenset({"gin", "brin", "bloom", "fulltext"})


class Servings:
    """Judges what documents say that indexes are for, by the schema and by what is asked of it.

    Args:
        tables: all tables of the repository.
        accesses: what is asked of each, by its name.
        places: finds what is meant by the name of a function or file.
    """

    def __init__(self, tables: Sequence[Table], accesses: Mapping[str, Sequence[Access]], places: Places) -> None:
        self._accesses = accesses
        self._places = places
        self._named: dict[str, list[tuple[Table, Index]]] = {}
        self._tables: dict[str, list[Table]] = {}
        for table in tables:
            self._tables.setdefault(bare(table.name), []).append(table)
            for index in table.indexes:
                if index.name:
                    self._named.setdefault(index.name.lower(), []).append((table, index))

    def untrue(self, serving: Serving) -> Iterator[Untrue]:
        """Yield what is said of an index and isn't so: one for each use that it is said to have."""
        if serving.missing:
            yield from self._there(serving)
            return
        meant = self._meant(serving)
        if any(table.silent or not table.columns or not index.keys for table, index in meant):
            return
        for sought in serving.sought:
            wrong = [self._not_found_by(serving, sought, table, index) for table, index in meant]
            if wrong and all(wrong):
                yield wrong[0]  # type: ignore[misc]
        for site in serving.sites:
            wrong = [self._not_asked(serving, site, table, index) for table, index in meant]
            if wrong and all(wrong):
                yield wrong[0]  # type: ignore[misc]

    def _there(self, serving: Serving) -> Iterator[Untrue]:
        """Yield what is said to be missing and is there: an index of that name, or one that serves the place."""
        for name in serving.names:
            known = self._named.get(name.lower(), ())
            if known:
                index = known[0][1]
                yield Untrue(serving.at, index.name, has=tuple(str(key) for key in index.keys), there=True,
                             defined_at=index.at[0] if index.at else None)  # fmt: skip
        tables = [table for name in serving.tables for table in self._tables.get(bare(name), ())]
        for site in serving.sites:
            found = [self._places.asked(site, self._accesses.get(t.name, ()), serving.at.path) for t in tables]
            here = [access for asked in found if asked is not None and asked.exact for access in asked.found]
            if here and all(access.verdict == "covered" and access.by for access in here):
                yield Untrue(serving.at, here[0].by, serves=f"`{site}`", asked_at=here[0].at, there=True)

    def _meant(self, serving: Serving) -> list[tuple[Table, Index]]:
        """Return the index that is spoken of: several of one name where schemas are apart, none if that isn't clear."""
        if serving.columns:
            tables = [table for name in serving.tables for table in self._tables.get(bare(name), ())]
            return [
                (table, index) for table in tables for index in table.indexes
                if tuple(key.column.lower() for key in index.keys) == serving.columns
            ]  # fmt: skip
        for names in (serving.names, serving.tables):
            known = [found for name in dict.fromkeys(n.lower() for n in names) if (found := self._named.get(name))]
            if known:
                return known[0] if len(known) == 1 else []
        return []

    def _not_found_by(self, serving: Serving, sought: Sought, table: Table, index: Index) -> Untrue | None:
        """Return that rows can't be found by columns through an index, None if they can or it isn't clear."""
        wanted = {name.lower() for name in sought.columns}
        if any(column_of(table, name) is None for name in wanted) or not all(key.column for key in index.keys):
            return None
        keys = [key.column.lower() for key in index.keys]
        if keys[0] in wanted or (index.method in _ANY_KEY and wanted & set(keys)):
            return None
        if wanted & _of_part(index):
            return None  # it holds only the rows that are meant
        held = {*keys, *(name.lower() for name in index.include)}
        asking = [a for a in self._accesses.get(table.name, ()) if wanted <= _looked_at(a)]
        if any(_may_use(access, index, table) for access in asking):
            return None
        if wanted & held:
            if not asking:
                return None  # beside conditions that go without saying, as those on the tenant do
        elif sought.plain and any(_alike(name, other) for name in wanted for other in held):
            return None
        said = "rows by " + " and ".join(sought.columns)
        return _wrong(serving, index, said, asking[0] if asking else None)

    def _not_asked(self, serving: Serving, site: str, table: Table, index: Index) -> Untrue | None:
        """Return that what is asked at a place can't use an index, None if it can or it isn't clear."""
        known = self._accesses.get(table.name, ())
        if bare(site) in self._tables or column_of(table, site) is not None:
            return None
        asked = self._places.asked(site, known, serving.at.path)
        if asked is None or (asked.gone and not serving.written) or not self._sure(asked, serving):
            return None
        if any(_may_use(access, index, table) for access in (*asked.found, *asked.more)):
            return None
        return _wrong(serving, index, f"`{site}`", asked.found[0] if asked.found and asked.exact else None)

    def _sure(self, asked: Asked, serving: Serving) -> bool:
        """Say whether what stands at a place is surely what is meant."""
        if asked.gone:
            return any(self._places.holds(site) for site in serving.sites)
        # What a person wrote of a line may be of a call on it that asks elsewhere.
        return asked.exact or serving.written


def _wrong(serving: Serving, index: Index, said: str, access: Access | None) -> Untrue:
    at = index.at[0] if index.at else None
    has = tuple(str(key) for key in index.keys)
    by = access.by if access is not None and access.verdict in ("covered", "partial") else ""
    place = access.at if access is not None else None
    return Untrue(serving.at, index_name(index), (), has, at, said, by, place, serving.written, serving.comment)


def _may_use(access: Access, index: Index, table: Table) -> bool:
    """Say whether an access can use an index, or could with conditions that may be added when it runs."""
    return access.unknown or uses(access, index, table) or access.by == index_name(index)


def _looked_at(access: Access) -> set[str]:
    """Return the columns that an access compares, sorts or groups by."""
    conditions = [*access.conditions, *(c for arm in access.arms for c in arm)]
    names = [c.column for c in conditions] + [u.column for u in access.unindexable]
    names += [*(s.column for s in access.sort), *access.group, *access.distinct]
    return {name.lower() for name in (*names, access.extreme) if name}


def _of_part(index: Index) -> set[str]:
    """Return the columns that decide which rows a partial index holds."""
    found: set[str] = set()
    waiting: list[Predicate] = [index.where] if index.where is not None else []
    while waiting:
        part = waiting.pop()
        if isinstance(part, And):
            waiting += part.items
        elif isinstance(part, Compare) and isinstance(part.left, Column):
            found.add(part.left.name.lower())
    return found


def _alike(name: str, other: str) -> bool:
    """Say whether two columns may be one in the words of a reader: `type` and `document_type`."""
    return bool({w.removesuffix("s") for w in name.split("_")} & {w.removesuffix("s") for w in other.split("_")})
