"""What the sections of documents say of indexes that are there today: their names and columns, and what they serve."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import msgspec

from fragaudit.extract.phrases import NOT_TODAY
from fragaudit.extract.servings import header_of, of_paragraph, of_row, of_written
from fragaudit.model.documents import BEGIN, END, Claim, Serving
from fragaudit.model.locations import Location

ITEM = re.compile(r"^\s*(?:[-*+]|\d+[.)]|\|)(?:\s|$)")
"""What begins a point of a list, or a row of a table."""
_NAMED = re.compile(r"`{1,2}((?:idx|ix)_\w+)`{1,2}", re.IGNORECASE)
_WHOLE = re.compile(r"`([^\W\d]\w*)(?:[ \t]+on[ \t]+[\w.]+)?[ \t]*\(([^()`]{1,300})\)`", re.IGNORECASE)
_EACH = re.compile(
    r"`([^\W\d]\w*)`(?:[ \t]+on[ \t]+`?[\w.]+`?)?[ \t]*\((`[\w \t]{1,80}`(?:[ \t]*,[ \t]*`[\w \t]{1,80}`)*)\)",
    re.IGNORECASE,
)
_COLUMN = re.compile(r"^([^\W\d]\w*)(?:\s+(?:asc|desc))?$", re.IGNORECASE)
_NO_COLUMNS = frozenset(
    ("unique", "btree", "gin", "gist", "hash", "brin", "partial", "composite", "primary", "covering")
)


def claims_of(
    path: str,
    lines: Sequence[str],
    fenced: frozenset[int],
    written: frozenset[int],
    titles: Mapping[int, str],
    start: int,
    end: int,
) -> tuple[list[Claim], list[Serving]]:
    """Return what a section says of indexes that are there today, and what it says that they are for.

    Args:
        path: the document.
        lines: its lines.
        fenced: the numbers of those that are code.
        written: the numbers of those that a command wrote.
        titles: its headings by their lines; one before the section is what this is about.
        start: the first line of the section.
        end: the line behind it.
    """
    title = next((said for line, said in titles.items() if line < start), "")
    before, paragraph = "", list[int]()
    header = None
    found: list[Claim] = []
    servings: list[Serving] = []

    def close() -> None:
        nonlocal before
        text = " ".join(lines[number] for number in paragraph)
        listed = bool(paragraph) and bool(ITEM.match(lines[paragraph[0]]))
        if text and not listed:
            before = text
        # A list belongs to the sentence that leads to it.
        context = f"{title} {before if listed else ''} {text}"
        if text and not NOT_TODAY.search(re.sub(r"`[^`]*`", " ", context)):
            said = list(of_paragraph(path, lines, paragraph, title)) if header is None else []
            for number in paragraph:
                told = _said(path, number, lines[number])
                found.extend(msgspec.structs.replace(c, sure=number in written) for c in told)
                if header is not None:
                    claims, of_it = of_row(path, number, lines[number], header, title)
                    found.extend(claims)
                    said.extend(of_it)
            servings.extend(msgspec.structs.replace(s, written=paragraph[0] in written) for s in said)
        elif text and paragraph[0] in written:
            missing = of_written(path, paragraph[0], lines[paragraph[0]], title)
            servings.extend((missing,) if missing is not None else ())
        paragraph.clear()

    for number in range(start, end):
        line = lines[number]
        if number in titles:
            close()
            title, before, header = titles[number], "", None
        elif number in fenced or not line.strip() or (line.startswith(("    ", "\t")) and not paragraph):
            close()
            header = None
        elif line.strip() in (BEGIN, END):
            close()
        elif (head := header_of(lines, number)) is not None:
            paragraph.clear()
            header = head
        else:
            if header is not None or ITEM.match(line):
                close()
            header = header if "|" in line else None
            paragraph.append(number)
    close()
    return found, servings


def written_lines(lines: Sequence[str]) -> frozenset[int]:
    """Return the numbers of lines that are written by command, between markers."""
    found, inside = set(), False
    for number, line in enumerate(lines):
        if line.strip() in (BEGIN, END):
            inside = line.strip() == BEGIN
        elif inside:
            found.add(number)
    return frozenset(found)


def _said(path: str, number: int, line: str) -> list[Claim]:
    found, taken = [], set()
    for pattern in (_WHOLE, _EACH):
        for match in pattern.finditer(line):
            parts = [_COLUMN.match(part.strip(" \t`")) for part in match[2].split(",")]
            columns = tuple(part[1].lower() for part in parts if part is not None)
            if len(columns) == len(parts) and not _NO_COLUMNS & set(columns):
                found.append(Claim(_at(path, number, match.start(1), match.end(1)), match[1], columns))
                taken.add(match.start(1))
    for match in _NAMED.finditer(line):
        if match.start(1) not in taken:
            found.append(Claim(_at(path, number, match.start(1), match.end(1)), match[1]))
    return found


def _at(path: str, number: int, start: int, end: int) -> Location:
    return Location(path, number + 1, start + 1, number + 1, end + 1)
