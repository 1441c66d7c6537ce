"""A running account of where in a SQL text one is: last words, clause, open quotes. Texts with gaps don't parse."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_TOKEN = re.compile(
    r"(?P<space>\s+)|(?P<line>--[^\n]*)|(?P<block>/\*.*?(?:\*/|\Z))"
    r"|(?P<quote>'(?:[^']|'')*(?:'|\Z)|\"[^\"]*(?:\"|\Z)|`[^`]*(?:`|\Z))"
    r"|(?P<dollar>\$(?:[A-Za-z_]\w*)?\$)|(?P<parameter>%\(\w+\)s|%s|[$:@]\w+|\?\d*)|(?P<word>[A-Za-z_][\w$]*)|(?P<number>\d[\w.]*)"
    r"|(?P<symbol>::|<->|<=>|<\#>|->>|->|\|\||@>|<@|&&|@@|~\*|<=|>=|<>|!=|.)",
    re.DOTALL,
)
_CLAUSES = frozenset({"SELECT", "FROM", "WHERE", "HAVING", "SET", "VALUES", "RETURNING", "LIMIT", "OFFSET", "ON",
                      "INTO", "ORDER", "GROUP", "UNION", "WINDOW", "USING", "CONFLICT", "CREATE", "ALTER",
                      "DROP"})  # fmt: skip
_KEYWORDS = frozenset(
    {"SELECT", "DISTINCT", "ALL", "FROM", "WHERE", "AND", "OR", "NOT", "ON", "BY", "SET", "HAVING", "IN", "LIKE",
     "ILIKE", "BETWEEN", "VALUES", "LIMIT", "OFFSET", "WHEN", "THEN", "ELSE", "CASE", "RETURNING", "USING", "IS", "TOP",
     "JOIN", "INTO", "UPDATE", "TABLE", "ONLY", "REFERENCES", "TRUNCATE", "AS", "INDEX", "CONSTRAINT", "TRIGGER",
     "FUNCTION", "TYPE", "SEQUENCE", "EXTENSION", "VIEW", "CONCURRENTLY", "SCHEMA", "DATABASE", "PROCEDURE", "POLICY",
     "ROLE", "USER", "COLLATE", "COLUMN", "TO", "SAVEPOINT", "EXISTS", "IF", "ANY", "EXPLAIN", "ANALYZE", "INTERVAL"}
)  # fmt: skip


@dataclass(slots=True)
class Words:
    """Read piece by piece. `previous` is the last keyword or symbol, or `name` after a name, number, text or `)`."""

    previous: str = ""
    earlier: str = ""
    quote: str = ""
    before_quote: str = ""
    defines: str = ""
    several: bool = False
    update_is_action: bool = False
    depth_closed: bool = True
    _clauses: list[str] = field(default_factory=lambda: [""])
    _lists: list[str] = field(default_factory=list)
    _ended: bool = False
    _verb: str = ""

    @property
    def clause(self) -> str:
        """The clause one is in, at this depth of brackets."""
        return self._clauses[-1]

    @property
    def list_of(self) -> str:
        """What stands before the innermost open bracket."""
        return self._lists[-1] if self._lists else ""

    def feed(self, text: str) -> None:
        """Read on. A text may end inside a quote or comment."""
        if self.quote:
            closing = {"comment": "\n"}.get(self.quote, self.quote)
            end = text.find(closing)
            if end == -1:
                return
            text = text[end + len(closing) :]
            if self.quote != "comment":
                self._token("name")
            self.quote = ""
        for match in _TOKEN.finditer(text):
            kind, token = match.lastgroup, match[0]
            if kind == "space" or kind == "block":
                continue
            if kind == "line":
                if match.end() == len(text):
                    self.quote = "comment"
            elif kind == "quote":
                if len(token) == 1 or token[-1] != token[0]:
                    self.quote, self.before_quote = token[0], self.previous
                else:
                    self._token("name")
            elif kind == "dollar":
                self.quote, self.before_quote = token, self.previous
                self.feed(text[match.end() :])
                return
            elif kind == "word":
                self._word(token.upper())
            elif kind in ("parameter", "number"):
                self._token("name")
            else:
                self._symbol(token)

    def _token(self, kind: str) -> None:
        if self._ended:
            self.several, self._ended = True, False
        if kind == "name" and self.previous == ".":
            self.previous = "name"
            return
        self.earlier, self.previous = self.previous, kind

    def _word(self, word: str) -> None:
        if self.previous == ".":
            self._token("name")
            return
        if word == "UPDATE":
            self.update_is_action = self.previous in ("name", "ON")
        if not self._verb:
            self._verb = word
        if self._verb in ("CREATE", "ALTER", "DROP") and not self.defines and word in (
            "TABLE", "INDEX", "VIEW", "TRIGGER", "FUNCTION", "TYPE", "SEQUENCE", "EXTENSION", "SCHEMA", "DATABASE",
        ):  # fmt: skip
            self.defines = word
        if word in _CLAUSES:
            self._clauses[-1] = word
        self._token(word if word in _KEYWORDS else "name")

    def _symbol(self, mark: str) -> None:
        if mark == "(":
            self._lists.append(self.previous)
            self._clauses.append("")
            self._token("(")
        elif mark == ")":
            if self._lists:
                self._lists.pop()
                self._clauses.pop()
            self._token("name")
        elif mark == ";":
            self._clauses, self._lists, self.defines, self._verb = [""], [], "", ""
            self.previous, self.earlier, self._ended = ";", "", True
        elif mark == "*" and self.previous in ("SELECT", "(", ",", ".", "DISTINCT"):
            self._token("name")
        elif mark == "." and self.previous == "name":
            self.previous = "."
        else:
            self._token(mark)
