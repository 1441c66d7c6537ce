"""Does a table grow as the service is used? A list that an operator keeps stays short, however often it is asked."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set

from fragaudit.model.accesses import Access
from fragaudit.model.schema import ForeignKey, Table, bare

_BELONGING = 2
"""Of so many other tables a row is a combination: such tables grow with the product of what they combine."""
_MOST = 0.4
"""Where so many of all tables refer to one, everything there is belongs to a team or a project: that shows nothing."""
_PASSWORD = re.compile(r"(?:^|_)(?:password|passwd|pw)(?:_?hash(?:ed)?|_?digest)?$", re.IGNORECASE)
_PEOPLE = re.compile(r"(?:^|_)(?:users?|accounts?|people|persons?|customers?|members?|contacts?|patients?|students?"
                     r"|employees?|subscribers?|authors?|clients)$", re.IGNORECASE)  # fmt: skip
_HAPPENING = re.compile(
    r"(?:^|_|(?<=[a-z]))(?:(?:event|log|message|mail|email|notification|session|token|job|task|run|execution|result"
    r"|request|response|order|invoice|payment|transaction|transfer|document|file|upload|attachment|image|photo|post"
    r"|comment|review|note|record|visit|view|click|vote|answer|submission|booking|reservation|ticket|issue|report"
    r"|snapshot|change|revision|edit|download|invitation|invite|deletion|incident|alert|verification|confirmation"
    r"|activation(?:_?key)?|reset|star|like|favou?rite|bookmark|reaction|follower|receipt|attempt|participant|refund"
    r"|purchase|shipment|rating|conversation|deployment|measurement)s?|activit(?:y|ies)"
    r"|histor(?:y|ies)|entr(?:y|ies)|audit|replies|reply|deliver(?:y|ies))$",
    re.IGNORECASE,
)
"""What tables are called after of which there are more every day."""
_KEPT = re.compile(
    r"(?:^|_|(?<=[a-z]))(?:policy|policies|gateways?|realms?|resolvers?|saved_?views?|menus?(?:_?items?)?|filters?|presets?|rules?"
    r"|webhooks?|connectors?|integrations?|nodes?|environments?|providers?|protocols?|templates?|features?"
    r"|flags?|quotas?|schedules?|sponsors?|brackets?|forums?|zones?|permissions?|plans?|options?|preferences?"
    r"|definitions?|servers?|clusters?|backends?|plugins?|schemas?|bots?|channels?|feeds?|sources?|admins?|moderators?"
    r"|installations?|variables?|folders?|catalogs?|scopes?|subscriptions?_?(?:plans?|prices?|products?)"
    r"|settings?|config(?:uration)?s?|categor(?:y|ies)|types?|kinds?|tiers?|themes?)$",
    re.IGNORECASE,
)
"""What tables are called after that somebody sets up: they stay short, as long as not every user has some."""
_TENANT = re.compile(r"(?:^|_)(?:organi[sz]ations?|orgs?|workspaces?|tenants?|spaces?|realms?)$", re.IGNORECASE)
_SHARED = re.compile(
    r"(?:^|_)(?:compan(?:y|ies)|institut(?:e|ion)s?|sites?|teams?|instances?|domains?|projects?|agenc(?:y|ies)"
    r"|enterprises?|librar(?:y|ies)|groups?)$",
    re.IGNORECASE,
)
"""What everything of one customer belongs to; the second ones only if most tables refer to them."""
_SIGNING_IN = frozenset({"last_login", "last_login_at", "email", "email_address"})
"""What accounts of people have beside a password, and the settings of a connection don't."""
_REGISTERED = re.compile(r"(?:^|_)(?:client_secret|redirect_ur[il]s?)$", re.IGNORECASE)
"""What an application is registered with, and people are not."""
_REFERS = re.compile(r"^(\w+?)_?(?:id|uuid|pk|uid|guid)$", re.IGNORECASE)
_PLURALS = (("s", ""), ("es", ""), ("ies", "y"))
_SIGNATURE = re.compile(
    r"_by(?:_?(?:id|uuid|user))*$|^(?:creator|updater|modifier|update_user)(?:_|id|$)", re.IGNORECASE
)
"""Who made a row or changed it: every table of an application may have that."""
_POINTER = re.compile(
    r"^(?:last|latest|newest|current|default|first|initial|active|start|begin|end|root)_", re.IGNORECASE
)
"""One of the rows that belong to a row: it belongs to none of them."""
_TIME = ("timestamp", "datetime", "date", "time")
_WHEN = re.compile(r"(?:^|_)(?:at|on|date|time|timestamp|datetime|dt|created|modified|updated)$", re.IGNORECASE)
_RECORDED = re.compile(
    r"^(?:(?:date|time|datetime)_?)?(?:created|creation|modified|updated|changed|inserted|added)"
    r"(?:_?(?:at|on|dt|date|time|datetime|when))?$",
    re.IGNORECASE,
)
"""When a row was made or changed: any list may be shown in that order."""
_FRAMEWORK = frozenset({"django_content_type", "django_site"})


def callings(tables: Iterable[str]) -> dict[str, frozenset[str]]:
    """Return what tables are called, without what stands before it and in the singular too, and which they are."""
    found: dict[str, set[str]] = defaultdict(set)
    for table in tables:
        for name in (table, f"_{table.rpartition('_')[2]}"):
            for word in (name, *(name.removesuffix(end) + new for end, new in _PLURALS if name.endswith(end))):
                found[word].add(table)
    return {word: frozenset(known) for word, known in found.items()}


def growing(
    tables: Sequence[Table], called: Mapping[str, frozenset[str]], small: Set[str], grown: Set[str]
) -> frozenset[str]:
    """Return the tables of which something shows that rows become more while the service is used, by bare name.

    People and their accounts do, and so does what is called after something that happens again and again, if the
    service adds to it or it belongs to anything. What belongs to a table that grows does too, if the service adds to
    it or its rows combine several others. What is called after something that people set up, as plug-ins, nodes and
    plans are, stays short unless it says what goes with each person; and belonging to a customer's organisation, as
    everything does there, shows nothing.

    Args:
        tables: the schema.
        called: its tables by what they are called (see `callings`).
        small: those that are short lists by their shape; nothing grows by belonging to them.
        grown: those that the service adds rows to.
    """
    none = {*small, *_FRAMEWORK, *_tenants(tables)}
    found: set[str] = set()
    waiting: dict[str, list[str]] = {}
    for table in tables:
        name = bare(table.name)
        if name in small:
            continue
        signed = {bare(k.table) for k in table.foreign_keys if _is_signature(k)}
        owners = [owner for owner in _owners(table, called, signed) if owner not in none and owner != name]
        happening = _HAPPENING.search(snake(table.name)) is not None and (name in grown or bool(owners))
        if is_kept(table.name):
            people = any(_PEOPLE.search(owner) is not None for owner in owners if owner not in signed)
            if people and len(owners) >= _BELONGING:
                found.add(name)
        elif _is_account(table) or happening:
            found.add(name)
        elif name in grown or len(owners) >= _BELONGING:
            waiting[name] = owners
    while more := {name for name, owners in waiting.items() if name not in found and not found.isdisjoint(owners)}:
        found |= more
    return frozenset(found)


def found_by_time(access: Access, table: Table) -> bool:
    """Say whether rows are found, or put in order, by when something happened: so many there are."""
    asked = {c.column.lower() for c in access.conditions if c.op in ("<", "two-sided")}
    asked |= {s.column.lower() for s in access.sort if _RECORDED.match(s.column) is None}
    types = {c.name.lower(): c.type for c in table.columns}
    return any(types.get(name, "").startswith(_TIME) or _WHEN.search(name) is not None for name in asked)


def is_kept(name: str) -> bool:
    """Say whether a table is called after something that somebody sets up."""
    return _KEPT.search(snake(name)) is not None


def _tenants(tables: Sequence[Table]) -> set[str]:
    """Return the tables that what everything of one customer belongs to is in."""
    referring = Counter(name for t in tables for name in {bare(k.table) for k in t.foreign_keys})
    shared = {n for n, count in referring.items() if _SHARED.search(n) is not None and count >= _MOST * len(tables)}
    return shared | {n for n in map(bare, (t.name for t in tables)) if _TENANT.search(n) is not None}


def _is_signature(key: ForeignKey) -> bool:
    return any(_SIGNATURE.search(column) is not None for column in key.columns)


def _is_account(table: Table) -> bool:
    names = {c.name.lower() for c in table.columns}
    if _PEOPLE.search(snake(table.name)) is not None:
        return not any(map(_REGISTERED.search, names))
    return not names.isdisjoint(_SIGNING_IN) and any(map(_PASSWORD.search, names))


def _owners(table: Table, called: Mapping[str, frozenset[str]], signed: Set[str]) -> Iterator[str]:
    """Yield the tables that rows refer to: by foreign keys, or by columns that are named after a table.

    Of those who made a row and changed it last (`signed`), one is yielded.
    """
    keyed = {c.lower() for k in table.foreign_keys for c in k.columns}
    yield from sorted(signed)
    belonging = [k for k in table.foreign_keys if not _is_signature(k) and not any(map(_POINTER.match, k.columns))]
    yield from {tuple(k.columns): bare(k.table) for k in belonging}.values()
    own = {c.lower() for c in table.primary_key} if len(table.primary_key) == 1 else set()
    for name in (column.name.lower() for column in table.columns):
        if name in keyed or name in own:
            continue
        match = _REFERS.match(name)
        if match is not None:
            yield from called.get(match[1], ()) or called.get(f"_{match[1]}", ())
        else:
            yield from called.get(name, ())


def snake(name: str) -> str:
    """Return the last part of a table's name, its words kept apart by underscores."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.rpartition(".")[2])
