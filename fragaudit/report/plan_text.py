"""The index plan for people: per table what to create, why so, for whom, at whose cost, and what can go."""

from __future__ import annotations

from collections.abc import Sequence

from fragaudit.model.accesses import Access
from fragaudit.model.locations import Location
from fragaudit.model.plan import IndexPlan, Proof, Proposal, Superfluous, TablePlan
from fragaudit.model.schema import Index, Key
from fragaudit.report.look import Look
from fragaudit.report.paper import Paper

MOST_SHOWN = 8
_VERDICTS = {"taken": "bold green", "not taken": "bold red", "not expressible": "cyan"}


def render(plan: IndexPlan, look: Look) -> str:
    """Return the plan as text that reads at 80 columns."""
    paper = Paper(look)
    for table in plan.tables:
        if table.proposals or table.superfluous or table.unused or table.unserved:
            _table(paper, plan, table)
    _summary(paper, plan)
    return paper.text()


def _table(paper: Paper, plan: IndexPlan, table: TablePlan) -> None:
    paper.line((table.table, "bold"), f"  {table.dialect}" if table.dialect else "")
    for proposal in table.proposals:
        _proposal(paper, proposal, [p for p in plan.proofs if (p.table, p.index) == (table.table, proposal.name)])
    for item in table.superfluous:
        _superfluous(paper, item)
    for index in table.unused:
        paper.prose(f"{_index(index)}: nothing found uses it{_at(index)}", "      ", "  unused ")
    for left in table.unserved:
        paper.prose(f"{_place(left.access.at)}: {left.why}", "      ", "  no index serves ")
    if not table.exact:
        paper.prose("There are too many access patterns to try every combination: a smaller set may exist.", "  ")
    paper.line()


def _proposal(paper: Paper, proposal: Proposal, proofs: Sequence[Proof]) -> None:
    verb = "possibly create" if proposal.possible else "create"
    paper.line(f"  {verb} ", (proposal.name, "bold yellow" if proposal.possible else "bold green"))
    paper.prose(f"{proposal.ddl};", "        ", "    ")
    if proposal.note:
        paper.prose(proposal.note, "    ")
    for key, reason in zip(proposal.keys, proposal.reasons, strict=True):
        paper.prose(f"{_key(key)}: {reason}", "        ", "      ")
    _list(paper, "serves", [_access(a) for a in proposal.serves])
    _list(paper, "improves", [_access(a) + (f", now by {a.by}" if a.by else "") for a in proposal.improves])
    _list(paper, "follows", [f"foreign key ({', '.join(k.columns)}) to {k.table}" for k in proposal.follows])
    _list(paper, "paid by", [f"{_place(w.at)} {w.verb}" for w in proposal.pays])
    _list(paper, "replaces", [i.name for i in proposal.extends])
    for proof in proofs:
        _proof(paper, proof)


def _proof(paper: Paper, proof: Proof) -> None:
    paper.line("    proof ", (proof.verdict, _VERDICTS[proof.verdict]), f" {_place(proof.access.at)}"
               + (f", {proof.when}" if proof.when else ""))  # fmt: skip
    if proof.why:
        paper.prose(proof.why, "      ")
    for when, lines in (("before", proof.before), ("after ", proof.after)):
        for number, line in enumerate(lines[:MOST_SHOWN]):
            paper.line(f"      {when if not number else '      '} ", (line, "dim"))


def _superfluous(paper: Paper, item: Superfluous) -> None:
    name = item.index.name or f"the {item.index.origin} ({', '.join(map(str, item.index.keys))})"
    verb = "drop" if item.ddl else "superfluous"
    paper.prose(f"{name}: {item.why}{_at(item.index)}", "      ", f"  {verb} ")
    if item.ddl:
        paper.prose(f"{item.ddl};", "        ", "    ")


def _list(paper: Paper, head: str, items: Sequence[str]) -> None:
    items = list(dict.fromkeys(items))
    for number, item in enumerate(items[:MOST_SHOWN]):
        more = f" and {len(items) - MOST_SHOWN} more" if number == MOST_SHOWN - 1 and len(items) > MOST_SHOWN else ""
        paper.prose(item + more, "             ", f"    {head if not number else '':<9}")


def _access(access: Access) -> str:
    alias = f" as {access.alias}" if access.alias not in ("", access.table.rpartition(".")[2]) else ""
    return f"{_place(access.at)} {access.verb}{alias}"


def _key(key: Key) -> str:
    more = [
        f"COLLATE {key.collation.upper()}" if key.collation else "",
        key.opclass,
        key.nulls and f"NULLS {key.nulls}",
    ]
    return " ".join([str(key), *(m for m in more if m)])


def _index(index: Index) -> str:
    return f"{index.name} ({', '.join(map(str, index.keys))})"


def _at(index: Index) -> str:
    return f" ({_place(index.at[0])})" if index.at else ""


def _place(at: Location) -> str:
    return f"{at.path}:{at.line}"


def _summary(paper: Paper, plan: IndexPlan) -> None:
    proposals = [p for t in plan.tables for p in t.proposals]
    sure = [p for p in proposals if not p.possible]
    dropped = sum(bool(s.ddl) for t in plan.tables for s in t.superfluous)
    unused = sum(len(t.unused) for t in plan.tables)
    served = len({(a.at, a.alias) for p in sure for a in (*p.serves, *p.improves)})
    parts = [f"{len(sure)} to create, for {served} access(es)", f"{dropped} to drop"]
    if len(proposals) > len(sure):
        parts.append(f"{len(proposals) - len(sure)} only possibly worth their writes")
    if unused:
        parts.append(f"{unused} that nothing found uses")
    paper.prose(f"Indexes: {'; '.join(parts)}.", style="bold" if proposals or dropped else "")
    unjudged = f", {plan.unjudged} could not be judged" if plan.unjudged else ""
    paper.prose(f"Looked at {plan.accesses} access(es) of known tables{unjudged}.")
    if plan.planner:
        verdicts = [p.verdict for p in plan.proofs]
        paper.prose(
            f"Proof by {plan.planner}: taken for {verdicts.count('taken')} of "
            f"{len(verdicts) - verdicts.count('not expressible')} access(es), "
            f"{verdicts.count('not expressible')} could not be expressed."
        )
