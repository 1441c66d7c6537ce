"""Proof by SQLite's own planner: what it does with a statement before and after an index is there."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

from msgspec import Struct
from msgspec.structs import replace

from fragaudit.advise.twin import Twin, bare, build, create_index, expressible
from fragaudit.model.accesses import Access
from fragaudit.model.plan import IndexPlan, Proof, Proposal, TablePlan
from fragaudit.model.schema import Table

MOST_LINES = 40
"""Lines of a plan that are kept."""
MOST_FUNCTIONS = 20
"""Functions of one statement that are made up."""
_NO_FUNCTION = re.compile(r"no such function: (\w+)")
_SMALL, _LARGE = 1_000, 10_000_000
"""Rows, when a table is taken to be much larger than all others."""


class Text(Struct, frozen=True):
    """A statement as SQLite would have it; `why` it can't be had there, empty if it can."""

    sql: str
    why: str = ""


class _Unbound(dict[str, None]):
    """Parameters that have no value, however many there are."""

    def __missing__(self, key: str) -> None:
        return None


def prove(
    plan: IndexPlan, tables: Iterable[Table], views: Sequence[tuple[str, str]], texts: Mapping[str, Text]
) -> IndexPlan:
    """Return the plan with a proof for each access that a proposal serves.

    First all proposals are there together, then the one alone; then its table is said to be so large that the planner
    looks it up last, for which of several tables is the larger isn't in the text.

    Args:
        plan: the plan.
        tables: the whole schema, since statements join.
        views: the schema's views, by name and query.
        texts: the statements as SQLite would have them, by the text as it was written.
    """
    proofs: list[Proof] = []
    dialect = next((t.dialect for t in plan.tables if t.dialect), "")
    twin = build(tables, views, dialect)
    try:
        for table in plan.tables:
            for proposal in table.proposals:
                for access in (*proposal.serves, *proposal.improves):
                    proofs.append(_proof(twin, plan, table, proposal, access, texts.get(access.text, UNKNOWN)))
    finally:
        twin.close()
    return replace(plan, proofs=tuple(proofs), planner=f"SQLite {sqlite3.sqlite_version}, on an empty schema")


UNKNOWN = Text("", "it is asked by expressions of a library, of whose SQL there is no text")


def _proof(twin: Twin, plan: IndexPlan, table: TablePlan, proposal: Proposal, access: Access, text: Text) -> Proof:
    proof = Proof(proposal.name, proposal.table, access, text.sql, "not expressible")
    why = expressible(proposal) or text.why or twin.missing.get(proposal.table, "")
    if why:
        return replace(proof, why=why)
    try:
        before = explained(twin, text.sql)
    except (sqlite3.Error, sqlite3.Warning, ValueError) as error:
        return replace(proof, why=f"SQLite can't run the statement: {error}")
    proof = replace(proof, before=before, verdict="not taken")
    together = [p for t in plan.tables for p in t.proposals if not expressible(p)]
    gone = [s.index.name for s in table.superfluous if s.ddl]
    alone = [proposal]
    try:
        with _present(twin, [], [], ""):
            twin.connection.execute(
                create_index(proposal.name, proposal.table, proposal.keys, proposal.where, proposal.dialect)
            )
    except sqlite3.Error as error:
        return replace(proof, verdict="not expressible", why=f"SQLite can't have the index: {error}")
    large = f"if {bare(proposal.table)} is much larger than the other tables"
    for chosen, size, when in ((together, "", ""), (alone, "", "on its own"), (alone, proposal.table, large)):
        with _present(twin, chosen, gone if chosen is together else [], size):
            after = explained(twin, text.sql)
        if uses(after, proposal.name):
            return replace(proof, verdict="taken", after=after, when=when)
        proof = replace(proof, after=proof.after or after)
    return replace(proof, why="its planner prefers another way")


@contextmanager
def _present(twin: Twin, proposals: Sequence[Proposal], gone: Sequence[str], large: str) -> Iterator[None]:
    """Let indexes be there, and others not, and a table be large, for as long as it takes to ask."""
    connection = twin.connection
    connection.execute("BEGIN")
    try:
        for name in gone:
            connection.execute('DROP INDEX IF EXISTS "' + name.replace('"', '""') + '"')
        for proposal in proposals:
            if proposal.table not in twin.missing:
                with suppress(sqlite3.Error):  # whose own proof says so
                    connection.execute(
                        create_index(proposal.name, proposal.table, proposal.keys, proposal.where, proposal.dialect)
                    )
        if large:
            _sizes(connection, large)
        yield
    finally:
        connection.execute("ROLLBACK")
        if large:
            connection.execute("ANALYZE sqlite_schema")


def _sizes(connection: sqlite3.Connection, large: str) -> None:
    connection.execute("ANALYZE")
    names = [n for (n,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()]
    connection.execute("DELETE FROM sqlite_stat1")
    for name in names:
        if not name.startswith("sqlite_"):
            rows = _LARGE if name == bare(large) else _SMALL
            connection.execute("INSERT INTO sqlite_stat1 VALUES (?, NULL, ?)", (name, str(rows)))
    connection.execute("ANALYZE sqlite_schema")


def explained(twin: Twin, sql: str) -> tuple[str, ...]:
    """Return the lines of SQLite's plan for a statement. Raises sqlite3.Error if it has none.

    Functions that SQLite doesn't have are made up: which indexes are used doesn't depend on what they return.
    """
    for _ in range(MOST_FUNCTIONS):
        try:
            rows = twin.connection.execute(f"EXPLAIN QUERY PLAN {sql}", _Unbound())
        except sqlite3.OperationalError as error:
            unknown = _NO_FUNCTION.match(str(error))
            if unknown is None:
                raise
            twin.connection.create_function(unknown[1], -1, _nothing, deterministic=True)
        else:
            return tuple(str(row[3]) for row in rows.fetchmany(MOST_LINES))
    raise sqlite3.OperationalError("it has too many functions that SQLite doesn't know")


def _nothing(*values: object) -> None:
    del values


def uses(lines: Sequence[str], index: str) -> bool:
    """Return whether a plan uses an index: to search, or for its order."""
    return any(re.search(rf"\bINDEX {re.escape(index)}(?: |$)", line) for line in lines)
