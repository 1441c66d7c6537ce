"""The index plan as JSON, as `schemas/indexes-1.schema.json` says."""

from __future__ import annotations

from typing import Any

import msgspec

from fragaudit import __version__
from fragaudit.model.accesses import Access
from fragaudit.model.plan import IndexPlan, Proof, Proposal, Superfluous, TablePlan
from fragaudit.model.schema import Key
from fragaudit.report.look import Look
from fragaudit.report.schema_json import place

Json = dict[str, Any]


def render(plan: IndexPlan, look: Look) -> str:
    """Return the plan as JSON."""
    del look
    proof = {"planner": plan.planner, "cases": [_proof(p) for p in plan.proofs]} if plan.planner else None
    value = {
        "schema": 1,
        "tool": {"name": "fragaudit", "version": __version__},
        "accesses": {"judged": plan.accesses, "unprovable": plan.unjudged},
        "tables": [_table(t) for t in plan.tables],
        "proof": proof,
    }
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode("utf-8") + "\n"


def _table(table: TablePlan) -> Json:
    return {
        "name": table.table,
        "dialect": table.dialect,
        "exact": table.exact,
        "create": [_proposal(p) for p in table.proposals],
        "drop": [_superfluous(s) for s in table.superfluous],
        "unused": [
            {"name": i.name, "columns": [str(k) for k in i.keys], "at": [place(a) for a in i.at]} for i in table.unused
        ],
        "unserved": [{"at": place(u.access.at), "why": u.why} for u in table.unserved],
        "used": dict(table.used),
    }


def _proposal(proposal: Proposal) -> Json:
    return {
        "name": proposal.name,
        "method": proposal.method,
        "keys": [_key(k, why) for k, why in zip(proposal.keys, proposal.reasons, strict=True)],
        "where": proposal.where,
        "ddl": proposal.ddl,
        "possible": proposal.possible,
        "note": proposal.note,
        "serves": [_access(a) for a in proposal.serves],
        "improves": [_access(a) for a in proposal.improves],
        "foreign_keys": [{"columns": list(k.columns), "table": k.table} for k in proposal.follows],
        "paid_by": [{"at": place(w.at), "verb": w.verb, "columns": list(w.columns)} for w in proposal.pays],
        "replaces": [i.name for i in proposal.extends],
    }


def _key(key: Key, why: str) -> Json:
    what = {"column": key.column} if key.column else {"expression": key.expression}
    return {
        **what,
        "descending": key.descending,
        "nulls": key.nulls,
        "opclass": key.opclass,
        "collation": key.collation,
        "length": key.length,
        "why": why,
    }


def _access(access: Access) -> Json:
    return {"at": place(access.at), "alias": access.alias, "verb": access.verb, "by": access.by or None}


def _superfluous(item: Superfluous) -> Json:
    return {
        "name": item.index.name,
        "columns": [str(k) for k in item.index.keys],
        "origin": item.index.origin,
        "by": item.by,
        "new": item.new,
        "why": item.why,
        "ddl": item.ddl,
        "at": [place(a) for a in item.index.at],
    }


def _proof(proof: Proof) -> Json:
    return {
        "index": proof.index,
        "table": proof.table,
        "at": place(proof.access.at),
        "statement": proof.statement,
        "verdict": proof.verdict,
        "before": list(proof.before),
        "after": list(proof.after),
        "when": proof.when,
        "why": proof.why,
    }
