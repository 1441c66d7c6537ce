"""A cursor over the words of a definition, and the small pieces that all definitions share."""

from __future__ import annotations

import re
from collections.abc import Sequence

from fragaudit.extract.sql.lex import Lexeme
from fragaudit.model.sql import Mark

_END = Lexeme("end", "", 0, 0)


_HOLE = re.compile(r":?h\d+$")
_FILLED = re.compile(r"p+$|h\d+$")


class UnreadError(Exception):
    """The words are none that a definition has here."""


class UnknownNameError(Exception):
    """Where a name has to stand is a hole: what is defined is known only when the statement runs."""


class Reader:
    """Words of one statement, read from left to right."""

    def __init__(self, words: Sequence[Lexeme], dialect: str) -> None:
        self._words = words
        self._place = 0
        self.dialect = dialect

    @property
    def word(self) -> Lexeme:
        """The word at the cursor; one without text at the end."""
        return self._words[self._place] if self._place < len(self._words) else _END

    @property
    def done(self) -> bool:
        """Whether all words are read."""
        return self._place >= len(self._words)

    def ahead(self, count: int = 1) -> Lexeme:
        """Return a later word."""
        place = self._place + count
        return self._words[place] if place < len(self._words) else _END

    def rest(self) -> list[Lexeme]:
        """Return the words not read yet, and read them."""
        words = list(self._words[self._place :])
        self._place = len(self._words)
        return words

    def next(self) -> Lexeme:
        """Read one word."""
        word = self.word
        self._place += 1
        return word

    def at(self, *texts: str) -> bool:
        """Say whether these words come next, in any case; quoted ones are never keywords."""
        return all(
            (w := self.ahead(n)).kind != "quoted" and w.kind != "string" and w.text.upper() == text
            for n, text in enumerate(texts)
        )

    def take(self, *texts: str) -> bool:
        """Read these words if they come next."""
        if self.at(*texts):
            self._place += len(texts)
            return True
        return False

    def any(self, *texts: str) -> str:
        """Read one of these words if it comes next, and return it."""
        for text in texts:
            if self.take(text):
                return text
        return ""

    def name(self) -> tuple[str, Mark]:
        """Read an identifier. Raises UnreadError if none is here."""
        word = self.word
        if word.kind not in ("word", "quoted") and not (
            word.kind == "string" and self.dialect in ("mysql", "sqlite", "")
        ):
            raise UnreadError(f"a name was expected, not `{word.text[:40]}`")
        self._place += 1
        return folded(word, self.dialect), (word.start, word.end)

    def table(self) -> tuple[str, Mark]:
        """Read a table's name, with the schema before it if one is written.

        Raises:
            UnreadError: no name is here.
            UnknownNameError: a hole stands in its place.
        """
        if self.hole():
            raise UnknownNameError
        name, at = self.name()
        parts = [name]
        while self.at(".") and self.ahead().kind in ("word", "quoted"):
            self.next()
            name, at = self.name()
            parts.append(name)
        # A schema that is put in when the statement runs tells nothing apart.
        return ".".join(part for part in parts[-2:] if part == name or not _HOLE.match(part)), at

    def hole(self) -> bool:
        """Read a placeholder, if one is here."""
        if self.at(":") and _FILLED.match(self.ahead().text):
            self._place += 2
            return True
        return False

    def brackets(self) -> list[Lexeme]:
        """Read `( … )` and return the words inside. Raises UnreadError if no bracket is here."""
        if self.word.text != "(":
            raise UnreadError(f"a bracket was expected, not `{self.word.text[:40]}`")
        depth, start = 0, self._place
        while self._place < len(self._words):
            text = self.next()
            if text.kind == "op":
                depth += (text.text == "(") - (text.text == ")")
                if depth == 0:
                    return list(self._words[start + 1 : self._place - 1])
        raise UnreadError("a bracket is never closed")

    def skip(self) -> None:
        """Read one word, or all of a bracket."""
        if self.word.text == "(" and self.word.kind == "op":
            self.brackets()
        else:
            self.next()

    def item(self) -> list[Lexeme]:
        """Read up to the next comma outside brackets, and over it."""
        start = self._place
        while not self.done and not (self.word.text == "," and self.word.kind == "op"):
            self.skip()
        found = list(self._words[start : self._place])
        self._place += 1
        return found


def folded(word: Lexeme, dialect: str) -> str:
    """Return an identifier as the dialect folds it."""
    if word.kind == "string":
        return word.text[1:-1]
    keeps = word.kind == "quoted" or dialect in ("mysql", "sqlite", "tsql", "bigquery")
    return word.name if keeps else word.name.lower()


def items(words: Sequence[Lexeme], dialect: str) -> list[list[Lexeme]]:
    """Return words separated at commas outside brackets."""
    reader = Reader(words, dialect)
    found = []
    while not reader.done:
        found.append(reader.item())
    return found


def unquoted(word: Lexeme) -> str:
    """Return what a string literal says."""
    text = word.text
    text = text[1:] if text[:1] in "eEnN" else text
    return text.strip("'").replace("''", "'")
