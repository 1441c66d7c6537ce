"""Fixes: the edits that do away with findings, made on the source's own tree so that everything else stays as it is."""

from __future__ import annotations

from fragaudit.fix.applying import applied
from fragaudit.fix.indexes import index_edits
from fragaudit.fix.vector_ids import vector_id_edits
from fragaudit.fix.wanted import WantedIndex

__all__ = ["WantedIndex", "applied", "index_edits", "vector_id_edits"]
