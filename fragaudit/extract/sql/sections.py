"""What of a migration file runs on the way up. What undoes a migration says nothing about the schema as it is."""

from __future__ import annotations

import re

_DOWN = re.compile(
    r"^[ \t]*--[ \t]*(?:\+(?:goose|micrate)[ \t]+down|migrate:down|\+migrate[ \t]+down|[@#]?undo\b|[ \t]*rollback\b"
    r"|down(?:[ \t]+migration)?[ \t]*:?[ \t]*$|===+[ \t]*down|//@undo|!downs?)|^[ \t]*#[ \t]*---[ \t]*!downs",
    re.IGNORECASE | re.MULTILINE,
)
_UP = re.compile(
    r"^[ \t]*--[ \t]*(?:\+(?:goose|micrate)[ \t]+up|migrate:up|\+migrate[ \t]+up|up(?:[ \t]+migration)?[ \t]*:?[ \t]*$"
    r"|changeset\b|//@up|!ups?|name[ \t]*:)|^[ \t]*#[ \t]*---[ \t]*!ups",
    re.IGNORECASE | re.MULTILINE,
)
_LINE_ROLLBACK = re.compile(r"^[ \t]*--[ \t]*rollback[ \t]+\S", re.IGNORECASE)
_DOWN_FILE = re.compile(
    r"(?:^|/)(?:U\d[\w.]*__[^/]*|[^/]*[._-]down|[^/]*[._-]rollback|down|rollback|undo|revert|drop[_-]?(?:all|tables?|schema|db)"
    r"|teardown|tear_down|uninstall|[^/]*[._-](?:undo|revert))\.sql$|/(?:down|rollbacks?|undo|revert)/[^/]*\.sql$",
    re.IGNORECASE,
)


def undoes(path: str) -> bool:
    """Say whether a whole file undoes a migration, by its name."""
    return _DOWN_FILE.search(f"/{path}") is not None


def ranges(text: str) -> list[tuple[int, int]]:
    """Return the parts of a script that run on the way up, as offsets."""
    marks = sorted(
        [(m.start(), False) for m in _DOWN.finditer(text) if not _LINE_ROLLBACK.match(text, m.start())]
        + [(m.start(), True) for m in _UP.finditer(text)]
    )
    if all(up for _, up in marks):
        return [(0, len(text))]
    found: list[tuple[int, int]] = []
    start, up = 0, True
    for place, goes_up in (*marks, (len(text), False)):
        if up and not goes_up:
            found.append((start, place))
        elif not up and goes_up:
            start = place
        up = goes_up
    return found
