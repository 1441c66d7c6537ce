"""Markdown and reStructuredText: the sections and paragraphs that speak of indexes."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence

import msgspec
from msgspec import Struct

from fragaudit.extract.claims import ITEM, claims_of, written_lines
from fragaudit.extract.source import decode
from fragaudit.model.documents import Claim, Section, Serving
from fragaudit.model.locations import Location, Problem

MOST_WORDS = 20_000
"""Words of a section that are looked at; a longer one is no description of indexes."""

_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})")
_ATX = re.compile(r"^ {0,3}(#{1,6})[ \t]+(.*?)(?:[ \t]+#+)?[ \t]*$")
_RULE = re.compile(r"^([=\-~^\"'`#*+:.<>_])\1{2,}[ \t]*$")
_WORD = re.compile(r"[^\W\d]\w*")
_CODE = re.compile(r"(?<!`)(`{1,2})([^`]+)\1(?!`)")
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
    written = written_lines(lines)
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
            if listed or end + 1 >= len(lines) or not ITEM.match(lines[end + 1]):
                break
        elif ITEM.match(line):
            if ITEM.match(lines[start]) and _indent(line) <= _indent(lines[start]):
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
            if above.strip() and not ITEM.match(above) and not _ATX.match(above):
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
        claims, servings = claims_of(path, lines, fenced, written, {h.line: h.title for h in inner}, heading.line, end)
    at = Location(path, heading.line + 1, 1, heading.line + 1, len(lines[heading.line]) + 1)
    said = (tuple(sorted(set(claims))), tuple(sorted(set(servings))))
    return Section(at, heading.title, tuple(sorted(words)), *said)
