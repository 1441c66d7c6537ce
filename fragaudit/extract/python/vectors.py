"""Statements in texts that write vectors into rows, or order rows by nearness: told by their words alone."""

from __future__ import annotations

import re

from fragaudit.model.facts import VectorSql
from fragaudit.model.values import Span
from fragaudit.model.vectors import is_vector_name

_NAME = r'[\w."`\[\]{}]+'
_INSERT = re.compile(
    rf"\b(?:insert\s+(?:or\s+\w+\s+)?into|replace\s+into)\s+(?P<table>{_NAME})\s*\((?P<columns>[^()]*)\)", re.I
)
_UPDATE = re.compile(
    rf"\bupdate\s+(?P<table>{_NAME})(?:\s+(?:as\s+)?\w+)?\s+set\s+(?P<columns>.*?)(?:\bwhere\b|$)", re.I | re.S
)
_MERGE = re.compile(rf"\bmerge\s+into\s+(?P<table>{_NAME})", re.I)
_MERGED = re.compile(r"\bthen\s+insert\s*\((?P<columns>[^()]*)\)\s*values\b", re.I)
_COMPUTED = re.compile(r"\s*(?:hole|\{\w*\})\s*")
"""Columns that are put together elsewhere: nothing but a hole of an f-string, or one that is filled later."""
_FROM = re.compile(rf"\bfrom\s+(?P<table>{_NAME})", re.I)
_CAST = re.compile(
    r"::\s*(?:half|sparse)?vec(?:tor)?\b|\bas\s+(?:half|sparse)?vec(?:tor)?\b"
    r"|\b(?:to_vector|string_to_vector|vec_f32|vec_fromtext|json_array_pack|vector(?:32|64|1bit|8))\s*\(",
    re.I,
)
_NEAR = re.compile(
    r"<=>|<->|<#>|<\+>|\b(?:cosine_distance|l2_distance|inner_product|vec_distance\w*|vec_cosine_distance|vector_distance"
    r"|vectordistance|cosine_similarity|array_cosine_similarity|array_distance|cosinedistance|l2distance)\s*\(",
    re.I,
)
_PROPERTY = re.compile(
    r"\bset(?:Node|Relationship)?VectorProperty\s*\(\s*\w+\s*,\s*(?:['\"](?P<column>\w+)['\"]|[$\w.{}\[\]]+)\s*,", re.I
)
_LABEL = re.compile(r"\(\s*\w*\s*:\s*`?(?P<label>\w+)")
_MATCH = re.compile(r"\b(?P<column>\w*(?:embedding|vec(?:tor)?)s?)\s+match\b", re.I)


def is_vector_column(name: str) -> bool:
    """Say whether a column as written in a statement, quoted or not, is called as a vector is; so for a hole."""
    return is_vector_name(name.strip().strip('"`[]').rpartition(".")[2].strip("{}").lstrip("_"))


def vector_statement(text: str, scope: int, at: Span) -> VectorSql | None:
    """Return what a text does with vectors if it is such a statement; holes of the text stand as `{name}`."""
    lowered = text.lower()
    if "vectorproperty" in lowered:
        written = _PROPERTY.search(text)
        label = _LABEL.search(text)
        if written is not None:
            return VectorSql("write", label["label"] if label else "", written["column"] or "", scope, at, sure=True)
    if "insert" in lowered or "replace" in lowered or "update" in lowered:
        merge = _MERGE.search(text)
        written = _MERGED.search(text) if merge is not None else _INSERT.search(text) or _UPDATE.search(text)
        if written is not None:
            columns = [part.partition("=")[0] for part in written["columns"].split(",")]
            vector = next((c.strip().strip('"`[]') for c in columns if is_vector_column(c)), "")
            if vector:
                table = _table((merge or written)["table"])
                return VectorSql("write", table, vector, scope, at, sure=_CAST.search(text) is not None)
            if _COMPUTED.fullmatch(written["columns"]):
                return VectorSql("write", _table((merge or written)["table"]), "", scope, at, computed=True)
            return None
    if "select" in lowered:
        return _search(text, scope, at)
    return None


def _search(text: str, scope: int, at: Span) -> VectorSql | None:
    near, match = _NEAR.search(text), _MATCH.search(text)
    source = _FROM.search(text)
    if (near is None and match is None) or source is None:
        return None
    where = re.search(r"\bwhere\b(.*?)(?:\border\s+by\b|\blimit\b|$)", text, re.I | re.S)
    conditions = re.split(r"\band\b", where[1], flags=re.I) if where else []
    told = [c for c in conditions if not _NEAR.search(c) and not _MATCH.search(c) and not re.match(r"\s*k\s*=", c)]
    column = match["column"] if match is not None else ""
    return VectorSql("search", _table(source["table"]), column, scope, at, scoped=bool(told), sure=True)


def _table(name: str) -> str:
    return "" if "{" in name else name.replace('"', "").replace("`", "").strip("[]")
