"""What a sentence or a row of a table says that an index is for: columns that are looked up, and who asks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import msgspec
from msgspec import Struct

from fragaudit.extract.phrases import CODE, NOT_TODAY, columns_in, head_of, sites_in, sought_in
from fragaudit.model.documents import Claim, Serving
from fragaudit.model.locations import Location

MOST_NAMES = 12
"""Names of a sentence that are looked at; one with more is a list of something else."""
LONGEST = 2_000
"""Characters of a sentence that are looked at."""
LONGEST_TEXT = 50_000
"""Characters of a paragraph that are looked at."""

_SENTENCE = re.compile(r"(?<=[.;!?])\s+(?=[A-Z`*])")
_NAME = re.compile(r"^[^\W\d]\w*$")
_UNNAMED = re.compile(
    r"^\s*[-*+]\s+(?:primary key|unique(?: index)?|foreign key|index)\s+\((`[^`]+`(?:,\s*`[^`]+`)*)\)", re.IGNORECASE
)
_NONE_SERVES = re.compile(r"^- No index serves `([^`]+:\d+)`")
_PROPOSED = re.compile(r"^- Proposed(?:, [^:`]+)?: `([^`]+)` \(")
_RULED = re.compile(r"^\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*$")
_INDEX_HEAD = re.compile(r"^(?:index(?:es)?|(?:index )?name)$", re.IGNORECASE)
_COLUMNS_HEAD = re.compile(r"^(?:columns?|fields?|keys?|on|indexed columns?|column\(s\)|field\(s\))$", re.IGNORECASE)
_TABLE_HEAD = re.compile(r"^(?:table|collection|model)$", re.IGNORECASE)
_PURPOSE_HEAD = re.compile(
    r"^(?:serves?|purpose|uses?|used (?:by|for|in)|use[- ]cases?|quer(?:y|ies)(?: pattern)?s?|access patterns?|"
    r"supports|why|reason|rationale|description|what for|notes?)$",
    re.IGNORECASE,
)


class Header(Struct, frozen=True):
    """What the columns of a table hold, by their numbers; -1: there is none."""

    index: int
    columns: int
    table: int
    purposes: tuple[tuple[int, str], ...]


def header_of(lines: Sequence[str], number: int) -> Header | None:
    """Return what a table on indexes has in its columns, given the number of the line below its head."""
    if number == 0 or "|" not in lines[number - 1] or not _RULED.match(lines[number]) or "-" not in lines[number]:
        return None
    heads = [re.sub(r"[*_`]", "", cell).strip() for _, cell in _cells(lines[number - 1])]
    index = next((n for n, head in enumerate(heads) if _INDEX_HEAD.match(head)), -1)
    if index < 0:
        return None
    return Header(
        index,
        next((n for n, head in enumerate(heads) if _COLUMNS_HEAD.match(head)), -1),
        next((n for n, head in enumerate(heads) if _TABLE_HEAD.match(head)), -1),
        tuple((n, head) for n, head in enumerate(heads) if _PURPOSE_HEAD.match(head)),
    )


def of_row(path: str, number: int, line: str, header: Header, title: str) -> tuple[list[Claim], list[Serving]]:
    """Return what a row of a table on indexes says: that the index is there, on which columns, and what it is for."""
    cells = _cells(line)
    if len(cells) <= header.index:
        return [], []
    start, cell = cells[header.index]
    bare = re.sub(r"[`*_]{0,3}\([^()]*\)[`*_]{0,3}$", "", cell.strip()).strip().strip("*`").strip()
    columns = columns_in(cells[header.columns][1]) if 0 <= header.columns < len(cells) else ()
    column = start + line[start:].find(bare) if bare else start
    at = Location(path, number + 1, column + 1, number + 1, column + 1 + max(1, len(bare)))
    claims: list[Claim] = []
    names: tuple[str, ...] = ()
    if _NAME.match(bare):
        names = (bare,)
        if columns or re.match(r"(?:idx|ix)_", bare, re.IGNORECASE):
            claims.append(Claim(at, bare, columns))
        columns = ()
    else:
        columns = columns_in(cell) or columns
    table = ""
    if 0 <= header.table < len(cells):
        table = cells[header.table][1].strip().strip("*`").strip().lower()
    tables = (table,) if table else _titles(title)
    text = " . ".join(f"{head}: {cells[n][1]}" for n, head in header.purposes if n < len(cells))
    found = _serving(at, names, tables, columns, text)
    return claims, [found] if found is not None else []


def of_paragraph(path: str, lines: Sequence[str], numbers: Sequence[int], title: str) -> Iterator[Serving]:
    """Yield what the sentences of a paragraph say that an index is for."""
    text = "\n".join(lines[number] for number in numbers)
    start = 0
    for end in [*(match.start() for match in _SENTENCE.finditer(text)), len(text)] if len(text) <= LONGEST_TEXT else ():
        sentence = text[start:end]
        if len(sentence) <= LONGEST:
            found = _of_sentence(sentence, title)
            if found is not None:
                serving, place = found
                at = _at(path, numbers, text, start + place, _length(sentence, place))
                yield msgspec.structs.replace(serving, at=at)
        start = end


def _of_sentence(sentence: str, title: str) -> tuple[Serving, int] | None:
    """Return what a sentence says that an index is for, and where in it the index is named."""
    names = [(m.start(2), m[2].strip()) for m in CODE.finditer(sentence)]
    names = [(place, name) for place, name in names if _NAME.match(head_of(name))][:MOST_NAMES]
    place = next((p for p, name in names if _SUGGESTS.search(head_of(name))), names[0][0] if names else 0)
    unnamed = _UNNAMED.match(sentence)
    columns = columns_in(unnamed[1]) if unnamed else ()
    inside = tuple(dict.fromkeys(head_of(name) for _, name in names))
    found = _serving(Location(""), () if columns else inside, _titles(title), columns, sentence)
    return (found, max(place, len(sentence) - len(sentence.lstrip()))) if found is not None else None


_SUGGESTS = re.compile(r"^(?:idx|ix)_|_(?:idx|ix|index|key|uniq)$", re.IGNORECASE)


def of_written(path: str, number: int, line: str, title: str) -> Serving | None:
    """Return what a line of a section that a command wrote says to be missing: an index, or one for a place."""
    match = _NONE_SERVES.match(line) or _PROPOSED.match(line)
    if match is None:
        return None
    at = Location(path, number + 1, match.start(1) + 1, number + 1, match.end(1) + 1)
    served = match.re is _NONE_SERVES
    return Serving(at, () if served else (match[1],), _titles(title), (), (), (match[1],) if served else (),
                   written=True, missing=True)  # fmt: skip


def of_comment(text: str, at: Location, index: str, table: str, columns: tuple[str, ...]) -> Serving | None:
    """Return what a comment on an index says that it is for, None if nothing; one without a name is known by columns.

    Args:
        text: the comment.
        at: where the index is defined.
        index: its name, empty if it has none.
        table: its table.
        columns: its columns, lower case.
    """
    text = text[:LONGEST]
    if NOT_TODAY.search(CODE.sub(" ", text)):
        return None
    found = _serving(at, (index,) if index else (), (table,), () if index else columns, text)
    return msgspec.structs.replace(found, comment=True) if found is not None else None


def _serving(
    at: Location, names: tuple[str, ...], tables: tuple[str, ...], columns: tuple[str, ...], text: str
) -> Serving | None:
    sought, sites = sought_in(text), sites_in(text)
    if not (sought or sites) or not (names or columns or tables):
        return None
    return Serving(at, names, tables, columns, sought, sites)


def _titles(title: str) -> tuple[str, ...]:
    marked = [code.strip() for _, code in CODE.findall(title)]
    words = marked or re.findall(r"[^\W\d]\w*", title)
    return tuple(dict.fromkeys(word.lower() for word in words if re.match(r"^[\w.]+$", word)))[:MOST_NAMES]


def _cells(line: str) -> list[tuple[int, str]]:
    """Return the cells of a row, each with the column where it starts; a bar in code or behind a backslash is text."""
    found, start, code, place = [], 0, False, 0
    while place < len(line):
        if line[place] == "\\":
            place += 2
            continue
        if line[place] == "`":
            code = not code
        elif line[place] == "|" and not code:
            found.append((start, line[start:place]))
            start = place + 1
        place += 1
    found.append((start, line[start:]))
    if found and not found[0][1].strip():
        found = found[1:]
    return found[:-1] if found and not found[-1][1].strip() else found


def _length(sentence: str, place: int) -> int:
    match = re.compile(r"[^`\n]+").match(sentence, place)
    return len(match[0]) if match else 1


def _at(path: str, numbers: Sequence[int], text: str, place: int, length: int) -> Location:
    before = text[:place]
    line = numbers[before.count("\n")] + 1
    column = place - (before.rfind("\n") + 1) + 1
    return Location(path, line, column, line, column + length)
