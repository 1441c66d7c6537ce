"""Query expressions of ORMs and query builders, as the statements that they come to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from collections.abc import Mapping as Map

import msgspec
from msgspec import Struct

from fragaudit.link.orm import Mapping
from fragaudit.link.orm.core import Places
from fragaudit.link.program import Place, Program
from fragaudit.link.queries.alchemy import Alchemy
from fragaudit.link.queries.assemble import statement
from fragaudit.link.queries.django import DjangoQueries
from fragaudit.link.queries.draft import Pool
from fragaudit.link.queries.flow import Asked, Flow, Framework
from fragaudit.link.queries.tables import Tables
from fragaudit.link.queries.predicates import UNKNOWN
from fragaudit.link.queries.variants import variants
from fragaudit.model.facts import Binding, FileFacts, Use
from fragaudit.model.locations import Location
from fragaudit.model.sql import Statement
from fragaudit.model.statements import Written
from fragaudit.model.values import Attr, Call, Value, calls, children

__all__ = ["Expressed", "expressed"]

WORDS = frozenset(
    {
        "select", "query", "update", "delete", "get", "exists", "where", "filter", "filter_by", "objects", "exclude", "all",
        "order_by", "execute", "scalars", "scalar", "first", "get_object_or_404", "get_list_or_404", "values", "count",
        "aget", "afirst", "acount", "aexists", "get_or_create", "update_or_create", "aget_or_create", "table",
    }
)  # fmt: skip
"""Names of which every query expression has one."""

_MIGRATION = re.compile(r"(?:^|/)(?:migrations|alembic|versions)/")


class Expressed(Struct, frozen=True):
    """One query expression: what stands for its text, and what it asks: first without all that is optional."""

    written: Written
    statements: tuple[Statement, ...]


def expressed(found: Mapping, dialects: Map[str, str]) -> tuple[Expressed, ...]:
    """Return every query expression of a repository, in order of file and appearance.

    Args:
        found: the tables that classes stand for.
        dialects: by path, sqlglot's name of the dialect that the file's service speaks.
    """
    if not found.models:
        return ()
    mapping, places, reader = Tables(found), Places(), found.reader
    pool = Pool()
    asked: list[tuple[Asked, str]] = []
    extended: set[str] = set()
    frameworks: dict[str, Framework] = {"sqlalchemy": Alchemy(), "django": DjangoQueries()}
    for number, file in enumerate(reader.program.files):
        dialect = dialects.get(file.path, "")
        for scope, statements in _scopes(file):
            flow = Flow(mapping, Place(number, scope), pool, places, frameworks, dialect)
            flow.run(statements)
            asked += [(one, dialect) for one in flow.asked]
            extended |= flow.extended
    return tuple(_stated(asked, extended, pool, places, reader.program))


def _scopes(file: FileFacts) -> Iterator[tuple[int, list[Binding | Use]]]:
    """Yield the scopes in which a query may stand, with their statements in source order."""
    found: dict[int, list[tuple[int, int, Binding | Use]]] = {}
    asking: set[int] = set()
    number = 0
    for statement_ in (*file.bindings, *file.uses):
        value = statement_.value
        line = _line(statement_, found.get(statement_.scope))
        found.setdefault(statement_.scope, []).append((line, number, statement_))
        number += 1
        if statement_.scope not in asking and value is not None and _asks(value):
            asking.add(statement_.scope)
    for scope in sorted(asking):
        statements = sorted(found[scope], key=lambda s: s[:2])
        yield scope, [s for _, _, s in statements]


def _line(statement_: Binding | Use, before: list[tuple[int, int, Binding | Use]] | None) -> int:
    line = statement_.at[0] if isinstance(statement_, Binding) else statement_.line
    if line > 1:
        return line
    call = next(calls(statement_.value), None) if statement_.value is not None else None
    if call is not None:
        return call.at[0]
    return before[-1][0] if before and line == 0 else line


def _asks(value: Value) -> bool:
    stack = [value]
    while stack:
        top = stack.pop()
        if isinstance(top, Call) and getattr(top.func, "name", "") in WORDS:
            return True
        if isinstance(top, Attr) and top.name in ("objects", "query"):
            return True
        stack.extend(children(top))
    return False


def _stated(
    asked: Sequence[tuple[Asked, str]], extended: set[str], pool: Pool, places: Places, program: Program
) -> Iterator[Expressed]:
    made: list[tuple[Asked, str, tuple[Statement, ...]]] = []
    for one, dialect in asked:
        draft = one.draft
        if one.lazy and (one.lazy in extended or one.lazy == "?" or one.lazy.endswith("queryset")):
            draft = draft.add("where", UNKNOWN, one.branch)
        found = (statement(draft, v.clauses, pool, places.mark(one.at)) for v in variants(draft, one.branch, program))
        statements = tuple(msgspec.structs.replace(s, dialect=dialect) for s in found if s is not None)
        if statements:
            made.append((one, dialect, statements))
    numbered = places.all
    seen: set[tuple[Location, str]] = set()
    for one, dialect, statements in made:
        key = (one.at, repr(statements))
        if key not in seen:
            seen.add(key)
            path = program.files[one.file].path
            once = _maintenance(path)
            yield Expressed(
                Written("", path, one.at, (), dialect=dialect, maintenance=once, places=numbered), statements
            )


def _maintenance(path: str) -> str:
    """Return why what a file asks is asked once, empty if it is asked by the service."""
    if _MIGRATION.search(path):
        return "it is part of a migration"
    return "it is a management command" if "/management/commands/" in f"/{path}" else ""
