"""What is put into a list, a dictionary or an object after it was made."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from fragaudit.link.ids.heads import (
    Atom,
    Head,
    Here,
    Items,
    Made,
    Pairs,
    Thunk,
    distinct,
)
from fragaudit.link.program import Place, Program
from fragaudit.model.facts import Binding
from fragaudit.model.values import Attr, Call, Item, Other, Ref, dotted

if TYPE_CHECKING:
    from fragaudit.link.ids.flow import Flow

_GROWING = frozenset({"append", "add", "extend", "insert", "update", "appendleft"})


class Growth:
    """Knows what is added to names of a program."""

    def __init__(self, program: Program) -> None:
        self._program = program

    def grown(self, flow: Flow, name: str, place: Place, here: Here, heads: list[Head]) -> Iterator[Head]:
        """Add what is put into a list, dictionary or object after it was made."""
        added = self._mutations[place.file].get((place.scope, name), ())
        items = self._program.bindings(place, f"{name}[]")
        for head in heads:
            if isinstance(head, Atom) and head.kind == "hash" and not head.inner:
                fed = (c.args[0].value for m, c, _, _ in added if m == "update" and c.args)
                inner = distinct(h for v in fed for h in flow.force(Thunk(v, here)))
                head = Atom("hash", head.name, inner)
            if isinstance(head, Items) and added:
                more: list[Thunk] = []
                for method, call, line, branch in added:
                    if call.args:
                        at = Here(place, line, max(call.at[2], line), branch, here.frame)
                        value = call.args[-1].value
                        if method in ("extend", "update"):
                            more.append(Thunk(Item(value, Ref("")), at))  # some element of it
                        else:
                            more.append(Thunk(value, at))
                head = Items(head.value, head.here, (*head.more, *more))
            if isinstance(head, Pairs):
                pairs = [
                    (b.key or Other(), Thunk(b.value, Here(place, b.at[0], b.at[2], b.branch, here.frame)))
                    for b in items
                    if b.value is not None
                ]
                pairs.extend(
                    (Other(), Thunk(c.args[0].value, Here(place, line, max(c.at[2], line), branch, here.frame)))
                    for method, c, line, branch in added
                    if method == "update" and c.args
                )
                if pairs:
                    head = Pairs(head.value, head.here, (*head.more, *pairs))
            if isinstance(head, Made):
                fields = self._fields[place.file].get((place.scope, name), ())
                set_later = tuple(
                    (b.target.rpartition(".")[2], Thunk(b.value, Here(place, b.at[0], b.at[2], b.branch, here.frame)))
                    for b in fields
                    if b.value is not None
                )
                if set_later:
                    head = Made(head.name, head.cls, head.call, head.here, (*head.more, *set_later))
            yield head

    @cached_property
    def _mutations(self) -> list[dict[tuple[int, str], list[tuple[str, Call, int, int]]]]:
        found: list[dict[tuple[int, str], list[tuple[str, Call, int, int]]]] = []
        for file in self._program.files:
            here: dict[tuple[int, str], list[tuple[str, Call, int, int]]] = defaultdict(list)
            for use in file.uses:
                value = use.value
                if isinstance(value, Call) and isinstance(value.func, Attr) and value.func.name in _GROWING:
                    base = dotted(value.func.base)
                    if base:
                        here[use.scope, base].append((value.func.name, value, use.line, use.branch))
            found.append(here)
        return found

    @cached_property
    def _fields(self) -> list[dict[tuple[int, str], list[Binding]]]:
        found: list[dict[tuple[int, str], list[Binding]]] = []
        for file in self._program.files:
            here: dict[tuple[int, str], list[Binding]] = defaultdict(list)
            for binding in file.bindings:
                base, dot, _ = binding.target.rpartition(".")
                if dot and not base.startswith("self") and not binding.target.endswith("[]"):
                    here[binding.scope, base].append(binding)
            found.append(here)
        return found
