"""The JSON contract, schema 1: what others build on."""

from __future__ import annotations

from typing import Any

import msgspec

from fragaudit import __version__
from fragaudit.model.findings import Checklist, Finding, Fix, Report
from fragaudit.model.locations import Location
from fragaudit.model.stores import Service, Store
from fragaudit.report.across import json_across
from fragaudit.report.look import Look
from fragaudit.report.schema_json import access, place, tables

Json = dict[str, Any]


def render(report: Report, look: Look) -> str:
    """Return the report of `check`."""
    del look
    return _encode({**_head(report), **_body(report, _service)})


def render_map(report: Report, look: Look) -> str:
    """Return the report of `map`: services with everything that was understood of them."""
    del look
    return _encode(
        {**_head(report), "services": [_mapped(report, s) for s in report.services], "problems": _problems(report)}
    )


def render_checklists(report: Report, look: Look) -> str:
    """Return the checklists alone."""
    del look
    services = [{"name": c.service, "checklist": _answers(c)} for c in report.checklists]
    return _encode({**_head(report), "services": services, "problems": _problems(report)})


def _encode(value: Json) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode("utf-8") + "\n"


def _head(report: Report) -> Json:
    c = report.coverage
    return {
        "schema": 1,
        "tool": {"name": "fragaudit", "version": __version__},
        "coverage": {
            "files": {
                "read": c.files_read,
                "skipped": c.files_skipped,
                "unreadable": c.files_unreadable,
                "excluded": dict(c.files_excluded),
            },
            "lines": c.lines,
            "sql": {"found": c.sql_found, "parsed": c.sql_parsed, "dynamic": c.sql_dynamic, "unparsed": c.sql_unparsed},
            "accesses": {
                "found": c.accesses_found,
                "resolved": c.accesses_resolved,
                "unknown_table": c.accesses_unknown_table,
                "no_btree": c.accesses_no_btree,
            },
            "store_calls": {"found": c.store_calls_found, "resolved": c.store_calls_resolved},
        },
    }


def _body(report: Report, service: Any) -> Json:
    return {
        "services": [service(report, s) for s in report.services],
        "findings": [finding(f) for f in report.findings],
        "problems": _problems(report),
    }


def _problems(report: Report) -> list[Json]:
    return [{"at": place(p.at), "what": p.what} for p in report.problems]


def finding(f: Finding) -> Json:
    """Return a finding as the contract has it."""
    return {
        "rule": f.rule,
        "name": f.name,
        "severity": f.severity,
        "confidence": f.confidence,
        "service": f.service or None,
        "message": f.message,
        "help": f.help,
        "at": place(f.at),
        "related": [{"at": place(r.at), "message": r.message} for r in f.related],
        "data": f.data,
        "fix": _fix(f.fix) if f.fix is not None else None,
        "fingerprint": f.fingerprint,
        "suppressed": f.suppressed,
    }


def _fix(fix: Fix) -> Json:
    return {"safe": fix.safe, "edits": [{"at": place(edit.at), "new": edit.new} for edit in fix.edits]}


def _service(report: Report, service: Service) -> Json:
    answers = next((c for c in report.checklists if c.service == service.name), None)
    return {
        "name": service.name,
        "root": service.root,
        "boundary": [r.what for r in service.boundary],
        "primary": service.primary,
        "stores": [_store(s) for s in service.stores],
        "checklist": _answers(answers) if answers is not None else [],
    }


def _answers(checklist: Checklist) -> list[Json]:
    return [
        {
            "question": a.question,
            "text": a.text,
            "answer": a.answer,
            "why": a.why,
            "evidence": [place(at) for at in a.evidence],
        }
        for a in checklist.answers
    ]


def _store(store: Store) -> Json:
    slot = store.slot
    return {
        "id": store.id,
        "kind": store.kind,
        "engine": store.engine,
        "library": store.library,
        "role": store.role,
        "identity": store.identity,
        "slot": {"alternatives": list(slot.alternatives), "default": slot.default} if slot is not None else None,
        "opened_at": [place(o.at) for o in store.openings],
        "containers": [{"name": c.name, "dynamic": c.dynamic, "at": place(c.at)} for c in store.containers],
        "writes": store.writes,
        "reads": store.reads,
    }


def _mapped(report: Report, service: Service) -> Json:
    return {
        **_service(report, service),
        "stores": [
            {**_store(s), "inside": s.inside, "why": [_reason(r.what, r.at) for r in s.reasons]} for s in service.stores
        ],
        "primary_why": [_reason(r.what, r.at) for r in service.primary_why],
        "classes": [
            {
                "name": c.name,
                "at": place(c.at),
                "fields": [
                    {"name": f.name, "kind": f.kind, "declared": f.declared, "store": f.store, "at": place(f.at)}
                    for f in c.fields
                ],
            }
            for c in service.classes
        ],
        "tables": tables(service),
        "accesses": [access(a) for a in service.accesses],
        "vector_writes": [
            {
                "at": place(w.at),
                "store": w.store_id,
                "engine": w.engine or None,
                "container": w.container or None,
                "id": w.id,
                "verdict": w.verdict,
                "why": w.why,
                "shape": w.shape or None,
                "made_at": place(w.made_at) if w.made_at is not None else None,
                "forwards": w.forwards,
                "pairing": w.pairing,
                "origin": w.origin,
            }
            for w in service.vector_writes
        ],
        "vector_searches": [
            {
                "at": place(s.at),
                "store": s.store_id,
                "engine": s.engine or None,
                "container": s.container or None,
                "scoped": s.scoped,
            }
            for s in service.vector_searches
            if s.verb == "search"
        ],
        **json_across(service, place),
    }


def _reason(what: str, at: Location | None) -> Json:
    return {"what": what, "at": place(at) if at is not None else None}
