"""Functions of the project: what they return, and what their parameters are given."""

from __future__ import annotations

from collections.abc import Iterator

from fragaudit.link.evaluate import argument_of
from fragaudit.link.pieces import Pieces, distinct
from fragaudit.link.program import Place
from fragaudit.link.texts.loops import varied
from fragaudit.link.texts.reading import Frame, Reading, frames
from fragaudit.link.texts.search import MOST_STEPS, MOST_TEXTS, Search
from fragaudit.model.values import Arg, Lit

STEPS_OF_A_CALLER = 3_000
"""Expressions that are looked at for what one caller hands on."""
MOST_FRAMES = 6
"""Calls inside one another that are looked into."""


def returned(function: Place, args: tuple[Arg, ...], reading: Reading, search: Search) -> Iterator[Pieces]:
    """Yield the texts that a function returns for arguments."""
    frame = Frame(function, args, reading)
    if frames(reading.frame) > MOST_FRAMES:
        return
    for use in search.program.returns[function.file].get(function.scope, ()):
        yield from search.texts(use.value, Reading(function, (use.line, 1 << 20), use.branch, frame, reading.deep))


def of_parameter(function: Place, number: int, reading: Reading, search: Search) -> Iterator[Pieces]:
    """Yield the texts that a parameter stands for: for the call that led here, else for all callers."""
    parameter = search.program.scope(function).parameters[number]
    if parameter.kind in ("*", "**"):
        return
    position = number - search.callers.shift(function)
    if position < 0:
        return
    outside = Reading(Place(function.file, search.program.scope(function).parent), deep=reading.deep)
    frame = reading.frame
    if frame is not None and frame.function == function:
        argument = argument_of(frame.args, parameter.name, position)
        if argument is not None:
            yield from search.texts(argument, frame.reading._replace(deep=reading.deep))
        elif parameter.default is not None:
            yield from search.texts(parameter.default, outside)
        return
    known = search.handed.get((function, number))
    if known is None:
        key = (function, parameter.name)
        if key in search.asked:
            return
        search.asked.add(key)
        try:
            known = distinct(_from_callers(function, number, outside, reading.deep, search), MOST_TEXTS)
        finally:
            search.asked.discard(key)
        if len(search.asked) == 0 and search.steps < MOST_STEPS:
            search.handed[function, number] = known
    if len(known) > 1:
        search.varying.setdefault(function, {})[number] = len(known)
    yield from known


def _from_callers(function: Place, number: int, outside: Reading, deep: int, search: Search) -> Iterator[Pieces]:
    """Yield what the callers of a function hand it, each with a budget of steps of its own."""
    parameter = search.program.scope(function).parameters[number]
    left_out = False
    spent = search.steps
    for site, argument in search.callers.giving(function, number):
        if argument is None:
            left_out = True
            continue
        search.steps = max(0, MOST_STEPS - STEPS_OF_A_CALLER) if spent < MOST_STEPS else MOST_STEPS
        before = search.steps
        yield from varied(argument, Reading(site.place, site.call.at[:2], site.branch, deep=deep), search)
        spent += (search.steps - before) // 10
    search.steps = spent
    if left_out and parameter.default not in (None, Lit(None)):
        assert parameter.default is not None
        yield from search.texts(parameter.default, outside)
