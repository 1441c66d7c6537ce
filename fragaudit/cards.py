"""Rule cards: what a rule looks for, why, the way out, its parameters and its examples; read strictly from TOML."""

from __future__ import annotations

from functools import cache
from typing import Any, Literal

import tomli
from msgspec import Struct

from fragaudit.catalogue_format import CatalogueError, read
from fragaudit.model.findings import Confidence, Severity
from fragaudit.resources import rules_root


class CardExample(Struct, frozen=True, forbid_unknown_fields=True):
    """A set of files with `# expect: FA101` on each line that must be reported; no mark: nothing may be."""

    title: str
    files: dict[str, str]
    known_gap: str = ""


class Card(Struct, frozen=True, forbid_unknown_fields=True):
    """One rule. `question` is the number of the checklist question it helps to answer, 0 for none."""

    id: str
    name: str
    since: str
    status: Literal["preview", "stable", "deprecated"]
    severity: Severity
    confidence: Confidence
    summary: str
    why: str
    fix: str
    question: int = 0
    references: tuple[str, ...] = ()
    params: dict[str, Any] = {}
    example: tuple[CardExample, ...] = ()


class Question(Struct, frozen=True, forbid_unknown_fields=True):
    """One question of the pre-creation checklist; `usually` is the answer expected, `rules` what answers it."""

    number: int
    text: str
    usually: str = ""
    rules: tuple[str, ...] = ()


class _Questions(Struct, frozen=True, forbid_unknown_fields=True):
    question: tuple[Question, ...]


@cache
def cards() -> tuple[Card, ...]:
    """Return all cards by code. Raises CatalogueError for one that is not as the format demands."""
    found = []
    for file in sorted((rules_root() / "cards").iterdir(), key=lambda f: f.name):
        if file.name.endswith(".toml"):
            card = read(tomli.loads(file.read_text(encoding="utf-8")), Card, file.name)
            if file.name != f"{card.id}-{card.name}.toml":
                raise CatalogueError(f"{file.name}: must be called {card.id}-{card.name}.toml")
            found.append(card)
    return tuple(found)


@cache
def codes() -> dict[str, str]:
    """Return rule codes by everything a rule may be called."""
    return {name: card.id for card in cards() for name in (card.id, card.name)}


def card(name: str) -> Card:
    """Return a card by code or name. Raises KeyError if there is none."""
    code = codes()[name]
    return next(c for c in cards() if c.id == code)


def chosen(names: tuple[str, ...]) -> frozenset[str]:
    """Return the codes that names, codes and family prefixes mean."""
    return frozenset(
        c.id for c in cards() for name in names if name in (c.id, c.name) or (name.isalnum() and c.id.startswith(name))
    )


@cache
def questions() -> tuple[Question, ...]:
    """Return the questions of the checklist."""
    table = tomli.loads((rules_root() / "checklist.toml").read_text(encoding="utf-8"))
    return read(table, _Questions, "checklist.toml").question
