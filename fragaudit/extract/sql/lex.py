"""SQL text to words, whatever the dialect: for what must work before a dialect is known, and where parsers give up.

Splitting scripts, replacing placeholders and reading definitions need no grammar of expressions; a lexer that knows
every dialect's comments and quotes will do, and never fails.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_LEXEMES = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<comment>--[^\n]*|/\*(?:[^*]|\*(?!/))*(?:\*/|\Z))
  | (?P<string>(?:\b[eE])'(?:[^'\\]|''|\\.)*(?:'|\Z)|(?:\b(?:[nNxXbBrR]|[uU]&))?'(?:[^']|'')*(?:'|\Z))
  | (?P<dollar>(?<![\w$])\$(?P<tag>(?:[A-Za-z_]\w*)?)\$.*?(?:\$(?P=tag)\$|\Z))
  | (?P<quoted>"(?:[^"]|"")*(?:"|\Z)|`(?:[^`]|``)*(?:`|\Z))
  | (?P<bracket>(?<![\w\])\"'])\[[A-Za-z_][^\]\n\[]*\])
  | (?P<number>\d[\d.]*(?:[eE][+-]?\d+)?)
  | (?P<word>[^\W\d][\w$\#]*)
  | (?P<op>::|:=|\|\||->>|->|\#>>|\#>|@>|<@|&&|<->|<=>|<>|!=|<=|>=|[^\w\s])
    """,
    re.VERBOSE | re.DOTALL,
)
_MYSQL = re.compile(
    _LEXEMES.pattern.replace("--[^\\n]*|", "--[^\\n]*|\\#[^\\n]*|").replace(
        "(?:\\b(?:[nNxXbBrR]|[uU]&))?'(?:[^']|'')*", "(?:\\b[nNxXbB])?'(?:[^'\\\\]|''|\\\\.)*"
    ),
    re.VERBOSE | re.DOTALL,
)
BACKSLASHES = re.compile(r"\bAUTO_INCREMENT\b|\bENGINE\s*=|^/\*!\d|^\s*DELIMITER\s", re.IGNORECASE | re.MULTILINE)
"""Signs of MySQL, in whose strings a backslash escapes; elsewhere it stands for itself."""


class Lexeme(NamedTuple):
    """A piece of SQL: `kind` is space, comment, string, dollar, quoted, number, word or op; `text` as written."""

    kind: str
    text: str
    start: int
    end: int

    @property
    def name(self) -> str:
        """The identifier that is meant, without its quotes."""
        if self.kind != "quoted":
            return self.text
        quote = self.text[-1]
        return self.text[1:-1].replace(quote * 2, quote) if len(self.text) > 1 else self.text


def lexemes(text: str, *, start: int = 0, backslashes: bool = False) -> Iterator[Lexeme]:
    """Yield all pieces of a text from an offset on; a quote that is never closed reaches to the end."""
    pattern = _MYSQL if backslashes else _LEXEMES
    for match in pattern.finditer(text, start):
        kind = match.lastgroup or ""
        yield Lexeme("quoted" if kind == "bracket" else kind, match[0], match.start(), match.end())


def words(text: str, *, backslashes: bool = False) -> list[Lexeme]:
    """Return the pieces of a text that are neither space nor comment."""
    return [lexeme for lexeme in lexemes(text, backslashes=backslashes) if lexeme.kind not in ("space", "comment")]
