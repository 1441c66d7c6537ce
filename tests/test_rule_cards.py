"""Every example of every card: exactly the marked lines are reported, and nothing else."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from fragaudit.cards import Card, CardExample, cards
from fragaudit.checks.registry import registered
from fragaudit.config import Config, load
from fragaudit.pipeline import audit_sources

MARK = re.compile(r"(?:#|--)\s*expect:\s*(?P<rules>FA\d{3}(?:\s*,\s*FA\d{3})*)\s*$")
CASES = [
    pytest.param(
        card,
        example,
        id=f"{card.id}-{number}",
        marks=[pytest.mark.xfail(reason=example.known_gap, strict=True)] if example.known_gap else [],
    )
    for card in cards()
    for number, example in enumerate(card.example, 1)
]


def expected(example: CardExample) -> list[tuple[str, int, str]]:
    marks: list[tuple[str, int, str]] = []
    for path, text in example.files.items():
        for number, line in enumerate(text.split("\n"), 1):
            match = MARK.search(line)
            if match is not None:
                marks.extend((path, number, rule.strip()) for rule in match["rules"].split(","))
    return sorted(marks)


def unmarked(text: str) -> str:
    """Return an example as a user would write it; the marks are the test's own."""
    return "\n".join(MARK.sub("", line).rstrip() if MARK.search(line) else line for line in text.split("\n"))


def configured(files: dict[str, str], folder: Path) -> Config | None:
    """Return the configuration that is one of an example's files."""
    text = files.get("fragaudit.toml")
    if text is None:
        return None
    (folder / "fragaudit.toml").write_text(text, encoding="utf-8")
    return load(folder)


@pytest.mark.parametrize(("card", "example"), CASES)
def test_an_example_gives_exactly_what_it_marks(card: Card, example: CardExample, tmp_path: Path) -> None:
    files = {p: unmarked(t) for p, t in example.files.items() if not p.startswith("tests/")}
    report = audit_sources(files, configured(files, tmp_path))
    found = [f for f in report.findings if f.rule == card.id and f.suppressed is None]
    if card.id != "FA001":
        assert report.problems == ()
    assert sorted((f.at.path, f.at.line, f.rule) for f in found) == expected(example), [f.message for f in found]


def test_there_are_cards() -> None:
    assert {"FA001", "FA003", *(f"FA10{n}" for n in range(1, 9)), "FA110"} <= {card.id for card in cards()}


@pytest.mark.parametrize("card", cards(), ids=lambda card: card.id)
def test_a_card_has_an_example_that_fires_and_one_that_does_not(card: Card) -> None:
    fires = [bool(expected(example)) for example in card.example]
    assert any(fires)
    assert not all(fires)


@pytest.mark.parametrize("card", cards(), ids=lambda card: card.id)
def test_the_parameters_of_a_card_are_those_of_its_check(card: Card) -> None:
    function = registered().get(card.id)
    if function is None:
        assert card.id in {"FA001", "FA003"}, "made by the engine itself"
        assert card.params == {}
        return
    parameters = inspect.signature(function).parameters.values()
    keywords = {p.name: p for p in parameters if p.kind is inspect.Parameter.KEYWORD_ONLY}
    assert set(card.params) == set(keywords)


def test_every_check_has_a_card() -> None:
    assert set(registered()) <= {card.id for card in cards()}


def test_the_default_configuration_names_no_rule() -> None:
    assert Config().select == Config().ignore == ()
