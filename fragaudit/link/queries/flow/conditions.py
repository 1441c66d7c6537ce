"""Arguments of calls that are conditions of a query, or what its columns are compared with."""

from __future__ import annotations

from collections.abc import Iterable

from fragaudit.link.orm.members import kept
from fragaudit.link.queries.draft import Bag, Choice, ClauseKind, Draft, Thing
from fragaudit.link.queries.flow.asked import MOST_OPTIONS
from fragaudit.link.queries.flow.scope import Flow
from fragaudit.link.queries.predicates import UNKNOWN
from fragaudit.model.sql import Predicate
from fragaudit.model.values import Arg, Attr, Value


def conditions_of(arguments: Iterable[Arg], flow: Flow) -> list[tuple[Predicate, int]]:
    """Return the conditions given as arguments, lists of them taken apart, each with the arm that adds it."""
    found: list[tuple[Predicate, int]] = []
    for argument in arguments:
        thing = flow.argument(argument)
        if argument.name == "*" or isinstance(thing, Bag):
            if not isinstance(thing, Bag):
                found.append((UNKNOWN, flow.branch))
                continue
            found += [(flow.predicate(item), flow.inner(branch)) for item, branch in thing.items]
        elif argument.name is None:
            found.append((flow.predicate(thing), flow.branch))
        else:
            found.append((UNKNOWN, flow.branch))
    return found


def filtered(draft: Draft, arguments: Iterable[Arg], flow: Flow, kind: ClauseKind = "where") -> Draft:
    """Return a query with conditions added."""
    for predicate, branch in conditions_of(arguments, flow):
        draft = draft.add(kind, predicate, branch)
    return draft


def filterings(draft: Draft, arguments: Iterable[Arg], flow: Flow) -> list[Draft]:
    """Return a query with conditions added, one for each way to choose among conditions that are alternatives."""
    found = [draft]
    for argument in arguments:
        thing = flow.argument(argument) if argument.name is None else None
        if not isinstance(thing, Choice):
            found = [filtered(one, [argument], flow) for one in found]
            continue
        options = [flow.predicate(option) for option in thing.options]
        found = [one.add("where", c, flow.branch) for one in found for c in options][:MOST_OPTIONS]
    return found


def compared_with(argument: Arg, flow: Flow) -> Thing:
    """Return what an argument is that a column is compared with."""
    found = flow.argument(argument)
    return found if argument.name in (None, "*", "**") else compared(found, argument.value, flow)


def compared(found: Thing, value: Value, flow: Flow) -> Thing:
    """Return what a column is compared with; of a constant that is kept elsewhere its name tells enough."""
    if found is not None and not (isinstance(found, Bag) and isinstance(value, Attr)):  # `A = "a", "label"`
        return found
    constant = kept(value, flow.reader, flow.place.file)
    return constant if constant is not None else found
