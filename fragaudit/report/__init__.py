"""Reports as text: pure functions from a report and how it should look to a string."""

from __future__ import annotations

from collections.abc import Callable

from fragaudit.model.findings import Report
from fragaudit.model.plan import IndexPlan
from fragaudit.report.look import Look

Renderer = Callable[[Report, Look], str]


def _text(report: Report, look: Look) -> str:
    from fragaudit.report.text import render

    return render(report, look)


def _json(report: Report, look: Look) -> str:
    from fragaudit.report.json import render

    return render(report, look)


def _sarif(report: Report, look: Look) -> str:
    from fragaudit.report.sarif import render

    return render(report, look)


def _github(report: Report, look: Look) -> str:
    from fragaudit.report.github import render

    return render(report, look)


def _gitlab(report: Report, look: Look) -> str:
    from fragaudit.report.gitlab import render

    return render(report, look)


def _junit(report: Report, look: Look) -> str:
    from fragaudit.report.junit import render

    return render(report, look)


def _markdown(report: Report, look: Look) -> str:
    from fragaudit.report.markdown import render

    return render(report, look)


def _html(report: Report, look: Look) -> str:
    from fragaudit.report.html import render

    return render(report, look)


def _checklist(report: Report, look: Look) -> str:
    from fragaudit.report.text import render_checklists

    return render_checklists(report, look)


def _checklist_json(report: Report, look: Look) -> str:
    from fragaudit.report.json import render_checklists

    return render_checklists(report, look)


def _map(report: Report, look: Look) -> str:
    from fragaudit.report.map_text import render

    return render(report, look)


def _map_json(report: Report, look: Look) -> str:
    from fragaudit.report.json import render_map

    return render_map(report, look)


def _plan(plan: IndexPlan, look: Look) -> str:
    from fragaudit.report.plan_text import render

    return render(plan, look)


def _plan_json(plan: IndexPlan, look: Look) -> str:
    from fragaudit.report.plan_json import render

    return render(plan, look)


def _map_mermaid(report: Report, look: Look) -> str:
    from fragaudit.report.mermaid import render

    return render(report, look)


def _map_dot(report: Report, look: Look) -> str:
    from fragaudit.report.dot import render

    return render(report, look)


def _map_html(report: Report, look: Look) -> str:
    from fragaudit.report.map_html import render

    return render(report, look)


CHECK: dict[str, Renderer] = {
    "text": _text,
    "json": _json,
    "sarif": _sarif,
    "github": _github,
    "gitlab": _gitlab,
    "junit": _junit,
    "markdown": _markdown,
    "html": _html,
}
CHECKLIST: dict[str, Renderer] = {"text": _checklist, "json": _checklist_json}
MAP: dict[str, Renderer] = {
    "text": _map,
    "json": _map_json,
    "mermaid": _map_mermaid,
    "dot": _map_dot,
    "html": _map_html,
}
INDEXES: dict[str, Callable[[IndexPlan, Look], str]] = {"text": _plan, "json": _plan_json}

__all__ = ["CHECK", "CHECKLIST", "INDEXES", "MAP", "Look", "Renderer"]
