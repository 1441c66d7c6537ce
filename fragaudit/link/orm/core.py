"""What the readers of all frameworks share: models with their tables, places by number, partial indexes."""

from __future__ import annotations

import hashlib
import re
from typing import Literal

from msgspec import Struct

from fragaudit.link.abstract import ClassRef
from fragaudit.model.locations import Location
from fragaudit.model.schema import TableDef
from fragaudit.model.sql import NOWHERE, And, Column, Compare, Constant, Expression, Mark, Opaque, Predicate

Source = Literal["model", "migration"]


class Places:
    """Numbers locations, so that a definition can point to them: mark `(n, n)` is place n."""

    def __init__(self) -> None:
        self._numbers: dict[Location, int] = {}

    def mark(self, at: Location) -> Mark:
        """Return the mark of a location."""
        number = self._numbers.setdefault(at, len(self._numbers))
        return number, number

    @property
    def all(self) -> tuple[Location, ...]:
        """All locations by number."""
        return tuple(self._numbers)


class Relation(Struct, frozen=True):
    """An attribute that leads to another table: its columns here, the model there, the table in between if any."""

    target: ClassRef | None
    columns: tuple[str, ...] = ()
    through: str = ""
    many: bool = False


class Model(Struct, frozen=True):
    """A class that stands for a table. `columns` maps attributes to columns, `order` is the order rows come in.

    `latest` is the order by which the latest row is found, `app` what owns the table (a Django app); `table` is the
    whole definition, `opaque` in it where a part is unknown. A `subtype` derives from another class with a table, whose
    key it shares. Models of one `family` share their metadata: what creates one of their tables creates all of them.
    """

    framework: str
    cls: ClassRef | None
    name: str
    table: TableDef
    at: Location
    columns: dict[str, str] = {}
    relations: dict[str, Relation] = {}
    order: tuple[str, ...] = ()
    app: str = ""
    subtype: bool = False
    family: str = ""
    latest: tuple[str, ...] = ()


def digest(*parts: str, length: int) -> str:
    """Return the first digits of the MD5 of texts put together, by which frameworks keep generated names apart."""
    return hashlib.md5("".join(parts).encode("utf-8", "replace"), usedforsecurity=False).hexdigest()[:length]


_NULL = re.compile(r'^"?(\w+)"?\s+is\s+(not\s+)?null$', re.IGNORECASE)
_EQUAL = re.compile(r"""^"?(\w+)"?\s*(=|<>|!=|<=|>=|<|>)\s*('(?:[^']|'')*'|\d+(?:\.\d+)?|true|false)$""", re.IGNORECASE)
_LITERAL = r"(?:'(?:[^']|'')*'|\d+(?:\.\d+)?)"
_MEMBERS = re.compile(
    rf"""^"?(?P<name>\w+)"?\s*(?:(?P<op>(?:not\s+)?in)\s*\(|(?P<any>=\s*any|<>\s*all)\s*\(\s*(?:array\s*\[|\(array\s*\[))"""
    rf"""\s*(?P<values>{_LITERAL}(?:\s*,\s*{_LITERAL})*)\s*[\])]+$""",
    re.IGNORECASE,
)
_CAST = re.compile(
    r"""\(?(?<![\w"])("?\w+"?)\)?::(?:text|character\ varying|varchar)(?:\(\d+\))?\b"""
    r"""|('(?:[^']|'')*'|\]\)?)::(?:character\ varying|[a-z_]\w*)(?:\(\d+\))?(?:\[\])?""",
    re.IGNORECASE,
)
"""A cast as PostgreSQL writes it where it shows a condition, of what is the same without it."""
_BARE = re.compile(r'^(not\s+)?"?(\w+)"?$', re.IGNORECASE)
_OR = re.compile(r"\bor\b", re.IGNORECASE)


def predicate(text: str) -> Predicate:
    """Return the predicate of a partial index from its SQL: comparisons with constants joined by AND, else opaque."""
    text = _bare(text)
    parts = re.split(r"\band\b", text, flags=re.IGNORECASE) if not _OR.search(text) else []
    found = [_comparison(part.strip()) for part in parts]
    if not found or None in found:
        return Opaque(Expression(" ".join(text.lower().split())), unknown=True)
    known = tuple(f for f in found if f is not None)
    return known[0] if len(known) == 1 else And(known)


def _comparison(text: str) -> Predicate | None:
    text = _bare(text)
    text = _CAST.sub(lambda found: found[1] or found[2], text)
    if match := _MEMBERS.match(text):
        negative = (match["op"] or match["any"])[0] in "nN<"
        values = tuple(literal(each) for each in re.findall(_LITERAL, match["values"]))
        return Compare(Column("", match["name"].lower()), "not in" if negative else "in", values)
    if match := _NULL.match(text):
        return Compare(Column("", match[1].lower()), "is not null" if match[2] else "is null")
    if match := _EQUAL.match(text):
        operator = "<>" if match[2] == "!=" else match[2]
        return Compare(Column("", match[1].lower()), operator, (literal(match[3]),))  # type: ignore[arg-type]
    if match := _BARE.match(text):
        return Compare(Column("", match[2].lower()), "false" if match[1] else "true")
    return None


def _bare(text: str) -> str:
    """Return a condition without the parentheses around the whole of it."""
    text = text.strip()
    while text.startswith("(") and text.endswith(")") and _whole(text):
        text = text[1:-1].strip()
    return text


def _whole(text: str) -> bool:
    """Say whether the first parenthesis of a text is closed by its last character."""
    depth = 0
    for place, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if depth == 0:
            return place == len(text) - 1
    return False


def literal(text: str) -> Constant:
    """Return a literal of SQL as a constant."""
    if text.startswith("'"):
        return Constant(text[1:-1].replace("''", "'"), "string")
    if text.lower() in ("true", "false"):
        return Constant(text.lower(), "boolean")
    return Constant(text, "number")


def python_literal(value: str | int | float | bool | None) -> Constant:
    """Return a Python constant as one of SQL."""
    if value is None:
        return Constant(None, "null")
    if isinstance(value, bool):
        return Constant(str(value).lower(), "boolean")
    return Constant(str(value), "string" if isinstance(value, str) else "number")


__all__ = ["NOWHERE", "Model", "Places", "Relation", "Source", "digest", "literal", "predicate",
           "python_literal"]  # fmt: skip
