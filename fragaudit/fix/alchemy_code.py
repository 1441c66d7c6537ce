"""Columns and indexes of SQLAlchemy as they are written: what a call says, and the calls that are missing."""

from __future__ import annotations

import ast
from collections.abc import Mapping

import libcst as cst

from fragaudit.fix.alchemy_names import Names
from fragaudit.fix.placing import Page, added_argument
from fragaudit.fix.wanted import WantedIndex
from fragaudit.model.findings import Edit
from fragaudit.model.schema import Key


def last_name(node: cst.CSTNode | None) -> str:
    """Return the last part of a dotted name, or of what a call calls."""
    if isinstance(node, cst.Call):
        node = node.func
    if isinstance(node, cst.Subscript):
        node = node.value
    if isinstance(node, cst.Attribute):
        return node.attr.value
    return node.value if isinstance(node, cst.Name) else ""


def column_name(call: cst.Call) -> str:
    """Return the name that a column is given, empty if it is that of its attribute."""
    first = next((a.value for a in call.args if a.keyword is None and not a.star), None)
    given = keyword(call, "name") or first
    value = given.evaluated_value if isinstance(given, cst.SimpleString) else None
    return value if isinstance(value, str) else ""


def keyword(call: cst.Call, name: str) -> cst.BaseExpression | None:
    """Return the argument that a call is given by a keyword."""
    return next((a.value for a in call.args if a.keyword is not None and a.keyword.value == name), None)


def flagged(page: Page, call: cst.Call) -> list[Edit]:
    """Return the edits that say `index=True` in a column's call."""
    given = keyword(call, "index")
    return [Edit(page.at(given), "True")] if given is not None else added_argument(page, call, "index=True")


def binds(statement: ast.stmt, name: str) -> bool:
    """Say whether a statement defines a name."""
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return statement.name == name
    targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
    return any(isinstance(t, ast.Name) and t.id == name for t in targets)


def binds_name(small: cst.BaseSmallStatement, name: str) -> bool:
    """Say whether an assignment binds a name."""
    if isinstance(small, cst.AnnAssign):
        return isinstance(small.target, cst.Name) and small.target.value == name
    targets = small.targets if isinstance(small, cst.Assign) else ()
    return any(isinstance(t.target, cst.Name) and t.target.value == name for t in targets)


def special(key: Key) -> bool:
    """Say whether a key has to be written as SQL."""
    return bool(key.expression or key.descending or key.nulls or key.collation)


def index_call(wanted: WantedIndex, names: Names, attributes: Mapping[str, str]) -> tuple[str, list[Edit]] | None:
    """Return the call that makes an index, and the imports that it needs; None if it can't be written."""
    if any(key.length for key in wanted.keys):
        return None
    make, edits = names.need("Index", "sqlalchemy")
    text = ""
    if any(map(special, wanted.keys)) or wanted.where:
        text, more = names.need("text", "sqlalchemy")
        edits = [*edits, *more]
        if not text:
            return None
    if not make:
        return None
    arguments = [_string(wanted.name)]
    for key in wanted.keys:
        if special(key):
            arguments.append(f"{text}({_string(_sql(key).replace(':', chr(92) + ':'))})")
        else:
            arguments.append(attributes.get(key.column) or _string(key.column))
    if wanted.method != "btree":
        arguments.append(f"postgresql_using={_string(wanted.method)}")
    classes = {k.column: k.opclass for k in wanted.keys if k.opclass and k.column and not special(k)}
    if classes:
        arguments.append(
            "postgresql_ops={" + ", ".join(f"{_string(c)}: {_string(o)}" for c, o in classes.items()) + "}"
        )
    if wanted.where:
        prefix = {"postgres": "postgresql", "sqlite": "sqlite"}.get(wanted.dialect)
        if prefix is None:
            return None
        arguments.append(f"{prefix}_where={text}({_string(wanted.where)})")
    return f"{make}({', '.join(arguments)})", edits


def _sql(key: Key) -> str:
    text = key.expression or key.column
    text += f' COLLATE "{key.collation}"' if key.collation else ""
    text += " DESC" if key.descending else ""
    return text + (f" NULLS {key.nulls.upper()}" if key.nulls else "")


def _string(text: str) -> str:
    return f'"{text}"' if text.isprintable() and not set(text) & {'"', "\\"} else repr(text)
