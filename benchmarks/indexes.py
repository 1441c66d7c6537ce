"""Measure how many of the proposed indexes SQLite's planner takes.

    python benchmarks/indexes.py FOLDER [--mutants N] [-v]

Each folder in FOLDER holds `schema.sql`, `queries.sql`, and the SQL dialect in `meta.json` (`{"dialect": "postgres"}`).
Besides the schemas as they are, N indexes of each, primary and unique keys among them, are taken away in turn, since a
good schema leaves little to propose. A proposal counts once for each set of accesses that it serves.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from msgspec.structs import replace

from fragaudit.advise.plan import plan_of, tables_of
from fragaudit.config import Config
from fragaudit.coverage import judged
from fragaudit.model.findings import Report
from fragaudit.model.plan import IndexPlan, Proof
from fragaudit.pipeline import audit_sources
from fragaudit.plans import proven


def without(report: Report, name: str) -> Report:
    """Return the report as if an index were not there."""
    services = []
    for service in report.services:
        schema = tuple(replace(t, indexes=tuple(i for i in t.indexes if _id(i) != name)) for t in service.schema)
        tables = {t.name: t for t in schema}
        accesses = tuple(judged(replace(a, category=""), tables.get(a.table)) for a in service.accesses)
        services.append(replace(service, schema=schema, accesses=accesses))
    return replace(report, services=tuple(services))


def _id(index: object) -> str:
    return f"{index.table}: {', '.join(map(str, index.keys))} {index.where_text}"  # type: ignore[attr-defined]


def variants(folder: Path, mutants: int) -> Iterator[tuple[str, IndexPlan]]:
    dialect = json.loads((folder / "meta.json").read_text())["dialect"]
    files = {name: (folder / name).read_text() for name in ("schema.sql", "queries.sql")}
    report = audit_sources(files, Config(dialect=dialect))
    yield "", proven(plan_of(report), tables_of(report))
    names = sorted({_id(i) for t in tables_of(report) for i in t.indexes})
    for name in names[:: max(1, len(names) // mutants)][:mutants] if mutants else ():
        changed = without(report, name)
        yield name, proven(plan_of(changed), tables_of(changed))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--mutants", type=int, default=0, metavar="N")
    parser.add_argument("-v", "--verbose", action="store_true")
    options = parser.parse_args()
    counts: Counter[str] = Counter()
    seen: set[tuple[object, ...]] = set()
    for folder in sorted(p for p in options.folder.iterdir() if (p / "queries.sql").is_file()):
        for name, found in variants(folder, options.mutants):
            for table in found.tables:
                for proposal in table.proposals:
                    served = (*proposal.serves, *proposal.improves)
                    tag = (folder.name, table.table, proposal.keys, proposal.where, tuple(a.at for a in served))
                    if not served or tag in seen:
                        continue
                    seen.add(tag)
                    proofs = [p for p in found.proofs if (p.table, p.index) == (table.table, proposal.name)]
                    count(counts, proofs, "possible" if proposal.possible else "sure")
                    if options.verbose:
                        tell(folder.name, name, proofs)
    for tier in ("sure", "possible"):
        taken, asked = counts[tier, "taken"], counts[tier, "asked"]  # type: ignore[index]
        pairs, all_pairs = counts[tier, "pairs taken"], counts[tier, "pairs"]  # type: ignore[index]
        print(
            f"{tier:9} {taken} of {asked} proposals taken ({taken / max(asked, 1):.1%}), "
            f"for {pairs} of {all_pairs} of the accesses they serve ({pairs / max(all_pairs, 1):.1%}); "
            f"{counts[tier, 'silent']} could not be expressed"  # type: ignore[index]
        )


def count(counts: Counter[str], proofs: list[Proof], tier: str) -> None:
    asked = [p for p in proofs if p.verdict != "not expressible"]
    keys = {"silent": not asked, "asked": bool(asked), "taken": any(p.verdict == "taken" for p in asked)}
    keys |= {"pairs": len(asked), "pairs taken": sum(p.verdict == "taken" for p in asked)}
    for key, value in keys.items():
        counts[tier, key] += int(value)  # type: ignore[index]


def tell(folder: str, name: str, proofs: list[Proof]) -> None:
    for proof in proofs:
        if proof.verdict != "taken":
            missing = f" without {name}" if name else ""
            print(f"{folder}{missing}: {proof.index} {proof.verdict}: {proof.why}", file=sys.stderr)
            print(f"  {' '.join(proof.statement.split())[:300]}\n  {proof.before}\n  {proof.after}", file=sys.stderr)


if __name__ == "__main__":
    main()
