"""Texts with fields, `"… %s" % x` and `"… {}".format(x)`: what the fields are filled with."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from fragaudit.link.pieces import Fixed, Gap, Pieces, choices, distinct, filled
from fragaudit.link.texts.displays import containers, fits
from fragaudit.link.texts.names import held
from fragaudit.link.texts.reading import Reading
from fragaudit.link.texts.search import Search
from fragaudit.model.values import Arg, Call, Map, Operation, Ref, Seq, Value

PERCENT = re.compile(r"%(?P<kept>%)|%(?:\((?P<key>\w+)\))?[-#0 +]*\d*(?:\.\d+)?[sdrifgx]")
BRACES = re.compile(r"(?P<brace>[{}])(?P<kept>(?P=brace))|\{(?P<key>[^{}:!]*)(?:![rsa])?(?::[^{}]*)?\}")
"""A field of a text, by its key if it has one; `kept` is what stands for the sign itself."""


class Given(NamedTuple):
    """What the fields of a text are filled with: by position, by name, and from dictionaries."""

    plain: Sequence[Value]
    named: Mapping[str, Value]
    mappings: tuple[Value, ...]


def percent(value: Operation, reading: Reading, search: Search) -> Iterator[Pieces]:
    """Yield the texts of `"…" % values`."""
    base, right = value.operands
    given = Given(right.items if isinstance(right, Seq) else (right,), {}, (right,))
    for pieces in search.texts(base, reading):
        yield from filled_in(pieces, PERCENT, given, reading, search)


def filled_in(pieces: Pieces, pattern: re.Pattern[str], given: Given, reading: Reading, search: Search) -> list[Pieces]:
    """Return a text with its fields filled: alternatives of one field in all combinations, a bounded number."""
    fields: dict[str, list[Pieces]] = {}
    names: list[str] = []
    number = 0
    for match in (m for p in pieces if isinstance(p, Fixed) for m in pattern.finditer(p.text) if not m["kept"]):
        key = match["key"] or ""
        if not key:
            key, number = str(number), number + 1
        names.append(key)
        if key not in fields:
            fields[key] = _field(key, given, reading, search)
            if not fields[key]:
                return []  # filling it would fail, so this text isn't what is filled here
    found = []
    for chosen in choices(fields):
        remaining = iter(names)
        found.append(filled(pieces, pattern, lambda _, c=chosen, r=remaining: c[next(r)]))  # type: ignore[misc]
    return distinct(found)


def _field(key: str, given: Given, reading: Reading, search: Search) -> list[Pieces]:
    if key.isdigit():
        value = given.plain[int(key)] if int(key) < len(given.plain) else None
    else:
        value = given.named.get(key)
    if value is not None:
        return list(search.texts(value, reading))
    for mapping in given.mappings:
        found = entry(mapping, key, reading, search)
        if found:
            return found
    return [(Gap(key),)] if given.mappings else []


def entry(mapping: Value, key: str, reading: Reading, search: Search) -> list[Pieces]:
    """Return the texts that a dictionary holds for a key where it is read: as made, and as set since."""
    start: list[Pieces] = []
    wanted = [re.compile(re.escape(key))]
    for container, place in containers(mapping, reading, search):
        if isinstance(container, Map):
            for entry in container.entries:
                if fits(entry.key, place, wanted, search):
                    start.extend(search.texts(entry.value, place))
    if not isinstance(mapping, Ref):
        return start
    program = search.program
    made = program.bindings(reading.place, mapping.name)
    if any(isinstance(b.value, Call) and b.value.args[:1] == (Arg(None, Ref("str")),) for b in made):
        start.append(())  # a defaultdict(str)
    changes = program.bindings(reading.place, f"{mapping.name}[]")
    bindings = [b for b in changes if b.value is not None and fits(b.key, reading, wanted, search)]
    return list(held(f"{mapping.name}[{key}]", bindings, start, reading, search))
