"""The smallest set of indexes that serves given forms: groups of forms that one index can serve, as few as possible.

Forms fit into one index if the sets of columns that their blocks end in are nested: then, and only then, there is an
order of keys of which all of them are prefixes. Since that is decided pair by pair, a set of forms fits if every two of
them do, and the smallest set of indexes is a smallest partition into such cliques, which is searched exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal, TypeAlias

from msgspec import Struct

from fragaudit.advise.patterns import Element, Form
from fragaudit.model.schema import Key

MOST_STEPS = 20_000
"""Steps of the exact search; with more the best set found until then is taken."""

What: TypeAlias = tuple[str, str, str]
Need: TypeAlias = Literal["required", "optional", "existing"]


class Item(Struct, frozen=True):
    """Something to serve by one of its forms.

    `required` has to be; `optional` is if no index more is needed for it; `existing` is an index that goes if a new one
    begins with its keys.
    """

    forms: tuple[Form, ...]
    need: Need = "required"


class Group(Struct, frozen=True):
    """Forms that one index serves."""

    forms: tuple[Form, ...]


def prefixes(form: Form) -> list[frozenset[What]]:
    """Return the sets of columns that the form's blocks end in, the smallest first."""
    found: list[frozenset[What]] = []
    for block in form.blocks:
        found.append((found[-1] if found else frozenset()) | {e.what for e in block})
    return found


class _Shape:
    """A form with what is asked of it again and again."""

    __slots__ = ("elements", "ends", "form", "turns")

    def __init__(self, form: Form) -> None:
        self.form = form
        self.ends = prefixes(form)
        self.elements = {e.what: e for block in form.blocks for e in block}
        self.turns = _turns(form)


def compatible(one: Form, other: Form) -> bool:
    """Return whether one index can serve both forms."""
    return _compatible(_Shape(one), _Shape(other))


def _compatible(one: _Shape, other: _Shape) -> bool:
    if one.form.where != other.form.where or one.form.method != other.form.method:
        return False
    if one.form.method != "btree":
        return one.form.blocks == other.form.blocks
    if any(not (a <= b or b <= a) for a in one.ends for b in other.ends):
        return False
    theirs = other.elements
    if any(what in theirs and not _agree(element, theirs[what]) for what, element in one.elements.items()):
        return False
    return all(other.turns.get(pair, turn) == turn for pair, turn in one.turns.items())


def _agree(one: Element, other: Element) -> bool:
    if one.opclass is not None and other.opclass is not None and one.opclass != other.opclass:
        return False
    return not (one.ordered and other.ordered and one.odd != other.odd)


def _turns(form: Form) -> dict[tuple[What, What], bool]:
    """Return for each two keys in a row whose directions matter whether they differ; all can be reversed together."""
    keys = [block[0] if len(block) == 1 and block[0].ordered else None for block in form.blocks]
    return {
        (a.what, b.what): a.descending != b.descending for a, b in pairwise(keys) if a is not None and b is not None
    }


def serves(keys: Sequence[Key], where: tuple[tuple[str, str], ...], method: str, form: Form) -> bool:
    """Return whether an index begins with what a form wants."""
    if where != form.where or method != form.method:
        return False
    rest = list(keys)
    flipped: bool | None = None
    for block in form.blocks:
        taken, rest = rest[: len(block)], rest[len(block) :]
        wanted = {e.what: e for e in block}
        if {_what(k) for k in taken} != wanted.keys():
            return False
        for key in taken:
            element = wanted[_what(key)]
            if element.opclass is not None and element.opclass != key.opclass:
                return False
            if element.ordered:
                turn = element.descending != key.descending
                flipped = turn if flipped is None else flipped
                if turn != flipped or bool(key.nulls) != element.odd:
                    return False
    return True


def _what(key: Key) -> What:
    return key.column, key.expression, key.collation


def keys_of(group: Group) -> tuple[Key, ...]:
    """Return the keys of the index that serves all forms of a group.

    Between two sets that a form asks for the order is free: columns stand as the first form has them.
    """
    wanted = {s for form in group.forms for s in prefixes(form)}
    elements: dict[What, list[Element]] = {}
    for form in group.forms:
        for block in form.blocks:
            for element in block:
                elements.setdefault(element.what, []).append(element)
    sequence: list[What] = []
    for ended in sorted(wanted, key=len):
        sequence += [what for what in elements if what in ended and what not in sequence]
    directions = _directions(sequence, group.forms)
    keys = []
    for what in sequence:
        found = elements[what]
        descending = directions[what]
        odd = any(e.odd for e in found)
        opclass = next((e.opclass for e in found if e.opclass), "")
        # The default of PostgreSQL is NULLS FIRST for descending keys; no other dialect has odd ones.
        nulls: Literal["", "first", "last"] = ("last" if descending else "first") if odd else ""
        keys.append(Key(what[0], what[1], descending, nulls, opclass, what[2], max(e.length for e in found)))
    return tuple(keys)


def _directions(sequence: Sequence[What], forms: Sequence[Form]) -> dict[What, bool]:
    """Return which keys descend: as the first form with an order has it, and others relative to it."""
    turns = {pair: turn for form in forms for pair, turn in _turns(form).items()}
    asked: dict[What, bool] = {}
    for form in forms:
        for block in form.blocks:
            if len(block) == 1 and block[0].ordered:
                asked.setdefault(block[0].what, block[0].descending)
    found: dict[What, bool] = {}
    for number, what in enumerate(sequence):
        pair = (sequence[number - 1], what) if number else None
        if pair is not None and pair in turns:
            found[what] = found[pair[0]] != turns[pair]
        else:
            found[what] = asked.get(what, False)
    return found


class _Search:
    """A depth-first search with bounds: items one by one into each group they fit, or into a new one."""

    def __init__(self, items: Sequence[Item]) -> None:
        self.items = items
        self.forms = [form for item in items for form in item.forms]
        self.starts = [0]
        for item in items:
            self.starts.append(self.starts[-1] + len(item.forms))
        self.allowed = [0] * len(self.forms)
        shapes = [_Shape(form) for form in self.forms]
        for i, one in enumerate(shapes):
            for j in range(i, len(shapes)):
                if _compatible(one, shapes[j]):
                    self.allowed[i] |= 1 << j
                    self.allowed[j] |= 1 << i
        self.columns = [frozenset(e.what for block in form.blocks for e in block) for form in self.forms]
        self.existing = sum(item.need == "existing" for item in items)
        self.best: tuple[int, int, int] = (1 << 30, 0, 0)
        self.found: list[list[int]] = []
        self.steps = 0

    def run(self) -> None:
        self._step(0, [], [], [], (0, 0, 0), self.existing)

    def _step(
        self, number: int, members: list[list[int]], masks: list[int], columns: list[frozenset[What]],
        cost: tuple[int, int, int], existing: int,
    ) -> None:  # fmt: skip
        bound = (cost[0] - 2 * existing, cost[1], cost[2])
        if bound >= self.best or self.steps > MOST_STEPS:
            return
        self.steps += 1
        if number == len(self.items):
            self.best, self.found = bound, [list(m) for m in members]
            return
        item = self.items[number]
        need = item.need
        for form in range(self.starts[number], self.starts[number + 1]):
            rank = form - self.starts[number]
            for group, mask in enumerate(masks):
                if not mask >> form & 1 or (need == "existing" and not self.columns[form] <= columns[group]):
                    continue
                wide = columns[group] | self.columns[form]
                more = (cost[0] - 2 * (need == "existing"), cost[1] + rank, cost[2] + len(wide) - len(columns[group]))
                old, columns[group], masks[group] = columns[group], wide, mask & self.allowed[form]
                members[group].append(form)
                self._step(number + 1, members, masks, columns, more, existing - (need == "existing"))
                members[group].pop()
                columns[group], masks[group] = old, mask
            if need == "existing":
                continue
            members.append([form])
            masks.append(self.allowed[form])
            columns.append(self.columns[form])
            more = (cost[0] + 2, cost[1] + rank, cost[2] + len(self.columns[form]))
            self._step(number + 1, members, masks, columns, more, existing)
            members.pop()
            masks.pop()
            columns.pop()
        if need != "required":
            more = (cost[0] + (need == "optional"), cost[1], cost[2])
            self._step(number + 1, members, masks, columns, more, existing - (need == "existing"))


def smallest(items: Sequence[Item]) -> tuple[tuple[Group, ...], bool]:
    """Return the groups of a smallest set of indexes, and whether none smaller exists for certain.

    Fewest indexes in the end (new ones less those that go), then the forms that are best for each, then fewest keys.
    The search starts with the widest items and takes the first group that fits, so that what it has when its steps run
    out is what a greedy choice gives, or better.
    """
    ordered = sorted(
        _essential(items),
        key=lambda item: (
            ("required", "optional", "existing").index(item.need),
            -max(sum(map(len, form.blocks)) for form in item.forms),
        ),
    )
    if len(ordered) > MOST_ITEMS:
        ordered = [item for item in ordered if item.need == "required"]
        return _greedy(ordered), False
    search = _Search(ordered)
    search.run()
    order = {id(form): n for n, form in enumerate(f for item in items for f in item.forms)}
    groups = [Group(tuple(sorted((search.forms[m] for m in members), key=lambda f: order.get(id(f), 0))))
              for members in search.found]  # fmt: skip
    return tuple(groups), search.steps <= MOST_STEPS


MOST_ITEMS = 120
"""Items up to which combinations are tried at all."""


def _greedy(items: Sequence[Item]) -> tuple[Group, ...]:
    groups: list[list[_Shape]] = []
    for item in items:
        shapes = [_Shape(form) for form in item.forms]
        for group in groups:
            shape = next((s for s in shapes if all(_compatible(s, g) for g in group)), None)
            if shape is not None:
                group.append(shape)
                break
        else:
            groups.append(shapes[:1])
    return tuple(Group(tuple(shape.form for shape in group)) for group in groups)


def _essential(items: Sequence[Item]) -> list[Item]:
    """Leave out items that are served whenever another is, whichever of its forms is chosen."""
    items = list(dict.fromkeys(items))
    shapes = [[_Shape(form) for form in item.forms] for item in items]
    kept: list[Item] = []
    for number, item in enumerate(items):
        if item.need == "existing":
            kept.append(item)
            continue
        mine = shapes[number]
        for place, other in enumerate(items):
            if place == number or other.need == "existing" or (other.need, item.need) == ("optional", "required"):
                continue
            if not all(any(_implies(theirs, shape) for shape in mine) for theirs in shapes[place]):
                continue
            alike = all(any(_implies(shape, theirs) for theirs in shapes[place]) for shape in mine)
            # Of two that are alike the first stays. What only an optional item implies may outlive it.
            if other.need != item.need or (place < number if alike else item.need == "required"):
                break
        else:
            kept.append(item)
    return kept


def _implies(one: _Shape, other: _Shape) -> bool:
    """Return whether every index that serves the one serves the other."""
    if one.form.where != other.form.where or one.form.method != other.form.method:
        return False
    if one.form.method != "btree":
        return one.form.blocks == other.form.blocks
    if any(end not in one.ends for end in other.ends):
        return False
    for what, element in other.elements.items():
        have = one.elements[what]
        if element.opclass is not None and element.opclass != have.opclass:
            return False
        if element.ordered and (not have.ordered or element.odd != have.odd):
            return False
    return all(one.turns.get(pair) == turn for pair, turn in other.turns.items())
