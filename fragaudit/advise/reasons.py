"""Why each key of an index stands where it stands, in words."""

from __future__ import annotations

from collections.abc import Sequence

from fragaudit.advise.cover import prefixes
from fragaudit.advise.patterns import Element, Form, Role
from fragaudit.model.schema import Key

_ROLES: dict[Role, str] = {
    "=": "compared with =",
    "in": "compared with a list",
    "null": "compared with NULL",
    "flag": "compared with a constant",
    "join": "joined on",
    "range": "a range",
    "prefix": "a prefix pattern",
    "sort": "the order asked for",
    "match": "searched by an operator of its own",
    "reference": "looked up for the row it refers to",
    "index": "first in an index this one replaces",
}


def reasons(keys: Sequence[Key], served: Sequence[Form]) -> tuple[str, ...]:
    """Return a sentence for each key: what is done with it, and what its place has to do with that."""
    found = []
    whats = [(k.column, k.expression, k.collation) for k in keys]
    for number, what in enumerate(whats):
        uses = [e for form in served for block in form.blocks for e in block if e.what == what]
        roles = list(dict.fromkeys(_ROLES[e.role] for e in uses))
        text = ", ".join(roles) or "part of the key"
        place = _place(number, whats, uses, served)
        found.append(f"{text}{'; ' + place if place else ''}")
    return tuple(found)


def _place(number: int, whats: Sequence[tuple[str, str, str]], uses: Sequence[Element], served: Sequence[Form]) -> str:
    before = frozenset(whats[:number])
    here = frozenset(whats[: number + 1])
    last = number == len(whats) - 1
    ended = [form for form in served if prefixes(form)[-1] == here]
    longer = [form for form in served if prefixes(form)[-1] > here]
    roles = {e.role for e in uses}
    if ended and longer and not last:
        alone = " and ".join(column or expression for column, expression, _ in whats[: number + 1])
        return f"before the rest, so that accesses by {alone} alone are served too"
    bound = roles & {"=", "in", "join", "reference", "null", "flag"}
    if roles & {"range", "prefix"} and not bound:
        return "after what is compared with =, since a range ends what the index narrows down" if before else ""
    if "sort" in roles and not bound:
        follows = any(e.role == "sort" for form in served for block in form.blocks for e in block if e.what in before)
        unsorted = "so that nothing has to be sorted"
        return "" if follows else f"after what is compared with =, {unsorted}" if before else unsorted
    if "join" in roles and before and not roles & {"=", "in"}:
        return "after the columns that need no other table"
    others = _free(number, whats, served)
    return f"in any order with {' and '.join(others)}" if others else ""


def _free(number: int, whats: Sequence[tuple[str, str, str]], served: Sequence[Form]) -> list[str]:
    """Return the keys that could as well stand before this one, if it is the first of them; no access decides."""
    cuts = {0, *(len(end) for form in served for end in prefixes(form))}
    if number not in cuts:
        return []
    end = min((c for c in cuts if c > number), default=len(whats))
    return [column or expression for column, expression, _ in whats[number + 1 : end]]
