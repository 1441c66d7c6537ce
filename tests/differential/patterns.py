"""Two views of one query: what an ORM emits, read as SQL, and what was understood of the expression in Python."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from fragaudit.catalogue import load
from fragaudit.extract import extract
from fragaudit.extract.sql import read
from fragaudit.link.accesses import accesses
from fragaudit.link.defined import defined
from fragaudit.link.evaluate import Evaluator
from fragaudit.link.orm import Mapping as Models
from fragaudit.link.program import Program
from fragaudit.link.queries import expressed
from fragaudit.link.schema import Schema, fold
from fragaudit.model.accesses import Access
from fragaudit.model.locations import Location
from fragaudit.model.statements import Written

Pattern = tuple[object, ...]
"""A use of a table: verb, table, conditions, alternatives, order, whether it stops early, what can't be looked up."""


def pattern(access: Access) -> Pattern:
    """Return what has to be equal; aliases and places are each view's own."""
    conditions = sorted({(c.column, c.op, c.expression, c.join.rpartition(".")[2]) for c in access.conditions})
    arms = sorted(tuple(sorted((c.column, c.op) for c in arm)) for arm in access.arms)
    sort = tuple((s.column, s.descending, s.nulls) for s in access.sort) if access.limit else ()
    kept = {u.column for u in access.unindexable}
    return access.verb, access.table, tuple(conditions), tuple(arms), sort, tuple(sorted(kept))


def understood(files: Mapping[str, str], dialect: str) -> tuple[dict[int, list[Access]], Schema]:
    """Return the accesses of the file `queries.py` by line, and the schema that they were judged against."""
    catalogue = load()
    facts = [extract(path, "python", text.encode(), catalogue) for path, text in sorted(files.items())]
    assert not [problem for fact in facts for problem in fact.problems]
    models = Models(Evaluator(Program(facts, catalogue.roots), catalogue))
    schema = fold(defined(models).changes((), ()))
    found: dict[int, list[Access]] = {}
    for query in expressed(models, lambda: {fact.path: dialect for fact in facts}):
        if query.written.path.endswith("queries.py"):
            assert len(query.statements) == 1
            for access in accesses(query.statements[0], query.written, schema).accesses:
                found.setdefault(query.written.at.line, []).append(access)
    return found, schema


def emitted(statements: Iterable[str], dialect: str, schema: Schema) -> list[Access]:
    """Return the accesses of SQL that a library made."""
    found: list[Access] = []
    for text in statements:
        for one in read(text, dialect):
            assert not one.problem, (text, one.problem)
            if one.statement is not None:
                written = Written(text, "emitted.sql", Location("emitted.sql"), ())
                found += accesses(one.statement, written, schema).accesses
    return found


def differences(
    cases: Sequence[str],
    first_line: int,
    found: Mapping[int, Sequence[Access]],
    sql: Sequence[Sequence[str]],
    dialect: str,
    schema: Schema,
) -> list[str]:
    """Say in words in which cases the two views differ; case n stands on line `first_line + n`."""
    said = []
    for number, (case, statements) in enumerate(zip(cases, sql, strict=True)):
        expected = sorted({pattern(a) for a in emitted(statements, dialect, schema)}, key=repr)
        got = sorted({pattern(a) for a in found.get(first_line + number, ())}, key=repr)
        if expected != got:
            said.append(f"{case}\n  SQL {statements}\n  emits {expected}\n  found {got}")
    return said


def answered(code: str, folder: Path, extra: Mapping[str, str] | None = None) -> list[list[str]]:
    """Run Python code in a process of its own and return the JSON it prints last."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={"PYTHONHASHSEED": "0", "PATH": "", **(extra or {})},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    result: list[list[str]] = json.loads(done.stdout.splitlines()[-1])
    return result
