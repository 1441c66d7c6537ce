"""Pieces to a text of SQL with placeholders: what a gap can stand for is told by what stands around it.

A gap becomes `:h0`, `:h1`… where an operand can stand; where a clause can stand, a condition is written that may be
anything; where a name must stand that decides nothing (of an index, an alias), a bare name is. A schema in front of a
table is left out. A table's own name in a gap makes the statement dynamic.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from fragaudit.link.pieces import Fixed, Gap, Piece, Pieces, part
from fragaudit.link.sqlwords import Words
from fragaudit.model.layout import anchors, position
from fragaudit.model.locations import Location
from fragaudit.model.statements import Hole, Segment

NEAR = 10
"""Lines between the literals of one statement that is put together in one place."""

_VALUE_AFTER = frozenset(
    {"=", "<", ">", "<=", ">=", "<>", "!=", "LIKE", "ILIKE", "LIMIT", "OFFSET", "BETWEEN", "IN", "VALUES", "ANY"}
)
_OPERAND_AFTER = _VALUE_AFTER | frozenset(
    {"", "(", ",", "+", "-", "*", "/", "%", "||", "SELECT", "DISTINCT", "ALL", "WHERE", "AND", "OR", "NOT", "ON", "BY",
     "SET", "HAVING", "WHEN", "THEN", "ELSE", "CASE", "RETURNING", "USING", "->", "->>", "@>", "<@", "&&", "@@", "~",
     "~*", "IS", "TOP", "EXPLAIN", "ANALYZE", "[", "<->", "<=>", "<#>", "INTERVAL", ";"}
)  # fmt: skip
_TABLE_AFTER = frozenset({"FROM", "JOIN", "INTO", "UPDATE", "TABLE", "ONLY", "REFERENCES", "TRUNCATE"})
_NAME_AFTER = frozenset({"AS", "INDEX", "CONSTRAINT", "TRIGGER", "FUNCTION", "TYPE", "SEQUENCE", "EXTENSION", "VIEW",
                         "CONCURRENTLY", "SCHEMA", "DATABASE", "PROCEDURE", "POLICY", "ROLE", "USER", "::", "COLLATE",
                         "COLUMN", "TO", "SAVEPOINT"})  # fmt: skip
_JOINS = frozenset({"WHERE", "JOIN", "LEFT", "RIGHT", "INNER", "OUTER", "CROSS", "FULL", "NATURAL", "ON", "AND", "OR",
                    "USING", "SET", "AS"})  # fmt: skip
_PARAMETER = re.compile(r"(?:[$@?]|(?<!:):|%\()\Z")
_MARKS = re.compile(r"[\"`.\[\]]+")
_PLACEHOLDER = re.compile(r":h\d+\Z")
_WORD_BEFORE = re.compile(r"[\w$\"`.\]\[]+\Z")
_WORD = re.compile(r"\A|[\"`\[]?\w+")
_GOES_ON = re.compile(r"\w+")
_WORD_AFTER = re.compile(r"[\w$\"`.\]\[]+")
_NEXT_WORD = re.compile(r"\s*(\w+|\S)")
_OPERAND = re.compile(r"\s*(?:%s|%\(\w+\)s|\$\d+|[:@]\w+|\?|'[^']*'|[\w.\"]+)")
_BOUND = re.compile(r"\s*(?:%s|%\(\w+\)s|\$\d+|[:@]\w+|\?)")
_CONDITIONS = frozenset({"WHERE", "ON", "HAVING"})


@dataclass(slots=True)
class Composed:
    """A text with its places. `dynamic` says why it can't be judged; `several`: it holds more than one statement."""

    text: str
    path_file: int
    at: tuple[int, int, int, int]
    segments: tuple[Segment, ...]
    holes: tuple[Hole, ...]
    dynamic: str
    several: bool

    def location(self, path: str) -> Location:
        """Return the span of the text."""
        return Location(path, *self.at)


def compose(pieces: Pieces) -> Composed | None:
    """Return a text of SQL; None if none of it has a place."""
    first = next((p for p in pieces if isinstance(p, Fixed) and p.layout and p.text.strip()), None)
    if first is None:
        return None
    composer = _Composer(first.file)
    queue: list[Piece] = []
    for piece in pieces:
        empty = isinstance(piece, Fixed) and not piece.text
        if not empty and not (isinstance(piece, Gap) and queue and isinstance(queue[-1], Gap)):
            queue.append(piece)
    _beside(queue, first.file)
    for number, piece in enumerate(queue):
        following = queue[number + 1] if number + 1 < len(queue) else None
        if isinstance(piece, Fixed):
            composer.fixed(piece)
        else:
            rest = composer.gap(piece, following)
            if rest is not None:
                queue[number + 1] = rest
    return composer.result()


def _beside(pieces: list[Piece], file: int) -> None:
    """Give quotes and dots that were put around a name the places beside it."""
    for number, piece in enumerate(pieces):
        if not isinstance(piece, Fixed) or (piece.layout and piece.file == file) or not _MARKS.fullmatch(piece.text):
            continue
        after = pieces[number + 1] if number + 1 < len(pieces) else None
        before = pieces[number - 1] if number else None
        if isinstance(after, Fixed) and after.layout and after.file == file and after.text[:1] not in " \n":
            line, column = after.layout[1:3]
            pieces[number] = Fixed(piece.text, (0, line, max(1, column - len(piece.text))), file)
        elif isinstance(before, Fixed) and before.layout and before.file == file and before.text[-1:] not in " \n":
            place = position(before.text, before.layout, len(before.text) - 1)
            if place is not None:
                pieces[number] = Fixed(piece.text, (0, place[0], place[1] + 1), file)


@dataclass(slots=True)
class _Composer:
    file: int
    text: str = ""
    segments: list[Segment] = field(default_factory=list)
    holes: list[Hole] = field(default_factory=list)
    dynamic: str = ""
    words: Words = field(default_factory=Words)
    start: tuple[int, int] | None = None
    end: tuple[int, int] = (1, 1)
    swallows: bool = False

    def fixed(self, piece: Fixed) -> None:
        """Append a literal piece."""
        if self.swallows:
            rest = _WORD_AFTER.match(piece.text)
            self.swallows = rest is not None and rest.end() == len(piece.text)
            piece = part(piece, rest.end() if rest is not None else 0, len(piece.text))
        offset = len(self.text)
        if piece.layout and piece.file == self.file:
            self._segments(piece, offset)
        elif piece.text:
            # What is written elsewhere stands where it is put in, each name of it.
            for word in _WORD.finditer(piece.text):
                self._place(offset + word.start())
        # A name that goes on from one piece to the next is one word.
        goes_on = _GOES_ON.match(piece.text) if self.words.previous == "name" and not self.words.quote else None
        within = goes_on is not None and (self.text[-1:].isalnum() or self.text[-1:] == "_")
        self.text += piece.text
        self.words.feed(piece.text[goes_on.end() :] if goes_on is not None and within else piece.text)

    def _segments(self, piece: Fixed, offset: int) -> None:
        for start, line, column in anchors(piece.text, piece.layout):
            if self.segments and self.segments[-1].offset == offset + start:
                self.segments.pop()
            self.segments.append(Segment(offset + start, line, column))
        if self.start is None and piece.text.strip():
            lead = len(piece.text) - len(piece.text.lstrip())
            self.start = position(piece.text, piece.layout, lead)
        if piece.text.strip() and self.start is not None:
            # Parts that were written elsewhere in the file are no part of the span.
            end, furthest = self._after(piece, len(piece.text.rstrip())), self.start[0] + self.text.count("\n") + NEAR
            if self.start <= end <= (furthest + piece.text.count("\n"), 0):
                self.end = max(self.end, end)
        self.next = self._after(piece, len(piece.text))

    next: tuple[int, int] = (1, 1)

    def _after(self, piece: Fixed, offset: int) -> tuple[int, int]:
        if not offset:
            return position(piece.text, piece.layout, 0) or self.end
        line, column = position(piece.text, piece.layout, offset - 1) or self.end
        return (line + 1, 1) if piece.text[offset - 1] == "\n" else (line, column + 1)

    def _place(self, offset: int) -> None:
        if self.start is not None and (not self.segments or self.segments[-1].offset != offset):
            self.segments.append(Segment(offset, *self.next))

    # -- gaps ------------------------------------------------------------------------------------------------------

    def gap(self, gap: Gap, following: Piece | None) -> Piece | None:
        """Append what stands for a gap; return what is left of the following piece if some of it is taken."""
        rest = following.text if isinstance(following, Fixed) else ""
        words = self.words
        if words.quote == "comment":
            return None
        if words.quote == "'" or words.quote[:1] == "$":
            self._hole(gap, "", "value")
            return None
        if _PLACEHOLDER.search(self.text):
            return None  # what follows a piece that may be anything is part of it
        if words.quote:
            return self._quoted(gap, following, rest)
        if self.text.endswith("$") and rest.startswith("$"):
            self.fixed(Fixed("q"))  # the tag of a dollar quote; any will do, at both of its ends
            return None
        marker = _PARAMETER.search(self.text)
        if marker is not None and not self.text.endswith("::"):
            self._cut(len(marker[0]))
            self._hole(gap, "", "value")
            end = re.match(r"\)[sd]|\w+", rest)
            return self._taken(following, end.end() if end else 0)
        if self._glued(rest):
            return self._name(gap, following, rest)
        previous = words.previous
        if self._names_table(previous):
            self._dynamic(gap)
            self._hole(gap, "", "unknown", bare=True)
            return None
        if previous in _NAME_AFTER or (words.defines and previous in ("EXISTS", "NOT")):
            self._hole(gap, "", "unknown", bare=True)
        elif previous in _OPERAND_AFTER:
            self._operand(gap, rest, previous)
        else:
            return self._clause(gap, following, rest)
        return None

    def _quoted(self, gap: Gap, following: Piece | None, rest: str) -> Piece | None:
        """A gap in a quoted name."""
        quote, whole = self.words.quote, self.text.endswith(self.words.quote)
        before = self.words.before_quote
        if self._names_table(self.words.earlier if before == "." else before):
            if whole and rest.startswith(quote + "."):
                self._cut(1)
                self.words.quote = ""
                return self._taken(following, 2)  # a schema: the table's own name follows
            self._dynamic(gap)
        self._hole(gap, "", "unknown", bare=True)
        return None

    def _names_table(self, previous: str) -> bool:
        """Say whether the word before a name makes it a table's."""
        words = self.words
        if previous == "UPDATE":
            return not words.update_is_action
        if previous == "EXISTS":
            return words.defines == "TABLE"
        if words.defines in ("INDEX", "TRIGGER", "POLICY", "RULE") and previous == "ON":
            return True
        return previous in _TABLE_AFTER or (previous == "," and words.clause == "FROM")

    def _glued(self, rest: str) -> bool:
        before = self.text[-1:]
        return bool(before and (before.isalnum() or before in '_."`')) or bool(
            rest and (rest[0].isalnum() or rest[0] in "_.")
        )

    def _name(self, gap: Gap, following: Piece | None, rest: str) -> Piece | None:
        """A gap inside a name: a prefix, a suffix, a qualifier."""
        words = self.words
        before = _WORD_BEFORE.search(self.text)
        head = before[0] if before else ""
        previous = words.earlier if head else words.previous
        table = self._names_table(previous)
        if table and not head and rest[:1] == ".":
            return self._taken(following, 1)  # a schema: the table's own name follows
        if table:
            self._dynamic(gap)
        tail = _WORD_AFTER.match(rest)
        taken = tail.end() if tail else 0
        if previous in _NAME_AFTER or (words.defines and previous in ("EXISTS", "NOT")) or table:
            self._hole(gap, "", "unknown", bare=True)  # the rest of the name stays beside it
            return None
        self._cut(len(head))
        if self.text.endswith("%("):  # a parameter whose name is put together
            end = re.match(r"\w*\)[sd]", rest)
            self._cut(2)
            self._hole(gap, "", "value")
            return self._taken(following, end.end() if end else 0)
        parameter = self.text.endswith(("$", "@", ":")) and not self.text.endswith("::")
        self._cut(int(parameter))
        self._hole(gap, "", "value" if parameter else "unknown")
        self.swallows = bool(taken) and taken == len(rest)
        return self._taken(following, taken)

    def _operand(self, gap: Gap, rest: str, previous: str) -> None:
        after = _NEXT_WORD.match(rest)
        bracketed = previous in ("IN", "VALUES") and self.words.depth_closed
        value = previous in _VALUE_AFTER or (previous in ("(", ",") and self.words.list_of in ("IN", "VALUES", "ANY"))
        value = value and not (after is not None and after[1] in (".", "("))
        self._hole(gap, "", "value" if value or gap.bound else "unknown", brackets=bracketed)

    def _clause(self, gap: Gap, following: Piece | None, rest: str) -> Piece | None:
        """A gap where a clause may stand, or an operator."""
        after = _NEXT_WORD.match(rest)
        word = after[1].upper() if after else ""
        clause = self.words.clause if not self.words.defines else ""
        operand = (_OPERAND if clause in _CONDITIONS else _BOUND).match(rest)
        if clause in _CONDITIONS or operand is not None:
            known = word in (
                "ORDER",
                "GROUP",
                "LIMIT",
                "AND",
                "OR",
                "UNION",
                "RETURNING",
                "FOR",
                "OFFSET",
                "HAVING",
                "ON",
            )
            if operand is not None and not known and word not in _JOINS and word not in (")", ";", ""):
                before = _WORD_BEFORE.search(self.text.rstrip())
                if before is not None:
                    self._cut(len(self.text) - before.start())
                self._hole(gap, "", "unknown")
                return self._taken(following, operand.end())
            self._hole(gap, " AND ", "unknown", spaced=True)
        elif clause in ("FROM", "SET") and word not in _JOINS and word not in (",", "."):
            self._hole(gap, " WHERE ", "unknown", spaced=True)
            self.words.feed(" WHERE x")
        else:
            self.holes.append(Hole((len(self.text), len(self.text)), "unknown", gap.source))
        return None

    def _dynamic(self, gap: Gap) -> None:
        self.dynamic = self.dynamic or f"the table's name is computed ({gap.source})"

    def _hole(
        self, gap: Gap, glue: str, what: str, *, bare: bool = False, spaced: bool = False, brackets: bool = False
    ) -> None:  # fmt: skip
        offset = len(self.text)
        self._place(offset)
        name = f"{'' if bare else ':'}h{len(self.holes)}"
        start = offset + len(glue) + brackets
        self.holes.append(Hole((start, start + len(name)), what, gap.source))  # type: ignore[arg-type]
        written = f"{glue}{'(' if brackets else ''}{name}{')' if brackets else ''}{' ' if spaced else ''}"
        self.text += written
        self.words.feed(written)

    def _cut(self, size: int) -> None:
        if size:
            self.text = self.text[:-size]
            while len(self.segments) > 1 and self.segments[-1].offset >= len(self.text):
                self.segments.pop()

    def _taken(self, following: Piece | None, size: int) -> Piece | None:
        if not size or not isinstance(following, Fixed):
            return None
        return part(following, size, len(following.text))

    def result(self) -> Composed:
        """Return what was put together."""
        line, column = self.start or (1, 1)
        return Composed(
            self.text, self.file, (line, column, *self.end), tuple(self.segments), tuple(self.holes), self.dynamic,
            self.words.several,
        )  # fmt: skip
