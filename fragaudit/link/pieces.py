"""Texts put together of pieces: literals that know their place, and gaps where something is computed."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from math import prod
from typing import TypeAlias, TypeVar

from fragaudit.model.layout import Layout, cut
from fragaudit.model.values import Attr, Call, Item, Lit, Ref, Value, dotted

MOST_JOINED = 16
"""Texts that alternatives of the parts may combine to; the parts of more become gaps."""

MOST_OF_A_PART = 6


@dataclass(frozen=True, slots=True)
class Fixed:
    """A literal part; `file` is the number of the file that its layout speaks of."""

    text: str
    layout: Layout = ()
    file: int = -1


@dataclass(frozen=True, slots=True)
class Gap:
    """A part that could not be followed: its source, and whether it certainly stands for a value.

    All gaps are equal: texts that differ only in how a gap is computed are one.
    """

    source: str = field(compare=False)
    bound: bool = False


Piece: TypeAlias = Fixed | Gap
Pieces: TypeAlias = tuple[Piece, ...]


GAP: Pieces = (Gap("…"),)
K = TypeVar("K", bound=Hashable)


def readable(pieces: Pieces) -> str:
    """Return a text with its gaps as `{source}`."""
    return "".join(p.text if isinstance(p, Fixed) else "{" + p.source + "}" for p in pieces)


def constant(pieces: Pieces) -> str | None:
    """Return a text that has no gaps; None if it has."""
    texts = [piece.text for piece in pieces if isinstance(piece, Fixed)]
    return "".join(texts) if len(texts) == len(pieces) else None


def choices(options: Mapping[K, Sequence[Pieces]]) -> Iterator[dict[K, Pieces]]:
    """Yield the combinations of alternatives; what has too many is a gap in all of them."""
    kept = {key: list(texts) if 0 < len(texts) <= MOST_OF_A_PART else [GAP] for key, texts in options.items()}
    while prod(len(texts) for texts in kept.values()) > MOST_JOINED:
        kept[max(kept, key=lambda key: len(kept[key]))] = [GAP]
    for choice in product(*kept.values()):
        yield dict(zip(kept, choice, strict=True))


def combined(parts: Sequence[tuple[Value, Sequence[Pieces]]]) -> list[Pieces]:
    """Return the concatenations of one alternative of each part; a part with too many becomes a gap.

    Parts written alike are alike: of `{t} … {t}` both take the same alternative.
    """
    options = dict(parts)
    found: list[Pieces] = []
    for chosen in choices(options):
        texts = {v: (Gap(source_of(v)),) if p is GAP else p for v, p in chosen.items()}
        found.append(tuple(piece for value, _ in parts for piece in texts[value]))
    return distinct(found)


def distinct(options: Iterable[Pieces], most: int = 2_000) -> list[Pieces]:
    """Return the different texts, in order, at most so many."""
    found: dict[Pieces, None] = {}
    for pieces in options:
        found[pieces] = None
        if len(found) >= most:
            break
    return list(found)


def part(piece: Fixed, start: int, end: int) -> Fixed:
    """Return a stretch of a literal piece."""
    return Fixed(piece.text[start:end], cut(piece.text, piece.layout, start, end), piece.file)


def stripped(pieces: Pieces, characters: str | None, *, left: bool, right: bool) -> Pieces:
    """Return a text without white space (or other characters) at its ends."""
    kept = list(pieces)
    while left and kept and isinstance(kept[0], Fixed):
        first = kept[0]
        rest = len(first.text.lstrip(characters))
        kept[0] = part(first, len(first.text) - rest, len(first.text))
        if rest:
            break
        kept.pop(0)
    while right and kept and isinstance(kept[-1], Fixed):
        last = kept[-1]
        rest = len(last.text.rstrip(characters))
        kept[-1] = part(last, 0, rest)
        if rest:
            break
        kept.pop()
    return tuple(kept)


def replaced(pieces: Pieces, old: str, new: Pieces) -> Pieces:
    """Return a text with every occurrence of a literal text replaced."""
    return filled(pieces, re.compile(re.escape(old)), lambda _: new) if old else pieces


def filled(pieces: Pieces, pattern: re.Pattern[str], fill: Callable[[re.Match[str]], Pieces]) -> Pieces:
    """Return a text in which what a pattern finds in literal pieces is replaced."""
    found: list[Piece] = []
    for piece in pieces:
        if isinstance(piece, Gap):
            found.append(piece)
            continue
        end = 0
        for match in pattern.finditer(piece.text):
            if match.start() > end:
                found.append(part(piece, end, match.start()))
            kept = match.groupdict().get("kept")
            if kept:
                found.append(part(piece, match.start("kept"), match.end("kept")))
            else:
                found.extend(fill(match))
            end = match.end()
        if end < len(piece.text):
            found.append(part(piece, end, len(piece.text)))
    return tuple(found)


def source_of(value: Value) -> str:
    """Return an expression as a short text, for showing."""
    match value:
        case Ref() | Attr():
            return dotted(value) or f"….{value.name}"
        case Call():
            return f"{source_of(value.func)}({', '.join(source_of(a.value) for a in value.args[:2])})"
        case Item():
            return f"{source_of(value.base)}[{source_of(value.key)}]"
        case Lit():
            return repr(value.value)
        case _:
            return "…"
