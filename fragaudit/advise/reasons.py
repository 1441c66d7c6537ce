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
    "index": "first in an index this one replaces",
}


def reasons(keys: Sequence[Key], served: Sequence[Form]) -> tuple[str, ...]:
    """Return a sentence for each key: what is done with it, and what its place has to do with that."""
    found = []
    whats = [(k.column, k.expression, k.collation) for k in keys]
    for number, what in enumerate(whats):
        uses = [e for form in served for block in form.blocks for e in block if e.what == what]
        roles = list(dict.fromkeys(_ROLES[e.role] for e in uses))
        text = " and ".join(roles) or "part of the key"
        place = _place(number, whats, uses, served)
        found.append(f"{text}{', ' + place if place else ''}")
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
    if roles & {"range", "prefix"} and not roles & {"=", "in", "join"}:
        return "after what is compared with =, since a range ends what the index narrows down"
    if "sort" in roles and not roles & {"=", "in", "join"}:
        return "after what is compared with =, so that rows come in order" if before else "rows come in order"
    if "join" in roles and before and not roles & {"=", "in"}:
        return "after the columns that need no other table"
    free = _free(number, whats, served)
    return f"its place among {', '.join(sorted(free))} is free" if len(free) > 1 and not (last and number == 0) else ""


def _free(number: int, whats: Sequence[tuple[str, str, str]], served: Sequence[Form]) -> list[str]:
    """Return the keys whose order no access decides, with this one among them."""
    cuts = sorted({len(end) for form in served for end in prefixes(form)})
    start = max((c for c in cuts if c <= number), default=0)
    end = min((c for c in cuts if c > number), default=len(whats))
    return [column or expression for column, expression, _ in whats[start:end]]
