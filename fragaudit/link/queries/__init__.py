"""Query expressions of ORMs and query builders, as the statements that they come to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from collections.abc import Mapping as Map

import msgspec
from msgspec import Struct

from fragaudit.link.once import Once
from fragaudit.link.orm import Mapping
from fragaudit.link.orm.core import Places
from fragaudit.link.program import Place, Program
from fragaudit.link.queries import crud, mongo, pony, pypika
from fragaudit.link.queries.alchemy import Alchemy
from fragaudit.link.queries.assemble import statement
from fragaudit.link.queries.django import OF, DjangoQueries
from fragaudit.link.queries.django_declared import Declared
from fragaudit.link.queries.django_terms import One
from fragaudit.link.queries.draft import Pool
from fragaudit.link.queries.flow import Asked, Flow, Framework, Shared
from fragaudit.link.queries.flow.expressions import KINDS
from fragaudit.link.queries.flow.statements import run
from fragaudit.link.queries.forwarded import followed
from fragaudit.link.queries.inlined import know_object
from fragaudit.link.queries.postgrest import LIBRARIES, PostgRest
from fragaudit.link.queries.predicates import UNKNOWN
from fragaudit.link.queries.receivers import constructing
from fragaudit.link.queries.scopes import asking_scopes, makers
from fragaudit.link.queries.tables import Tables
from fragaudit.link.queries.variants import variants
from fragaudit.model.asides import run_by_migration
from fragaudit.model.locations import Location, Problem
from fragaudit.model.sql import Statement
from fragaudit.model.statements import Written

__all__ = ["Expressed", "expressed"]


class Expressed(Struct, frozen=True):
    """One query expression: what stands for its text, and what it asks: first without all that is optional."""

    written: Written
    statements: tuple[Statement, ...]


def expressed(
    found: Mapping, spoken: Callable[[], Map[str, str]], problems: list[Problem] | None = None
) -> tuple[Expressed, ...]:
    """Return every query expression of a repository: those that are run, then those that functions hand on.

    Args:
        found: the tables that classes stand for.
        spoken: tells, by path, sqlglot's name of the dialect that the file's service speaks; asked as late as can be.
        problems: is given what could not be read.
    """
    mapping, places, reader = Tables(found), Places(), found.reader
    used = {i.module.partition(".")[0] for f in reader.program.files for i in f.imports}
    builders, repositories = not used.isdisjoint(LIBRARIES), not used.isdisjoint(crud.LIBRARIES)
    if not found.models and not builders and used.isdisjoint(pypika.LIBRARIES):
        return ()
    documents = not used.isdisjoint(mongo.LIBRARIES)
    methods = (crud.METHODS if repositories else frozenset()) | (mongo.METHODS if documents else frozenset())
    scopes = [list(asking_scopes(file, methods)) for file in reader.program.files]
    pool = Pool(makers=makers(reader.program, scopes))
    scopes, forwarding = followed(mapping, scopes)
    pool.forwarding = {name: frozenset(places) for name, places in forwarding.names.items()}
    pool.constructing = constructing(reader.program)
    pool.given_queries = frozenset(forwarding.queries)
    asked: list[tuple[Asked, str, str]] = []
    django = DjangoQueries()
    frameworks: dict[str, Framework] = {"sqlalchemy": Alchemy(), "django": django}
    if not used.isdisjoint(pypika.LIBRARIES):
        frameworks = {"pypika": pypika.PyPika(), **frameworks}
    if documents:
        frameworks["mongodb"] = mongo.Mongo()
    if "pony" in used:
        frameworks = {"pony": pony.Pony(), **frameworks}
    if repositories:
        frameworks["crud"] = crud.Crud()
    if builders:
        frameworks["postgrest"] = PostgRest()
    dialects, shared = spoken(), Shared(mapping, pool, places, frameworks, KINDS)
    for number, file in enumerate(reader.program.files):
        if run_by_migration(file.path):
            continue  # run once, on a schema that isn't the one of today
        dialect = dialects.get(file.path, "")
        for scope, statements in scopes[number]:
            flow = Flow(shared, Place(number, scope), dialect)
            try:
                method = _known(flow, Place(number, scope), django)
                run(statements, flow)
            except Exception as error:  # one function must never end the audit of the others
                if problems is None:
                    raise
                problems.append(_unread(reader.program, Place(number, scope), error))
                continue
            asked += [(one, dialect, method) for one in flow.asked]
    if any(model.framework == OF for model in found.models):
        start = Flow(shared, Place(0, 0))
        asked += [(one, dialects.get(one.at.path, ""), "") for one in Declared(django, dialects).all(start)]
    return tuple(_stated(asked, pool.extended, pool, places, reader.program))


def _known(flow: Flow, place: Place, django: DjangoQueries) -> str:
    """Tell a flow what the parameters of its function are; return the method's name if `self` is a query."""
    scope = flow.program.files[place.file].scopes[place.scope]
    if scope.kind != "function":
        return ""
    known = list(django.given(place, flow))
    for name, thing in known:
        flow.names.know(name, thing)
    if all(name != "self" for name, _ in known):
        know_object(place, flow)
    return scope.name if any(name == "self" and not isinstance(thing, One) for name, thing in known) else ""


def _unread(program: Program, place: Place, error: Exception) -> Problem:
    scope = program.files[place.file].scopes[place.scope]
    what = f"the queries of {scope.name or 'this module'} could not be read: {type(error).__name__}: {error}"
    return Problem(program.location(place.file, scope.span), f"{what} (a bug in fragaudit; please report it)")


def _stated(
    asked: Sequence[tuple[Asked, str, str]], extended: set[str], pool: Pool, places: Places, program: Program
) -> Iterator[Expressed]:
    made: list[tuple[Asked, str, tuple[Statement, ...]]] = []
    for one, dialect, method in asked:
        draft = one.draft
        dialect = mongo.OF if draft.of == mongo.OF else dialect
        if method in pool.narrowed:  # `self` may be the rows of one owner
            draft = draft.add("where", UNKNOWN, one.branch)
        if one.lazy and (one.lazy in extended or one.lazy == "?" or one.lazy.endswith("queryset")):
            draft = draft.add("where", UNKNOWN, one.branch)
        found = (statement(draft, v.clauses, pool, places.mark(one.at)) for v in variants(draft, one.branch, program))
        statements = tuple(msgspec.structs.replace(s, dialect=dialect) for s in found if s is not None)
        if statements:
            made.append((one, dialect, statements))
    # What is asked for sure comes before what is handed on, to which others may add: of two alike the first one counts.
    asked_once = Once(program)
    made.sort(key=lambda each: bool(each[0].lazy))
    numbered = places.all
    seen: set[tuple[Location, str]] = set()
    for one, dialect, statements in made:
        key = (one.at, repr(statements))
        if key not in seen:
            seen.add(key)
            path = program.files[one.file].path
            once = one.maintenance or asked_once.why(one.file, one.at.line)
            yield Expressed(
                Written("", path, one.at, (), dialect=dialect, maintenance=once, places=numbered), statements
            )
