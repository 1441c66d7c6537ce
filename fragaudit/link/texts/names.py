"""What a name holds where it is read: what it is bound to, in the scope or around it, choice by choice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fragaudit.link.pieces import Gap, Pieces, distinct, limited, source_of
from fragaudit.link.program import Place
from fragaudit.link.texts.displays import elements, taken_apart
from fragaudit.link.texts.functions import of_parameter
from fragaudit.link.texts.reading import END, Reading
from fragaudit.link.texts.search import MOST_TEXTS, Search
from fragaudit.model.facts import MODULE_SCOPE, NO_BRANCH, Binding
from fragaudit.model.values import Lit, Value

MOST_GROWN = 16
"""Texts that parts make which may be there or not; of more it stays open what is added."""


def of_name(name: str, reading: Reading, search: Search) -> Iterator[Pieces]:
    """Yield the texts that a name holds where it is read."""
    if name == reading.self_name:
        yield from reading.self_texts
        return
    program = search.program
    entries = program.files[reading.place.file].scopes
    scope, first = reading.place.scope, True
    while scope >= 0:
        here = Place(reading.place.file, scope)
        if first or entries[scope].kind != "class":
            inside = reading if first else reading._replace(place=here, before=END, branch=NO_BRANCH)
            found = _local(name, here, inside, search)
            if found is not None:
                yield from found
                return
        first = False
        scope = entries[scope].parent
    for star in program.imports(Place(reading.place.file, MODULE_SCOPE), "*"):
        file = program.module(program.absolute(star, reading.place.file), reading.place.file)
        if file is not None and file != reading.place.file:
            yield from in_module(file, name, reading, search)


def in_module(file: int, name: str, reading: Reading, search: Search) -> Sequence[Pieces]:
    """Return the texts that a name of a module holds once the module is imported."""
    key = (Place(file, MODULE_SCOPE), name)
    if key in search.asked:
        return []
    search.asked.add(key)
    try:
        return list(of_name(name, Reading(Place(file, MODULE_SCOPE), deep=reading.deep + 1), search))
    finally:
        search.asked.discard(key)


def _local(name: str, here: Place, reading: Reading, search: Search) -> Sequence[Pieces] | None:
    program = search.program
    start: list[Pieces] = []
    known = False
    for number, parameter in enumerate(program.scope(here).parameters):
        if parameter.name == name:
            known = True
            start.extend(of_parameter(here, number, reading, search))
    bindings = [b for b in program.bindings(here, name) if b.value is not None]
    if bindings or known:
        return held(name, bindings, start, reading._replace(place=here), search)
    for item in program.imports(here, name):
        if item.name is not None:
            file = program.module(program.absolute(item, here.file), here.file)
            if file is not None and file != here.file:
                return in_module(file, item.name, reading, search)
        return []
    return [] if program.definitions(here, name) else None


def held(
    name: str, bindings: Sequence[Binding], start: Sequence[Pieces], reading: Reading, search: Search
) -> Sequence[Pieces]:
    """Return what a name holds where it is read: bindings in source order, those in other arms left out."""
    program, file = search.program, reading.place.file
    around = {NO_BRANCH, reading.branch} | arms_around(file, reading.branch, search)
    texts: list[Pieces] = list(start)
    choices_made: dict[int, dict[int, list[Pieces]]] = {}
    for binding in bindings:
        if binding.at[:2] >= reading.before or program.exclusive(file, binding.branch, reading.branch):
            continue
        key = (reading.place, f"{name}@{binding.at[0]}:{binding.at[1]}")
        if key in search.asked:
            continue
        search.asked.add(key)
        try:
            new = bound(name, binding, texts, reading, search)
        finally:
            search.asked.discard(key)
        if binding.branch in around:
            texts = distinct(new, MOST_TEXTS)
            continue
        branch = program.files[file].branches[binding.branch]
        arms = choices_made.setdefault(branch.group, {})
        arms[branch.arm] = list(new)
        if binding.how != "+=" and branch.parent in around and len(arms) == _all_arms(file, branch.group, search):
            texts = distinct((text for found in arms.values() for text in found), MOST_TEXTS)
        else:
            texts = distinct((*texts, *new), MOST_TEXTS)
    return texts


def bound(name: str, binding: Binding, before: list[Pieces], reading: Reading, search: Search) -> Sequence[Pieces]:
    """Return the texts that a binding gives a name that held others before."""
    assert binding.value is not None
    inner = reading._replace(before=binding.at[:2], branch=binding.branch, self_name=name, self_texts=tuple(before))
    if binding.how in ("for", "in"):
        turn = next((t for t in reading.turns if t.file == reading.place.file and t.at == binding.at), None)
        items = [(turn.item, turn.reading)] if turn is not None else list(elements(binding.value, inner, search))
        taken = (one for item, place in items for one in taken_apart(item, place, binding.key, search))
        return [text for value, place in taken for text in search.texts(value, place)]
    if binding.how != "+=":
        return search.texts(binding.value, inner)
    if not before or is_number(binding.value):
        return []
    added = search.texts(binding.value, inner)
    if len(before) * len(added) > MOST_GROWN:
        # So many parts may be there or not that what is added stays open.
        gap = Gap(source_of(binding.value))
        return distinct(text if text[-1:] == (gap,) else (*text, gap) for text in before)
    return [limited((*text, *more)) for text in before for more in added]


def _all_arms(file: int, group: int, search: Search) -> int:
    """Return how many arms a choice has, one of which is always taken; 0 if none need be."""
    arms = [branch for branch in search.program.files[file].branches if branch.group == group]
    return len({branch.arm for branch in arms}) if any(branch.kind == "else" for branch in arms) else 0


def arms_around(file: int, branch: int, search: Search) -> set[int]:
    """Return the arms that a branch is in, itself included."""
    found = set()
    while branch >= 0:
        found.add(branch)
        branch = search.program.files[file].branches[branch].parent
    return found


def is_number(value: Value) -> bool:
    """Say whether a value is written out, and no text."""
    return isinstance(value, Lit) and not isinstance(value.value, str)
