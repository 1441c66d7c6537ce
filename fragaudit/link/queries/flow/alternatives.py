"""What is one of several things: a name that a choice binds, a conditional expression.

`anew` says throughout that a function is understood for the arguments of one call. For these it may always be the same
one of several conditions, and which one isn't known.
"""

from __future__ import annotations

from collections.abc import Sequence

from fragaudit.link.queries.draft import Bag, Choice, Drafts, Entity, Labelled, Sorted, Thing
from fragaudit.link.queries.flow.asked import MOST_OPTIONS, options
from fragaudit.link.queries.predicates import PREDICATES
from fragaudit.model.sql import Column, Constant, Expression

_KINDS = (Sorted, Labelled, Column, Expression, *PREDICATES)


def bound(found: Sequence[Thing], *, anew: bool) -> Thing:
    """Return what a name is that stands for one of several things: queries only if each of them is one."""
    if len(found) == 1:
        return found[0]
    drafts = [d for t in found for d in options(t)]
    if drafts and all(options(t) for t in found):
        return Drafts(tuple(drafts)[:MOST_OPTIONS])
    return choice(found, anew=anew)


def either(found: Sequence[Thing], *, anew: bool) -> Thing:
    """Return what an expression is that is one of several: those of them that are known, for queries and tables."""
    drafts = [d for t in found for d in options(t)]
    if drafts:
        return Drafts(tuple(drafts)[:MOST_OPTIONS])
    known = [t for t in found if t is not None]
    if len(known) == 1 and isinstance(known[0], (Bag, Entity)):
        return known[0]
    return known[0] if known and all(t == known[0] for t in found) else choice(found, anew=anew)


def choice(found: Sequence[Thing], *, anew: bool) -> Thing:
    """Return what is one of several columns, conditions or keys; None if none of them is known to be one."""
    known = [t for t in found if isinstance(t, _KINDS)]
    if anew or not known or any(t is not None and not isinstance(t, (*_KINDS, Constant)) for t in found):
        return None
    return Choice(tuple(dict.fromkeys(found))[:MOST_OPTIONS])
