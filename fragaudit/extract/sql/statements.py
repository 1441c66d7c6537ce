"""One statement's text to plain facts. The only place that calls the parser, and nothing it returns is a tree."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from typing import TypeVar

import sqlglot
from msgspec.structs import replace
from sqlglot import exp
from sqlglot.errors import ParseError, SqlglotError

from fragaudit.extract.sql.blocks import UNKNOWN_TABLE, DynamicError, UnsupportedError, statement
from fragaudit.extract.sql.ddl import Definitions
from fragaudit.extract.sql.dialects import attempts
from fragaudit.extract.sql.limits import exceeded
from fragaudit.extract.sql.operands import Operands, canonical
from fragaudit.extract.sql.placeholders import normalised
from fragaudit.extract.sql.predicates import Predicates
from fragaudit.extract.sql.reader import UnknownNameError, UnreadError
from fragaudit.extract.sql.trees import trees
from fragaudit.model.schema import AddColumn, AddForeignKey, AddIndex, Change, CreateTable
from fragaudit.model.sql import DIALECTS, NOWHERE, Mark, Predicate, Statement
from fragaudit.model.statements import Read

logging.getLogger("sqlglot").setLevel(logging.CRITICAL)  # what it doesn't support is told by what it returns

_FIRST = re.compile(
    r"(?:\s++|--[^\n]*+(?:\n|\Z)|#[^\n]*+(?:\n|\Z)|/\*(?:[^*]|\*(?!/))*+(?:\*/|\Z))*+[\s(]*+([A-Za-z_]+)"
)
_QUERIES = frozenset({"SELECT", "WITH", "INSERT", "UPDATE", "DELETE", "MERGE", "REPLACE", "VALUES", "TABLE"})
_DEFINITIONS = frozenset({"CREATE", "ALTER", "DROP", "RENAME", "COMMENT", "EXEC", "EXECUTE"})
_WRAPPERS = re.compile(
    r"\s*(?:EXPLAIN\b(?:\s+(?:ANALYZE|VERBOSE|QUERY\s+PLAN)\b|\s*\([^()]*\))*"
    r"|PREPARE\s+\w+\s*(?:\([^()]*\)\s*)?AS\b"
    r"|DECLARE\s+\w+\s+(?:\w+\s+)*?CURSOR\b(?:\s+WITH(?:OUT)?\s+HOLD)?\s+FOR\b)",
    re.IGNORECASE,
)
"""What may stand before a query that finds its rows all the same."""
_BODY = re.compile(r"\$\w*\$")
_ADDED = re.compile(r"(?<=[\s;])(?:CREATE\s+(?:UNIQUE\s+)?(?:INDEX|TABLE)|ALTER\s+TABLE)\b", re.IGNORECASE)
_DEFAULT = "postgres"
_NO_GRAMMAR = "no dialect has such a statement"
Result = TypeVar("Result")


def read(text: str, dialect: str) -> Read:
    """Return what one statement says; offsets are into the text. Never raises.

    Args:
        text: a single statement, placeholders of any style.
        dialect: sqlglot's name of its dialect, empty if it isn't known.
    """
    whole: Mark = (0, len(text))
    dialect = dialect if dialect in DIALECTS else ""
    first = _FIRST.match(text)
    word = first[1].upper() if first is not None else ""
    wrapped = _WRAPPERS.match(text) if word in ("EXPLAIN", "PREPARE", "DECLARE") else None
    if wrapped is not None:
        text = " " * wrapped.end() + text[wrapped.end() :]
        first = _FIRST.match(text)
        word = first[1].upper() if first is not None else ""
    if word == "DO":
        return _anonymous(text, dialect, whole)
    if word not in _QUERIES and word not in _DEFINITIONS:
        return Read(whole, skipped=f"{word or 'it'} finds no rows")
    problem = exceeded(text)
    if problem:
        return Read(whole, problem=f"it {problem}", dialect=dialect)
    text = normalised(text)
    if word in _DEFINITIONS:
        return _definition(text, dialect, whole)
    return _query(text, dialect, whole)


def _definition(text: str, dialect: str, whole: Mark) -> Read:
    chosen = dialect or _DEFAULT

    def expression(start: int, end: int) -> str:
        tree = _safely(lambda: sqlglot.parse_one(text[start:end], read=chosen))
        return canonical(tree, chosen) if tree is not None else " ".join(text[start:end].lower().split())

    def where(start: int, end: int) -> tuple[Predicate | None, str]:
        written = " ".join(text[start:end].split())
        tree = _safely(lambda: sqlglot.parse_one(f"SELECT 1 WHERE {text[start:end]}", read=chosen))
        clause = tree.args.get("where") if tree is not None else None
        if clause is None:
            return None, written
        return _safely(lambda: Predicates(Operands(chosen, _none)).predicate(clause.this)), written

    def select(start: int) -> Statement | None:
        found = _query(" " * start + text[start:], chosen, whole).statement
        return replace(found, text=text[start:]) if found is not None else None

    try:
        changes = Definitions(text, dialect, expression, where, select).changes()
    except UnknownNameError:
        return Read(whole, dynamic=UNKNOWN_TABLE, dialect=dialect)
    except UnreadError as problem:
        return Read(whole, problem=str(problem), dialect=dialect)
    except RecursionError:
        return Read(whole, problem="it is nested too deeply", dialect=dialect)
    return Read(
        whole, changes=changes, skipped="" if changes else "it defines neither table nor index", dialect=dialect
    )


def _anonymous(text: str, dialect: str, whole: Mark) -> Read:
    """Return what an anonymous block adds to the schema, whatever it asks before: so far as it runs, it has run."""
    changes: list[Change] = []
    body = _BODY.search(text)
    for found in _ADDED.finditer(text, body.end(), len(text)) if body is not None else ():
        end = text.find(";", found.start())
        end = len(text) if end < 0 else end
        # Blanks before it keep its places those of the whole text.
        one = _definition(normalised(" " * found.start() + text[found.start() : end]), dialect, whole)
        changes += [c for c in one.changes if isinstance(c, (CreateTable, AddColumn, AddIndex, AddForeignKey))]
    return Read(whole, changes=tuple(changes), skipped="" if changes else "an anonymous block", dialect=dialect)


def _none(_: exp.Expr) -> int:
    raise UnsupportedError("a query inside the condition of an index")


def _safely(work: Callable[[], Result]) -> Result | None:
    try:
        return work()
    except (SqlglotError, RecursionError, UnsupportedError, DynamicError, ValueError, TypeError, AttributeError):
        return None


def _query(text: str, dialect: str, whole: Mark) -> Read:
    failure: Read | None = None
    for chosen in attempts(dialect, text):
        try:
            found = trees(text, chosen)
        except ParseError as error:
            what, at = _told(error, text)
            failure = failure or Read(whole, problem=what, problem_at=at, dialect=chosen)
            continue
        except SqlglotError as error:
            what = str(error).splitlines()[0] if str(error) else _NO_GRAMMAR
            failure = failure or Read(whole, problem=what[:200], dialect=chosen)
            continue
        except (RecursionError, MemoryError):
            return Read(whole, problem="it is nested too deeply", dialect=chosen)
        except (TypeError, ValueError, AttributeError, LookupError):
            # The compiled parser meets an operator without its operand unprepared.
            failure = failure or Read(whole, problem=_NO_GRAMMAR, dialect=chosen)
            continue
        if not found or isinstance(found[0], exp.Command):
            failure = failure or Read(whole, problem="it uses syntax that isn't understood", dialect=chosen)
            continue
        try:
            return Read(whole, statement(found[0], chosen), dialect=chosen)
        except DynamicError as dynamic:
            return Read(whole, dynamic=str(dynamic), dialect=chosen)
        except UnsupportedError as unsupported:
            return Read(whole, problem=str(unsupported), dialect=chosen)
        except RecursionError:
            return Read(whole, problem="it is nested too deeply", dialect=chosen)
    return failure or Read(whole, problem=_NO_GRAMMAR)


def _told(error: ParseError, text: str) -> tuple[str, Mark]:
    """Return what the parser says, and the place of the word it stumbled over."""
    first = error.errors[0] if error.errors else {}
    what = str(first.get("description") or _NO_GRAMMAR).partition(" but got <Token")[0].strip().rstrip(".")
    line, column, word = first.get("line"), first.get("col"), str(first.get("highlight") or "")
    if not line or not column:
        return what, NOWHERE
    start = 0
    for _ in range(line - 1):
        start = text.find("\n", start) + 1
    end = min(start + column, len(text))  # its column is that of the word's end
    return what + (f" at `{word}`" if word else ""), (max(0, end - max(1, len(word))), end)
