"""The key to propose for one access, looked at on its own."""

from __future__ import annotations

from fragaudit.advise.cover import Group, compatible, keys_of, prefixes
from fragaudit.advise.existing import existing_form
from fragaudit.advise.patterns import Form, forms
from fragaudit.model.accesses import Access
from fragaudit.model.schema import Key, Table


def key_for(access: Access, table: Table) -> tuple[Key, ...] | None:
    """Return the keys of the index that serves an access best, None if none can.

    Constant equalities first, then join equalities, then one range or the order asked for. Of the arms of an OR, each
    of which needs an index, this is the first one's. An existing index that can be extended to these keys decides the
    order of the equalities.
    """
    needed = forms(access, table)
    if not needed:
        return None
    return keys_of_form(needed[0][0], table)


def keys_of_form(form: Form, table: Table) -> tuple[Key, ...]:
    """Return the keys of the index that serves a form, beginning with those of an index that it can extend."""
    fitting = [e for e in (existing_form(i, table) for i in table.indexes) if e is not None and _extended(form, e)]
    longest = max(fitting, key=lambda e: len(e.blocks), default=None)
    return keys_of(Group((form,) if longest is None else (form, longest)))


def _extended(form: Form, existing: Form) -> bool:
    return compatible(form, existing) and prefixes(existing)[-1] <= prefixes(form)[-1]
