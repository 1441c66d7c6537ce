"""Which migrations Django has, and the order that their dependencies ask for; squashed ones stand for many."""

from __future__ import annotations

import posixpath

from msgspec import Struct

from fragaudit.link.abstract import ClassRef
from fragaudit.link.migrations.steps import Gap
from fragaudit.link.orm.django import Django
from fragaudit.link.orm.reader import Read, Reader, View
from fragaudit.model.locations import Location
from fragaudit.model.values import Call

Name = tuple[str, str]
"""App and name of a migration."""


class Migration(Struct, frozen=True):
    """One migration, and those that it names. `understood`: all of these could be read."""

    name: Name
    cls: ClassRef
    path: str
    depends: tuple[Name, ...]
    replaces: tuple[Name, ...]
    before: tuple[Name, ...]
    understood: bool


class Ordering:
    """Finds and sorts the migrations of all apps; `gaps` says what of their dependencies was not understood."""

    def __init__(self, reader: Reader, django: Django) -> None:
        self.reader = reader
        self.django = django
        self.fields = django.fields
        self.classes = django.classes
        self.gaps: list[Gap] = []

    def found(self) -> list[Migration]:
        """Return every migration, in order of file."""
        found: list[Migration] = []
        for cls in self.classes.all():
            path = self.classes.module(cls)
            folder, name = posixpath.split(path.removesuffix(".py"))
            if self.classes.scope(cls).name != "Migration" or self.classes.scope(cls).parent != 0:
                continue
            if not any(base.endswith("migrations.Migration") for base in self.classes.outside(cls)):
                continue
            if name == "__init__" or posixpath.basename(folder) in ("management", "commands"):
                continue
            app = self.django.apps.label(posixpath.dirname(folder) + "/models.py")
            named = {key: self._pairs(cls, key) for key in ("dependencies", "replaces", "run_before")}
            understood = None not in named.values()
            found.append(
                Migration((app, name), cls, path, named["dependencies"] or (), named["replaces"] or (),
                           named["run_before"] or (), understood)
            )  # fmt: skip
        return found

    def _pairs(self, cls: ClassRef, key: str) -> tuple[Name, ...] | None:
        binding = self.classes.members(cls).get(key)
        if binding is None or binding.value is None:
            return ()
        items = self.reader.items(Read(binding.value, View(cls.place)))
        found: list[Name] = []
        for item in items or []:
            texts = self.reader.texts(item)
            if texts is not None and len(texts) == 2:
                found.append((texts[0], texts[1]))
            elif isinstance(item.value, Call):  # swappable_dependency(settings.AUTH_USER_MODEL)
                app = self.fields.user.partition(".")[0]
                found.append((app, "__first__"))
            else:
                return None
        return tuple(found) if items is not None else None

    def in_order(self, found: list[Migration]) -> list[Migration]:
        """Return those that run, each behind those that it depends on."""
        replaced = {name: m.name for m in found for name in m.replaces}
        active = {m.name: m for m in found if m.name not in replaced}
        firsts: dict[str, list[Name]] = {}
        for name in sorted(active):
            firsts.setdefault(name[0].lower(), []).append(name)
        for migration in found:
            if not migration.understood:
                self.gaps.append(Gap(Location(migration.path), "its dependencies can't be followed"))

        def known(name: Name, asking: Name) -> list[Name]:
            app, what = name
            if what in ("__first__", "__latest__"):
                own = [n for n in firsts.get(app.lower(), []) if n != asking]
                roots = [n for n in own if not any(d[0] == n[0] for d in active[n].depends)]
                return roots[:1] if what == "__first__" else own[-1:]
            for _ in range(len(found)):
                if (app, what) in replaced and replaced[app, what] != asking:
                    app, what = replaced[app, what]
                else:
                    break
            if (app, what) in active:
                return [(app, what)]
            if firsts.get(app.lower()) and (app, what) not in replaced:
                self.gaps.append(Gap(Location(active[asking].path), f"the migration it follows, {what}, isn't there"))
            return []

        edges: dict[Name, list[Name]] = {name: [] for name in active}
        for name, migration in active.items():
            inherited = [d for m in found if m.name in migration.replaces for d in m.depends]
            for before in (*migration.depends, *inherited):
                edges[name].extend(n for n in known(before, name) if n != name)
            for after in migration.before:
                for target in known(after, name):
                    edges[target].append(name)
        done: dict[Name, None] = {}
        for start in sorted(active):
            stack: list[tuple[Name, bool]] = [(start, False)]
            entered: set[Name] = set()
            while stack:
                name, closed = stack.pop()
                if closed:
                    done.setdefault(name)
                    continue
                if name in done or name in entered:
                    continue
                entered.add(name)
                stack.append((name, True))
                stack.extend((before, False) for before in sorted(edges[name], reverse=True))
        return [active[name] for name in done]
