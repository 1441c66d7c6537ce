"""Markdown and reStructuredText: the sections and paragraphs that speak of indexes."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence

import msgspec
from msgspec import Struct

from fragaudit.extract.servings import NOT_TODAY, header_of, of_paragraph, of_row, of_written
from fragaudit.extract.source import decode
from fragaudit.model.documents import BEGIN, END, Claim, Section, Serving
from fragaudit.model.locations import Location, Problem

MOST_WORDS = 20_000
"""Words of a section that are looked at; a longer one is no description of indexes."""

_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})")
_ATX = re.compile(r"^ {0,3}(#{1,6})[ \t]+(.*?)(?:[ \t]+#+)?[ \t]*$")
_RULE = re.compile(r"^([=\-~^\"'`#*+:.<>_])\1{2,}[ \t]*$")
_WORD = re.compile(r"[^\W\d]\w*")
_CODE = re.compile(r"(?<!`)(`{1,2})([^`]+)\1(?!`)")
_ITEM = re.compile(r"^\s*(?:[-*+]|\d+[.)]|\|)(?:\s|$)")
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
# Documents of what was or will be, not of what is.
_NOT_OF_TODAY = re.compile(
    r"change|history|news|release|\badrs?\b|decision|rfc|proposal|plan|upgrad|migrat|roadmap|todo|\baudits?\b|review|archive",
    re.IGNORECASE,
)
_LOG = re.compile(r"(?:^|/)(?:change|changes|changelog|history|news|releases?)[^/]*$", re.IGNORECASE)


class _Heading(Struct, frozen=True):
    line: int
    level: int
    title: str


def sections(path: str, data: bytes, headings: Sequence[str]) -> tuple[Section, ...]:
    """Return the sections of a document whose headings have one of the given words; a log of changes has none."""
    lower = data.lower()
    if _LOG.search(path) or not any(word.lower().encode("utf-8", "replace") in lower for word in headings):
        return ()
    text = decode(path, data, python=False)
    if isinstance(text, Problem):
        return ()
    wanted = re.compile(rf"\b(?:{'|'.join(re.escape(word) for word in headings)})\b", re.IGNORECASE)
    lines = text.splitlines()
    fenced = _fenced(lines) if not path.endswith(".rst") else frozenset()
    written = _written(lines)
    found = _underlined(lines) if path.endswith(".rst") else _headings(lines, fenced)
    result, done, covered = [], 0, set[int]()
    for number, heading in enumerate(found):
        if heading.line < done or not wanted.search(heading.title):
            continue
        after = range(number + 1, len(found))
        last = next((n for n in after if found[n].level <= heading.level), len(found))
        done = found[last].line if last < len(found) else len(lines)
        inner = found[number:last]
        result.append(_section(path, lines, fenced, written, heading, inner, done))
        covered.update(range(heading.line, done))
    lead = _lead_in(headings)
    for number, line in enumerate(lines):
        if number in covered or number in fenced or not lead.match(line):
            continue
        before = bisect_left(found, number, key=lambda h: h.line)
        above = found[before - 1] if before else None
        end = _paragraph_end(lines, number)
        covered.update(range(number, end))
        inner = [] if above is None else [above]
        section = _section(path, lines, fenced, written, _Heading(number, 0, line.strip(" -*+_")), inner, end)
        # What it is about stands in the heading above it.
        words = set(section.words).union(*({w.lower() for w in _WORD.findall(h.title)} for h in inner))
        result.append(msgspec.structs.replace(section, words=tuple(sorted(words))))
    return tuple(result)


def _lead_in(headings: Sequence[str]) -> re.Pattern[str]:
    """Return what begins a paragraph on indexes: `**Indexes**: …`, `- Indexes: …`."""
    words = "|".join(re.escape(word) for word in headings)
    return re.compile(
        rf"^\s*(?:[-*+]\s+)?(?:\*\*|__)?(?:\w+ )?(?:{words})\b[^:*_`|]{{0,30}}(?:\*\*|__)?:", re.IGNORECASE
    )


def _paragraph_end(lines: Sequence[str], start: int) -> int:
    """Return where a paragraph ends, with the list that follows it, if one does."""
    end, listed = start + 1, False
    while end < len(lines):
        line = lines[end]
        if not line.strip():
            if listed or end + 1 >= len(lines) or not _ITEM.match(lines[end + 1]):
                break
        elif _ITEM.match(line):
            if _ITEM.match(lines[start]) and _indent(line) <= _indent(lines[start]):
                break  # the next point of the list that the paragraph is one of
            listed = True
        elif _ATX.match(line) or _FENCE.match(line):
            break
        end += 1
    return end


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _fenced(lines: Sequence[str]) -> frozenset[int]:
    """Return the numbers of lines that are code."""
    inside, mark = set(), ""
    for number, line in enumerate(lines):
        match = _FENCE.match(line)
        if mark:
            inside.add(number)
            if match and match[1].startswith(mark) and not line.strip().strip(mark[0]):
                mark = ""
        elif match:
            inside.add(number)
            mark = match[1]
    return frozenset(inside)


def _headings(lines: Sequence[str], fenced: frozenset[int]) -> list[_Heading]:
    found = []
    for number, line in enumerate(lines):
        if number in fenced:
            continue
        if match := _ATX.match(line):
            found.append(_Heading(number, len(match[1]), match[2]))
        elif number and line[:1] in ("=", "-") and _RULE.match(line) and (number - 1) not in fenced:
            above = lines[number - 1]
            if above.strip() and not _ITEM.match(above) and not _ATX.match(above):
                found.append(_Heading(number - 1, 1 if line[0] == "=" else 2, above.strip()))
    return found


def _underlined(lines: Sequence[str]) -> list[_Heading]:
    """Return the titles of reStructuredText; the order in which underlines appear tells their levels."""
    found, levels = [], list[str]()
    for number, line in enumerate(lines[1:], 1):
        title = lines[number - 1].rstrip()
        match = _RULE.match(line)
        if match is None or not title or title[0].isspace() or _RULE.match(title) or len(line.rstrip()) < len(title):
            continue
        over = number >= 2 and lines[number - 2].rstrip() == line.rstrip()
        kind = match[1] + ("over" if over else "")
        if kind not in levels:
            levels.append(kind)
        found.append(_Heading(number - 1, levels.index(kind) + 1, title))
    return found


def _section(
    path: str,
    lines: Sequence[str],
    fenced: frozenset[int],
    written: frozenset[int],
    heading: _Heading,
    inner: Sequence[_Heading],
    end: int,
) -> Section:
    words: set[str] = set()
    titles = {h.line for h in inner}
    for number in range(heading.line, end):
        line = lines[number]
        whole = number in fenced or number in titles or line.lstrip().startswith("|")
        words.update(word.lower() for word in _WORD.findall(line) if whole or "_" in word)
        words.update(word.lower() for _, code in _CODE.findall(line) for word in _WORD.findall(code))
        if len(words) > MOST_WORDS:
            break
    claims, servings = list[Claim](), list[Serving]()
    if heading.line in written or not _NOT_OF_TODAY.search(path):
        claims, servings = _claims(path, lines, fenced, written, inner, heading.line, end)
    at = Location(path, heading.line + 1, 1, heading.line + 1, len(lines[heading.line]) + 1)
    said = (tuple(sorted(set(claims))), tuple(sorted(set(servings))))
    return Section(at, heading.title, tuple(sorted(words)), *said)


def _claims(
    path: str,
    lines: Sequence[str],
    fenced: frozenset[int],
    written: frozenset[int],
    inner: Sequence[_Heading],
    start: int,
    end: int,
) -> tuple[list[Claim], list[Serving]]:
    """Return what a section says of indexes that are there today, and what it says that they are for."""
    titles = {h.line: h.title for h in inner}
    title, before, paragraph = next((h.title for h in inner if h.line < start), ""), "", list[int]()
    header = None
    found: list[Claim] = []
    servings: list[Serving] = []

    def close() -> None:
        nonlocal before
        text = " ".join(lines[number] for number in paragraph)
        listed = bool(paragraph) and bool(_ITEM.match(lines[paragraph[0]]))
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
            if header is not None or _ITEM.match(line):
                close()
            header = header if "|" in line else None
            paragraph.append(number)
    close()
    return found, servings


def _written(lines: Sequence[str]) -> frozenset[int]:
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
