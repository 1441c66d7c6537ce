"""The indexes that would serve one access: those of the coordinated plan, so that one need has one answer."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from fragaudit.advise.ddl import create
from fragaudit.advise.dialects import dialect_of, is_flag
from fragaudit.advise.existing import there
from fragaudit.advise.keys import keys_of_form
from fragaudit.advise.patterns import Form, forms
from fragaudit.advise.plan import plan
from fragaudit.advise.quoting import index_name, where_of
from fragaudit.coverage import column_of
from fragaudit.model.accesses import Access, Condition
from fragaudit.model.plan import Proposal
from fragaudit.model.schema import ForeignKey, Key, Table
from fragaudit.model.stores import Service


class Suggestion(Struct, frozen=True):
    """The keys of an index, and the statement that creates it, without a semicolon."""

    keys: tuple[Key, ...]
    ddl: str


MOST_SERVICES = 16
"""Services whose advice is kept: each check asks about all of them in turn."""
_MADE: list[tuple[Service, Advice]] = []
"""The services that were asked about last, which never change, and their advice."""


class Advice:
    """What to create for the accesses and foreign keys of a service."""

    def __init__(self, service: Service) -> None:
        self._accesses: dict[Access, list[Suggestion]] = {}
        self._keys: dict[tuple[str, ForeignKey], Suggestion] = {}
        found = plan(service.schema, service.accesses, service.writes, made=service.made, deleted=service.deleted,
                     removed=service.removed, idle=service.idle)  # fmt: skip
        for table in found.tables:
            for proposal in table.proposals:
                made = Suggestion(proposal.keys, proposal.ddl)
                for access in (*proposal.serves, *proposal.improves):
                    self._accesses.setdefault(access, []).append(made)
                for key in proposal.follows:
                    self._keys.setdefault((proposal.table, key), made)

    def indexes(self, access: Access, table: Table) -> tuple[Suggestion, ...]:
        """Return the indexes that would serve an access: one, or one for each alternative that has none yet.

        Where the plan leaves it out, as it does with what is run once, those that would serve it alone.
        """
        made = self._accesses.get(access, [])
        if len(made) > 1 and not access.arms:  # any of them would: the one that binds most of what is compared
            made = [max(made, key=lambda m: (_bound(m, access), -len(m.keys)))]
        return tuple(made) or suggestions(access, table)

    def index(self, key: ForeignKey, table: Table) -> Suggestion:
        """Return the index that would find the rows of a foreign key."""
        return self._keys.get((table.name, key)) or _made(tuple(Key(c) for c in key.columns), table)


def _bound(made: Suggestion, access: Access) -> int:
    """Return how many keys of an index, from the first on, an access compares or orders by."""
    asked = {c.column for c in access.conditions} | {s.column for s in access.sort} | {access.extreme}
    return next((n for n, key in enumerate(made.keys) if key.column not in asked), len(made.keys))


def advice_for(service: Service) -> Advice:
    """Return the advice for a service; it is made once for all checks that ask for it."""
    known = next((advice for asked, advice in _MADE if asked is service), None)
    if known is None:
        known = Advice(service)
        _MADE.append((service, known))
        del _MADE[:-MOST_SERVICES]
    return known


def suggestions(access: Access, table: Table) -> tuple[Suggestion, ...]:
    """Return the indexes that would serve an access by themselves; none if none.

    Of an OR that is one for each alternative, unless it has one already.
    """
    wanted = [needed for needed in forms(access, table) if not there(needed, table)]
    return tuple(dict.fromkeys(_of_form(needed[0], access, table) for needed in wanted))


def without(access: Access, table: Table) -> str:
    """Return why no index is suggested for an access that none serves."""
    for arm in access.arms if not any(_plain(c, table) for c in access.conditions) else ():
        if not any(_plain(c, table) for c in arm):
            what = " and ".join(dict.fromkeys(c.expression or c.column for c in arm))
            return f"the alternative by {what} may be most of the rows, so the table is read for it in any case"
    conditions = [*access.conditions, *(c for arm in access.arms for c in arm)]
    if conditions and not any(_plain(c, table) for c in conditions):
        return "the rows it asks for may be most of the table"
    return "an index that could serve it is of a kind that this database doesn't have"


def _plain(condition: Condition, table: Table) -> bool:
    column = column_of(table, condition.column)
    return condition.op not in ("true", "false", "is null") and not (condition.op == "=" and is_flag(column))


def _of_form(form: Form, access: Access, table: Table) -> Suggestion:
    dialect = dialect_of(access, table)
    keys = keys_of_form(form, table)
    where = where_of(form.where, dialect)
    name = index_name(table.name, keys, where, dialect, _taken(table))
    made = Proposal(table.name, name, keys, (), dialect, form.method, where)
    return Suggestion(keys, create(made))


def _made(keys: Sequence[Key], table: Table) -> Suggestion:
    dialect = dialect_of(None, table)
    keys = tuple(keys)
    name = index_name(table.name, keys, "", dialect, _taken(table))
    return Suggestion(keys, create(Proposal(table.name, name, keys, (), dialect)))


def _taken(table: Table) -> set[str]:
    return {index.name.lower() for index in table.indexes}
