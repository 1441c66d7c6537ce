"""A rule's page in Markdown: the same text for the terminal, SARIF help and documentation."""

from __future__ import annotations

import re

from fragaudit.cards import Card, CardExample

_MARK = re.compile(r"\s*(?:#|--)\s*expect:\s*FA\d{3}(?:\s*,\s*FA\d{3})*\s*$")


def page(card: Card, *, examples: bool = True) -> str:
    """Return the page of a rule."""
    lines = [
        f"# {card.id} {card.name}",
        "",
        card.summary,
        "",
        f"Severity **{card.severity}**, confidence **{card.confidence}**, since {card.since} ({card.status}).",
        "",
        "## Why",
        "",
        card.why.strip(),
        "",
        "## The way out",
        "",
        card.fix.strip(),
    ]
    if card.params:
        lines += ["", "## Parameters", "", *(f"- `{name}` = {value}" for name, value in card.params.items())]
        lines += ["", f"Set them in `[tool.fragaudit.rules.{card.name}]`."]
    if examples:
        for example in card.example:
            lines += ["", *_example(example)]
    if card.references:
        lines += ["", "## References", "", *(f"- {reference}" for reference in card.references)]
    return "\n".join(lines) + "\n"


def _example(example: CardExample) -> list[str]:
    flagged = any(_MARK.search(line) for text in example.files.values() for line in text.split("\n"))
    lines = [f"## {'Flagged' if flagged else 'Not flagged'}: {example.title}"]
    for path, text in example.files.items():
        language = {"sql": "sql", "toml": "toml"}.get(path.rpartition(".")[2], "python")
        lines += ["", f"`{path}`", "", f"```{language}", *_shown(text), "```"]
    return lines


def _shown(text: str) -> list[str]:
    return [_MARK.sub("  # <-- here", line) if _MARK.search(line) else line for line in text.strip("\n").split("\n")]
