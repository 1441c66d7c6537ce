"""Whole reports of the fixtures, in every format, compared with those under `tests/golden`.

`pytest tests/test_golden.py --update-golden` writes them; what changed is then read in the diff.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest

from fragaudit import __version__
from fragaudit.config import load
from fragaudit.model.findings import Report
from fragaudit.pipeline import audit
from fragaudit.report import CHECK, CHECKLIST, MAP, Look, Renderer

ROOT = Path(__file__).parent.parent
GOLDEN = Path(__file__).parent / "golden"
VIEWS: dict[str, Mapping[str, Renderer]] = {"check": CHECK, "checklist": CHECKLIST, "map": MAP}
EXTENSIONS = {"text": "txt", "github": "txt", "gitlab": "json", "junit": "xml", "markdown": "md", "mermaid": "mmd"}
FIXTURES = sorted(folder.name for folder in (ROOT / "fixtures").iterdir() if folder.is_dir())


@cache
def report_of(fixture: str) -> Report:
    folder = ROOT / "fixtures" / fixture
    return audit([folder], folder, load(folder), jobs=1, cache=False).report


def steady(text: str, kind: str) -> str:
    """Return a report without what changes though nothing is found differently: version, rule pages, vendored code."""
    text = text.replace(f'"{__version__}"', '"VERSION"')
    if kind == "sarif":
        log = json.loads(text)
        log["runs"][0]["tool"]["driver"]["rules"] = []
        for result in log["runs"][0]["results"]:
            result["ruleIndex"] = 0
        return json.dumps(log, indent=2, ensure_ascii=False) + "\n"
    if kind == "html":
        text = re.sub(r"(<script data-vendored>).*?(</script>)", r"\1\2", text, flags=re.DOTALL)
    return text


@pytest.mark.parametrize("kind", [f"{view}.{name}" for view, renderers in VIEWS.items() for name in renderers])
@pytest.mark.parametrize("fixture", FIXTURES)
def test_a_report_is_as_it_was(fixture: str, kind: str, request: pytest.FixtureRequest) -> None:
    view, name = kind.split(".")
    text = steady(VIEWS[view][name](report_of(fixture), Look()), name)
    file = GOLDEN / fixture / f"{kind}.{EXTENSIONS.get(name, name)}"
    if request.config.getoption("--update-golden"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8", newline="\n")
    assert file.is_file(), "run pytest with --update-golden, and read what it wrote"
    assert text == file.read_text(encoding="utf-8")


def test_every_golden_report_is_of_a_fixture_and_a_format() -> None:
    known = {
        f"{fixture}/{view}.{name}.{EXTENSIONS.get(name, name)}"
        for fixture in FIXTURES
        for view, renderers in VIEWS.items()
        for name in renderers
    }
    assert {file.relative_to(GOLDEN).as_posix() for file in GOLDEN.rglob("*") if file.is_file()} <= known
