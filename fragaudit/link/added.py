"""Objects of models that are handed to a session, or saved: each is a row written to the model's table."""

from __future__ import annotations

import re
from collections.abc import Iterator

from fragaudit.link.abstract import Abstract, Display, Instance
from fragaudit.link.evaluate import Evaluator
from fragaudit.link.orm import Mapping
from fragaudit.link.program import Place, Site
from fragaudit.model.locations import Location
from fragaudit.model.values import Attr, Call, Map, Value, dotted

_PUTS = frozenset({"add", "add_all", "merge", "bulk_save_objects", "delete"})
_SAVES = frozenset({"save", "asave", "delete", "adelete"})
_SESSION = re.compile(r"sess|(?:^|_)(?:s|db|database|uow|tx|conn|connection)$", re.IGNORECASE)


class Added:
    """Finds the writes of a repository that are written as neither SQL nor a query: table and place of each."""

    def __init__(self, evaluator: Evaluator, mapping: Mapping) -> None:
        self._evaluator = evaluator
        self._tables = {model.cls.place: model.table.name for model in mapping.models if model.cls is not None}

    def all(self) -> tuple[tuple[str, Location], ...]:
        """Return the table and the place of each, in order of place."""
        found: dict[tuple[Location, str], None] = {}
        program = self._evaluator.program
        for site in program.sites if self._tables else ():
            func = site.call.func
            if not isinstance(func, Attr) or func.name not in _PUTS | _SAVES:
                continue
            for table in self._written(func, site):
                found[program.location(site.place.file, site.call.at), table] = None
        return tuple((table, at) for at, table in sorted(found))

    def _written(self, func: Attr, site: Site) -> Iterator[str]:
        if func.name in _PUTS and site.call.args and _SESSION.search(_last(func.base)):
            yield from self._of(site.call.args[0].value, site.place)
        elif func.name in _SAVES:
            yield from self._of(func.base, site.place)

    def _of(self, value: Value, place: Place) -> Iterator[str]:
        for meaning in self._evaluator.evaluate(value, place):
            if isinstance(meaning, Display) and not isinstance(meaning.value, Map):
                for item in meaning.value.items:
                    yield from self._tables_of(self._evaluator.evaluate(item, meaning.place))
            else:
                yield from self._tables_of((meaning,))

    def _tables_of(self, meanings: tuple[Abstract, ...]) -> Iterator[str]:
        for meaning in meanings:
            if isinstance(meaning, Instance):
                for ancestor in self._evaluator.ancestry(meaning.of):
                    if ancestor.place in self._tables:
                        yield self._tables[ancestor.place]
                        break


def _last(value: Value) -> str:
    """Return the last name of what a method is called on: `session` for `db.session` and `self.session()`."""
    value = value.func if isinstance(value, Call) else value
    return dotted(value).rpartition(".")[2]
