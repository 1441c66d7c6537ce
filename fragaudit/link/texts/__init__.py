"""The texts that an expression can be, piece by piece: what a statement says, and where each part of it is written.

Within, by reason to change:

- `reading`, `search`: from where an expression is read; what is known and how much may still be asked;
- `expressions`: which kinds of expression there are;
- `names`, `members`, `functions`, `loops`: what names, attributes, parameters and loops stand for;
- `together`: what a call gives several parameters;
- `calls`, `fields`, `lists`: what methods and libraries make of texts, what fills their fields, what `join` makes;
- `displays`: dictionaries and lists as they are written.
"""

from __future__ import annotations

import re

from fragaudit.link.evaluate import Evaluator
from fragaudit.link.pieces import Gap, Pieces, distinct, filled, readable
from fragaudit.link.texts.expressions import KINDS
from fragaudit.link.texts.loops import varied
from fragaudit.link.texts.reading import Reading
from fragaudit.link.texts.search import MOST_TEXTS, Search
from fragaudit.link.texts.together import given_together
from fragaudit.model.values import Value

__all__ = ["Reading", "Texts"]

_FIELD = re.compile(r"\{(?P<key>[A-Za-z_]\w*)\}")


class Texts:
    """Follows expressions to texts."""

    def __init__(self, evaluator: Evaluator) -> None:
        self._search = Search(evaluator, KINDS)
        self.calls: dict[Pieces, Reading] = {}
        """Where the call stands that gives a text its parts, for those of which there are several."""

    def of(self, value: Value, reading: Reading) -> list[Pieces]:
        """Return the texts that an expression can be, in order of discovery; what can't be followed is a gap."""
        self._search.begin()
        found = distinct(varied(value, reading, self._search), MOST_TEXTS)
        by_call = given_together(value, reading, self._search)
        self.calls.update(by_call)
        return distinct(by_call, MOST_TEXTS) or found

    def forwarding(self, statement: re.Pattern[str]) -> set[str]:
        """Return the names of the functions that were found to hand on what is a statement."""
        return {
            self._search.program.scope(function).name
            for (function, _), texts in self._search.handed.items()
            if any(statement.match(readable(text)) for text in texts)
        } - {"__init__"}

    def unfilled(self, pieces: Pieces) -> Pieces:
        """Return a text whose fields (`{name}`) nobody was seen to fill, with gaps in their place."""
        return filled(pieces, _FIELD, lambda match: (Gap(match["key"]),))
