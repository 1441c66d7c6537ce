"""The plan as SQL: statements of the database's own dialect, without locks where it has a way."""

from __future__ import annotations

from fragaudit.advise.dialects import MONGODB, MSSQL, MYSQL, POSTGRES, SQLITE
from fragaudit.advise.quoting import identifier
from fragaudit.model.plan import IndexPlan, Proposal, Superfluous, TablePlan
from fragaudit.model.schema import Index, Key


def create(proposal: Proposal) -> str:
    """Return the statement that creates an index, without a semicolon.

    PostgreSQL builds it CONCURRENTLY, which doesn't block writes and can't stand in a transaction.
    """
    dialect = proposal.dialect
    if dialect == MONGODB:
        fields = ", ".join(f'"{key.column}": {-1 if key.descending else 1}' for key in proposal.keys)
        collection = proposal.table if proposal.table.isidentifier() else f'getCollection("{proposal.table}")'
        return f"db.{collection}.createIndex({{ {fields} }})"
    name, table = identifier(proposal.name, dialect), identifier(proposal.table, dialect)
    keys = ", ".join(key_text(key, dialect, proposal.method) for key in proposal.keys)
    where = f" WHERE {proposal.where}" if proposal.where else ""
    if dialect == POSTGRES:
        using = f" USING {proposal.method}" if proposal.method != "btree" else ""
        return f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} ON {table}{using} ({keys}){where}"
    if dialect == MYSQL:
        kind = "FULLTEXT INDEX" if proposal.method == "fulltext" else "INDEX"
        return f"CREATE {kind} {name} ON {table} ({keys})"
    if dialect == SQLITE:
        # An index lives in its table's schema, which stands before its own name.
        schema, _, bare = proposal.table.rpartition(".")
        full = f"{identifier(schema, dialect)}.{name}" if schema else name
        return f"CREATE INDEX IF NOT EXISTS {full} ON {identifier(bare, dialect)} ({keys}){where}"
    return f"CREATE INDEX {name} ON {table} ({keys}){where}"


def key_text(key: Key, dialect: str, method: str = "btree") -> str:
    """Return one key of an index as the dialect writes it."""
    text = identifier(key.column, dialect) if key.column else f"({key.expression})"
    if key.length and dialect == MYSQL and method == "btree":
        text += f"({key.length})"
    if key.collation:
        text += f" COLLATE {key.collation.upper() if dialect == SQLITE else identifier(key.collation, dialect)}"
    if key.opclass and dialect == POSTGRES:
        text += f" {key.opclass}"
    if key.descending:
        text += " DESC"
    if key.nulls:
        text += f" NULLS {key.nulls.upper()}"
    return text


def drop(index: Index, dialect: str) -> str:
    """Return the statement that drops a superfluous index, without a semicolon; empty if it belongs to a constraint.

    A constraint isn't dropped for its index: other things can depend on it, a foreign key above all.
    """
    if index.origin != "index" or not index.name:
        return ""
    name, table = identifier(index.name, dialect), identifier(index.table, dialect)
    if dialect == POSTGRES:
        schema = index.table.rpartition(".")[0]
        full = name if "." in index.name or not schema else f"{identifier(schema, dialect)}.{name}"
        return f"DROP INDEX CONCURRENTLY IF EXISTS {full}"
    if dialect == SQLITE:
        return f"DROP INDEX IF EXISTS {name}"
    return f"DROP INDEX {name} ON {table}" if dialect in (MYSQL, MSSQL) else f"DROP INDEX {name}"


def script(plan: IndexPlan) -> str:
    """Return the whole plan as a script: what to create, then what goes.

    What is only possibly worth its writes stands there as a comment, likewise what nothing found uses.
    """
    lines = ["-- Coordinated indexes, by fragaudit."]
    if any(p.dialect == POSTGRES for t in plan.tables for p in t.proposals):
        lines.append("-- CONCURRENTLY doesn't block writes; run it outside a transaction (psql does, without -1).")
    for table in plan.tables:
        lines += _table(table)
    if len(lines) == 1:
        lines.append("-- Nothing to create and nothing to drop.")
    return "\n".join(lines) + "\n"


def _table(table: TablePlan) -> list[str]:
    lines = []
    for proposal in table.proposals:
        lines += ["", *(f"-- {harmless(text)}" for text in summary(proposal))]
        statement = f"{proposal.ddl};"
        lines.append(f"-- {statement}" if proposal.possible else statement)
    for item in table.superfluous:
        name = item.index.name or f"{item.index.origin} of {table.table}"
        lines += ["", harmless(f"-- {name} is superfluous: {item.why}.")]
        alone = "-- Left alone: it has no name, belongs to a constraint, or comes from another source."
        lines.append(f"{item.ddl};" if item.ddl else alone)
    for index in table.unused:
        keys = ", ".join(map(str, index.keys))
        lines += ["", harmless(f"-- {index.name} on {table.table} ({keys}): nothing found uses it.")]
    return lines


def summary(proposal: Proposal) -> list[str]:
    """Return lines that say what an index is for and what it costs."""
    lines = [proposal.note] if proposal.note else []
    lines += [f"serves {a.at.path}:{a.at.line}" for a in proposal.serves]
    lines += [f"serves {a.at.path}:{a.at.line} better than {a.by or 'now'}" for a in proposal.improves]
    lines += [f"finds the rows that refer to {k.table} when one of its rows goes" for k in proposal.follows]
    lines += [f"written by {w.at.path}:{w.at.line} ({w.verb})" for w in proposal.pays]
    return lines


def harmless(text: str) -> str:
    """Return a text without anything that would end or continue a comment's line: paths and names may hold it."""
    return "".join(c if c.isprintable() and c != "\\" else "?" for c in text)


def creatable(plan: IndexPlan) -> list[Proposal]:
    """Return the proposals that are worth their writes, by table and name."""
    return [p for t in plan.tables for p in t.proposals if not p.possible]


def droppable(plan: IndexPlan) -> list[tuple[Superfluous, str]]:
    """Return the superfluous indexes that a migration may drop, each with its dialect."""
    return [(s, t.dialect) for t in plan.tables for s in t.superfluous if s.index.origin == "index" and s.index.name]


def hesitant(plan: IndexPlan) -> list[str]:
    """Return two lines for each index that is only possibly worth its writes."""
    found = [p for t in plan.tables for p in t.proposals if p.possible]
    return [harmless(line) for p in found for line in (p.note, f"{p.ddl};")]
