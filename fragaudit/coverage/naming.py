"""What tables and their columns are called, as far as that tells whether there will be more and more rows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_END = r"(?:^|_|(?<=[a-z]))(?:{})"
"""A word in a name, whether an underscore stands before it or not."""


def _ending(words: str, more: str = "", after: str = "") -> re.Pattern[str]:
    either = "|".join((*(rf"{word}s?" for word in words.split()), *more.split()))
    return re.compile(_END.format(either) + after + "$", re.IGNORECASE)


HAPPENING = _ending(
    "event (?<!cata)(?<!dia)(?<!b)log message mail email notification session token job task run execution result"
    " request response order invoice payment transaction transfer document (?<!pro)file upload attachment image"
    " photo post comment review note record visit (?:page|post|product|topic|video)_?view click vote answer"
    " submission booking reservation ticket issue report snapshot (?<!ex)change revision (?<!cr)edit download"
    " invitation invite deletion incident alert verification confirmation activation_?key (?<!p)reset star"
    " like favou?rite bookmark reaction follower receipt attempt participant refund purchase shipment rating"
    " export conversation deployment measurement audit",
    "process(?:es)? activit(?:y|ies) histor(?:y|ies) entr(?:y|ies) repl(?:y|ies) deliver(?:y|ies)",
)
"""What tables are called after of which there are more every day."""
KEPT = _ending(
    "gateway realm resolver saved_?view menu menu_?item filter preset rule webhook connector integration node"
    " environment provider protocol template feature flag quota schedule sponsor bracket forum zone permission"
    " plan option preference definition server cluster backend plugin schema bot channel feed source admin"
    " moderator installation variable folder catalog scope stage pipeline calendar holiday macro destination"
    " department banner setting config configuration type kind tier theme subscription_?(?:plan|price|product)",
    "polic(?:y|ies) categor(?:y|ies)",
    r"(?:_?(?:details?|info|groups?))?",
)
"""What tables are called after that somebody sets up: they stay short, as long as not every user has some."""
FLEETING = _ending("queue lock lease nonce challenge captcha worker heartbeat (?:o?auth|login|sso|saml)_?state")
"""What tables are called after of which rows are deleted as soon as something is done: as many as go on at a time."""
PERSONAL = re.compile(r"users?|accounts?|members?|customers?|person|people|contacts?|students?", re.IGNORECASE)
"""Whose such a thing is, if its name says so."""
PEOPLE = re.compile(
    r"(?:^|_)(?:users?|accounts?|people|persons?|customers?|members?|contacts?|patients?|students?|employees?|subscribers?"
    r"|authors?|clients|(?:user|customer|member)_?profiles?)$",
    re.IGNORECASE,
)
TENANT = re.compile(r"(?:^|_)(?:organi[sz]ations?|orgs?|workspaces?|tenants?|spaces?|realms?)$", re.IGNORECASE)
SHARED = re.compile(
    r"(?:^|_)(?:compan(?:y|ies)|institut(?:e|ion)s?|sites?|teams?|instances?|domains?|projects?|agenc(?:y|ies)"
    r"|enterprises?|librar(?:y|ies)|groups?)$",
    re.IGNORECASE,
)
"""What everything of one customer belongs to; the second ones only if most tables refer to them."""

_PASSWORD = re.compile(r"(?:^|_)(?:password|passwd|pw)(?:_?hash(?:ed)?|_?digest)?$", re.IGNORECASE)
_SIGNING_IN = frozenset({"last_login", "last_login_at", "email", "email_address"})
"""What accounts of people have beside a password, and the settings of a connection don't."""
_REGISTERED = re.compile(r"(?:^|_)(?:client_secret|redirect_ur[il]s)$", re.IGNORECASE)
"""What an application is registered with, and people are not."""

REFERS = re.compile(r"^(\w+?)_?(?:id|uuid|pk|uid|guid)$", re.IGNORECASE)
SIGNATURE = re.compile(
    r"_by(?:_?(?:id|uuid|user))*$|^(?:creator|updater|modifier|update_user)(?:_|id|$)", re.IGNORECASE
)
"""Who made a row or changed it: every table of an application may have that."""
POINTER = re.compile(
    r"^(?:last|latest|newest|current|default|first|initial|active|start|begin|end|root)_", re.IGNORECASE
)
"""One of the rows that belong to a row: it belongs to none of them."""
WHEN = re.compile(r"(?:^|_)(?:at|on|date|time|timestamp|datetime|dt|created|modified|updated)$", re.IGNORECASE)
RECORDED = re.compile(
    r"^(?:(?:date|time|datetime)_?)?(?:created|creation|modified|updated|changed|inserted|added)"
    r"(?:_?(?:at|on|dt|date|time|datetime|when))?$",
    re.IGNORECASE,
)
"""When a row was made or changed: any list may be shown in that order."""


_SWITCH = re.compile(r"^(?:is_)?(?:enabled|disabled)$", re.IGNORECASE)
_TITLE = re.compile(r"^(?:name|title|label)$", re.IGNORECASE)


def is_switched(columns: Sequence[str]) -> bool:
    """Say whether rows with such columns have a name and are switched on and off, as what somebody sets up is."""
    return any(map(_SWITCH.match, columns)) and any(map(_TITLE.match, columns))


def signs_in(columns: Iterable[str]) -> bool:
    """Say whether rows with such columns are accounts that somebody signs in with."""
    names = {name.lower() for name in columns}
    return not names.isdisjoint(_SIGNING_IN) and any(map(_PASSWORD.search, names))


def is_registered(columns: Iterable[str]) -> bool:
    """Say whether rows with such columns are applications that are registered with a service."""
    return any(map(_REGISTERED.search, columns))


def snake(name: str) -> str:
    """Return the last part of a table's name, its words kept apart by underscores."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.rpartition(".")[2])
