"""Rules as pure functions over services. A check yields hits; the engine makes findings of them with its card."""

from __future__ import annotations

from fragaudit.checks.engine import run, to_finding
from fragaudit.checks.registry import check, registered

__all__ = ["check", "registered", "run", "to_finding"]
