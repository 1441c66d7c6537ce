"""Text to the parser's trees, with words that it takes for keywords only where they are."""

from __future__ import annotations

import re

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.errors import ErrorLevel
from sqlglot.tokenizer_core import Token, TokenType

_NAMED_VALUES = re.compile(r"\b(?:INTO|UPDATE|FROM|JOIN|ONLY|TABLE)\s+VALUES\b|[.,]\s*VALUES\b", re.IGNORECASE)
_STAND_IN = "values\ue000"
"""What the name is called meanwhile: some versions of the parser know the keyword by its text, quoted or not."""
_NAMING = frozenset({TokenType.INTO, TokenType.UPDATE, TokenType.TABLE})
"""What a name has to follow, whatever comes after it."""
_LISTING = frozenset({TokenType.FROM, TokenType.JOIN, TokenType.COMMA, TokenType.DOT})
"""What a name or a list of rows may follow."""


def trees(text: str, dialect: str) -> list[exp.Expr]:
    """Return the statements of a text. Raises what the parser raises, ValueError where it asserts what isn't so."""
    grammar = Dialect.get_or_raise(dialect)
    tokens = grammar.tokenize(text)
    named = _NAMED_VALUES.search(text)
    if named:
        _name_values(tokens)
    try:
        parsed = grammar.parser(error_level=ErrorLevel.IMMEDIATE).parse(tokens, text)
    except AssertionError as error:  # such as that a step of time is a number and one unit
        raise ValueError("the parser expects something else") from error
    found = [tree for tree in parsed if tree is not None]
    for name in (n for tree in found for n in tree.find_all(exp.Identifier)) if named else ():
        if name.this == _STAND_IN:
            name.set("this", "values")
    return found


def _name_values(tokens: list[Token]) -> None:
    """Tell the parser which `values` are a table's name, as PostgreSQL and Oracle allow: it knows only the keyword."""
    for number, token in enumerate(tokens):
        if token.token_type != TokenType.VALUES or number == 0:
            continue
        before = tokens[number - 1].token_type
        after = tokens[number + 1].token_type if number + 1 < len(tokens) else TokenType.SEMICOLON
        rows = after == TokenType.L_PAREN
        if before in _NAMING or after == TokenType.DOT or (before in _LISTING and not rows):
            token.token_type = TokenType.IDENTIFIER
            token.text = _STAND_IN
