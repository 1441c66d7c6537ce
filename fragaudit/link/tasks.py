"""Tasks of Celery: a function that takes messages of its own name, and the calls that send it some.

A task is called by the name it is given, else by that of its module and function, as a worker registers it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

from fragaudit.link.abstract import Bound, External, FunctionRef, Handle
from fragaudit.link.evaluate import Evaluator, argument_of
from fragaudit.link.identity import site_key
from fragaudit.link.keyspaces import named
from fragaudit.link.openings import SiteKey
from fragaudit.link.program import Place, Site
from fragaudit.link.usage import Called
from fragaudit.model.stores import StoreCall
from fragaudit.model.values import Attr, Call, Ref, Value

_DECORATORS = frozenset({"task", "shared_task", "periodic_task"})
_SENDS = frozenset({"delay", "apply_async", "s", "si", "signature", "subtask"})
_BY_NAME = frozenset({"send_task", "signature"})
_OUTSIDE = frozenset(
    {
        "celery.shared_task", "celery.app.shared_task", "celery.task", "celery.task.task", "celery.decorators.task",
        "celery.current_app.task", "celery.task.periodic_task",
    }
)  # fmt: skip
_SENDERS = frozenset(
    {
        "celery.execute.send_task", "celery.current_app.send_task", "celery.signature", "celery.canvas.signature",
        "celery.current_app.signature", "celery.app.current_app().send_task",
    }
)  # fmt: skip
_APP = "celery.Celery"


class Tasks:
    """Finds tasks and who sends them messages, in the files of an evaluator."""

    def __init__(self, evaluator: Evaluator) -> None:
        self._evaluator = evaluator
        self._program = evaluator.program

    def all(self) -> tuple[Called, ...]:
        """Return the calls on the queue behind tasks: a definition reads, and what sends a message writes."""
        found = [called for place, (name, apps) in self._tasks.items() for called in self._taken(place, name, apps)]
        for method in sorted(_SENDS if self._tasks else ()):
            for site in self._program.sites_by_name.get(method, ()):
                found.extend(self._sent(site, method))
        for method in sorted(_BY_NAME):
            for site in self._program.sites_by_name.get(method, ()):
                found.extend(self._sent_by_name(site, method))
        return tuple(dict.fromkeys(found))

    @cached_property
    def _apps(self) -> tuple[SiteKey, ...]:
        """Applications that are made anywhere: a task that names none is of each that the service has."""
        found = []
        for site in self._program.sites_by_name.get("Celery", ()):
            for made in self._evaluator.evaluate(site.call, site.place):
                if isinstance(made, Handle) and made.name == _APP and made.site is not None:
                    found.append(site_key(made.site))
        return tuple(dict.fromkeys(found))

    @cached_property
    def _tasks(self) -> dict[Place, tuple[str, tuple[SiteKey, ...]]]:
        """Tasks by their function: the name of each, and the applications that it is of."""
        found = {}
        for file, facts in enumerate(self._program.files):
            for number, scope in enumerate(facts.scopes):
                if scope.kind != "function":
                    continue
                for decorator in scope.decorators:
                    if _last(decorator) in _DECORATORS:
                        outer = Place(file, scope.parent)
                        apps = self._declares(decorator, outer)
                        if apps is not None:
                            place = Place(file, number)
                            found[place] = (self._name(decorator, outer) or self._default(place), apps)
        return found

    def _declares(self, decorator: Value, outer: Place) -> tuple[SiteKey, ...] | None:
        """Return the applications that a decorator makes a task of, None if it makes none."""
        function = decorator.func if isinstance(decorator, Call) else decorator
        for meaning in self._evaluator.evaluate(function, outer):
            match meaning:
                case Bound(Handle(name, site), "task") if name == _APP and site is not None:
                    return (site_key(site),)
                case Bound(Handle(name, None), "task") if name == _APP:
                    return self._apps
                case External(name) if name in _OUTSIDE:
                    return self._apps
                case _:
                    continue
        return None

    def _name(self, decorator: Value, outer: Place) -> str:
        value = argument_of(decorator.args, "name", None) if isinstance(decorator, Call) else None
        meanings = self._evaluator.evaluate(value, outer) if value is not None else ()
        return next((text for meaning in meanings if (text := named(meaning))), "")

    def _default(self, place: Place) -> str:
        """Return the name that a task has if it is given none: that of its module, as others import it, and its own."""
        names = self._program.module_names(place.file)
        own = self._program.scope(place).name
        said = next((n for n in names if f"{n}.{own}" in self._asked_for), None)
        imported = next((n for n in names if n in self._imported), names[-1] if names else "")
        return f"{said or imported}.{own}".lstrip(".")

    @cached_property
    def _asked_for(self) -> frozenset[str]:
        """Names of tasks that are sent messages by name."""
        sites = [site for method in sorted(_BY_NAME) for site in self._program.sites_by_name.get(method, ())]
        return frozenset(text for site in sites for text in self._said(site))

    @cached_property
    def _imported(self) -> frozenset[str]:
        """Names by which modules are imported."""
        found = set()
        for file in self._program.files:
            for item in file.imports:
                if not item.level:
                    found |= {item.module, f"{item.module}.{item.name}"}
        return frozenset(found)

    def _said(self, site: Site) -> Iterator[str]:
        value = argument_of(site.call.args, "name", 0)
        if value is not None:
            yield from (text for meaning in self._evaluator.evaluate(value, site.place) if (text := named(meaning)))

    def _taken(self, place: Place, name: str, apps: Sequence[SiteKey]) -> Iterator[Called]:
        at = self._program.location(place.file, self._program.scope(place).span)
        call = StoreCall(at, "read", "task", name, passes=True)
        yield from (Called(call, place.file, app, "", None, "task") for app in apps)

    def _sent(self, site: Site, method: str) -> Iterator[Called]:
        if not isinstance(site.call.func, Attr) or not isinstance(site.call.func.base, Attr | Ref):
            return
        for meaning in self._evaluator.evaluate(site.call.func.base, site.place):
            if isinstance(meaning, FunctionRef) and meaning.place in self._tasks:
                name, apps = self._tasks[meaning.place]
                yield from self._writes(site, method, name, apps)

    def _sent_by_name(self, site: Site, method: str) -> Iterator[Called]:
        """Messages that are sent to a task by its name, past an object that was followed to an application."""
        for meaning in self._evaluator.evaluate(site.call.func, site.place):
            apps = self._apps
            if isinstance(meaning, Bound) and meaning.handle.name == _APP and meaning.handle.site is not None:
                if method == "send_task":
                    return  # a call on the application like any other
                apps = (site_key(meaning.handle.site),)
            elif not (isinstance(meaning, External) and meaning.name in _SENDERS):
                continue
            for name in self._said(site):
                yield from self._writes(site, method, name, apps)

    def _writes(self, site: Site, method: str, name: str, apps: Sequence[SiteKey]) -> Iterator[Called]:
        at = self._program.location(site.place.file, site.call.at)
        call = StoreCall(at, "write", method, name, passes=True)
        yield from (Called(call, site.place.file, app, "", None, method) for app in apps)


def _last(decorator: Value) -> str:
    function = decorator.func if isinstance(decorator, Call) else decorator
    return function.name if isinstance(function, Attr | Ref) else ""
