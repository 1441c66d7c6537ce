"""The schemas of services that keep their tables apart: one database's tables are not those of another."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from itertools import combinations

from fragaudit.link.schema import Schema, fold, key
from fragaudit.model.schema import CreateTable, Table
from fragaudit.model.statements import Sited

_FOLDER = re.compile(r"/(?:migrations?|versions|alembic)/")


class Schemas:
    """The tables of a repository, and for services whose databases are known to differ, those that each can see.

    `twice` are, by number of a service, the tables by name that its own files define and another service's do too.
    """

    def __init__(self, found: Sequence[Sited], paths: Sequence[frozenset[str]], databases: Sequence[str]) -> None:
        """Fold the changes.

        Args:
            found: every change of the repository.
            paths: the files of each service; what several have may be of any of them.
            databases: what tells each service's database from the others', empty where that isn't known.
        """
        self._owner = {path: number for number in reversed(range(len(paths))) for path in paths[number]}
        counted = Counter(path for own in paths for path in own)
        self._alone = {path: number for path, number in self._owner.items() if counted[path] == 1}
        self.whole = fold(found)
        defining: dict[str, set[int]] = defaultdict(set)
        for sited in found:
            number = self._alone.get(sited.origin.path)
            if isinstance(sited.change, CreateTable) and number is not None and not sited.change.table.temporary:
                defining[key(sited.change.table.name)].add(number)
        shared = {name: numbers for name, numbers in defining.items() if len(numbers) > 1}
        self.twice = self._twice(found, shared)
        strangers: dict[int, set[int | str]] = defaultdict(set)
        made = self._made(found)
        for numbers in shared.values():
            for one, other in combinations(sorted(numbers), 2):
                known = bool(databases[one] and databases[other])
                # No database has a table made twice: of two series of migrations that both make it each has its own.
                if databases[one] != databases[other] if known else bool(made[one] & made[other]):
                    strangers[one].add(other)
                    strangers[other].add(one)
        for series, tables in sorted((s, t) for s, t in made.items() if isinstance(s, str)):
            for number in range(len(paths)):
                if made[number] & tables:
                    strangers[number].add(series)
        self._own = {
            number: fold([s for s in found if self._series(s) in (None, number) or self._series(s) not in others])
            for number, others in strangers.items()
        }

    def _made(self, found: Sequence[Sited]) -> dict[int | str, set[str]]:
        """Return the tables that the migrations of each service make, and those of nobody's series by their folder."""
        made: dict[int | str, set[str]] = defaultdict(set)
        for sited in found:
            series = self._series(sited)
            change = sited.change
            if series is None or sited.by != "migration" or not isinstance(change, CreateTable):
                continue
            if not change.table.temporary and not change.if_absent:
                made[series].add(key(change.table.name))
        return made

    def _series(self, sited: Sited) -> int | str | None:
        """Return whose a change is: a service's, or that of a folder of migrations of nobody; None: of anyone."""
        path = sited.origin.path
        number = self._alone.get(path)
        if number is not None or sited.by != "migration":
            return number
        return _FOLDER.split(f"/{path}", maxsplit=1)[0] or None

    def _twice(self, found: Sequence[Sited], shared: Mapping[str, set[int]]) -> dict[int, dict[str, Table]]:
        result: dict[int, dict[str, Table]] = {}
        for number in sorted({n for numbers in shared.values() for n in numbers}):
            own = fold([s for s in found if self._alone.get(s.origin.path) == number])
            result[number] = {t.name.lower(): t for t in own.tables if number in shared.get(key(t.name), ())}
        return result

    def of(self, number: int) -> Schema:
        """Return the tables that a service can see."""
        return self._own.get(number, self.whole)

    def at(self, path: str) -> Schema:
        """Return the tables that the code in a file can see."""
        number = self._owner.get(path)
        return self.whole if number is None else self.of(number)

    @property
    def tables(self) -> tuple[Table, ...]:
        """Every table of the repository; of services that keep theirs apart, each one's own too."""
        return tuple(dict.fromkeys((*self.whole.tables, *(t for _, s in sorted(self._own.items()) for t in s.tables))))
