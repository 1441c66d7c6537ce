"""Placeholders of every driver and template, rewritten to one style that every dialect parses, equally long.

Equally long, so that offsets in what is parsed are offsets in what was written. A template's hole becomes a parameter
too: what it stands for shows where it stands, and a parameter in place of a condition or a table is told apart there.
"""

from __future__ import annotations

import re

_LITERALS = (
    r"(?P<literal>--[^\n]*|/\*(?:[^*]|\*(?!/))*(?:\*/|\Z)|\b[eE]'(?:[^'\\]|''|\\.)*(?:'|\Z)|'(?:[^'\\]|''|\\.)*?'(?!')"
    r"|'(?:[^']|'')*(?:'|\Z)|\"(?:[^\"]|\"\")*(?:\"|\Z)|`[^`]*(?:`|\Z)"
    r"|(?<![\w$])\$(?P<tag>(?:[A-Za-z_]\w*)?)\$.*?(?:\$(?P=tag)\$|\Z))"
)
_PLACEHOLDERS = re.compile(
    _LITERALS
    + r"""
  | (?P<block>\{%.*?%\}|\{\#.*?\#\})
  | (?P<hole>\{\{.*?\}\}|[$\#]\{[^{}\n]*\}|\{[A-Za-z_](?:[\w.\[\]'"!:]|\((?:[^(){}\n]|\([^(){}\n]*\))*\))*\}|\{\})
  | (?P<named>%\([^()\n]+\)[sdb]|%[sdb](?!\w))
  | (?P<modulo>%%)
  | (?P<numbered>\?\d+|(?<![\w$])\$\d+)
  | (?P<colon>(?<![:\w\])])(?<!:[ ]):(?!h\d+\b|p+\b)[A-Za-z_]\w*)
  | (?P<inet><<=|>>=)
  | (?P<at>(?<![\w@])@[A-Za-z_]\w*(?!\w*\s*:=))
  | (?P<sqlc>\bsqlc\.(?:arg|narg|slice)\(\s*[^()\n]*\))
    """,
    re.VERBOSE | re.DOTALL,
)
_ANY = re.compile(r"[%?$@{\#:]|<<=|>>=|\bsqlc\.")
_REPLACE = re.compile(r"\A(\s*)REPLACE(\s+INTO\b)", re.IGNORECASE)
_OR_ACTION = re.compile(r"\A(\s*UPDATE)(\s+OR\s+(?:ABORT|FAIL|IGNORE|REPLACE|ROLLBACK))\b", re.IGNORECASE)
_TOP = re.compile(r"\A(\s*(?:DELETE|UPDATE))(\s+TOP\s*\([^()]*\))", re.IGNORECASE)


_ESCAPE = re.compile(r"(\bESCAPE\s+)[eE](?=')", re.IGNORECASE)


_RETURNED = re.compile(
    r"(?P<kept>\bJSON_\w+\s*\((?:[^()']|'[^']*'|\([^()]*\))*?)"
    r"(?P<left>\bRETURNING\s+\w+(?:\s*\([^()]*\))?(?:\s+FORMAT\s+JSON)?)(?=[^()]*\))",
    re.IGNORECASE,
)
"""What type a function of JSON gives back."""
_NEAREST = re.compile(r"(?P<kept>\bFETCH\s+)(?P<left>(?:APPROX(?:IMATE)?|EXACT)\b)", re.IGNORECASE)
"""How exactly Oracle looks for the nearest vectors."""
_SCHEMA = re.compile(r":p+ *\.(?=[\w\"`\[:])")
"""A schema that is put in: it tells no table from another."""


def normalised(text: str) -> str:
    """Return a statement of the same length whose placeholders are all `:p`, padded with more letters or spaces."""
    if _ANY.search(text):
        text = _PLACEHOLDERS.sub(_replaced, text)
        text = _SCHEMA.sub(lambda m: " " * len(m[0]), text)
    text = _RETURNED.sub(_blanked, text)
    text = _NEAREST.sub(_blanked, text)
    text = _ESCAPE.sub(r"\1 ", text)
    text = _REPLACE.sub(r"\1INSERT \2", text)
    text = _OR_ACTION.sub(lambda m: m[1] + " " * len(m[2]), text)
    return _TOP.sub(lambda m: m[1] + " " * len(m[2]), text)


def _blanked(match: re.Match[str]) -> str:
    return match["kept"] + "".join("\n" if c == "\n" else " " for c in match["left"])


def _replaced(match: re.Match[str]) -> str:
    kind, text = match.lastgroup, match[0]
    if kind in ("literal", "tag"):
        return text
    if kind == "block":
        return "".join(c if c == "\n" else " " for c in text)
    if kind == "modulo":
        return " %"
    if kind == "inet":  # which networks contain each other is asked with the operators of all that can contain
        return "<@ " if text[0] == "<" else "@> "
    if kind == "at":
        return ":" + text[1:]
    if len(text) == 1:
        return text
    blanked = "".join("\n" if c == "\n" else " " for c in text[1:])
    letters = text.find("\n") - 1 if "\n" in text else len(text) - 1
    return ":" + "p" * max(1, letters) + blanked[max(1, letters) :]
