"""Tables that are made by calls of `Table`, and not by a migration for itself."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from fragaudit.link.orm.alchemy_table import Draft, engine_of
from fragaudit.link.orm.reader import View
from fragaudit.link.orm.sqlalchemy.bodies import Bodies
from fragaudit.link.orm.sqlalchemy.conventions import convention_of
from fragaudit.link.program import Place, Program
from fragaudit.model.facts import MODULE_SCOPE
from fragaudit.model.locations import Location
from fragaudit.model.values import Call


class Imperative:
    """Reads calls of `Table`, each once."""

    def __init__(self, bodies: Bodies) -> None:
        self._bodies = bodies
        self._made: dict[str, Draft] = {}

    def all(self) -> Iterator[tuple[Draft, Location]]:
        """Yield every table that a call makes, with its place."""
        program = self._bodies.program
        series = _series(program)
        for site in program.sites_by_name.get("Table", ()):
            view = View(site.place)
            if program.files[site.place.file].path.startswith(series):
                continue  # a table as a migration needs it once; what it creates is told by the migration
            name = self._bodies.reader.callee(site.call, view)
            if "sqlalchemy" not in name.lower() or not name.endswith("Table"):
                continue
            draft = self.table(site.call, view)
            if draft is not None:
                yield draft, program.location(site.place.file, site.call.at)

    def table(self, call: Call, view: View) -> Draft | None:
        """Return the table that a call makes; None if it reads its columns from the database."""
        reader, tables = self._bodies.reader, self._bodies.tables
        key = repr((view.place, call.at))
        if key in self._made:
            return self._made[key]
        positional = reader.positional(call, view)
        keywords = reader.keywords(call, view)
        if not positional or "autoload_with" in keywords or "autoload" in keywords:
            return None
        name = reader.text(positional[0])
        if name is None or len(positional) < 3:
            return None
        draft = Draft(name, at=tables.mark(view, call.at))
        draft.convention = convention_of(positional[1], reader)
        schema = reader.text(keywords["schema"]) if "schema" in keywords else None
        draft.schema = schema or ""
        draft.engine = engine_of(keywords)
        tables.apply(draft, positional[2:])
        self._made[key] = draft
        return draft


def _series(program: Program) -> tuple[str, ...]:
    """Return the folders of Alembic's revisions and of what belongs to them: `env.py` stands one folder above."""
    paths = {file.path for file in program.files}
    found: set[str] = set()
    for number, file in enumerate(program.files):
        if program.bindings(Place(number, MODULE_SCOPE), "down_revision"):
            folder = posixpath.dirname(file.path)
            above = posixpath.dirname(folder)
            whole = above and f"{above}/env.py" in paths
            found.add((above if whole else folder) + "/" if folder else file.path)
    return tuple(sorted(found))
