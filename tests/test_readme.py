"""The README: its table of rules is the cards', its commands exist, and its sample is what the tool prints."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fragaudit.cards import cards
from fragaudit.cli.app import app
from fragaudit.config import Config, load
from fragaudit.pipeline import audit, audit_sources
from fragaudit.report import CHECK, Look

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
TABLE = re.compile(r"(?<=<!-- rules -->\n).*?(?=<!-- /rules -->)", re.DOTALL)


def table() -> str:
    rows = [f"| {card.id} | {card.name} | {card.summary} |\n" for card in cards()]
    return "| code | name | the smell |\n|---|---|---|\n" + "".join(rows)


def test_the_table_of_rules_is_the_cards(request: pytest.FixtureRequest) -> None:
    text = README.read_text(encoding="utf-8")
    if request.config.getoption("--update-golden"):
        text = TABLE.sub(lambda _: table(), text)
        README.write_text(text, encoding="utf-8", newline="\n")
    assert TABLE.findall(text) == [table()]


def test_its_commands_are_those_there_are() -> None:
    rows = [line for line in README.read_text(encoding="utf-8").splitlines() if line.startswith("| `fragaudit ")]
    named = {name for row in rows for name in re.findall(r"`(?:fragaudit )?([a-z]+)", row.split("|")[1] + row)}
    there = {command.name or getattr(command.callback, "__name__", "") for command in app.registered_commands}
    assert there <= named


def test_its_sample_is_what_the_tool_prints() -> None:
    text = README.read_text(encoding="utf-8")
    sample = next(block for block in re.findall(r"```\n(.*?)```", text, re.DOTALL) if "FA105" in block)
    report = audit([ROOT / "fixtures" / "bad_service"], ROOT, Config(), cache=False).report
    printed = CHECK["text"](report, Look())
    for line in sample.splitlines():
        assert line in printed.splitlines()


def test_its_access_layer_is_watched_as_it_says(tmp_path: Path) -> None:
    text = README.read_text(encoding="utf-8")
    files = dict(re.findall(r"```\w+\n# (\S+\.\w+)\n(.*?)```", text, re.DOTALL))
    (tmp_path / "fragaudit.toml").write_text(files["fragaudit.toml"], encoding="utf-8")
    code = files["knowledge.py"]
    found = audit_sources({"knowledge.py": code}, load(tmp_path)).findings
    marked = [number for number, line in enumerate(code.splitlines(), 1) if "# FA109" in line]
    assert [f.at.line for f in found if f.rule == "FA109"] == marked == [13, 14]
