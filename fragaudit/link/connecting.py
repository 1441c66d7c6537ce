"""Functions that make the connections of an engine that is made elsewhere: what they open is that engine's database."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from fragaudit.link.abstract import Abstract, Bound, FunctionRef, Handle
from fragaudit.link.arguments import SiteKey
from fragaudit.link.evaluate import Evaluator
from fragaudit.link.identity import site_key
from fragaudit.link.program import Place
from fragaudit.model.facts import MODULE_SCOPE
from fragaudit.model.values import Call, Lit

_CREATORS = frozenset({"creator", "async_creator"})
"""What SQLAlchemy's engines call for each connection."""
_CONNECTING = Lit("do_connect")
"""The event in whose place a listener may connect."""


class Connecting:
    """Finds the functions that connect for an engine."""

    def __init__(self, evaluator: Evaluator) -> None:
        """Take what follows names."""
        self._evaluator = evaluator
        self._program = evaluator.program

    def for_engine(self, place: Place) -> SiteKey | None:
        """Return the call that made the engine for which the function around a place connects, if it does."""
        scope = place.scope
        while scope > MODULE_SCOPE:
            made = self._functions.get(Place(place.file, scope))
            if made is not None:
                return made
            scope = self._program.files[place.file].scopes[scope].parent
        return None

    @cached_property
    def _functions(self) -> dict[Place, SiteKey]:
        found: dict[Place, SiteKey] = {}
        for function, key in (*self._given(), *self._listening()):
            found.setdefault(function, key)
        return found

    def _given(self) -> Iterator[tuple[Place, SiteKey]]:
        """Yield the functions that engines are given: `create_engine(…, creator=connect)`."""
        for name in ("create_engine", "create_async_engine"):
            for site in self._program.sites_by_name.get(name, ()):
                for argument in site.call.args:
                    if argument.name in _CREATORS:
                        for meaning in self._evaluator.evaluate(argument.value, site.place):
                            if isinstance(meaning, FunctionRef):
                                yield meaning.place, site_key(site)

    def _listening(self) -> Iterator[tuple[Place, SiteKey]]:
        """Yield the functions that connect in an engine's place: `@event.listens_for(engine, "do_connect")`."""
        for number, file in enumerate(self._program.files):
            for scope_number, scope in enumerate(file.scopes):
                for decorator in scope.decorators:
                    if not isinstance(decorator, Call) or getattr(decorator.func, "name", "") != "listens_for":
                        continue
                    values = [argument.value for argument in decorator.args]
                    if len(values) > 1 and values[1] == _CONNECTING:
                        for meaning in self._evaluator.evaluate(values[0], Place(number, scope.parent)):
                            key = _made_by(meaning)
                            if key is not None:
                                yield Place(number, scope_number), key


def _made_by(meaning: Abstract) -> SiteKey | None:
    handle = meaning.handle if isinstance(meaning, Bound) else meaning
    return site_key(handle.site) if isinstance(handle, Handle) and handle.site is not None else None
