"""Adds indexes to models, whichever library they are written for."""

from __future__ import annotations

from collections.abc import Sequence

from fragaudit.fix.alchemy_index import alchemy_index_edits
from fragaudit.fix.django_index import django_index_edits
from fragaudit.fix.wanted import WantedIndex
from fragaudit.model.findings import Edit

_KINDS = (alchemy_index_edits, django_index_edits)


def index_edits(path: str, text: str, wanted: Sequence[WantedIndex]) -> dict[WantedIndex, tuple[Edit, ...]]:
    """Return the edits that give the models of a file their indexes; without those that can't be added safely.

    Args:
        path: the file, for the places of the edits.
        text: its source.
        wanted: the indexes of models in this file.
    """
    found: dict[WantedIndex, tuple[Edit, ...]] = {}
    for edits in _KINDS:
        found.update(edits(path, text, [w for w in wanted if w not in found]))
    return found
