"""Does a table grow as the service is used? A list that an operator keeps stays short, however often it is asked."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Set

from fragaudit.model.accesses import Access
from fragaudit.model.schema import ForeignKey, Table, bare

_BELONGING = 2
"""Of so many other tables a row is a combination: such tables grow with the product of what they combine."""
_PASSWORD = re.compile(r"(?:^|_)(?:password|passwd|pw)(?:_?hash(?:ed)?|_?digest)?$", re.IGNORECASE)
_PEOPLE = re.compile(r"(?:^|_)(?:users?|accounts?|people|persons?|customers?|members?|contacts?|patients?|students?"
                     r"|employees?|subscribers?|authors?|clients)$", re.IGNORECASE)  # fmt: skip
_HAPPENING = re.compile(
    r"(?:^|_|(?<=[a-z]))(?:(?:event|log|message|mail|email|notification|session|token|job|task|run|execution|result"
    r"|request|response|order|invoice|payment|transaction|transfer|document|file|upload|attachment|image|photo|post"
    r"|comment|review|note|record|visit|view|click|vote|answer|submission|booking|reservation|ticket|issue|report"
    r"|snapshot|change|revision|edit|download|invitation|invite|deletion)s?|activit(?:y|ies)"
    r"|histor(?:y|ies)|entr(?:y|ies)|audit|replies|reply)$",
    re.IGNORECASE,
)
"""What tables are called after of which there are more every day."""
_KEPT = re.compile(
    r"(?:^|_|(?<=[a-z]))(?:policy|policies|gateways?|realms?|resolvers?|saved_?views?|menus?(?:_?items?)?|filters?|presets?|rules?"
    r"|webhooks?|connectors?|integrations?|nodes?|environments?|providers?|protocols?|templates?|features?"
    r"|flags?|quotas?|schedules?|sponsors?|brackets?|forums?|zones?|permissions?|plans?|options?|preferences?"
    r"|definitions?|servers?|clusters?|backends?|plugins?|schemas?"
    r"|settings?|config(?:uration)?s?|categor(?:y|ies)|types?|kinds?|tiers?|themes?)$",
    re.IGNORECASE,
)
"""What tables are called after that somebody sets up: they stay short, as long as not every user has some."""
_SIGNING_IN = frozenset({"last_login", "last_login_at", "email", "email_address"})
"""What accounts of people have beside a password, and the settings of a connection don't."""
_REFERS = re.compile(r"^(\w+?)_?(?:id|uuid|pk|uid|guid)$", re.IGNORECASE)
_PLURALS = (("s", ""), ("es", ""), ("ies", "y"))
_SIGNATURE = re.compile(
    r"_by(?:_?(?:id|uuid|user))*$|^(?:creator|updater|modifier|update_user)(?:_|id|$)", re.IGNORECASE
)
"""Who made a row or changed it: every table of an application may have that."""
_TIME = ("timestamp", "datetime", "date", "time")
_WHEN = re.compile(r"(?:^|_)(?:at|on|date|time|timestamp|datetime|dt|created|modified|updated)$", re.IGNORECASE)
_FRAMEWORK = frozenset({"django_content_type", "django_site"})


def callings(tables: Iterable[str]) -> dict[str, frozenset[str]]:
    """Return what tables are called, without what stands before it and in the singular too, and which they are."""
    found: dict[str, set[str]] = defaultdict(set)
    for table in tables:
        for name in (table, f"_{table.rpartition('_')[2]}"):
            for word in (name, *(name.removesuffix(end) + new for end, new in _PLURALS if name.endswith(end))):
                found[word].add(table)
    return {word: frozenset(known) for word, known in found.items()}


def grows(
    table: Table,
    called: Mapping[str, frozenset[str]],
    small: Set[str],
    grown: Set[str],
    access: Access | None = None,
) -> bool:
    """Say whether something shows that rows of a table become more while the service is used.

    Rows that combine several others do, and so do people and their accounts. What belongs to one other table does if
    the service adds to it where it does its work, or if it is called after something that happens again and again.
    What belongs to none may be kept by an operator though the service adds to it, unless it is called so, or rows are
    found by when something happened; and what is called after something that people set up, as plug-ins, nodes and
    plans are, stays short unless it says what goes with each person.

    Args:
        table: the table.
        called: the tables of the schema by what they are called (see `callings`).
        small: those that are short lists by their shape; nothing grows by belonging to them.
        grown: those that the service adds rows to.
        access: how rows are found; None: by a key to another table.
    """
    signed = {bare(k.table) for k in table.foreign_keys if _is_signature(k)}
    none = {*small, *_FRAMEWORK, bare(table.name)}
    owners = [owner for owner in _owners(table, called, signed) if owner not in none]
    if _KEPT.search(snake(table.name)) is not None:
        people = any(_PEOPLE.search(owner) is not None for owner in owners if owner not in signed)
        return len(owners) >= _BELONGING and people
    if len(owners) >= _BELONGING or _is_account(table):
        return True
    added = bare(table.name) in grown
    if _HAPPENING.search(snake(table.name)) is not None:
        return added or bool(owners)
    return added and (bool(owners) or (access is not None and _by_time(access, table)))


def _is_signature(key: ForeignKey) -> bool:
    return any(_SIGNATURE.search(column) is not None for column in key.columns)


def _is_account(table: Table) -> bool:
    if _PEOPLE.search(snake(table.name)) is not None:
        return True
    names = {c.name.lower() for c in table.columns}
    return not names.isdisjoint(_SIGNING_IN) and any(map(_PASSWORD.search, names))


def _owners(table: Table, called: Mapping[str, frozenset[str]], signed: Set[str]) -> Iterator[str]:
    """Yield the tables that rows refer to: by foreign keys, or by columns that are named after a table.

    Of those who made a row and changed it last (`signed`), one is yielded.
    """
    keyed = {c.lower() for k in table.foreign_keys for c in k.columns}
    yield from sorted(signed)
    yield from {tuple(k.columns): bare(k.table) for k in table.foreign_keys if not _is_signature(k)}.values()
    own = {c.lower() for c in table.primary_key} if len(table.primary_key) == 1 else set()
    for name in (column.name.lower() for column in table.columns):
        if name in keyed or name in own:
            continue
        match = _REFERS.match(name)
        if match is not None:
            yield from called.get(match[1], ()) or called.get(f"_{match[1]}", ())
        else:
            yield from called.get(name, ())


def _by_time(access: Access, table: Table) -> bool:
    """Say whether rows are found, or put in order, by when something happened."""
    asked = {c.column.lower() for c in access.conditions if c.op in ("<", "two-sided")}
    asked |= {s.column.lower() for s in access.sort}
    types = {c.name.lower(): c.type for c in table.columns}
    return any(types.get(name, "").startswith(_TIME) or _WHEN.search(name) is not None for name in asked)


def snake(name: str) -> str:
    """Return the last part of a table's name, its words kept apart by underscores."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.rpartition(".")[2])
