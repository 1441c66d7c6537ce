"""String expressions as libcst reads them: literal by literal, with quotes, prefixes, escapes and holes."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from fragaudit.extract.python.literals import BRACE, ESCAPE, ESCAPE_OR_BRACE, LINES, Part, after, decoded
from fragaudit.model.layout import Layout

_CODE = cst.Module(())


def read_literals(source: str, line: int, column: int) -> list[Part]:
    """Return the parts of a string expression that starts at a line and column; see `literals.placed_parts`."""
    try:
        # In brackets, as literals side by side may stand on lines of their own.
        node = cst.parse_expression(f"({source})")
    except (cst.ParserSyntaxError, RecursionError):
        return []
    found: list[Part] = []
    at = 0
    for literal in _literals(node):
        code = _CODE.code_for_node(literal)
        at = source.index(code, at)
        start = after(source[:at], line, column)
        if isinstance(literal, cst.SimpleString):
            text = literal.evaluated_value
            if isinstance(text, str):
                found.append(Part(text, layout_of(literal, *start, text)))
        else:
            found.extend(_formatted_parts(literal, *start))
        at += len(code)
    return found


def _literals(node: cst.BaseExpression) -> Iterator[cst.SimpleString | cst.FormattedString]:
    while isinstance(node, cst.ConcatenatedString):
        if isinstance(node.left, (cst.SimpleString, cst.FormattedString)):
            yield node.left
        node = node.right
    if isinstance(node, (cst.SimpleString, cst.FormattedString)):
        yield node.with_changes(lpar=(), rpar=())


def _formatted_parts(node: cst.FormattedString, line: int, column: int) -> Iterator[Part]:
    raw = "r" in node.prefix.lower()
    line, column = after(node.start, line, column)
    for part in node.parts:
        if isinstance(part, cst.FormattedStringText):
            yield Part(*formatted_text(part, raw, line, column))
            line, column = after(part.value, line, column)
        elif isinstance(part, cst.FormattedStringExpression):
            start = after("{" + _CODE.code_for_node(part.whitespace_before_expression), line, column)
            yield Part(_CODE.code_for_node(part.expression), (0, *start), hole=True)
            line, column = after(_CODE.code_for_node(part), line, column)


def layout_of(node: cst.SimpleString, line: int, column: int, text: str) -> Layout:
    """Return where the code points of a literal's text stand; the literal starts at a line and column."""
    opening = len(node.prefix) + len(node.quote)
    raw = node.value[opening : -len(node.quote)]
    read, layout = decoded(raw, line, column + opening, LINES if "r" in node.prefix.lower() else ESCAPE)
    return layout if len(read) == len(text) else layout[:3]


def formatted_text(part: cst.FormattedStringText, raw: bool, line: int, column: int) -> tuple[str, Layout]:
    """Return the text of a literal part of an f-string, and where its code points stand."""
    return decoded(part.value, line, column, BRACE if raw else ESCAPE_OR_BRACE)
