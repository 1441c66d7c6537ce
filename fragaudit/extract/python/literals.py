"""String literals that may hold SQL: which ones, their text as Python decodes it, and where its code points stand."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import NamedTuple

from fragaudit.model.layout import Layout

_FRAGMENT = re.compile(
    r"\b(?:SELECT|FROM|WHERE|AND|OR|JOIN|ORDER BY|GROUP BY|SET|VALUES|INSERT|UPDATE|DELETE|CREATE|ALTER|DROP|LIMIT|"
    r"RETURNING|CONFLICT|HAVING|UNION|INTO|MERGE|REPLACE|WITH|TRUNCATE|PRAGMA)\b|"
    r"\b(?:select\s|insert\s+into|delete\s+from|update\s+\S+\s+set|create\s+(?:table|index|unique)|alter\s+table|"
    r"drop\s+(?:table|index)|where\s|(?:left|inner|outer)\s+join|order\s+by|group\s+by)|"
    r"[\w\")]\s+(?:(?:=|<>|!=|<=?|>=?|LIKE|ILIKE|IN)\s+\(?(?:\$|\?|%s|%\(|:\w|ANY\()|@@\s|@>\s|<@\s"
    r"|IS\s+(?:NOT\s+)?NULL\b|BETWEEN\s)"
)
_STATEMENT = re.compile(
    r"\b(?:select\b.{1,2000}?\bfrom|insert\s+into|delete\s+from|update\s+\S+\s+set|alter\s+table|"
    r"create\s+(?:\w+\s+){0,2}(?:table|index|view|trigger|function))\s",
    re.IGNORECASE | re.DOTALL,
)
ESCAPE = re.compile(
    r"\\(?:\r\n|[0-7]{1,3}|x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|N\{[^}]*\}|.)|\r\n?", re.DOTALL
)
ESCAPE_OR_BRACE = re.compile(ESCAPE.pattern + r"|\{\{|\}\}", re.DOTALL)
BRACE = re.compile(r"\{\{|\}\}|\r\n?")
LINES = re.compile(r"\r\n?")
_SIMPLE = re.compile(
    r"""(?P<prefix>[fF]?[rR]?|[rR][fF])(?P<quotes>\"{3}|'{3}|"|')(?P<text>(?:(?!(?P=quotes))[^\\\r]|\\[^\rN])*)(?P=quotes)"""
    r"""(?:[ \t\n]|\\\n|\#[^\n\r]*)*""",
    re.DOTALL,
)
"""A literal, and what may stand between it and the next. What the names of characters stand for takes a parser."""

_HOLE = re.compile(
    r"""
    \{ (?P<value> (?: \[ [^\[\]{}"'\\\#\n]* \]            # a slice has colons
                    | [^{}"'\\!:=\#\n] | "[^"\\\n]*" | '[^'\\\n]*' | [=!<>]= | =(?=[\w"'(\[]) )+ )
       (?: ![rsa] )? (?: : [^{}"'\\\n]* )? \}
    """,
    re.VERBOSE,
)
"""A hole on one line: the expression in it, and how that is written."""
_SPECIAL = re.compile(r"\{\{|\}\}|[{}]")


def may_be_sql(text: str) -> bool:
    """Say whether a literal has words that pieces of SQL statements have."""
    return _FRAGMENT.search(text) is not None


def is_statement(text: str) -> bool:
    """Say whether a text holds what only a SQL statement does."""
    return _STATEMENT.search(text) is not None


def fragments(node: ast.expr, most: int = 200) -> Iterator[str]:
    """Yield the literal parts of a string that is put together; the first ones of a long chain."""
    stack: list[ast.expr] = [node]
    while stack and most:
        top = stack.pop()
        if isinstance(top, ast.Constant):
            if isinstance(top.value, str):
                most -= 1
                yield top.value
        elif isinstance(top, ast.JoinedStr):
            stack.extend(reversed([part for part in top.values if isinstance(part, ast.Constant)]))
        elif isinstance(top, ast.BinOp):
            stack.extend((top.right, top.left))
        elif isinstance(top, (ast.List, ast.Tuple)):
            stack.extend(reversed(top.elts[:most]))


class Part(NamedTuple):
    """A part of a string: its text and where that stands, or a hole: its source and where that starts."""

    text: str
    layout: Layout
    hole: bool = False


def placed_parts(source: str, line: int, column: int) -> list[Part]:
    """Return the parts of a string expression, as libcst reads it.

    Python's own tree joins neighbouring literals and forgets their quotes, prefixes and escapes.

    Args:
        source: one literal or several side by side, as written.
        line: where it starts, from 1.
        column: likewise.
    """
    # By far the most common forms need no parser.
    found = _simple_parts(source, line, column)
    if found is not None:
        return found
    from fragaudit.extract.python.texts import read_literals  # libcst takes longer to load than most files to read

    return read_literals(source, line, column)


def _simple_parts(source: str, line: int, column: int) -> list[Part] | None:
    """Return the parts of literals of which a glance tells where they and their holes end; None of any others."""
    found: list[Part] = []
    at = 0
    while at < len(source):
        literal = _SIMPLE.match(source, at)
        if literal is None or (len(literal["quotes"]) == 1 and "\n" in literal["text"].replace("\\\n", "")):
            return None
        prefix = literal["prefix"].lower()
        inside = after(source[at : literal.start("text")], line, column)
        if "f" in prefix:
            parts = _formatted(literal["text"], BRACE if "r" in prefix else ESCAPE_OR_BRACE, *inside)
            if parts is None:
                return None
            found += parts
        else:
            found.append(Part(*decoded(literal["text"], *inside, LINES if prefix else ESCAPE)))
        line, column = after(literal[0], line, column)
        at = literal.end()
    return found


def _formatted(text: str, pattern: re.Pattern[str], line: int, column: int) -> list[Part] | None:
    """Return the parts of an f-string's inside, whose escapes a pattern finds; None if a hole is not a simple one."""
    found: list[Part] = []
    begun = at = 0
    while begun < len(text):
        brace = _SPECIAL.search(text, at)
        if brace is not None and len(brace[0]) == 2:
            at = brace.end()
            continue
        piece = text[begun : brace.start()] if brace is not None else text[begun:]
        if piece:
            found.append(Part(*decoded(piece, line, column, pattern)))
            line, column = after(piece, line, column)
        if brace is None:
            break
        hole = _HOLE.match(text, brace.start())
        if hole is None or any(hole["value"].count(left) != hole["value"].count(right) for left, right in ("()", "[]")):
            return None
        value = hole["value"].lstrip()
        found.append(Part(value.rstrip(), (0, line, column + hole.end("value") - hole.start() - len(value)), hole=True))
        column += len(hole[0])
        begun = at = hole.end()
    return found


def decoded(raw: str, line: int, column: int, pattern: re.Pattern[str]) -> tuple[str, Layout]:
    """Return a literal's inside with what a pattern finds decoded, and where its code points stand."""
    layout = [0, line, column]
    if "\\" not in raw and "{{" not in raw and "}}" not in raw and "\r" not in raw:
        return raw, tuple(layout)
    parts: list[str] = []
    size = end = 0
    for match in pattern.finditer(raw):
        plain = raw[end : match.start()]
        line, column = after(plain, line, column)
        parts.append(plain)
        end = match.end()
        line, column = after(match[0], line, column)
        parts.append(_unescaped(match[0]))
        size += len(plain) + len(parts[-1])
        if parts[-1] != "\n" or match[0][0] == "\\":
            layout.extend((size, line, column))
    parts.append(raw[end:])
    return "".join(parts), tuple(layout)


def after(text: str, line: int, column: int) -> tuple[int, int]:
    """Return the line and column behind a text that starts at a line and column."""
    text = text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
    breaks = text.count("\n")
    return (line + breaks, len(text) - text.rfind("\n")) if breaks else (line, column + len(text))


def _unescaped(escape: str) -> str:
    if escape in ("{{", "}}"):
        return escape[0]
    if escape[0] == "\r":
        return "\n"
    if escape[1] in "\r\n":
        return ""
    try:
        text = ast.literal_eval(f'"{escape}"') if escape != '\\"' else '"'
    except (SyntaxError, ValueError):
        return escape
    return text if isinstance(text, str) else escape
