"""The filters that django-filter's sets declare, and what a search field of the admin compares."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple

from fragaudit.link.orm.reader import Read, Reader, View
from fragaudit.model.values import Call

_PREFIXES = {"^": "istartswith", "=": "iexact", "@": "search", "$": "iregex"}
_RANGES = ("RangeFilter", "FromToRangeFilter")
_SEVERAL = ("InFilter", "MultipleChoiceFilter", "ModelMultipleChoiceFilter")
_NO_CONDITION = ("OrderingFilter", "LookupChoiceFilter")


class Filter(NamedTuple):
    """One condition that people may ask by: a path of lookups, and the lookup at its end."""

    path: str
    lookup: str


def is_filter_set(outside: Iterable[str]) -> bool:
    """Say whether a class with these library ancestors is a filter set."""
    return any(name.rpartition(".")[2].endswith("FilterSet") for name in outside)


def named_filters(reader: Reader, read: Read) -> list[Filter]:
    """Return the filters that a list of fields makes, or a dictionary of lookups by field."""
    entries = reader.entries(read)
    if entries:
        found = []
        for name, lookups in entries.items():
            found += [Filter(name, lookup) for lookup in reader.texts(lookups) or ()]
        return found
    names = reader.texts(read) or ()
    return [Filter(name, "exact") for name in names if name != "__all__"]


def declared_filters(reader: Reader, name: str, call: Call, view: View) -> list[Filter]:
    """Return what a filter that is bound to a name compares; nothing if a method of the project's decides."""
    kind = reader.last(call, view)
    options = reader.keywords(call, view)
    if not kind.endswith("Filter") or kind in _NO_CONDITION or "method" in options:
        return []
    positional = reader.positional(call, view) or []
    given = options.get("field_name") or options.get("name") or (positional[0] if positional else None)
    path = reader.text(given) if given is not None else name
    if not path:
        return []
    if kind.endswith(_RANGES):
        return [Filter(path, "range")]
    if kind.endswith(_SEVERAL):
        return [Filter(path, "in")]
    asked = options.get("lookup_expr") or options.get("lookup_type") or (positional[1] if len(positional) > 1 else None)
    lookup = reader.text(asked) if asked is not None else "exact"
    return [Filter(path, lookup)] if lookup else []


def searched(name: str, lookups: Collection[str]) -> str:
    """Return the lookup that a search field stands for: by its first character, its end, or anywhere in the text."""
    if name[:1] in _PREFIXES:
        return f"{name[1:]}__{_PREFIXES[name[0]]}"
    return name if name.rpartition("__")[2] in lookups and "__" in name else f"{name}__icontains"
