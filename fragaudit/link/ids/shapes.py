"""From what a value turns out to be to the shape of an id: literal parts, and what fills each hole."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, product

from fragaudit.link.ids.heads import Atom, Chars, From, Head, Kind, Made, Step

MOST_SHAPES = 8
DEEPEST = 6

_KEY = re.compile(r"(?:^|_)(?:id|ids|pk|uuid|guid|oid|key|rowid|_id|id_)$", re.IGNORECASE)
_SERVICE = re.compile(
    r"(?:^|_)(?:service|svc|service_?name|app_?name|application|namespace|rag_?namespace|ns|prefix)(?:$|_)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Part:
    """One part of an id: a literal text, or a hole with what fills it and how the source calls that."""

    kind: Kind
    text: str
    head: Head | None = None

    @property
    def literal(self) -> bool:
        """Whether this is text that is written out."""
        return self.kind == "literal"

    @property
    def names_service(self) -> bool:
        """Whether a hole's name says that it holds a service's name or namespace."""
        return not self.literal and _SERVICE.search(self.text.rpartition(".")[2]) is not None


@dataclass(frozen=True, slots=True)
class Shape:
    """One possible id. `through` is what the text goes through last: nothing, a hash, or `uuid5`.

    `own_space`: the `uuid5` is made in a namespace that is this project's own; `open_space`: in one that isn't known.
    """

    parts: tuple[Part, ...]
    through: str = ""
    own_space: bool = False
    open_space: bool = False

    def __str__(self) -> str:
        text = "".join(p.text if p.literal else "{" + (p.text or p.kind) + "}" for p in self.parts)
        return f"{self.through}({text})" if self.through else text


def shapes(head: Head, deep: int = 0) -> Iterator[Shape]:
    """Yield the shapes a value can have, a bounded number."""
    if isinstance(head, Chars):
        yield from _texts(head, deep)
    elif isinstance(head, Atom) and head.kind in ("hash", "uuid5") and deep < DEEPEST:
        through = "uuid5" if head.kind == "uuid5" else head.name or "hash"
        inner = [shape for one in head.inner for shape in shapes(one, deep + 1)]
        own, unknown = head.name.endswith("(own)"), head.name.endswith("(open)")
        for shape in inner[:MOST_SHAPES]:
            yield Shape(shape.parts, through, own or shape.own_space, unknown or shape.open_space)
        if not inner:
            yield Shape((Part("unknown", "", head),), through, own, unknown)
    else:
        yield Shape((_part(head),))


def _texts(head: Chars, deep: int) -> Iterator[Shape]:
    options: list[list[tuple[Part, ...]]] = []
    for part in head.parts:
        if isinstance(part, str):
            options.append([(Part("literal", part),)])
            continue
        found: list[tuple[Part, ...]] = []
        for one in part:
            if isinstance(one, Chars) and deep < DEEPEST:
                found.extend(shape.parts for shape in islice(_texts(one, deep + 1), MOST_SHAPES))
            elif isinstance(one, Atom) and one.kind == "number":
                found.append((Part("literal", one.name),))
            else:
                found.append((_part(one),))
        options.append(found[:MOST_SHAPES] or [(Part("unknown", ""),)])
    for chosen in islice(product(*options), MOST_SHAPES):
        yield Shape(tuple(_merged([p for parts in chosen for p in parts])))


def _merged(parts: list[Part]) -> Iterator[Part]:
    last: Part | None = None
    for part in parts:
        if last is not None and last.literal and part.literal:
            last = Part("literal", last.text + part.text)
            continue
        if last is not None:
            yield last
        last = part
    if last is not None:
        yield last


def _part(head: Head) -> Part:
    if isinstance(head, Atom):
        return Part(head.kind, head.name, head)
    if isinstance(head, From):
        return Part(_kind(head), described(head), head)
    if isinstance(head, Made):
        return Part("result", head.name.rpartition(".")[2], head)
    return Part("unknown", "", head)


def _kind(head: From) -> Kind:
    if head.kind in ("stored", "record"):
        return head.kind
    named = any(isinstance(step, str) and step[:1] in ".=" for step in head.steps)
    if named:
        return "row id" if _KEY.search(last_name(head)) else "field"
    return "parameter" if head.function is not None else "result"


def last_name(head: From) -> str:
    """Return the attribute or key that a way ends with, or the root's name."""
    for step in reversed(head.steps):
        if isinstance(step, str) and step[:1] in ".=":
            return step[1:]
    return head.name


def described(head: From) -> str:
    """Return a way as one would write it: `memory.id`, `items[]['id']`."""
    text = head.name
    for step in head.steps:
        text += _step(step)
    return text


def _step(step: Step) -> str:
    if step is None or step == "values":
        return "[]"
    if isinstance(step, int):
        return f"[{step}]"
    if step.startswith("."):
        return step
    if step.startswith("="):
        return f"[{step[1:]!r}]"
    return f".{step}()"
