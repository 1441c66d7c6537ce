"""The edits that do away with findings, worked out for a report; only the files they are made in are read again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec.structs import replace

from fragaudit.discover import Read, SourceFile
from fragaudit.model.findings import Confidence, Edit, Finding, Fix, Report
from fragaudit.model.locations import Location

VECTORS = frozenset({"FA301", "FA304"})
INDEXES = frozenset({"FA201", "FA204"})
FIXABLE = VECTORS | INDEXES
"""Rules whose findings a fix may do away with."""


def edits_of(report: Report, files: Sequence[SourceFile], read: Read) -> dict[int, tuple[Edit, ...]]:
    """Return by which edits findings go away, by the number of the finding, where that is known.

    Args:
        report: the report.
        files: the files of the audit.
        read: returns the content of one of them; an OSError that it raises is handed on.
    """
    wanted = {number: f for number, f in enumerate(report.findings) if f.suppressed is None}
    return {**_ids(report, wanted, files, read), **_indexes(report, wanted, files, read)}


def fixed(report: Report, edits: Mapping[int, tuple[Edit, ...]]) -> Report:
    """Return a report whose findings say by which edits they go away."""
    if not edits:
        return report
    found = (replace(f, fix=Fix(False, edits[n])) if n in edits else f for n, f in enumerate(report.findings))
    return replace(report, findings=tuple(found))


def _texts(files: Sequence[SourceFile], paths: Iterable[str], read: Read) -> Iterator[tuple[str, str]]:
    """Yield the paths and texts of Python files; those that are no text are left out."""
    from fragaudit.extract.source import decode

    wanted = set(paths)
    for file in files:
        text = decode(file.path, read(file), python=True) if file.path in wanted else None
        if isinstance(text, str):
            yield file.path, text


def _ids(
    report: Report, findings: Mapping[int, Finding], files: Sequence[SourceFile], read: Read
) -> dict[int, tuple[Edit, ...]]:
    """Return the edits of findings about the ids of vectors, by the number of the finding."""
    plans = {w.at: w.rewrite for s in report.services for w in s.vector_writes if w.rewrite is not None}
    wanted = {n: [at for at in _places(f) if at in plans] for n, f in findings.items() if f.rule in VECTORS}
    every = {at for places in wanted.values() for at in places}
    if not every:
        return {}
    from fragaudit.fix import vector_id_edits  # its parser is not needed by an audit from the cache

    edits: dict[Location, tuple[Edit, ...]] = {}
    for path, text in _texts(files, {at.path for at in every}, read):
        here = sorted(at for at in every if at.path == path)
        edits.update(vector_id_edits(path, text, [(at, plan) for at in here if (plan := plans[at])]))
    made = {n: tuple(sorted({e for at in places for e in edits.get(at, ())})) for n, places in wanted.items()}
    return {n: found for n, found in made.items() if found}


def _places(finding: Finding) -> tuple[Location, ...]:
    """Return the places of a finding: its own, and those of the same cause."""
    return (finding.at, *(related.at for related in finding.related))


def _indexes(
    report: Report, findings: Mapping[int, Finding], files: Sequence[SourceFile], read: Read
) -> dict[int, tuple[Edit, ...]]:
    """Return the edits of findings about missing indexes, by the number of the finding.

    The indexes are those of the coordinated plan. One that a finding alone can't tell to be worth its writes is not
    added, nor one that would make an index that is there superfluous.
    """
    wanted = {n: f for n, f in findings.items() if f.rule in INDEXES and f.confidence != Confidence.POSSIBLE}
    tables = {t.name: t for s in report.services for t in s.schema if "model" in t.by}
    if not any(f.data["table"] in tables for f in wanted.values()):
        return {}
    from fragaudit.advise.plan import plan_of
    from fragaudit.fix import WantedIndex, index_edits

    needed: dict[tuple[Location, str], list[WantedIndex | None]] = defaultdict(list)
    for found in plan_of(report).tables:
        table = tables.get(found.table)
        if table is None:
            continue
        for proposal in found.proposals:
            made = [
                WantedIndex(at, table.name, proposal.name, proposal.keys, proposal.dialect, proposal.method,
                            proposal.where)
                for at in table.defined_at
                if not (proposal.extends or proposal.note)
            ]  # fmt: skip
            served = [a.at for a in proposal.serves] + [at for key in proposal.follows for at in key.at[:1]]
            for at in dict.fromkeys(served):
                needed[at, table.name] += made or [None]
    asked = {n: needed.get((f.at, f.data["table"]), []) for n, f in wanted.items()}
    edits: dict[WantedIndex, tuple[Edit, ...]] = {}
    one_by_one = {w for group in asked.values() if None not in group for w in group if w is not None}
    for path, text in _texts(files, {w.at.path for w in one_by_one}, read):
        here = sorted((w for w in one_by_one if w.at.path == path), key=lambda w: (w.at, w.name))
        edits.update(index_edits(path, text, here))
    result: dict[int, tuple[Edit, ...]] = {}
    for number, group in asked.items():
        names = {w.name for w in group if w is not None}
        done = {w.name: edits[w] for w in group if w is not None and w in edits}
        if names and None not in group and done.keys() == names:
            result[number] = tuple(sorted({e for each in done.values() for e in each}))
    return result
