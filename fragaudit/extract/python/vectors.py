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
    r"|vectordistance|cosine_similarity|array_cosine_similarity|array_distance|cosinedistance|l2distance|dot_product"
    r"|euclidean_distance|json_array_pack)\s*\(",
    re.I,
)
_PROPERTY = re.compile(
    r"\bset(?:Node|Relationship)?VectorProperty\s*\(\s*\w+\s*,\s*(?:['\"](?P<column>\w+)['\"]|[$\w.{}\[\]]+)\s*,", re.I
)
_LABEL = re.compile(r"\(\s*\w*\s*:\s*`?(?P<label>\w+)")
_NODE = re.compile(r"\b(?:create|merge)\s*\(\s*\w*\s*:\s*`?(?P<label>\w+)[`:\w\s]*\{(?P<properties>[^{}]*)\}", re.I)
_SET = re.compile(r"\bset\b[^()]*?\b\w+\.(?P<column>\w+)\s*=\s*(?:\$\w+|\w+\.\w+)", re.I)
_NODES = re.compile(r"\bdb\.index\.vector\.queryNodes\s*\(|\bvector\.similarity\.\w+\s*\(", re.I)
_MATCH = re.compile(r"\b(?P<column>\w*(?:embedding|vec(?:tor)?)s?)\s+match\b", re.I)


_TYPE = re.compile(r"\bcreate\s+extension\b[^;]*\bvector\b|\b(?:half|sparse)?vec(?:tor)?\s*\(\s*(?:\d|\{)", re.I)


def vector_type(text: str, scope: int, at: Span) -> VectorSql | None:
    """Return that a definition has columns of vectors, or asks the database for their type."""
    return VectorSql("type", "", "", scope, at, sure=True) if _TYPE.search(text) else None


def is_vector_column(name: str) -> bool:
    """Say whether a column as written in a statement, quoted or not, is called as a vector is; so for a hole."""
    plain = name.strip().strip('"`[]').rpartition(".")[2]
    written = plain.partition("{")[0] or plain  # `vector{more}`: further columns are put together elsewhere
    return is_vector_name(written.strip("{}").lstrip("_"))


def vector_statement(text: str, scope: int, at: Span) -> VectorSql | None:
    """Return what a text does with vectors if it is such a statement; holes of the text stand as `{name}`."""
    lowered = text.lower()
    if "vectorproperty" in lowered:
        written = _PROPERTY.search(text)
        label = _LABEL.search(text)
        if written is not None:
            return VectorSql("write", label["label"] if label else "", written["column"] or "", scope, at, sure=True)
    if "$" in text and _LABEL.search(text):
        found = _of_node(text, scope, at)
        if found is not None:
            return found
    if "queryNodes" in text or "vector.similarity" in lowered:
        return VectorSql("search", "", "", scope, at, sure=True) if _NODES.search(text) else None
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


def _of_node(text: str, scope: int, at: Span) -> VectorSql | None:
    """Return what a statement of Cypher writes if it gives a node a property that is called as a vector is."""
    node = _NODE.search(text)
    given = [part.partition(":") for part in node["properties"].split(",")] if node is not None else []
    column = next((key.strip(" `\n\t") for key, _, value in given if _is_given(value) and is_vector_column(key)), "")
    if node is None or not column:
        changed = next((m["column"] for m in _SET.finditer(text) if is_vector_column(m["column"])), "")
        node, column = _LABEL.search(text), changed
    return VectorSql("write", node["label"], column, scope, at, sure=True) if node is not None and column else None


def _is_given(value: str) -> bool:
    """Say whether a property is what a parameter, or a row of one, gives."""
    return re.match(r"\s*(?:\$\w+|\w+\.\w+)", value) is not None


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
