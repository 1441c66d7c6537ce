"""Objects of models: where they are made, and where they are handed to a session or saved as rows of a table."""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

from fragaudit.link.abstract import Abstract, ClassRef, Display, Instance
from fragaudit.link.evaluate import Evaluator
from fragaudit.link.once import beside
from fragaudit.link.orm import Mapping
from fragaudit.link.program import Place, Site
from fragaudit.model.locations import Location
from fragaudit.model.values import Attr, Call, Lit, Map, Ref, Value, children, dotted

_PUTS = frozenset({"add", "add_all", "merge", "bulk_save_objects", "delete"})
_SAVES = frozenset({"save", "asave", "delete", "adelete"})
_RELATING = ("relationship", "relation", "Relationship", "ManyToManyField")
_BETWEEN = frozenset({"secondary", "link_model", "through"})
_MOST_PARTS = 100
_DELETES = frozenset({"delete", "adelete"})
_SESSION = re.compile(r"sess|(?:^|_)(?:s|db|database|uow|tx|conn|connection)$", re.IGNORECASE)


class Rows(Struct, frozen=True):
    """Rows that are written as neither SQL nor a query.

    `written` are the table and the place where an object is saved, added or deleted, in order of place. `made` are the
    table and the path of a file that makes objects which can become rows of it whenever the service works, `deleted`
    those of a file that deletes some then. `removed` are the names of other objects that are deleted, and the path.
    `idle` are the tables of whose models no objects are made, by relationships neither.
    """

    written: tuple[tuple[str, Location], ...] = ()
    made: tuple[tuple[str, str], ...] = ()
    deleted: tuple[tuple[str, str], ...] = ()
    removed: tuple[tuple[str, str], ...] = ()
    idle: tuple[str, ...] = ()


class Added:
    """Finds the objects of a repository that stand for rows."""

    def __init__(self, evaluator: Evaluator, mapping: Mapping) -> None:
        self._evaluator = evaluator
        self._tables = {model.cls.place: model.table.name for model in mapping.models if model.cls is not None}

    def all(self) -> Rows:
        """Return where objects are made and where they are written."""
        written = self._put()
        once = {file.path for file in self._evaluator.program.files if beside(file)}
        deleted = {(table, at.path) for table, at, verb in written if verb in _DELETES and at.path not in once}
        removed = tuple((name, path) for name, path in self._removed() if path not in once)
        made = self._made()
        idle = set(self._tables.values()) - {table for table, _ in made} - set(self._between())
        return Rows(
            tuple((table, at) for table, at, _ in written), made, tuple(sorted(deleted)), removed, tuple(sorted(idle))
        )

    def _between(self) -> Iterator[str]:
        """Yield the tables of which relationships add rows: `secondary="tags"`, `through="Tagged"`."""
        program = self._evaluator.program
        by_name = {table.lower(): table for table in self._tables.values()}
        by_name |= {program.scope(place).name.lower(): table for place, table in self._tables.items()}
        for name in _RELATING if self._tables else ():
            for site in program.sites_by_name.get(name, ()):
                given = {a.name: a.value for a in site.call.args if a.name in _BETWEEN | {"viewonly"}}
                if given.get("viewonly") == Lit(True):
                    continue
                for value in (v for key, v in given.items() if key != "viewonly"):
                    if isinstance(value, Lit):
                        yield by_name.get(str(value.value).rpartition(".")[2].lower(), "")
                        continue
                    cls = value.base if isinstance(value, Attr) and value.name == "__table__" else value
                    known = (m for m in self._evaluator.evaluate(cls, site.place) if isinstance(m, ClassRef))
                    yield from self._tables_of(tuple(Instance(m) for m in known))

    def _made(self) -> tuple[tuple[str, str], ...]:
        program = self._evaluator.program
        named = {program.scope(place).name for place in self._tables}
        found: set[tuple[str, str]] = set()
        for number, file in enumerate(program.files):
            taken = {item.local: item.name for item in file.imports if item.name}
            for made in file.makes if not beside(file) else ():
                module, _, name = made.rpartition(".")
                if name not in named and taken.get(made) not in named:
                    continue
                for scope in {0, *(item.scope for item in file.imports if item.local == (module or name))}:
                    value = Attr(Ref(module), name) if module else Ref(name)
                    for meaning in self._evaluator.evaluate(value, Place(number, scope)):
                        if isinstance(meaning, ClassRef):
                            found.update((table, file.path) for table in self._tables_of((Instance(meaning),)))
        return tuple(sorted(found))

    def _put(self) -> tuple[tuple[str, Location, str], ...]:
        found: dict[tuple[Location, str], str] = {}
        program = self._evaluator.program
        for site in program.sites if self._tables else ():
            func = site.call.func
            if not isinstance(func, Attr) or func.name not in _PUTS | _SAVES:
                continue
            for table in self._written(func, site):
                found[program.location(site.place.file, site.call.at), table] = func.name
        return tuple((table, at, verb) for (at, table), verb in sorted(found.items()))

    def _removed(self) -> tuple[tuple[str, str], ...]:
        found: set[tuple[str, str]] = set()
        program = self._evaluator.program
        for site in program.sites if self._tables else ():
            value = _deleted(site.call)
            name = _last(value) if value is not None else ""
            if value is None or not name or any(self._of(value, site.place)) or any(self._found_by(value, site.place)):
                continue
            found.add((name, program.files[site.place.file].path))
        return tuple(sorted(found))

    def _written(self, func: Attr, site: Site) -> Iterator[str]:
        if func.name in _PUTS and site.call.args and _SESSION.search(_last(func.base)):
            known = list(self._of(site.call.args[0].value, site.place))
            yield from known or (self._found_by(site.call.args[0].value, site.place) if func.name in _DELETES else ())
        elif func.name in _SAVES:
            yield from self._of(func.base, site.place)

    def _of(self, value: Value, place: Place) -> Iterator[str]:
        for meaning in self._evaluator.evaluate(value, place):
            if isinstance(meaning, Display) and not isinstance(meaning.value, Map):
                for item in meaning.value.items:
                    yield from self._tables_of(self._evaluator.evaluate(item, meaning.place))
            else:
                yield from self._tables_of((meaning,))

    def _found_by(self, value: Value, place: Place) -> Iterator[str]:
        """Yield the table whose model the expression names that an object was found by."""
        bound = self._evaluator.program.bindings(place, value.name) if isinstance(value, Ref) else ()
        for start in [b.value for b in bound if b.value is not None] or [value]:
            waiting, left = [start], _MOST_PARTS
            while waiting and left:
                top, left = waiting.pop(), left - 1
                if isinstance(top, (Ref, Attr)):
                    known = (m for m in self._evaluator.evaluate(top, place) if isinstance(m, ClassRef))
                    if table := next((t for cls in known for t in self._tables_of((Instance(cls),))), ""):
                        yield table
                        break
                waiting.extend(children(top)[::-1])

    def _tables_of(self, meanings: tuple[Abstract, ...]) -> Iterator[str]:
        for meaning in meanings:
            if isinstance(meaning, Instance):
                for ancestor in self._evaluator.ancestry(meaning.of):
                    if ancestor.place in self._tables:
                        yield self._tables[ancestor.place]
                        break


def _deleted(call: Call) -> Value | None:
    """Return what a call deletes: `session.delete(row)`, `row.delete()`, `delete(Model)`; None for any other call."""
    func, first = call.func, call.args[0].value if call.args else None
    if isinstance(func, Ref):
        return first if func.name == "delete" else None
    if not isinstance(func, Attr) or func.name not in _DELETES:
        return None
    return func.base if first is None else first if _SESSION.search(_last(func.base)) else None


def _last(value: Value) -> str:
    """Return the last name of what a method is called on: `session` for `db.session` and `self.session()`."""
    value = value.func if isinstance(value, Call) else value
    return dotted(value).rpartition(".")[2]
