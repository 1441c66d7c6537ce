"""What words say of an index: the columns by which rows are found, and who asks; and whether they speak of today."""

from __future__ import annotations

import re

from fragaudit.model.documents import Sought

NOT_TODAY = re.compile(
    r"\b(?:drop\w*|remov\w*|delet\w*|obsolete|former\w*|previous\w*|earlier|used to|was|were|had|instead|no|not|never|"
    r"nor|without|\w+n['\u2019]t|old|legacy|renam\w*|replac\w*|plan\w*|propos\w*|suggest\w*|todo|future|later|should|could|"
    r"would|might|may|add|adding|consider\w*|missing|candidate\w*|examples?|e\.g|deprecat\w*|recommend\w*|create|"
    r"creating|if|want\w*|need\w*|wish\w*|like|convention|pattern|prefix|names?|naming|redundant|unused)\b",
    re.IGNORECASE,
)
"""What is said of an index that is not there today, or not surely: gone, wished for, or an example."""

CODE = re.compile(r"(?<!`)(`{1,2})([^`\n]+)\1(?!`)")
"""What is marked as code."""
_MARK = r"`{1,2}[^`\n]{1,200}`{1,2}"
_MARKS = rf"{_MARK}(?:(?:\s*,\s*and\s+|\s*,\s*or\s+|\s*,\s*|\s+and\s+|\s+or\s+|\s*[+&/]\s*|\s+then\s+){_MARK})*"
_LOOKS = (
    r"\b(?:look(?:s|ed|ing)?[- ]?ups?|filter(?:s|ed|ing)?|search(?:es|ed|ing)?|quer(?:y|ies|ied|ying)|find(?:s|ing)?|"
    r"found|fetch(?:es|ed|ing)?|list(?:s|ed|ing|ings)?|select(?:s|ed|ing|ions?)?|sort(?:s|ed|ing)?|order(?:s|ed|ing)?|"
    r"group(?:s|ed|ing)?|scans?|pag(?:es|ing|ination))\b"
)
_BETWEEN = r"(?:[ \t\n]+[\w'\u2019-]+){0,5}?[ \t\n]+"
_BY_MARKED = re.compile(rf"{_LOOKS}{_BETWEEN}by\s+({_MARKS})", re.IGNORECASE)
_BY_PLAIN = re.compile(
    rf"{_LOOKS}{_BETWEEN}by\s+((?:[a-z]\w*\s+){{0,4}}[a-z]\w*)\s*(?=[.,;:()|]|$)", re.IGNORECASE | re.MULTILINE
)
_SERVES = (
    r"\b(?:serv(?:es?|ing)|support(?:s|ing)?|speeds? up|back(?:s|ing)|answer(?:s|ing)?|for|"
    r"(?:used|needed|asked|wanted|required)\s+(?:by|in|for))\b:?"
)
_ASKED = re.compile(rf"{_SERVES}(?:[ \t\n]+[\w'\u2019-]+){{0,3}}?[ \t\n]+({_MARKS})", re.IGNORECASE)
_COLUMN = re.compile(r"^(?:\w+\.)?([^\W\d]\w*)(?:\s+(?:asc|desc))?(?:\s+nulls\s+(?:first|last))?$", re.IGNORECASE)
_SQL = re.compile(r"^(?:select\b.*\bwhere|(?:update|delete)\b.*\bwhere|where)\b(.*)$", re.IGNORECASE | re.DOTALL)
_TERM = re.compile(
    r"^\s*(?:\w+\.)?([^\W\d]\w*)\s*(?:=|<=?|>=?|in\b|like\b|between\b|is\s+null\b)[^()]*(?:\(\s*[\w\s,:$?%'….]*\))?\s*$",
    re.IGNORECASE,
)
_SITE = re.compile(r"^(?:[\w./-]+\.(?:py|sql)(?::{1,2}[\w.]+)?|[^\W\d][\w.]*(?:\(.{0,60}\))?)$")


def sought_in(text: str) -> tuple[Sought, ...]:
    """Return the columns by which a text says that rows are found, sorted or grouped, each group once."""
    found = []
    for match in _BY_MARKED.finditer(text):
        columns = [c for _, code in CODE.findall(match[1]) for c in columns_in(code)]
        marks = len(CODE.findall(match[1]))
        if columns and len(columns) >= marks:
            found.append(Sought(tuple(columns)))
    for match in _BY_PLAIN.finditer(CODE.sub(lambda m: "`" * len(m[0]), text)):
        columns = ["_".join(part.split()) for part in re.split(r"\s+and\s+", match[1].lower())]
        found.append(Sought(tuple(columns), plain=True))
    for match in _ASKED.finditer(text):
        for _, code in CODE.findall(match[1]):
            if columns := list(_compared(code)):
                found.append(Sought(tuple(columns)))
    return tuple(dict.fromkeys(found))


def _compared(code: str) -> tuple[str, ...]:
    """Return the columns that a statement or its condition compares; none where it isn't a plain one."""
    match = _SQL.match(code.strip())
    if match is None:
        return ()
    condition = re.split(r"\border\s+by\b|\blimit\b|\bgroup\s+by\b", match[1], flags=re.IGNORECASE)[0]
    terms = [_TERM.match(term) for term in re.split(r"\band\b", condition, flags=re.IGNORECASE)]
    if not all(terms) or re.search(r"\bor\b|\bselect\b|\bjoin\b", code[6:], re.IGNORECASE):
        return ()
    return tuple(term[1].lower() for term in terms if term is not None)


def sites_in(text: str) -> tuple[str, ...]:
    """Return the functions, files and lines that a text says to ask, in order."""
    found: dict[str, None] = {}
    for match in _ASKED.finditer(text):
        for _, code in CODE.findall(match[1]):
            if _SITE.match(code.strip()):
                found[code.strip()] = None
    return tuple(found)


def columns_in(text: str) -> tuple[str, ...]:
    """Return the columns that a text lists, lower case; none if anything else stands there."""
    inner = text.replace("`", "").strip().strip("*").strip()
    if inner.startswith("(") and inner.endswith(")"):
        inner = inner[1:-1]
    parts = [_COLUMN.match(part.strip()) for part in inner.split(",")]
    return tuple(part[1].lower() for part in parts if part is not None) if all(parts) else ()


def head_of(code: str) -> str:
    """Return the name that a code span begins with: `name (columns)`, `name`."""
    return re.split(r"[\s(]", code, maxsplit=1)[0]
