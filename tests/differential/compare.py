"""Two views of one schema, in one shape: what SQLite says it has, and what was folded from source."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from fragaudit.catalogue import load
from fragaudit.extract import extract
from fragaudit.extract.sql import read
from fragaudit.link.evaluate import Evaluator
from fragaudit.link.migrations import History, Step, histories, migrated
from fragaudit.link.orm import Mapping
from fragaudit.link.program import Program
from fragaudit.link.schema import Schema, fold
from fragaudit.model.facts import FileFacts
from fragaudit.model.schema import Index, IndexDef, Key, Table, TableDef
from fragaudit.model.statements import Read, Written

FIXTURES = Path(__file__).parent / "fixtures"


class Shape(NamedTuple):
    """A table: its columns, its primary key, and its other indexes as (name, unique, keys, partial), sorted."""

    columns: tuple[str, ...]
    primary: tuple[str, ...]
    indexes: tuple[tuple[str, bool, tuple[str, ...], bool], ...]


def run(code: str, folder: Path = FIXTURES, timeout: int = 120) -> None:
    """Run Python code in a process of its own; the libraries under test change global state."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], cwd=folder, capture_output=True, text=True, timeout=timeout,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def real(database: Path, without: Iterable[str] = ()) -> dict[str, Shape]:
    """Return the tables of a SQLite file."""
    connection = sqlite3.connect(database)
    try:
        names = [n for (n,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        kept = [n for n in names if not n.startswith("sqlite_") and n not in set(without)]
        return {name: _real_table(connection, name) for name in sorted(kept)}
    finally:
        connection.close()


def _real_table(connection: sqlite3.Connection, name: str) -> Shape:
    columns = connection.execute(f'PRAGMA table_info("{name}")').fetchall()
    primary = [c[1] for c in sorted((c for c in columns if c[5]), key=lambda c: c[5])]
    indexes = []
    for _, index, unique, origin, partial in connection.execute(f'PRAGMA index_list("{name}")').fetchall():
        if origin == "pk":
            continue
        rows = connection.execute(f'PRAGMA index_xinfo("{index}")').fetchall()
        keys = tuple((row[2] or "<expression>") + (" DESC" if row[3] else "") for row in rows if row[5])
        # SQLite forgets the names of constraints.
        indexes.append((index if origin == "c" else "", bool(unique), keys, bool(partial)))
    return Shape(tuple(sorted(c[1] for c in columns)), tuple(primary), tuple(sorted(indexes)))


def folded(tables: Iterable[Table | TableDef]) -> dict[str, Shape]:
    """Return tables that were read from source. Indexes with an operator class are PostgreSQL's alone."""
    found = {}
    for table in sorted(tables, key=lambda t: t.name):
        indexes: Sequence[Index | IndexDef] = table.indexes
        primary = next((tuple(k.column for k in i.keys) for i in indexes if i.origin == "primary key"), ())
        others = [i for i in indexes if i.origin != "primary key" and not any(k.opclass for k in i.keys)]
        # SQLite makes one index of a primary key and a constraint on the same columns.
        others = [i for i in others if i.origin != "unique" or tuple(k.column for k in i.keys) != primary]
        found[table.name] = Shape(
            tuple(sorted(c.name for c in table.columns)),
            primary,
            tuple(
                sorted(
                    ("" if i.origin == "unique" else i.name, i.unique, tuple(map(_key, i.keys)), bool(i.where_text))
                    for i in others
                )
            ),
        )
    return found


def _key(key: Key) -> str:
    return (key.column or "<expression>") + (" DESC" if key.descending else "")


def evaluator(folder: Path, paths: Iterable[Path] | None = None) -> Evaluator:
    """Return what linking works on, for the Python files of a folder."""
    catalogue = load()
    found: list[FileFacts] = []
    for path in sorted(paths if paths is not None else folder.rglob("*.py")):
        found.append(extract(path.relative_to(folder).as_posix(), "python", path.read_bytes(), catalogue))
    assert not [problem for facts in found for problem in facts.problems]
    return Evaluator(Program(found, catalogue.roots), catalogue)


def migrations(folder: Path, paths: Iterable[Path] | None = None) -> tuple[Schema, tuple[History, ...]]:
    """Return the schema that the migrations of a folder add up to, models left out."""
    mapping = Mapping(evaluator(folder, paths))
    found = histories(mapping)
    return fold(migrated(found, mapping.places.all, _read)), found


def _read(step: Step) -> list[tuple[Written, Read]]:
    found = read(step.sql, "sqlite", script=True)
    assert not [one.problem for one in found if one.problem], step
    return [(Written(step.sql, step.path, step.at, ()), one) for one in found]


def differences(expected: dict[str, Shape], got: dict[str, Shape]) -> list[str]:
    """Say in words where two schemas differ."""
    found = [f"{name}: only in the database" for name in sorted(expected.keys() - got.keys())]
    found += [f"{name}: only folded" for name in sorted(got.keys() - expected.keys())]
    for name in sorted(expected.keys() & got.keys()):
        for part, one, other in zip(Shape._fields, expected[name], got[name], strict=True):
            if one != other:
                missing = sorted(set(one) - set(other), key=str) or one
                extra = sorted(set(other) - set(one), key=str) or other
                found.append(f"{name}.{part}: database {missing}, folded {extra}")
    return found
