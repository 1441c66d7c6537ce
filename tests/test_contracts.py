"""What others build on: the JSON reports against their shipped schemas, SARIF against the official one."""

from __future__ import annotations

import json
import os
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator, Draft202012Validator
from referencing import Registry, Resource

from fragaudit.cards import cards
from fragaudit.config import Config
from fragaudit.model.findings import Report
from fragaudit.pipeline import audit, audit_sources
from fragaudit.report import CHECK, MAP, Look

FIXTURES = Path(__file__).parent.parent / "fixtures"
LOOK = Look(False, 100, False)
SARIF_SCHEMA = os.environ.get("FRAGAUDIT_SARIF_SCHEMA", "")
ODD = {
    "a b.py": "import redis\ns = '\U0001d518'; x = redis.Redis(host='a')\ns = '\u2603'; y = redis.Redis(host='b')\n",
    "broken.py": "import redis\nredis.Redis(\n",
    "ignored.py": "import redis\n# fragaudit: ignore[FA101]\nz = redis.Redis(host='c')\n",
}
"""Code points outside the basic plane before a column, an unreadable file, a useless ignore."""


def reports() -> list[Any]:
    """Return reports of every example of every card, of the fixtures and of odd files, as parameters."""
    found = [pytest.param(audit_sources(ODD), id="odd"), pytest.param(audit_sources({}), id="nothing")]
    for card in cards():
        for number, example in enumerate(card.example, 1):
            found.append(pytest.param(audit_sources(dict(example.files)), id=f"{card.id}-{number}"))
    for service in sorted(FIXTURES.iterdir()):
        if service.is_dir():
            found.append(pytest.param(audit([service], FIXTURES, Config(), cache=False).report, id=service.name))
    return found


def schema(name: str) -> Any:
    return json.loads((files("fragaudit") / "schemas" / f"{name}-1.schema.json").read_text(encoding="utf-8"))


def validator(name: str) -> Draft202012Validator:
    check = Resource.from_contents(schema("check"))
    registry = Registry().with_resource("check-1.schema.json", check)
    return Draft202012Validator(schema(name), registry=registry)


def faults(checker: Any, text: str) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in checker.iter_errors(json.loads(text))]


@pytest.mark.parametrize("name", ["check", "map"])
def test_a_schema_is_one(name: str) -> None:
    Draft202012Validator.check_schema(schema(name))


@pytest.mark.parametrize("report", reports())
def test_json_is_as_its_schema_says(report: Report) -> None:
    assert faults(validator("check"), CHECK["json"](report, LOOK)) == []
    assert faults(validator("map"), MAP["json"](report, LOOK)) == []


def test_a_report_without_a_promised_field_is_refused() -> None:
    """Guards the test above: the schemas must be able to fail."""
    whole = json.loads(CHECK["json"](audit_sources(ODD), LOOK))
    assert whole["findings"]
    for key in ("rule", "at", "fingerprint", "suppressed"):
        broken = json.loads(json.dumps(whole))
        del broken["findings"][0][key]
        assert faults(validator("check"), json.dumps(broken)) == [f"$.findings[0]: {key!r} is a required property"]


@pytest.mark.skipif(not SARIF_SCHEMA, reason="FRAGAUDIT_SARIF_SCHEMA names no copy of the official schema")
@pytest.mark.parametrize("report", reports())
def test_sarif_is_as_the_standard_says(report: Report) -> None:
    official = json.loads(Path(SARIF_SCHEMA).read_text(encoding="utf-8"))
    assert faults(Draft7Validator(official), CHECK["sarif"](report, LOOK)) == []


@pytest.mark.parametrize("report", reports())
def test_sarif_regions_are_where_the_findings_are(report: Report) -> None:
    run = json.loads(CHECK["sarif"](report, LOOK))["runs"][0]
    assert run["columnKind"] == "unicodeCodePoints"
    regions = [result["locations"][0]["physicalLocation"]["region"] for result in run["results"]]
    assert [(r["startLine"], r["startColumn"], r["endLine"], r["endColumn"]) for r in regions] == [
        (f.at.line, f.at.column, f.at.end_line, f.at.end_column) for f in report.findings
    ]
    assert all(min(r.values()) >= 1 for r in regions)
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert [rules[result["ruleIndex"]] for result in run["results"]] == [f.rule for f in report.findings]
