"""String literals that may hold SQL: their text, decoded as Python does, and where its code points stand."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import libcst as cst

from fragaudit.model.layout import Layout

_FRAGMENT = re.compile(
    r"\b(?:SELECT|FROM|WHERE|AND|OR|JOIN|ORDER BY|GROUP BY|SET|VALUES|INSERT|UPDATE|DELETE|CREATE|ALTER|DROP|LIMIT|"
    r"RETURNING|CONFLICT|HAVING|UNION|INTO|MERGE|REPLACE|WITH|TRUNCATE|PRAGMA)\b|"
    r"\b(?:select\s|insert\s+into|delete\s+from|update\s+\S+\s+set|create\s+(?:table|index|unique)|alter\s+table|"
    r"drop\s+(?:table|index)|where\s|(?:left|inner|outer)\s+join|order\s+by|group\s+by)"
)
_STATEMENT = re.compile(
    r"\b(?:select\b.{1,2000}?\bfrom|insert\s+into|delete\s+from|update\s+\S+\s+set|alter\s+table|"
    r"create\s+(?:\w+\s+){0,2}(?:table|index|view|trigger|function))\s",
    re.IGNORECASE | re.DOTALL,
)
_ESCAPE = re.compile(
    r"\\(?:\r\n|[0-7]{1,3}|x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|N\{[^}]*\}|.)|\r\n?", re.DOTALL
)
_ESCAPE_OR_BRACE = re.compile(_ESCAPE.pattern + r"|\{\{|\}\}", re.DOTALL)
_BRACE = re.compile(r"\{\{|\}\}|\r\n?")
_LINES = re.compile(r"\r\n?")


def may_be_sql(text: str) -> bool:
    """Say whether a literal has words that pieces of SQL statements have."""
    return _FRAGMENT.search(text) is not None


def is_statement(text: str) -> bool:
    """Say whether a text holds what only a SQL statement does."""
    return _STATEMENT.search(text) is not None


def fragments(node: cst.BaseExpression, most: int = 200) -> Iterator[str]:
    """Yield the literal parts, as written, of a string that is put together; the first ones of a long chain."""
    stack: list[cst.CSTNode] = [node]
    while stack and most:
        top = stack.pop()
        if isinstance(top, cst.SimpleString):
            most -= 1
            yield top.value
        elif isinstance(top, cst.FormattedString):
            stack.extend(reversed([part for part in top.parts if isinstance(part, cst.FormattedStringText)]))
        elif isinstance(top, cst.FormattedStringText):
            most -= 1
            yield top.value
        elif isinstance(top, (cst.ConcatenatedString, cst.BinaryOperation)):
            stack.extend((top.right, top.left))
        elif isinstance(top, (cst.List, cst.Tuple)):
            stack.extend(element.value for element in reversed(top.elements[:most]))


def layout_of(node: cst.SimpleString, line: int, column: int, text: str) -> Layout:
    """Return where the code points of a literal's text stand; the literal starts at a line and column."""
    opening = len(node.prefix) + len(node.quote)
    raw = node.value[opening : -len(node.quote)]
    decoded, layout = _decoded(raw, line, column + opening, _LINES if "r" in node.prefix.lower() else _ESCAPE)
    return layout if len(decoded) == len(text) else layout[:3]


def formatted_text(part: cst.FormattedStringText, raw: bool, line: int, column: int) -> tuple[str, Layout]:
    """Return the text of a literal part of an f-string, and where its code points stand."""
    return _decoded(part.value, line, column, _BRACE if raw else _ESCAPE_OR_BRACE)


def _decoded(raw: str, line: int, column: int, pattern: re.Pattern[str]) -> tuple[str, Layout]:
    layout = [0, line, column]
    if "\\" not in raw and "{{" not in raw and "}}" not in raw and "\r" not in raw:
        return raw, tuple(layout)
    parts: list[str] = []
    size = end = 0
    for match in pattern.finditer(raw):
        plain = raw[end : match.start()]
        line, column = _after(plain, line, column)
        parts.append(plain)
        end = match.end()
        line, column = _after(match[0], line, column)
        parts.append(_unescaped(match[0]))
        size += len(plain) + len(parts[-1])
        if parts[-1] != "\n" or match[0][0] == "\\":
            layout.extend((size, line, column))
    parts.append(raw[end:])
    return "".join(parts), tuple(layout)


def _after(text: str, line: int, column: int) -> tuple[int, int]:
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
