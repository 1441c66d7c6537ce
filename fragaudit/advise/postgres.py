"""Proof by a PostgreSQL server of the user's: hypothetical indexes of HypoPG, in a transaction that can't write.

Nothing stays behind: the indexes live in the memory of this one connection, statements are only explained, and the
transaction is rolled back.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any, Protocol

from msgspec.structs import replace

from fragaudit.advise.prove import MOST_LINES, UNKNOWN, Text
from fragaudit.model.accesses import Access
from fragaudit.model.plan import IndexPlan, Proof, Proposal, TablePlan

_TIMEOUT = "10s"
_METHODS = ("btree", "hash", "brin")
"""Those of which HypoPG can make up an index."""
_PASSWORD = re.compile(r"(?<=:)[^:@/]*(?=@)|(?<=password=)[^&\s]*")


class Cursor(Protocol):
    """What of psycopg's cursor is needed here; the library is an extra."""

    def execute(self, query: str, params: tuple[str, ...] | None = None, *, binary: bool = False) -> object:
        """Run a statement."""

    def fetchone(self) -> tuple[Any, ...] | None:
        """Return the next row."""

    def fetchmany(self, size: int) -> list[tuple[Any, ...]]:
        """Return the next rows."""


class ProofError(Exception):
    """The database can't be asked: no driver, no connection, no HypoPG. The message says which and what helps."""


def prove(plan: IndexPlan, texts: Mapping[str, Text], url: str) -> IndexPlan:
    """Return the plan with a proof for each access that a proposal serves, by the planner of a real database.

    Each proposal is there with what else the access needs, as the other arms of an OR do. If the planner doesn't take
    it, sequential scans are made dear: on a table with few rows, as on a developer's machine, they are what it rightly
    takes.

    Args:
        plan: the plan.
        texts: the statements in PostgreSQL's dialect with parameters `$1`, `$2`…, by the text as it was written.
        url: of the database, as libpq takes it.

    Raises:
        ProofError: the database can't be asked.
    """
    try:
        psycopg: Any = import_module("psycopg")
    except ImportError as error:
        raise ProofError("the proof by PostgreSQL needs psycopg: pip install 'fragaudit[prove]'") from error
    try:
        with psycopg.connect(url, connect_timeout=10, application_name="fragaudit") as connection:
            connection.read_only = True
            connection.prepare_threshold = None
            try:
                with connection.cursor() as cursor:
                    return _proven(cursor, plan, texts)
            finally:
                connection.rollback()
    except psycopg.Error as error:
        text = " ".join(_PASSWORD.sub("***", str(error)).split())
        raise ProofError(f"the database can't be asked: {text}") from error


def _proven(cursor: Cursor, plan: IndexPlan, texts: Mapping[str, Text]) -> IndexPlan:
    cursor.execute(f"SET LOCAL statement_timeout = '{_TIMEOUT}'")
    cursor.execute("SET LOCAL plan_cache_mode = force_generic_plan")
    cursor.execute("SELECT current_setting('server_version')")
    version = str(_value(cursor)).split()[0]
    cursor.execute("SELECT count(*) FROM pg_extension WHERE extname = 'hypopg'")
    if not _value(cursor):
        raise ProofError("the database has no HypoPG: CREATE EXTENSION hypopg makes it (package postgresql-…-hypopg)")
    proofs = [
        _proof(cursor, proposal, _beside(proposal, table, access), access, texts.get(access.text, UNKNOWN))
        for table in plan.tables
        for proposal in table.proposals
        for access in (*proposal.serves, *proposal.improves)
    ]
    cursor.execute("SELECT hypopg_reset()")
    return replace(plan, proofs=tuple(proofs), planner=f"PostgreSQL {version} with HypoPG")


def _value(cursor: Cursor) -> Any:
    row = cursor.fetchone()
    return row[0] if row else None


def _beside(proposal: Proposal, table: TablePlan, access: Access) -> list[Proposal]:
    """Return the other indexes that an access needs, as each alternative of an OR needs its own."""
    return [p for p in table.proposals if p != proposal and access in p.serves and p.method in _METHODS]


def _proof(cursor: Cursor, proposal: Proposal, beside: Sequence[Proposal], access: Access, text: Text) -> Proof:
    psycopg: Any = import_module("psycopg")
    proof = Proof(proposal.name, proposal.table, access, text.sql, "not expressible")
    if text.why or proposal.method not in _METHODS:
        return replace(proof, why=text.why or f"HypoPG has no hypothetical {proposal.method} index")
    cursor.execute("SAVEPOINT fragaudit")
    try:
        return _asked(cursor, proposal, beside, proof)
    except psycopg.Error as error:
        return replace(proof, why=f"PostgreSQL: {str(error).splitlines()[0] if str(error) else type(error).__name__}")
    finally:
        cursor.execute("ROLLBACK TO SAVEPOINT fragaudit")
        cursor.execute("SELECT hypopg_reset()")  # what was made up outlives the savepoint


def _asked(cursor: Cursor, proposal: Proposal, beside: Sequence[Proposal], proof: Proof) -> Proof:
    proof = replace(proof, before=_explained(cursor, proof.statement), verdict="not taken")
    names = {}
    for chosen in (proposal, *beside):
        statement = chosen.ddl.replace("CONCURRENTLY IF NOT EXISTS ", "", 1)
        cursor.execute("SELECT indexname FROM hypopg_create_index(%s)", (statement,))
        names[str(_value(cursor))] = chosen.name
    for setting, when in (("on", ""), ("off", "if sequential scans are dear")):
        cursor.execute(f"SET LOCAL enable_seqscan = {setting}")
        after = tuple(_named(line, names) for line in _explained(cursor, proof.statement))
        if any(re.search(rf"\b{re.escape(proposal.name)}\b", line) for line in after):
            return replace(proof, verdict="taken", after=after, when=when)
        proof = replace(proof, after=proof.after or after)
    return replace(proof, why="its planner prefers another way")


def _named(line: str, names: Mapping[str, str]) -> str:
    for made_up, name in names.items():
        line = line.replace(made_up, name)
    return line


def _explained(cursor: Cursor, statement: str) -> tuple[str, ...]:
    """Return the lines of a statement's plan for parameters of unknown values.

    It is prepared anew each time: hypothetical indexes don't make the server forget a plan that it has kept.
    """
    cursor.execute("DEALLOCATE ALL")
    # In binary, since that way the server takes one statement only, whatever stands in the text.
    cursor.execute(f"PREPARE fragaudit AS {statement}", binary=True)
    cursor.execute(
        "SELECT coalesce(cardinality(parameter_types), 0) FROM pg_prepared_statements WHERE name = 'fragaudit'"
    )
    count = int(_value(cursor) or 0)
    arguments = f"({', '.join(['NULL'] * count)})" if count else ""
    cursor.execute(f"EXPLAIN (COSTS OFF) EXECUTE fragaudit{arguments}")
    return tuple(str(row[0]) for row in cursor.fetchmany(MOST_LINES))
